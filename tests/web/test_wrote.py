""" "I have written" by the link of a mail: button, thanks, the way it went, undo."""

from datetime import timedelta

import pytest

from tests.web.pages_world import World


def letters(world: World, name: str) -> list[str]:
    return [row.how for row in world.rows("SELECT how FROM letter WHERE subscriber_id = :id", id=world.people[name])]


def test_looking_at_the_page_reports_nothing(world: World) -> None:
    for _ in range(2):
        assert "Yes, I have written" in world.client.get(world.wrote_link("Clara")).text
        assert world.client.head(world.wrote_link("Clara")).status_code == 200
    assert letters(world, "Clara") == []


def test_the_button_reports_the_letter_once_and_thanks(world: World) -> None:
    link = world.wrote_link("Clara")
    for _ in range(2):
        answer = world.client.post(link)
        assert (answer.status_code, answer.headers["location"]) == (303, link)
    assert letters(world, "Clara") == ["link"]
    page = world.client.get(link)
    assert "Thank you for writing" in page.text
    assert "among the first" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_how_many_wrote_is_told_from_ten_on(world: World) -> None:
    campaign = world.campaigns["nagyz"]

    def write(connection) -> None:  # type: ignore[no-untyped-def]
        for number in range(9):
            connection.exec_driver_sql(
                "INSERT INTO letter (campaign_id, round, subscriber_id, at, how, late) VALUES (?, 1, ?, 0, '', 0)",
                (campaign, 1000 + number),
            )

    world.app.database.write(write)
    world.client.post(world.wrote_link("Clara"))
    assert "11 people have told us" in world.client.get(world.wrote_link("Clara")).text


@pytest.mark.parametrize(("way", "kept"), [("fax", "fax"), ("pigeon", "link"), ("", "link")])
def test_the_way_need_not_be_told(world: World, way: str, kept: str) -> None:
    link = world.wrote_link("Clara")
    world.client.post(link)
    assert world.client.post(f"{link}/how", data={"way": way}).status_code == 303
    assert letters(world, "Clara") == [kept]


def test_it_can_be_undone_for_a_day(world: World) -> None:
    link = world.wrote_link("Clara")
    world.client.post(link)
    assert "Undo" in world.client.get(link).text
    world.client.post(f"{link}/undo")
    assert letters(world, "Clara") == []
    world.client.post(link)
    world.clock.move_to(world.now + timedelta(hours=25))
    assert "Undo" not in world.client.get(link).text
    world.client.post(f"{link}/undo")
    assert letters(world, "Clara") == ["link"]


def test_a_letter_after_the_last_day_is_told_as_late(world: World) -> None:
    world.clock.move_to(world.now + timedelta(days=12))
    world.client.post(world.wrote_link("Clara"))
    assert "count it apart" in world.client.get(world.wrote_link("Clara")).text
    assert world.one("SELECT late FROM letter WHERE subscriber_id = :id", id=world.people["Clara"])


def test_links_that_are_no_links_are_answered_alike(world: World) -> None:
    genuine = world.wrote_link("Clara")
    for link in (
        genuine[:-1],
        genuine + genuine.rpartition("/")[2],
        world.leave_link("Clara").replace("leave", "wrote"),
        "/wrote/x",
    ):
        for method, end in (("GET", ""), ("POST", ""), ("POST", "/how"), ("POST", "/undo")):
            assert world.client.request(method, link + end).status_code == 404
    assert letters(world, "Clara") == []
