"""The heartbeat: everything the daemon does by itself, in order, each a service call of its own.

One part that fails is told and does not stop the others. A tick whose clock jumped does nothing but say so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from reminder.errors import Trouble

log = structlog.get_logger()
# Clocks are set back by a second or two every day.
BACK_TOLERANCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a heartbeat does."""

    name: str
    work: Callable[[datetime], object]


def beat(
    parts: Sequence[Part],
    now: datetime,
    *,
    on_trouble: Callable[[str, Exception, datetime], None],
    go_on: Callable[[], bool] = lambda: True,
) -> dict[str, object]:
    """Run every part while `go_on`; what each returned, or the fault that ended it, by name.

    A fault is logged by its kind only: its text may name a person. One that cannot even be told stands in the log.
    """
    results: dict[str, object] = {}
    for part in parts:
        if not go_on():
            break
        try:
            results[part.name] = part.work(now)
        except Exception as error:  # noqa: BLE001 - the other parts must go on, and this one is told
            results[part.name] = error
            why = {"thing": error.thing, "reason": error.reason} if isinstance(error, Trouble) else {}
            log.error("heartbeat_part_failed", part=part.name, kind=type(error).__name__, **why)
            _tell(on_trouble, part.name, error, now)
    return results


def _tell(on_trouble: Callable[[str, Exception, datetime], None], part: str, error: Exception, now: datetime) -> None:
    try:
        on_trouble(part, error, now)
    except Exception as again:  # noqa: BLE001 - most often the database itself is the trouble
        log.error("trouble_not_told", part=part, kind=type(again).__name__)


def clock_jumped(last: datetime | None, now: datetime, *, catch_up: timedelta, second_source: datetime | None) -> str:
    """Why the clock is not believed, or '': back, or ahead by more than the catch-up window since the last heartbeat.

    A second source that agrees within the tolerance (the database server's clock) settles it. A machine that was off for
    longer looks the same: an operator says so with `reminder tick --clock-is-right`.
    """
    if last is None or (last - BACK_TOLERANCE <= now <= last + catch_up):
        return ""
    if second_source is not None and abs(second_source - now) <= BACK_TOLERANCE:
        return ""
    direction = "back" if now < last else "ahead"
    return f"the clock went {direction}: the last heartbeat was at {last:%Y-%m-%d %H:%M} UTC, it is {now:%Y-%m-%d %H:%M} UTC"
