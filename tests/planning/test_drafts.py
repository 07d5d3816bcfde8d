"""What a campaign cannot be drafted for, and where an empty audience leads."""

from datetime import date
from typing import Any

import pytest

from reminder.errors import NotAllowed
from reminder.planning import drafts
from reminder.planning.overview import list_campaigns
from tests.planning.world import BEGAN, WHO, World

OVER = {
    "a stopped case": ({"stopped_at": BEGAN}, "was stopped"),
    "a case whose last day is past": ({"deadline_on": date(2020, 11, 30)}, "expired on arrival"),
}


@pytest.mark.parametrize(("values", "says"), OVER.values(), ids=OVER.keys())
def test_nothing_is_drafted_for_a_case_that_is_over(world: World, values: dict[str, Any], says: str) -> None:
    world.change_case(**values)
    with pytest.raises(NotAllowed, match=says):
        drafts.create(world.desk, world.case_id, ["all"], who=WHO, now=BEGAN)
    assert list_campaigns(world.database) == []


def test_a_draft_for_nobody_says_how_to_make_one_for_somebody(world: World) -> None:
    done = drafts.create(world.desk, world.case_id, [], who=WHO, now=BEGAN)
    assert done.next == "create one for somebody with `reminder campaign create k3x7qa --audience all`"
