"""Whether a provider's rate suffices: each sending against the end of its hours, the most urgent first."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

# What rounding leaves of a message.
_HARDLY_ANYTHING = 1e-3


@dataclass(frozen=True, slots=True)
class Load:
    """`people` messages that may be handed over from `start` until `end`."""

    start: datetime
    end: datetime
    people: int


def left_over(loads: Sequence[Load], rate: float) -> list[int]:
    """For each load, how many messages are left when its time ends, if the provider takes `rate` messages a second.

    What can be handed over is taken in the order in which batches are claimed: what ends first. 0 is no limit.
    """
    if not rate:
        return [0 if load.start < load.end else load.people for load in loads]
    left = [float(load.people) for load in loads]
    coming = sorted(range(len(loads)), key=lambda number: loads[number].start)
    open_now: list[tuple[datetime, int]] = []
    clock = loads[coming[0]].start if coming else None
    while clock is not None and (coming or open_now):
        while coming and loads[coming[0]].start <= clock:
            number = coming.pop(0)
            heapq.heappush(open_now, (loads[number].end, number))
        if not open_now:
            clock = loads[coming[0]].start
            continue
        end, number = open_now[0]
        until = min(end, loads[coming[0]].start) if coming else end
        seconds = (until - clock).total_seconds()
        if seconds <= 0:
            heapq.heappop(open_now)
        elif left[number] <= seconds * rate:
            clock += (until - clock) * (left[number] / (seconds * rate))
            left[number] = 0.0
            heapq.heappop(open_now)
        else:
            left[number] -= seconds * rate
            clock = until
    return [ceil(each - _HARDLY_ANYTHING) for each in left]
