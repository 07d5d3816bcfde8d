"""Callbacks by Amazon SNS: a signed envelope around what another service says.

Anybody can make a topic whose messages Amazon signs, so only those of our own topics count, and are looked at before
anything is fetched. The certificate and the address that confirms a subscription are fetched from Amazon's hosts alone.
A subscription to a topic of ours is confirmed by itself; its end is logged. "Raw message delivery" must be off: what it
sends has no signature.

Sources: "Verifying the signatures of Amazon SNS messages", "Parsing Amazon SNS message formats" and "Message delivery
retries" of the SNS guide. SNS tries for at most an hour and stamps a message once, when it was published.
"""

import re
from asyncio import Lock
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_pem_x509_certificate

from reminder.providers.contract import BadSignature, Callback, CannotTell
from reminder.providers.http import Answer, Unanswered, ask
from reminder.providers.options import Option, Options
from reminder.providers.signatures import decoded

log = structlog.get_logger()

TOPICS = Option(
    "topics",
    "ARNs of the SNS topics that call us (events, replies), separated by commas; without one every callback is refused.",
)
NEWEST = timedelta(minutes=15)
OLDEST = timedelta(hours=6)
# SNS waits 15 seconds for our answer to a callback.
FETCH_SECONDS = 5.0
KEPT_CERTIFICATES = 16

_HOST = r"https://sns\.[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
_CONFIRM = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[A-Za-z0-9&=:%._~-]{1,2000}")
_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_NOTIFICATION = "Notification"
_CONFIRMATION = "SubscriptionConfirmation"
_GOODBYE = "UnsubscribeConfirmation"
# What is signed, in this order; a Subject only where there is one.
_SIGNED = {
    _NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        (_CONFIRMATION, _GOODBYE),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a topic says. `said` is its message as JSON, None where it is none; `message_id` is the same at every try."""

    message_id: str
    at: datetime
    text: str = field(repr=False)
    said: Any = field(repr=False)


class Sns:
    """Checks the envelopes of our topics. Certificates are kept, so that SNS is asked once for each."""

    def __init__(self, http: httpx.AsyncClient, topics: Iterable[str]) -> None:
        self._http = http
        self._topics = frozenset(topics)
        self._certificates: dict[str, Certificate] = {}
        self._fetching = Lock()

    @property
    def configured(self) -> bool:
        """A topic is named: otherwise nobody may call."""
        return bool(self._topics)

    async def verify(self, callback: Callback) -> None:
        """Raise `BadSignature` unless this is a fresh message of one of our topics; confirm a subscription to it.

        `CannotTell` where Amazon does not give us its certificate, or does not take the confirmation, just now.
        """
        if not self._topics:
            raise BadSignature("no topic is configured for callbacks")
        envelope = _envelope(callback.body)
        if envelope.get("TopicArn") not in self._topics:
            raise BadSignature("the message is not from a topic of ours")
        signed = _string_to_sign(envelope)
        at = _instant(envelope.get("Timestamp"))
        if at is None or not -NEWEST <= callback.received_at - at <= OLDEST:
            raise BadSignature("the timestamp is too old or too new")
        kind = _HASHES.get(envelope.get("SignatureVersion", ""))
        if kind is None:
            raise BadSignature("the version of the signature is not known")
        signature = decoded(envelope.get("Signature", ""))
        certificate = await self._certificate(envelope.get("SigningCertURL", ""))
        _require(certificate, signature, signed, kind(), callback.received_at)
        if envelope["Type"] == _CONFIRMATION:
            await self._confirm(envelope)
        elif envelope["Type"] == _GOODBYE:
            log.warning("sns_subscription_ended", remedy="subscribe the hook to the topic again, if that was no wish")

    async def _certificate(self, url: str) -> Certificate:
        if not _CERTIFICATE.fullmatch(url):
            raise BadSignature("the certificate is not at Amazon's")
        if url in self._certificates:
            return self._certificates[url]
        async with self._fetching:
            if url not in self._certificates:
                found = _read(await self._get(url, "the certificate could not be fetched"))
                if len(self._certificates) >= KEPT_CERTIFICATES:
                    del self._certificates[next(iter(self._certificates))]
                self._certificates[url] = found
            return self._certificates[url]

    async def _confirm(self, envelope: dict[str, str]) -> None:
        url = envelope["SubscribeURL"]
        if not _CONFIRM.fullmatch(url):
            raise BadSignature("the address that confirms the subscription is not at Amazon's")
        await self._get(url, "the subscription could not be confirmed")
        log.info("sns_subscription_confirmed")

    async def _get(self, url: str, otherwise: str) -> Answer:
        try:
            answer = await ask(self._http, "GET", url, timeout=FETCH_SECONDS, follow_redirects=False)
        except Unanswered as error:
            raise CannotTell(f"{otherwise}: no answer ({error.code})") from None
        if answer.status == httpx.codes.OK:
            return answer
        # SNS takes a refusal for an answer and does not call again: a bad moment of Amazon's must not lose an event.
        if answer.status == httpx.codes.TOO_MANY_REQUESTS or answer.status >= 500:
            raise CannotTell(f"{otherwise}: {answer.status}")
        raise BadSignature(otherwise)


def topics_of(options: Options) -> tuple[str, ...]:
    """The setting `topics`. Raises `BadSetting` for one that is no ARN of a topic."""
    topics = tuple(word.strip() for word in options.text("topics").split(",") if word.strip())
    if not all(_ARN.fullmatch(topic) for topic in topics):
        raise options.bad("topics", "must be ARNs of SNS topics")
    return topics


def notice_of(callback: Callback) -> Notice | None:
    """What a verified callback says; None where it is about the subscription itself. Never raises."""
    try:
        envelope = _envelope(callback.body)
    except BadSignature:
        return Notice("", callback.received_at, "", None)
    if envelope.get("Type") in (_CONFIRMATION, _GOODBYE):
        return None
    text = envelope.get("Message", "")
    at = _instant(envelope.get("Timestamp")) or callback.received_at
    return Notice(envelope.get("MessageId", ""), at, text, _json(text.encode("utf-8", "replace")))


def _envelope(body: bytes) -> dict[str, str]:
    """The texts of the envelope by name."""
    found = _json(body)
    if not isinstance(found, dict):
        raise BadSignature("the body is no message of SNS")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _string_to_sign(envelope: dict[str, str]) -> bytes:
    """ "Name\\nvalue\\n" for each signed name. Raises `BadSignature` where one is missing."""
    names = _SIGNED.get(envelope.get("Type", ""))
    if names is None:
        raise BadSignature("the type of the message is not known")
    present = [name for name in names if name in envelope or name != "Subject"]
    if any(name not in envelope for name in present):
        raise BadSignature("the message is not whole")
    return "".join(f"{name}\n{envelope[name]}\n" for name in present).encode("utf-8", "surrogatepass")


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _read(answer: Answer) -> Certificate:
    try:
        return load_pem_x509_certificate(answer.body)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadSignature("the certificate is not readable") from None


def _require(
    certificate: Certificate, signature: bytes, signed: bytes, kind: hashes.HashAlgorithm, now: datetime
) -> None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise BadSignature("the certificate is not readable") from None
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("the certificate has no RSA key")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise BadSignature("the certificate is not valid at this time")
    try:
        key.verify(signature, signed, PKCS1v15(), kind)
    except InvalidSignature:
        raise BadSignature("the signature does not fit") from None
