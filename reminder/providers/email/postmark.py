"""Postmark, batch email API.

One call takes 500 whole messages, each with its own texts, headers and metadata; our wire id is metadata, which every
event brings back. It answers 200 whether or not the messages were taken: each has its own ErrorCode, in the order of the
request. Our Message-ID stays where the header X-PM-KeepID asks for it. It has no idempotency key; its search by metadata
is not in its description, and what it has not indexed yet it does not find, so nothing is looked up.

Callbacks are not signed: the address that Postmark calls carries a name and a password. What goes to many people belongs
into a broadcast stream, where Postmark adds an unsubscribe link of its own unless its support has switched that off.

Sources: Postmark's OpenAPI description; its pages "API overview" (error codes), "Email API", "Batch emails", "Bounce API"
(types of bounces), "Webhooks", "Suppressions API", "Message streams API", "What does ErrorCode 300 mean".
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import formataddr, parseaddr
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.consent import Closed
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.postmark_callbacks import WIRE_ID, told
from reminder.providers.email.reading import iso_instant, text_at
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
from reminder.providers.signatures import require_basic_auth, secrets_of

BATCH = 500
# Its list comes in one answer: 150 bytes a person.
LONGEST_LIST_BYTES = 100_000_000
_STREAM = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
# Page "API overview", table of error codes. What is wrong with our token, sender, stream, account or program as a whole
# stops the provider instead of costing everybody their message.
_CODES = {
    0: ACCEPTED,
    10: OUR_ACCOUNT,  # bad or missing token
    100: LATER,  # maintenance
    300: BAD_CONTENT,  # invalid email request; see _INVALID
    400: OUR_ACCOUNT,  # sender signature not found
    401: OUR_ACCOUNT,  # sender signature not confirmed
    402: OUR_ACCOUNT,  # invalid JSON
    403: BAD_CONTENT,  # incompatible JSON: a value that does not do
    405: OUR_ACCOUNT,  # not allowed to send: out of credits
    406: BAD_ADDRESS,  # inactive recipient: bounced, complained or taken off
    409: OUR_ACCOUNT,  # JSON required
    410: OUR_ACCOUNT,  # too many messages in a batch
    411: BAD_CONTENT,  # forbidden attachment type
    412: OUR_ACCOUNT,  # account is pending
    413: OUR_ACCOUNT,  # account may not send
    429: LATER,  # rate limit
    1226: OUR_ACCOUNT,  # message stream not found
    1227: OUR_ACCOUNT,  # message stream is archived
    1235: OUR_ACCOUNT,  # the stream does not exist on this server
}
# 300 by the field that its words name.
_INVALID = (
    (re.compile(r"^(invalid|error\s+parsing)\s+'(to|cc|bcc)'", re.IGNORECASE), BAD_ADDRESS),
    (re.compile(r"^(invalid|error\s+parsing)\s+'(from|reply-?to)'", re.IGNORECASE), OUR_ACCOUNT),
)
_REASONS = {
    "HardBounce": Closed.BOUNCED,
    "SpamComplaint": Closed.COMPLAINED,
    "ManualSuppression": Closed.UNSUBSCRIBED,
}


class Postmark(HttpProvider):
    """Email by Postmark's API, five hundred a call."""

    name: ClassVar[str] = "postmark"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=4,
        keeps_message_id=True,
        webhooks=True,
        inbound=True,
        suppressions=True,
        conditions=(
            "Postmark takes mail to many people in a broadcast stream alone; ask its support to leave the unsubscribe"
            " link of that stream to us."
        ),
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("server_token", "Token of the Postmark server that sends.", required=True, secret=True),
        Option("stream", "Message stream that everything goes through.", default="broadcast"),
        Option("url", "Address of the API.", default="https://api.postmarkapp.com"),
        Option(
            "hook_logins",
            "What Postmark logs in with when it calls back, as name:password, or several separated by commas; without"
            " one every callback is refused.",
            secret=True,
        ),
    )

    def __init__(
        self, http: httpx.AsyncClient, url: str, stream: str, auth: SecretHeader, hook_logins: Sequence[bytes]
    ) -> None:
        super().__init__(http)
        self._url = url
        self._stream = stream
        self._auth = auth
        # Kept in a closure, where nothing prints them.
        self._require: Callable[[Callback], None] = lambda callback: require_basic_auth(hook_logins, callback)

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for a stream, an address or a login that is none."""
        token, stream, logins = options.text("server_token"), options.text("stream"), secrets_of(options, "hook_logins")
        if not _STREAM.fullmatch(stream):
            raise options.bad("stream", "is no id of a message stream")
        if not all(b":" in login for login in logins):
            raise options.bad("hook_logins", "must be name:password")
        return cls(http, options.url("url"), stream, SecretHeader("X-Postmark-Server-Token", token, token), logins)

    async def send(self, call: Call) -> list[Receipt]:
        """One call to email/batch; its answer has a verdict for each message."""
        body = body_of(call.content, call.recipients, self._stream)
        if not call.still_ours():
            return not_ours(call)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = await self.ask("POST", f"{self._url}/email/batch", content=body, headers=headers, auth=self._auth)
        except Unanswered as error:
            return unanswered(call.recipients, error)
        found = answer.json()
        if answer.status == httpx.codes.OK and isinstance(found, list):
            return self._one_by_one(call.recipients, found)
        return self._of_all(call, answer, found)

    def _one_by_one(self, people: Sequence[Recipient], found: list[Any]) -> list[Receipt]:
        """Each message's own answer, by its place and its address; who has none is unclear."""
        if len(found) == len(people) and all(
            _is_for(entry, person) for entry, person in zip(found, people, strict=True)
        ):
            pairs = list(zip(people, found, strict=True))
        else:
            by_address = {person.address.lower(): person for person in people}
            pairs = [(by_address[to], entry) for entry in found if (to := _address_in(entry)) in by_address]
        answered = {person.message_id for person, _ in pairs}
        others = receipts((person for person in people if person.message_id not in answered), UNCLEAR, code="no answer")
        return [*(self._receipt(person, entry) for person, entry in pairs), *others]

    def _receipt(self, person: Recipient, entry: dict[str, Any]) -> Receipt:
        words = text_at(entry, "Message")
        code = entry.get("ErrorCode", 0)
        if code == 0:
            # The code is missing where Postmark says "accepted, but delivery may be delayed".
            return Receipt(person.message_id, ACCEPTED.verdict, provider_id=text_at(entry, "MessageID"))
        return receipt(person, _meaning(code, words), code=text_at(entry, "ErrorCode"), detail=self._auth.hide(words))

    def _of_all(self, call: Call, answer: Answer, found: Any) -> list[Receipt]:
        """An answer that speaks of the whole call."""
        words, code = text_at(found, "Message"), text_at(found, "ErrorCode")
        if 200 <= answer.status < 300:
            meaning = UNCLEAR
        elif answer.status >= 500 and code != "100":
            meaning = meaning_of_status(answer.status)
        elif code:
            meaning = _meaning(found["ErrorCode"], words)
        else:
            meaning = meaning_of_status(answer.status)
        if meaning == BAD_ADDRESS and len(call.recipients) > 1:
            # Nobody can say whose.
            meaning = BAD_CONTENT
        return receipts(
            call.recipients,
            meaning,
            code=code or str(answer.status),
            detail=self._auth.hide(words),
            retry_after=wait_of(answer, call.now),
        )

    async def verify(self, callback: Callback) -> None:
        """The name and password that stand in the address of the webhook; nothing is signed."""
        self._require(callback)

    def parse(self, callback: Callback) -> list[Told]:
        """One event, or a mail that came in."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the stream's list."""
        what = "The list of Postmark's stream"
        url = f"{self._url}/message-streams/{self._stream}/suppressions/dump"
        headers = {"Accept": "application/json"}
        found = await self.fetch(what, url, headers=headers, auth=self._auth, longest=LONGEST_LIST_BYTES)
        entries = found.get("Suppressions") if isinstance(found, dict) else None
        if not isinstance(entries, list):
            raise Trouble(what, "could not be read: the answer is no list", "Try again later.")
        return [
            Suppressed(
                address,
                _REASONS.get(text_at(entry, "SuppressionReason"), Closed.UNSUBSCRIBED),
                iso_instant(text_at(entry, "CreatedAt"), datetime.fromtimestamp(0, UTC)),
            )
            for entry in entries
            if (address := text_at(entry, "EmailAddress"))
        ]

    async def check(self) -> None:
        """Read the server with the token, and the stream."""
        headers = {"Accept": "application/json"}
        server = self.ask("GET", f"{self._url}/server", headers=headers, auth=self._auth)
        await self.prove(setting_name(self.name, "server_token"), server, "Set the token of a server of yours.")
        stream = self.ask("GET", f"{self._url}/message-streams/{self._stream}", headers=headers, auth=self._auth)
        await self.prove(setting_name(self.name, "stream"), stream, "Set the id of a stream of that server.")


def body_of(content: Content, people: Sequence[Recipient], stream: str) -> bytes:
    """The JSON of one call; the same bytes for the same call."""
    sender = formataddr((content.sender_name, content.sender)) if content.sender_name else content.sender
    shared: dict[str, Any] = {
        "From": sender,
        "Subject": content.subject,
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    if content.reply_to:
        shared["ReplyTo"] = content.reply_to
    keep = [{"Name": "X-PM-KeepID", "Value": "true"}] if any(_is_id(name) for name, _ in content.headers) else []
    messages = []
    for person in people:
        message = shared | {
            "To": person.address,
            "TextBody": content.text.fill(person.values),
            "Headers": [{"Name": name, "Value": text.fill(person.values)} for name, text in content.headers] + keep,
            "Metadata": {WIRE_ID: person.wire_id},
        }
        if content.html is not None:
            message["HtmlBody"] = content.html.fill(person.values)
        messages.append(message)
    return orjson.dumps(messages)


def _is_id(name: str) -> bool:
    return name.lower() == "message-id"


def _meaning(code: object, words: str) -> Meaning:
    """What an ErrorCode says. One that is not in the table refuses this message: nothing but 0 is ever sent."""
    if not isinstance(code, int):
        return UNCLEAR
    if code == 300:
        return next((meaning for pattern, meaning in _INVALID if pattern.search(words)), BAD_CONTENT)
    return _CODES.get(code, BAD_CONTENT)


def _address_in(entry: object) -> str:
    return parseaddr(text_at(entry, "To"))[1].lower()


def _is_for(entry: object, person: Recipient) -> bool:
    """Refused messages name nobody, so no address is as good as the right one."""
    return isinstance(entry, dict) and _address_in(entry) in {"", person.address.lower()}
