"""The open appeals and the page of each: what readers see, in which language, and what they must never see."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy import text as sql

from reminder.intake.cases import Supplied, add_document, change
from reminder.intake.documents.read import read_document
from reminder.planning import campaigns
from tests.web.pages_world import FORMS, WHO, World, add


def page(world: World, name: str, **more: object) -> str:
    answer = world.client.get(f"/a/{world.codes[name]}", **more)
    assert answer.status_code == 200
    return answer.text


def in_order(text: str, *pieces: str) -> bool:
    """Whether the pieces stand in a text in this order."""
    places = [text.find(piece) for piece in pieces]
    return -1 not in places and places == sorted(places)


def test_the_open_appeals_stand_with_the_next_deadline_first_and_those_without_one_last(world: World) -> None:
    text = world.client.get("/").text
    assert in_order(
        text, "9 days left", "Nagyz Muhammed", "19 days left", "Rosa Quispe", "No last day is set", "Berta Muestra"
    )
    assert "until Tuesday 29 December 2020" in text
    assert "looked at again on Monday 1 February 2021" in text
    assert "the date in London" in text


def test_what_is_over_held_or_a_draft_is_not_among_the_open_ones(world: World) -> None:
    text = world.client.get("/").text
    for name in ("expired", "stopped", "closed", "redacted", "draft", "held"):
        assert FORMS[name].name not in text
        assert world.codes[name] not in text


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("country=PE", ["Rosa Quispe", "Berta Muestra"], ["Nagyz Muhammed"]),
        ("topic=writers", ["Nagyz Muhammed", "Rosa Quispe"], ["Berta Muestra"]),
        ("country=PE&topic=writers", ["Rosa Quispe"], ["Nagyz Muhammed", "Berta Muestra"]),
        ("country=FR", [], ["Nagyz Muhammed", "Rosa Quispe", "Berta Muestra"]),
        ("country=&topic=", ["Nagyz Muhammed", "Rosa Quispe", "Berta Muestra"], []),
    ],
)
def test_country_and_topic_choose_among_the_appeals(
    world: World, query: str, there: list[str], gone: list[str]
) -> None:
    text = world.client.get(f"/?{query}").text
    assert all(name in text for name in there)
    assert not any(name in text for name in gone)
    # Counted over all open appeals, whatever was chosen.
    assert "Peru (2)" in text
    assert "writers (2)" in text
    if query not in {"country=&topic="}:
        assert "Show all appeals" in text


def test_without_an_open_appeal_the_page_says_so_and_offers_to_remind(world: World) -> None:
    for name in ("nagyz", "rosa", "open"):
        campaigns.close(world.app.desk, world.campaigns[name], who=WHO, now=world.now)
    text = world.client.get("/").text
    assert "No appeal is open at this moment." in text
    assert 'href="/subscribe"' in text
    assert "<select" not in text


def test_more_appeals_than_fit_stand_on_further_pages(world: World) -> None:
    world.app.database.write(lambda connection: _copy_campaigns(connection, 50))
    first, second = world.client.get("/").text, world.client.get("/?page=2&country=&topic=").text
    assert first.count('class="card"') == 40
    assert second.count('class="card"') == 53 - 40
    assert 'aria-current="page">Page 2' in second


def _copy_campaigns(connection: Connection, number: int) -> None:
    for no in range(number):
        connection.execute(
            sql(
                "INSERT INTO casefile SELECT 1000 + :no, 'key' || :no, 'copy' || :no, organisation, title, country, topics, zone,"
                " deadline_on, deadline_because, review_on, sent_by_counts, questions, stopped_at, stopped_because,"
                " redacted_at, outcome, outcome_at, created_at FROM casefile WHERE id = 2"
            ),
            {"no": no},
        )
        for table, own in (("campaign", "id, case_id"), ("document", "id, case_id")):
            columns = [row[1] for row in connection.execute(sql(f"PRAGMA table_info({table})"))]
            rest = [name for name in columns if name not in own.split(", ")]
            connection.execute(
                sql(
                    f"INSERT INTO {table} (id, case_id, {', '.join(rest)}) SELECT 1000 + :no, 1000 + :no, {', '.join(rest)}"
                    f" FROM {table} WHERE case_id = 2"
                ),
                {"no": no},
            )


def test_an_appeals_page_says_who_what_to_whom_and_until_when(world: World) -> None:
    text = page(world, "nagyz")
    assert in_order(
        text,
        "China",
        ">Nagyz Muhammed</h1>",
        "Writer given life in prison",
        "9 days left",
        "Tuesday 29 December 2020",
        "the date in London",
        "What happened",
        "an evening with friends",
        "What to ask for",
        "doctors and his family may visit him",
        "Who to write to",
        "No 380, Huanghe lu, Urumqi",
        "Chinese · English · your own language",
        "After the last day",
        "Please check with the Amnesty office",
    )
    code = world.codes["nagyz"]
    for door in (f"/a/{code}/write", f"/subscribe?appeal={code}", f"/a/{code}/wrote"):
        assert f'href="{door}"' in text
    assert text.count("<h1") == 1
    assert "<title>Nagyz Muhammed · The letter section</title>" in text


def test_an_email_address_of_a_target_stands_on_the_page_and_makes_the_last_days_useful(world: World) -> None:
    text = page(world, "rosa")
    assert "comisionada@example.org" in text
    assert "An email arrives at once." in text


def test_post_that_comes_too_late_is_said_in_time(world: World) -> None:
    assert "A letter that is posted now may arrive after that day." in page(world, "nagyz")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "expired",
            [
                "The last day to write was Friday 18 December 2020.",
                "Please check with your office",
                "came home on 19 December",
            ],
        ),
        ("stopped", ["Please do not write for this appeal any more."]),
        ("closed", ["This appeal has ended.", "Sunday 20 December 2020"]),
        ("redacted", ["An appeal that was taken down", "Please do not write for this appeal now."]),
    ],
)
def test_what_is_over_stays_readable_and_offers_no_writing(world: World, name: str, says: list[str]) -> None:
    text = page(world, name)
    assert all(sentence in text for sentence in says)
    assert "/write" not in text
    assert "Plaza de la Muestra" not in text
    assert 'class="doors"' not in text
    assert (FORMS[name].name in text) is (name != "redacted")


def test_a_page_whose_texts_were_removed_holds_no_word_of_them(world: World) -> None:
    text = page(world, "redacted")
    for word in ("Fina", "Borrada", "Singer", "Paraguay", "Ejemplo", "75/20"):
        assert word not in text


def test_why_it_was_stopped_is_for_the_organisers_alone(world: World) -> None:
    assert "family asks for silence" not in page(world, "stopped")


def test_search_engines_leave_out_what_was_stopped_or_removed(world: World) -> None:
    robots = {name: world.client.get(f"/a/{world.codes[name]}").headers.get("x-robots-tag") for name in world.codes}
    assert {name for name, value in robots.items() if value == "noindex"} == {"stopped", "redacted"}


@pytest.mark.parametrize("name", ["draft", "held"])
@pytest.mark.parametrize("path", ["", "/wrote"])
def test_a_draft_and_a_case_that_waits_are_not_there(world: World, name: str, path: str) -> None:
    answer = world.client.get(f"/a/{world.codes[name]}{path}")
    assert answer.status_code == 404
    assert FORMS[name].name not in answer.text


def test_an_approved_campaign_that_has_not_begun_is_not_there(world: World) -> None:
    campaigns.approve(world.app.desk, world.campaigns["draft"], who=WHO, now=world.now)
    assert world.client.get(f"/a/{world.codes['draft']}").status_code == 404


def test_a_stop_shows_with_the_next_request(world: World) -> None:
    assert "/write" in page(world, "nagyz")
    change.stop(
        world.app.database, world.app.vault, world.codes["nagyz"], "Silence", note=False, who=WHO, now=world.now
    )
    assert "/write" not in page(world, "nagyz")


def test_a_removal_shows_with_the_next_request_also_of_what_was_over(world: World) -> None:
    assert "Carlos Prueba" in page(world, "expired")
    change.redact(world.app.database, world.app.vault, world.codes["expired"], WHO, world.now)
    assert "Carlos" not in page(world, "expired")


def test_a_paused_appeal_asks_to_wait(world: World) -> None:
    campaigns.pause(world.app.desk, world.campaigns["nagyz"], who=WHO, now=world.now)
    text = page(world, "nagyz")
    assert "Please wait with your letter." in text
    assert "/write" not in text
    assert "an evening with friends" in text


@pytest.mark.parametrize(
    ("at", "days", "writes"),
    [
        (datetime(2020, 12, 28, 23, 59, 59, tzinfo=UTC), "1 day left", True),
        (datetime(2020, 12, 29, 0, 0, 0, tzinfo=UTC), "Today is the last day", True),
        (datetime(2020, 12, 29, 23, 59, 59, tzinfo=UTC), "Today is the last day", True),
        # Over in London, where the campaign is, and not yet for a reader in Los Angeles.
        (datetime(2020, 12, 30, 0, 0, 0, tzinfo=UTC), "The last day is over", True),
        (datetime(2020, 12, 30, 11, 59, 59, tzinfo=UTC), "The last day is over", True),
        (datetime(2020, 12, 30, 12, 0, 0, tzinfo=UTC), "The last day to write was", False),
    ],
)
def test_the_last_day_counts_as_a_whole_for_the_last_reader_on_earth(
    world: World, at: datetime, days: str, writes: bool
) -> None:
    world.clock.move_to(at)
    text = page(world, "nagyz")
    assert days in text
    assert ("/write" in text) is writes
    assert ("Nagyz" in world.client.get("/").text) is writes


UPDATE = """
case_names = ["Rosa Quispe"]
title = "{title}"
kind = "update"
sequence = {sequence}
index = "{index}"
issued_on = {issued}
language = "{language}"
deadline = {until}
demands = ["{demand}"]
story = "{story}"
letter = "A letter."
[[targets]]
name = "Elena Ejemplo"
postal_address = "Plaza de la Muestra 1"
"""


def _update(world: World, **more: str) -> None:
    values = {
        "title": "Library set on fire",
        "sequence": "2",
        "index": "AMR 46/0002/2020",
        "issued": "2020-12-10",
        "language": "en",
        "until": "2021-01-20",
        "demand": "rebuild the library",
        "story": "In the night of 8 December the library burned.",
    } | more
    data = UPDATE.format(**values).encode()
    document = read_document(data, file_name="update.toml", read_on=world.now.date())
    supplied = Supplied(case=world.codes["rosa"], country="PE", organisation="The letter section", ua_number="70/20")
    add_document(
        world.app.database, world.app.vault, document, data, "update.toml", supplied, world.now,
        default_zone="Europe/London", who=WHO,
    )  # fmt: skip


def _settle(world: World) -> None:
    """Nobody waits for an answer any more."""

    def work(connection: Connection) -> None:
        connection.execute(sql("UPDATE campaign SET question = '', version = version + 1"))
        connection.execute(
            sql("UPDATE casefile SET questions = '[]' WHERE code = :code"), {"code": world.codes["rosa"]}
        )

    world.app.database.write(work)


def test_an_update_waits_for_the_organisers_and_then_stands_before_what_happened_before(world: World) -> None:
    _update(world)
    assert "Please wait with your letter." in page(world, "rosa")
    _settle(world)
    text = page(world, "rosa")
    assert in_order(text, "Library set on fire", "the library burned", "rebuild the library", "What happened before")
    assert in_order(text, "What happened before", "Librarian threatened for lending books", "Friday 20 November 2020")


def test_the_text_comes_in_the_readers_language_where_there_is_a_translation(world: World) -> None:
    _update(world)
    spanish = {
        "language": "es",
        "title": "Biblioteca quemada",
        "story": "La biblioteca ardió.",
        "demand": "reconstruirla",
    }
    _update(world, **spanish)
    _settle(world)
    english = page(world, "rosa", headers={"accept-language": "en"})
    assert "Library set on fire" in english
    assert "Biblioteca" not in english
    assert "What happened before" in english
    text = page(world, "rosa", headers={"accept-language": "es-PE,es;q=0.9"})
    assert 'lang="es" dir="ltr">Biblioteca quemada' in text
    assert "La biblioteca ardió." in text
    assert "Library set" not in text
    russian = page(world, "rosa", headers={"accept-language": "ru"})
    assert 'lang="en" dir="ltr">Library set on fire' in russian
    assert "Biblioteca" not in russian
    assert "no translation into your language" not in english


def test_a_text_without_translation_says_in_which_language_it_is(world: World) -> None:
    text = page(world, "nagyz", headers={"accept-language": "ar"})
    assert '<html lang="ar" dir="rtl">' in text
    assert 'lang="en" dir="ltr">Nagyz Muhammed</h1>' in text
    assert 'class="story" lang="en" dir="ltr"' in text


def test_i_wrote_is_explained_and_asks_for_no_address(world: World) -> None:
    code = world.codes["nagyz"]
    text = world.client.get(f"/a/{code}/wrote").text
    assert "I have written" in text
    assert "DONE" in text
    assert "<form" not in text
    assert "<input" not in text


def test_a_code_of_before_two_cases_were_joined_leads_on(world: World) -> None:
    case_id = world.one("SELECT id FROM casefile WHERE code = :code", code=world.codes["nagyz"])
    world.app.database.write(
        lambda connection: connection.execute(
            sql("INSERT INTO case_key (key, case_id) VALUES ('code/former', :id)"), {"id": case_id}
        )
    )
    answer = world.client.get("/a/former/wrote")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/a/{world.codes['nagyz']}/wrote")
    shouted = world.client.get(f"/a/{world.codes['nagyz'].upper()}")
    assert shouted.headers.get("location") == f"/a/{world.codes['nagyz']}" or shouted.status_code == 200


def test_pages_are_kept_for_a_minute_by_one_browser_and_by_language(world: World) -> None:
    for path in ("/", f"/a/{world.codes['nagyz']}"):
        headers = world.client.get(path).headers
        assert headers["cache-control"] == "private, max-age=60"
        assert {"accept-language", "cookie"} <= set(headers["vary"].split(", "))


def test_a_kept_page_is_another_one_for_each_language_and_each_query(world: World) -> None:
    path = f"/a/{world.codes['nagyz']}"
    first = world.client.get(path, headers={"accept-language": "en"}).text
    assert world.client.get(path, headers={"accept-language": "fr"}).headers["content-language"] == "fr"
    assert world.client.get(path, headers={"accept-language": "en"}).text == first
    american = world.client.get(path, headers={"accept-language": "en-US"}).text
    assert "Tuesday, December 29, 2020" in american
    assert "Tuesday 29 December 2020" in first
    assert "x=1" in world.client.get(f"{path}?x=1").text
    assert "x=1" not in world.client.get(path).text


def test_a_name_is_escaped_wherever_it_stands(world: World) -> None:
    evil = FORMS["rosa"].text().replace("Rosa Quispe", "<script>alert(1)</script>").encode()
    code = add(
        world,
        "evil",
        evil,
        "evil.toml",
        Supplied(ua_number="90/20", organisation="The letter section", country="PE", topics=("a&b",)),
    )
    for path in ("/", f"/a/{code}", "/?topic=a%26b"):
        assert "<script>alert" not in world.client.get(path).text


@given(
    typed=st.text(max_size=60),
    where=st.sampled_from(
        ["/a/{}", "/a/{}/wrote", "/?country={}", "/?topic={}", "/?page={}", "/?lang={}", "/static/{}"]
    ),
)
def test_no_address_that_anybody_types_is_a_fault_of_ours(steady_world: World, typed: str, where: str) -> None:
    answer = steady_world.client.get(where.format(quote(typed, safe="")))
    assert answer.status_code < 500
