"""Two campaigns of one case at the same time: fine for different people, and never the same people twice."""

from collections.abc import Sequence

from reminder.domain.scopes import ALL
from reminder.domain.states import CampaignState
from reminder.errors import NotAllowed
from reminder.planning.desk import Look
from reminder.store.campaigns import Connection, read_campaigns
from reminder.store.tables import Campaign

_UNDER_WAY = frozenset({CampaignState.LIVE, CampaignState.PAUSED})


def siblings(connection: Connection, seen: Look) -> list[Campaign]:
    """The other campaigns of the same case that are live or paused."""
    found = read_campaigns(connection, seen.campaign.case_id)
    return [each for each in found if each.state in _UNDER_WAY and each.id != seen.campaign_id]


def refuse_the_same_people(seen: Look, others: Sequence[Campaign]) -> None:
    """Raise `NotAllowed` where the audience is, or surely holds, people of another campaign of the same case."""
    mine = set(seen.campaign.audience)
    for other in others:
        theirs = set(other.audience)
        if mine & theirs or (theirs and ALL in mine) or (mine and ALL in theirs):
            raise NotAllowed(
                seen.name,
                f"is for people of campaign {other.id} of the same case, which is {other.state.name.lower()}:"
                " they would be reminded of it by both",
                f"Close that one with `reminder campaign close {other.id}`, or create one for other people with"
                " `--audience`.",
            )


def beside_in_words(others: Sequence[Campaign]) -> tuple[str, ...]:
    """A warning for each campaign of the same case that goes on beside."""
    return tuple(
        f"Campaign {other.id} of the same case is {other.state.name.lower()}, too: who belongs to both audiences is"
        " reminded by both."
        for other in others
    )
