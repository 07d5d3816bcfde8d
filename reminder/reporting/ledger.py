"""From the ledger's counts to the lines of a report: every promise stands in exactly one line of exactly one step."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from reminder.domain.states import Channel, DeliveryState, MessageState, Reason, Result, WaveState
from reminder.reporting.words import TAKEN, Line
from reminder.store.reports import LeftOut, Promises

_BY_RESULT = {
    Result.DELIVERED: Line.DELIVERED,
    Result.COMPLAINED: Line.COMPLAINED,
    Result.BOUNCED: Line.BOUNCED,
    Result.FAILED: Line.FAILED,
}
_BY_STATE = {
    DeliveryState.WITHDRAWN: Line.WITHDRAWN,
    DeliveryState.MISSED: Line.MISSED,
    DeliveryState.SKIPPED: Line.SKIPPED,
    DeliveryState.SET_ASIDE: Line.SET_ASIDE,
}
_WAITS_AS = {MessageState.AMBIGUOUS: Line.UNCLEAR, MessageState.REJECTED: Line.REFUSED}


def line_of(promises: Promises) -> Line:
    """The one line in which promises of this kind stand."""
    if promises.state is DeliveryState.SKIPPED and promises.reason is Reason.REFUSED_ADDRESS:
        return Line.REFUSED
    if promises.state in _BY_STATE:
        return _BY_STATE[promises.state]
    if promises.state is DeliveryState.CARRIED or promises.message is MessageState.ACCEPTED:
        return _BY_RESULT.get(promises.result or Result.UNKNOWN, Line.ACCEPTED)
    return _WAITS_AS.get(promises.message or MessageState.DUE, Line.WAITING)


@dataclass(slots=True)
class Tally:
    """What became of the promises of one step, or of all. `reasons` splits the lines that have one for each.

    `superseded`, `missed` and `over_limit` are people of sendings that were never opened: no promise was made to them.
    """

    lines: dict[Line, int] = field(default_factory=lambda: defaultdict(int))
    reasons: dict[tuple[Line, Reason], int] = field(default_factory=lambda: defaultdict(int))
    taken: dict[Channel, int] = field(default_factory=lambda: dict.fromkeys(Channel, 0))
    superseded: int = 0
    missed: int = 0
    over_limit: int = 0
    first_on: date | None = None

    def add(self, promises: Promises) -> None:
        """Put promises into their line."""
        line = line_of(promises)
        self.lines[line] += promises.number
        self.reasons[line, promises.reason] += promises.number
        if line in TAKEN:
            self.taken[promises.channel] += promises.number
        self._see(promises.first_on)

    def add_left_out(self, left: LeftOut) -> None:
        """Count the people of sendings that were never opened."""
        if left.state is WaveState.SUPERSEDED:
            self.superseded += left.people
        elif left.state is WaveState.MISSED:
            self.missed += left.people
        else:
            self.over_limit += left.people
        self._see(left.first_on)

    def _see(self, on: date) -> None:
        self.first_on = on if self.first_on is None else min(self.first_on, on)


def tally(promises: Iterable[Promises], left_out: Iterable[LeftOut]) -> tuple[Tally, dict[tuple[str, date], Tally]]:
    """All promises together, and those of each step by its key and anchor day."""
    whole = Tally()
    steps = defaultdict[tuple[str, date], Tally](Tally)
    for each in promises:
        whole.add(each)
        steps[each.step_key, each.anchor_on].add(each)
    for left in left_out:
        whole.add_left_out(left)
        steps[left.step_key, left.anchor_on].add_left_out(left)
    return whole, dict(steps)
