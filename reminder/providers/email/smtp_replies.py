"""What an SMTP reply means for one message: a pure table over the command it answers and its codes.

Sources: RFC 5321 section 4.2 (reply codes), RFC 3463 and its registry (enhanced codes), RFC 4954 (AUTH),
RFC 7372 (5.7.20-5.7.26), RFC 7505 and 7504 (556, 521).
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from reminder.domain.states import Fault, Verdict


class Step(IntEnum):
    """How far a message got when the reply came, or failed to come."""

    CONNECT = 1  # greeting, EHLO, STARTTLS
    LOGIN = 2
    MAIL = 3
    RCPT = 4
    DATA = 5  # asked for, the text not begun
    TEXT = 6  # the text is under way, its final dot is not
    DOT = 7  # the final dot was written: from here on the server may have taken it


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: `code` as 250, `enhanced` as "2.1.5" or empty, `text` of all its lines without the codes."""

    code: int
    enhanced: str = ""
    text: str = ""

    @property
    def good(self) -> bool:
        """Whether the command was done."""
        return 200 <= self.code < 300


ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")

# The enhanced codes that say "nobody there", whoever sends: mailbox unknown, domain unknown, bad syntax of the
# mailbox, moved without a new address, mailbox no longer valid, domain takes no mail at all.
DEAD_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

# Without an enhanced code only plain words make it the mailbox's fault: a wrong guess silences a person for good.
NOBODY = re.compile(
    r"(?:no such|unknown|invalid|non-?existent|disabled|inactive)\s+(?:\w+\s+)?(?:user|recipient|mailbox|account|address)"
    r"|(?:user|recipient|mailbox|account|address)\b.{0,40}?"
    r"(?:unknown|not found|not exist|doesn.t exist|no longer|unavailable|disabled|inactive|invalid)",
    re.IGNORECASE,
)
ABOUT_US = re.compile(r"relay|authenticat|log ?in|credential|\b(?:quota|limit)\b.*exceeded|sender", re.IGNORECASE)

# A server that names no recipient's mailbox but its own state: closing (421), or the class "mail system" (4.3.x).
SHUTTING_DOWN = 421
OWN_STATE = "4.3."

LOGIN_CODES = frozenset({530, 534, 535, 538})
MAILBOX_CODES = frozenset({550, 551, 553})
DOMAIN_TAKES_NO_MAIL = 556

# The server named no wait: what greylisting, a lock and a full disk usually need.
WAIT_SECONDS = {421: 60, 450: 300, 451: 300, 452: 900}
LONGEST_WAIT_SECONDS = 4 * 3600
NAMED_WAIT = re.compile(r"(?:in|for|after)\s+(\d{1,5})\s*(s|sec|m|min|h)(?:\b|ec|in|our)", re.IGNORECASE)
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def read_reply(code: int, lines: list[str]) -> Reply:
    """One reply from its lines (codes cut off); the enhanced code is that of the first line that has one."""
    enhanced = ""
    texts = []
    for line in lines:
        found = ENHANCED.match(line)
        if found is not None:
            enhanced = enhanced or found.group(1)
            line = line[found.end() :]
        texts.append(line.strip())
    return Reply(code, enhanced, " ".join(texts))


def classify(step: Step, reply: Reply) -> tuple[Verdict, Fault]:
    """What a refusal at `step` means. `reply` is neither a 2xx nor the 354 of DATA.

    Fault `ACCOUNT` always comes with `RETRY`: the message is good, our access is not. So does `MAILBOX`: the server is
    well, this one recipient must wait. A code that is none of SMTP's is treated as a temporary failure.
    """
    if reply.code < 500 or reply.code > 599:
        return Verdict.RETRY, Fault.MAILBOX if _of_the_mailbox(step, reply) else Fault.NONE
    if step <= Step.MAIL or reply.code in LOGIN_CODES:
        return _at_our_door(step, reply)
    if step == Step.RCPT:
        return _at_recipient(reply)
    if reply.enhanced in DEAD_MAILBOX:
        return Verdict.REJECTED, Fault.ADDRESS
    # The daily quota of an account is told as a permanent failure by some.
    if reply.enhanced == "5.4.5":
        return Verdict.RETRY, Fault.ACCOUNT
    return Verdict.REJECTED, Fault.CONTENT


def _of_the_mailbox(step: Step, reply: Reply) -> bool:
    """Whether a temporary refusal speaks of the recipient alone: full, greylisted, unknown for now."""
    if reply.code == SHUTTING_DOWN or not 400 <= reply.code <= 499:
        return False
    if step >= Step.RCPT and reply.enhanced.startswith(("4.1.", "4.2.")):
        return True
    return step == Step.RCPT and not reply.enhanced.startswith(OWN_STATE)


def _at_our_door(step: Step, reply: Reply) -> tuple[Verdict, Fault]:
    """Refused before anybody was named: it is about us, unless the message is too long or malformed."""
    if step == Step.MAIL and (reply.code in {552, 555} or reply.enhanced.startswith(("5.3.4", "5.6."))):
        return Verdict.REJECTED, Fault.CONTENT
    return Verdict.RETRY, Fault.ACCOUNT


def _at_recipient(reply: Reply) -> tuple[Verdict, Fault]:
    """Refused when the recipient was named: the mailbox, our right to relay, or a policy about this one message."""
    if reply.enhanced in DEAD_MAILBOX or reply.code == DOMAIN_TAKES_NO_MAIL:
        return Verdict.REJECTED, Fault.ADDRESS
    if reply.enhanced in {"5.1.7", "5.1.8", "5.4.5"}:
        return Verdict.RETRY, Fault.ACCOUNT
    about_us = ABOUT_US.search(reply.text) is not None
    if (not reply.enhanced or reply.enhanced.startswith("5.7.")) and about_us:
        return Verdict.RETRY, Fault.ACCOUNT
    if not reply.enhanced and reply.code in MAILBOX_CODES and NOBODY.search(reply.text) is not None:
        return Verdict.REJECTED, Fault.ADDRESS
    return Verdict.REJECTED, Fault.CONTENT


def wait_seconds(reply: Reply) -> int | None:
    """How long to wait after a temporary failure: as the server named it, else as usual for the code, else None."""
    named = NAMED_WAIT.search(reply.text)
    if named is not None:
        return min(int(named.group(1)) * UNIT_SECONDS[named.group(2)[0].lower()], LONGEST_WAIT_SECONDS)
    return WAIT_SECONDS.get(reply.code)
