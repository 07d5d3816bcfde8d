"""Texts by country: each batch is of one country, which chooses who it comes from and by whom it goes."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reminder.domain.limits import NO_LIMITS
from reminder.domain.sms_rules import CountryRule, SenderKind, SmsRules, SmsSender
from reminder.domain.states import Channel, MessageKind, Verdict
from reminder.outbox.notes import queue_stop_note
from reminder.outbox.sender import Sender, Sent
from reminder.outbox.upkeep import tidy
from reminder.outbox.views import Contents, Senders
from reminder.providers.contract import Provider
from reminder.rendering.views import Sender as From
from reminder.store.database import Connection
from reminder.store.queueing import Addressee, at_once, queue
from tests.databases import vault_for_tests
from tests.fakes.scripted import Answer, Scripted
from tests.outbox.world import EVENING, HOUR, LONDON, MORNING, World, no_zones, phone, recipients, renderer

PARIS = "Europe/Paris"
SMS = Channel.SMS


def rule(country: str, *kinds: SenderKind) -> CountryRule:
    two_way = frozenset(kinds) - {SenderKind.ALPHA}
    return CountryRule(country, frozenset(kinds), "a test", date(2026, 11, 22), two_way=two_way)


ROWS = {
    each.country: each
    for each in (rule("GB", SenderKind.LONG), rule("FR", SenderKind.ALPHA), rule("KE", SenderKind.SHORT))
}
RULES = SmsRules(
    ROWS,
    frozenset({"GB", "FR", "KE"}),
    (SmsSender("+447700900123", SenderKind.LONG, True, ("GB",)),),
    SmsSender("Reminder", SenderKind.ALPHA),
)


def carrier(name: str, answer: Answer | None = None) -> Scripted:
    provider = Scripted(name=name, channel=SMS)
    if answer is not None:
        provider.answer = lambda recipient: answer
    return provider


def send(world: World, *default: Provider, texts: SmsRules = RULES, **by_country: list[Provider]) -> Sent:
    senders = Senders(From("letters@example.org", "Letters"), From("12345", two_way=True), texts)
    sender = Sender(
        database=world.database,
        vault=vault_for_tests(),
        contents=Contents(renderer(), senders),
        recipients=recipients(),
        routes={SMS: list(default)},
        sms_routes=by_country,
        limits={provider.name: NO_LIMITS for provider in default},
        clock=world.clock,
        owner="me",
    )
    return asyncio.run(sender.drain())


def said_by(provider: Scripted) -> dict[str, str]:
    """What each number was told."""
    return {each.address: call.content.text.fill(each.values) for call in provider.calls for each in call.recipients}


def froms(provider: Scripted) -> set[str]:
    return {call.content.sender for call in provider.calls}


@pytest.fixture
def texted(world: World) -> World:
    """Two people in Britain and two in France, all by text alone, and a sending to each."""
    world.campaign()
    for zone, country, names in ((LONDON, "GB", ("Clara", "Colin")), (PARIS, "FR", ("Camille", "Chloe"))):
        rhythm = world.rhythm(zone, sms_country=country)
        world.wave(channel=SMS, zones=(zone,), rhythm_id=rhythm)
        for name in names:
            world.person(name, sms=True, email=False, rhythm_id=rhythm, phone_country=country)
    world.open(MORNING + HOUR)
    return world


def routes(world: World) -> list[tuple[str, int]]:
    """(route, messages) of each batch."""
    rows = world.rows(
        "SELECT b.route, count(*) FROM batch b JOIN message m ON m.batch_id = b.id GROUP BY b.id, b.route"
    )
    return sorted((row[0], row[1]) for row in rows)


def test_a_batch_is_of_one_country(texted: World) -> None:
    assert routes(texted) == [("FR", 2), ("GB", 2)]


def test_each_country_is_written_to_from_its_sender_and_only_a_two_way_one_says_reply_stop(texted: World) -> None:
    provider = carrier("one")
    assert send(texted, provider).accepted == 4
    assert froms(provider) == {"+447700900123", "Reminder"}
    said = said_by(provider)
    assert "STOP" in said[phone("Clara")]
    assert "STOP" not in said[phone("Camille")]
    assert "letters.example.org" in said[phone("Camille")]


def test_without_rules_every_text_comes_from_the_one_sender(texted: World) -> None:
    provider = carrier("one")
    assert send(texted, provider, texts=SmsRules(everywhere=True)).accepted == 4
    assert froms(provider) == {"12345"}


def test_a_country_with_an_order_of_its_own_goes_by_its_providers_alone(texted: World) -> None:
    default, french = carrier("default"), carrier("french")
    assert send(texted, default, FR=[french]).accepted == 4
    assert sorted(default.addresses()) == sorted([phone("Clara"), phone("Colin")])
    assert sorted(french.addresses()) == sorted([phone("Camille"), phone("Chloe")])


def test_a_text_never_leaves_the_route_of_its_country(texted: World) -> None:
    """Its providers are out: the text waits for them, though others would take it."""
    later = replace(Answer(Verdict.RETRY), retry_after=600)
    default, first, second = carrier("default"), carrier("first", later), carrier("second")
    outage = (
        "INSERT INTO provider_state (provider, day, taken_today, window_at, taken_in_window, failures, broken_until,"
    )
    outage += " because, stopped) VALUES ('first', 0, 0, 0, 0, 9, :until, 'down', '')"
    texted.run(outage, until=int((texted.clock.now() + HOUR).timestamp()))
    assert send(texted, default, FR=[first]).accepted == 2
    assert (len(default.taken), first.calls) == (2, [])
    texted.run("UPDATE batch SET send_at = 0 WHERE state = 1")
    assert send(texted, default, FR=[first, second]).accepted == 2
    assert sorted(second.addresses()) == sorted([phone("Camille"), phone("Chloe")])
    assert first.calls == []


def test_what_is_tried_again_stays_on_its_route(texted: World) -> None:
    refusing = carrier("french", Answer(Verdict.RETRY, retry_after=60))
    send(texted, carrier("default"), FR=[refusing])
    assert {route for route, _ in routes(texted)} == {"FR", "GB"}
    texted.clock.move_to(texted.clock.now() + timedelta(minutes=5))
    other, french = carrier("default"), carrier("french")
    assert send(texted, other, FR=[french]).accepted == 2
    assert (len(french.taken), len(other.taken)) == (2, 0)


def test_a_text_to_a_country_that_is_not_allowed_any_more_is_set_aside_with_the_reason(texted: World) -> None:
    provider = carrier("one")
    sent = send(texted, provider, texts=replace(RULES, countries=frozenset({"GB"})))
    assert (sent.accepted, sent.dropped) == (2, 2)
    [because] = [row[0] for row in texted.rows("SELECT because FROM batch WHERE because <> ''")]
    assert because == "A text to FR may not be sent: it is not in SMS_COUNTRIES"


def test_texts_that_were_not_sent_in_their_hours_wait_for_the_next_lawful_ones(texted: World) -> None:
    closed = replace(ROWS["FR"], weekdays=frozenset({3}), hours_from=10, hours_to=12)
    texts = replace(RULES, rows=ROWS | {"FR": closed})
    tidy(texted.database, EVENING + HOUR, zones_of=no_zones, texts=texts)
    rows = texted.rows("SELECT route, send_at, open_until FROM batch WHERE state = 1 ORDER BY route")
    french = [datetime.fromtimestamp(at, UTC) for at in rows[0][1:]]
    # The next Thursday is two days later.
    assert [f"{at:%a %d %H:%M}" for at in french] == ["Thu 24 09:00", "Thu 24 11:00"]
    assert [f"{datetime.fromtimestamp(at, UTC):%a %d %H:%M}" for at in rows[1][1:]] == ["Wed 23 08:00", "Wed 23 21:00"]


def test_texts_to_a_country_that_is_not_allowed_any_more_are_given_up_with_that_reason(texted: World) -> None:
    tidy(texted.database, EVENING + HOUR, zones_of=no_zones, texts=replace(RULES, countries=frozenset({"GB"})))
    reasons = texted.rows(
        "SELECT s.phone_country, d.state, d.reason FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id"
        " GROUP BY s.phone_country, d.state, d.reason ORDER BY 1"
    )
    assert [tuple(row) for row in reasons] == [("FR", 5, 30), ("GB", 1, 0)]


def test_a_note_by_text_keeps_the_hours_of_its_country_and_waits_for_the_next_ones(texted: World) -> None:
    send(texted, carrier("one"))
    at_noon = replace(ROWS["FR"], hours_from=12, hours_to=14)
    texts = replace(RULES, rows=ROWS | {"FR": at_noon})
    more = {"zones_of": no_zones, "email_margin": HOUR, "texts": texts}
    assert queue_stop_note(texted.database, texted.campaigns["A"], EVENING + HOUR, **more) == 4
    waiting = "SELECT send_at, open_until FROM batch WHERE state = 1 AND route = 'FR'"

    def hours() -> list[str]:
        [row] = texted.rows(waiting)
        return [f"{datetime.fromtimestamp(at, UTC):%d %H:%M}" for at in row]

    # Noon in Paris is eleven o'clock by UTC.
    assert hours() == ["23 11:00", "23 13:00"]
    tidy(texted.database, datetime(2020, 12, 23, 15, tzinfo=UTC), zones_of=no_zones, texts=texts)
    assert hours() == ["24 11:00", "24 13:00"]


def test_questions_and_answers_take_the_route_of_the_number(world: World) -> None:
    for name, country in (("Clara", "GB"), ("Camille", "FR"), ("Colin", "GB")):
        world.person(name, sms=True, phone_country=country)
    to = [Addressee(person, SMS, "en") for person in world.people.values()]
    to.append(Addressee(world.people["Clara"], Channel.EMAIL, "en"))
    when = at_once(MessageKind.CONFIRMATION, MORNING)

    def work(connection: Connection) -> int:
        return queue(connection, MessageKind.CONFIRMATION, to, dedupe="c", payload={}, when=when, now=MORNING)

    assert world.database.write(work) == 4
    assert routes(world) == [("", 1), ("FR", 1), ("GB", 2)]


def test_on_one_day_the_texts_of_several_countries_open_side_by_side(world: World) -> None:
    """A hundred people of one zone and four countries make one batch for each country, none of them empty."""
    world.campaign()
    for country in ("GB", "FR", "IE", "KE"):
        rhythm = world.rhythm(LONDON, sms_country=country)
        world.wave(channel=SMS, rhythm_id=rhythm)
        for number in range(25):
            world.person(
                f"{country}{number}",
                sms=True,
                email=False,
                rhythm_id=rhythm,
                phone_country=country,
                phone_ct=b"",
                phone_hash=f"{country}{number}".encode(),
            )
    world.open(MORNING)
    assert routes(world) == [("FR", 25), ("GB", 25), ("IE", 25), ("KE", 25)]
    assert world.one("SELECT count(*) FROM batch") == 4
