"""Lets time pass: from one instant at which something is to be done to the next, with a heartbeat at each."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from reminder.app import App, Ticked
from reminder.clock import VirtualClock
from reminder.domain.times import ONE_DAY, at_wall_clock, local_day
from reminder.errors import Trouble
from reminder.reporting.office import MORNING_HOUR
from reminder.store.timeline import next_instant

# Something that people do at an instant: write, leave, join. It is given the instant.
Happening = tuple[datetime, Callable[[App, datetime], None]]
# A heartbeat must come well within the catch-up window, or the clock would be thought to have jumped.
LONGEST_STEP = timedelta(hours=6)


def let_time_pass(app: App, clock: VirtualClock, until: datetime, happenings: Iterable[Happening] = ()) -> None:
    """Run `app`, whose clock is `clock`, from the clock's instant to `until`; what happens comes before the heartbeat.

    A happening before the clock's instant comes at once, one after `until` not at all. Raises `Trouble` where a part of the
    heartbeat fails: the story would be one of a service that does not work.
    """
    step = min(LONGEST_STEP, timedelta(hours=app.settings.catch_up_hours))
    ahead = sorted(happenings, key=lambda happening: happening[0])
    clock_is_right = True
    while True:
        now = clock.now()
        while ahead and ahead[0][0] <= now:
            ahead.pop(0)[1](app, now)
        _refuse_trouble(app.tick(clock_is_right=clock_is_right))
        clock_is_right = False
        if now >= until:
            return
        with app.database.read() as connection:
            planned = next_instant(connection, now)
        stops = [now + step, until, _next_morning(now, app.settings.zone), *(at for at, _ in ahead[:1])]
        clock.move_to(min([*stops, planned] if planned else stops))


def _refuse_trouble(ticked: Ticked) -> None:
    if ticked.waits:
        raise Trouble("The rehearsal", f"stopped: {ticked.waits}", "Let it begin later.")
    for part, result in ticked.parts.items():
        if isinstance(result, Exception):
            raise Trouble(
                "The rehearsal", f"stopped: the part {part!r} of the heartbeat failed", "See the log."
            ) from result


def _next_morning(now: datetime, zone: str) -> datetime:
    """When the office is told what waits for it."""
    today = at_wall_clock(local_day(now, zone), MORNING_HOUR, zone)
    return today if today > now else at_wall_clock(local_day(now, zone) + ONE_DAY, MORNING_HOUR, zone)
