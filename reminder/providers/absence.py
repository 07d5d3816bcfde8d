"""What it means that a provider's log does not hold a message: nothing, unless the message would be in it by now.

A message that was "never seen" goes again, so this must be certain: not while the log may be behind, nor once it no longer
holds what is so old. What time it is says the server that answers.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from reminder.providers.http import Answer, Unanswered


def require_never_seen(answer: Answer, sent_at: datetime, *, after: timedelta, until: timedelta) -> None:
    """Raise `Unanswered` unless the answer was made between `after` and `until` from `sent_at` on, by its Date."""
    try:
        made = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        raise Unanswered("an answer without date", left=True) from None
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    if not after <= made - sent_at <= until:
        raise Unanswered("not in the log, which proves nothing now", left=True)
