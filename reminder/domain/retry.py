"""When a message that a provider put off is tried again: a pure decision."""

from datetime import datetime, timedelta

# What a try waits for. A greylisting server wants minutes, a full mailbox hours; after a day and a half it wants patience.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    *[timedelta(hours=3)] * 8,
)
LONG_WAIT = timedelta(hours=12)
# A day's open hours that end later than this before `not_after` are the last: no other morning follows.
ONE_DAY = timedelta(days=1)


def retry_at(
    tries: int, retry_after: int | None, *, now: datetime, open_until: datetime, not_after: datetime
) -> datetime | None:
    """The next try after `tries` failed ones (this one included), or None where it would be too late.

    `retry_after`, in seconds, is the provider's own wait: never shortened; 0 is "not begun", tried again at once. Nothing
    is given up while there is time. No wait passes the end, which is `open_until` on the last day and else `not_after`:
    the last try comes while it still helps, unless the provider's own wait is longer.
    """
    if retry_after == 0:
        return now if now < not_after else None
    own_wait = timedelta(seconds=retry_after or 0)
    at = now + max(WAITS[tries - 1] if tries <= len(WAITS) else LONG_WAIT, own_wait)
    end = min(open_until, not_after) if not_after - open_until < ONE_DAY else not_after
    if at < end:
        return at
    last_chance = end - timedelta(minutes=1)
    return last_chance if last_chance > now + WAITS[0] and last_chance >= now + own_wait else None
