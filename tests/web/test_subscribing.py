"""Subscribing by the form: what it asks, what it keeps, and that it tells nobody who is known."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import MessageKind
from tests.web.pages_world import World


def token(world: World, path: str = "/subscribe") -> str:
    found = re.search(r'name="token" value="([^"]+)"', world.client.get(path).text)
    assert found is not None
    return found[1]


def send(world: World, **fields: str):  # type: ignore[no-untyped-def]
    return world.client.post("/subscribe", data={"token": token(world), **fields}, headers={"accept-language": "en"})


def questions(world: World) -> int:
    return int(str(world.one("SELECT count(*) FROM message WHERE kind = :kind", kind=int(MessageKind.CONFIRMATION))))


def test_an_address_is_asked_and_nothing_is_open_before_it_says_yes(world: World) -> None:
    before = questions(world)
    answer = send(world, email="zoe@example.org", zone="Asia/Almaty", what="country:CN")
    assert answer.status_code == 200
    assert "say yes once more" in answer.text
    assert questions(world) == before + 1
    [row] = world.rows(
        "SELECT s.email_since, r.zone, u.scope FROM subscriber s JOIN rhythm r ON r.id = s.rhythm_id"
        " JOIN subscription u ON u.subscriber_id = s.id ORDER BY s.id DESC LIMIT 1"
    )
    assert tuple(row) == (None, "Asia/Almaty", "country:CN")


def test_what_she_agreed_to_is_kept_word_for_word(world: World) -> None:
    send(world, email="zoe@example.org")
    kept = world.one("SELECT wording FROM consent ORDER BY id DESC LIMIT 1")
    assert str(kept).startswith("1 en: The letter section, registered association may remind me by email")


def test_known_and_unknown_addresses_are_answered_alike(world: World) -> None:
    known, unknown = (send(world, email=each) for each in ("clara@example.org", "zoe@example.org"))
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


def test_the_same_address_is_asked_once_a_day(world: World) -> None:
    before = questions(world)
    for email in ("zoe@example.org", "ZOE@example.org", "zoe@EXAMPLE.org"):
        assert send(world, email=email).status_code == 200
    assert questions(world) == before + 1


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Please type an email address"),
        ({"email": "no address"}, "not an email address"),
        ({"email": f"{'x' * 320}@example.org"}, "not an email address"),
        ({"phone": "12", "texts": "yes"}, "number cannot be read"),
        ({"phone": "+44 7700 900123"}, "tick that you want texts"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(world: World, fields: dict[str, str], word: str) -> None:
    before = questions(world)
    answer = send(world, **fields)
    assert answer.status_code == 400
    assert word in answer.text
    assert 'id="errors"' in answer.text
    for value in fields.values():
        assert value in answer.text
    assert questions(world) == before


@pytest.mark.parametrize("wrong", ["", "1.2", "99999999999.abc"])
def test_a_form_without_our_token_is_shown_again_with_what_was_typed(world: World, wrong: str) -> None:
    answer = world.client.post("/subscribe", data={"token": wrong, "email": "zoe@example.org"})
    assert answer.status_code == 400
    assert 'value="zoe@example.org"' in answer.text


def test_a_form_of_another_site_is_refused(world: World) -> None:
    answer = world.client.post(
        "/subscribe",
        data={"token": token(world), "email": "zoe@example.org"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 400


def test_what_fills_in_the_hidden_field_is_thanked_and_forgotten(world: World) -> None:
    before = questions(world)
    assert "say yes once more" in send(world, email="zoe@example.org", website="https://spam.example").text
    assert questions(world) == before


def test_one_network_may_not_flood_us(world: World) -> None:
    statuses = [send(world, email=f"reader{number}@example.org").status_code for number in range(22)]
    assert statuses == [200] * 20 + [429] * 2


def test_a_proxy_of_ours_tells_whom_it_speaks_for(world_with) -> None:  # type: ignore[no-untyped-def]
    world = world_with(trusted_proxies="127.0.0.0/8, ::1")
    data = {"token": token(world)}

    def status(number: int, forwarded: str) -> int:
        return world.client.post(
            "/subscribe", data={**data, "email": f"reader{number}@example.org"}, headers={"x-forwarded-for": forwarded}
        ).status_code

    assert [status(number, "203.0.113.9, 198.51.100.7") for number in range(21)][-1] == 429
    assert status(50, "198.51.100.8") == 200
    # What stands further left anybody may have written.
    assert status(51, "192.0.2.1, 198.51.100.7") == 429


def test_the_privacy_notice_says_who_and_what_is_logged(world_with) -> None:  # type: ignore[no-untyped-def]
    page = world_with(processors="Example Mail Ltd").client.get("/privacy").text
    for word in ("registered association", "Example Mail Ltd", 'id="log"'):
        assert word in page


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from(["email", "phone", "texts", "country", "what", "zone", "website", "token"]),
        st.text(max_size=60),
    )
)
def test_no_form_is_a_fault_of_ours(world: World, fields: dict[str, str]) -> None:
    data = {"token": world.app.vault.fingerprint(), **fields}
    clean = {name: value.encode("utf-8", "ignore").decode() for name, value in data.items()}
    assert world.client.post("/subscribe", data=clean).status_code < 500
