"""What each provider may still take: rates, daily quotas and the circuit breaker, shared by all and kept over a restart.

Reserved once per attempt by a guarded update, never per message; what an attempt does not need is given back with it.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from reminder.store.columns import instant, ordinal, seconds, statement

FAILURES_UNTIL_BREAK = 3
BREAK_MINUTES = (1, 5, 15, 60)
# How long what waits for a stopped provider waits until it is looked at again.
LOOK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_second` messages (0: as fast as it takes them), `per_day` messages by UTC day (0: any number)."""

    per_second: float = 0
    per_day: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """`granted` messages now; where that is 0, `wait_until` is when to ask again."""

    granted: int
    wait_until: datetime | None = None


def reserve(connection: Connection, provider: str, wanted: int, limits: Limits, now: datetime) -> Room:
    """Take room for up to `wanted` messages in the caller's transaction."""
    row = connection.execute(
        statement("SELECT * FROM provider_state WHERE provider = :provider"), {"provider": provider}
    ).one_or_none()
    if row is not None and (until := _out(row, now)) is not None:
        return Room(0, until)
    if not limits.per_second and not limits.per_day:
        return Room(wanted)
    if row is None:
        _create(connection, provider, now)
        return reserve(connection, provider, wanted, limits, now)
    granted, wait_until = _room(row, wanted, limits, now)
    if granted:
        same_day, same_window = row.day == ordinal(now.date()), _window(row.window_at, limits, now)
        taken = connection.execute(
            statement(
                "UPDATE provider_state SET day = :day, taken_today = :today, window_at = :window, taken_in_window = :taken"
                " WHERE provider = :provider AND taken_today = :was_today AND taken_in_window = :was_taken"
            ),
            {
                "day": ordinal(now.date()),
                "today": (row.taken_today if same_day else 0) + granted,
                "window": row.window_at if same_window else seconds(now),
                "taken": (row.taken_in_window if same_window else 0) + granted,
                "provider": provider,
                "was_today": row.taken_today,
                "was_taken": row.taken_in_window,
            },
        ).rowcount
        if not taken:
            # Another machine took some at this moment.
            return reserve(connection, provider, wanted, limits, now)
    return Room(granted, wait_until)


def give_back(connection: Connection, provider: str, unused: int, limits: Limits) -> None:
    """Return room that was reserved in this transaction and is not needed."""
    if unused <= 0 or not (limits.per_second or limits.per_day):
        return
    connection.execute(
        text(
            "UPDATE provider_state SET taken_today = taken_today - :unused,"
            " taken_in_window = taken_in_window - :unused WHERE provider = :provider"
        ),
        {"unused": unused, "provider": provider},
    )


def out_until(connection: Connection, provider: str, limits: Limits, now: datetime) -> datetime | None:
    """Until when a provider takes nothing: it failed, or its day's quota is used up; None where it takes messages.

    A rate that is reached for this second does not count: its wait is short, and the next provider is no overflow.
    """
    row = connection.execute(
        statement("SELECT day, taken_today, broken_until, stopped FROM provider_state WHERE provider = :provider"),
        {"provider": provider},
    ).one_or_none()
    if row is None:
        return None
    until = _out(row, now)
    if until is not None:
        return until
    used_up = limits.per_day and row.day == ordinal(now.date()) and row.taken_today >= limits.per_day
    return _midnight(now) if used_up else None


def _out(row: Any, now: datetime) -> datetime | None:
    if row.stopped:
        return now + LOOK_AGAIN
    broken = row.broken_until is not None and row.broken_until > seconds(now)
    return instant(row.broken_until) if broken else None


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _window_seconds(limits: Limits) -> int:
    """A window long enough that at least one message fits into it."""
    return math.ceil(1 / limits.per_second) if limits.per_second else 1


def _window(window_at: int, limits: Limits, now: datetime) -> bool:
    return window_at <= seconds(now) < window_at + _window_seconds(limits)


def _room(row: object, wanted: int, limits: Limits, now: datetime) -> tuple[int, datetime | None]:
    granted, wait_until = wanted, None
    if limits.per_second:
        width = _window_seconds(limits)
        taken = row.taken_in_window if _window(row.window_at, limits, now) else 0  # type: ignore[attr-defined]
        room = max(1, int(limits.per_second * width)) - taken
        if room < granted:
            granted = max(0, room)
            wait_until = instant(max(row.window_at, seconds(now) - width) + width)  # type: ignore[attr-defined]
    if limits.per_day:
        today = row.taken_today if row.day == ordinal(now.date()) else 0  # type: ignore[attr-defined]
        if limits.per_day - today < granted:
            granted = max(0, limits.per_day - today)
            wait_until = _midnight(now)
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
        _create(connection, provider, now)
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


def note_success(connection: Connection, provider: str) -> None:
    """A provider that takes messages again is forgiven."""
    connection.execute(
        statement(
            "UPDATE provider_state SET failures = 0, broken_until = NULL, because = ''"
            " WHERE provider = :provider AND failures > 0"
        ),
        {"provider": provider},
    )


def stop(connection: Connection, provider: str, because: str, now: datetime) -> bool:
    """Nothing goes through a provider until an organiser says so; False where that is so already."""
    _create(connection, provider, now)
    stopped = text("UPDATE provider_state SET stopped = :because WHERE provider = :provider AND stopped = ''")
    return connection.execute(stopped, {"provider": provider, "because": because}).rowcount == 1


def resume(connection: Connection, provider: str) -> bool:
    """A stopped provider may be used again; False where it was not stopped."""
    resumed = text("UPDATE provider_state SET stopped = '' WHERE provider = :provider AND stopped <> ''")
    return connection.execute(resumed, {"provider": provider}).rowcount == 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How a provider stands: what it took today (UTC), and a few words."""

    taken_today: int
    words: str


def standing(connection: Connection, now: datetime) -> dict[str, Standing]:
    """Every provider that was used so far."""
    found = {}
    for row in connection.execute(text("SELECT * FROM provider_state")):
        words = "well"
        if row.stopped:
            words = f"stopped: {row.stopped}"
        elif row.broken_until is not None and row.broken_until > seconds(now):
            words = f"out until {instant(row.broken_until):%H:%M} UTC: {row.because}"
        elif row.failures:
            words = f"failed {row.failures} times in a row: {row.because}"
        found[row.provider] = Standing(row.taken_today if row.day == ordinal(now.date()) else 0, words)
    return found


def _create(connection: Connection, provider: str, now: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO provider_state (provider, day, taken_today, window_at, taken_in_window, failures, because, stopped)"
            " VALUES (:provider, :day, 0, :now, 0, 0, '', '') ON CONFLICT DO NOTHING"
        ),
        {"provider": provider, "day": ordinal(now.date()), "now": seconds(now)},
    )
