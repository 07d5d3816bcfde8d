"""Whether what the providers take suffices: each sending against the end of its hours, the most urgent first."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil

from reminder.domain.limits import NO_LIMITS, UNUSED, Limits, Used, left_on_its_day

# What rounding leaves of a message.
_HARDLY_ANYTHING = 1e-3


@dataclass(frozen=True, slots=True)
class Load:
    """`people` messages that may be handed over from `start` until `end`."""

    start: datetime
    end: datetime
    people: int


@dataclass(frozen=True, slots=True)
class Way:
    """One provider of a channel: what it may be given, and what it used so far."""

    limits: Limits = NO_LIMITS
    used: Used = UNUSED


@dataclass(slots=True)
class _Spending:
    """A way as a forecast uses it up."""

    way: Way
    taken: float = field(default=0.0)

    def room(self, day: int) -> float:
        """Messages that it still takes on a day; below that of a message none."""
        used = self.way.used
        if used.day != day:
            used = replace(used, today=used.today + ceil(self.taken - _HARDLY_ANYTHING))
            self.way, self.taken = replace(self.way, used=used.seen_on(day)), 0.0
        left = left_on_its_day(self.way.limits, self.way.used)
        if left is None:
            return float("inf")
        return left - self.taken if left - self.taken > _HARDLY_ANYTHING else 0.0

    def take(self, messages: float, most_seconds: float) -> float:
        """Use up so many; returns the seconds that it takes."""
        self.taken += messages
        rate = self.way.limits.per_second
        return min(messages / rate, most_seconds) if rate else 0.0


def left_over(loads: Sequence[Load], ways: Sequence[Way]) -> list[int]:
    """For each load, how many messages are left when its time ends.

    What can be handed over is taken in the order in which batches are claimed: what ends first. The first way takes it
    until its day (UTC) is used up, then the next one.
    """
    left = [float(load.people) for load in loads]
    coming = sorted(range(len(loads)), key=lambda number: loads[number].start)
    spending = [_Spending(way) for way in ways]
    open_now: list[tuple[datetime, int]] = []
    clock = loads[coming[0]].start if coming else datetime.max.replace(tzinfo=UTC)
    while coming or open_now:
        while coming and loads[coming[0]].start <= clock:
            number = coming.pop(0)
            heapq.heappush(open_now, (loads[number].end, number))
        if not open_now:
            clock = loads[coming[0]].start
            continue
        end, number = open_now[0]
        if end <= clock or not left[number]:
            heapq.heappop(open_now)
            continue
        until = min(end, _midnight(clock), *(loads[nxt].start for nxt in coming[:1]))
        clock, gone = _hand_over(spending, left[number], clock, until)
        left[number] -= gone
    return [ceil(each - _HARDLY_ANYTHING) for each in left]


def _hand_over(
    spending: Sequence[_Spending], wanted: float, clock: datetime, until: datetime
) -> tuple[datetime, float]:
    """What the first way with room takes at most until `until`, and when it is done."""
    day, seconds = clock.astimezone(UTC).toordinal(), (until - clock).total_seconds()
    for each in spending:
        if not (room := each.room(day)):
            continue
        rate = each.way.limits.per_second
        can = rate * seconds if rate else float("inf")
        gone = min(wanted, room, can)
        took = each.take(gone, seconds)
        return (until if gone == can else clock + timedelta(seconds=took)), gone
    return until, 0.0


def _midnight(clock: datetime) -> datetime:
    """The next one by UTC."""
    today = clock.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
