"""Checks of the database, the clock, the heartbeat and the texts."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminder.ops.doctor.finding import Examined, Finding, Level
from reminder.ops.status import LATE_HEARTBEAT, RIGHT
from reminder.rendering.trial import try_all
from reminder.store import schema, waves
from reminder.store.instance import database_clock, read_instance
from reminder.store.status import standing
from reminder.store.tables import Instance

TOLERANCE_SECONDS = 60


def database(examined: Examined) -> Iterator[Finding]:
    """It answers, its schema is that of this release, and it was made with these keys."""
    schema.require_current(examined.installed.database)
    _instance(examined)
    yield from ()


def _instance(examined: Examined) -> Instance:
    with examined.installed.database.read() as connection:
        return read_instance(connection, examined.installed.vault.fingerprint())


def recovery_sheet(examined: Examined) -> Iterator[Finding]:
    """Somebody has the keys outside of this machine."""
    if _instance(examined).key_confirmed_at is None:
        reason = (
            "Nobody has said that the recovery sheet lies in a safe place: with this machine the addresses are lost."
        )
        remedy = "`reminder init` shows it; print it, then run `reminder key confirm`."
        yield Finding("recovery-sheet", Level.WARNING, reason, remedy)


def organisers(examined: Examined) -> Iterator[Finding]:
    """Somebody gets reports and alerts."""
    with examined.installed.database.read() as connection:
        number = standing(connection, examined.now).organisers
    if not number:
        reason = "Nobody gets reports and alerts."
        yield Finding("organisers", Level.WARNING, reason, "Add somebody with `reminder init --organiser NAME`.")


def clock(examined: Examined) -> Iterator[Finding]:
    """It agrees with the database server's, and has not gone back behind the last heartbeat."""
    last, now = _instance(examined).heartbeat_at, examined.now
    with examined.installed.database.read() as connection:
        second = database_clock(connection)
    remedy = "Let this machine set its clock by NTP (`timedatectl`)."
    apart = 0.0 if second is None else (now - second).total_seconds()
    if abs(apart) > TOLERANCE_SECONDS:
        word = "ahead of" if apart > 0 else "behind"
        reason = f"The clock of this machine is {abs(apart):,.0f} s {word} that of the database server."
        yield Finding("clock", Level.FAULT, reason, remedy)
    if last is not None and (last - now).total_seconds() > TOLERANCE_SECONDS:
        reason = f"The clock went back: the last heartbeat was at {last:%Y-%m-%d %H:%M} UTC."
        yield Finding("clock", Level.FAULT, reason, remedy)


def heartbeat(examined: Examined) -> Iterator[Finding]:
    """The service runs, and believes its clock."""
    instance = _instance(examined)
    last = instance.heartbeat_at
    if last is None:
        yield Finding("heartbeat", Level.WARNING, "The service has never run.", "Start it with `reminder run`.")
    elif examined.now - last > LATE_HEARTBEAT:
        reason = f"The service does not seem to run: its last heartbeat was at {last:%Y-%m-%d %H:%M} UTC."
        yield Finding("heartbeat", Level.FAULT, reason, "Start it with `reminder run`, and look at its log.")
    if instance.waits_because:
        reason = f"Nothing is sent: {instance.waits_because}."
        yield Finding("heartbeat", Level.FAULT, reason, f"Look at it; if the clock is right, {RIGHT}.")


def zone_data(examined: Examined) -> Iterator[Finding]:
    """This machine knows the time zone of every reader."""
    with examined.installed.database.read() as connection:
        zones = {habits.zone for habits in waves.rhythms(connection).values() if habits.zone}
    unknown = sorted(zone for zone in zones if not _is_known(zone))
    if unknown:
        reason = f"This machine does not know the time zone {', '.join(unknown)}, in which readers live."
        yield Finding("zone-data", Level.FAULT, reason, "Update the package tzdata of the system or of Python.")


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def post_days(examined: Examined) -> Iterator[Finding]:
    """The table of post days can be read."""
    examined.installed.post_days  # noqa: B018 - reading it raises what is wrong
    yield from ()


def templates(examined: Examined) -> Iterator[Finding]:
    """Every message can be made."""
    remedy = "Mend the file in TEMPLATE_FOLDER, or take it away so that ours is used."
    for wrong in try_all(examined.installed.renderer):
        yield Finding("templates", Level.FAULT, wrong, remedy)
