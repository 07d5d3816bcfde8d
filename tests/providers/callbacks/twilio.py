"""Twilio: forms, signed with their address."""

import base64
import hashlib
import hmac
from functools import partial
from urllib.parse import urlencode

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples import SECRET

URL = f"{HOOK}/twilio"
HEARS = {"hook_url": URL}


def signed(fields: dict[str, str], query: str = "") -> Callback:
    url = URL + query
    text = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    signature = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    return Callback("POST", url, headers, urlencode(fields).encode(), NOW)


def status(word: str, about: About, code: str = "") -> Callback:
    fields = {"MessageSid": about.own_id, "MessageStatus": word, "To": about.address, "From": TEXT_TO}
    return signed(fields | ({"ErrorCode": code} if code else {}), f"?{urlencode({'m': about.wire_id})}")


def text(about: About) -> Callback:
    said = {"MessageSid": "an-answer", "SmsStatus": "received", "From": about.address, "To": TEXT_TO, "Body": "DONE"}
    return signed(said)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(status, "delivered"),
    Happening.NOT_NOW: partial(status, "undelivered", code="30003"),
    Happening.NOBODY_THERE: partial(status, "undelivered", code="30005"),
    Happening.LEFT: partial(status, "failed", code="21610"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(status, "teleported"),
}
