"""SMS through Vonage's Messages API (api.nexmo.com/v1/messages). The older SMS API is the provider vonage.

One JSON document a message; our wire id is its client_ref and comes back in every status. A token signed with the
application's private key opens the door. The API takes no instant after which it gives up, no idempotency key, and cannot
be asked by our id: what got no answer stays unclear until a status comes. Somebody who left is told of in the status
(error 1240), not in the answer. Long replies come whole.

The application's page in Vonage's dashboard names hook_url as status and as inbound address (Messages, version v1), with
signed webhooks: each carries a token, and in it the digest of the body.

Sources: Vonage's OpenAPI description of the Messages API 1.4, its table of asynchronous errors (messages-olympus), its
pages on opted-out numbers and on signed webhooks.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from uuid import uuid4

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt import InvalidTokenError, decode, encode

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Inbound, ProviderEvent, Told
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
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
from reminder.providers.signatures import header, require_recent, secrets_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    DEAD,
    LEFT,
    REFUSED,
    Ending,
    SingleSms,
    bare,
    connections_of,
    e164,
    hook_url,
    iso_instant,
    single,
    told,
)

TOKEN_LASTS = timedelta(minutes=15)
# A new one is made while the old one still opens the door, so that none runs out on the way.
TOKEN_USED = timedelta(minutes=10)
# Vonage comes again for a day; the same one again is told by its bytes.
OLDEST_CALLBACK = timedelta(hours=25)
# Times are checked against the callback's own receipt, not against the clock.
NO_CLOCK = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}

# Title of a refusal (RFC 7807) in lower case, where the status does not say it all. Source: the description, 422.
TITLES: dict[str, Meaning] = {
    "invalid recipient": BAD_ADDRESS,
    "invalid sender": OUR_ACCOUNT,
    "unsupported channel": OUR_ACCOUNT,
    "rate limit hit": LATER,
    "low balance": OUR_ACCOUNT,
}
# Parameters that a refusal may name as invalid.
PARAMETERS: dict[str, Meaning] = {"to": BAD_ADDRESS, "from": OUR_ACCOUNT, "channel": OUR_ACCOUNT}
# Error of a status "rejected" or "undeliverable"; what is not here says nothing of the number.
ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("1170", "1190"), DEAD),
    **dict.fromkeys(("1180", "1200", "1220", "1260", "1280", "1290"), AWAY),
    "1240": LEFT,
}
RESULTS = {"submitted": Result.SENT, "delivered": Result.DELIVERED, "read": Result.DELIVERED}
NOT_ARRIVED = frozenset({"rejected", "undeliverable"})


@dataclass(frozen=True, slots=True)
class MessagesSettings:
    """The options, read."""

    url: str
    application: str
    connections: int
    hook_url: str
    private_key: RSAPrivateKey = field(repr=False)
    signature_secrets: tuple[bytes, ...] = field(repr=False)


class VonageMessages(SingleSms):
    """One application of a Vonage account."""

    name: ClassVar[str] = "vonage-messages"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("application_id", "Id of the application.", required=True),
        Option(
            "private_key",
            "Private key of the application: the file that Vonage made, or its text.",
            required=True,
            secret=True,
        ),
        Option(
            "signature_secret",
            "Signature secret of the account, which callbacks are signed with; several with commas while it is changed.",
            secret=True,
        ),
        hook_url("vonage-messages"),
        CONNECTIONS,
        Option("url", "Address of the API.", "https://api.nexmo.com"),
    )
    capabilities: Capabilities = single(validity=False)

    def __init__(self, settings: MessagesSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.hook_url))
        self._settings = settings
        self._token: tuple[datetime, SecretHeader] | None = None

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An application with these settings; reads its key."""
        settings = MessagesSettings(
            url=options.url("url"),
            application=options.text("application_id"),
            connections=connections_of(options),
            hook_url=options.url("hook_url"),
            private_key=_private_key(options),
            signature_secrets=secrets_of(options, "signature_secret"),
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as JSON."""
        body = {
            "channel": "sms",
            "message_type": "text",
            "to": bare(recipient.address),
            "from": bare(call.content.sender),
            "text": call.content.text.fill(recipient.values),
            "client_ref": recipient.wire_id,
        }
        token = self._token_at(call.now)
        answer = await self.ask(
            "POST",
            f"{self._settings.url}/v1/messages",
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
            auth=token,
        )
        return _receipt(recipient, answer, call.now, token)

    def _token_at(self, now: datetime) -> SecretHeader:
        """The token of the application; signing takes as long as a request, so one serves for minutes."""
        if self._token is None or not self._token[0] <= now < self._token[0] + TOKEN_USED:
            issued = int(now.timestamp())
            claims = {
                "application_id": self._settings.application,
                "iat": issued,
                "exp": issued + int(TOKEN_LASTS.total_seconds()),
                "jti": str(uuid4()),
            }
            token = encode(claims, self._settings.private_key, algorithm="RS256")
            self._token = now, SecretHeader("authorization", f"Bearer {token}", token)
        return self._token[1]

    async def verify(self, callback: Callback) -> None:
        """A token signed with our signature secret, fresh, with the digest of this very body."""
        scheme, _, token = header(callback, "authorization").partition(" ")
        if scheme.lower() != "bearer":
            raise BadSignature("the callback brings no token")
        claims = self._claims(token.strip())
        digest, given = hashlib.sha256(callback.body).hexdigest(), claims.get("payload_hash")
        if not isinstance(given, str) or not hmac.compare_digest(
            digest.encode(), given.lower().encode("utf-8", "surrogatepass")
        ):
            raise BadSignature("the token is not of this body")
        require_recent(callback, str(claims.get("iat")), within=OLDEST_CALLBACK)

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token claims, by whichever of the secrets it was signed with. No other algorithm will do."""
        if not self._settings.signature_secrets:
            raise BadSignature("no secret is configured for callbacks")
        for secret in self._settings.signature_secrets:
            try:
                claims: dict[str, Any] = decode(token, secret, algorithms=["HS256"], options=NO_CLOCK)  # type: ignore[arg-type]
            except (InvalidTokenError, UnicodeError, ValueError):
                continue
            return claims
        raise BadSignature("the signature does not fit")

    def parse(self, callback: Callback) -> list[Told]:
        """A message's state, or what somebody wrote."""
        try:
            said = orjson.loads(callback.body)
        except orjson.JSONDecodeError:
            said = {}
        said = said if isinstance(said, dict) else {}
        at, own_id = iso_instant(said.get("timestamp"), callback.received_at), _text(said.get("message_uuid"))
        if "status" not in said and isinstance(said.get("text"), str):
            return [
                Inbound(
                    channel=Channel.SMS,
                    at=at,
                    sender=e164(_text(said.get("from"))),
                    to=e164(_text(said.get("to"))),
                    text=said["text"],
                    provider_id=own_id,
                )
            ]
        status, code = _text(said.get("status")), _code(said.get("error"))
        event = ProviderEvent(
            kind="status" if status in RESULTS else "unknown",
            result=RESULTS.get(status, Result.UNKNOWN),
            at=at,
            wire_id=_text(said.get("client_ref")),
            provider_id=own_id,
            address=e164(_text(said.get("to"))),
            code=code,
            same=f"{own_id} {status}",
        )
        return told(ENDINGS.get(code, REFUSED), event) if status in NOT_ARRIVED else [event]


def _receipt(recipient: Recipient, answer: Answer, now: datetime, token: SecretHeader) -> Receipt:
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    if 200 <= answer.status < 300:
        own_id = said.get("message_uuid")
        if not isinstance(own_id, str):
            return receipt(recipient, UNCLEAR, code="no id")
        return receipt(recipient, ACCEPTED, provider_id=own_id)
    words = " ".join(filter(None, (_text(said.get("title")), _text(said.get("detail"))))) or answer.text()
    code = _text(said.get("type")).rpartition("#")[2] or str(answer.status)
    return receipt(
        recipient, meaning_of(answer, said), code=code, detail=token.hide(words), retry_after=wait_of(answer, now)
    )


def meaning_of(answer: Answer, said: dict[str, Any]) -> Meaning:
    """What a refusal means: by what it names, else by its status."""
    if answer.status == httpx.codes.UNPROCESSABLE_ENTITY:
        named = said.get("invalid_parameters")
        names = [each.get("name") for each in named if isinstance(each, dict)] if isinstance(named, list) else []
        for name in names:
            if isinstance(name, str) and name in PARAMETERS:
                return PARAMETERS[name]
        title = _text(said.get("title")).lower()
        if title in TITLES:
            return TITLES[title]
    return meaning_of_status(answer.status)


def _code(error: object) -> str:
    """The number of an asynchronous error: its title, or the end of the address that explains it."""
    if not isinstance(error, dict):
        return ""
    title = str(error.get("title", ""))
    return title if title.isdigit() else _text(error.get("type")).rpartition("#")[2]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _private_key(options: Options) -> RSAPrivateKey:
    """The key, from its file or its text (where "\\n" may stand for a line's end). `BadSetting` where it is none."""
    given = options.text("private_key")
    try:
        pem = given.replace("\\n", "\n").encode() if given.startswith("-----") else Path(given).read_bytes()
        key = load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise options.bad("private_key", "is neither a private key nor the file of one")
    return key
