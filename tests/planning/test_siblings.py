"""A second campaign of the same case: refused for the same people, with a warning for others."""

import pytest

from reminder.domain.states import CampaignState
from reminder.errors import NotAllowed
from reminder.planning import campaigns, drafts
from reminder.planning.desk import Done
from tests.planning.world import BEGAN, WHO, World, is_about, states


def begin(world: World, *audience: str) -> Done:
    """Create, approve and start."""
    number = drafts.create(world.desk, world.case_id, list(audience), who=WHO, now=BEGAN).campaign_id
    campaigns.approve(world.desk, number, who=WHO, now=BEGAN)
    return campaigns.start(world.desk, number, who=WHO, now=BEGAN)


@pytest.mark.parametrize(
    ("first", "second"),
    [(["all"], ["all"]), (["all"], ["list:london"]), (["list:london"], ["all"]), (["topic:a", "topic:b"], ["topic:b"])],
)
@pytest.mark.parametrize("state", [CampaignState.LIVE, CampaignState.PAUSED])
def test_the_same_people_are_not_reminded_by_two_campaigns(
    world: World, first: list[str], second: list[str], state: CampaignState
) -> None:
    one = begin(world, *first).campaign_id
    world.set_campaign(one, state=state)
    with pytest.raises(NotAllowed, match=rf"people of campaign {one} of the same case, which is {state.name.lower()}"):
        begin(world, *second)
    assert states(world, one + 1)[0] is CampaignState.APPROVED


def test_other_people_may_be_and_the_organiser_is_told_who_would_get_both(world: World) -> None:
    one = begin(world, "list:london").campaign_id
    assert is_about(begin(world, "list:paris"), f"Campaign {one} of the same case is live, too")


@pytest.mark.parametrize("ended", [CampaignState.CLOSED, CampaignState.EXPIRED])
def test_after_the_first_one_has_ended_the_next_may_begin(world: World, ended: CampaignState) -> None:
    world.set_campaign(begin(world, "all").campaign_id, state=ended)
    assert states(world, begin(world, "all").campaign_id)[0] is CampaignState.LIVE
