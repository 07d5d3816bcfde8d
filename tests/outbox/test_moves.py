"""Every move of a row is in the table of allowed moves, and the table allows none that nobody makes."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from reminder.domain.states import CampaignState, Channel, Fault, Verdict
from reminder.outbox.settling import decide
from reminder.providers.contract import Capabilities
from reminder.store import handover, opening
from reminder.store.columns import ordinal
from reminder.store.database import Database
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, YES, Answer, Scripted, by_address, in_turn
from tests.outbox.moves import forbid_other_moves, moves_known, moves_made, note_moves
from tests.outbox.world import DAY, EVENING, HOUR, LONDON, MINUTE, MORNING, ONE_DAY, World, address

BAD_ADDRESS = Answer(Verdict.REJECTED, Fault.ADDRESS)
BAD_CONTENT = Answer(Verdict.REJECTED, Fault.CONTENT)
# Made by other parts of the program: planning decides on what is late, an organiser on what was set aside.
ELSEWHERE = {
    "wave": {
        ("PLANNED", "SUPERSEDED"),
        ("PLANNED", "MISSED"),
        ("PLANNED", "WAITING"),
        ("OPENING", "MISSED"),
        ("MISSED", "PLANNED"),
        ("WITHDRAWN", "PLANNED"),
        ("WAITING", "PLANNED"),
        ("WAITING", "MISSED"),
        ("WAITING", "WITHDRAWN"),
    },
    "delivery": {("SET_ASIDE", "DUE"), ("SET_ASIDE", "SKIPPED"), ("SET_ASIDE", "MISSED")},
}


def live_through_everything(world: World) -> None:
    """Two days in which everything happens that may happen to a message."""
    told = {
        "Reader1": [YES],
        "Reader2": [BAD_ADDRESS],
        "Reader3": [BAD_CONTENT],
        "Reader4": [LATER, LATER, YES],
        "Reader5": [LATER, BAD_CONTENT],
        "Reader6": [LATER, LOST, YES],
        "Reader7": [NEVER_ARRIVED, YES],
        "Reader8": [LOST],
        "Reader10": [LOST],
        "Reader9": [LATER, Answer(Verdict.RETRY, retry_after=10**7)],
    }
    world.neighbours(12)
    world.scene().open(MORNING, chunk=5)
    world.closes("Reader11")
    provider = Scripted(answer=by_address({address(name): answers for name, answers in told.items()}))
    for minutes in (0, 1, 6, 21):
        world.clock.move_to(MORNING + minutes * MINUTE)
        world.send(provider)
    decide(world.database, world.message_of("Reader10").id, "give-up", world.clock.now())
    provider.capabilities = Capabilities(batch_size=500, look_up=True, real=False)
    world.settle(provider)
    world.send(provider)


def fall_silent_in_the_middle(world: World) -> None:
    """A sender that only claimed, one that is told to end, one whose batch cannot be built, one whose hours end."""
    world.rhythm("Asia/Tokyo")
    for letter in "BCDE":
        world.person(f"Silent{letter}", scopes=(f"list:{letter}",))
        world.campaign(letter, audience=[f"list:{letter}"])
        world.wave(letter, on=DAY + ONE_DAY)
    world.person("SilentF", scopes=("list:D",))
    world.wave("D", "nobody", on=DAY + ONE_DAY, zones=["Asia/Tokyo"])
    tomorrow = MORNING + ONE_DAY
    world.open(tomorrow)
    for _ in range(2):
        claimed = world.database.write(lambda c: handover.claim(c, Channel.EMAIL, "dead", tomorrow))
        assert claimed is not None
        world.stop(world.letters()[claimed.items[0][0]])
        world.tidy()
    claimed = world.database.write(lambda c: handover.claim(c, Channel.EMAIL, "dead", tomorrow))
    assert claimed is not None
    world.tidy(nobody_else=True)
    one_by_one = Capabilities(batch_size=1, real=False)
    sender = world.sender(Scripted(capabilities=one_by_one, before=lambda call: setattr(sender, "stopping", True)))
    asyncio.run(sender.one_batch(Channel.EMAIL, "stopped"))
    world.run("UPDATE document SET read = :broken WHERE case_id = :case", broken='{"targets": 7}', case=5)
    silent = Scripted(answer=in_turn(LATER, NEVER_ARRIVED), capabilities=one_by_one)
    world.send(silent)
    world.stop(world.letters()[claimed.items[0][0]], CampaignState.PAUSED)
    world.tidy(EVENING + ONE_DAY)


def open_half(world: World) -> None:
    """One sending that goes on tomorrow, one that is stopped half-way, and one that comes to life again."""
    day, morning = DAY + 4 * ONE_DAY, MORNING + 4 * ONE_DAY
    world.scene("Clara", "Davi", letters="")
    world.wave("A", "other", on=day + ONE_DAY)
    world.stop("A")
    world.campaign("F")
    world.wave("F", on=day)
    world.open(morning)
    world.stop("F", CampaignState.PAUSED)
    world.tidy()
    world.set_campaign("F", state=CampaignState.LIVE)
    world.set_person("Davi", cadence_n=0)
    world.run("UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0 WHERE campaign_id = :id", id=6)
    world.open(morning + HOUR)
    world.campaign("G")
    world.wave("G", on=day, hour=12)
    world.open(morning + 3 * HOUR)
    world.campaign("H")
    world.wave("H", on=day, hour=15)
    with world.database.read() as connection:
        sendings = opening.sendings_of(connection, world.rhythm(LONDON), ordinal(day))
    world.database.write(lambda c: opening.open_chunk(c, sendings, size=1, now=morning + 6 * HOUR, tomorrow={}))
    world.stop("H")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    """A database in which everything happened."""
    path = tmp_path_factory.mktemp("moves") / "reminder.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    forbid_other_moves(database)
    note_moves(database)
    world = World(database)
    live_through_everything(world)
    fall_silent_in_the_middle(world)
    open_half(world)
    yield database
    database.close()


@pytest.mark.parametrize("table", ["message", "batch", "attempt", "delivery", "wave"])
def test_what_the_outbox_moves_is_what_the_table_allows_and_nothing_less(lived: Database, table: str) -> None:
    assert moves_made(lived, table) - moves_known(table) == set()
    assert moves_known(table) - moves_made(lived, table) == ELSEWHERE.get(table, set())


def test_a_move_that_the_table_does_not_know_is_refused(sqlite_world: World) -> None:
    sqlite_world.scene("Clara").open(MORNING)
    sqlite_world.run("UPDATE message SET state = 2")
    with pytest.raises(IntegrityError, match="no such move of a message"):
        sqlite_world.run("UPDATE message SET state = 1")
    with sqlite_world.database.read() as connection:
        assert connection.execute(text("SELECT state FROM message")).scalar_one() == 2
