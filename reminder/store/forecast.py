"""Who is in the audience of a campaign, and who of it gets nothing whatever is sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.consent import PersonState
from reminder.domain.states import Channel, Reason
from reminder.store.eligible import Facts, Sending, asked_for_it, binds, facts

# Later than every instant that the database keeps.
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_NOT_ACTIVE = {
    PersonState.WAITS: Reason.WAITS_FOR_EVIDENCE,
    PersonState.LEFT: Reason.LEFT,
    PersonState.ERASED: Reason.ERASED,
}
# An audience smaller than this part of all supporters is read person by person, a larger one from the whole index.
_SMALL_PART = 8
WRITTEN = "SELECT l.subscriber_id FROM letter l WHERE l.campaign_id = :campaign AND l.round = :round"
LEAVES_OUT = "SELECT x.subscriber_id FROM exclusion x WHERE x.what IN (:country, :case_scope)"
_SINCE = {Channel.EMAIL: "s.email_since", Channel.SMS: "s.sms_since"}


@dataclass(frozen=True, slots=True)
class Whom:
    """A campaign, as far as it says who is meant."""

    campaign_id: int
    case_id: int
    country: str
    round: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """`people` asked for it, of all `supporters` who are not erased; `nothing`: how many of them get nothing, whatever
    the sending, each counted once. `small`: reading the audience is less work than reading everybody."""

    supporters: int
    people: int
    nothing: Mapping[Reason, int]
    known: Facts
    small: bool


def audience(connection: Connection, whom: Whom) -> Audience:
    """Who is in the audience, and who of it gets nothing: not active, has written, leaves the country out."""
    known = facts(connection, any_sending(whom, Channel.EMAIL))
    asked, bound = asked_for_it(known.scopes), binds(any_sending(whom, Channel.EMAIL))
    supporters = _number(connection, "SELECT count(*) FROM subscriber", {})
    away = _by_state(connection, "1 = 1")
    away_in_audience = _by_state(connection, asked)
    people = _audience_size(connection, known.scopes)
    active = people - sum(away_in_audience.values())
    nothing = {_NOT_ACTIVE[state]: number for state, number in away_in_audience.items()}
    nothing[Reason.LETTER_REPORTED] = _number(
        connection,
        f"SELECT count(*) FROM ({WRITTEN}) o CROSS JOIN subscriber s WHERE s.id = o.subscriber_id AND s.state = 1 AND {asked}",
        bound,
    )
    nothing[Reason.COUNTRY_LEFT_OUT] = _number(
        connection,
        f"SELECT count(*) FROM (SELECT DISTINCT subscriber_id FROM ({LEAVES_OUT}) w) o CROSS JOIN subscriber s"
        f" WHERE s.id = o.subscriber_id AND s.state = 1 AND {asked} AND s.id NOT IN ({WRITTEN})",
        bound,
    )
    everybody = active == supporters - sum(away.values())
    return Audience(
        supporters=supporters - away.get(PersonState.ERASED, 0),
        people=people,
        nothing={reason: number for reason, number in nothing.items() if number},
        known=Facts(known.scopes, known.letters, known.exclusions, promises=False, days=(), everybody=everybody),
        small=people * _SMALL_PART < supporters,
    )


def any_sending(whom: Whom, channel: Channel, unless: int = 0) -> Sending:
    """A sending whose conditions are those that all sendings of the campaign share."""
    return Sending(
        wave_id=0,
        campaign_id=whom.campaign_id,
        case_id=whom.case_id,
        country=whom.country,
        zone="",
        round=whom.round,
        scopes=whom.scopes,
        named=False,
        step_key="",
        anchor_on=date.min,
        rhythm_id=0,
        channel=channel,
        unless_channel=unless,
        local_on=LATEST.date(),
        due_at=LATEST,
        open_until=LATEST,
        not_after=LATEST,
        joined_by=LATEST,
        last_useful=True,
    )


def _number(connection: Connection, sql: str, bound: Mapping[str, Any]) -> int:
    return int(connection.execute(text(sql), dict(bound)).scalar_one())


def _by_state(connection: Connection, also: str) -> dict[PersonState, int]:
    """Supporters who are not active; by the small index that holds only those."""
    rows = connection.execute(
        text(f"SELECT s.state, count(*) FROM subscriber s WHERE s.state <> 1 AND {also} GROUP BY s.state")
    )
    return {PersonState(state): number for state, number in rows}


def _audience_size(connection: Connection, scopes: Sequence[str]) -> int:
    """How many people asked for at least one of the scopes; the largest is counted whole."""
    size = text("SELECT count(*) FROM subscription WHERE scope = :scope")
    sizes = {scope: connection.execute(size, {"scope": scope}).scalar_one() for scope in scopes}
    by_size = sorted(scopes, key=lambda scope: -sizes[scope])
    total = sizes[by_size[0]] if by_size else 0
    for place, scope in enumerate(by_size[1:], 1):
        earlier = asked_for_it(tuple(by_size[:place]))
        mine = "SELECT p.subscriber_id AS id FROM subscription p WHERE p.scope = :scope"
        total += _number(connection, f"SELECT count(*) FROM ({mine}) s WHERE NOT {earlier}", {"scope": scope})
    return int(total)


def closed(connection: Connection, whom: Whom, found: Audience, channels: Collection[Channel]) -> int:
    """How many of the audience can be reached by none of `channels`, and are on the do-not-contact list for one of them.

    Who gets nothing for a reason that `audience` counts is not among them.
    """
    address = {Channel.EMAIL: "s.email_hash", Channel.SMS: "s.phone_hash"}
    closed_all = " AND ".join(f"{_SINCE[channel]} IS NULL" for channel in channels)
    others = "" if found.known.everybody else f" AND {asked_for_it(found.known.scopes)}"
    parts = [
        f"SELECT s.id FROM do_not_contact d CROSS JOIN subscriber s WHERE d.channel = {int(channel)}"
        f" AND {address[channel]} = d.address_hash AND s.state = 1 AND {closed_all}{others}"
        f" AND s.id NOT IN ({WRITTEN}) AND s.id NOT IN ({LEAVES_OUT})"
        for channel in channels
    ]
    both = " UNION ".join(parts)
    return _number(connection, f"SELECT count(*) FROM ({both}) AS o", binds(any_sending(whom, Channel.EMAIL)))
