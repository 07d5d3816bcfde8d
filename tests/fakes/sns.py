"""An SNS topic: signs what it says with a key of its own, and shows the certificate at Amazon's address."""

import functools
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from reminder.providers.contract import Callback
from tests.providers.people import NOW

ARN = "arn:aws:sns:eu-west-1:123456789012:events"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
CONFIRM = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={ARN}&Token=2336412f37fb"
MESSAGE_ID = "da41e39f-ea4d-435a-b922-c6aae3915ebe"
STAMP = "2020-12-22T08:59:30.123Z"
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": MESSAGE_ID,
    "TopicArn": ARN,
    "Message": '{"eventType":"Delivery"}',
    "Timestamp": STAMP,
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37fb",
    "TopicArn": ARN,
    "Message": "You have chosen to subscribe to the topic.",
    "SubscribeURL": CONFIRM,
    "Timestamp": STAMP,
}
_ORDER = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def certificate(year: int = 2020, *, elliptic: bool = False) -> bytes:
    """The topic's certificate, good for a year; `elliptic`: of a kind that SNS does not use."""
    key = ec.generate_private_key(ec.SECP256R1()) if elliptic else _key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example.org")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(year, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year + 1, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def signed(envelope: dict[str, str], version: str = "2") -> dict[str, str]:
    """The envelope with its signature."""
    text = "".join(f"{name}\n{envelope[name]}\n" for name in _ORDER if name in envelope).encode()
    kind = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = b64encode(_key().sign(text, PKCS1v15(), kind)).decode()
    return {"SignatureVersion": version, "Signature": signature, "SigningCertURL": CERTIFICATE} | envelope


def posted(envelope: Any, at: datetime = NOW) -> Callback:
    """An envelope as SNS posts it."""
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    body = envelope if isinstance(envelope, bytes) else orjson.dumps(envelope)
    return Callback("POST", "https://reminder.example.org/hooks/ses", headers, body, at)


def notice(message: object, **more: str) -> Callback:
    """A signed notification of the topic that says this."""
    text = message if isinstance(message, str) else orjson.dumps(message).decode()
    return posted(signed(NOTIFICATION | {"Message": text} | more))


@dataclass
class Amazon:
    """What answers at Amazon's addresses. `asked` are the URLs; the first `failures` requests get 500."""

    pem: bytes = b""
    status: int = 200
    failures: int = 0
    location: str = ""
    asked: list[str] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer), follow_redirects=True)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if len(self.asked) <= self.failures:
            return httpx.Response(500)
        headers = {"location": self.location} if self.location else {}
        return httpx.Response(self.status, headers=headers, content=self.pem or certificate())
