"""What Postmark tells us: one event a callback, or a mail that came in.

Sources: Postmark's pages "Webhooks overview" with the page of each record type, "Bounce API" (types of bounces), "Inbound
webhook".
"""

from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.providers.contract import Callback, ProviderEvent, Told
from reminder.providers.email.reading import code_of, iso_instant, named, page_text, reply, text_at, unknown

# The metadata that holds our wire id.
WIRE_ID = "wire_id"

_BOUNCED, _DEAD = ("status", Result.BOUNCED, False), ("status", Result.BOUNCED, True)
_FAILED, _DEFERRED = ("status", Result.FAILED, False), ("status", Result.DEFERRED, False)
_COMPLAINED, _NOTED, _LEFT = (
    ("status", Result.COMPLAINED, False),
    ("noted", Result.UNKNOWN, False),
    ("left", Result.UNKNOWN, False),
)
# Types of bounces: kind, result, and whether the address is dead.
_TYPES = {
    "HardBounce": _DEAD,
    "BadEmailAddress": _DEAD,
    "SoftBounce": _BOUNCED,
    "Undeliverable": _BOUNCED,
    "Transient": _DEFERRED,
    "DnsError": _DEFERRED,
    "OpenRelayTest": _DEFERRED,
    "SpamNotification": _COMPLAINED,
    "SpamComplaint": _COMPLAINED,
    "Blocked": _FAILED,
    "DMARCPolicy": _FAILED,
    "ManuallyDeactivated": _FAILED,
    "Unconfirmed": _FAILED,
    "VirusNotification": _FAILED,
    "SMTPApiError": _FAILED,
    "TemplateRenderingFailed": _FAILED,
    # Answers by machines say nothing of the message.
    "AutoResponder": _NOTED,
    "ChallengeVerification": _NOTED,
    "AddressChange": _NOTED,
    "InboundError": _NOTED,
    "Subscribe": _NOTED,
    "Unsubscribe": _LEFT,
    "ManualSuppression": _LEFT,
}
_RECORDS = {
    "Delivery": ("status", Result.DELIVERED, False),
    "SpamComplaint": _COMPLAINED,
    "Open": _NOTED,
    "Click": _NOTED,
}
_UNKNOWN = ("unknown", Result.UNKNOWN, False)
_INSTANTS = ("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt")


def told(callback: Callback) -> list[Told]:
    """The event of a callback, or the mail that it brings."""
    try:
        found = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        return [unknown(callback)]
    if not isinstance(found, dict):
        return [unknown(callback)]
    record = text_at(found, "RecordType")
    if record == "Inbound" or (not record and "FromFull" in found):
        return [_mail(found, callback)]
    return [_event(found, record, callback)]


def _meaning(found: dict[str, Any], record: str) -> tuple[str, Result, bool]:
    if record == "Bounce":
        return _TYPES.get(text_at(found, "Type"), _UNKNOWN)
    if record == "SubscriptionChange":
        # Only a person's own new confirmation brings her back, so a reactivation at Postmark changes nothing here.
        return _TYPES.get(text_at(found, "SuppressionReason"), _LEFT) if found.get("SuppressSending") else _NOTED
    return _RECORDS.get(record, _UNKNOWN)


def _event(found: dict[str, Any], record: str, callback: Callback) -> ProviderEvent:
    kind, result, permanent = _meaning(found, record)
    at = next((text for name in _INSTANTS if (text := text_at(found, name))), "")
    detail = text_at(found, "Type") or text_at(found, "SuppressionReason") or record
    return ProviderEvent(
        kind,
        result,
        iso_instant(at, callback.received_at),
        wire_id=text_at(found, "Metadata", WIRE_ID),
        provider_id=text_at(found, "MessageID"),
        address=text_at(found, "Email") or text_at(found, "Recipient"),
        permanent=permanent,
        leaving=Leaving.ALL_EMAIL if kind == "left" else None,
        code=code_of(detail),
        same="" if kind == "status" else detail,
    )


def _mail(found: dict[str, Any], callback: Callback) -> Told:
    """A mail; what Postmark takes out of its headers stands beside them."""
    listed = found.get("Headers")
    pairs = [("From", text_at(found, "FromFull", "Email") or text_at(found, "From"))]
    pairs += [(name, text_at(found, field)) for name, field in (("To", "To"), ("Subject", "Subject"), ("Date", "Date"))]
    pairs += [
        (text_at(header, "Name"), text_at(header, "Value")) for header in (listed if isinstance(listed, list) else [])
    ]
    text = text_at(found, "TextBody")
    if not text.strip():
        text = page_text(text_at(found, "HtmlBody"))
    to = text_at(found, "OriginalRecipient")
    return reply(callback, named(pairs), text, to=to, provider_id=text_at(found, "MessageID"))
