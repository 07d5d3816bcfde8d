"""Who may see an appeal, when letters are asked for, and which of its texts a reader gets."""

from datetime import UTC, date, datetime

import pytest

from reminder.domain.cases import IssuedText
from reminder.domain.showing import Standing, in_language, issues, standing_of
from reminder.domain.states import CampaignState

NOW = datetime(2020, 12, 20, 10, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)


def stand(state: CampaignState, now: datetime = NOW, deadline: date | None = DEADLINE, **facts: bool) -> Standing:
    return standing_of(state, deadline, now, **{"stopped": False, "removed": False, "asks": False} | facts)


@pytest.mark.parametrize(
    ("state", "facts", "standing"),
    [
        (CampaignState.LIVE, {}, Standing.OPEN),
        (CampaignState.PAUSED, {}, Standing.WAITING),
        (CampaignState.EXPIRED, {}, Standing.EXPIRED),
        (CampaignState.STOPPED, {}, Standing.STOPPED),
        (CampaignState.CLOSED, {}, Standing.CLOSED),
        (CampaignState.LIVE, {"asks": True}, Standing.WAITING),
        (CampaignState.EXPIRED, {"asks": True}, Standing.EXPIRED),
        (CampaignState.LIVE, {"stopped": True}, Standing.STOPPED),
        (CampaignState.EXPIRED, {"stopped": True}, Standing.STOPPED),
        (CampaignState.LIVE, {"removed": True}, Standing.REMOVED),
        (CampaignState.STOPPED, {"removed": True, "stopped": True}, Standing.REMOVED),
    ],
)
def test_only_a_live_appeal_that_nothing_speaks_against_is_open(
    state: CampaignState, facts: dict[str, bool], standing: Standing
) -> None:
    assert stand(state, **facts) is standing


def test_it_is_over_when_the_day_has_ended_for_the_last_reader_on_earth() -> None:
    last = datetime(2020, 12, 30, 11, 59, 59, tzinfo=UTC)
    over = datetime(2020, 12, 30, 12, tzinfo=UTC)
    assert (stand(CampaignState.LIVE, last), stand(CampaignState.LIVE, over)) == (Standing.OPEN, Standing.EXPIRED)
    assert stand(CampaignState.PAUSED, over) is Standing.EXPIRED
    assert stand(CampaignState.LIVE, over, deadline=None) is Standing.OPEN


def text(digest: str, language: str | None = "en", **read: object) -> IssuedText:
    return IssuedText(digest, NOW, {"language": language, "warnings": [], **read})


def digests(found: list[list[IssuedText]]) -> list[list[str]]:
    return [[each.digest for each in issue] for issue in found]


def test_the_same_index_in_another_language_is_the_same_issue() -> None:
    first = text("a", index="ASA 17/2219/2020")
    english, chinese = text("b", index="ASA 17/3279/2020"), text("c", "zh", index="ASA 17/3279/20")
    assert digests(issues([first, english, chinese])) == [["c", "b"], ["a"]]


def test_without_an_index_the_dates_tell_and_the_same_language_is_never_a_translation() -> None:
    dates = {"issued_on": "2020-11-02", "deadline": "2020-12-29"}
    assert digests(issues([text("a", **dates), text("b", "fr", **dates)])) == [["b", "a"]]
    assert digests(issues([text("a", **dates), text("b", **dates)])) == [["b"], ["a"]]
    assert digests(issues([text("a"), text("b", "fr")])) == [["b"], ["a"]]
    assert digests(issues([text("a", None, **dates), text("b", None, **dates)])) == [["b"], ["a"]]


def test_a_reader_gets_her_language_then_the_next_best_then_the_newest() -> None:
    issue = [text("new", "ar"), text("en", "en"), text("ru", "ru")]
    assert in_language(issue, ("kk", "ru", "en")).digest == "ru"
    assert in_language(issue, ("fr", "en")).digest == "en"
    assert in_language(issue[:1], ("fr", "en")).digest == "new"
