"""What Mailgun tells us: one event a callback, as JSON, and mails that a route forwards, as a form.

Sources: Mailgun's pages "Webhooks", "Event types", "Securing webhooks" and "Receiving, forwarding and storing messages".
"""

from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.providers.contract import Callback, ProviderEvent, Told
from reminder.providers.email.reading import (
    code_of,
    decoded_text,
    form_of,
    instant,
    named,
    page_text,
    raw_mail,
    reply,
    text_at,
    unknown,
)

# The variable that holds our wire id.
WIRE_ID = "wire_id"

_STATUS = {
    "accepted": Result.QUEUED,
    "delivered": Result.DELIVERED,
    "rejected": Result.FAILED,
    "complained": Result.COMPLAINED,
}
_NOTED = frozenset({"opened", "clicked", "stored"})
# Permanent failures by `reason`: what became of it, whether the address is dead. The "suppress-…" ones are Mailgun's own lists.
_FAILED = {
    "bounce": (Result.BOUNCED, True),
    "suppress-bounce": (Result.BOUNCED, True),
    "suppress-complaint": (Result.COMPLAINED, False),
    "suppress-unsubscribe": (Result.FAILED, False),
    "generic": (Result.BOUNCED, False),
    "old": (Result.BOUNCED, False),
}


def signature_in(callback: Callback) -> tuple[str, str, str]:
    """Timestamp, token and signature, of an event or of a form; empty where they are missing."""
    fields: dict[str, str]
    if _is_json(callback):
        signature = _json(callback.body).get("signature")
        fields = {name: text_at(signature, name) for name in ("timestamp", "token", "signature")}
    else:
        fields = {name: decoded_text(value) for name, value in form_of(callback).items()}
    return fields.get("timestamp", ""), fields.get("token", ""), fields.get("signature", "")


def told(callback: Callback) -> list[Told]:
    """The event of a callback, or the mail that it brings."""
    if not _is_json(callback):
        return [_mail(callback)]
    event = _json(callback.body).get("event-data")
    return _events(event, callback) if isinstance(event, dict) else [unknown(callback)]


def _is_json(callback: Callback) -> bool:
    return "json" in callback.headers.get("content-type", "").lower()


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _events(event: dict[str, Any], callback: Callback) -> list[Told]:
    name = text_at(event, "event")
    if name == "failed":
        return _failed(event, callback)
    if name in _STATUS:
        return [_event(event, callback, "status", _STATUS[name])]
    if name == "unsubscribed":
        return [_event(event, callback, "left", Result.UNKNOWN, leaving=Leaving.ALL_EMAIL)]
    return [_event(event, callback, "noted" if name in _NOTED else "unknown", Result.UNKNOWN)]


def _failed(event: dict[str, Any], callback: Callback) -> list[Told]:
    if text_at(event, "severity") == "temporary":
        return [_event(event, callback, "status", Result.DEFERRED)]
    reason = text_at(event, "reason")
    result, permanent = _FAILED.get(reason, (Result.BOUNCED, False))
    # It says so itself where a bounce speaks of the message and not of the address.
    permanent = permanent and text_at(event, "delivery-status", "bounce-type") != "soft"
    events: list[Told] = [_event(event, callback, "status", result, permanent=permanent)]
    if reason == "suppress-unsubscribe":
        events.append(_event(event, callback, "left", Result.UNKNOWN, leaving=Leaving.ALL_EMAIL))
    return events


def _event(
    event: dict[str, Any],
    callback: Callback,
    kind: str,
    result: Result,
    *,
    permanent: bool = False,
    leaving: Leaving | None = None,
) -> ProviderEvent:
    code = text_at(event, "delivery-status", "enhanced-code") or text_at(event, "delivery-status", "code")
    return ProviderEvent(
        kind,
        result,
        instant(event.get("timestamp"), callback.received_at),
        wire_id=text_at(event, "user-variables", WIRE_ID),
        provider_id=text_at(event, "message", "headers", "message-id").strip("<>"),
        address=text_at(event, "recipient"),
        permanent=permanent,
        leaving=leaving,
        code=code_of(code or text_at(event, "reason") or text_at(event, "event")),
        same="" if kind == "status" else text_at(event, "event"),
    )


def _mail(callback: Callback) -> Told:
    """A forwarded mail, taken apart (UTF-8 throughout) or whole (`body-mime`)."""
    form = form_of(callback)
    fields = {name: decoded_text(value) for name, value in form.items()}
    if "body-mime" in form:
        headers, text = raw_mail(form["body-mime"])
    elif "message-headers" in form:
        headers = named(_pairs(form["message-headers"]))
        text = fields.get("body-plain", "") or fields.get("stripped-text", "")
        text = text if text.strip() else page_text(fields.get("body-html", ""))
    else:
        return unknown(callback, "form without mail")
    if "sender" in fields:
        headers.setdefault("return-path", f"<{fields['sender']}>")
    return reply(callback, headers, text, to=fields.get("recipient", ""))


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return []
    pairs = found if isinstance(found, list) else []
    return [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
