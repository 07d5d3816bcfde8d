"""The last check before each call: who may still be written to, at this very instant."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from reminder.domain.consent import Closed
from reminder.domain.states import CampaignState, Channel, MessageKind
from reminder.providers.contract import Capabilities
from reminder.store.queueing import Addressee, Later, at_once, organisers, queue
from reminder.store.tables import Organiser
from tests.databases import vault_for_tests
from tests.fakes.scripted import Scripted
from tests.outbox.world import DAY, EVENING, HOUR, MORNING, SECOND, STEP, World, address

LATER = MORNING + HOUR


def opened(world: World, *names: str, letters: str = "A") -> World:
    world.scene(*names, letters=letters).open(MORNING)
    world.clock.move_to(LATER)
    return world


def sent_to(world: World) -> list[str]:
    provider = Scripted()
    world.send(provider)
    return sorted(provider.addresses())


def test_what_nothing_speaks_against_goes(world: World) -> None:
    opened(world, "Clara", "Davi")
    assert sent_to(world) == [address("Clara"), address("Davi")]
    assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Davi: carried"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"state": 3}, "left"),
        ({"state": 2}, "waits for evidence"),
        ({"state": 4}, "erased"),
        ({"state": 4, "email_ct": None, "email_hash": None}, "erased"),
        ({"email_ct": None, "email_hash": None}, "no channel"),
        ({"email_since": None}, "left"),
        ({"paused_until": LATER + SECOND}, "paused by person"),
    ],
)
def test_what_changed_about_a_person_since_the_opening_counts(
    world: World, values: dict[str, Any], reason: str
) -> None:
    opened(world, "Hana", "Clara")
    world.set_person("Hana", **values)
    assert sent_to(world) == [address("Clara")]
    assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Hana: skipped, {reason}"]
    assert f"Hana 22 email A: cancelled, {reason}" in world.messages()


def test_a_break_that_is_over_counts_no_more(world: World) -> None:
    opened(world, "Hana")
    world.set_person("Hana", paused_until=LATER)
    assert sent_to(world) == [address("Hana")]


def test_the_do_not_contact_list_counts_even_where_the_agreement_still_stands(world: World) -> None:
    opened(world, "Hana", "Clara")
    world.closes("Hana", reason=Closed.COMPLAINED)
    world.set_person("Hana", email_since=MORNING)
    assert sent_to(world) == [address("Clara")]
    assert f"A {STEP} email Hana: skipped, do not contact" in world.ledger()


def test_the_do_not_contact_list_of_the_other_channel_does_not_count(world: World) -> None:
    world.person("Hana", sms=True)
    opened(world)
    world.closes("Hana", Channel.SMS, Closed.STOP)
    assert sent_to(world) == [address("Hana")]


def test_a_letter_reported_since_the_opening_counts(world: World) -> None:
    opened(world, "Ivo")
    world.wrote("Ivo")
    assert sent_to(world) == []
    assert world.ledger() == [f"A {STEP} email Ivo: skipped, letter reported"]


def test_a_letter_of_an_older_round_does_not_count(world: World) -> None:
    opened(world, "Ivo")
    world.wrote("Ivo", in_round=1)
    world.set_campaign(round=2)
    assert sent_to(world) == [address("Ivo")]


@pytest.mark.parametrize("what", ["CN", "case:1"])
def test_a_country_or_case_left_out_since_the_opening_counts(world: World, what: str) -> None:
    opened(world, "Hana")
    world.leaves_out("Hana", what)
    assert sent_to(world) == []
    assert world.ledger() == [f"A {STEP} email Hana: skipped, country left out"]


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"state": CampaignState.STOPPED}, "withdrawn, campaign stopped"),
        ({"state": CampaignState.PAUSED}, "withdrawn, campaign paused"),
        ({"state": CampaignState.CLOSED}, "withdrawn, campaign closed"),
        ({"state": CampaignState.EXPIRED}, "missed, too late"),
        ({"state": CampaignState.APPROVED}, "withdrawn, campaign paused"),
        ({"question": "Same letter or new letter?"}, "withdrawn, document changed"),
        ({"version": 2}, "withdrawn, plan changed"),
    ],
)
def test_a_campaign_that_may_not_send_any_more_sends_nothing(
    world: World, values: dict[str, Any], outcome: str
) -> None:
    opened(world, "Clara")
    # Without taking its batches back, as it is for messages of several appeals.
    world.set_campaign(**values)
    assert sent_to(world) == []
    assert world.ledger() == [f"A {STEP} email Clara: {outcome}"]


@pytest.mark.parametrize(
    "change", ["DELETE FROM step", "UPDATE step SET anchor_on = anchor_on + 1", "UPDATE step SET step_key = 'other'"]
)
def test_a_step_that_is_no_longer_in_the_plan_is_not_sent(world: World, change: str) -> None:
    opened(world, "Clara")
    world.run(change)
    assert sent_to(world) == []
    assert world.ledger() == [f"A {STEP} email Clara: withdrawn, plan changed"]


class TestSeveralAppeals:
    """A message goes without what fell away, and says exactly what is left."""

    def test_a_stopped_appeal_is_left_out_and_the_others_go(self, world: World) -> None:
        opened(world, "Clara", "Davi", letters="ABC")
        world.set_campaign("B", state=CampaignState.STOPPED)
        assert sent_to(world) == [address("Clara"), address("Davi")]
        assert world.messages() == ["Clara 22 email A+C: accepted", "Davi 22 email A+C: accepted"]
        assert [line for line in world.ledger() if "Clara" in line] == [
            f"A {STEP} email Clara: carried",
            f"B {STEP} email Clara: withdrawn, campaign stopped",
            f"C {STEP} email Clara: carried",
        ]

    def test_each_person_gets_what_is_left_for_her(self, world: World) -> None:
        opened(world, "Clara", "Davi", "Ivo", letters="ABC")
        world.wrote("Ivo", "A")
        world.leaves_out("Davi", "case:3")
        provider = Scripted()
        world.send(provider)
        assert world.messages() == [
            "Clara 22 email A+B+C: accepted",
            "Davi 22 email A+B: accepted",
            "Ivo 22 email B+C: accepted",
        ]
        assert sorted(provider.addresses()) == [address("Clara"), address("Davi"), address("Ivo")]

    def test_the_text_names_only_what_is_left(self, world: World) -> None:
        opened(world, "Ivo", letters="AB")
        world.wrote("Ivo", "A")
        provider = Scripted()
        world.send(provider)
        content = provider.calls[0].content
        assert "wrote_url:2" in content.fields
        assert "wrote_url:1" not in content.fields

    def test_each_that_fell_away_keeps_its_own_reason(self, world: World) -> None:
        opened(world, "Ivo", letters="ABC")
        world.wrote("Ivo", "A")
        world.set_campaign("B", state=CampaignState.STOPPED)
        assert sent_to(world) == [address("Ivo")]
        assert world.ledger() == [
            f"A {STEP} email Ivo: skipped, letter reported",
            f"B {STEP} email Ivo: withdrawn, campaign stopped",
            f"C {STEP} email Ivo: carried",
        ]

    def test_where_nothing_is_left_nothing_goes(self, world: World) -> None:
        opened(world, "Ivo", letters="AB")
        world.wrote("Ivo", "A")
        world.wrote("Ivo", "B")
        assert sent_to(world) == []
        assert world.ledger() == [
            f"A {STEP} email Ivo: skipped, letter reported",
            f"B {STEP} email Ivo: skipped, letter reported",
        ]
        assert world.messages() == ["Ivo 22 email A+B: cancelled, letter reported"]

    def test_a_message_can_shrink_twice(self, world: World) -> None:
        opened(world, "Clara", "Davi", letters="ABC")
        world.wrote("Clara", "A")
        provider = Scripted()
        # While the others' message is on its way, what is left of Clara's waits in its new batch.
        provider.before = lambda call: world.set_campaign("B", state=CampaignState.STOPPED)
        world.send(provider)
        assert world.messages() == ["Clara 22 email C: accepted", "Davi 22 email A+B+C: accepted"]

    def test_who_left_gets_no_part_of_it(self, world: World) -> None:
        opened(world, "Hana", letters="AB")
        world.closes("Hana")
        world.set_campaign("A", state=CampaignState.STOPPED)
        assert sent_to(world) == []


class TestLastInstant:
    """Never after, and the whole of the last day."""

    @pytest.mark.parametrize(("at", "goes"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
    def test_a_message_goes_until_its_last_instant(self, world: World, at: timedelta, goes: bool) -> None:
        world.scene("Clara").open(MORNING)
        world.run("UPDATE message SET not_after = :at", at=int(LATER.timestamp()))
        world.clock.move_to(LATER + at)
        assert sent_to(world) == [address("Clara")] * goes
        assert world.ledger() == [f"A {STEP} email Clara: {'carried' if goes else 'missed, too late'}"]

    @pytest.mark.parametrize(("at", "goes"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
    def test_a_batch_goes_until_the_quiet_hours(self, world: World, at: timedelta, goes: bool) -> None:
        world.scene("Clara").open(MORNING)
        world.clock.move_to(EVENING + at)
        assert sent_to(world) == [address("Clara")] * goes
        assert world.ledger() == [f"A {STEP} email Clara: {'carried' if goes else 'due'}"]

    def test_quiet_hours_that_begin_in_the_middle_of_a_batch_end_it(self, world: World) -> None:
        world.neighbours(3)
        world.scene().open(MORNING)
        world.clock.move_to(EVENING - SECOND)
        provider = one_by_one(world, EVENING)
        world.send(provider)
        assert len(provider.taken) == 1
        assert sorted(line.split(": ")[1] for line in world.ledger()) == ["carried", "due", "due"]

    def test_an_end_that_comes_in_the_middle_of_a_batch_ends_it(self, world: World) -> None:
        world.neighbours(3)
        world.scene().open(MORNING)
        world.run("UPDATE message SET not_after = :at", at=int(LATER.timestamp()))
        world.clock.move_to(LATER - SECOND)
        provider = one_by_one(world, LATER)
        world.send(provider)
        assert len(provider.taken) == 1
        assert sorted(line.split(": ")[1] for line in world.ledger()) == ["carried"] + ["missed, too late"] * 2


def one_by_one(world: World, then: datetime) -> Scripted:
    """A provider that takes one message a call; with the first, it becomes `then`."""
    provider = Scripted(capabilities=Capabilities(batch_size=1, volley=1, real=False))
    provider.before = lambda call: world.clock.move_to(then)
    return provider


class TestOtherKinds:
    """Every kind has its own rule of consent."""

    def queued(self, world: World, kind: MessageKind, name: str, **payload: Any) -> None:
        world.person(name)
        to = [Addressee(world.people[name], Channel.EMAIL, "en", 1)]
        world.database.write(
            lambda connection: queue(
                connection, kind, to, dedupe="x", payload=payload, when=at_once(kind, MORNING), now=MORNING
            )
        )

    def test_a_confirmation_goes_to_somebody_who_is_not_confirmed_yet(self, world: World) -> None:
        self.queued(world, MessageKind.CONFIRMATION, "Jun", wording="Yes, remind me.")
        world.set_person("Jun", email_since=None)
        assert sent_to(world) == [address("Jun")]

    def test_a_confirmation_goes_to_nobody_who_is_erased(self, world: World) -> None:
        self.queued(world, MessageKind.CONFIRMATION, "Jun", wording="Yes, remind me.")
        world.set_person("Jun", email_ct=None, email_hash=None, state=4)
        assert sent_to(world) == []
        assert world.messages(MessageKind.CONFIRMATION) == ["Jun 22 email : cancelled, erased"]

    @pytest.mark.parametrize("own_request", [True, False])
    def test_the_question_reaches_who_said_never_again_only_at_their_own_request(
        self, world: World, own_request: bool
    ) -> None:
        self.queued(world, MessageKind.CONFIRMATION, "Jun", wording="Yes, remind me.", own_request=own_request)
        world.closes("Jun", reason=Closed.NEVER_AGAIN)
        assert sent_to(world) == [address("Jun")] * own_request

    def test_an_alert_goes_to_the_office(self, world: World) -> None:
        ct, digest = vault_for_tests().encrypt("office@example.org", b"email"), b"o" * 16
        world.add(Organiser, email_ct=ct, email_hash=digest, since=MORNING)
        payload = {"subject": "Trouble", "reason": "the disk is full", "remedy": "make room"}
        when = at_once(MessageKind.ALERT, MORNING)
        world.database.write(
            lambda connection: queue(
                connection,
                MessageKind.ALERT,
                organisers(connection),
                dedupe="t",
                payload=payload,
                when=when,
                now=MORNING,
            )
        )
        assert sent_to(world) == ["office@example.org"]

    @pytest.mark.parametrize(("at", "goes"), [(-SECOND, True), (timedelta(), False)])
    def test_an_alert_has_an_end_too(self, world: World, at: timedelta, goes: bool) -> None:
        ct, digest = vault_for_tests().encrypt("office@example.org", b"email"), b"o" * 16
        world.add(Organiser, email_ct=ct, email_hash=digest, since=MORNING)
        payload = {"subject": "Trouble", "reason": "the disk is full", "remedy": "make room"}
        when = Later(MORNING, EVENING, LATER)
        world.database.write(
            lambda connection: queue(
                connection,
                MessageKind.ALERT,
                organisers(connection),
                dedupe="t",
                payload=payload,
                when=when,
                now=MORNING,
            )
        )
        world.clock.move_to(LATER + at)
        assert sent_to(world) == ["office@example.org"] * goes


def test_the_day_of_a_message_is_that_of_its_reader(world: World) -> None:
    world.person("Grace", zone="Pacific/Kiritimati")
    world.campaign()
    world.wave(zones=["Pacific/Kiritimati"])
    # Nine in the morning of the 22nd on Kiritimati is the evening of the 21st in UTC.
    world.open(MORNING - 14 * HOUR)
    provider = Scripted()
    world.send(provider)
    assert world.messages() == [f"Grace {DAY.day} email A: accepted"]
    assert provider.taken[0].at.day == DAY.day - 1
