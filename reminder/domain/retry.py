"""When a message that a provider put off is tried again: a pure decision."""

from datetime import datetime, timedelta

# What a try waits for; the last one repeats. A greylisting server wants minutes, a full mailbox hours.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3))
TRIES_MAX = 12


def retry_at(tries: int, retry_after: int | None, *, now: datetime, not_after: datetime) -> datetime | None:
    """The next try after `tries` failed ones (this one included), or None where it would be too late.

    `retry_after`, in seconds, is the provider's own wait: never shortened; 0 is "not begun", tried again at once. No wait passes `not_after`: the last try comes
    while it still helps, unless the provider's own wait is longer.
    """
    if retry_after == 0:
        return now if now < not_after else None
    if tries >= TRIES_MAX:
        return None
    wait = max(WAITS[min(tries, len(WAITS)) - 1], timedelta(seconds=retry_after or 0))
    at = now + wait
    if at < not_after:
        return at
    last_chance = not_after - timedelta(minutes=1)
    if retry_after is None and last_chance > now + WAITS[0]:
        return last_chance
    return None
