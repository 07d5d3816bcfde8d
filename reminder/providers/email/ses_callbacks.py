"""What Amazon SES tells us through SNS: published events, notifications of an identity, mails from receipt rules.

A published event ("eventType") has our tag, a notification of an identity ("notificationType") only SES's own id; where
both are on, each thing is told twice. A receipt rule must hand mails on by its SNS action, which carries the whole mail up
to 150 kB; rules that store it elsewhere tell us its head alone, and then the text of a reply is empty.

Sources: the SES guide's pages "Contents of event data that Amazon SES publishes to Amazon SNS", "Amazon SNS notification
contents" (bounce types and subtypes, complaint subtypes), "Contents of notifications for Amazon SES email receiving".
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.providers.contract import Callback, Inbound, ProviderEvent, Told
from reminder.providers.email.reading import code_of, iso_instant, list_at, named, raw_mail, reply, text_at, unknown
from reminder.providers.sns import Notice, notice_of

TAG = "wire_id"
_OWN_ID = re.compile(r"<([A-Za-z0-9-]{10,120})@(?:[a-z0-9-]+\.)?amazonses\.com>")
# For each kind: what became of the message, and the object (and its list of people) that says so.
_STATUS = {
    "Send": (Result.SENT, "send", ""),
    "Delivery": (Result.DELIVERED, "delivery", "recipients"),
    "DeliveryDelay": (Result.DEFERRED, "deliveryDelay", "delayedRecipients"),
    "Bounce": (Result.BOUNCED, "bounce", "bouncedRecipients"),
    "Complaint": (Result.COMPLAINED, "complaint", "complainedRecipients"),
    "Reject": (Result.FAILED, "reject", ""),
    "Rendering Failure": (Result.FAILED, "failure", ""),
}
# Where the word for it stands in that object.
_CODES = {
    "Bounce": ("bounceSubType",),
    "Complaint": ("complaintFeedbackType", "complaintSubType"),
    "DeliveryDelay": ("delayType",),
    "Reject": ("reason",),
}
# A transient bounce for one of these speaks of the message, not of the address.
_OF_THE_MESSAGE = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
_NOTED = frozenset({"Open", "Click", "AmazonSnsSubscriptionSucceeded"})
# What SES writes to a topic when events are switched on for it.
_GREETING = "Successfully validated SNS topic"


def tag_of(wire_id: str) -> dict[str, str]:
    """Our wire id as a tag, which may hold letters, digits, "_" and "-" only."""
    return {"Name": TAG, "Value": wire_id.replace("_", "_u").replace(".", "_d")}


def _wire_id(mail: object) -> str:
    tags = mail.get("tags") if isinstance(mail, dict) else None
    values = list_at(tags, TAG)
    value = values[0] if values and isinstance(values[0], str) else ""
    return value.replace("_d", ".").replace("_u", "_")


def told(callback: Callback) -> list[Told]:
    """The events in an envelope, or the mail in it; nothing where it is about the subscription."""
    notice = notice_of(callback)
    if notice is None:
        return []
    event = notice.said
    if not isinstance(event, dict):
        greeted = notice.text.startswith(_GREETING)
        return [replace(unknown(callback), kind="noted") if greeted else unknown(callback)]
    kind = text_at(event, "eventType") or text_at(event, "notificationType")
    if kind == "Received":
        return [_mail(callback, event, notice)]
    if kind in _STATUS:
        return _status(kind, event, notice)
    if kind == "Subscription":
        return [_subscription(event, notice)]
    return [_event("noted" if kind in _NOTED else "unknown", event, notice, notice.at, code=kind)]


def _event(
    kind: str,
    event: dict[str, Any],
    notice: Notice,
    at: datetime,
    *,
    result: Result = Result.UNKNOWN,
    code: str = "",
    number: int = 0,
    address: str = "",
) -> ProviderEvent:
    mail = event.get("mail")
    return ProviderEvent(
        kind,
        result,
        at,
        wire_id=_wire_id(mail),
        provider_id=text_at(mail, "messageId"),
        address=address,
        code=code_of(code),
        # SNS tells a message again with the same id; one message may speak of several people.
        same=f"{notice.message_id}/{number}" if number else notice.message_id,
    )


def _status(kind: str, event: dict[str, Any], notice: Notice) -> list[Told]:
    result, name, people = _STATUS[kind]
    about = event.get(name)
    at = iso_instant(text_at(about, "timestamp") or text_at(event, "mail", "timestamp"), notice.at)
    code = next((word for path in _CODES.get(kind, ()) if (word := text_at(about, path))), kind)
    # A message of ours has one reader: whom an event names is that one.
    addresses = _addresses(list_at(about, people)) or _addresses(list_at(event.get("mail"), "destination")) or [""]
    found: list[Told] = []
    for number, address in enumerate(addresses):
        one = _event("status", event, notice, at, result=result, code=code, number=number, address=address)
        found += _bounce(one, about) if kind == "Bounce" else [_complaint(one) if kind == "Complaint" else one]
    return found


def _addresses(people: Iterable[object]) -> list[str]:
    named_people = (person if isinstance(person, str) else text_at(person, "emailAddress") for person in people)
    return [address for address in named_people if address]


def _bounce(event: ProviderEvent, about: object) -> list[Told]:
    """A permanent bounce, a soft one, a refused text, or somebody who left by Amazon's own list."""
    kind, word = text_at(about, "bounceType"), text_at(about, "bounceSubType")
    if word == "UnsubscribedRecipient":
        left = replace(event, kind="left", result=Result.UNKNOWN, leaving=Leaving.ALL_EMAIL)
        return [replace(event, result=Result.FAILED), left]
    if kind != "Permanent" and word in _OF_THE_MESSAGE:
        return [replace(event, result=Result.FAILED)]
    return [replace(event, permanent=kind == "Permanent")]


def _complaint(event: ProviderEvent) -> ProviderEvent:
    """The reader's "this is no spam" comes as a complaint too."""
    return replace(event, kind="noted", result=Result.UNKNOWN) if event.code == "not-spam" else event


def _subscription(event: dict[str, Any], notice: Notice) -> Told:
    """Somebody used Amazon's own unsubscribe page: they left if nothing is left for them."""
    about = event.get("subscription")
    at = iso_instant(text_at(about, "timestamp"), notice.at)
    wishes = about.get("newTopicPreferences") if isinstance(about, dict) else None
    gone = isinstance(wishes, dict) and wishes.get("unsubscribeAll") is True
    address = (_addresses(list_at(event.get("mail"), "destination")) or [""])[0]
    found = _event("left" if gone else "noted", event, notice, at, code="Subscription", address=address)
    return replace(found, leaving=Leaving.ALL_EMAIL) if gone else found


def _mail(callback: Callback, event: dict[str, Any], notice: Notice) -> Told:
    """A mail to us, whole or, without its content, by its head."""
    mail, receipt = event.get("mail"), event.get("receipt")
    content = text_at(event, "content")
    headers, text = raw_mail(_raw(content, text_at(receipt, "action", "encoding"))) if content else ({}, "")
    if not headers:
        pairs = ((text_at(each, "name"), text_at(each, "value")) for each in list_at(mail, "headers"))
        headers = named((name, value) for name, value in pairs if name) or _common(mail)
    headers.setdefault("return-path", f"<{text_at(mail, 'source')}>")
    to = _addresses(list_at(receipt, "recipients")) or _addresses(list_at(mail, "destination"))
    found = reply(callback, headers, text, to=to[0] if to else "", provider_id=text_at(mail, "messageId"))
    if not isinstance(found, Inbound):
        return found
    at = iso_instant(text_at(mail, "timestamp"), notice.at)
    own = next(
        (ids[-1] for name in ("in-reply-to", "references") if (ids := _OWN_ID.findall(headers.get(name, "")))), ""
    )
    return replace(found, at=at, in_reply_to_id=own)


def _common(mail: object) -> dict[str, str]:
    """The few headers that stand apart, where the list of all of them is missing."""
    common = mail.get("commonHeaders") if isinstance(mail, dict) else None
    found = {
        "from": ", ".join(_addresses(list_at(common, "from"))),
        "to": ", ".join(_addresses(list_at(common, "to"))),
        "subject": text_at(common, "subject"),
        "message-id": text_at(common, "messageId"),
    }
    return {name: value for name, value in found.items() if value}


def _raw(content: str, encoding: str) -> bytes:
    """The mail as it came. The encoding is only named where the rule sets it; by default it is UTF-8."""
    raw = content.encode("utf-8", "replace")
    if encoding.upper() == "UTF8":
        return raw
    try:
        decoded = b64decode("".join(content.split()), validate=True)
    except (NotBase64, ValueError):
        return raw
    return decoded if encoding or b":" in decoded else raw
