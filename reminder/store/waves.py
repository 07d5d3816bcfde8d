"""Waves: one step for one rhythm by one channel. Planned in bulk, moved and withdrawn by guarded updates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, text

from reminder.domain.late import DueWave
from reminder.domain.states import CampaignState, Channel, Reason, WaveState
from reminder.domain.waves import Habits, Hours, PlannedWave
from reminder.store.columns import day, instant, json_value, ordinal, seconds
from reminder.store.eligible import Facts, Sending, binds, conditions, facts, scopes_of
from reminder.store.tables import Campaign, Rhythm, Wave

_CAMPAIGN = Campaign.metadata.tables["campaign"]
_RHYTHM = Rhythm.metadata.tables["rhythm"]
_WAVE = Wave.metadata.tables["wave"]
# What makes a wave the same wave: (step key, anchor day, rhythm id, channel).
WaveKey = tuple[str, date, int, Channel]
# Above every id that a database hands out.
_NO_END = 1 << 62


@dataclass(frozen=True, slots=True)
class Desired:
    """A sending as the plan wants it. `refused`: nothing goes, and its people are told of by this reason."""

    wave: PlannedWave
    last_useful: bool
    unless_channel: int
    refused: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class Existing:
    """A sending as it stands in the database."""

    wave_id: int
    state: WaveState
    desired: Desired


@dataclass(frozen=True, slots=True)
class Due:
    """A planned sending that is due, or shares rhythm and day with one that is; and what its campaign says of it."""

    wave: DueWave
    channel: Channel
    goes: bool
    sending_limit: int
    sending: Sending


def campaigns_to_plan(connection: Connection, now: datetime) -> list[Campaign]:
    """Live campaigns whose plan must be looked at now, by the index on that instant."""
    wanted = (
        select(_CAMPAIGN).where(text("state = 3"), _CAMPAIGN.c.plan_again_at <= now).order_by(_CAMPAIGN.c.plan_again_at)
    )
    return [Campaign(**row) for row in connection.execute(wanted).mappings()]


def rhythms(connection: Connection) -> dict[int, Habits]:
    """Every rhythm by id."""
    return {
        row.id: Habits(
            row.zone,
            row.sms_country,
            Hours(row.email_hour, row.email_quiet_from, row.email_quiet_to),
            Hours(row.sms_hour, row.sms_quiet_from, row.sms_quiet_to),
        )
        for row in connection.execute(select(_RHYTHM).order_by(_RHYTHM.c.id))
    }


def waves_of(connection: Connection, campaign_id: int) -> dict[WaveKey, Existing]:
    """Every sending that was ever planned for a campaign."""
    rows = connection.execute(select(_WAVE).where(_WAVE.c.campaign_id == campaign_id))
    return {
        (row.step_key, row.anchor_on, row.rhythm_id, row.channel): Existing(
            row.id,
            row.state,
            Desired(
                PlannedWave(row.local_on, row.due_at, row.open_until, row.not_after),
                row.last_useful,
                row.unless_channel,
                row.refused,
            ),
        )
        for row in rows
    }


def planned_by(connection: Connection) -> str:
    """The digest of the rules for texts by which sendings were planned last."""
    return str(connection.execute(text("SELECT sms_rules FROM instance WHERE id = 1")).scalar() or "")


def plan_all_by(connection: Connection, digest: str) -> None:
    """Let every live campaign be planned anew, by the rules for texts of this digest."""
    noted = text("UPDATE instance SET sms_rules = :digest WHERE id = 1 AND sms_rules <> :digest")
    if connection.execute(noted, {"digest": digest}).rowcount:
        connection.execute(text("UPDATE campaign SET plan_again_at = 0 WHERE state = 3"))


def keep_look(
    connection: Connection,
    campaign: Campaign,
    *,
    plan_again_at: datetime | None,
    planned_until: datetime,
    newest_rhythm: int,
) -> bool:
    """Note that a campaign was planned; False if it changed since it was read: then nothing of the plan may be written.

    A rhythm that was made meanwhile is planned at the next heartbeat.
    """
    assert campaign.live_since is not None, "only live campaigns are planned"
    looked = connection.execute(
        text(
            "UPDATE campaign SET plan_again_at = :again, planned_until = :until WHERE id = :campaign AND state = :live"
            " AND version = :version AND approved_version = :approved AND question = :question AND live_since = :since"
        ),
        {
            "again": None if plan_again_at is None else seconds(plan_again_at),
            "until": seconds(planned_until),
            "campaign": campaign.id,
            "live": int(CampaignState.LIVE),
            "version": campaign.version,
            "approved": campaign.approved_version,
            "question": campaign.question,
            "since": seconds(campaign.live_since),
        },
    )
    if looked.rowcount != 1:
        return False
    # A statement of its own: on PostgreSQL it sees what was committed while the one above waited for its row.
    connection.execute(
        text(
            "UPDATE campaign SET plan_again_at = 0 WHERE id = :campaign"
            " AND EXISTS (SELECT 1 FROM rhythm WHERE id > :newest)"
        ),
        {"campaign": campaign.id, "newest": newest_rhythm},
    )
    return True


def add_waves(connection: Connection, campaign_id: int, new: Mapping[WaveKey, Desired]) -> int:
    """Plan what is new, in one bulk statement; what another planner wrote meanwhile stays. Returns how many."""
    if not new:
        return 0
    rows = [{"campaign": campaign_id, **_key(key), **_values(desired)} for key, desired in new.items()]
    return connection.execute(
        text(
            "INSERT INTO wave (campaign_id, step_key, anchor_on, rhythm_id, channel, local_on, due_at, open_until, not_after,"
            " last_useful, unless_channel, refused, state, chunk_locale, chunk_end, n_opened, n_skipped, n_people)"
            " VALUES (:campaign, :step_key, :anchor_on, :rhythm_id, :channel, :local_on, :due_at, :open_until, :not_after,"
            " :last_useful, :unless_channel, :refused, 1, '', 0, 0, 0, 0) ON CONFLICT DO NOTHING"
        ),
        rows,
    ).rowcount


def move_waves(connection: Connection, moved: Mapping[int, tuple[WaveState, Desired]]) -> int:
    """Give planned or withdrawn sendings other times; `moved` by id holds the state each must still have."""
    if not moved:
        return 0
    rows = [{"id": wave_id, "was": int(was), **_values(desired)} for wave_id, (was, desired) in moved.items()]
    return connection.execute(
        text(
            "UPDATE wave SET state = 1, local_on = :local_on, due_at = :due_at, open_until = :open_until,"
            " not_after = :not_after, last_useful = :last_useful, unless_channel = :unless_channel, refused = :refused,"
            " chunk_locale = '', chunk_end = 0, n_people = 0 WHERE id = :id AND state = :was"
        ),
        rows,
    ).rowcount


def settle_waves(connection: Connection, fates: Mapping[int, tuple[WaveState, int]], was: WaveState) -> int:
    """Move sendings from `was` to their state and note how many people they leave out. Returns how many moved."""
    if not fates:
        return 0
    rows = [{"id": wave_id, "was": int(was), "state": int(state), "people": n} for wave_id, (state, n) in fates.items()]
    return connection.execute(
        text("UPDATE wave SET state = :state, n_people = :people WHERE id = :id AND state = :was"), rows
    ).rowcount


def put_off(connection: Connection, later: Mapping[int, PlannedWave]) -> int:
    """Let planned sendings wait for other hours. Who joins until then is not meant: `opened_at` keeps the first instant."""
    if not later:
        return 0
    rows = [
        {
            "id": wave_id,
            "local_on": ordinal(wave.local_on),
            "due_at": seconds(wave.due_at),
            "open_until": seconds(wave.open_until),
        }
        for wave_id, wave in later.items()
    ]
    return connection.execute(
        text(
            "UPDATE wave SET local_on = :local_on, opened_at = coalesce(opened_at, due_at), due_at = :due_at,"
            " open_until = :open_until WHERE id = :id AND state = 1"
        ),
        rows,
    ).rowcount


_OF_CAMPAIGN = (
    "SELECT w.*, c.case_id, c.round, c.audience, c.named, c.zone, c.sending_limit, c.state AS campaign_state, c.question,"
    " c.version, c.approved_version, f.country, f.topics, s.over_limit FROM {waves} JOIN campaign c ON c.id = w.campaign_id"
    " JOIN casefile f ON f.id = c.case_id LEFT JOIN step s ON s.campaign_id = w.campaign_id AND s.step_key = w.step_key"
    " AND s.anchor_on = w.anchor_on"
)


def due_waves(connection: Connection, now: datetime) -> list[Due]:
    """Planned sendings that are due, and those that would be opened along with them: same rhythm, same local day."""
    # The first states are written as the partial index has them, and the plus keeps SQLite from walking through all waves
    # in the order of rhythm and day.
    waves = (
        "(SELECT DISTINCT +rhythm_id AS rhythm_id, +local_on AS local_on FROM wave WHERE state IN (1, 2) AND due_at <= :now AND state = 1) d"
        " JOIN wave w ON w.rhythm_id = d.rhythm_id AND w.local_on = d.local_on AND w.state = 1"
    )
    return list(_due(connection, waves, {"now": seconds(now)}))


def waiting_waves(connection: Connection, campaign_ids: Sequence[int]) -> Iterator[Due]:
    """What of these campaigns still waits for an organiser."""
    for campaign_id in campaign_ids:
        waves = "(SELECT * FROM wave WHERE campaign_id = :campaign AND state = 7) w"
        yield from _due(connection, waves, {"campaign": campaign_id})


def _due(connection: Connection, waves: str, bound: dict[str, Any]) -> Iterator[Due]:
    for row in connection.execute(text(_OF_CAMPAIGN.format(waves=waves)), bound).mappings():
        goes = (
            row["campaign_state"] == CampaignState.LIVE
            and not row["question"]
            and row["version"] == row["approved_version"]
            and row["over_limit"] is not None
        )
        sending = _sending(row)
        wave = DueWave(
            sending.wave_id,
            sending.campaign_id,
            sending.rhythm_id,
            sending.step_key,
            sending.anchor_on,
            sending.local_on,
            sending.due_at,
            sending.open_until,
            sending.not_after,
            sending.last_useful,
        )
        limit = 0 if row["over_limit"] else row["sending_limit"]
        yield Due(wave, sending.channel, goes, limit, sending)


def _sending(row: Mapping[Any, Any]) -> Sending:
    case = {"id": row["case_id"], "country": row["country"], "topics": json_value(row["topics"])}
    return Sending(
        wave_id=row["id"],
        campaign_id=row["campaign_id"],
        case_id=row["case_id"],
        country=row["country"],
        round=row["round"],
        scopes=scopes_of(json_value(row["audience"]), case),
        zone=row["zone"],
        named=bool(row["named"]),
        step_key=row["step_key"],
        anchor_on=day(row["anchor_on"]),
        rhythm_id=row["rhythm_id"],
        channel=Channel(row["channel"]),
        unless_channel=row["unless_channel"],
        local_on=day(row["local_on"]),
        due_at=instant(row["due_at"]),
        open_until=instant(row["open_until"]),
        not_after=instant(row["not_after"]),
        joined_by=instant(min(row["due_at"], row["opened_at"] or row["due_at"])),
        last_useful=bool(row["last_useful"]),
        refused=Reason(row["refused"]),
    )


class People:
    """Counts whom sendings mean. What concerns a whole step is looked up once, however many rhythms it has."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._facts: dict[tuple[int, str, date, Channel], Facts] = {}

    def of_sending(self, sending: Sending) -> int:
        """The people of one rhythm."""
        return self._count(sending, "s.rhythm_id = :rhythm AND ")

    def of_step(self, sending: Sending) -> int:
        """Those whom the same step means by the same channel, in all rhythms."""
        return self._count(sending, "")

    def _count(self, sending: Sending, mine: str) -> int:
        step = (sending.campaign_id, sending.step_key, sending.anchor_on, sending.channel)
        if step not in self._facts:
            self._facts[step] = facts(self._connection, sending)
        meant = conditions(sending, self._facts[step])
        counted = text(f"SELECT count(*) FROM subscriber s WHERE {mine}s.id > :after AND s.id <= :last AND {meant}")
        bound = {**binds(sending), "after": 0, "last": _NO_END}
        return int(self._connection.execute(counted, bound).scalar_one())


def in_chunks(items: Mapping[int, Any], size: int) -> Iterable[dict[int, Any]]:
    """Parts of at most `size`, so that no transaction is long."""
    keys = list(items)
    return ({key: items[key] for key in keys[start : start + size]} for start in range(0, len(keys), size))


def _key(key: WaveKey) -> dict[str, Any]:
    return {"step_key": key[0], "anchor_on": ordinal(key[1]), "rhythm_id": key[2], "channel": int(key[3])}


def _values(desired: Desired) -> dict[str, Any]:
    wave = desired.wave
    return {
        "local_on": ordinal(wave.local_on),
        "due_at": seconds(wave.due_at),
        "open_until": seconds(wave.open_until),
        "not_after": seconds(wave.not_after),
        "last_useful": desired.last_useful,
        "unless_channel": desired.unless_channel,
        "refused": int(desired.refused),
    }
