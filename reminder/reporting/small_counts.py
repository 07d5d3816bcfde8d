"""Counts of few people are not shown by country, language or channel, and cannot be worked out from what is shown.

Beside each breakdown stands its total, so a lone hidden count would be the total less the others. The rule:

    no count from 1 to 9                 everything is shown
    some, and others of 10 or more       the small ones are "fewer than 10"; as many of the others as it takes, in the order
                                         of their names, are "not shown", until each small one could be any of eight values
    some, and that cannot be reached     there is no breakdown, only the total

The others go by name, and all hidden ones stand at the end by name, because an order by size would tell something about
their size. What is shown is safe even from somebody who knows this rule; a test goes through every small table to prove it.
"""

from collections.abc import Mapping
from enum import StrEnum

FEWEST_SHOWN = 10
# How much the hidden counts together must exceed the least they can be, so that each may be anything from 1 to 9.
ROOM = FEWEST_SHOWN - 2


class Hidden(StrEnum):
    """What stands in the place of a count."""

    FEW = "fewer than 10"
    WITHHELD = "not shown"


Shown = int | Hidden
# None: the total alone may be told.
Breakdown = dict[str, Shown] | None


def breakdown(counts: Mapping[str, int]) -> Breakdown:
    """What may be told of `counts`, whose sum is told too: first what is shown, in the order given, then what is not."""
    few = {name for name, count in counts.items() if 0 < count < FEWEST_SHOWN}
    if not few:
        return dict(counts)
    room = sum(counts[name] - 1 for name in few)
    withheld = set[str]()
    for name in sorted(counts):
        if counts[name] < FEWEST_SHOWN:
            continue
        withheld.add(name)
        room += counts[name] - FEWEST_SHOWN
        if room >= ROOM:
            shown: dict[str, Shown] = {n: count for n, count in counts.items() if n not in few | withheld}
            return shown | {n: Hidden.FEW if n in few else Hidden.WITHHELD for n in sorted(few | withheld)}
    return None
