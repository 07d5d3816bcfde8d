"""What Infobip tells us: delivery reports and texts that came in, several a callback, and what its statuses mean.

Our wire id comes back as messageId and as callbackData. Sources: Infobip's pages "Message status codes" and "Error code
reference" (infobip.com/docs/developer-resources/api-fundamentals), the OpenAPI description of its SMS API.
"""

from datetime import datetime
from typing import Any

import orjson

from reminder.domain.states import Channel, Result
from reminder.domain.wire import message_of
from reminder.providers.contract import Callback, Inbound, ProviderEvent, Told
from reminder.providers.sms.single import AWAY, DEAD, LEFT, REFUSED, Ending, e164, iso_instant, told

PENDING, UNDELIVERABLE, DELIVERED, EXPIRED, REJECTED = 1, 2, 3, 4, 5
# Statuses that say more than their group: handed to the operator, or no word from it in time.
STATUSES: dict[int, Result] = {
    **dict.fromkeys((2, 3, 7), Result.SENT),
    # EXPIRED_DLR_UNKNOWN: the time is over and nobody knows.
    29: Result.SENT,
}
GROUPS: dict[int, Result] = {PENDING: Result.QUEUED, DELIVERED: Result.DELIVERED}
# Why a message did not arrive, by error id. "permanent" in a report speaks of the same message, not of the number.
ENDINGS: dict[int, Ending] = {
    # Unknown, without texts, no such country, not provisioned for texts, unable to receive them, switched off for good.
    **dict.fromkeys((1, 11, 352, 568, 629, 3041), DEAD),
    # Blocked by the person, STOP to our number, do-not-disturb, do-not-contact list.
    **dict.fromkeys((573, 603, 2050, 2052), LEFT),
    # Barred, no credit, suspended, overloaded, out of time: these end.
    **dict.fromkeys((13, 581, 569, 630, 811, 2048, 4098, 4101), AWAY),
}
# And by status id, where there is no error: the number is none, or the person is on a list.
STATUS_ENDINGS: dict[int, Ending] = {**dict.fromkeys((8, 51, 52), DEAD), **dict.fromkeys((10, 14), LEFT)}
HANDSET_ERRORS = 1


def result_of(status: object) -> Result | None:
    """What a status object says became of a message that may still arrive or has; None where it did not arrive."""
    group, number = number_at(status, "groupId"), number_at(status, "id")
    return STATUSES.get(number) or GROUPS.get(group)


def number_at(found: object, name: str) -> int:
    """A whole number in parsed JSON; -1 where there is none."""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def text_at(found: object, name: str) -> str:
    """A text in parsed JSON; empty where there is none."""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def results_in(body: bytes) -> list[Any]:
    """The results of a callback or of a page of the log; empty where there are none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    results = found.get("results") if isinstance(found, dict) else None
    return results if isinstance(results, list) else []


def heard(callback: Callback) -> list[Told]:
    """The reports and texts of a callback."""
    results = results_in(callback.body)
    if not results:
        return [ProviderEvent("unknown", Result.UNKNOWN, callback.received_at)]
    return [each for result in results for each in _told(result, callback.received_at)]


def _told(result: Any, received_at: datetime) -> list[Told]:
    if isinstance(result, dict) and "status" in result:
        return reported(result, received_at)
    if text_at(result, "from") and "text" in result:
        return [_inbound(result, received_at)]
    return [ProviderEvent("unknown", Result.UNKNOWN, received_at)]


def reported(result: dict[str, Any], received_at: datetime) -> list[Told]:
    """What a report says of its message, or a line of the log; `received_at` where it has no instant of its own."""
    status, error = result["status"], result.get("error")
    known, name = result_of(status), text_at(status, "name")
    group, error_id = number_at(status, "groupId"), number_at(error, "id")
    message_id = text_at(result, "messageId")
    event = ProviderEvent(
        kind="unknown" if known is None else "status",
        result=known or Result.UNKNOWN,
        at=iso_instant(result.get("doneAt"), received_at),
        wire_id=text_at(result, "callbackData") or message_id,
        provider_id=message_id,
        address=e164(text_at(result, "to")),
        code=_code(name, text_at(error, "name") if error_id > 0 else ""),
        same=f"{message_id} {number_at(status, 'id')}",
    )
    if known is not None or group not in {UNDELIVERABLE, EXPIRED, REJECTED}:
        return [event]
    return told(_ending(group, number_at(status, "id"), error), event)


def _ending(group: int, status_id: int, error: object) -> Ending:
    error_id = number_at(error, "id")
    if error_id in ENDINGS:
        return ENDINGS[error_id]
    if status_id in STATUS_ENDINGS:
        return STATUS_ENDINGS[status_id]
    handset = error_id > 0 and number_at(error, "groupId") == HANDSET_ERRORS
    return AWAY if group == EXPIRED or handset else REFUSED


def _code(*names: str) -> str:
    """The names of a status and an error; names alone, for codes are kept in the clear."""
    return " ".join(name for name in names if name.isascii() and name.replace("_", "").isalnum())[:80]


def _inbound(result: dict[str, Any], received_at: datetime) -> Inbound:
    named = [text_at(result, name) for name in ("pairedMessageId", "callbackData")]
    return Inbound(
        channel=Channel.SMS,
        at=iso_instant(result.get("receivedAt"), received_at),
        sender=e164(text_at(result, "from")),
        to=e164(text_at(result, "to")),
        text=text_at(result, "text"),
        provider_id=text_at(result, "messageId"),
        in_reply_to=next((wire_id for wire_id in named if message_of(wire_id) is not None), ""),
    )
