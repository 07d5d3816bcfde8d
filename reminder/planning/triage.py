"""What becomes of sendings whose time has come, before anything is opened; and campaigns whose time is over.

In a heartbeat the order is: plan, triage, expire, and only then open what is due. Each does nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from reminder.domain.late import CATCH_UP, fates
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import Channel, WaveState
from reminder.domain.waves import EMAIL_MARGIN, PlannedWave, next_window
from reminder.planning.waves import CountryZones, reader_of
from reminder.store import campaigns, waves
from reminder.store.campaigns import Connection
from reminder.store.database import Database
from reminder.store.waves import Due

# The writer of SQLite is nobody's for longer than a blink.
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class TriageResult:
    """Sendings that were missed, gave way to a newer one, wait for the morning or for an organiser, or were taken back."""

    missed: int = 0
    superseded: int = 0
    put_off: int = 0
    waiting: int = 0
    withdrawn: int = 0


def triage(
    database: Database,
    now: datetime,
    *,
    country_zones: CountryZones,
    catch_up: timedelta = CATCH_UP,
    email_margin: timedelta = EMAIL_MARGIN,
    texts: SmsRules = EVERYWHERE,
) -> TriageResult:
    """Decide on sendings that are due, before they are opened.

    More than `catch_up` late: missed. Of several steps of one campaign and rhythm the newest goes. Past its hours of
    today: put off to the next morning, or missed if there is none before its end. Above the campaign's limit: waits for
    an organiser. Of a campaign that may not send: taken back. Touches nothing when nothing is due.
    """
    with database.read() as connection:
        due = waves.due_waves(connection, now)
        if not due:
            return TriageResult()
        rhythms = waves.rhythms(connection)
        fate = _fates(due, now, catch_up)
        later: dict[int, PlannedWave] = {}
        for one in due:
            if fate.get(one.wave.wave_id) is WaveState.PLANNED and one.wave.open_until <= now:
                habits, rules = rhythms[one.wave.rhythm_id], EVERYWHERE if one.sending.refused else texts
                who = reader_of(habits, one.channel, one.sending.zone, country_zones, email_margin, rules)
                window = next_window(who, now, one.wave.not_after) if who else None
                if window is None:
                    fate[one.wave.wave_id] = WaveState.MISSED
                else:
                    later[one.wave.wave_id] = window
        fate |= _above_limit(connection, due, fate)
        settled = _counted(connection, due, fate)
    for part in waves.in_chunks(later, ROWS_AT_ONCE):
        database.write(partial(waves.put_off, later=part))
    for part in waves.in_chunks(settled, ROWS_AT_ONCE):
        database.write(partial(waves.settle_waves, fates=part, was=WaveState.PLANNED))
    count = [state for state, _ in settled.values()].count
    return TriageResult(
        missed=count(WaveState.MISSED),
        superseded=count(WaveState.SUPERSEDED),
        put_off=len(later),
        waiting=count(WaveState.WAITING),
        withdrawn=count(WaveState.WITHDRAWN),
    )


def _fates(due: Sequence[Due], now: datetime, catch_up: timedelta) -> dict[int, WaveState]:
    """What becomes of those that are due; who only shares the day with one of them is not judged yet."""
    come = [one for one in due if one.wave.due_at <= now]
    stays = {one.wave.wave_id: WaveState.WITHDRAWN for one in come if not one.goes and now < one.wave.not_after}
    going = [one for one in come if one.wave.wave_id not in stays]
    fate = fates([one.wave for one in going if not one.sending.refused], now, catch_up)
    for one in going:
        # Nothing of it goes, so it takes the place of nothing.
        fate |= fates([one.wave], now, catch_up) if one.sending.refused else {}
    return fate | stays


def _above_limit(connection: Connection, due: Sequence[Due], fate: Mapping[int, WaveState]) -> dict[int, WaveState]:
    """Sendings of steps that reach more people by their channel, over all rhythms, than their campaign's limit."""
    people: dict[tuple[int, str, object, Channel], int] = {}
    counted = waves.People(connection)
    waiting = {}
    for one in due:
        goes = one.sending_limit and not one.sending.refused
        if not goes or fate.get(one.wave.wave_id, WaveState.PLANNED) is not WaveState.PLANNED:
            continue
        key = (one.wave.campaign_id, *one.wave.step, one.channel)
        if key not in people:
            people[key] = counted.of_step(one.sending)
        if people[key] > one.sending_limit:
            waiting[one.wave.wave_id] = WaveState.WAITING
    return waiting


def _counted(
    connection: Connection, due: Sequence[Due], fate: Mapping[int, WaveState]
) -> dict[int, tuple[WaveState, int]]:
    """The fates that change something, each with the number of people whom it concerns."""
    people = waves.People(connection)
    return {
        one.wave.wave_id: (
            fate[one.wave.wave_id],
            0 if fate[one.wave.wave_id] is WaveState.WITHDRAWN else people.of_sending(one.sending),
        )
        for one in due
        if fate.get(one.wave.wave_id, WaveState.PLANNED) is not WaveState.PLANNED
    }


def expire_due(database: Database, now: datetime) -> list[int]:
    """Expire campaigns whose deadline's day has ended for the last reader on earth; returns their ids.

    Until then a campaign stays live, whatever its own zone: the day goes on in Los Angeles when it is over in Auckland.
    What still waited for an organiser is missed, with its count. The final report is due at once.
    """
    with database.read() as connection:
        ended = campaigns.to_expire(connection, now)
        if not ended:
            return []
        people = waves.People(connection)
        waiting = {
            one.wave.wave_id: (WaveState.MISSED, people.of_sending(one.sending))
            for one in waves.waiting_waves(connection, ended)
        }

    def work(connection: Connection) -> list[int]:
        waves.settle_waves(connection, waiting, WaveState.WAITING)
        return campaigns.expire(connection, now)

    return database.write(work)
