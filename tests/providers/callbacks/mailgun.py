"""Mailgun: JSON events and mails as forms, each with a signed token."""

import hashlib
import hmac
from functools import partial

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, MAIL_TO, STAMP, About, Happening, Tell, mail_headers
from tests.providers.over_http import form
from tests.providers.people import NOW
from tests.providers.samples import SECRET

HEARS = {"signing_keys": SECRET}


def token_of(body: bytes) -> dict[str, str]:
    """Each callback has a token of its own."""
    token = hashlib.sha256(body).hexdigest()[:50]
    made = hmac.new(SECRET.encode(), (STAMP + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": STAMP, "token": token, "signature": made}


def event(name: str, about: About, **more: object) -> Callback:
    said = {
        "event": name,
        "id": name,
        "timestamp": NOW.timestamp(),
        "recipient": about.address,
        "user-variables": {"wire_id": about.wire_id},
        "message": {"headers": {"message-id": about.own_id}},
        **more,
    }
    body = orjson.dumps({"signature": token_of(orjson.dumps(said)), "event-data": said})
    return Callback("POST", f"{HOOK}/mailgun", {"content-type": "application/json"}, body, NOW)


def mail(about: About) -> Callback:
    headers = orjson.dumps(list(mail_headers(about, about.address).items())).decode()
    fields = {"sender": about.address, "recipient": MAIL_TO, "body-plain": "DONE", "message-headers": headers}
    body, kind = form(fields | token_of(headers.encode()))
    return Callback("POST", f"{HOOK}/mailgun", {"content-type": kind}, body, NOW)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "delivered"),
    Happening.NOT_NOW: partial(event, "failed", severity="permanent", reason="generic"),
    Happening.NOBODY_THERE: partial(event, "failed", severity="permanent", reason="bounce"),
    Happening.COMPLAINED: partial(event, "complained"),
    Happening.LEFT: partial(event, "unsubscribed"),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "teleported"),
}
