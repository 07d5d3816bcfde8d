"""Leaving by the link of a mail: a button, a mail program's one click, and links that are old, cut or not ours."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.events.supporters import leave
from tests.web.pages_world import World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def open_channels(world: World, name: str) -> tuple[bool, bool]:
    [row] = world.rows(
        "SELECT email_since IS NOT NULL AS email, sms_since IS NOT NULL AS sms FROM subscriber WHERE id = :id",
        id=world.people[name],
    )
    return bool(row.email), bool(row.sms)


def test_looking_at_the_page_changes_nothing(world: World) -> None:
    link = world.leave_link("Clara")
    for _ in range(2):
        assert world.client.get(link).status_code == world.client.head(link).status_code == 200
    assert open_channels(world, "Clara") == (True, False)


def test_the_page_has_one_button_first_and_is_kept_by_nobody(world: World) -> None:
    answer = world.client.get(world.leave_link("Clara"))
    assert "Yes, no more email" in answer.text
    assert answer.text.index("Yes, no more email") < answer.text.index("Never write to me again")
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": {}},
        {"content": b"\xff\xfe no form at all", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"what=something-else", "headers": {"content-type": "application/x-www-form-urlencoded"}},
    ],
    ids=["as RFC 8058 says", "multipart", "empty", "broken", "unknown button"],
)
def test_a_mail_programs_click_leaves_all_email_at_once(world: World, body: dict[str, object]) -> None:
    answer = world.client.post(world.leave_link("Ellen"), **body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == "You get no more email from us.\nTexts still come.\n"
    assert "set-cookie" not in answer.headers
    assert open_channels(world, "Ellen") == (False, True)
    assert world.one("SELECT count(*) FROM do_not_contact WHERE address_hash = :h", h=world.hash_of("Ellen")) == 1


def test_leaving_is_answered_in_the_readers_language(world: World) -> None:
    clicked = world.client.post(world.leave_link("Ellen") + "?lang=es", data=ONE_CLICK)
    assert clicked.text == "No recibirás más correos nuestros.\nLos SMS siguen.\n"
    page = world.client.post(world.leave_link("Ellen") + "?lang=ru", data={"what": "texts"})
    assert "SMS от нас больше не будет.<br>Ничего другого тоже не придёт." in page.text


def test_a_click_that_comes_twice_is_answered_alike(world: World) -> None:
    link = world.leave_link("Clara")
    first, second = (world.client.post(link, data=ONE_CLICK) for _ in range(2))
    assert (first.status_code, first.text) == (second.status_code, second.text)


def test_never_again_closes_everything(world: World) -> None:
    answer = world.client.post(world.leave_link("Ellen"), data={"what": "never"})
    assert "You get nothing more from us." in answer.text
    assert open_channels(world, "Ellen") == (False, False)


def test_not_this_appeal_leaves_the_others_open(world: World) -> None:
    link = world.leave_link("Clara", "nagyz")
    assert "Not this appeal" in world.client.get(link).text
    answer = world.client.post(link, data={"what": "appeal"})
    assert "You get nothing more about this appeal." in answer.text
    assert open_channels(world, "Clara") == (True, False)
    assert world.one("SELECT count(*) FROM exclusion WHERE subscriber_id = :id", id=world.people["Clara"]) == 1


def test_a_link_without_an_appeal_offers_and_does_none(world: World) -> None:
    link = world.leave_link("Clara")
    assert "Not this appeal" not in world.client.get(link).text
    world.client.post(link, data={"what": "appeal"})
    assert open_channels(world, "Clara") == (False, False)


def test_a_link_works_after_years(world: World) -> None:
    link = world.leave_link("Clara")
    world.clock.move_to(world.now + timedelta(days=400))
    assert world.client.post(link, data=ONE_CLICK).status_code == 200
    assert open_channels(world, "Clara") == (False, False)


def test_the_link_of_somebody_who_was_erased_still_closes_her_address(world: World) -> None:
    leave(world.app.database, Leaving.ERASE, world.people["Clara"], world.now)
    assert world.client.get(world.leave_link("Clara")).status_code == 200
    assert world.client.post(world.leave_link("Clara"), data=ONE_CLICK).status_code == 200
    assert world.one("SELECT count(*) FROM do_not_contact WHERE address_hash = :h", h=world.hash_of("Clara")) == 1


def test_links_that_are_no_links_are_answered_alike(world: World) -> None:
    genuine = world.leave_link("Clara")
    others = [
        genuine[:-1],
        genuine + genuine.rpartition("/")[2],
        genuine[:-1] + "!",
        world.wrote_link("Clara").replace("wrote", "leave"),
        "/leave/x",
    ]
    answers = [world.client.request(method, link) for link in others for method in ("GET", "POST")]
    assert {answer.status_code for answer in answers} == {404}
    assert all("word STOP" in answer.text for answer in answers)
    assert open_channels(world, "Clara") == (True, False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=90), body=st.binary(max_size=300))
def test_no_token_and_no_body_is_a_fault_of_ours(world: World, token: str, body: bytes) -> None:
    path = "/leave/" + "".join(char for char in token if char.isprintable() and char not in "/?#%\\")
    for method in ("GET", "POST"):
        assert world.client.request(method, path, content=body).status_code < 500
