"""Twilio SendGrid, Mail Send v3.

One call takes 1,000 messages: one content with substitution tags, and for each person a "personalization" with the
address, the values of the tags, all of our headers and our wire id as custom argument, which every event brings back.
Headers stand with each person, never beside them: what SendGrid does where both have some is not documented.

It answers 202 and no id of a message; a call that names one bad personalization is refused as a whole, so the others
are told to go again at once. It has no idempotency key, and looking messages up is a paid addition. Our Message-ID is
handed over, but SendGrid's documents say that it makes its own. Opens, clicks and unsubscribe links of SendGrid's own are
switched off in every call.

Sources: SendGrid's OpenAPI description of mail/send; its pages "Errors" (api-reference/mail-send/errors), "Event Webhook
reference", "Signed Event Webhook", "Securing your Inbound Parse Webhooks", "Setting up the Inbound Parse Webhook" and the
suppressions API. It retries callbacks for a day; whether a retry is stamped anew is not said, so the window is wider.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from reminder.domain.consent import Closed
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.reading import instant, text_at
from reminder.providers.email.sendgrid_callbacks import WIRE_ID, told
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
from reminder.providers.merge import Merge, filled, once_each, unused
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import decoded, header, require_recent

BATCH = 1_000
PAGE = 500
RETRIES_LAST = timedelta(hours=72)
_PERSONALIZATION = re.compile(r"personalizations[.\[]?(\d+)\]?[.]?(\w*)")
# Whose matter an error is that speaks of the whole call (page "Errors"): our sender addresses are part of the account.
_OURS = ("from", "reply_to", "reply_to_list")
# Lists of the suppressions API whose people get nothing more; "blocks" is not one, the next message goes out again.
_LISTS = {
    "bounces": Closed.BOUNCED,
    "invalid_emails": Closed.BOUNCED,
    "spam_reports": Closed.COMPLAINED,
    "unsubscribes": Closed.UNSUBSCRIBED,
}
_UNTOUCHED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


class SendGrid(HttpProvider):
    """Email by SendGrid's API, a thousand a call."""

    name: ClassVar[str] = "sendgrid"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH, connections=2, webhooks=True, inbound=True, suppressions=True
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key that may send mail (and read suppressions).", required=True, secret=True),
        Option(
            "url",
            "Address of the API; https://api.eu.sendgrid.com for the European region.",
            default="https://api.sendgrid.com",
        ),
        Option(
            "webhook_keys",
            "Verification keys of the signed event webhook and of the inbound parse policy, separated by commas;"
            " without one every callback is refused.",
        ),
    )

    def __init__(
        self, http: httpx.AsyncClient, url: str, api_key: str, webhook_keys: Sequence[EllipticCurvePublicKey]
    ) -> None:
        super().__init__(http)
        self._url = url
        self._auth = SecretHeader("Authorization", f"Bearer {api_key}", api_key)
        self._keys = tuple(webhook_keys)

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for an address that is none and for a verification key that cannot be read."""
        try:
            keys = [_public_key(word) for word in options.text("webhook_keys").split(",") if word.strip()]
        except (BadSignature, ValueError, TypeError):
            raise options.bad("webhook_keys", "is no verification key") from None
        return cls(http, options.url("url"), options.text("api_key"), keys)

    async def send(self, call: Call) -> list[Receipt]:
        """One call to mail/send. A second message to the same address in it is told to go again."""
        people, again = once_each(call.recipients)
        body = body_of(call.content, people)
        if not call.still_ours():
            return not_ours(call)
        put_off = receipts(again, LATER, code="same address", retry_after=0)
        try:
            answer = await self.ask(
                "POST",
                f"{self._url}/v3/mail/send",
                content=body,
                headers={"Content-Type": "application/json"},
                auth=self._auth,
            )
        except Unanswered as error:
            return unanswered(people, error) + put_off
        return self._receipts(people, answer, call.now) + put_off

    def _receipts(self, people: list[Recipient], answer: Answer, now: datetime) -> list[Receipt]:
        if answer.status == httpx.codes.ACCEPTED:
            told_id = answer.headers.get("x-message-id", "")
            return [Receipt(each.message_id, ACCEPTED.verdict, provider_id=told_id) for each in people]
        errors = _errors(answer)
        if answer.status == httpx.codes.BAD_REQUEST and (found := _by_person(errors, len(people))):
            return self._one_refused(people, found)
        words = self._auth.hide("; ".join(text_at(error, "message") for error in errors[:5]))
        wait = wait_of(answer, now)
        return receipts(people, _meaning(answer, errors), code=str(answer.status), detail=words, retry_after=wait)

    def _one_refused(self, people: list[Recipient], found: dict[int, tuple[Meaning, str]]) -> list[Receipt]:
        """The whole call was refused because of some of its people."""
        return [
            receipt(each, found[index][0], code="400", detail=self._auth.hide(found[index][1]))
            if index in found
            else Receipt(each.message_id, LATER.verdict, code="400", retry_after=0)
            for index, each in enumerate(people)
        ]

    async def verify(self, callback: Callback) -> None:
        """Events and, with a security policy, inbound mail are signed alike: ECDSA over timestamp and raw body."""
        if not self._keys:
            raise BadSignature("no key is configured for callbacks")
        signature = decoded(header(callback, "x-twilio-email-event-webhook-signature"))
        stamp = header(callback, "x-twilio-email-event-webhook-timestamp")
        require_recent(callback, stamp, within=RETRIES_LAST)
        if not any(_signed(key, signature, stamp.encode() + callback.body) for key in self._keys):
            raise BadSignature("the signature does not fit")

    def parse(self, callback: Callback) -> list[Told]:
        """A list of events, or a mail that came in."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the lists of bounced, invalid, complained and unsubscribed addresses."""
        found: list[Suppressed] = []
        for name, reason in _LISTS.items():
            offset = 0
            while page := await self._page(name, offset):
                found += [
                    Suppressed(address, reason, instant(entry.get("created"), datetime.fromtimestamp(0, UTC)))
                    for entry in page
                    if (address := text_at(entry, "email"))
                ]
                offset += PAGE
                if len(page) < PAGE:
                    break
        return found

    async def _page(self, name: str, offset: int) -> list[Any]:
        what = f"The SendGrid list {name}"
        url = f"{self._url}/v3/suppression/{name}"
        page = await self.fetch(what, url, params={"limit": PAGE, "offset": offset}, auth=self._auth)
        if not isinstance(page, list) or not all(isinstance(entry, dict) for entry in page):
            raise Trouble(what, "could not be read: the answer is no list", "Try again later.")
        return page

    async def check(self) -> None:
        """Ask what the key may do: sending must be among it."""
        setting = setting_name(self.name, "api_key")
        answer = self.ask("GET", f"{self._url}/v3/scopes", auth=self._auth)
        scopes = (await self.prove(setting, answer, "Make a key that may send mail and set it.")).json()
        granted = scopes.get("scopes") if isinstance(scopes, dict) else None
        if not isinstance(granted, list) or "mail.send" not in granted:
            raise Trouble(setting, "may not send mail", "Give the key the right to send mail.")


def body_of(content: Content, people: Sequence[Recipient]) -> bytes:
    """The JSON of one call; the same bytes for the same call."""
    texts = [content.text] if content.html is None else [content.text, content.html]
    mark = unused("-r", [content.subject, *(part for text in texts for part in text.parts)])
    merge = Merge(content, lambda name: f"{mark}{name}-", mark)
    types = ("text/plain", "text/html")
    parts = [{"type": kind, "value": merge.text(text)} for kind, text in zip(types, texts, strict=False)]
    fixed = {name: text.parts[0] for name, text in content.headers if not text.gaps}
    own = [(name, text) for name, text in content.headers if text.gaps]
    names = [name for name, _ in own]
    columns = [filled(text, people) for _, text in own]
    rows: Iterable[tuple[str, ...]] = zip(*columns, strict=True) if columns else [()] * len(people)
    body: dict[str, Any] = {
        "personalizations": [
            {
                "to": [{"email": person.address}],
                "headers": {**fixed, **dict(zip(names, row, strict=True))},
                "substitutions": values,
                "custom_args": {WIRE_ID: person.wire_id},
            }
            for person, values, row in zip(people, merge.rows(people, written=True), rows, strict=True)
        ],
        "from": {"email": content.sender},
        "subject": content.subject,
        "content": parts,
        "tracking_settings": _UNTOUCHED,
    }
    if content.sender_name:
        body["from"]["name"] = content.sender_name
    if content.reply_to:
        body["reply_to"] = {"email": content.reply_to}
    return orjson.dumps(body)


def _errors(answer: Answer) -> list[Any]:
    found = answer.json()
    errors = found.get("errors") if isinstance(found, dict) else None
    return errors if isinstance(errors, list) else []


def _by_person(errors: list[Any], people: int) -> dict[int, tuple[Meaning, str]]:
    """What the errors say of single people; nothing where one of them speaks of the whole call."""
    found: dict[int, tuple[Meaning, str]] = {}
    for error in errors:
        place = _PERSONALIZATION.match(text_at(error, "field"))
        if place is None or int(place[1]) >= people:
            return {}
        meaning = BAD_ADDRESS if place[2] == "to" else BAD_CONTENT
        found.setdefault(int(place[1]), (meaning, text_at(error, "message")))
    return found


def _meaning(answer: Answer, errors: list[Any]) -> Meaning:
    """400 and 413 speak of the call, 401 (also "Maximum credits exceeded"), 403 (also "from address does not match a
    verified Sender Identity"), 404 and 405 of the account, 429 and 503 ask to wait; of 500 nobody knows."""
    if 200 <= answer.status < 300:
        return UNCLEAR
    if answer.status == httpx.codes.BAD_REQUEST:
        fields = {text_at(error, "field").partition(".")[0] for error in errors}
        if fields & {*_OURS}:
            return OUR_ACCOUNT
    return meaning_of_status(answer.status)


def _public_key(word: str) -> EllipticCurvePublicKey:
    key = load_der_public_key(decoded(word.strip()))
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError("not of an elliptic curve")
    return key


def _signed(key: EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
