"""What goes on later keeps the hours of the night where its reader lives, and the margin before the end."""

from datetime import UTC, datetime, timedelta

from reminder.domain.states import MessageKind
from reminder.outbox.notes import queue_closing, queue_stop_note
from reminder.outbox.opening import open_due
from reminder.outbox.upkeep import tidy
from reminder.store.columns import instant
from tests.fakes.scripted import Scripted
from tests.outbox.world import DAY, DEADLINE, EVENING, HOUR, ONE_DAY, World, no_zones

# Six hours ahead of UTC: nine o'clock there, nine in the evening, and eight on the next morning.
IN_ALMATY, EVENING_THERE = (datetime(2020, 12, 22, hour, tzinfo=UTC) for hour in (3, 15))
MORNING_THERE = datetime(2020, 12, 23, 2, tzinfo=UTC)


def world_of_almaty(world: World) -> World:
    """A campaign of Almaty, and a reader of whom no zone is known."""
    world.clock.move_to(IN_ALMATY)
    world.person("Clara", zone="")
    world.campaign(zone="Asia/Almaty")
    world.wave(
        rhythm_id=world.rhythm(""),
        due_at=IN_ALMATY,
        open_until=EVENING_THERE,
        not_after=datetime(2020, 12, 29, 18, tzinfo=UTC),
    )
    world.open(IN_ALMATY)
    return world


def hours(world: World, kind: MessageKind = MessageKind.NUDGE) -> tuple[datetime, datetime]:
    """From when until when the only message of a kind may go."""
    sql = "SELECT b.send_at, b.open_until FROM batch b JOIN message m ON m.batch_id = b.id WHERE m.kind = :kind"
    [row] = world.rows(sql, kind=int(kind))
    return instant(row.send_at), instant(row.open_until)


def test_who_has_no_zone_sleeps_where_the_campaign_is(world: World) -> None:
    assert world_of_almaty(world).tidy(EVENING_THERE).put_off == 1
    assert hours(world) == (MORNING_THERE, EVENING_THERE + ONE_DAY)


def test_notes_come_in_the_morning_of_the_campaigns_zone(world: World) -> None:
    world_of_almaty(world).send(Scripted())
    world.set_person("Clara", closing_note=True)
    night, more = EVENING_THERE + HOUR, {"zones_of": no_zones, "email_margin": HOUR}
    assert queue_stop_note(world.database, world.campaigns["A"], night, **more) == 1
    assert hours(world, MessageKind.NOTE)[0] == MORNING_THERE
    assert queue_closing(world.database, world.campaigns["A"], night, outcome=False, **more) == 1
    assert hours(world, MessageKind.CLOSING)[0] == MORNING_THERE


LAST_MORNING = datetime(2020, 12, 29, 8, tzinfo=UTC)
HALF_A_DAY = timedelta(hours=12)


def test_what_is_put_off_to_the_last_day_keeps_the_margin_of_mail(world: World) -> None:
    world.person("Clara")
    world.campaign()
    world.wave(on=DEADLINE - ONE_DAY)
    night = EVENING + 6 * ONE_DAY
    world.open(night - HOUR)
    world.clock.move_to(night)
    assert tidy(world.database, night, zones_of=no_zones, email_margin=HALF_A_DAY).put_off == 1
    assert hours(world) == (LAST_MORNING, LAST_MORNING.replace(hour=12))


def test_what_waits_for_the_last_day_keeps_the_margin_of_mail(world: World) -> None:
    world.person("Clara")
    for letter, hour in (("A", 9), ("B", 10)):
        world.campaign(letter)
        world.wave(letter, on=DAY, hour=hour, until=DAY + ONE_DAY)
        now = EVENING.replace(hour=hour)
        world.clock.move_to(now)
        open_due(world.database, now, chunk=10, zones_of=no_zones, email_margin=HALF_A_DAY)
        world.send(Scripted())
    assert world.ledger() == ["A deadline-7d email Clara: carried"]
    [put_off] = world.rows("SELECT open_until FROM wave WHERE campaign_id = :id", id=world.campaigns["B"])
    assert instant(put_off.open_until) == EVENING.replace(hour=12) + ONE_DAY
