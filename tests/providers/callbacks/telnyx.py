"""Telnyx: one JSON document a callback, signed by Ed25519."""

from base64 import b64encode
from functools import partial
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reminder.providers.contract import Callback
from tests.providers.callbacks import AT, HOOK, STAMP, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW

URL = f"{HOOK}/telnyx"
KEY = Ed25519PrivateKey.generate()
HEARS = {"hook_url": URL, "public_key": b64encode(KEY.public_key().public_bytes_raw()).decode()}


def signed(kind: str, payload: dict[str, object], url: str) -> Callback:
    data = {"event_type": kind, "id": "86f58db9-0fe3-4adc-9d1f-46e66e6e9323", "occurred_at": AT, "payload": payload}
    body = orjson.dumps({"data": data | {"record_type": "event"}, "meta": {"attempt": 1, "delivered_to": url}})
    signature = b64encode(KEY.sign(STAMP.encode() + b"|" + body)).decode()
    headers = {"telnyx-signature-ed25519": signature, "telnyx-timestamp": STAMP, "content-type": "application/json"}
    return Callback("POST", url, headers, body, NOW)


def status(word: str, about: About, code: str = "") -> Callback:
    url = f"{URL}?{urlencode({'m': about.wire_id})}"
    errors = [{"code": code, "title": "Refused"}] if code else []
    to = [{"phone_number": about.address, "status": word}]
    payload = {"id": about.own_id, "direction": "outbound", "to": to, "errors": errors, "webhook_url": url}
    return signed("message.finalized", payload, url)


def text(about: About) -> Callback:
    people = {"from": {"phone_number": about.address}, "to": [{"phone_number": TEXT_TO}]}
    payload = {"id": "an-answer", "direction": "inbound", **people, "text": "DONE", "received_at": AT}
    return signed("message.received", payload, URL)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(status, "delivered"),
    Happening.NOT_NOW: partial(status, "delivery_failed", code="40004"),
    Happening.NOBODY_THERE: partial(status, "delivery_failed", code="40001"),
    Happening.LEFT: partial(status, "sending_failed", code="40300"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(status, "teleported"),
}
