"""Resend: one JSON document a callback, signed as Svix signs. It never says that somebody left."""

import base64
import hashlib
import hmac
from functools import partial

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import AT, HOOK, MAIL_TO, STAMP, About, Happening, Tell
from tests.providers.people import NOW

KEY = b"a signing secret of ours"
HEARS = {"webhook_secrets": f"whsec_{base64.b64encode(KEY).decode()}"}


def signed(said: object) -> Callback:
    body = orjson.dumps(said)
    told_id = f"msg_{hashlib.sha256(body).hexdigest()[:24]}"
    digest = hmac.digest(KEY, f"{told_id}.{STAMP}.".encode() + body, hashlib.sha256)
    headers = {"svix-id": told_id, "svix-timestamp": STAMP, "svix-signature": f"v1,{base64.b64encode(digest).decode()}"}
    return Callback("POST", f"{HOOK}/resend", headers | {"content-type": "application/json"}, body, NOW)


def event(kind: str, about: About, **more: object) -> Callback:
    data = {"email_id": about.own_id, "to": [about.address], "tags": {"wire_id": about.wire_id.replace(".", "_")}}
    return signed({"type": kind, "created_at": AT, "data": data | more})


def mail(about: About) -> Callback:
    """Only who wrote, and about what: the text must be fetched."""
    data = {"from": about.address, "to": [MAIL_TO], "subject": "DONE", "message_id": "<answer-1@example.org>"}
    return signed({"type": "email.received", "created_at": AT, "data": data})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "email.delivered"),
    Happening.NOT_NOW: partial(event, "email.bounced", bounce={"type": "Transient", "subType": "General"}),
    Happening.NOBODY_THERE: partial(event, "email.bounced", bounce={"type": "Permanent", "subType": "General"}),
    Happening.COMPLAINED: partial(event, "email.complained"),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "email.teleported"),
}
