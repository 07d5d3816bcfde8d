"""What a server's words mean: a table for people, properties for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.states import Fault, Verdict
from reminder.providers.email.smtp_replies import Reply, Step, classify, read_reply, wait_seconds

ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
LATER = (Verdict.RETRY, Fault.NONE)
MAILBOX = (Verdict.RETRY, Fault.MAILBOX)

MEANINGS = [
    # The mailbox, by its enhanced code.
    (Step.RCPT, "550 5.1.1 <message 1>: Recipient address rejected: User unknown in local table", ADDRESS),
    (Step.RCPT, "550 5.1.2 bad destination system", ADDRESS),
    (Step.RCPT, "553 5.1.3 bad address syntax", ADDRESS),
    (Step.RCPT, "550 5.1.6 moved, no forwarding address", ADDRESS),
    (Step.RCPT, "556 5.1.10 recipient address has null MX", ADDRESS),
    (Step.RCPT, "550 5.2.1 the account is disabled", ADDRESS),
    (Step.DOT, "550 5.1.1 user unknown", ADDRESS),
    # The mailbox, by plain words where there is no enhanced code.
    (Step.RCPT, "550 No such user here", ADDRESS),
    (Step.RCPT, "550 Requested action not taken: mailbox unavailable", ADDRESS),
    (Step.RCPT, "550 unknown local recipient", ADDRESS),
    (Step.RCPT, "556 domain takes no mail", ADDRESS),
    # No certainty that it is the mailbox: the person is not silenced.
    (Step.RCPT, "550 blocked, see our policy", CONTENT),
    (Step.RCPT, "550 5.7.1 message refused by the recipient's rules", CONTENT),
    (Step.RCPT, "552 5.2.2 mailbox full", CONTENT),
    (Step.RCPT, "550 5.4.4 unable to route", CONTENT),
    (Step.DOT, "550 user unknown", CONTENT),
    (Step.DOT, "554 5.7.1 looks like spam", CONTENT),
    (Step.DOT, "552 5.3.4 message too large", CONTENT),
    (Step.DATA, "554 5.5.1 no valid recipients", CONTENT),
    (Step.MAIL, "552 5.3.4 message size exceeds fixed limit", CONTENT),
    # Our access.
    (Step.CONNECT, "554 5.7.1 your address is on a list", ACCOUNT),
    (Step.LOGIN, "535 5.7.8 bad credentials", ACCOUNT),
    (Step.LOGIN, "534 5.7.9 mechanism too weak", ACCOUNT),
    (Step.LOGIN, "538 5.7.11 encryption required", ACCOUNT),
    (Step.MAIL, "530 5.7.0 must log in first", ACCOUNT),
    (Step.MAIL, "550 5.7.1 sender refused", ACCOUNT),
    (Step.MAIL, "553 5.1.8 bad sender's system", ACCOUNT),
    (Step.RCPT, "554 5.7.1 relay access denied", ACCOUNT),
    (Step.RCPT, "550 relaying not permitted", ACCOUNT),
    (Step.RCPT, "530 authentication required", ACCOUNT),
    (Step.RCPT, "550 5.1.7 bad sender address", ACCOUNT),
    (Step.DOT, "550 5.4.5 daily sending quota exceeded", ACCOUNT),
    # Later.
    (Step.CONNECT, "421 4.7.0 too many connections", LATER),
    (Step.LOGIN, "454 4.7.0 temporary authentication failure", LATER),
    (Step.MAIL, "452 4.3.1 insufficient system storage", LATER),
    (Step.MAIL, "451 4.7.1 try again later", LATER),
    (Step.RCPT, "421 4.7.0 too many recipients, closing", LATER),
    (Step.RCPT, "452 4.3.1 insufficient system storage", LATER),
    (Step.DATA, "451 try again later", LATER),
    (Step.DOT, "451 4.3.0 queue file write error", LATER),
    # Later, because of this mailbox: the server is well.
    (Step.RCPT, "452 4.2.2 mailbox full", MAILBOX),
    (Step.RCPT, "452 mailbox full", MAILBOX),
    (Step.RCPT, "450 4.2.0 greylisted, try again in 5 minutes", MAILBOX),
    (Step.RCPT, "451 4.7.1 greylisted", MAILBOX),
    (Step.RCPT, "450 4.1.1 user unknown, for now", MAILBOX),
    (Step.DOT, "452 4.2.2 mailbox full", MAILBOX),
    (Step.DOT, "354 what?", LATER),
]


def reply(line: str) -> Reply:
    return read_reply(int(line[:3]), [line[4:]])


@pytest.mark.parametrize(
    ("step", "line", "meaning"), MEANINGS, ids=[f"{step.name} {line}" for step, line, _ in MEANINGS]
)
def test_a_reply_means(step: Step, line: str, meaning: tuple[Verdict, Fault]) -> None:
    assert classify(step, reply(line)) == meaning


replies = st.builds(
    Reply,
    code=st.integers(0, 999).filter(lambda code: not 200 <= code < 300),
    enhanced=st.one_of(st.just(""), st.from_regex(r"[45]\.[0-7]\.[0-9]{1,2}", fullmatch=True)),
    text=st.text(max_size=60),
)


@given(step=st.sampled_from(Step), answer=replies)
def test_only_a_permanent_refusal_ends_a_message_and_a_fault_of_ours_never_does(step: Step, answer: Reply) -> None:
    verdict, fault = classify(step, answer)
    assert verdict in (Verdict.REJECTED, Verdict.RETRY)
    assert (verdict is Verdict.REJECTED) == (fault in (Fault.ADDRESS, Fault.CONTENT))
    if verdict is Verdict.REJECTED:
        assert 500 <= answer.code <= 599
    if fault in (Fault.ADDRESS, Fault.MAILBOX):
        assert step >= Step.RCPT


WAITS = {
    "named in seconds": ("450 4.2.0 greylisted for 300 seconds", 300),
    "named in minutes": ("450 4.2.0 try again in 5 minutes", 300),
    "named in hours": ("451 retry after 2 hours", 7200),
    "named in days of hours": ("451 retry after 99 hours", 4 * 3600),
    "shutting down": ("421 4.3.2 bye", 60),
    "mailbox busy": ("450 busy", 300),
    "local error": ("451 error", 300),
    "disk full": ("452 full", 900),
    "a number that is no wait": ("451 rule 12 minutes of fame", 300),
    "unusual": ("471 hm", None),
}


@pytest.mark.parametrize(("line", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_how_long_to_wait(line: str, seconds: int | None) -> None:
    assert wait_seconds(reply(line)) == seconds


def test_the_enhanced_code_is_cut_off_each_line_of_a_reply() -> None:
    answer = read_reply(550, ["5.1.1 The mailbox", "5.1.1 does not exist", "see our page"])
    assert answer == Reply(550, "5.1.1", "The mailbox does not exist see our page")


@given(lines=st.lists(st.text(max_size=40), max_size=5), code=st.integers(100, 599))
def test_any_lines_make_a_reply(lines: list[str], code: int) -> None:
    answer = read_reply(code, lines)
    assert answer.code == code
    assert answer.enhanced == "" or answer.enhanced.count(".") == 2
