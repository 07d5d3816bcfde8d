"""Postmark: one JSON document a callback, behind a name and a password."""

from base64 import b64encode
from functools import partial

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import AT, HOOK, MAIL_TO, About, Happening, Tell, mail_headers
from tests.providers.people import NOW
from tests.providers.samples import SECRET

LOGIN = f"postmark:{SECRET}"
HEARS = {"hook_logins": LOGIN}


def posted(said: object) -> Callback:
    basic = f"Basic {b64encode(LOGIN.encode()).decode()}"
    headers = {"content-type": "application/json", "authorization": basic}
    return Callback("POST", f"{HOOK}/postmark", headers, orjson.dumps(said), NOW)


def event(record: str, about: About, **more: object) -> Callback:
    said = {
        "RecordType": record,
        "MessageID": about.own_id,
        "Metadata": {"wire_id": about.wire_id},
        "Email": about.address,
    }
    return posted(said | {"Recipient": about.address} | more)


def bounce(kind: str, about: About) -> Callback:
    return event("Bounce", about, Type=kind, BouncedAt=AT)


def mail(about: About) -> Callback:
    headers = [{"Name": name, "Value": text} for name, text in mail_headers(about, about.address).items()]
    said = {"FromFull": {"Email": about.address}, "OriginalRecipient": MAIL_TO, "TextBody": "DONE", "Headers": headers}
    return posted(said | {"MessageID": "an-answer", "Subject": "Re: Reminder"})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "Delivery", DeliveredAt=AT),
    Happening.NOT_NOW: partial(bounce, "SoftBounce"),
    Happening.NOBODY_THERE: partial(bounce, "HardBounce"),
    Happening.COMPLAINED: partial(event, "SpamComplaint", BouncedAt=AT),
    Happening.LEFT: partial(
        event, "SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression", ChangedAt=AT
    ),
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "Teleportation"),
}
