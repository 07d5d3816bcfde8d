"""What became of a message that was attempted more than once."""

from collections.abc import Mapping

from reminder.domain.states import Result


def combined(by_attempt: Mapping[int, Result]) -> Result:
    """The result of a message from the highest result of each of its attempts (attempt id → result).

    A complaint counts whichever attempt it speaks of. A message is delivered if any attempt was and stayed so; else the
    newest attempt that we heard of tells. An older attempt's failure therefore never covers a newer one's delivery.
    """
    if not by_attempt:
        return Result.UNKNOWN
    results = set(by_attempt.values())
    for certain in (Result.COMPLAINED, Result.DELIVERED):
        if certain in results:
            return certain
    return by_attempt[max(by_attempt)]
