"""What Brevo tells us: one event a callback or, with batched webhooks, a list; and mails from its inbound parsing.

Our wire id comes back as X-Mailin-custom. There is no id of an event. Of its times ts_epoch alone, in milliseconds, is
sure to be UTC. Sources: Brevo's pages "Transactional webhooks", "Batched webhooks" and "Parse inbound email".
"""

from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.providers.contract import Callback, ProviderEvent, Told
from reminder.providers.email.reading import (
    code_of,
    instant,
    list_at,
    named,
    page_text,
    reply,
    text_at,
    unknown,
)

WIRE_ID = "X-Mailin-custom"
STATUSES: dict[str, Result] = {
    # Told before it is clear whether the message leaves at all.
    **dict.fromkeys(("request", "sent"), Result.QUEUED),
    "deferred": Result.DEFERRED,
    "delivered": Result.DELIVERED,
    **dict.fromkeys(("hard_bounce", "soft_bounce", "invalid_email", "invalid"), Result.BOUNCED),
    # On the account's blocklist, for whatever reason.
    "blocked": Result.FAILED,
    "error": Result.FAILED,
    **dict.fromkeys(("spam", "complaint"), Result.COMPLAINED),
}
DEAD = frozenset({"hard_bounce", "invalid_email", "invalid"})
LEFT = frozenset({"unsubscribe", "unsubscribed"})
NOTED = frozenset(
    {
        *("opened", "unique_opened", "proxy_open", "unique_proxy_open", "uniqueProxyOpen", "proxyOpen", "click"),
        "list_addition",
    }
)


def told(callback: Callback) -> list[Told]:
    """The events of a callback, or the mails that it brings."""
    try:
        found = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return [unknown(callback)]
    if isinstance(found, dict) and "items" in found:
        return [_mail(item, callback) for item in list_at(found, "items")]
    return [_event(event, callback) for event in (found if isinstance(found, list) else [found])]


def _event(event: Any, callback: Callback) -> ProviderEvent:
    if not isinstance(event, dict):
        return unknown(callback)
    name = text_at(event, "event")
    milliseconds = event.get("ts_epoch")
    seconds = milliseconds / 1000 if isinstance(milliseconds, int) else None
    kind = "status" if name in STATUSES else "left" if name in LEFT else "noted" if name in NOTED else "unknown"
    return ProviderEvent(
        kind,
        STATUSES.get(name, Result.UNKNOWN),
        instant(seconds, callback.received_at),
        wire_id=text_at(event, WIRE_ID),
        provider_id=text_at(event, "message-id"),
        address=text_at(event, "email"),
        permanent=name in DEAD,
        leaving=Leaving.ALL_EMAIL if kind == "left" else None,
        code=code_of(name),
        same="" if kind == "status" else name,
    )


def _mail(item: Any, callback: Callback) -> Told:
    pairs = []
    headers = item.get("Headers") if isinstance(item, dict) else None
    for name, values in headers.items() if isinstance(headers, dict) else ():
        # A header that stands once is a text, a repeated one a list.
        pairs += [(name, value) for value in (values if isinstance(values, list) else [values]) if _is_text(value)]
    found = named(pairs)
    if address := text_at(item, "From", "Address"):
        found.setdefault("from", address)
    found.setdefault("subject", text_at(item, "Subject"))
    text = text_at(item, "RawTextBody")
    recipients = list_at(item, "Recipients") or [text_at(to, "Address") for to in list_at(item, "To")]
    ids = [value for value in list_at(item, "Uuid") if _is_text(value)]
    return reply(
        callback,
        found,
        text if text.strip() else page_text(text_at(item, "RawHtmlBody")),
        to=recipients[0] if recipients and _is_text(recipients[0]) else "",
        provider_id=ids[0] if ids else text_at(item, "MessageId"),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)
