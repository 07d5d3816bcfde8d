"""Mailjet, Send API v3.1: fifty whole messages a call.

Each message of a call is complete: own address, own texts, own headers, and our wire id as CustomID, which every event
and every reply brings back and by which messages can be looked up. Each is worked off by itself and has its own verdict,
under whatever status the answer has. Message-ID and List-Id are refused among the headers (send-0011) and stay out.
Opens and clicks are not counted. There is no idempotency key.

Sources: Mailjet's guide "Send API v3.1" (error codes, forbidden headers, CustomID), its page of status codes, its guides
"Event API" and "Parse API", its reference of the resources message and sender (dev.mailjet.com, mailjet/api-documentation).
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.consent import Leaving
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.absence import require_never_seen
from reminder.providers.contract import Call, Callback, Capabilities, ProviderEvent, Told
from reminder.providers.email.mailjet_callbacks import told
from reminder.providers.email.reading import code_of, list_at, text_at
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    HttpProvider,
    Meaning,
    SecretHeader,
    Unanswered,
    meaning_of_status,
    not_ours,
    receipt,
    receipts,
    unanswered,
    wait_of,
)
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import HookLogins, secrets_of

BATCH = 50
# Headers that are forbidden and that we would have; what has a property of its own is not among ours.
NOT_PASSED_ON = frozenset({"message-id", "list-id"})
# Nobody says how soon a message can be looked up, nor for how long: only between these is "not there" an answer.
FOUND_AFTER = timedelta(minutes=30)
FOUND_FOR = timedelta(days=7)

# Error codes ("Send API errors"). Those that are not here are known by the property that they are related to.
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(("mj-0001", "mj-0015", "send-0006", "send-0007", "send-0008"), OUR_ACCOUNT),
    # Our call is no JSON, or has too many messages.
    "mj-0002": OUR_ACCOUNT,
    **dict.fromkeys(("send-0003", "send-0004", "send-0010", "send-0011"), BAD_CONTENT),
    **dict.fromkeys(("send-0012", "send-0015", "send-0016", "mj-0011"), BAD_CONTENT),
}
_RELATED = (
    (re.compile(r"^(From|Sender|SenderID|ReplyTo|Messages)\b"), OUR_ACCOUNT),
    (re.compile(r"^To\b"), BAD_ADDRESS),
)
# Of several errors of a message the one that reaches furthest counts.
_WEIGHT = (OUR_ACCOUNT, UNCLEAR, LATER, BAD_ADDRESS, BAD_CONTENT)
RESULTS: dict[str, Result] = {
    **dict.fromkeys(("unknown", "queued", "processed"), Result.QUEUED),
    "deferred": Result.DEFERRED,
    **dict.fromkeys(("sent", "opened", "clicked", "unsub"), Result.DELIVERED),
    "blocked": Result.FAILED,
    **dict.fromkeys(("bounce", "hardbounced", "softbounced"), Result.BOUNCED),
    "spam": Result.COMPLAINED,
}
# The address will never take anything.
HARD = "hardbounced"
UNSUBSCRIBED = "unsub"


class Mailjet(HttpProvider):
    """Email by Mailjet's API, fifty a call."""

    name: ClassVar[str] = "mailjet"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=2,
        look_up=True,
        webhooks=True,
        inbound=True,
        conditions="Mailjet limits accounts with more than 8 % bounces or 0.08 % complaints.",
        # https://www.mailjet.com/s/anti-spam-policy.htm
        complaints_wall=0.08,
        bounces_wall=8.0,
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key, the public half.", required=True),
        Option("secret_key", "Secret key that belongs to it.", required=True, secret=True),
        Option(
            "hook_logins",
            "What Mailjet logs in with when it calls back, as name:password in the address of the webhook, or several"
            " separated by commas; without one every callback is refused.",
            secret=True,
        ),
        Option("url", "Address of the API; https://api.us.mailjet.com for accounts there.", "https://api.mailjet.com"),
    )

    def __init__(self, http: httpx.AsyncClient, url: str, auth: SecretHeader, logins: HookLogins) -> None:
        super().__init__(http)
        self._url = url
        self._auth = auth
        self._logins = logins

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for an address or a login that is none."""
        logins = secrets_of(options, "hook_logins")
        if not all(b":" in login for login in logins):
            raise options.bad("hook_logins", "must be name:password")
        secret = options.text("secret_key")
        basic = base64.b64encode(f"{options.text('api_key')}:{secret}".encode()).decode()
        auth = SecretHeader("Authorization", f"Basic {basic}", secret, basic)
        return cls(http, options.url("url"), auth, HookLogins(logins))

    async def send(self, call: Call) -> list[Receipt]:
        """One call to v3.1/send; its answer has a verdict for each message."""
        people = list(call.recipients)
        body = body_of(call.content, people)
        if not call.still_ours():
            return not_ours(call)
        headers = {"Content-Type": "application/json"}
        try:
            answer = await self.ask("POST", f"{self._url}/v3.1/send", content=body, headers=headers, auth=self._auth)
        except Unanswered as error:
            return unanswered(people, error)
        found = list_at(answer.json(), "Messages")
        if found and answer.status < 500:
            return self._one_by_one(people, found)
        return self._of_all(people, answer, call.now)

    def _one_by_one(self, people: list[Recipient], found: list[Any]) -> list[Receipt]:
        """A success names its message; errors are known by their place alone, where all places fit."""
        by_place = len(found) == len(people) and all(
            text_at(entry, "CustomID") in {"", person.wire_id} for entry, person in zip(found, people, strict=True)
        )
        by_id = {text_at(entry, "CustomID"): entry for entry in found if text_at(entry, "CustomID")}
        return [
            self._receipt(person, found[place] if by_place else by_id.get(person.wire_id))
            for place, person in enumerate(people)
        ]

    def _receipt(self, person: Recipient, entry: Any) -> Receipt:
        if text_at(entry, "Status") == "success":
            to = list_at(entry, "To")
            told_id = text_at(to[0], "MessageID") if to else ""
            return Receipt(person.message_id, ACCEPTED.verdict, provider_id=told_id)
        errors = list_at(entry, "Errors")
        if not errors:
            return receipt(person, UNCLEAR, code="no answer")
        meanings = {id(error): _meaning(error) for error in errors}
        worst = min(errors, key=lambda error: _WEIGHT.index(meanings[id(error)]))
        words = self._auth.hide("; ".join(text_at(error, "ErrorMessage") for error in errors[:5]))
        return receipt(person, meanings[id(worst)], code=code_of(text_at(worst, "ErrorCode")), detail=words)

    def _of_all(self, people: list[Recipient], answer: Answer, now: datetime) -> list[Receipt]:
        """An answer that speaks of the whole call."""
        said = answer.json()
        code, words = code_of(text_at(said, "ErrorCode")), self._auth.hide(text_at(said, "ErrorMessage"))
        refused = ERRORS.get(code) or meaning_of_status(answer.status)
        meaning = UNCLEAR if 200 <= answer.status < 300 else refused
        wait = wait_of(answer, now)
        return receipts(people, meaning, code=code or str(answer.status), detail=words, retry_after=wait)

    async def verify(self, callback: Callback) -> None:
        """The name and password that stand in the address of the webhook; nothing is signed."""
        self._logins.require(callback)

    def parse(self, callback: Callback) -> list[Told]:
        """Events, or a mail that came in."""
        return told(callback)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """What the list of messages says of our CustomID; nothing there is an answer only while it would be there."""
        params = {"CustomID": wire_id, "ShowCustomID": "true", "Limit": "10"}
        answer = await self.ask("GET", f"{self._url}/v3/REST/message", params=params, auth=self._auth)
        if answer.status != httpx.codes.OK or not isinstance(answer.json(), dict):
            raise Unanswered(str(answer.status), left=True)
        entries = list_at(answer.json(), "Data")
        said = [text_at(entry, "Status").lower() for entry in entries if text_at(entry, "CustomID") == wire_id]
        if said:
            result, status = max((RESULTS.get(each, Result.QUEUED), each) for each in said)
            event = ProviderEvent("status", result, sent_at, wire_id, permanent=status == HARD, code=code_of(status))
            left = replace(event, kind="left", leaving=Leaving.ALL_EMAIL)
            return [event, left] if status == UNSUBSCRIBED else [event]
        if any(not text_at(entry, "CustomID") for entry in entries):
            raise Unanswered("messages without the id that was asked for", left=True)
        require_never_seen(answer, sent_at, after=FOUND_AFTER, until=FOUND_FOR)
        return []

    async def check(self) -> None:
        """Read a sender of the account."""
        asked = self.ask("GET", f"{self._url}/v3/REST/sender", params={"Limit": "1"}, auth=self._auth)
        await self.prove(setting_name(self.name, "secret_key"), asked, "Set the API key and its secret key.")


def body_of(content: Content, people: Sequence[Recipient]) -> bytes:
    """The JSON of one call; the same bytes for the same call."""
    shared: dict[str, Any] = {
        "From": {"Email": content.sender} | ({"Name": content.sender_name} if content.sender_name else {}),
        "Subject": content.subject,
        "TrackOpens": "disabled",
        "TrackClicks": "disabled",
    }
    if content.reply_to:
        shared["ReplyTo"] = {"Email": content.reply_to}
    return orjson.dumps({"Messages": [shared | _own(content, person) for person in people]})


def _own(content: Content, person: Recipient) -> dict[str, Any]:
    own: dict[str, Any] = {
        "To": [{"Email": person.address}],
        "TextPart": content.text.fill(person.values),
        "CustomID": person.wire_id,
        "Headers": {
            name: text.fill(person.values) for name, text in content.headers if name.lower() not in NOT_PASSED_ON
        },
    }
    if content.html is not None:
        own["HTMLPart"] = content.html.fill(person.values)
    return own


def _meaning(error: object) -> Meaning:
    """What one error of a message means."""
    known = ERRORS.get(text_at(error, "ErrorCode"))
    if known is not None:
        return known
    status = text_at(error, "StatusCode")
    if status.isascii() and status.isdigit() and (int(status) >= 500 or int(status) == httpx.codes.TOO_MANY_REQUESTS):
        return meaning_of_status(int(status))
    related = [name for name in list_at(error, "ErrorRelatedTo") if isinstance(name, str)]
    return next((meaning for field, meaning in _RELATED if any(map(field.search, related))), BAD_CONTENT)
