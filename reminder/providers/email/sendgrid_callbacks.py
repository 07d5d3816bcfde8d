"""What SendGrid tells us: lists of events, and mails from its Inbound Parse.

Events carry our custom argument at their top level, and several come at once. The id of an event changes when it is told
again, so it is not relied upon. Sources: SendGrid's pages "Event Webhook Reference" and "Setting up the Inbound Parse
Webhook".
"""

from datetime import datetime
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

# The custom argument that holds our wire id; no name of an event's own field.
WIRE_ID = "wire_id"

_STATUS = {
    "processed": Result.QUEUED,
    "deferred": Result.DEFERRED,
    "delivered": Result.DELIVERED,
    "bounce": Result.BOUNCED,
    "spamreport": Result.COMPLAINED,
}
# Dropped before it left, by `reason` (or `type`), in lower case: what became of the message, whether the address is dead.
_DROPPED = {
    "bounced address": (Result.BOUNCED, True),
    "invalid": (Result.BOUNCED, True),
    "spam reporting address": (Result.COMPLAINED, False),
    "unsubscribed address": (Result.FAILED, False),
}
_LEFT = {"unsubscribe": Leaving.ALL_EMAIL, "group_unsubscribe": Leaving.ALL_EMAIL}
# Only a person's own new confirmation brings her back, so a resubscription at SendGrid changes nothing here.
_NOTED = frozenset({"open", "click", "group_resubscribe"})


def told(callback: Callback) -> list[Told]:
    """The events of a callback, or the mail that it brings."""
    if callback.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return [_mail(callback)]
    try:
        found = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return [unknown(callback)]
    events = found if isinstance(found, list) else [found]
    return [each for event in events for each in _events(event, callback)]


def _events(event: Any, callback: Callback) -> list[Told]:
    if not isinstance(event, dict):
        return [unknown(callback)]
    name = text_at(event, "event")
    at = instant(event.get("timestamp"), callback.received_at)
    if name == "dropped":
        return _dropped(event, at)
    if name in _STATUS:
        # A "blocked" bounce is a refusal for now; one with a 4.x.x status says so itself.
        dead = text_at(event, "type") == "bounce" and not text_at(event, "status").startswith("4")
        permanent = name == "bounce" and dead
        return [_event(event, at, "status", _STATUS[name], code=text_at(event, "status"), permanent=permanent)]
    if name in _LEFT:
        return [_event(event, at, "left", Result.UNKNOWN, code=name, leaving=_LEFT[name])]
    if name in _NOTED:
        return [_event(event, at, "noted", Result.UNKNOWN, code=name)]
    return [_event(event, at, "unknown", Result.UNKNOWN, code=name)]


def _dropped(event: dict[str, Any], at: datetime) -> list[Told]:
    reason = text_at(event, "reason") or text_at(event, "type")
    result, permanent = _DROPPED.get(reason.lower(), (Result.FAILED, False))
    events: list[Told] = [_event(event, at, "status", result, code=reason, permanent=permanent)]
    if reason.lower() == "unsubscribed address":
        events.append(_event(event, at, "left", Result.UNKNOWN, code=reason, leaving=Leaving.ALL_EMAIL))
    return events


def _event(
    event: dict[str, Any],
    at: datetime,
    kind: str,
    result: Result,
    *,
    code: str,
    permanent: bool = False,
    leaving: Leaving | None = None,
) -> ProviderEvent:
    return ProviderEvent(
        kind,
        result,
        at,
        wire_id=text_at(event, WIRE_ID),
        # It begins with the id that the call was answered with.
        provider_id=text_at(event, "sg_message_id").partition(".")[0],
        address=text_at(event, "email"),
        permanent=permanent,
        leaving=leaving,
        code=code_of(code),
        same="" if kind == "status" else text_at(event, "event"),
    )


def _mail(callback: Callback) -> Told:
    """A mail from Inbound Parse: taken apart (`headers`, `text`, `html`) or whole (`email`)."""
    form = form_of(callback)
    envelope = _json(form.get("envelope", b""))
    if b"".join(form.get("email", b"").split()):
        headers, text = raw_mail(form["email"])
    elif "headers" in form:
        charsets = _json(form.get("charsets", b""))
        headers = _headers(decoded_text(form["headers"], text_at(charsets, "headers")))
        text = decoded_text(form.get("text", b""), text_at(charsets, "text"))
        if not text.strip():
            text = page_text(decoded_text(form.get("html", b""), text_at(charsets, "html")))
    else:
        return unknown(callback, "form without mail")
    if "from" in envelope:
        headers.setdefault("return-path", f"<{text_at(envelope, 'from')}>")
    to = envelope.get("to")
    return reply(callback, headers, text, to=to[0] if isinstance(to, list) and to and isinstance(to[0], str) else "")


def _headers(block: str) -> dict[str, str]:
    """The headers of a block of lines, folded ones joined."""
    pairs: list[tuple[str, str]] = []
    for line in block.splitlines():
        if line[:1] in {" ", "\t"} and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name, value.strip()))
    return named(pairs)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
