"""SMS through Vonage's SMS API (rest.nexmo.com). Its newer Messages API is the provider vonage-messages.

One form a message; our wire id is its client-ref and comes back in every delivery receipt. The answer is 200 whatever
became of the message: each of its parts has a status. Vonage knows no idempotency key and cannot be asked by our id:
what got no answer stays unclear until its receipt comes. It gives up after `ttl` (20 seconds to a week). Somebody who
left is told of in the receipt (err-code 9), not in the answer.

Signed callbacks must be switched on for the account ("signature secret and method" in its API settings): unsigned ones
are refused, and Vonage comes again for a day or more. Long replies come in parts.

Sources: Vonage's OpenAPI description of the SMS API, its pages on errors of the SMS API, on err-codes of delivery
receipts (support article 204014733), on opted-out numbers and on signing messages.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.gsm import is_gsm
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Inbound, ProviderEvent, Told
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    Meaning,
    SecretHeader,
    meaning_of_status,
    receipt,
    wait_of,
)
from reminder.providers.options import Option, Options
from reminder.providers.signatures import require_any, require_recent, secrets_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    DEAD,
    LEFT,
    REFUSED,
    Ending,
    SingleSms,
    bare,
    body_text,
    connections_of,
    e164,
    form_of,
    hook_url,
    iso_instant,
    query_of,
    seconds_left,
    single,
    told,
)

SHORTEST_TTL_SECONDS, LONGEST_TTL_SECONDS = 20, 604_800
LONGEST_CALLBACK = 100
# Vonage tries a receipt again for three days; the same one again is told by its bytes.
OLDEST_CALLBACK = timedelta(hours=73)

# Status of a part in the answer. Source: developer.vonage.com/en/api-errors/sms.
STATUSES: dict[str, Meaning] = {
    "0": ACCEPTED,
    **dict.fromkeys(("1", "5", "10", "13"), LATER),
    # Key, account, credit, signature, sender, a trial account's list, our callback address.
    **dict.fromkeys(("4", "8", "9", "11", "14", "15", "19", "23", "29", "39"), OUR_ACCOUNT),
    **dict.fromkeys(("7", "33", "34"), BAD_ADDRESS),
    **dict.fromkeys(("2", "3", "6", "12", "16", "20"), BAD_CONTENT),
}
# Missing (2) and invalid (3) parameters are named in the text; which one it is decides whose fault it is.
NAMED_PARAMETER = re.compile(
    r"\b(to|from|callback|api_key|api_secret|sig)\s+param|param\w*\W+(to|from|callback)\b", re.I
)
OF_PARAMETER = {"to": BAD_ADDRESS}
# err-code of a delivery receipt that is not "delivered".
ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("3", "4"), DEAD),
    **dict.fromkeys(("2", "5", "7", "12", "14", "15"), AWAY),
    "9": LEFT,
}
RESULTS = {"delivered": Result.DELIVERED, "accepted": Result.SENT, "buffered": Result.DEFERRED}
NOT_ARRIVED = frozenset({"expired", "failed", "rejected", "deleted"})

Signer = Callable[[bytes, bytes], bytes]


def _by_hmac(name: str) -> Signer:
    return lambda secret, text: hmac.digest(secret, text, name).hex().encode()


SIGNERS: dict[str, Signer] = {
    "md5hash": lambda secret, text: hashlib.md5(text + secret, usedforsecurity=False).hexdigest().encode(),
    **{name: _by_hmac(name) for name in ("md5", "sha1", "sha256", "sha512")},
}


@dataclass(frozen=True, slots=True)
class VonageSettings:
    """The options, read."""

    url: str
    key: str
    hook_url: str
    connections: int
    sign: Signer
    # For the account's balance; the form of a message holds the secret itself.
    auth: SecretHeader = field(repr=False)
    api_secret: str = field(repr=False)
    signature_secrets: tuple[bytes, ...] = field(repr=False)


class Vonage(SingleSms):
    """One Vonage account, by its SMS API."""

    name: ClassVar[str] = "vonage"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "Key of the account.", required=True),
        Option("api_secret", "Secret of the account.", required=True, secret=True),
        Option(
            "signature_secret",
            "Signature secret of the account, which callbacks are signed with; several with commas while it is changed.",
            secret=True,
        ),
        Option("signature_method", "How callbacks are signed: md5hash, md5, sha1, sha256 or sha512 (HMAC).", "sha256"),
        hook_url("vonage"),
        CONNECTIONS,
        Option("url", "Address of the API.", "https://rest.nexmo.com"),
    )
    capabilities: Capabilities = single()

    def __init__(self, settings: VonageSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.hook_url))
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An account with these settings; opens nothing."""
        hook = options.url("hook_url")
        if len(hook) > LONGEST_CALLBACK:
            raise options.bad("hook_url", f"is longer than the {LONGEST_CALLBACK} signs that Vonage takes")
        key, secret = options.text("api_key"), options.text("api_secret")
        basic = b64encode(f"{key}:{secret}".encode()).decode()
        settings = VonageSettings(
            url=options.url("url"),
            key=key,
            hook_url=hook,
            connections=connections_of(options),
            sign=SIGNERS[options.choice("signature_method", tuple(SIGNERS))],
            auth=SecretHeader("authorization", f"Basic {basic}", secret, basic),
            api_secret=secret,
            signature_secrets=secrets_of(options, "signature_secret"),
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as a form."""
        settings, text = self._settings, call.content.text.fill(recipient.values)
        form = {
            "api_key": settings.key,
            "api_secret": settings.api_secret,
            "from": bare(call.content.sender),
            "to": bare(recipient.address),
            "text": text,
            "type": "text" if is_gsm(text) else "unicode",
            "client-ref": recipient.wire_id,
            "ttl": str(seconds_left(call, SHORTEST_TTL_SECONDS, LONGEST_TTL_SECONDS) * 1000),
        }
        if settings.hook_url:
            form |= {"status-report-req": "true", "callback": settings.hook_url}
        answer = await self.ask("POST", f"{settings.url}/sms/json", data=form)
        return self._receipt(recipient, answer, call.now)

    def _receipt(self, recipient: Recipient, answer: Answer, now: datetime) -> Receipt:
        said = answer.json()
        parts = said.get("messages") if isinstance(said, dict) else None
        if not 200 <= answer.status < 300 or not isinstance(parts, list):
            meaning = UNCLEAR if 200 <= answer.status < 300 else meaning_of_status(answer.status)
            words = self._settings.auth.hide(answer.text())
            wait = wait_of(answer, now)
            return receipt(recipient, meaning, code=str(answer.status), detail=words, retry_after=wait)
        parts = [part for part in parts if isinstance(part, dict)]
        refused = next((part for part in parts if str(part.get("status")) != "0"), None)
        if refused is None:
            meaning = ACCEPTED if parts else UNCLEAR
            return receipt(recipient, meaning, provider_id=str(parts[0].get("message-id", "")) if parts else "")
        code, words = str(refused.get("status")), str(refused.get("error-text", ""))
        # Where some parts of a long text went, it would arrive twice if it were sent again.
        some_went = any(str(part.get("status")) == "0" for part in parts)
        meaning = UNCLEAR if some_went else meaning_of(code, words)
        return receipt(recipient, meaning, code=code, detail=self._settings.auth.hide(words))

    async def verify(self, callback: Callback) -> None:
        """`sig` among the fields: a digest of all others, sorted, with the time in `timestamp`."""
        said = _fields(callback)
        text = "".join(
            f"&{name}={value.replace('&', '_').replace('=', '_')}"
            for name, value in sorted(said.items())
            if name != "sig"
        ).encode("utf-8", "surrogatepass")
        given = said.get("sig", "").lower().encode("utf-8", "surrogatepass")
        if not given:
            raise BadSignature("the callback is not signed")
        require_any(self._settings.signature_secrets, lambda secret: self._settings.sign(secret, text), given)
        require_recent(callback, said.get("timestamp", ""), within=OLDEST_CALLBACK)

    def parse(self, callback: Callback) -> list[Told]:
        """A delivery receipt, or what somebody wrote."""
        said = _fields(callback)
        at = iso_instant(said.get("message-timestamp"), callback.received_at)
        if "text" in said:
            return [self._inbound(said, at)]
        status, code, own_id = said.get("status", "").lower(), said.get("err-code", ""), said.get("messageId", "")
        event = ProviderEvent(
            kind="unknown",
            result=Result.UNKNOWN,
            at=at,
            wire_id=said.get("client-ref", ""),
            provider_id=own_id,
            address=e164(said.get("msisdn", "")),
            code=code,
            same=f"{own_id} {status}",
        )
        if status in NOT_ARRIVED:
            return told(ENDINGS.get(code, AWAY if status == "expired" else REFUSED), event)
        if status in RESULTS:
            return [replace(event, kind="status", result=RESULTS[status])]
        return [replace(event, kind="noted") if status == "unknown" else event]

    def _inbound(self, said: dict[str, str], at: datetime) -> Inbound:
        part, parts = _number(said.get("concat-part")), _number(said.get("concat-total"))
        in_parts = said.get("concat", "").lower() == "true" and 1 <= part <= parts
        return Inbound(
            channel=Channel.SMS,
            at=at,
            sender=e164(said.get("msisdn", "")),
            to=e164(said.get("to", "")),
            text=said["text"],
            provider_id=self._shared_id(said, at) if in_parts else said.get("messageId", ""),
            part=(part, parts) if in_parts else (1, 1),
        )

    def _shared_id(self, said: dict[str, str], at: datetime) -> str:
        """What the parts of a text share. The reference alone is a small number that others use too, and soon again."""
        names = (said.get("msisdn", ""), said.get("to", ""), said.get("concat-ref", ""), at.date().isoformat())
        secret = self._settings.signature_secrets[0] if self._settings.signature_secrets else b""
        return hmac.digest(secret, "\n".join(names).encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    async def check(self) -> None:
        """Ask for the account's balance."""
        asked = self.ask("GET", f"{self._settings.url}/account/get-balance", auth=self._settings.auth)
        await self.prove("VONAGE_API_SECRET", asked, "Check the account's key and secret.")


def meaning_of(status: str, words: str) -> Meaning:
    """What the status of a part means; `words` is its error-text."""
    if status in {"2", "3"} and (named := NAMED_PARAMETER.search(words)) is not None:
        return OF_PARAMETER.get((named[1] or named[2]).lower(), OUR_ACCOUNT)
    return STATUSES.get(status, BAD_CONTENT)


def _fields(callback: Callback) -> dict[str, str]:
    """The fields of a callback, which comes by GET or POST, as a form or as JSON, as the account says."""
    said = form_of(query_of(callback))
    if callback.method != "POST":
        return said
    if callback.body.lstrip()[:1] != b"{":
        return said | form_of(body_text(callback))
    try:
        found: Any = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return said
    return said | {name: _text(value) for name, value in found.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 4 else 0
