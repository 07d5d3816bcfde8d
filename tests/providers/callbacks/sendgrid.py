"""SendGrid: JSON events and mails as forms, signed by ECDSA."""

import base64
from functools import partial

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, MAIL_TO, STAMP, About, Happening, Tell, mail_headers
from tests.providers.over_http import form
from tests.providers.people import NOW

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
HEARS = {"webhook_keys": PUBLIC}


def signed(body: bytes, content_type: str = "application/json") -> Callback:
    signature = base64.b64encode(KEY.sign(STAMP.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "content-type": content_type,
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": STAMP,
    }
    return Callback("POST", f"{HOOK}/sendgrid", headers, body, NOW)


def event(name: str, about: About, **more: str) -> Callback:
    said = {"event": name, "email": about.address, "timestamp": int(STAMP), "wire_id": about.wire_id}
    return signed(orjson.dumps([said | {"sg_event_id": name, "sg_message_id": f"{about.own_id}.filter0001.0"} | more]))


def mail(about: About) -> Callback:
    headers = "".join(f"{name}: {text}\n" for name, text in mail_headers(about, about.address).items())
    envelope = orjson.dumps({"to": [MAIL_TO], "from": about.address}).decode()
    return signed(*form({"headers": headers, "text": "DONE", "envelope": envelope}))


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "delivered", response="250 ok"),
    Happening.NOT_NOW: partial(event, "bounce", type="blocked", status="4.7.1"),
    Happening.NOBODY_THERE: partial(event, "bounce", type="bounce", status="5.1.1"),
    Happening.COMPLAINED: partial(event, "spamreport"),
    Happening.LEFT: partial(event, "unsubscribe"),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "teleported"),
}
