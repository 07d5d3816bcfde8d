"""What Mailjet tells us: events, one or a list of them, and mails from its Parse API.

Our wire id comes back as CustomID, with replies too. "sent" means that the receiving server took the message. Sources:
Mailjet's guides "Event API" (with its table of errors) and "Parse API".
"""

from dataclasses import replace
from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.domain.wire import message_of
from reminder.providers.contract import Callback, Inbound, ProviderEvent, Told
from reminder.providers.email.reading import code_of, instant, named, page_text, reply, text_at, unknown

STATUSES: dict[str, Result] = {
    "sent": Result.DELIVERED,
    "bounce": Result.BOUNCED,
    # Not tried at all: on a list of Mailjet's, or taken for spam by it.
    "blocked": Result.FAILED,
    "spam": Result.COMPLAINED,
}
NOTED = frozenset({"open", "click"})
# Said with a bounce: "delivery will be re-attempted".
PUT_OFF = "greylisted"


def told(callback: Callback) -> list[Told]:
    """The events of a callback, or the mail that it brings."""
    try:
        found = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return [unknown(callback)]
    if isinstance(found, dict) and "Sender" in found and "event" not in found:
        return [_mail(found, callback)]
    # Events come as a list only where the webhook was told to group them.
    return [_event(event, callback) for event in (found if isinstance(found, list) else [found])]


def _event(event: Any, callback: Callback) -> ProviderEvent:
    if not isinstance(event, dict):
        return unknown(callback)
    name, error = text_at(event, "event"), text_at(event, "error")
    kind = "status" if name in STATUSES else "left" if name == "unsub" else "noted" if name in NOTED else "unknown"
    permanent = name == "bounce" and event.get("hard_bounce") is True
    put_off = name == "bounce" and error == PUT_OFF and not permanent
    return ProviderEvent(
        kind,
        Result.DEFERRED if put_off else STATUSES.get(name, Result.UNKNOWN),
        instant(event.get("time"), callback.received_at),
        wire_id=text_at(event, "CustomID"),
        provider_id=text_at(event, "MessageID"),
        address=text_at(event, "email"),
        permanent=permanent,
        leaving=Leaving.ALL_EMAIL if kind == "left" else None,
        code=code_of(error or name),
        same="" if kind == "status" else name,
    )


def _mail(mail: dict[str, Any], callback: Callback) -> Told:
    headers = mail.get("Headers")
    pairs = []
    for name, values in headers.items() if isinstance(headers, dict) else ():
        # A header is a text or, where it may stand more than once, a list.
        pairs += [(name, value) for value in (values if isinstance(values, list) else [values]) if _is_text(value)]
    found = named(pairs)
    found.setdefault("from", text_at(mail, "From") or text_at(mail, "Sender"))
    found.setdefault("subject", text_at(mail, "Subject"))
    text = text_at(mail, "Text-part")
    text = text if text.strip() else page_text(text_at(mail, "Html-part"))
    said = reply(callback, found, text, to=text_at(mail, "Recipient"))
    wire_id = text_at(mail, "CustomID")
    if isinstance(said, Inbound) and not said.in_reply_to and message_of(wire_id) is not None:
        return replace(said, in_reply_to=wire_id)
    return said


def _is_text(value: object) -> bool:
    return isinstance(value, str)
