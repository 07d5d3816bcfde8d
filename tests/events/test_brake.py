"""A provider whose messages come back is stopped for all campaigns, and the office is told once."""

import pytest

from reminder.domain.brake import Brake
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.events.brake import brake_providers, resume, within
from reminder.providers.contract import Capabilities
from reminder.providers.registry import provider_class
from reminder.store import brake
from tests.events.conftest import Ear
from tests.fakes.scripted import Scripted
from tests.outbox.world import MINUTE, MORNING, ONE_DAY, address

IN_USE = {name: Scripted(name=name) for name in ("talking", "other")}


def came_back(ear: Ear, *, complained: int, accepted: int = 1_000) -> None:
    ear.world.database.write(
        lambda connection: brake.count(connection, "talking", MORNING, accepted=accepted, complained=complained)
    )


def look(ear: Ear, minutes: int = 0) -> list[str]:
    return brake_providers(ear.world.database, IN_USE, Brake(), MORNING + minutes * MINUTE)


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
    assert brake_providers(ear.world.database, IN_USE, Brake(), MORNING + 2 * ONE_DAY) == []
    assert brake_providers(ear.world.database, IN_USE, Brake(), MORNING + ONE_DAY) == ["talking"]


def test_a_few_among_many_are_no_reason(ear: Ear) -> None:
    came_back(ear, complained=3, accepted=10_000)
    assert look(ear) == []


def told(ear: Ear) -> str:
    """What the office is told."""
    rows = ear.world.rows("SELECT payload FROM content WHERE kind = :kind", kind=int(MessageKind.ALERT))
    return str(rows[0][0]) if rows else ""


def test_the_office_is_told_where_nobody_else_carries_that_channel(ear: Ear) -> None:
    ear.world.run("INSERT INTO organiser (email_ct, email_hash, locale, since) VALUES (:ct, :ct, 'en', 0)", ct=b"x")
    came_back(ear, complained=3)
    brake_providers(ear.world.database, {"talking": IN_USE["talking"]}, Brake(), MORNING)
    assert "It is the only provider of email: reminders by email wait for you." in told(ear)


def test_the_lower_of_the_setting_and_the_providers_wall_counts(ear: Ear) -> None:
    lax = Brake(complaints=50, bounces=50)
    strict = Scripted(name="talking", capabilities=Capabilities(complaints_wall=0.2, bounces_wall=5))
    assert within(strict, lax) == Brake(0.2, 5)
    assert within(strict, Brake(0.01, 1)) == Brake(0.01, 1)
    came_back(ear, complained=3)
    assert brake_providers(ear.world.database, {"talking": strict}, lax, MORNING) == ["talking"]


def test_email_has_the_wall_of_the_mailboxes_and_texts_have_none() -> None:
    lax = Brake(complaints=50, bounces=50)
    assert within(Scripted(), lax) == Brake(0.3, 50)
    assert within(Scripted(channel=Channel.SMS), lax) == lax


@pytest.mark.parametrize(
    ("name", "complaints", "bounces"), [("ses", 0.1, 5), ("resend", 0.08, 4), ("mailjet", 0.08, 8), ("smtp", 100, 100)]
)
def test_the_walls_that_are_known(name: str, complaints: float, bounces: float) -> None:
    able = provider_class(name).capabilities
    assert (able.complaints_wall, able.bounces_wall) == (complaints, bounces)
