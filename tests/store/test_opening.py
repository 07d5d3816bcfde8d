"""Opening a sending: who is promised what, who waits, who is skipped and why; and that doing it twice changes nothing."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from reminder.domain.states import CampaignState, Channel, WaveState
from reminder.store import opening
from reminder.store.columns import ordinal
from reminder.store.database import Connection
from reminder.store.tables import Subscriber, Subscription
from tests.fakes.scripted import LATER, Scripted
from tests.outbox.world import DAY, DEADLINE, HOUR, MORNING, ONE_DAY, SECOND, STEP, World

LETTERS = "ABCDE"


def open_days(world: World, days: int, **more: Any) -> None:
    """A step of campaign A on each of these days, opened one after the other."""
    for number in range(days):
        world.wave("A", f"day-{number}", on=DAY + number * ONE_DAY, **more)
    for number in range(days):
        world.open(MORNING + number * ONE_DAY)


def test_everybody_who_is_meant_gets_one_promise_and_one_message(world: World) -> None:
    world.scene("Clara", "Bikash")
    opened = world.open(MORNING)
    assert (opened.sendings, opened.messages, opened.skipped) == (1, 2, 0)
    assert world.ledger() == [f"A {STEP} email Bikash: due", f"A {STEP} email Clara: due"]
    assert world.messages() == ["Bikash 22 email A: due", "Clara 22 email A: due"]
    assert world.counts("wave") == {WaveState.OPEN: 1}


def test_opening_again_changes_nothing(world: World) -> None:
    world.scene("Clara", "Bikash", letters="AB").open(MORNING)
    before = world.ledger(), world.messages(), world.counts("batch")
    world.run("UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0")
    assert world.open().messages == 0
    assert (world.ledger(), world.messages(), world.counts("batch")) == before


def test_nothing_is_opened_before_it_is_due(world: World) -> None:
    world.scene("Clara")
    assert world.open(MORNING - SECOND).messages == 0
    assert world.open(MORNING).messages == 1


def test_each_zone_has_its_own_morning(world: World) -> None:
    homes = {"Aigerim": "Asia/Almaty", "Clara": "Europe/London", "Ellen": "America/Los_Angeles"}
    for name, zone in homes.items():
        world.person(name, zone=zone)
    world.campaign()
    world.wave(zones=list(homes.values()))
    hours = {}
    for hour in range(-8, 12):
        before = set(world.messages())
        world.open(MORNING + hour * HOUR)
        hours |= {line.split()[0]: hour for line in set(world.messages()) - before}
    assert hours == {"Aigerim": -6, "Clara": 0, "Ellen": 8}


def test_people_of_one_language_share_batches(world: World) -> None:
    world.person("Clara", locale="en")
    world.person("Davi", locale="es")
    world.person("Ellen", locale="en")
    world.scene().open(MORNING)
    found = world.rows("SELECT b.locale, count(*) FROM message m JOIN batch b ON b.id = m.batch_id GROUP BY b.locale")
    assert sorted(map(tuple, found)) == [("en", 2), ("es", 1)]


def test_who_wants_names_in_a_campaign_that_gives_them_has_batches_of_their_own(world: World) -> None:
    world.person("Clara", named=True)
    world.person("Davi")
    world.campaign(named=True)
    world.wave()
    world.open(MORNING)
    found = world.rows("SELECT b.named, m.subscriber_id FROM message m JOIN batch b ON b.id = m.batch_id")
    assert {(bool(named), person) for named, person in found} == {(True, 1), (False, 2)}


@pytest.mark.parametrize("people", [999, 1000, 1001, 2500])
def test_a_batch_has_a_thousand_messages_at_most(sqlite_world: World, people: int) -> None:
    world = sqlite_world.scene()
    many = [{"rhythm_id": 1, "email_hash": b"%d" % n, "email_since": MORNING - ONE_DAY} for n in range(people)]

    def work(connection: Connection) -> None:
        connection.execute(insert(Subscriber), [row | {"joined_at": MORNING} for row in many])
        connection.execute(insert(Subscription), [{"scope": "all", "subscriber_id": n + 1} for n in range(people)])

    world.database.write(work)
    world.open(MORNING, chunk=1200)
    sizes = [row[0] for row in world.rows("SELECT count(*) FROM message GROUP BY batch_id")]
    assert sum(sizes) == people
    assert max(sizes) <= 1000
    assert world.one("SELECT count(DISTINCT subscriber_id) FROM message") == people


class TestOneDay:
    """At most one reminder a person and local day."""

    @pytest.mark.parametrize("appeals", [2, 3, 4, 5])
    def test_appeals_of_one_day_come_as_one_message_of_three_at_most(self, world: World, appeals: int) -> None:
        letters = LETTERS[:appeals]
        world.scene("Clara", letters=letters).open(MORNING)
        more = f" (+{appeals - 3})" if appeals > 3 else ""
        assert world.messages() == [f"Clara 22 email {'+'.join(letters[:3])}{more}: due"]
        assert world.ledger() == [
            f"{letter} {STEP} email Clara: {'due' if place < 3 else 'skipped, daily limit'}"
            for place, letter in enumerate(letters)
        ]

    def test_the_appeals_with_the_nearest_end_are_in_the_message(self, world: World) -> None:
        world.person("Clara")
        for place, letter in enumerate(LETTERS):
            world.campaign(letter)
            world.wave(letter, until=DEADLINE - place * ONE_DAY)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email E+D+C (+2): due"]

    def test_more_campaigns_than_a_number_has_bits_are_no_trouble(self, sqlite_world: World) -> None:
        world = sqlite_world
        world.person("Clara")
        for number in range(70):
            world.campaign(f"{number:02}")
            # The last ones are the most urgent.
            world.wave(f"{number:02}", until=DEADLINE + (70 - number) * ONE_DAY)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email 69+68+67 (+67): due"]

    def test_different_people_get_different_combinations(self, world: World) -> None:
        world.person("Clara")
        world.person("Bikash", scopes=("list:a", "list:c"))
        world.person("Davi", scopes=("list:b",))
        for letter in "ABC":
            world.campaign(letter, audience=["all", f"list:{letter.lower()}"])
            world.wave(letter)
        world.open(MORNING)
        assert world.messages() == [
            "Bikash 22 email A+C: due",
            "Clara 22 email A+B+C: due",
            "Davi 22 email B: due",
        ]

    def test_email_and_text_of_one_day_are_one_message(self, world: World) -> None:
        world.person("Clara", sms=True)
        for letter, channel in (("A", Channel.EMAIL), ("B", Channel.SMS)):
            world.campaign(letter)
            world.wave(letter, channel=channel)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email A+B: due"]

    def test_the_last_useful_one_wins_the_day_and_its_channel(self, world: World) -> None:
        world.person("Clara", sms=True)
        world.campaign("A")
        world.wave("A")
        world.campaign("B")
        world.wave("B", channel=Channel.SMS, hour=18, last_useful=True)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 sms B+A: due"]
        # It goes at its own hour, not at that of the other one.
        assert world.one("SELECT send_at FROM batch") == int((MORNING + 9 * HOUR).timestamp())

    def test_of_two_steps_of_one_campaign_the_better_goes(self, world: World) -> None:
        world.person("Clara")
        world.campaign()
        world.wave(step="half-time")
        world.wave(step="deadline-7d", last_useful=True)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email A: due"]
        assert world.ledger() == [
            "A deadline-7d email Clara: due",
            "A half-time email Clara: skipped, daily limit",
        ]

    def test_who_had_todays_reminder_gets_the_later_sending_tomorrow(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.person("Bikash", scopes=("list:b",))
        world.campaign("B", audience=["all", "list:b"])
        world.wave("B", hour=12)
        world.open(MORNING + 3 * HOUR)
        assert world.messages() == ["Bikash 22 email B: due", "Clara 22 email A: due"]
        assert world.ledger() == [f"A {STEP} email Clara: due", f"B {STEP} email Bikash: due"]
        world.open(MORNING + ONE_DAY)
        assert world.messages() == ["Bikash 22 email B: due", "Clara 22 email A: due", "Clara 23 email B: due"]
        assert world.counts("wave") == {WaveState.OPEN: 2}

    def test_what_waits_for_tomorrow_is_for_those_who_were_there_today(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.campaign("B")
        world.wave("B", hour=12)
        world.open(MORNING + 3 * HOUR)
        world.person("Jun", joined=MORNING + 4 * HOUR)
        # Half-way, the mark of the first chunk moves the sending to another state: it still is for the same people.
        opened = world.open(MORNING + ONE_DAY, chunk=1)
        assert opened.messages == 1
        assert "Clara 23 email B: due" in world.messages()

    def test_where_tomorrow_is_too_late_it_is_skipped_for_the_daily_limit(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.send(Scripted())
        world.campaign("B")
        world.wave("B", hour=12, until=DAY)
        world.open(MORNING + 3 * HOUR)
        assert f"B {STEP} email Clara: skipped, daily limit" in world.ledger()
        assert world.counts("wave") == {WaveState.OPEN: 2}

    def test_a_cancelled_message_leaves_the_day_free(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.run("UPDATE message SET state = 6, void = 1")
        world.campaign("B")
        world.wave("B", hour=12)
        world.open(MORNING + 3 * HOUR)
        assert "Clara 22 email B: due" in world.messages()


class TestCadence:
    """As many in so many days as somebody chose."""

    @pytest.mark.parametrize(
        ("cadence", "days", "went"),
        [
            ((2, 7), 8, [0, 1, 7]),
            ((1, 7), 8, [0, 7]),
            ((1, 30), 31, [0, 30]),
            ((7, 7), 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        ],
    )
    def test_no_more_than_chosen(
        self, sqlite_world: World, cadence: tuple[int, int], days: int, went: list[int]
    ) -> None:
        world = sqlite_world
        world.person("Clara", cadence_n=cadence[0], cadence_days=cadence[1])
        world.campaign()
        open_days(world, days, until=DAY + 60 * ONE_DAY, anchor_on=DAY + 60 * ONE_DAY)
        left_out = [line for line in world.ledger() if line.endswith("skipped, weekly limit")]
        assert [row[0] - ordinal(DAY) for row in world.rows("SELECT local_on FROM message ORDER BY 1")] == went
        assert len(left_out) == days - len(went)

    def test_the_weekly_limit_holds_on_both_databases(self, world: World) -> None:
        world.person("Clara", cadence_n=1)
        world.campaign()
        open_days(world, 2)
        assert world.ledger() == [
            "A day-0 email Clara: due",
            "A day-1 email Clara: skipped, weekly limit",
        ]

    def test_a_refused_message_does_not_count(self, world: World) -> None:
        world.person("Clara", cadence_n=1)
        world.campaign()
        open_days(world, 1)
        world.run("UPDATE message SET state = 3")
        world.wave("A", "day-1", on=DAY + ONE_DAY)
        world.open(MORNING + ONE_DAY)
        assert "A day-1 email Clara: due" in world.ledger()

    def test_the_last_useful_reminder_passes_the_limit_and_takes_the_rest_of_the_day_along(self, world: World) -> None:
        world.person("Clara", cadence_n=1)
        world.campaign()
        open_days(world, 1)
        world.wave("A", "last", on=DAY + ONE_DAY, last_useful=True)
        world.campaign("B")
        world.wave("B", on=DAY + ONE_DAY)
        world.open(MORNING + ONE_DAY)
        assert "Clara 23 email A+B: due" in world.messages()

    def test_the_last_useful_reminder_passes_the_limit_once_a_campaign(self, world: World) -> None:
        world.person("Clara", cadence_n=1)
        world.campaign()
        world.wave("A", "last", last_useful=True)
        world.open(MORNING)
        # The deadline moved: the reminder that is the last one now is no second exception.
        moved = DEADLINE + 3 * ONE_DAY
        world.wave("A", "last", on=DAY + 3 * ONE_DAY, anchor_on=moved, until=moved, last_useful=True)
        world.open(MORNING + 3 * ONE_DAY)
        assert world.ledger() == ["A last email Clara: due", "A last email Clara: skipped, weekly limit"]

    @pytest.mark.parametrize(("hours_left", "is_meant"), [(49, False), (48, True), (24, True)])
    def test_who_wants_only_the_last_hours_gets_only_those(self, world: World, hours_left: int, is_meant: bool) -> None:
        world.person("Clara", last48=True)
        world.campaign()
        world.wave(not_after=MORNING + hours_left * HOUR)
        assert world.open(MORNING).messages == is_meant


class TestChannels:
    """A step reaches one person by one channel."""

    def test_a_step_that_prefers_texts_goes_by_email_to_those_without(self, world: World) -> None:
        world.person("Clara", sms=True)
        world.person("Davi")
        world.person("Ellen", sms=True, email=False)
        world.campaign()
        world.wave(channel=Channel.SMS)
        world.wave(unless_channel=int(Channel.SMS))
        world.open(MORNING)
        assert world.ledger() == [
            f"A {STEP} email Davi: due",
            f"A {STEP} sms Clara: due",
            f"A {STEP} sms Ellen: due",
        ]

    def test_who_agreed_to_texts_after_it_was_due_gets_the_email(self, world: World) -> None:
        world.person("Clara", sms=True)
        world.set_person("Clara", sms_since=MORNING + SECOND)
        world.campaign()
        world.wave(channel=Channel.SMS)
        world.wave(unless_channel=int(Channel.SMS))
        world.open(MORNING + HOUR)
        assert world.ledger() == [f"A {STEP} email Clara: due"]


class TestWhoIsMeant:
    """Nobody without having asked, nobody who said no."""

    @pytest.mark.parametrize("audience", [[], ["list:empty"], ["country:KZ", "topic:none"]])
    def test_civicrm_4471_an_empty_selection_is_nobody(self, world: World, audience: list[str]) -> None:
        world.person("Clara")
        world.campaign(audience=audience)
        world.wave()
        assert world.open(MORNING).messages == 0
        assert world.ledger() == []

    def test_somebody_without_any_subscription_is_nobody(self, world: World) -> None:
        world.person("Clara", scopes=())
        world.person("Davi", scopes=("country:KZ",))
        world.scene()
        assert world.open(MORNING).messages == 0

    @pytest.mark.parametrize("scope", ["all", "country:CN", "case:1"])
    def test_all_means_everybody_whose_subscriptions_cover_the_case(self, world: World, scope: str) -> None:
        world.person("Clara", scopes=(scope,))
        world.scene()
        assert world.open(MORNING).messages == 1

    def test_two_subscriptions_to_one_campaign_are_one_message(self, world: World) -> None:
        world.person("Clara", scopes=("all", "country:CN", "case:1"))
        world.scene()
        assert world.open(MORNING).messages == 1

    def test_a_quote_in_a_scope_is_no_sql(self, world: World) -> None:
        world.person("Clara", scopes=("list:o'brien", "list:a:b"))
        for letter, scope in (("A", "list:o'brien"), ("B", "list:a:b"), ("C", "list:' OR 1=1 --")):
            world.campaign(letter, audience=[scope])
            world.wave(letter)
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email A+B: due"]

    @pytest.mark.parametrize(("after", "is_meant"), [(-SECOND, True), (timedelta(), True), (SECOND, False)])
    def test_pretix_3757_nobody_gets_a_step_that_was_due_before_they_joined(
        self, world: World, after: timedelta, is_meant: bool
    ) -> None:
        world.person("Jun", joined=MORNING + after)
        world.scene()
        assert world.open(MORNING + HOUR).messages == is_meant

    @pytest.mark.parametrize(
        ("values", "is_meant"),
        [
            ({"state": 1}, True),
            ({"state": 2}, False),
            ({"state": 3}, False),
            ({"state": 4}, False),
            ({"email_since": None}, False),
            ({"paused_until": MORNING + SECOND}, False),
            ({"paused_until": MORNING}, True),
        ],
    )
    def test_state_agreement_and_break_of_a_person_count(
        self, world: World, values: dict[str, Any], is_meant: bool
    ) -> None:
        world.scene("Hana")
        world.set_person("Hana", **values)
        assert world.open(MORNING).messages == is_meant

    @pytest.mark.parametrize(("in_round", "is_meant"), [(1, True), (2, False)])
    def test_a_letter_of_this_round_ends_the_reminders_and_one_of_an_older_round_does_not(
        self, world: World, in_round: int, is_meant: bool
    ) -> None:
        world.person("Ivo")
        world.campaign(round=2)
        world.wave()
        world.wrote("Ivo", in_round=in_round)
        assert world.open(MORNING).messages == is_meant

    @pytest.mark.parametrize(("what", "is_meant"), [("CN", False), ("case:1", False), ("KZ", True), ("case:2", True)])
    def test_countries_and_cases_left_out_are_left_out(self, world: World, what: str, is_meant: bool) -> None:
        world.scene("Clara", "Davi")
        world.leaves_out("Clara", what)
        world.open(MORNING)
        assert (f"A {STEP} email Clara: due" in world.ledger()) is is_meant
        assert f"A {STEP} email Davi: due" in world.ledger()


class TestTheCampaign:
    """Only what is live, approved and without a question is opened."""

    @pytest.mark.parametrize(
        "values",
        [
            *({"state": state} for state in CampaignState if state is not CampaignState.LIVE),
            {"question": "Same letter or new letter?"},
            {"version": 2},
        ],
    )
    def test_sendings_of_a_campaign_that_may_not_send_stay_closed(self, world: World, values: dict[str, Any]) -> None:
        world.scene("Clara")
        world.set_campaign(**values)
        assert world.open(MORNING).messages == 0
        assert world.counts("wave") == {WaveState.PLANNED: 1}

    def test_a_stop_between_two_chunks_ends_the_opening_of_that_campaign_alone(self, world: World) -> None:
        world.scene("Clara", "Davi", "Ellen", letters="AB")
        world.clock.move_to(MORNING)
        with world.database.read() as connection:
            sendings = opening.sendings_of(connection, 1, ordinal(DAY))

        def one(connection: Connection) -> opening.Opened:
            return opening.open_chunk(connection, sendings, size=1, now=MORNING, tomorrow={})

        assert world.database.write(one).messages == 1
        world.stop("A")
        assert world.database.write(one).changed
        world.open(chunk=1)
        assert world.messages() == [
            "Clara 22 email A+B: due",
            "Davi 22 email B: due",
            "Ellen 22 email B: due",
        ]
        assert world.counts("wave") == {WaveState.OPEN: 1, WaveState.WITHDRAWN: 1}

    def test_an_opening_that_was_cut_off_goes_on_where_it_stood(self, world: World) -> None:
        world.scene("Clara", "Davi", "Ellen", letters="AB")
        with world.database.read() as connection:
            sendings = opening.sendings_of(connection, 1, ordinal(DAY))
        world.database.write(
            lambda connection: opening.open_chunk(connection, sendings, size=2, now=MORNING, tomorrow={})
        )
        # In between a third campaign falls due, which opens by itself afterwards.
        world.campaign("C")
        world.wave("C")
        world.open(MORNING)
        assert world.messages() == ["Clara 22 email A+B: due", "Davi 22 email A+B: due", "Ellen 22 email A+B: due"]
        world.open(MORNING + ONE_DAY)
        assert [line for line in world.messages() if " 23 " in line] == [
            "Clara 23 email C: due",
            "Davi 23 email C: due",
            "Ellen 23 email C: due",
        ]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_chunks_of_any_size_come_to_the_same(sqlite_world: World, chunk: int) -> None:
    world = sqlite_world
    for place, name in enumerate(world.neighbours(7)):
        world.set_person(name, locale=["en", "fr", "es"][place % 3])
    world.scene(letters="ABCD")
    world.wrote("Reader2", "A")
    world.leaves_out("Reader3", "case:2")
    world.open(MORNING, chunk=chunk)
    assert world.ledger() == sorted(
        f"{letter} {STEP} email Reader{number}: {'skipped, daily limit' if letter in skipped else 'due'}"
        for number in range(1, 8)
        for letters, skipped in [{2: ("BCD", ""), 3: ("ACD", "")}.get(number, ("ABCD", "D"))]
        for letter in letters
    )


class TestRevival:
    """A promise taken back may be made again for the same date, as long as nothing of it was ever tried."""

    def plan_again(self, world: World) -> datetime:
        world.tidy()
        world.set_campaign(state=CampaignState.LIVE)
        world.run("UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0")
        return world.clock.now() + HOUR

    def test_before_any_attempt_it_comes_to_life_again(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.stop(state=CampaignState.PAUSED)
        later = self.plan_again(world)
        assert world.ledger() == [f"A {STEP} email Clara: withdrawn, campaign paused"]
        world.open(later)
        assert world.ledger() == [f"A {STEP} email Clara: due"]
        assert world.messages() == ["Clara 22 email A: cancelled, campaign paused", "Clara 22 email A: due"]

    def test_after_an_attempt_it_does_not_though_it_was_swept_away(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.send(Scripted(answer=lambda recipient: LATER))
        world.stop(state=CampaignState.PAUSED)
        world.open(self.plan_again(world))
        assert world.ledger() == [f"A {STEP} email Clara: skipped, campaign paused"]

    def test_after_an_attempt_it_does_not_though_the_last_check_refused_it(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.send(Scripted(answer=lambda recipient: LATER))
        # Paused without its batches being taken back: a message of several appeals is left to the last check.
        world.set_campaign(state=CampaignState.PAUSED)
        world.clock.move_to(MORNING + HOUR)
        world.send(Scripted())
        world.open(self.plan_again(world))
        assert world.ledger() == [f"A {STEP} email Clara: skipped, campaign paused"]

    def test_another_date_is_another_promise(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.send(Scripted())
        moved = date(2020, 12, 30)
        world.wave(on=DAY + ONE_DAY, anchor_on=moved, until=moved)
        world.open(MORNING + ONE_DAY)
        assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Clara: due"]
