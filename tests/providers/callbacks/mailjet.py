"""Mailjet: a list of JSON events, or a mail, behind a name and a password."""

from base64 import b64encode
from functools import partial

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, MAIL_TO, STAMP, About, Happening, Tell, mail_headers
from tests.providers.people import NOW
from tests.providers.samples import SECRET

LOGIN = f"mailjet:{SECRET}"
HEARS = {"hook_logins": LOGIN}


def posted(said: object) -> Callback:
    basic = f"Basic {b64encode(LOGIN.encode()).decode()}"
    headers = {"content-type": "application/json", "authorization": basic}
    return Callback("POST", f"{HOOK}/mailjet", headers, orjson.dumps(said), NOW)


def event(name: str, about: About, **more: object) -> Callback:
    said = {"event": name, "time": int(STAMP), "MessageID": 1, "email": about.address, "CustomID": about.wire_id}
    return posted([said | more])


def mail(about: About) -> Callback:
    headers = mail_headers(about, about.address)
    said = {"Sender": about.address, "Recipient": MAIL_TO, "From": headers["From"], "Headers": headers}
    return posted(said | {"Subject": "Re: Reminder", "Text-part": "DONE", "CustomID": about.wire_id})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "sent"),
    Happening.NOT_NOW: partial(event, "bounce", hard_bounce=False, error="quota exceeded"),
    Happening.NOBODY_THERE: partial(event, "bounce", hard_bounce=True, error="user unknown"),
    Happening.COMPLAINED: partial(event, "spam"),
    Happening.LEFT: partial(event, "unsub"),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "teleported"),
}
