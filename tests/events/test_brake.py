"""A provider whose messages come back is stopped for all campaigns, and the office is told once."""

import pytest

from reminder.domain.brake import Brake
from reminder.domain.states import MessageKind
from reminder.errors import Trouble
from reminder.events.brake import brake_providers, resume
from reminder.store import brake
from tests.events.conftest import Ear
from tests.fakes.scripted import Scripted
from tests.outbox.world import MINUTE, MORNING, ONE_DAY, address


def came_back(ear: Ear, *, complained: int, accepted: int = 1_000) -> None:
    ear.world.database.write(
        lambda connection: brake.count(connection, "talking", MORNING, accepted=accepted, complained=complained)
    )


def look(ear: Ear, minutes: int = 0) -> list[str]:
    return brake_providers(ear.world.database, ["talking", "other"], Brake(), MORNING + minutes * MINUTE)


def test_too_many_complaints_stop_the_provider_and_the_next_in_line_takes_over(ear: Ear) -> None:
    ear.world.scene("Clara").open(MORNING)
    came_back(ear, complained=3)
    assert look(ear) == ["talking"]
    other = Scripted(name="other")
    ear.world.send(ear.provider, other)
    assert (ear.provider.addresses(), other.addresses()) == ([], [address("Clara")])


def test_where_there_is_no_other_everything_waits_until_an_organiser_says_so(ear: Ear) -> None:
    ear.world.scene("Clara").open(MORNING)
    came_back(ear, complained=3)
    look(ear)
    assert ear.world.send(ear.provider).accepted == 0
    resume(ear.world.database, "talking")
    assert look(ear, minutes=5) == [], "what was looked at is forgiven"
    ear.world.clock.move_to(MORNING + 6 * MINUTE)
    assert ear.world.send(ear.provider).accepted == 1
    with pytest.raises(Trouble, match="was not stopped"):
        resume(ear.world.database, "talking")


def test_the_office_is_told_once(ear: Ear) -> None:
    ear.world.run("INSERT INTO organiser (email_ct, email_hash, locale, since) VALUES (:ct, :ct, 'en', 0)", ct=b"x")
    came_back(ear, complained=3)
    assert [look(ear, minutes) for minutes in (0, 1, 2)] == [["talking"], [], []]
    rows = ear.world.rows("SELECT count(*) FROM message WHERE kind = :kind", kind=int(MessageKind.ALERT))
    assert rows[0][0] == 1


def test_yesterdays_complaints_count_and_those_before_do_not(ear: Ear) -> None:
    came_back(ear, complained=3)
    assert brake_providers(ear.world.database, ["talking"], Brake(), MORNING + 2 * ONE_DAY) == []
    assert brake_providers(ear.world.database, ["talking"], Brake(), MORNING + ONE_DAY) == ["talking"]


def test_a_few_among_many_are_no_reason(ear: Ear) -> None:
    came_back(ear, complained=3, accepted=10_000)
    assert look(ear) == []
