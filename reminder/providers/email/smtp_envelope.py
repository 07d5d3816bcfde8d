"""From one message of a call to what goes on the SMTP wire, or the receipt that says why it cannot."""

import re

from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Fault, Verdict
from reminder.providers.email.smtp_session import Envelope

# What may stand between the angle brackets: one @, no blanks, brackets or controls, so that no command can be
# smuggled in. Whether a mailbox exists is for the server to say.
ADDRESS = re.compile(r"[^\s<>\x00-\x20\x7f@]{1,64}@[^\s<>\x00-\x20\x7f@]{1,255}")


# RFC 5321; and what a wire id (domain/wire.py) takes of it with the plus before it.
LONGEST_LOCAL_PART = 64
WIRE_ID_ROOM = 1 + 16 + 1 + 16


def carries_id(sender: str) -> bool:
    """Whether an address has room for a wire id."""
    return 0 < len(sender.rpartition("@")[0]) <= LONGEST_LOCAL_PART - WIRE_ID_ROOM


def returning(sender: str, wire_id: str) -> str:
    """Where a bounce of one message comes back to (VERP): bounces@example.org → bounces+WIRE_ID@example.org."""
    local, _, host = sender.rpartition("@")
    return f"{local}+{wire_id}@{host}"


def prepare(
    content: Content, recipient: Recipient, sender: str, *, utf8: bool, verp: bool = False
) -> Envelope | Receipt:
    """The envelope for one recipient. `utf8`: the server offers SMTPUTF8 (RFC 6531). `verp`: its sender names the message.

    What is wrong with the address alone is a fault of the address; what our own rendering or this server cannot
    do concerns this message only; a sender address that cannot be written is our account's.
    """
    if verp:
        sender = returning(sender, recipient.wire_id)
    if ADDRESS.fullmatch(sender) is None or not sender.isascii():
        return _refused(recipient, Fault.ACCOUNT, "the sender's address cannot be used", Verdict.RETRY)
    if ADDRESS.fullmatch(recipient.address) is None:
        return _refused(recipient, Fault.ADDRESS, "the address is malformed")
    plain = recipient.address.isascii()
    if not plain and not utf8:
        return _refused(recipient, Fault.CONTENT, "the address needs SMTPUTF8, which the server does not offer")
    if content.mime is None:
        return _refused(recipient, Fault.CONTENT, "the content has no mail text")
    try:
        text = content.mime.fill(recipient.values).encode("ascii" if plain else "utf-8")
    except (ValueError, IndexError) as problem:
        return _refused(recipient, Fault.CONTENT, f"could not be built: {type(problem).__name__}")
    # A lone CR or LF is read as a line end by some servers: the door to a smuggled second message.
    if not text.count(b"\r\n") == text.count(b"\n") == text.count(b"\r"):
        return _refused(recipient, Fault.CONTENT, "the line ends are not CRLF")
    return Envelope(sender, recipient.address, dotted(text), "" if plain else " BODY=8BITMIME SMTPUTF8")


def dotted(text: bytes) -> bytes:
    """Leading dots doubled (RFC 5321, 4.5.2) and the last line ended."""
    if b"\r\n." in text:
        text = text.replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _refused(recipient: Recipient, fault: Fault, detail: str, verdict: Verdict = Verdict.REJECTED) -> Receipt:
    return Receipt(recipient.message_id, verdict, fault, detail=detail)
