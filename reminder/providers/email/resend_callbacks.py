"""What Resend tells us: one event a callback, signed by Svix.

Our wire id comes back as a tag. Sources: the webhooks section of Resend's OpenAPI description and its pages on events.
"""

from email.utils import parseaddr
from typing import Any

import orjson

from reminder.domain.states import Result
from reminder.providers.contract import Callback, ProviderEvent, Told
from reminder.providers.email.reading import code_of, iso_instant, list_at, named, reply, text_at, unknown

TAG = "wire_id"

# "email.sent" says that Resend will try, not that anybody has it.
STATUSES: dict[str, Result] = {
    "email.scheduled": Result.QUEUED,
    "email.queued": Result.QUEUED,
    "email.sent": Result.QUEUED,
    "email.delivery_delayed": Result.DEFERRED,
    "email.delivered": Result.DELIVERED,
    "email.failed": Result.FAILED,
    "email.suppressed": Result.FAILED,
    "email.bounced": Result.BOUNCED,
    "email.complained": Result.COMPLAINED,
}
NOTED = frozenset({"email.opened", "email.clicked", "suppression.removed"})
_CAME_ON_THE_LIST = {"bounce": Result.BOUNCED, "complaint": Result.COMPLAINED}


def as_tag(wire_id: str) -> str:
    """A wire id as the value of a tag, which holds letters, digits, "_" and "-" alone."""
    return wire_id.replace(".", "_")


def told(callback: Callback) -> list[Told]:
    """The event of a callback."""
    try:
        event = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return [unknown(callback)]
    kind = text_at(event, "type")
    if kind == "email.received":
        return [_mail(event, callback)]
    if kind == "suppression.added":
        return [_on_the_list(event, callback)]
    return [_event(event, kind, callback)]


def _event(event: Any, kind: str, callback: Callback) -> ProviderEvent:
    data = event.get("data") if isinstance(event, dict) else None
    bounce = text_at(data, "bounce", "type")
    known = "noted" if kind in NOTED else "unknown"
    to = list_at(data, "to")
    return ProviderEvent(
        "status" if kind in STATUSES else known,
        STATUSES.get(kind, Result.UNKNOWN),
        iso_instant(text_at(event, "created_at"), callback.received_at),
        wire_id=text_at(data, "tags", TAG).replace("_", "."),
        provider_id=text_at(data, "email_id"),
        address=parseaddr(to[0])[1] if to and isinstance(to[0], str) else "",
        # "Permanent", "Transient" or "Undetermined", as Amazon SES says beneath it.
        permanent=kind == "email.bounced" and bounce == "Permanent",
        code=code_of(f"{bounce} {text_at(data, 'bounce', 'subType')}".strip() or kind),
        same="" if kind in STATUSES else kind,
    )


def _on_the_list(event: Any, callback: Callback) -> ProviderEvent:
    """An address came on Resend's list of addresses that get nothing more; it names the address and no message."""
    origin = text_at(event, "data", "origin")
    result = _CAME_ON_THE_LIST.get(origin)
    return ProviderEvent(
        "noted" if result is None else "status",
        result or Result.UNKNOWN,
        iso_instant(text_at(event, "created_at"), callback.received_at),
        provider_id=text_at(event, "data", "source_id"),
        address=text_at(event, "data", "email"),
        permanent=result is not None,
        code=code_of(f"suppression {origin}"),
        same=text_at(event, "data", "id"),
    )


def _mail(event: Any, callback: Callback) -> Told:
    """Who wrote and under which subject; the text is not in the callback."""
    data = event.get("data") if isinstance(event, dict) else None
    names = ("from", "subject", "message_id")
    headers = named((name.replace("_", "-"), text_at(data, name)) for name in names if text_at(data, name))
    to = list_at(data, "to")
    return reply(callback, headers, "", to=to[0] if to and isinstance(to[0], str) else "")
