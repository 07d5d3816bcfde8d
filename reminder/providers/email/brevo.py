"""Brevo (formerly Sendinblue): a hundred message versions a call.

Each version has its own address, texts and headers; our wire id is among these as X-Mailin-custom, which every event
brings back. Brevo's API description says nothing of headers in a version, but other clients rely on them and tried them
(django-anymail, swoosh); so each version carries all of its headers, and nothing hangs on how Brevo joins two sets. What
stands above the versions names nobody, should a version's text ever be left out.

One call has one verdict. Where it is refused for somebody's address, nobody can say whose: then each message goes in a
call of its own, so that one bad address costs the others nothing. The body's idempotencyKey makes a repetition an error
of its own (duplicate_parameter) for 30 minutes, as the guide says, or 15, as its announcement did: we rely on these.

Brevo's template language reads our texts too, so braces in them are handed over as a parameter. It writes a Message-ID of
its own. Sources: Brevo's pages "Batch send transactional emails", "Batch email idempotency", "Transactional webhooks",
"Secure webhook calls" (developers.brevo.com/docs), its API reference of smtp/email, smtp/blockedContacts and account.
"""

import html
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.consent import Closed
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.brevo_callbacks import WIRE_ID, told
from reminder.providers.email.reading import code_of, iso_instant, list_at, text_at
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
    one_by_one,
    receipts,
    unanswered,
    wait_of,
)
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import HookLogins, secrets_of

BATCH = 100
KEY_SECONDS = 900
PAGE = 100
SIDE_BY_SIDE = 10
KEYS = uuid.UUID("6f0c9d1e-6c0b-5f5d-9a55-0b6a2c8b1f3e")
# Brevo writes a Message-ID of its own.
NOT_PASSED_ON = frozenset({"message-id"})
_SYNTAX = re.compile(r"\{[{%#]")
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')
_SENDER = re.compile(r"\bsender\b|\breply-?to\b", re.IGNORECASE)
_SOMEBODY = re.compile(r"\bin to\b|\bto is\b|\brecipients?\b|\bemail is\b|\binvalid email\b", re.IGNORECASE)

# Codes of errors (the model "errorModel" of the API description). invalid_parameter and its like: see `_meaning`.
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(("unauthorized", "permission_denied", "reseller_permission_denied"), OUR_ACCOUNT),
    **dict.fromkeys(("not_enough_credits", "account_under_validation"), OUR_ACCOUNT),
    **dict.fromkeys(("document_not_found", "method_not_allowed", "not_acceptable"), OUR_ACCOUNT),
    "too_many_requests": LATER,
    # A call with this key was worked off, and this one was not: what it asked for was taken then.
    "duplicate_parameter": ACCEPTED,
    "duplicate_request": UNCLEAR,
}
_BY_WORDS = frozenset({"invalid_parameter", "missing_parameter", "out_of_range", "bad_request", "unprocessable_entity"})
REASONS = {
    "hardBounce": Closed.BOUNCED,
    "contactFlaggedAsSpam": Closed.COMPLAINED,
    "adminBlocked": Closed.BLOCKED,
}


class Brevo(HttpProvider):
    """Email by Brevo's API, a hundred a call."""

    name: ClassVar[str] = "brevo"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=2,
        idempotent_seconds=KEY_SECONDS,
        webhooks=True,
        inbound=True,
        suppressions=True,
        conditions=(
            "Brevo counts who opens and clicks unless that is switched off in the settings of its transactional mail."
        ),
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key, version 3.", required=True, secret=True),
        Option(
            "hook_logins",
            "What Brevo logs in with when it calls back: name:password or the token of the webhook, or several separated"
            " by commas; without one every callback is refused.",
            secret=True,
        ),
        Option("url", "Address of the API.", "https://api.brevo.com"),
    )

    def __init__(self, http: httpx.AsyncClient, url: str, auth: SecretHeader, logins: HookLogins) -> None:
        super().__init__(http)
        self._url = url
        self._auth = auth
        self._logins = logins

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for an address that is none."""
        key = options.text("api_key")
        logins = HookLogins(secrets_of(options, "hook_logins"))
        return cls(http, options.url("url"), SecretHeader("api-key", key, key), logins)

    async def send(self, call: Call) -> list[Receipt]:
        """One call to smtp/email; one for each message where somebody's address is refused."""
        people = list(call.recipients)
        if not call.still_ours():
            return not_ours(call)
        try:
            answer = await self._post(call, people, call.idempotency_key)
        except Unanswered as error:
            return unanswered(people, error)
        if len(people) == 1 or self._meaning(answer) is not BAD_ADDRESS:
            return self._receipts(people, answer, call.now)

        async def send_one(person: Recipient) -> Receipt:
            own = await self._post(call, [person], f"{call.idempotency_key}/{person.wire_id}")
            [found] = self._receipts([person], own, call.now)
            return found

        return await one_by_one(call, SIDE_BY_SIDE, send_one)

    def bodies(self, call: Call) -> Sequence[bytes]:
        """One for all of them; what is sent one by one after that is made of the same."""
        return [body_of(call.content, call.recipients, call.idempotency_key)]

    async def _post(self, call: Call, people: Sequence[Recipient], key: str) -> Answer:
        body = body_of(call.content, people, key)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return await self.ask("POST", f"{self._url}/v3/smtp/email", content=body, headers=headers, auth=self._auth)

    def _receipts(self, people: list[Recipient], answer: Answer, now: datetime) -> list[Receipt]:
        said = answer.json()
        if 200 <= answer.status < 300:
            ids = list_at(said, "messageIds") or [text_at(said, "messageId")]
            if len(ids) != len(people) or not all(isinstance(each, str) and each for each in ids):
                return receipts(people, UNCLEAR, code="no id")
            paired = zip(people, ids, strict=True)
            return [Receipt(person.message_id, ACCEPTED.verdict, provider_id=each) for person, each in paired]
        words = self._auth.hide(text_at(said, "message") or answer.text())
        code = code_of(text_at(said, "code")) or str(answer.status)
        wait = wait_of(answer, now) or _reset_of(answer)
        return receipts(people, self._meaning(answer), code=code, detail=words, retry_after=wait)

    def _meaning(self, answer: Answer) -> Meaning:
        """What an answer that is no success means. A wrong parameter is known by the field that its words name."""
        code, words = text_at(answer.json(), "code"), text_at(answer.json(), "message")
        if answer.status < 400 or code not in _BY_WORDS:
            return ERRORS.get(code) or meaning_of_status(answer.status)
        if _SENDER.search(words):
            return OUR_ACCOUNT
        return BAD_ADDRESS if _SOMEBODY.search(words) else BAD_CONTENT

    async def verify(self, callback: Callback) -> None:
        """The name and password in the address of the webhook, or its token; nothing is signed."""
        self._logins.require(callback)

    def parse(self, callback: Callback) -> list[Told]:
        """Events, or mails that came in."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the account's blocklist of transactional mail."""
        found: list[Suppressed] = []
        what, url, offset = "Brevo's list of blocked addresses", f"{self._url}/v3/smtp/blockedContacts", 0
        while True:
            params = {"limit": str(PAGE), "offset": str(offset), "sort": "asc"}
            page = await self.fetch(what, url, params=params, auth=self._auth)
            if not isinstance(page, dict):
                raise Trouble(what, "could not be read: the answer is no list", "Try again later.")
            entries = list_at(page, "contacts")
            found += [each for entry in entries if (each := _suppressed(entry)) is not None]
            offset += PAGE
            if len(entries) < PAGE:
                return found

    async def check(self) -> None:
        """Read the account."""
        asked = self.ask("GET", f"{self._url}/v3/account", auth=self._auth)
        await self.prove(setting_name(self.name, "api_key"), asked, "Make an API key (version 3) and set it.")


def body_of(content: Content, people: Sequence[Recipient], key: str) -> bytes:
    """The JSON of one call; the same bytes for the same call."""
    subject = _shielded(content.subject)
    body: dict[str, Any] = {
        "sender": {"email": content.sender},
        "subject": subject,
        # The versions have their own; without these none is taken.
        "htmlContent": f"<p>{html.escape(subject)}</p>",
        "textContent": subject,
        "params": {"brace": "{"},
        "headers": {"idempotencyKey": str(uuid.uuid5(KEYS, key))},
        "messageVersions": [_version(content, person) for person in people],
    }
    if content.sender_name:
        body["sender"]["name"] = _name(content.sender_name)
    if content.reply_to:
        body["replyTo"] = {"email": content.reply_to}
    return orjson.dumps(body)


def _version(content: Content, person: Recipient) -> dict[str, Any]:
    text = content.text.fill(person.values)
    # A text alone is refused.
    page = _page(text) if content.html is None else content.html.fill(person.values)
    headers = {name: value.fill(person.values) for name, value in content.headers if name.lower() not in NOT_PASSED_ON}
    return {
        "to": [{"email": person.address}],
        "htmlContent": _shielded(page),
        "textContent": _shielded(text),
        "params": {"brace": "{"},
        "headers": headers | {WIRE_ID: person.wire_id},
    }


def _shielded(text: str) -> str:
    """Nothing of ours is read as the template language."""
    return text.replace("{", "{{params.brace}}") if _SYNTAX.search(text) else text


def _page(text: str) -> str:
    return f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>'


def _name(name: str) -> str:
    """Brevo drops a name that is neither ASCII nor free of special characters, unless it is encoded (RFC 2047)."""
    return name if name.isascii() or not _SPECIAL.search(name) else Header(name, "utf-8", maxlinelen=998).encode()


def _reset_of(answer: Answer) -> int | None:
    """Seconds until the rate limit begins anew, in the header that Brevo has for it."""
    said = answer.headers.get("x-sib-ratelimit-reset", "").strip()
    return max(1, min(int(said), 86_400)) if answer.status == 429 and said.isascii() and said.isdigit() else None


def _suppressed(entry: Any) -> Suppressed | None:
    address = text_at(entry, "email")
    reason = REASONS.get(text_at(entry, "reason", "code"), Closed.UNSUBSCRIBED)
    since = iso_instant(text_at(entry, "blockedAt"), datetime.fromtimestamp(0, UTC))
    return Suppressed(address, reason, since) if address else None
