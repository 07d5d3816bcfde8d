"""What each provider may still take: rates, daily quotas and the circuit breaker, shared by all and kept over a restart.

Reserved once per attempt by a guarded update, never per message; what an attempt does not need is given back with it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.limits import UNUSED, Limits, Used, left_on_its_day
from reminder.store.columns import instant, ordinal, seconds, statement

FAILURES_UNTIL_BREAK = 3
BREAK_MINUTES = (1, 5, 15, 60)
# How long what waits for a stopped provider waits until it is looked at again.
LOOK_AGAIN = timedelta(minutes=5)
_LOOK = (
    "SELECT day, taken_today, most_a_day, window_at, taken_in_window, broken_until, stopped FROM provider_state"
    " WHERE provider = :provider"
)


@dataclass(frozen=True, slots=True)
class Room:
    """`granted` messages now; where that is 0, `wait_until` is when to ask again."""

    granted: int
    wait_until: datetime | None = None


def reserve(
    connection: Connection, provider: str, wanted: int, limits: Limits, now: datetime, *, even_stopped: bool = False
) -> Room:
    """Take room for up to `wanted` messages in the caller's transaction.

    `even_stopped`: for what tells organisers that the provider was stopped; one that fails is closed for that, too.
    """
    row = connection.execute(statement(_LOOK), {"provider": provider}).one_or_none()
    if row is not None and (until := _out(row, now, even_stopped=even_stopped)) is not None:
        return Room(0, until)
    if not limits:
        return Room(wanted)
    if row is None:
        known_provider(connection, provider, now)
        return reserve(connection, provider, wanted, limits, now, even_stopped=even_stopped)
    used = _used(row).seen_on(ordinal(now.date()))
    granted, wait_until = _room(row, wanted, limits, used, now)
    if granted:
        same_window = _window(row.window_at, limits, now)
        taken = connection.execute(
            statement(
                "UPDATE provider_state SET day = :day, taken_today = :today, most_a_day = :most, window_at = :window,"
                " taken_in_window = :taken"
                " WHERE provider = :provider AND taken_today = :was_today AND taken_in_window = :was_taken"
            ),
            {
                "day": used.day,
                "today": used.today + granted,
                "most": used.most,
                "window": row.window_at if same_window else seconds(now),
                "taken": (row.taken_in_window if same_window else 0) + granted,
                "provider": provider,
                "was_today": row.taken_today,
                "was_taken": row.taken_in_window,
            },
        ).rowcount
        if not taken:
            # Another machine took some at this moment.
            return reserve(connection, provider, wanted, limits, now, even_stopped=even_stopped)
    return Room(granted, wait_until)


def give_back(connection: Connection, provider: str, unused: int, limits: Limits) -> None:
    """Return room that was reserved in this transaction and is not needed."""
    if unused <= 0 or not limits:
        return
    connection.execute(
        statement(
            "UPDATE provider_state SET taken_today = taken_today - :unused,"
            " taken_in_window = taken_in_window - :unused WHERE provider = :provider"
        ),
        {"unused": unused, "provider": provider},
    )


def out_until(
    connection: Connection, provider: str, limits: Limits, now: datetime, *, even_stopped: bool = False
) -> datetime | None:
    """Until when a provider takes nothing: it was stopped, it failed, or its day's quota is used up; None where it takes.

    A rate that is reached for this second does not count: its wait is short, and the next provider is no overflow.
    """
    row = connection.execute(statement(_LOOK), {"provider": provider}).one_or_none()
    if row is None:
        return None
    until = _out(row, now, even_stopped=even_stopped)
    if until is not None:
        return until
    return _midnight(now) if left_on_its_day(limits, _used(row).seen_on(ordinal(now.date()))) == 0 else None


def _out(row: Any, now: datetime, *, even_stopped: bool) -> datetime | None:
    if row.broken_until is not None and row.broken_until > seconds(now):
        return instant(row.broken_until)
    return now + LOOK_AGAIN if row.stopped and not even_stopped else None


def _used(row: Any) -> Used:
    return Used(row.day, row.taken_today, row.most_a_day)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _window_seconds(limits: Limits) -> int:
    """A window long enough that at least one message fits into it."""
    return math.ceil(1 / limits.per_second) if limits.per_second else 1


def _window(window_at: int, limits: Limits, now: datetime) -> bool:
    return window_at <= seconds(now) < window_at + _window_seconds(limits)


def _room(row: Any, wanted: int, limits: Limits, used: Used, now: datetime) -> tuple[int, datetime | None]:
    granted, wait_until = wanted, None
    if limits.per_second:
        width = _window_seconds(limits)
        taken = row.taken_in_window if _window(row.window_at, limits, now) else 0
        room = max(1, int(limits.per_second * width)) - taken
        if room < granted:
            granted = max(0, room)
            wait_until = instant(max(row.window_at, seconds(now) - width) + width)
    left = left_on_its_day(limits, used)
    if left is not None and left < granted:
        granted, wait_until = left, _midnight(now)
    return granted, None if granted else wait_until


def note_failure(
    connection: Connection, provider: str, because: str, now: datetime, *, account: bool
) -> datetime | None:
    """Count a call that took nothing; returns until when the provider is out of the rotation, if it is.

    The fault of our account (a bad key, a suspension) takes it out at once.
    """
    row = connection.execute(
        text("SELECT failures FROM provider_state WHERE provider = :provider"), {"provider": provider}
    ).one_or_none()
    if row is None:
        known_provider(connection, provider, now)
    failures = (row.failures if row else 0) + 1
    breaks = failures - FAILURES_UNTIL_BREAK if not account else failures - 1
    until = None
    if breaks >= 0:
        until = now + timedelta(minutes=BREAK_MINUTES[min(breaks, len(BREAK_MINUTES) - 1)])
    connection.execute(
        text(
            "UPDATE provider_state SET failures = :failures, broken_until = :until, because = :because"
            " WHERE provider = :provider"
        ),
        {
            "failures": failures,
            "until": None if until is None else seconds(until),
            "because": because,
            "provider": provider,
        },
    )
    return until


def tell_of(connection: Connection, provider: str, now: datetime) -> bool:
    """Whether the organisers are still to be told that a provider fails; the second time no, until it worked again."""
    told = text("UPDATE provider_state SET told_at = :now WHERE provider = :provider AND told_at IS NULL")
    return connection.execute(told, {"provider": provider, "now": seconds(now)}).rowcount == 1


def note_success(connection: Connection, provider: str) -> None:
    """A provider that takes messages again is forgiven."""
    connection.execute(
        statement(
            "UPDATE provider_state SET failures = 0, broken_until = NULL, because = '', told_at = NULL"
            " WHERE provider = :provider AND failures > 0"
        ),
        {"provider": provider},
    )


def stop(connection: Connection, provider: str, because: str, now: datetime) -> bool:
    """No campaign goes through a provider until an organiser says so; False where that is so already."""
    known_provider(connection, provider, now)
    stopped = text("UPDATE provider_state SET stopped = :because WHERE provider = :provider AND stopped = ''")
    return connection.execute(stopped, {"provider": provider, "because": because}).rowcount == 1


def resume(connection: Connection, provider: str) -> bool:
    """A stopped provider may be used again; False where it was not stopped."""
    resumed = text("UPDATE provider_state SET stopped = '' WHERE provider = :provider AND stopped <> ''")
    return connection.execute(resumed, {"provider": provider}).rowcount == 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How a provider stands. `stopped` says why, `broken_until` until when it is out because it fails (`because`)."""

    used: Used = UNUSED
    stopped: str = ""
    broken_until: datetime | None = None
    because: str = ""
    failures: int = 0

    def words(self) -> str:
        """In a few words."""
        if self.stopped:
            return f"stopped: {self.stopped}"
        if self.broken_until is not None:
            return f"out until {self.broken_until:%H:%M} UTC: {self.because}"
        return f"failed {self.failures} times in a row: {self.because}" if self.failures else "well"


def standing(connection: Connection, names: Iterable[str], now: datetime) -> dict[str, Standing]:
    """How each of these providers stands now, what it used as seen today; one that was never used stands well."""
    rows = {row.provider: row for row in connection.execute(text("SELECT * FROM provider_state"))}
    today = ordinal(now.date())
    found = {name: Standing(Used(today)) for name in names}
    for name in found.keys() & rows.keys():
        row = rows[name]
        broken = row.broken_until is not None and row.broken_until > seconds(now)
        found[name] = Standing(
            _used(row).seen_on(today),
            row.stopped,
            instant(row.broken_until) if broken else None,
            row.because,
            row.failures,
        )
    return found


def known_provider(connection: Connection, provider: str, now: datetime) -> None:
    """A row for a provider, unless it has one."""
    connection.execute(
        text(
            "INSERT INTO provider_state (provider, day, taken_today, window_at, taken_in_window, failures, because, stopped)"
            " VALUES (:provider, :day, 0, :now, 0, 0, '', '') ON CONFLICT DO NOTHING"
        ),
        {"provider": provider, "day": ordinal(now.date()), "now": seconds(now)},
    )
