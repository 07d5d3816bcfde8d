"""The book-keeping of one volley: who is still to be tried, what was answered, and what the rest is told."""

from collections import deque
from dataclasses import dataclass, replace

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Fault, Verdict
from reminder.providers.contract import Call
from reminder.providers.email.smtp_replies import Reply, Step, classify, wait_seconds
from reminder.providers.email.smtp_session import Answered
from reminder.providers.scrub import scrub

# A message whose connection broke before the dot is tried once more within its volley: most often the connection
# was an old one. Twice may be the message's own doing, and the others must not wait for it.
MOST_BREAKS = 2


@dataclass(frozen=True, slots=True)
class Setback:
    """Why messages were not begun. `retry_after` 0: nothing is wrong, try at once."""

    detail: str
    fault: Fault = Fault.NONE
    code: str = ""
    retry_after: int | None = None


NOT_BEGUN = Setback("not begun in time", retry_after=0)
CUT_OFF = Setback("cut off by the end of the program", retry_after=0)
NOT_OURS = Setback("given up: the lease is too short", retry_after=0)


class Volley:
    """One call's messages on their way. Shared by the connections that work on it, all in one event loop."""

    def __init__(self, call: Call, *, begin_by: float, deadline: float) -> None:
        """`begin_by` and `deadline` are instants of the event loop's clock."""
        self.call = call
        self.begin_by = begin_by
        self.deadline = deadline
        self._setback = NOT_BEGUN
        self._stopped = False
        self._waiting = deque(call.recipients)
        self._receipts: dict[int, Receipt] = {}
        self._breaks: dict[int, int] = {}
        self._doubted: set[int] = set()

    def take(self, loop_time: float) -> Recipient | None:
        """The next message to try, or None when there is none or it would begin too late."""
        if self._stopped or loop_time >= self.begin_by or not self._waiting:
            return None
        return self._waiting.popleft()

    def put_back(self, recipient: Recipient) -> None:
        """Nothing was tried with it."""
        self._waiting.appendleft(recipient)

    def stop(self, setback: Setback) -> None:
        """Begin no more; the rest is told `setback`."""
        self.hinder(setback)
        self._stopped = True

    def hinder(self, setback: Setback) -> None:
        """What the rest is told if nobody gets to it; the reason of a stop stays."""
        if not self._stopped:
            self._setback = setback

    def file(self, receipt: Receipt) -> None:
        """The verdict on one message."""
        self._receipts[receipt.message_id] = receipt

    def answered(self, recipient: Recipient, answered: Answered) -> None:
        """File the server's answer. A fault of our account, told before anybody was named, ends the volley."""
        if answered.reply.good:
            self.file(Receipt(recipient.message_id, Verdict.ACCEPTED))
            return
        verdict, fault = classify(answered.step, answered.reply)
        setback = setback_of(answered.reply, fault, recipient)
        self.file(_receipt(recipient, setback, verdict))
        if fault is Fault.ACCOUNT:
            if answered.step <= Step.MAIL:
                self.stop(replace(setback, detail=setback_of(answered.reply, fault).detail))
            else:
                self._doubted.add(recipient.message_id)

    def broke(self, recipient: Recipient, reason: str) -> None:
        """The connection was lost before the dot: once more, then later."""
        breaks = self._breaks.get(recipient.message_id, 0) + 1
        self._breaks[recipient.message_id] = breaks
        setback = Setback(reason)
        self.hinder(setback)
        if breaks < MOST_BREAKS:
            self.put_back(recipient)
        else:
            self.file(_receipt(recipient, setback, Verdict.RETRY))

    def unclear(self, recipient: Recipient, reason: str) -> None:
        """The connection was lost after the dot and before its answer."""
        self.file(_receipt(recipient, Setback(reason), Verdict.AMBIGUOUS))

    def receipts(self) -> list[Receipt]:
        """One receipt per recipient, in their order; who was not begun gets `RETRY` with the last setback."""
        accepted = any(receipt.verdict is Verdict.ACCEPTED for receipt in self._receipts.values())
        filed = []
        for recipient in self.call.recipients:
            receipt = self._receipts.get(recipient.message_id) or _receipt(recipient, self._setback, Verdict.RETRY)
            # Where others went through, our access is good: one odd recipient must not stop the provider.
            if accepted and recipient.message_id in self._doubted:
                receipt = receipt._replace(fault=Fault.NONE)
            filed.append(receipt)
        return filed


def setback_of(reply: Reply, fault: Fault, recipient: Recipient | None = None) -> Setback:
    """A server's refusal as it is stored: code, scrubbed words, wait."""
    address, message_id = ("", 0) if recipient is None else (recipient.address, recipient.message_id)
    return Setback(
        scrub(f"{reply.enhanced} {reply.text}", address=address, message_id=message_id),
        fault,
        str(reply.code),
        wait_seconds(reply) if reply.code < 500 else None,
    )


def _receipt(recipient: Recipient, setback: Setback, verdict: Verdict) -> Receipt:
    return Receipt(
        recipient.message_id,
        verdict,
        setback.fault,
        code=setback.code,
        detail=setback.detail,
        retry_after=setback.retry_after,
    )
