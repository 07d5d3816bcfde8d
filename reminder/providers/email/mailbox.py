"""Mail that comes back to us: delivery reports (RFC 3464), complaints (ARF, RFC 5965), bounces of old servers, replies.

No provider of its own: what a mailbox or a pipe hands us is read here like a callback whose body is the mail. Which message
it is about stands in the Message-ID of the mail that came back, or in the address that it came back to (VERP).
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.utils import parseaddr
from itertools import islice
from typing import ClassVar

from flufl.bounce import all_failures

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.domain.wire import message_of
from reminder.providers.contract import Callback, Capabilities, ProviderEvent, Told
from reminder.providers.email.reading import code_of, raw_mail, reply, unknown
from reminder.providers.email.smtp_replies import DEAD_MAILBOX
from reminder.providers.silent import NoCallbacks

NAME = "mailbox"
# A server reports on one message, or a few; who sends thousands in a mail wants something else.
MOST_REPORTS = 50
_LONGEST_NOTICE = 20_000
_MESSAGE_ID = re.compile(r"<([0-9a-f]{1,16}\.[0-9a-f]{1,64})@")
_RETURNED_TO = re.compile(r"[+=]([0-9a-f]{1,16}\.[0-9a-f]{1,64})@", re.IGNORECASE)
# Where mail servers write the address that a mail came back to.
_CAME_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
# Who writes bounces. A holiday's notice comes back the same way, but from the person.
_MAIL_SYSTEM = re.compile(r"^(?:mailer-daemon|mail-daemon|mailerdaemon|postmaster|mdaemon)(?:@|$)", re.IGNORECASE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ACTIONS = {
    "delayed": Result.DEFERRED,
    "delivered": Result.DELIVERED,
    "relayed": Result.SENT,
    "expanded": Result.SENT,
    "failed": Result.BOUNCED,
}


class Mailbox(NoCallbacks):
    """Reads mail as callbacks. It sends nothing and is in no registry; its mails come from our own machine."""

    name: ClassVar[str] = NAME
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(webhooks=True, inbound=True)

    def parse(self, callback: Callback) -> list[Told]:
        """What a mail says; any bytes are a mail of some kind."""
        try:
            message = message_from_bytes(callback.body)
            told: list[Told] = (
                [*islice(_reports(message, callback), MOST_REPORTS)]
                or [*islice(_old_bounces(message, callback), MOST_REPORTS)]
                or _bare_bounce(message, callback)
            )
            if told:
                return told
            headers, text = raw_mail(callback.body)
        except (MessageError, LookupError, ValueError, TypeError, AttributeError):
            return [unknown(callback, "mail")]
        return [reply(callback, headers, text, to="")]


def as_callback(raw: bytes, received_at: datetime) -> Callback:
    """A mail as the callback that `parse` reads."""
    return Callback("MAIL", f"mail:{NAME}", {}, raw, received_at)


def _reports(message: Message, callback: Callback) -> Iterator[ProviderEvent]:
    """Delivery reports and complaints: each recipient that they tell of."""
    wire_id = _about(message)
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message) and block.get("Action"):
                    yield _delivery(block, wire_id, callback)
        elif part.get_content_type() == "message/feedback-report":
            yield _complaint(part, wire_id, callback)


def _delivery(block: Message, wire_id: str, callback: Callback) -> ProviderEvent:
    result = _ACTIONS.get(str(block["Action"]).split(";")[0].strip().lower())
    found = _STATUS.search(f"{block.get('Status', '')} {block.get('Diagnostic-Code', '')}")
    status = found[0] if found else ""
    address = _recipient(block)
    if result is None:
        return unknown(callback, str(block["Action"]))
    return ProviderEvent(
        "status",
        result,
        callback.received_at,
        wire_id=wire_id,
        address=address,
        permanent=result is Result.BOUNCED and status in DEAD_MAILBOX,
        code=code_of(status),
    )


def _recipient(block: Message) -> str:
    said = str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")
    return said.partition(";")[2].strip().strip("<>")


def _complaint(part: Message, wire_id: str, callback: Callback) -> ProviderEvent:
    """What a reader's mail program reported. "not-spam" takes a complaint back, which only the person can do here."""
    fields = _fields(part)
    kind = fields.get("feedback-type", "").lower()
    address = fields.get("original-rcpt-to", "").strip("<>")
    if kind == "not-spam":
        return ProviderEvent("noted", Result.UNKNOWN, callback.received_at, wire_id=wire_id, code="not-spam")
    if kind.startswith("opt-out"):
        return ProviderEvent(
            "left", Result.UNKNOWN, callback.received_at, wire_id=wire_id, address=address, leaving=Leaving.ALL_EMAIL
        )
    return ProviderEvent(
        "status", Result.COMPLAINED, callback.received_at, wire_id=wire_id, address=address, code=code_of(kind)
    )


def _fields(part: Message) -> dict[str, str]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return {
            name.lower(): str(value) for each in payload if isinstance(each, Message) for name, value in each.items()
        }
    text = part.get_payload(decode=True)
    inner = message_from_bytes(text if isinstance(text, bytes) else b"")
    return {name.lower(): str(value) for name, value in inner.items()}


def _about(message: Message) -> str:
    """The wire id of the message that came back."""
    if wire_id := _came_back_as(message):
        return wire_id
    for part in message.walk():
        if part is message:
            continue
        said = str(part.get("Message-ID", ""))
        if part.get_content_type() == "text/rfc822-headers":
            raw = part.get_payload(decode=True)
            said += str(message_from_bytes(raw if isinstance(raw, bytes) else b"").get("Message-ID", ""))
        if (found := _MESSAGE_ID.search(said)) and message_of(found[1]) is not None:
            return found[1]
    return ""


def _came_back_as(message: Message) -> str:
    """The wire id in the address that a mail came back to (VERP)."""
    for name in _CAME_TO:
        for said in message.get_all(name, []):
            if (found := _RETURNED_TO.search(str(said))) and message_of(found[1].lower()) is not None:
                return found[1].lower()
    return ""


def _bare_bounce(message: Message, callback: Callback) -> list[Told]:
    """A mail system says something in no known form about a message that only the address names."""
    wire_id = _came_back_as(message)
    sender = parseaddr(str(message.get("From", "")))[1]
    if not wire_id or not (_MAIL_SYSTEM.match(sender) or "X-Failed-Recipients" in message):
        return []
    found = _STATUS.search(f"{message.get('Subject', '')} {raw_mail(callback.body)[1][:_LONGEST_NOTICE]}")
    status = found[0] if found else ""
    result = Result.DEFERRED if status.startswith("4.") else Result.BOUNCED
    permanent = status in DEAD_MAILBOX
    return [
        ProviderEvent(
            "status", result, callback.received_at, wire_id=wire_id, permanent=permanent, code=code_of(status)
        )
    ]


def _old_bounces(message: Message, callback: Callback) -> Iterator[ProviderEvent]:
    """What servers wrote before there was a form for it."""
    if (
        str(message.get("Return-Path", "")).strip() not in {"", "<>"}
        or message.get("Auto-Submitted", "no") == "auto-replied"
    ):
        return
    temporary, permanent = all_failures(message)
    found = _MESSAGE_ID.search(callback.body[:200_000].decode("utf-8", "replace").partition("\n\n")[2])
    wire_id = _about(message) or (found[1] if found and message_of(found[1]) is not None else "")
    for address in sorted({*temporary, *permanent}):
        yield ProviderEvent(
            "status",
            Result.BOUNCED if address in permanent else Result.DEFERRED,
            callback.received_at,
            wire_id=wire_id,
            address=address.decode("utf-8", "replace"),
            permanent=address in permanent,
        )
