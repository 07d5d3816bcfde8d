"""SMS through Telnyx.

One JSON document a message, with an Idempotency-Key made of the attempt and our wire id: for up to a day the same bytes
are not sent twice, and a success is told again. What it took can be asked for by the id that it gave, for ten days. Our
wire id travels in the query of webhook_url, which Telnyx repeats in the signed body of each callback. There is no instant after which it gives up. It takes STOP by itself and answers it
(autoresponse_type); a message to somebody who left is refused with 40300.

Numbers and messaging profiles name hook_url for incoming messages. Callbacks are signed with Ed25519; the public key is
on the portal's page of API keys.

Sources: Telnyx's OpenAPI description of Messages, its pages on error codes, on idempotency, on opting out and on
verifying webhooks.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reminder.domain.consent import Leaving
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Inbound, ProviderEvent, Told
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
from reminder.providers.signatures import decoded, header, require_recent, secrets_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    DEAD,
    LEFT,
    REFUSED,
    Ending,
    SingleSms,
    connections_of,
    e164,
    form_of,
    hook_url,
    iso_instant,
    query_of,
    single,
    told,
    with_query,
)

# Telnyx's own libraries allow five minutes; a callback that is tried again is signed again.
WINDOW = timedelta(minutes=5)
# A success is told again "for up to 24 hours".
IDEMPOTENT_SECONDS = 23 * 3600

# Errors of the API and of messaging. Source: developers.telnyx.com/docs/messaging/messages/error-codes.
CODES: dict[str, Meaning] = {
    **dict.fromkeys(("10011", "40011", "40018", "40318"), LATER),
    # Key, permission, verification, money, our number, its registration, our profile, a region that is switched off.
    **dict.fromkeys(("10001", "10003", "10005", "10006", "10009", "10010"), OUR_ACCOUNT),
    **dict.fromkeys(("20002", "20006", "20012", "20013", "20014", "20015", "20016", "20017", "20100"), OUR_ACCOUNT),
    **dict.fromkeys(("40010", "40013", "40016", "40100", "40150", "40151"), OUR_ACCOUNT),
    **dict.fromkeys(("40305", "40306", "40308", "40309", "40311", "40312", "40313", "40314"), OUR_ACCOUNT),
    **dict.fromkeys(("40315", "40320", "40321", "40329", "40330", "40331", "40333"), OUR_ACCOUNT),
    **dict.fromkeys(("40001", "40012", "40301", "40310", "40319"), BAD_ADDRESS),
    **dict.fromkeys(("40003", "40009", "40015", "40302", "40304", "40316", "40317", "40322", "40328"), BAD_CONTENT),
    "40300": OPTED_OUT,
}
# Codes that say of the number or of what it was sent, by the field that they point at. Source: as above.
OF_FIELD = frozenset({"10002", "10004", "10015", "10016"})
FIELDS: dict[str, Meaning] = {"to": BAD_ADDRESS, "from": OUR_ACCOUNT, "webhook_url": OUR_ACCOUNT}
# Codes of a message that did not arrive; what is not here says nothing of the number.
ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("40001", "40012", "40310"), DEAD),
    **dict.fromkeys(("40004", "40005", "40006", "40008"), AWAY),
    "40300": LEFT,
}
STATUSES: dict[str, Result] = {
    **dict.fromkeys(("queued", "sending"), Result.QUEUED),
    **dict.fromkeys(("sent", "delivery_unconfirmed"), Result.SENT),
    "delivered": Result.DELIVERED,
}
NOT_ARRIVED = frozenset({"sending_failed", "delivery_failed", "expired"})


@dataclass(frozen=True, slots=True)
class TelnyxSettings:
    """The options, read."""

    url: str
    profile: str
    hook_url: str
    connections: int
    keys: tuple[Ed25519PublicKey, ...]
    auth: SecretHeader = field(repr=False)


class Telnyx(SingleSms):
    """One Telnyx account."""

    name: ClassVar[str] = "telnyx"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key of the account.", required=True, secret=True),
        Option("public_key", "Public key that callbacks are signed with; several with commas while it is changed."),
        Option("messaging_profile_id", "Messaging profile; needed where the sender is a name and not a number."),
        hook_url("telnyx"),
        CONNECTIONS,
        Option("url", "Address of the API.", "https://api.telnyx.com/v2"),
    )
    capabilities: Capabilities = replace(
        single(validity=False, idempotent_seconds=IDEMPOTENT_SECONDS), look_up_by_own_id=True
    )

    def __init__(self, settings: TelnyxSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.hook_url))
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An account with these settings; opens nothing."""
        try:
            keys = tuple(
                Ed25519PublicKey.from_public_bytes(b64decode(text, validate=True))
                for text in secrets_of(options, "public_key")
            )
        except (NotBase64, ValueError):
            raise options.bad("public_key", "is no key of 32 bytes in base64") from None
        key = options.text("api_key")
        settings = TelnyxSettings(
            url=options.url("url"),
            profile=options.text("messaging_profile_id"),
            hook_url=options.url("hook_url"),
            connections=connections_of(options),
            keys=keys,
            auth=SecretHeader("authorization", f"Bearer {key}", key),
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as JSON."""
        answer = await self.ask(
            "POST",
            f"{self._settings.url}/messages",
            content=self._body(call, recipient),
            headers={
                "Content-Type": "application/json",
                # Letters, figures, "-", "_" and ":" alone.
                "Idempotency-Key": f"{call.idempotency_key}-{recipient.wire_id}".replace(".", ":"),
            },
            auth=self._settings.auth,
        )
        return self._receipt(recipient, answer, call.now)

    def bodies(self, call: Call) -> Sequence[bytes]:
        """One for each message."""
        return [self._body(call, recipient) for recipient in call.recipients]

    def _body(self, call: Call, recipient: Recipient) -> bytes:
        body = {
            "from": call.content.sender,
            "to": recipient.address,
            "text": call.content.text.fill(recipient.values),
            "type": "SMS",
        }
        if self._settings.profile:
            body["messaging_profile_id"] = self._settings.profile
        if self._settings.hook_url:
            body["webhook_url"] = with_query(self._settings.hook_url, {"m": recipient.wire_id})
        return orjson.dumps(body)

    def _receipt(self, recipient: Recipient, answer: Answer, now: datetime) -> Receipt:
        said = answer.json()
        said = said if isinstance(said, dict) else {}
        if 200 <= answer.status < 300:
            own_id = _dict(said.get("data")).get("id")
            if not isinstance(own_id, str):
                return receipt(recipient, UNCLEAR, code="no id")
            return receipt(recipient, ACCEPTED, provider_id=own_id)
        errors = [error for error in _list(said.get("errors")) if isinstance(error, dict)]
        error = errors[0] if errors else {}
        words = " ".join(str(error[name]) for name in ("title", "detail") if error.get(name)) or answer.text()
        return receipt(
            recipient,
            meaning_of(answer.status, error),
            code=str(error.get("code") or answer.status),
            detail=self._settings.auth.hide(words),
            retry_after=wait_of(answer, now),
        )

    async def verify(self, callback: Callback) -> None:
        """telnyx-signature-ed25519 over the timestamp, a bar and the body; within five minutes."""
        signature = decoded(header(callback, "telnyx-signature-ed25519"))
        seconds = header(callback, "telnyx-timestamp")
        if not self._settings.keys:
            raise BadSignature("no public key is configured for callbacks")
        require_recent(callback, seconds, within=WINDOW)
        if not any(_fits(key, signature, seconds.encode() + b"|" + callback.body) for key in self._settings.keys):
            raise BadSignature("the signature does not fit")

    def parse(self, callback: Callback) -> list[Told]:
        """A message's state, or what somebody wrote."""
        try:
            said = orjson.loads(callback.body)
        except orjson.JSONDecodeError:
            said = None
        data = _dict(_dict(said).get("data"))
        payload, at = _dict(data.get("payload")), iso_instant(data.get("occurred_at"), callback.received_at)
        kind, own_id = data.get("event_type"), _text(payload.get("id"))
        first = _dict(next(iter(_list(payload.get("to"))), None))
        if kind == "message.received":
            return [_inbound(payload, first, at)]
        same = _text(data.get("id"))
        event = ProviderEvent("unknown", Result.UNKNOWN, at, _wire_id(payload, callback), own_id, same=same)
        return _state(payload, event) if kind in {"message.sent", "message.finalized"} else [event]

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """The message by the id that Telnyx gave it."""
        url = f"{self._settings.url}/messages/{quote(provider_id, safe='')}"
        answer = await self.ask("GET", url, auth=self._settings.auth)
        payload = _dict(_dict(answer.json()).get("data"))
        if answer.status == httpx.codes.NOT_FOUND:
            return []
        if answer.status != httpx.codes.OK or not payload:
            raise Unanswered(str(answer.status), left=True)
        at = iso_instant(payload.get("completed_at"), sent_at)
        return _state(payload, ProviderEvent("unknown", Result.UNKNOWN, at, wire_id, provider_id))

    async def check(self) -> None:
        """Ask for the account's balance."""
        asked = self.ask("GET", f"{self._settings.url}/balance", auth=self._settings.auth)
        await self.prove("TELNYX_API_KEY", asked, "Check the API key.")


def meaning_of(status: int, error: dict[str, Any]) -> Meaning:
    """What a refusal means: by its code, or by the field that it points at."""
    if status == httpx.codes.CONFLICT:
        # Our key is known: the same message is being sent, by a request that got no answer.
        return UNCLEAR
    code = str(error.get("code", ""))
    if code in OF_FIELD:
        source = _dict(error.get("source"))
        name = _text(source.get("pointer")).rpartition("/")[2] or _text(source.get("parameter"))
        return FIELDS.get(name, BAD_CONTENT)
    return CODES.get(code) or meaning_of_status(status)


def _state(payload: dict[str, Any], event: ProviderEvent) -> list[Told]:
    """What a message says of itself; `event` has what is known beside that."""
    first = _dict(next(iter(_list(payload.get("to"))), None))
    status = _text(first.get("status"))
    code = next((str(error.get("code")) for error in map(_dict, _list(payload.get("errors")))), "")
    event = replace(
        event,
        kind="status" if status in STATUSES else "unknown",
        result=STATUSES.get(status, Result.UNKNOWN),
        address=e164(_text(first.get("phone_number"))),
        code=code,
        same=event.same or f"{event.provider_id} {status}",
    )
    if status in NOT_ARRIVED:
        return told(ENDINGS.get(code, AWAY if status == "expired" else REFUSED), event)
    return [event]


def _wire_id(payload: dict[str, Any], callback: Callback) -> str:
    """Our id out of the signed body, else out of the address that was called; nothing where they contradict."""
    try:
        query = urlsplit(_text(payload.get("webhook_url"))).query
    except ValueError:
        query = ""
    said, called = form_of(query).get("m", ""), form_of(query_of(callback)).get("m", "")
    return (said or called) if "" in {said, called} or said == called else ""


def _inbound(payload: dict[str, Any], to: dict[str, Any], at: datetime) -> Inbound:
    return Inbound(
        channel=Channel.SMS,
        at=iso_instant(payload.get("received_at"), at),
        sender=e164(_text(_dict(payload.get("from")).get("phone_number"))),
        to=e164(_text(to.get("phone_number"))),
        text=_text(payload.get("text")),
        provider_id=_text(payload.get("id")),
        handled=Leaving.STOP if _text(payload.get("autoresponse_type")).upper() == "STOP" else None,
    )


def _fits(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
