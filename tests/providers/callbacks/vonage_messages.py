"""Vonage's Messages API: one JSON document a callback, with a token over its digest."""

import hashlib
from functools import partial

import orjson
from jwt import encode

from reminder.providers.contract import Callback
from tests.providers.callbacks import AT, HOOK, STAMP, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples.vonage_messages import SIGNATURE_SECRET

HEARS = {"hook_url": f"{HOOK}/vonage-messages", "signature_secret": SIGNATURE_SECRET}


def signed(said: object) -> Callback:
    body = orjson.dumps(said)
    claims = {"iat": int(STAMP), "jti": "1", "iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest()}
    headers = {"authorization": f"Bearer {encode(claims, SIGNATURE_SECRET, algorithm='HS256')}"}
    return Callback("POST", f"{HOOK}/vonage-messages", headers | {"content-type": "application/json"}, body, NOW)


def status(word: str, about: About, code: str = "") -> Callback:
    said = {"message_uuid": about.own_id, "to": about.address[1:], "from": "Appeals", "timestamp": AT, "channel": "sms"}
    error = {"title": code, "type": f"https://developer.nexmo.com/api-errors/messages-olympus#{code}"}
    return signed(said | {"client_ref": about.wire_id, "status": word} | ({"error": error} if code else {}))


def text(about: About) -> Callback:
    said = {
        "message_uuid": "an-answer",
        "to": TEXT_TO[1:],
        "from": about.address[1:],
        "timestamp": AT,
        "channel": "sms",
    }
    return signed(said | {"message_type": "text", "text": "DONE"})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(status, "delivered"),
    Happening.NOT_NOW: partial(status, "undeliverable", code="1180"),
    Happening.NOBODY_THERE: partial(status, "undeliverable", code="1170"),
    Happening.LEFT: partial(status, "rejected", code="1240"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(status, "teleported"),
}
