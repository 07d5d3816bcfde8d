"""What the public may see of an appeal: whether it is shown at all, whether people may write, and in which language."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum

from reminder.domain.cases import IssuedText, index_key
from reminder.domain.states import CampaignState
from reminder.domain.times import last_reader_end


class Standing(StrEnum):
    """How an appeal stands for a reader. Only an open one asks for letters."""

    OPEN = "open"
    WAITING = "waiting"  # an organiser halted it, or looks at news of it
    EXPIRED = "expired"  # its last day has ended for the last reader on earth
    CLOSED = "closed"  # an organiser ended it early
    STOPPED = "stopped"  # nobody may write any more
    REMOVED = "removed"  # its texts are gone: names nobody


_STANDINGS = {
    CampaignState.LIVE: Standing.OPEN,
    CampaignState.PAUSED: Standing.WAITING,
    CampaignState.EXPIRED: Standing.EXPIRED,
    CampaignState.CLOSED: Standing.CLOSED,
    CampaignState.STOPPED: Standing.STOPPED,
}


def standing_of(
    state: CampaignState,
    deadline: date | None,
    now: datetime,
    *,
    stopped: bool,
    removed: bool,
    asks: bool,
) -> Standing:
    """How an appeal stands whose campaign has begun. `stopped` and `removed` are the case's; `asks`: case or campaign
    waits for an organiser's answer."""
    if removed:
        return Standing.REMOVED
    if stopped:
        return Standing.STOPPED
    standing = _STANDINGS[state]
    if standing is Standing.OPEN and asks:
        return Standing.WAITING
    # Also where the heartbeat has not come by yet.
    if standing in {Standing.OPEN, Standing.WAITING} and deadline is not None and now >= last_reader_end(deadline):
        return Standing.EXPIRED
    return standing


def issues(chain: Sequence[IssuedText]) -> list[list[IssuedText]]:
    """A chain (oldest first) as what was issued, newest first, each in all languages that there are; the newest of them first."""
    found: list[list[IssuedText]] = []
    for text in reversed(chain):
        same = next((issue for issue in found if _is_same_issue(issue, text)), None)
        if same is None:
            found.append([text])
        else:
            same.append(text)
    return found


def _is_same_issue(issue: Collection[IssuedText], text: IssuedText) -> bool:
    """Whether a text is a translation: same index, or same dates where none is printed, in a language that is not there."""
    first = next(iter(issue))
    if text.read.get("language") in {None, *(each.read.get("language") for each in issue)}:
        return False
    if first.index or text.index:
        return index_key(first.index) == index_key(text.index)
    dates = first.issued_on, first.printed_deadline
    return None not in dates and dates == (text.issued_on, text.printed_deadline)


def in_language(issue: Sequence[IssuedText], wanted: Sequence[str]) -> IssuedText:
    """The text of an issue for a reader of these languages, best first; the newest where there is none of them."""
    by_language = {str(text.read.get("language") or ""): text for text in reversed(issue)}
    return next((by_language[language] for language in wanted if language in by_language), issue[0])
