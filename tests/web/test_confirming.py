"""The link of a confirmation: nothing happens before the button, and only the address's own link opens it."""

from reminder.domain.links import Purpose
from reminder.intake.people import Joining, add_subscriber
from tests.web.pages_world import URL, World, address


def link(world: World, name: str) -> str:
    [[url]] = world.app.links.many(0, [world.hash_of(name)], [Purpose.CONFIRM])
    return url.removeprefix(URL)


def is_open(world: World, name: str) -> bool:
    return world.one("SELECT email_since IS NOT NULL FROM subscriber WHERE id = :id", id=world.people[name]) == 1


def test_looking_at_the_page_opens_nothing(world: World) -> None:
    assert "Jun" not in world.client.get(link(world, "Jun")).text
    assert world.client.head(link(world, "Jun")).status_code == 200
    assert not is_open(world, "Jun")


def test_the_button_opens_the_channel_and_shows_a_letter_to_write(world: World) -> None:
    answer = world.client.post(link(world, "Jun"), headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert is_open(world, "Jun")
    assert 'class="button" href="/a/' in answer.text
    assert world.client.post(link(world, "Jun")).status_code == 200


def test_an_old_mail_does_not_bring_back_somebody_who_left(world: World) -> None:
    answer = world.client.post(link(world, "Hana"))
    assert (answer.status_code, is_open(world, "Hana")) == (410, False)
    assert 'href="/subscribe"' in answer.text


def test_her_own_new_yes_lifts_an_earlier_leaving(world: World) -> None:
    again = Joining(email=address("Hana"), subscriptions=("all",), own_request=True)
    add_subscriber(world.app.database, world.app.vault, again, world.now)
    world.client.post(link(world, "Hana"))
    assert is_open(world, "Hana")
    assert world.one("SELECT count(*) FROM do_not_contact WHERE address_hash = :h", h=world.hash_of("Hana")) == 0


def test_links_of_other_purposes_and_of_nobody_open_nothing(world: World) -> None:
    nobody = world.app.links.many(0, [b"0123456789abcdef"], [Purpose.CONFIRM])[0][0].removeprefix(URL)
    for path in (nobody, world.leave_link("Jun").replace("leave", "confirm"), link(world, "Jun")[:-1]):
        assert world.client.get(path).status_code == world.client.post(path).status_code == 404
    assert not is_open(world, "Jun")
