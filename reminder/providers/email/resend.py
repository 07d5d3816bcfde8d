"""Resend: a hundred whole messages a call.

Each message of a batch is complete: own address, own text, own headers, and our wire id as a tag, which every event
brings back (a tag may hold no dot, so "_" stands for it). The header Idempotency-Key is kept for 24 hours and answers a
repetition of the same bytes as the first time, without sending again: what got no answer is settled by sending it again
with its key. Batches are checked message by message ("permissive"), so that one bad address costs the others nothing.

It cannot be asked by an id of ours, and it writes a Message-ID of its own. A callback about a mail that came in holds
sender and subject, not the text: point replies at a mailbox instead.

Sources: Resend's OpenAPI description; its pages errors, idempotency keys, batch validation modes, suppressions and
webhooks (resend.com/docs); Svix's page on verifying payloads by hand (docs.svix.com/receiving/verifying-payloads/how-manual).
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import quote
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.consent import Closed
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.reading import code_of, iso_instant, list_at, text_at
from reminder.providers.email.resend_callbacks import TAG, as_tag, told
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
from reminder.providers.merge import filled
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import decoded, header, require_recent, secrets_of

BATCH = 100
KEY_SECONDS = 86_400
# Svix refuses what is older than five minutes; it stamps every attempt anew.
FRESH = timedelta(minutes=5)
PAGE = 100
# Resend writes its own Message-ID and refuses two of them.
NOT_PASSED_ON = frozenset({"message-id"})

# Names of errors (resend.com/docs/api-reference/errors and the official SDKs). Where a name is not enough, `_meaning`.
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(("missing_api_key", "invalid_api_key", "restricted_api_key", "suspended_api_key"), OUR_ACCOUNT),
    **dict.fromkeys(("invalid_from_address", "invalid_access", "invalid_permission", "invalid_region"), OUR_ACCOUNT),
    **dict.fromkeys(("not_found", "method_not_allowed", "security_error", "invalid_idempotency_key"), OUR_ACCOUNT),
    **dict.fromkeys(("daily_quota_exceeded", "monthly_quota_exceeded"), OUR_ACCOUNT),
    "rate_limit_exceeded": LATER,
    **dict.fromkeys(("missing_required_field", "invalid_parameter", "invalid_attachment"), BAD_CONTENT),
    # The same key came with other bytes, or is under way at this moment: something was taken, nobody knows what.
    **dict.fromkeys(("invalid_idempotent_request", "concurrent_idempotent_requests"), UNCLEAR),
    **dict.fromkeys(("application_error", "internal_server_error"), UNCLEAR),
}
# Why an address is on the list of addresses that get nothing more; "manual" was put there by somebody of ours.
ORIGINS = {"bounce": Closed.BOUNCED, "complaint": Closed.COMPLAINED}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ResendSettings:
    """The options, read. `secrets` are the keys that callbacks may be signed with."""

    url: str
    auth: SecretHeader = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)


class Resend(HttpProvider):
    """Email by Resend's API, a hundred a call."""

    name: ClassVar[str] = "resend"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=2,
        idempotent_seconds=KEY_SECONDS,
        webhooks=True,
        suppressions=True,
        conditions="Resend stops accounts with more than 4 % bounces or 0.08 % complaints.",
        # https://resend.com/docs/knowledge-base/account-quotas-and-limits
        complaints_wall=0.08,
        bounces_wall=4.0,
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key; with full access it also reads the suppression list.", required=True, secret=True),
        Option(
            "webhook_secrets",
            "Signing secrets of the webhook, which begin with whsec_, separated by commas; without one every callback"
            " is refused.",
            secret=True,
        ),
        Option("url", "Address of the API.", "https://api.resend.com"),
    )

    def __init__(self, settings: ResendSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http)
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for an address that is none and for a signing secret that cannot be read."""
        try:
            secrets = [decoded(word.decode().removeprefix("whsec_")) for word in secrets_of(options, "webhook_secrets")]
        except BadSignature:
            raise options.bad("webhook_secrets", "is no signing secret") from None
        key = options.text("api_key")
        auth = SecretHeader("Authorization", f"Bearer {key}", key)
        return cls(ResendSettings(options.url("url"), auth, tuple(secrets)), http)

    async def send(self, call: Call) -> list[Receipt]:
        """One call to emails/batch, with the attempt's idempotency key."""
        people = list(call.recipients)
        [body] = self.bodies(call)
        if not call.still_ours():
            return not_ours(call)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.idempotency_key,
            "x-batch-validation": "permissive",
        }
        url = f"{self._settings.url}/emails/batch"
        try:
            answer = await self.ask("POST", url, content=body, headers=headers, auth=self._settings.auth)
        except Unanswered as error:
            return unanswered(people, error)
        return self._receipts(people, answer, call.now)

    def bodies(self, call: Call) -> Sequence[bytes]:
        """One for all of them."""
        return [body_of(call.content, call.recipients)]

    def _receipts(self, people: list[Recipient], answer: Answer, now: datetime) -> list[Receipt]:
        said = answer.json()
        if 200 <= answer.status < 300:
            return self._taken(people, said)
        words = self._settings.auth.hide(text_at(said, "message") or answer.text())
        code = code_of(text_at(said, "name")) or str(answer.status)
        meaning = _meaning(answer.status, code, words, alone=len(people) == 1)
        return receipts(people, meaning, code=code, detail=words, retry_after=wait_of(answer, now))

    def _taken(self, people: list[Recipient], said: Any) -> list[Receipt]:
        """Who was refused stands by place in `errors`; the ids in `data` are those of the others, in order."""
        refused = {
            error["index"]: text_at(error, "message")
            for error in list_at(said, "errors")
            if isinstance(error, dict) and isinstance(error.get("index"), int)
        }
        ids = [text_at(each, "id") for each in list_at(said, "data")]
        others = [person for place, person in enumerate(people) if place not in refused]
        found = [
            receipt(person, _of_one(refused[place]), code="422", detail=self._settings.auth.hide(refused[place]))
            for place, person in enumerate(people)
            if place in refused
        ]
        if len(ids) != len(others) or not all(ids):
            # Fewer ids than people: nobody can say whose is missing.
            return found + receipts(others, UNCLEAR, code="no id")
        paired = zip(others, ids, strict=True)
        return found + [Receipt(person.message_id, ACCEPTED.verdict, provider_id=each) for person, each in paired]

    async def verify(self, callback: Callback) -> None:
        """Svix: HMAC-SHA256 over id, timestamp and raw body; any of the signatures in the header may fit."""
        told_id, stamp = header(callback, "svix-id"), header(callback, "svix-timestamp")
        words = header(callback, "svix-signature").split(" ")
        given = [word[3:].encode("utf-8", "surrogateescape") for word in words if word.startswith("v1,")]
        if not given:
            raise BadSignature("no signature of a known version")
        require_recent(callback, stamp, within=FRESH)
        signed = f"{told_id}.{stamp}.".encode("utf-8", "surrogateescape") + callback.body
        genuine = [b64encode(hmac.digest(secret, signed, hashlib.sha256)) for secret in self._settings.secrets]
        if not genuine:
            raise BadSignature("no secret is configured for callbacks")
        fitting = [hmac.compare_digest(each, one) for each in genuine for one in given]
        if True not in fitting:
            raise BadSignature("the signature does not fit")

    def parse(self, callback: Callback) -> list[Told]:
        """One event a callback."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the list of bounced, complained and manually added addresses. The key needs full access."""
        found: list[Suppressed] = []
        what, after = "The Resend list of suppressed addresses", ""
        while True:
            params = {"limit": str(PAGE)} | ({"after": after} if after else {})
            url = f"{self._settings.url}/suppressions"
            page = await self.fetch(what, url, params=params, auth=self._settings.auth)
            entries = list_at(page, "data")
            found += [suppressed for entry in entries if (suppressed := _suppressed(entry)) is not None]
            last = text_at(entries[-1], "id") if entries else ""
            if not isinstance(page, dict) or page.get("has_more") is not True:
                return found
            if last in {"", after}:
                raise Trouble(what, "could not be read to its end", "Try again later.")
            after = last

    async def check(self) -> None:
        """Ask for the domains; a key that may only send is refused them by a name that proves the key."""
        remedy = "Make an API key that may send and set it."
        await self.prove(setting_name(self.name, "api_key"), self._asked(), remedy)

    async def _asked(self) -> Answer:
        answer = await self.ask("GET", f"{self._settings.url}/domains", auth=self._settings.auth)
        only_sends = text_at(answer.json(), "name") == "restricted_api_key"
        return replace(answer, status=200) if only_sends else answer


def body_of(content: Content, people: Sequence[Recipient]) -> bytes:
    """The JSON of one call; the same bytes for the same call."""
    shared: dict[str, Any] = {
        "from": f'"{quote(content.sender_name)}" <{content.sender}>' if content.sender_name else content.sender,
        "subject": content.subject,
    }
    if content.reply_to:
        shared["reply_to"] = content.reply_to
    own = {"text": filled(content.text, people)}
    if content.html is not None:
        own["html"] = filled(content.html, people)
    passed_on = [(name, text) for name, text in content.headers if name.lower() not in NOT_PASSED_ON]
    names = [name for name, _ in passed_on]
    columns = [filled(text, people) for _, text in passed_on]
    return orjson.dumps(
        [
            {
                "to": [person.address],
                **shared,
                **{part: texts[place] for part, texts in own.items()},
                "headers": {name: column[place] for name, column in zip(names, columns, strict=True)},
                "tags": [{"name": TAG, "value": as_tag(person.wire_id)}],
            }
            for place, person in enumerate(people)
        ]
    )


def _of_one(words: str) -> Meaning:
    """What is said of one message of a batch: only its words tell whether the address is at fault."""
    if "`to`" in words:
        return BAD_ADDRESS
    return OUR_ACCOUNT if "`from`" in words else BAD_CONTENT


def _meaning(status: int, name: str, words: str, *, alone: bool) -> Meaning:
    """validation_error means several things: with 403 the sender's domain, otherwise what its words name."""
    if name == "validation_error":
        if status == httpx.codes.FORBIDDEN:
            return OUR_ACCOUNT
        said = _of_one(words)
        # Of several people nobody knows whose address it is: nobody's is closed for it, and nobody loses the message.
        return said if alone or said is not BAD_ADDRESS else LATER
    return ERRORS.get(name) or meaning_of_status(status)


def _suppressed(entry: Any) -> Suppressed | None:
    address = text_at(entry, "email")
    since = iso_instant(text_at(entry, "created_at"), _LONG_AGO)
    return Suppressed(address, ORIGINS.get(text_at(entry, "origin"), Closed.BLOCKED), since) if address else None
