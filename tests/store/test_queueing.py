"""Mail that is no reminder goes once for its occasion."""

from typing import Any

from reminder.domain.states import Channel, MessageKind
from reminder.store.database import Connection
from reminder.store.queueing import (
    USEFUL,
    Addressee,
    at_once,
    organisers,
    queue,
    queue_to_organisers,
)
from reminder.store.tables import Organiser
from tests.outbox.world import MORNING, World


def put(world: World, *names: str, dedupe: str = "closing:1", channel: Channel = Channel.EMAIL, **more: Any) -> int:
    to = [Addressee(world.people[name], channel, "en", 1) for name in names]
    kind = MessageKind.CLOSING

    def work(connection: Connection) -> int:
        return queue(connection, kind, to, dedupe=dedupe, when=at_once(kind, MORNING), now=MORNING, **more)

    return world.database.write(work)


def test_the_same_occasion_asked_again_queues_only_who_is_new(world: World) -> None:
    world.scene("Clara", "Davi", "Ellen")
    assert put(world, "Clara", "Davi") == 2
    assert put(world, "Clara", "Davi") == 0
    assert put(world, "Davi", "Ellen") == 1
    assert put(world, "Clara", dedupe="closing:2") == 1
    assert world.one("SELECT count(*) FROM message") == 4


def test_each_channel_has_its_own_message_of_an_occasion(world: World) -> None:
    world.person("Clara", sms=True)
    world.scene()
    assert put(world, "Clara") + put(world, "Clara", channel=Channel.SMS) == 2


def test_what_is_queued_neither_takes_the_day_nor_counts_for_the_week(world: World) -> None:
    world.person("Clara", cadence_n=1)
    world.scene()
    put(world, "Clara")
    assert world.open(MORNING).messages == 1


def test_an_empty_office_gets_nothing_and_everybody_of_a_full_one_does(world: World) -> None:
    def alert(connection: Connection) -> int:
        return queue_to_organisers(connection, MessageKind.ALERT, {"reason": "x"}, "trouble:open:1", MORNING)

    assert world.database.write(alert) == 0
    for number in range(2):
        world.add(Organiser, email_ct=b"-", email_hash=b"%d" % number, since=MORNING, locale=["en", "fr"][number])
    assert world.database.write(alert) == 2
    assert world.database.write(alert) == 0
    with world.database.read() as connection:
        assert [each.locale for each in organisers(connection)] == ["en", "fr"]


def test_every_kind_but_the_reminder_says_how_long_it_is_of_use() -> None:
    assert set(USEFUL) == set(MessageKind) - {MessageKind.NUDGE}
