"""Notes to supporters: whom they are for, that none is lost, and that nobody gets one twice."""

from collections.abc import Sequence
from typing import Any

import pytest

from reminder.domain.states import CampaignState, Channel, MessageKind
from reminder.intake.cases import outcome
from reminder.outbox.notes import queue_closing, queue_closing_due, queue_stop_note
from reminder.planning.triage import expire_due
from tests.databases import vault_for_tests
from tests.fakes.scripted import LATER, LOST, Scripted, by_address
from tests.outbox.test_query_plans import watching
from tests.outbox.world import DEADLINE, HOUR, LONDON, MORNING, ONE_DAY, SECOND, World, address, no_zones

NIGHT = MORNING + 13 * HOUR
NEXT_MORNING = MORNING + ONE_DAY
ENDED = MORNING + 8 * ONE_DAY + 3 * HOUR
MORE: Any = {"zones_of": no_zones, "email_margin": HOUR}


def stop_note(world: World, letter: str = "A") -> int:
    return queue_stop_note(world.database, world.campaigns[letter], world.clock.now(), **MORE)


def closing(world: World, letter: str = "A", *, how_it_ended: bool = False) -> int:
    now = world.clock.now()
    return queue_closing(world.database, world.campaigns[letter], now, outcome=how_it_ended, **MORE)


def reminded(world: World, *names: str, letters: str = "A", **boxes: bool) -> World:
    """People who got their reminder."""
    for name in names:
        world.person(name, **boxes)
    world.scene(letters=letters).open(MORNING)
    world.send(Scripted())
    return world


def told(world: World, kind: MessageKind) -> list[str]:
    """Who has a note, by which channel."""
    sql = "SELECT subscriber_id, channel FROM message WHERE kind = :kind"
    rows = world.rows(sql, kind=int(kind))
    return sorted(f"{world.names()[row.subscriber_id]} {Channel(row.channel).name.lower()}" for row in rows)


def sent(world: World) -> list[str]:
    provider = Scripted()
    world.send(provider)
    return sorted(provider.addresses())


class TestWhoWasReminded:
    """A stop's note is for those who got a reminder, or may have."""

    def test_it_is_who_was_reached_or_may_have_been(self, world: World) -> None:
        world.scene("Clara", "Davi", "Ellen", "Hana").open(MORNING)
        world.closes("Hana")
        world.send(Scripted(answer=by_address({address("Davi"): LOST, address("Ellen"): LATER})))
        assert stop_note(world) == 2
        assert told(world, MessageKind.NOTE) == ["Clara email", "Davi email"]

    def test_it_goes_by_the_channel_of_the_reminder_and_once(self, world: World) -> None:
        world.person("Clara", sms=True)
        world.campaign()
        world.wave(channel=Channel.SMS)
        world.open(MORNING)
        world.send(Scripted(), sms=[Scripted("texts", Channel.SMS)])
        assert (stop_note(world), stop_note(world)) == (1, 0)
        assert told(world, MessageKind.NOTE) == ["Clara sms"]

    def test_who_was_reminded_by_both_channels_is_told_by_email(self, world: World) -> None:
        world.person("Clara", sms=True)
        world.campaign()
        world.wave()
        world.wave(step="deadline-6d", on=MORNING.date() + ONE_DAY, channel=Channel.SMS)
        for now in (MORNING, NEXT_MORNING):
            world.open(now)
            world.send(Scripted(), sms=[Scripted("texts", Channel.SMS)])
        assert stop_note(world) == 1
        assert told(world, MessageKind.NOTE) == ["Clara email"]

    def test_who_was_reminded_of_another_appeal_only_is_not_meant(self, world: World) -> None:
        world.person("Clara")
        world.leaves_out("Clara", "case:1")
        reminded(world, letters="AB")
        assert (stop_note(world, "A"), stop_note(world, "B")) == (0, 1)


def test_the_closing_note_is_for_those_who_were_in_it_and_asked_for_it(world: World) -> None:
    boxes = {"closing_note": True}
    world.person("Ivo", **boxes)
    world.person("Jun", joined=MORNING.replace(hour=10), **boxes)
    world.person("Ellen", tell_outcome=True)
    world.person("Davi")
    world.person("Clara", **boxes)
    world.scene()
    world.wrote("Ivo")
    world.open(MORNING)
    world.send(Scripted())
    assert closing(world) == 2
    assert told(world, MessageKind.CLOSING) == ["Clara email", "Ivo email"]
    assert closing(world, how_it_ended=True) == 1
    assert told(world, MessageKind.CLOSING) == ["Clara email", "Ellen email", "Ivo email"]


@pytest.mark.parametrize("what", ["case:1", "CN"])
def test_who_leaves_the_appeal_out_after_a_reminder_hears_nothing_more_of_it(world: World, what: str) -> None:
    reminded(world, "Clara", "Davi", closing_note=True, tell_outcome=True)
    world.leaves_out("Clara", what)
    assert (stop_note(world), closing(world), closing(world, how_it_ended=True)) == (1, 1, 1)
    assert sent(world) == [address("Davi")] * 3


@pytest.mark.parametrize("what", ["case:1", "CN"])
def test_who_leaves_the_appeal_out_after_a_note_was_queued_does_not_get_it(world: World, what: str) -> None:
    reminded(world, "Clara", "Davi", closing_note=True, tell_outcome=True)
    assert (stop_note(world), closing(world), closing(world, how_it_ended=True)) == (2, 2, 2)
    world.leaves_out("Clara", what)
    assert sent(world) == [address("Davi")] * 3
    assert "Clara 22 email A: cancelled, country left out" in world.messages(MessageKind.NOTE)


@pytest.mark.parametrize("how_it_ended", [False, True])
def test_who_unticks_the_box_after_the_note_was_queued_does_not_get_it(world: World, how_it_ended: bool) -> None:
    box = "tell_outcome" if how_it_ended else "closing_note"
    reminded(world, "Clara", "Davi", **{box: True})
    assert closing(world, how_it_ended=how_it_ended) == 2
    world.set_person("Clara", **{box: False})
    assert sent(world) == [address("Davi")]
    assert "Clara 22 email A: cancelled, not asked for" in world.messages(MessageKind.CLOSING)


class TestExpired:
    """The note after the deadline is owed until it is queued."""

    def expired(self, world: World) -> list[int]:
        world.run("UPDATE campaign SET expires_at = :ended", ended=int(ENDED.timestamp()))
        world.clock.move_to(ENDED)
        return expire_due(world.database, ENDED)

    def test_it_is_made_up_for_when_the_program_ended_before_it_was_queued(self, world: World) -> None:
        reminded(world, "Clara", closing_note=True)
        assert self.expired(world) == [world.campaigns["A"]]
        later = ENDED + HOUR
        assert expire_due(world.database, later) == []
        assert queue_closing_due(world.database, later, **MORE) == 1
        assert queue_closing_due(world.database, later, **MORE) == 0
        assert world.one("SELECT closing_due_at FROM campaign") is None

    def test_a_campaign_that_fails_keeps_no_other_waiting_and_is_tried_again(self, world: World) -> None:
        reminded(world, "Clara", letters="AB", closing_note=True)
        self.expired(world)
        with pytest.raises(LookupError):
            queue_closing_due(world.database, ENDED, zones_of=fails_first(), email_margin=HOUR)
        assert len(told(world, MessageKind.CLOSING)) == 1
        assert queue_closing_due(world.database, ENDED, **MORE) == 1

    def test_a_daemon_that_ends_leaves_it_to_the_next_one(self, world: World) -> None:
        reminded(world, "Clara", closing_note=True)
        self.expired(world)
        assert queue_closing_due(world.database, ENDED, go_on=lambda: False, **MORE) == 0
        assert queue_closing_due(world.database, ENDED, **MORE) == 1

    def test_what_was_opened_again_before_it_was_told_is_told_when_it_expires_again(self, world: World) -> None:
        reminded(world, "Clara", closing_note=True)
        self.expired(world)
        queue_closing_due(world.database, ENDED, **MORE)
        again = ENDED + 20 * ONE_DAY
        later = {"deadline_on": DEADLINE + 20 * ONE_DAY, "expires_at": again}
        world.set_campaign(state=CampaignState.LIVE, **later)
        assert expire_due(world.database, again) == [world.campaigns["A"]]
        assert queue_closing_due(world.database, again, **MORE) == 1


def fails_first() -> Any:
    """The zones of a country, which at the first question are not to be had."""
    asked = []

    def zones_of(country: str) -> Sequence[str]:
        asked.append(country)
        if len(asked) == 1:
            raise LookupError
        return ()

    return zones_of


def test_what_is_cut_short_is_kept_page_by_page_and_made_up_for(world: World) -> None:
    for name, zone in (("Clara", LONDON), ("Davi", "Europe/Paris")):
        world.person(name, zone=zone, closing_note=True)
    world.campaign()
    world.wave(zones=(LONDON, "Europe/Paris"))
    world.open(MORNING)
    world.send(Scripted())
    asked: list[str] = []

    def zones_of(country: str) -> Sequence[str]:
        asked.append(country)
        if len(asked) == 2:
            raise LookupError
        return ()

    with pytest.raises(LookupError):
        queue_closing(
            world.database, world.campaigns["A"], MORNING, outcome=False, zones_of=zones_of, email_margin=HOUR
        )
    assert len(told(world, MessageKind.CLOSING)) == 1
    assert closing(world) == 1
    assert told(world, MessageKind.CLOSING) == ["Clara email", "Davi email"]


def test_how_it_ended_is_told_although_the_case_is_stopped_before_the_morning(world: World) -> None:
    reminded(world, "Clara", tell_outcome=True)
    world.run("UPDATE casefile SET code = 'k3x7qa'")
    outcome(world.database, vault_for_tests(), "k3x7qa", "He is free.", "clara", NIGHT)
    world.clock.move_to(NIGHT)
    assert closing(world, how_it_ended=True) == 1
    world.stop()
    assert stop_note(world) == 1
    world.tidy()
    world.clock.move_to(NEXT_MORNING)
    provider = Scripted()
    world.send(provider)
    assert sorted(str(call.content.text).count("He is free.") for call in provider.calls) == [0, 1]


def test_a_pause_or_a_new_plan_spares_what_is_no_reminder(world: World) -> None:
    reminded(world, "Clara", closing_note=True, tell_outcome=True)
    world.clock.move_to(NIGHT)
    assert (closing(world), closing(world, how_it_ended=True), stop_note(world)) == (1, 1, 1)
    assert world.stop(state=CampaignState.PAUSED).batches == 1  # the note after a deadline that may not have come
    world.clock.move_to(NEXT_MORNING)
    assert sent(world) == [address("Clara")] * 2


def test_a_note_that_was_taken_back_may_be_queued_again(world: World) -> None:
    reminded(world, "Clara", closing_note=True)
    world.clock.move_to(NIGHT)
    assert closing(world) == 1
    world.stop(state=CampaignState.PAUSED)
    assert (closing(world), closing(world)) == (1, 0)
    world.clock.move_to(NEXT_MORNING)
    assert sent(world) == [address("Clara")]


class TestTwoCampaignsOfOneCase:
    """One case is told of once."""

    def two(self, world: World, *names: str) -> World:
        for name in names:
            world.person(name, closing_note=True, tell_outcome=True)
        world.scene(letters="AB")
        world.run("UPDATE campaign SET case_id = 1")
        world.open(MORNING)
        world.send(Scripted())
        return world

    def test_each_note_comes_once(self, world: World) -> None:
        self.two(world, "Clara", "Davi")
        assert [stop_note(world, letter) for letter in "BA"] == [2, 0]
        assert [closing(world, letter) for letter in "BA"] == [2, 0]
        assert [closing(world, letter, how_it_ended=True) for letter in "BA"] == [2, 0]

    def test_who_was_only_in_the_older_one_is_told_of_that(self, world: World) -> None:
        self.two(world, "Clara", "Davi")
        world.run(
            "DELETE FROM delivery WHERE campaign_id = :new AND subscriber_id = :davi",
            new=world.campaigns["B"],
            davi=world.people["Davi"],
        )
        assert [stop_note(world, letter) for letter in "BA"] == [1, 1]
        assert told(world, MessageKind.NOTE) == ["Clara email", "Davi email"]

    def test_a_case_that_was_stopped_and_begun_again_is_told_of_again(self, world: World) -> None:
        reminded(world, "Clara")
        assert stop_note(world) == 1
        world.stop()
        world.campaign("B")
        world.run("UPDATE campaign SET case_id = 1")
        world.wave("B", on=MORNING.date() + ONE_DAY)
        world.open(NEXT_MORNING)
        world.send(Scripted())
        world.clock.move_to(NEXT_MORNING + SECOND)
        assert [stop_note(world, letter) for letter in "BA"] == [1, 0]


def test_the_people_of_a_note_are_found_by_indexes(sqlite_world: World) -> None:
    world = reminded(sqlite_world, "Clara", closing_note=True)
    world.person("Davi", sms=True)
    with watching() as watched:
        assert (stop_note(world), closing(world)) == (1, 1)
    # Which languages and habits there are is read once from an index of its own.
    assert [line for line, sql in watched.reads_all() if "DISTINCT s.rhythm_id" not in sql] == []


def test_a_reminder_of_two_campaigns_of_one_case_lists_it_once(world: World) -> None:
    world.scene("Clara", letters="AB")
    world.run("UPDATE campaign SET case_id = 1")
    world.open(MORNING)
    provider = Scripted()
    world.send(provider)
    [call] = provider.calls
    assert (world.messages(), str(call.content.text).count("No. 1")) == (["Clara 22 email A+B: accepted"], 1)
