"""No hot statement reads a big table from end to end: each is explained by SQLite itself, as it is run, with its values."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, event

from reminder.domain.states import CampaignState
from reminder.providers.contract import Capabilities
from tests.fakes.scripted import LATER, LOST, YES, Scripted, by_address
from tests.outbox.world import EVENING, HOUR, MINUTE, MORNING, World, address

# What grows with the supporters and with every day. A scan of anything else is a page or two.
BIG = {"subscriber", "subscription", "message", "delivery", "batch", "attempt", "content", "event", "consent"}
READS_ALL = re.compile(r"^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
# Partial indexes hold only what is being worked on; to read one of them whole is the point of it.
WORK_IN_HAND = {"batch_to_claim", "batch_leased", "batch_withdrawn", "attempt_open", "message_unclear"}


@dataclass
class Watched:
    """Statements with their plans, as SQLite made them."""

    plans: dict[str, list[str]] = field(default_factory=dict)

    def reads_all(self) -> list[tuple[str, str]]:
        """(what it reads whole, the statement) for each big table."""
        found = []
        for statement, plan in self.plans.items():
            tables = names_in(statement)
            for line in plan:
                scan = READS_ALL.match(line)
                if scan and tables.get(scan[1], scan[1]) in BIG and scan[2] not in WORK_IN_HAND:
                    found.append((line, statement))
        return found

    def index_of(self, words: str) -> str:
        """The plan of the statement that holds these words, in one line."""
        plans = {statement: plan for statement, plan in self.plans.items() if words in statement}
        assert len(plans) == 1, list(plans)
        return " | ".join(next(iter(plans.values())))


def names_in(statement: str) -> dict[str, str]:
    """The tables of a statement by the short names that it gives them."""
    named = re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", statement, re.IGNORECASE)
    return {alias or table: table for table, alias in named} | {table: table for table, _ in named}


@contextmanager
def watching() -> Iterator[Watched]:
    """Explain every statement on the connection that runs it, before it runs."""
    watched = Watched()

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if re.match(r"(?i)select|insert|update|delete|with", statement):
            asked = cursor.connection.cursor()
            first = parameters[0] if many else parameters
            rows = asked.execute(f"EXPLAIN QUERY PLAN {statement}", first).fetchall()
            watched.plans.setdefault(statement, [row[3] for row in rows])

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield watched
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


@pytest.fixture
def scene(sqlite_world: World) -> World:
    world = sqlite_world
    world.neighbours(6)
    world.person("Clara", cadence_n=2)
    world.scene(letters="ABCD").open(MORNING)
    world.send(Scripted())
    # A second day, so that there is something to count, to exclude and to have written before.
    world.wrote("Reader1", "A")
    world.leaves_out("Reader2", "case:2")
    for letter in "ABCD":
        world.wave(letter, "deadline-6d", on=MORNING.date().replace(day=23), last_useful=letter == "D")
    return world


def test_opening_reads_nothing_from_end_to_end(scene: World) -> None:
    with watching() as watched:
        scene.open(MORNING.replace(day=23), chunk=3)
    assert watched.reads_all() == []
    assert "INDEX subscriber_by_rhythm" in watched.index_of("SELECT max(id) FROM (SELECT id FROM subscriber")
    assert "INDEX one_wave" in watched.index_of("last_useful AND state = 3")


def test_who_is_picked_is_found_by_rhythm_and_counted_by_day(scene: World) -> None:
    with watching() as watched:
        scene.open(MORNING.replace(day=23))
    picks = {
        statement: " | ".join(plan) for statement, plan in watched.plans.items() if "INSERT INTO pick" in statement
    }
    counted = [plan for statement, plan in picks.items() if "cadence_n" in statement]
    assert counted  # the last useful reminder passes the limit, so nothing is counted for it
    assert len(counted) < len(picks)
    assert all("INDEX one_a_day (local_on=? AND subscriber_id=?)" in plan for plan in counted)
    for plan in picks.values():
        assert re.search(r"SEARCH s USING (COVERING )?INDEX \w+ \(rhythm_id=\? AND locale=\? AND id>\? AND id<\?", plan)
        assert "SEARCH p USING INDEX one_promise" in plan or "SEARCH p" not in plan


def test_sending_reads_nothing_from_end_to_end(scene: World) -> None:
    scene.open(MORNING.replace(day=23))
    scene.closes("Reader3")
    told = {address("Reader4"): [LATER], address("Reader5"): [LOST]}
    with watching() as watched:
        scene.send(Scripted(answer=by_address(told), capabilities=Capabilities(batch_size=3)))
    assert watched.reads_all() == []
    assert "INDEX batch_to_claim (channel=? AND open_until>?)" in watched.index_of("UPDATE batch SET state = ?, owner")
    assert "INDEX message_of_batch (batch_id=? AND id>?)" in watched.index_of("AS doubtful")
    assert "(channel=? AND address_hash=?)" in watched.index_of("JOIN do_not_contact n")
    assert "INDEX one_promise" in watched.index_of("UPDATE delivery SET state = ?, reason = ?")


def test_heartbeat_with_nothing_due_reads_nothing_from_end_to_end(scene: World) -> None:
    with watching() as watched:
        scene.open(MORNING + HOUR)
        scene.tidy()
        scene.settle(Scripted())
        assert not scene.sender(Scripted()).rest(1, 5.0) < 5.0  # type: ignore[arg-type]
    assert watched.reads_all() == []


def test_rescue_settling_and_putting_off_read_only_what_is_in_hand(scene: World) -> None:
    scene.open(MORNING.replace(day=23))
    provider = Scripted(answer=lambda recipient: LOST, capabilities=Capabilities(batch_size=3, look_up=True))
    scene.send(provider)
    with watching() as watched:
        scene.tidy(nobody_else=True)
        scene.settle(provider)
        scene.tidy(EVENING.replace(day=23))
    assert watched.reads_all() == []
    assert "INDEX message_unclear" in watched.index_of("FROM message m JOIN attempt a")


def test_a_stop_and_its_sweep_read_only_what_is_theirs(scene: World) -> None:
    scene.open(MORNING.replace(day=23))
    for letter in "BCD":
        scene.leaves_out("Clara", f"case:{scene.campaigns[letter]}")
    with watching() as watched:
        for letter in scene.campaigns:
            scene.stop(letter, CampaignState.PAUSED)
        scene.tidy(MORNING.replace(day=23) + MINUTE)
    assert watched.reads_all() == []
    assert "INDEX batch_of_content" in watched.index_of("UPDATE batch SET state = ?, reason")


def test_a_call_is_made_again_without_looking_for_it(scene: World) -> None:
    scene.open(MORNING.replace(day=23))
    able = Capabilities(batch_size=3, idempotent_seconds=86_400)
    provider = Scripted(answer=lambda recipient: LOST, capabilities=able)
    scene.send(provider)
    provider.answer = lambda recipient: YES
    with watching() as watched:
        assert scene.settle(provider, now=MORNING.replace(day=23) + HOUR).arrived
    assert watched.reads_all() == []
    assert "INDEX attempt_open" in watched.index_of("length(body_sha256) > 0")


@pytest.mark.parametrize("able", [Capabilities(batch_size=3, look_up=True), Capabilities(look_up_by_own_id=True)])
def test_what_is_open_is_asked_for_by_attempt_and_time(scene: World, able: Capabilities) -> None:
    scene.open(MORNING.replace(day=23))
    provider = Scripted(capabilities=able, names=lambda recipient: str(recipient.message_id))
    scene.send(provider)
    with watching() as watched:
        assert scene.ask(provider, now=MORNING.replace(day=23) + 4 * HOUR).news
    assert watched.reads_all() == []
    for words in ("SELECT id, n FROM attempt", "UPDATE attempt AS a"):
        assert "INDEX attempt_to_ask" in watched.index_of(words)
    opened = watched.index_of("LEFT JOIN receipt r")
    assert "INDEX message_of_batch" in opened
    assert "INDEX receipt_of_attempt" in opened
