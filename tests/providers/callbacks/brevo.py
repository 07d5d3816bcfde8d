"""Brevo: one JSON document or several a callback, behind a name and a password."""

from base64 import b64encode
from functools import partial

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, MAIL_TO, STAMP, About, Happening, Tell, mail_headers
from tests.providers.people import NOW
from tests.providers.samples import SECRET

LOGIN = f"brevo:{SECRET}"
HEARS = {"hook_logins": LOGIN}


def posted(said: object) -> Callback:
    basic = f"Basic {b64encode(LOGIN.encode()).decode()}"
    headers = {"content-type": "application/json", "authorization": basic}
    return Callback("POST", f"{HOOK}/brevo", headers, orjson.dumps(said), NOW)


def event(name: str, about: About) -> Callback:
    said = {"event": name, "email": about.address, "message-id": about.own_id, "X-Mailin-custom": about.wire_id}
    return posted(said | {"id": 26224, "ts_epoch": int(STAMP) * 1000})


def mail(about: About) -> Callback:
    headers = mail_headers(about, about.address)
    said = {"Uuid": ["an-answer"], "From": {"Address": about.address}, "Recipients": [MAIL_TO], "Headers": headers}
    return posted({"items": [said | {"Subject": "Re: Reminder", "RawTextBody": "DONE"}]})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "delivered"),
    Happening.NOT_NOW: partial(event, "soft_bounce"),
    Happening.NOBODY_THERE: partial(event, "hard_bounce"),
    Happening.COMPLAINED: partial(event, "spam"),
    Happening.LEFT: partial(event, "unsubscribe"),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "teleported"),
}
