"""AWS End User Messaging SMS: notices of an SNS topic. It does not say that somebody left."""

from functools import partial

from reminder.providers.contract import Callback
from tests.fakes.sns import ARN, notice
from tests.providers.callbacks import STAMP, TEXT_TO, About, Happening, Tell

HEARS = {"topics": ARN}


def event(kind: str, about: About) -> Callback:
    said = {"eventType": kind, "eventTimestamp": int(STAMP) * 1000, "isFinal": True, "messageId": about.own_id}
    return notice(said | {"destinationPhoneNumber": about.address, "context": {"wire_id": about.wire_id}})


def text(about: About) -> Callback:
    said = {"originationNumber": about.address, "destinationNumber": TEXT_TO, "messageBody": "DONE"}
    return notice(said | {"messageKeyword": "KEYWORD", "inboundMessageId": "an-answer"})


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(event, "TEXT_DELIVERED"),
    Happening.NOT_NOW: partial(event, "TEXT_UNREACHABLE"),
    Happening.NOBODY_THERE: partial(event, "TEXT_INVALID"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(event, "TEXT_TELEPORTED"),
}
