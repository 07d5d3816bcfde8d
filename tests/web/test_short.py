"""The short link of a text: it shows nothing of anybody, and its button ends the texts."""

from reminder.domain.states import Channel
from tests.web.pages_world import URL, World
from tests.web.test_leaving import open_channels


def link(world: World) -> str:
    """The link in Ellen's texts."""
    number = world.app.vault.address_hash(Channel.SMS, "+13105550142")
    return world.app.links.short(number).removeprefix(URL)


def test_looking_at_the_page_changes_and_tells_nothing(world: World) -> None:
    page = world.client.get(link(world))
    assert page.status_code == world.client.head(link(world)).status_code == 200
    assert "Yes, no more texts" in page.text
    assert "Ellen" not in page.text
    assert "310" not in page.text
    assert open_channels(world, "Ellen") == (True, True)


def test_the_button_ends_the_texts_and_says_what_still_comes(world: World) -> None:
    answer = world.client.post(link(world), data={"what": "texts"}, headers={"accept-language": "en"})
    assert "You get no more texts from us." in answer.text
    assert "Email still comes." in answer.text
    assert open_channels(world, "Ellen") == (True, False)


def test_a_link_of_nobody_is_answered_like_any_that_does_not_work(world: World) -> None:
    for path in ("/s/AAAAAAAAAAA", "/s/x", link(world)[:-1]):
        assert {world.client.request(method, path).status_code for method in ("GET", "POST")} == {404}
    assert open_channels(world, "Ellen") == (True, True)
