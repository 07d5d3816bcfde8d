"""Amazon SES: events and mails as notices of an SNS topic, signed with Amazon's certificate."""

from base64 import b64encode
from functools import partial
from typing import Any

from reminder.providers.contract import Callback
from reminder.providers.email.ses_callbacks import tag_of
from tests.fakes.sns import ARN, notice
from tests.providers.callbacks import AT, MAIL_TO, About, Happening, Tell, mail_headers

HEARS = {"topics": ARN}


def event(kind: str, about: About, **more: Any) -> Callback:
    tags = {"ses:configuration-set": ["reminders"], "wire_id": [tag_of(about.wire_id)["Value"]]}
    mail = {"timestamp": AT, "messageId": about.own_id, "destination": [about.address], "tags": tags}
    return notice({"eventType": kind, "mail": mail} | more)


def bounce(kind: str, about: About) -> Callback:
    people = [{"emailAddress": about.address}]
    told = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": people, "timestamp": AT}
    return event("Bounce", about, bounce=told)


def complaint(about: About) -> Callback:
    told = {"complainedRecipients": [{"emailAddress": about.address}], "timestamp": AT}
    return event("Complaint", about, complaint=told)


def delivery(about: About) -> Callback:
    return event("Delivery", about, delivery={"timestamp": AT, "recipients": [about.address]})


def left(about: About) -> Callback:
    told = {"contactList": "l", "timestamp": AT, "newTopicPreferences": {"unsubscribeAll": True}}
    return event("Subscription", about, subscription=told)


def mail(about: About) -> Callback:
    head = "".join(f"{name}: {text}\r\n" for name, text in mail_headers(about, about.address).items())
    action = {"type": "SNS", "topicArn": ARN, "encoding": "BASE64"}
    told = {
        "notificationType": "Received",
        "mail": {"timestamp": AT, "messageId": "an-answer", "source": about.address, "destination": [MAIL_TO]},
        "receipt": {"timestamp": AT, "recipients": [MAIL_TO], "action": action},
        "content": b64encode(f"{head}\r\nDONE\r\n".encode()).decode(),
    }
    return notice(told)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: delivery,
    Happening.NOT_NOW: partial(bounce, "Transient"),
    Happening.NOBODY_THERE: partial(bounce, "Permanent"),
    Happening.COMPLAINED: complaint,
    Happening.LEFT: left,
    Happening.WRITES: mail,
    Happening.STRANGE: partial(event, "Teleportation"),
}
