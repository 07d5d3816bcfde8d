"""SMS through Africa's Talking.

Many numbers a call share one text there, so each message is a call of its own, a form. Nothing of ours can be given along:
reports know a message only by the id that the answer to the call held, which the receipt keeps. There is no validity, no
idempotency key and no look-up: what got no answer stays unclear.

Callbacks are set in its dashboard (SMS Callback URLs: delivery reports, incoming messages, bulk SMS opt out), each as
PUBLIC_URL/hooks/africas-talking?key=SECRET; nothing is signed, the secret is all there is. Somebody who dials the opt-out
code of a sender's name is taken off by Africa's Talking, and we are told.

The sandbox is https://api.sandbox.africastalking.com with the user name sandbox. Sources: africastalking.com's pages
"Send SMS", "Delivery reports", "SMS notifications" and "Receive message via callback"; its official libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Self

import httpx

from reminder.domain.consent import Leaving
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import Call, Callback, Capabilities, Inbound, ProviderEvent, Told
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OPTED_OUT,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    Meaning,
    SecretHeader,
    meaning_of_status,
    receipt,
    wait_of,
)
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import require_secret, secrets_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    DEAD,
    LEFT,
    REFUSED,
    Ending,
    SingleSms,
    body_text,
    connections_of,
    e164,
    form_of,
    iso_instant,
    query_of,
    single,
    told,
)

# What a recipient's statusCode means, and its status in words, which alone older answers had.
CODES: dict[int, tuple[str, Meaning]] = {
    100: ("Processed", ACCEPTED),
    101: ("Sent", ACCEPTED),
    102: ("Queued", ACCEPTED),
    # Kept back to be looked at: it may still go.
    401: ("RiskHold", UNCLEAR),
    402: ("InvalidSenderId", OUR_ACCOUNT),
    403: ("InvalidPhoneNumber", BAD_ADDRESS),
    404: ("UnsupportedNumberType", BAD_ADDRESS),
    405: ("InsufficientBalance", OUR_ACCOUNT),
    406: ("UserInBlacklist", OPTED_OUT),
    407: ("CouldNotRoute", BAD_CONTENT),
    409: ("DoNotDisturbRejection", OPTED_OUT),
    # A fault of theirs; see `_meaning`.
    500: ("InternalServerError", UNCLEAR),
    501: ("GatewayError", UNCLEAR),
    502: ("RejectedByGateway", BAD_CONTENT),
}
NAMES: dict[str, Meaning] = {name.lower(): meaning for name, meaning in CODES.values()} | {
    "success": ACCEPTED,
    "could not send": BAD_CONTENT,
}
NO_ID = frozenset({"", "None"})
STATUSES: dict[str, Result] = {
    "Sent": Result.SENT,
    "Submitted": Result.SENT,
    "Buffered": Result.SENT,
    "Success": Result.DELIVERED,
}
NOT_ARRIVED = frozenset({"Rejected", "Failed", "AbsentSubscriber", "Expired"})
# failureReason of a report; the others speak of premium services or of nothing in particular.
ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("UserDoesNotExist", "NotNetworkSubscriber"), DEAD),
    **dict.fromkeys(("UserIsInactive", "UserAccountSuspended", "InsufficientCredit", "AbsentSubscriber"), AWAY),
    **dict.fromkeys(("UserInBlackList", "UserInBlacklist", "DoNotDisturbRejection"), LEFT),
}


@dataclass(frozen=True, slots=True)
class AfricasTalkingSettings:
    """The options, read. `secrets` are those of which one stands in the address of each callback."""

    url: str
    username: str
    connections: int
    auth: SecretHeader = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)


class AfricasTalking(SingleSms):
    """One application at Africa's Talking."""

    name: ClassVar[str] = "africas-talking"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("username", "User name of the application; sandbox in the sandbox.", required=True),
        Option("api_key", "API key of the application.", required=True, secret=True),
        Option(
            "hook_secret",
            "Secret that is part of every address that Africa's Talking calls (…?key=SECRET); several with commas"
            " while it is changed. Without one every callback is refused.",
            secret=True,
        ),
        CONNECTIONS,
        Option("url", "Address of the API.", "https://api.africastalking.com"),
    )
    capabilities: Capabilities = replace(single(validity=False), names_by_own_id=True)

    def __init__(self, settings: AfricasTalkingSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.secrets))
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An application with these settings; opens nothing."""
        key, secrets = options.text("api_key"), secrets_of(options, "hook_secret")
        settings = AfricasTalkingSettings(
            url=options.url("url"),
            username=options.text("username"),
            connections=connections_of(options),
            auth=SecretHeader("apiKey", key, key),
            secrets=secrets,
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as a form."""
        form = {
            "username": self._settings.username,
            "to": recipient.address,
            "message": call.content.text.fill(recipient.values),
            "from": call.content.sender,
            "bulkSMSMode": "1",
        }
        url = f"{self._settings.url}/version1/messaging"
        headers = {"Accept": "application/json"}
        answer = await self.ask("POST", url, data=form, headers=headers, auth=self._settings.auth)
        return self._receipt(recipient, answer, call.now)

    def _receipt(self, recipient: Recipient, answer: Answer, now: datetime) -> Receipt:
        said = answer.json()
        if not 200 <= answer.status < 300:
            words, wait = self._settings.auth.hide(answer.text()), wait_of(answer, now)
            meaning = meaning_of_status(answer.status)
            return receipt(recipient, meaning, code=str(answer.status), detail=words, retry_after=wait)
        data = said.get("SMSMessageData") if isinstance(said, dict) else None
        found = data.get("Recipients") if isinstance(data, dict) else None
        if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
            return self._of_one(recipient, found[0])
        # A fault of the whole call (a sender that is not ours, no credit) is said instead of the list.
        words = str(data.get("Message", "")) if isinstance(data, dict) else ""
        meaning = NAMES.get(words.strip().lower(), UNCLEAR)
        hidden = self._settings.auth.hide(words)
        return receipt(recipient, UNCLEAR if meaning is ACCEPTED else meaning, code="no recipient", detail=hidden)

    def _of_one(self, recipient: Recipient, entry: Mapping[str, Any]) -> Receipt:
        status, told_id = str(entry.get("status", "")), str(entry.get("messageId") or "")
        meaning = _meaning(entry.get("statusCode"), status, told_id)
        if meaning is ACCEPTED and told_id in NO_ID:
            # Nothing could ever say more of it.
            meaning = UNCLEAR
        return receipt(
            recipient,
            meaning,
            code=str(entry.get("statusCode", "")),
            detail="" if meaning is ACCEPTED else self._settings.auth.hide(status),
            provider_id=told_id if meaning is ACCEPTED else "",
        )

    async def verify(self, callback: Callback) -> None:
        """The secret in the address."""
        require_secret(self._settings.secrets, form_of(query_of(callback)).get("key", ""))

    def parse(self, callback: Callback) -> list[Told]:
        """A delivery report, what somebody wrote, or that somebody opted out."""
        said = form_of(body_text(callback))
        if "status" in said and "id" in said:
            return _report(said, callback)
        if said.get("from") and "text" in said:
            return [_inbound(said, callback)]
        if "senderId" in said and said.get("phoneNumber"):
            return [_opted_out(said, callback)]
        return [ProviderEvent("unknown", Result.UNKNOWN, callback.received_at)]

    async def check(self) -> None:
        """Read the application's balance."""
        url, params = f"{self._settings.url}/version1/user", {"username": self._settings.username}
        asked = self.ask("GET", url, params=params, headers={"Accept": "application/json"}, auth=self._settings.auth)
        await self.prove(setting_name(self.name, "api_key"), asked, "Check the user name and its API key.")


def _meaning(code: object, status: str, told_id: str) -> Meaning:
    """What is said of the one recipient. A fault of theirs that made no id took nothing."""
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isascii() and code.isdigit()) else 0
    if number in {500, 501} and told_id in NO_ID:
        return LATER
    if number in CODES:
        return CODES[number][1]
    return NAMES.get(status.strip().lower(), UNCLEAR)


def _report(said: Mapping[str, str], callback: Callback) -> list[Told]:
    status, reason = said["status"], said.get("failureReason", "")
    known = status in STATUSES
    event = ProviderEvent(
        kind="status" if known else "unknown",
        result=STATUSES.get(status, Result.UNKNOWN),
        # A report carries no instant of its own.
        at=callback.received_at,
        provider_id=said["id"],
        address=e164(said.get("phoneNumber", "")),
        code=_word(reason) or _word(status),
        same=f"{said['id']} {status}",
    )
    if known or status not in NOT_ARRIVED:
        return [event]
    return told(ENDINGS.get(reason) or (AWAY if status in {"AbsentSubscriber", "Expired"} else REFUSED), event)


def _word(text: str) -> str:
    """A status or a reason, if it looks like one: codes are kept in the clear."""
    return text if text.isascii() and text.isalnum() and len(text) <= 40 else ""


def _inbound(said: Mapping[str, str], callback: Callback) -> Inbound:
    return Inbound(
        channel=Channel.SMS,
        at=iso_instant(said.get("date"), callback.received_at),
        sender=e164(said["from"]),
        to=e164(said.get("to", "")),
        text=said["text"],
        provider_id=said.get("id", ""),
    )


def _opted_out(said: Mapping[str, str], callback: Callback) -> ProviderEvent:
    """It names the number and no message."""
    number = e164(said["phoneNumber"])
    return ProviderEvent(
        kind="left",
        result=Result.UNKNOWN,
        at=callback.received_at,
        address=number,
        leaving=Leaving.STOP,
        code="opt out",
        same=f"opt out {said['senderId']} {number}",
    )
