"""Vonage's SMS API: forms, signed by HMAC."""

import hashlib
import hmac
from functools import partial
from urllib.parse import urlencode

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, STAMP, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples.vonage import SIGNATURE_SECRET

HEARS = {"hook_url": f"{HOOK}/vonage", "signature_secret": SIGNATURE_SECRET}


def signed(fields: dict[str, str]) -> Callback:
    fields = fields | {"message-timestamp": "2020-12-22 09:00:00", "timestamp": STAMP}
    text = "".join(f"&{name}={value.replace('&', '_').replace('=', '_')}" for name, value in sorted(fields.items()))
    made = hmac.new(SIGNATURE_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Callback("POST", f"{HOOK}/vonage", headers, urlencode(fields | {"sig": made}).encode(), NOW)


def receipt(word: str, about: About, code: str = "0") -> Callback:
    fields = {"msisdn": about.address[1:], "to": "Appeals", "messageId": about.own_id, "status": word, "err-code": code}
    more = {"network-code": "12345", "price": "0.03330000", "scts": "2012220900", "api-key": "abcd1234"}
    return signed(fields | more | {"client-ref": about.wire_id})


def text(about: About) -> Callback:
    fields = {"msisdn": about.address[1:], "to": TEXT_TO[1:], "messageId": "an-answer", "text": "DONE", "type": "text"}
    return signed(fields | {"keyword": "DONE"})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(receipt, "delivered"),
    Happening.NOT_NOW: partial(receipt, "failed", code="2"),
    Happening.NOBODY_THERE: partial(receipt, "failed", code="3"),
    Happening.LEFT: partial(receipt, "failed", code="9"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(receipt, "teleported"),
}
