"""SMS through Twilio, or through a service that speaks its language (Bird, SignalWire) at another `url`.

One form a message; our wire id travels in the query of its StatusCallback and comes back signed. Twilio gives up after
ValidityPeriod (at most ten hours), knows no idempotency key and cannot be asked by an id of ours: what got no answer
stays unclear until its callback comes. What it took is asked for by the id that it gave. It takes STOP by itself and answers it; a message to somebody who left is refused
with 21610. Messages may name a Messaging Service, which then chooses the number they come from.

The number's (or service's) page in Twilio's console names hook_url for incoming messages, by POST. The answer to one is
an empty TwiML document: any other text would be sent to the person as our reply.

Sources: Twilio's OpenAPI description of Messages (ValidityPeriod, StatusCallback, statuses), its dictionary of errors
(twilio.com/docs/api/errors), its page on validating requests, its page on OptOutType.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from reminder.domain.consent import Leaving
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import (
    Acknowledgement,
    BadSignature,
    Call,
    Callback,
    Capabilities,
    Inbound,
    ProviderEvent,
    Told,
)
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
    Unanswered,
    meaning_of_status,
    receipt,
    wait_of,
)
from reminder.providers.options import Option, Options
from reminder.providers.signatures import header, require_any, secrets_of
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
    hook_url,
    query_of,
    seconds_left,
    single,
    told,
    with_query,
)

LONGEST_VALIDITY_SECONDS = 36_000
# "A validity_period greater than 5 is recommended": shorter ones fail in the queue.
SHORTEST_VALIDITY_SECONDS = 6
DEFAULT_PORTS = {"https": 443, "http": 80}

# Of Twilio's dictionary of errors, what sending a text can meet. Neither the number nor the account is at fault where
# our sender does not reach somebody: that message alone is refused.
_NO_ROUTE = BAD_CONTENT
CODES: dict[int, Meaning] = {
    **dict.fromkeys((14107, 20429, 21611, 30001, 30022), LATER),
    # Account, key, a country that is switched off, trial, our sender, our Messaging Service, our callback address.
    **dict.fromkeys((10001, 20003, 20005, 20006, 20008, 20403, 20404, 21408, 30002, 63038), OUR_ACCOUNT),
    **dict.fromkeys((21219, 21267, 21608, 21609), OUR_ACCOUNT),
    **dict.fromkeys((21212, 21603, 21606, 21659, 21660, 21661), OUR_ACCOUNT),
    **dict.fromkeys((21701, 21702, 21703, 21704, 21705, 21712), OUR_ACCOUNT),
    # No number, none for texts, a short code, a premium number, a landline, our own.
    **dict.fromkeys((21211, 21214, 21217, 21263, 21265, 21266, 21268, 21604, 21614, 21635), BAD_ADDRESS),
    **dict.fromkeys((21602, 21605, 21617, 21619, 21658), BAD_CONTENT),
    21612: _NO_ROUTE,
    21610: OPTED_OUT,
}
# ErrorCode of a callback with status failed or undelivered; what is not here says nothing of the number.
ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("30003", "30004"), AWAY),
    **dict.fromkeys(("30005", "30006", "21211", "21217", "21268", "21614", "21635"), DEAD),
    "21610": LEFT,
}
STATUSES: dict[str, Result] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Result.QUEUED),
    "sent": Result.SENT,
    "delivered": Result.DELIVERED,
    "read": Result.DELIVERED,
    "partially_delivered": Result.SENT,
    "canceled": Result.FAILED,
}
NOT_ARRIVED = frozenset({"failed", "undelivered"})
# Words that Twilio takes and answers by itself, alone in a message. Source: help.twilio.com/articles/223134027.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """The options, read. `tokens` are those that callbacks may be signed with, the account's own first."""

    messages_url: str
    service: str
    hook_url: str
    connections: int
    takes_stop: bool
    auth: SecretHeader = field(repr=False)
    tokens: tuple[bytes, ...] = field(repr=False)


class Twilio(SingleSms):
    """One Twilio account."""

    name: ClassVar[str] = "twilio"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("account_sid", "Id of the account, which begins with AC.", required=True),
        Option(
            "auth_token",
            "Auth token of the account, which callbacks are signed with; several with commas while it is changed.",
            required=True,
            secret=True,
        ),
        Option("key_sid", "Id of an API key, which begins with SK, to send with instead of the auth token."),
        Option("key_secret", "Secret of that API key.", secret=True),
        Option("messaging_service_sid", "Messaging Service that chooses the sender; by default ours is named."),
        Option("takes_stop", "no where Twilio was asked not to take and answer STOP by itself.", "yes"),
        hook_url("twilio"),
        CONNECTIONS,
        Option("url", "Address of the API.", "https://api.twilio.com"),
    )
    capabilities: Capabilities = replace(single(), look_up_by_own_id=True)
    acknowledgement: ClassVar[Acknowledgement] = Acknowledgement(
        content_type="text/xml; charset=utf-8", body=b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
    )

    def __init__(self, settings: TwilioSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.hook_url))
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An account with these settings; opens nothing."""
        account = options.text("account_sid")
        if not account.isalnum():
            raise options.bad("account_sid", "is no id of an account")
        tokens = secrets_of(options, "auth_token")
        user, password = account, tokens[0].decode() if tokens else ""
        if options.text("key_sid"):
            user, password = options.text("key_sid"), options.text("key_secret")
            if not password:
                raise options.bad("key_secret", "is not set, but an API key is")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        settings = TwilioSettings(
            messages_url=f"{options.url('url')}/2010-04-01/Accounts/{account}/Messages.json",
            service=options.text("messaging_service_sid"),
            hook_url=options.url("hook_url"),
            connections=connections_of(options),
            takes_stop=options.yes("takes_stop"),
            auth=SecretHeader("authorization", f"Basic {basic}", password, basic),
            tokens=tokens,
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as a form."""
        form = {"To": recipient.address, "Body": call.content.text.fill(recipient.values)}
        if self._settings.service:
            form["MessagingServiceSid"] = self._settings.service
        else:
            form["From"] = call.content.sender
        form["ValidityPeriod"] = str(seconds_left(call, SHORTEST_VALIDITY_SECONDS, LONGEST_VALIDITY_SECONDS))
        if self._settings.hook_url:
            form["StatusCallback"] = with_query(self._settings.hook_url, {"m": recipient.wire_id})
        answer = await self.ask("POST", self._settings.messages_url, data=form, auth=self._settings.auth)
        return self._receipt(recipient, answer, call.now)

    def _receipt(self, recipient: Recipient, answer: Answer, now: datetime) -> Receipt:
        said = answer.json()
        said = said if isinstance(said, dict) else {}
        if 200 <= answer.status < 300:
            code, sid = said.get("error_code"), said.get("sid")
            if not isinstance(sid, str):
                return receipt(recipient, UNCLEAR, code="no id")
            refused = CODES.get(code, BAD_CONTENT) if isinstance(code, int) else None
            return receipt(recipient, refused or ACCEPTED, code=str(code or ""), provider_id=sid)
        code = said.get("code")
        meaning = CODES.get(code) if isinstance(code, int) else None
        return receipt(
            recipient,
            meaning or meaning_of_status(answer.status),
            code=str(code or answer.status),
            detail=self._settings.auth.hide(str(said.get("message") or answer.text())),
            retry_after=wait_of(answer, now),
        )

    async def verify(self, callback: Callback) -> None:
        """X-Twilio-Signature: HMAC-SHA1 over the address and the form's fields, sorted, each name with its value."""
        if not self._settings.hook_url:
            raise BadSignature("no address for callbacks is configured")
        given = header(callback, "x-twilio-signature").encode("utf-8", "surrogatepass")
        fields = parse_qsl(body_text(callback), keep_blank_values=True) if callback.method == "POST" else []
        form = "".join(f"{name}{value}" for name, value in sorted(set(fields)))
        with_port, without_port = _spellings(self._settings.hook_url, query_of(callback))
        try:
            self._require(f"{without_port}{form}", given)
        except BadSignature:
            self._require(f"{with_port}{form}", given)

    def _require(self, signed: str, given: bytes) -> None:
        text = signed.encode("utf-8", "surrogatepass")
        require_any(
            self._settings.tokens,
            lambda token: base64.b64encode(hmac.digest(token, text, hashlib.sha1)),
            given,
        )

    def parse(self, callback: Callback) -> list[Told]:
        """A message's state, or what somebody wrote."""
        said = form_of(body_text(callback) if callback.method == "POST" else query_of(callback))
        status = said.get("MessageStatus") or said.get("SmsStatus", "")
        if status in {"received", "receiving"}:
            return [self._inbound(said, callback)]
        # A state carries no instant of its own.
        event = ProviderEvent(
            "status",
            Result.UNKNOWN,
            callback.received_at,
            wire_id=form_of(query_of(callback)).get("m", ""),
            provider_id=said.get("MessageSid", ""),
            address=e164(said.get("To", "")),
        )
        return _state(status, said.get("ErrorCode", ""), event)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """The message by the id that Twilio gave it."""
        url = f"{self._settings.messages_url.removesuffix('.json')}/{quote(provider_id, safe='')}.json"
        answer = await self.ask("GET", url, auth=self._settings.auth)
        said = answer.json()
        if answer.status == httpx.codes.NOT_FOUND:
            return []
        if answer.status != httpx.codes.OK or not isinstance(said, dict):
            raise Unanswered(str(answer.status), left=True)
        code = said.get("error_code")
        event = ProviderEvent("status", Result.UNKNOWN, sent_at, wire_id, provider_id, e164(str(said.get("to", ""))))
        return _state(str(said.get("status", "")), "" if code is None else str(code), event)

    def _inbound(self, said: dict[str, str], callback: Callback) -> Inbound:
        text = said.get("Body", "")
        # OptOutType comes with Advanced Opt-Out alone; without it Twilio takes its own words silently.
        took_it = said.get("OptOutType", "").upper() == "STOP"
        took_it = took_it or (self._settings.takes_stop and text.strip().upper() in STOP_WORDS)
        return Inbound(
            channel=Channel.SMS,
            at=callback.received_at,
            sender=e164(said.get("From", "")),
            to=e164(said.get("To", "")),
            text=text,
            provider_id=said.get("MessageSid", ""),
            handled=Leaving.STOP if took_it else None,
        )

    async def check(self) -> None:
        """Ask for the last message: an API key may be allowed that and not the account's own page."""
        remedy = "Check the account's id and its auth token, or the API key and its secret."
        page = with_query(self._settings.messages_url, {"PageSize": "1"})
        await self.prove("TWILIO_AUTH_TOKEN", self.ask("GET", page, auth=self._settings.auth), remedy)


def _state(status: str, code: str, event: ProviderEvent) -> list[Told]:
    """What a state of a message and its error say; `event` has what they are told with."""
    known = status in STATUSES
    event = replace(
        event,
        kind="status" if known else "unknown",
        result=STATUSES.get(status, Result.UNKNOWN),
        code=code,
        same=f"{event.provider_id} {status}",
    )
    return told(ENDINGS.get(code, REFUSED), event) if status in NOT_ARRIVED else [event]


def _spellings(address: str, query: str) -> tuple[str, str]:
    """Our address with and without its port: Twilio signs either."""
    parts = urlsplit(address)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 443)
    rest = f"{parts.path}?{query}" if query else parts.path
    return f"{parts.scheme}://{host}:{port}{rest}", f"{parts.scheme}://{host}{rest}"
