"""How many people are alike for every rule that a forecast applies: counted from the covering indexes alone.

Everybody whom the common conditions of `eligible` let through is counted in one pass; who has written or leaves the
country out is then taken off, from the small tables. What differs from sending to sending (who joined by when, breaks,
limits) is not asked of the database: people for whom all of it is the same form a class, and the rules judge the class.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.consent import PersonState
from reminder.domain.meant import Known
from reminder.domain.states import Channel
from reminder.store.columns import instant, ordinal, seconds
from reminder.store.eligible import WEEK_DAYS, Facts, Sending, binds, conditions, quoted
from reminder.store.forecast import LATEST, LEAVES_OUT, WRITTEN, Audience, Whom, any_sending

# What most people have: counted without sorting them into classes.
_USUAL_CADENCE = (2, 7)


@dataclass(frozen=True, slots=True)
class Promised:
    """Promises of a step that may have been made already, looked for in the rhythms that it still goes to."""

    step_key: str
    anchor_on: date
    channel: Channel
    rhythm_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """What tells people apart.

    `joined_by`: the instants, the earliest first, by which somebody must have joined for some sending. `month`: the local
    days whose reminders count for some cadence or are the day of a sending; `week`: those of them that count for a
    cadence of up to seven days; `taken`: those of these that may be the day of a sending. `due_at`: by rhythm the
    instants at which a break may or may not be over, the earliest first. `languages`: a text has its price in each.
    """

    joined_by: tuple[datetime, ...]
    week: tuple[date, ...] = ()
    month: tuple[date, ...] = ()
    taken: tuple[date, ...] = ()
    promised: tuple[Promised, ...] = ()
    due_at: Mapping[int, Sequence[datetime]] = field(default_factory=dict)
    languages: bool = False

    @property
    def locale(self) -> str:
        """SQL: the person's language, where it counts."""
        return "s.locale" if self.languages else "''"


@dataclass(frozen=True, slots=True)
class Alike:
    """`people` for whom the rules say the same. `refused_on`: days with a reminder that a provider refused; `had`: the
    places in `Tell.promised` of what they were promised already. `locale` is '' where languages were not told apart."""

    rhythm_id: int
    locale: str
    known: Known
    refused_on: frozenset[date]
    had: frozenset[int]
    people: int


def alike(connection: Connection, whom: Whom, found: Audience, tell: Tell) -> list[Alike]:
    """Everybody of the audience who can be reached by some channel and has no reason of `audience`, in classes."""
    if not found.known.scopes:
        return []
    counted: Counter[_Class] = Counter()
    by_email = any_sending(whom, Channel.EMAIL)
    by_sms_alone = any_sending(whom, Channel.SMS, int(Channel.EMAIL))
    for sending in (by_email, by_sms_alone):
        who = _reachable(sending, found)
        if found.small:
            counted.update(_classes(connection, _OF_AUDIENCE.format(quoted(found.known.scopes)), who, sending, tell))
        elif tell.week or tell.promised:
            counted.update(_classes(connection, _ALL, who, sending, tell))
        else:
            counted.update(_usual_people(connection, who, sending, tell))
            counted.update(_classes(connection, _ALL, f"NOT ({_usual(tell)}) AND {who}", sending, tell))
        if found.known.letters or found.known.exclusions:
            counted.subtract(_classes(connection, _EXCEPTIONS, who, sending, tell))
    merged: Counter[_Class] = Counter()
    for of, people in counted.items():
        merged[_over_by(of, tell)] += people
    return [_alike(of, people, tell) for of, people in sorted(merged.items()) if people]


# Rhythm; place in `joined_by` of email and SMS, -1 for none; last 48 hours only; cadence; break; days; promises; locale.
_Class = tuple[Any, ...]
_BREAK = 6
_ALL = "subscriber s WHERE"
_OF_AUDIENCE = (
    "(SELECT DISTINCT q.subscriber_id FROM subscription q WHERE q.scope IN ({})) o CROSS JOIN subscriber s"
    " WHERE s.id = o.subscriber_id AND"
)
_EXCEPTIONS = f"({WRITTEN} UNION {LEAVES_OUT}) o CROSS JOIN subscriber s WHERE s.id = o.subscriber_id AND"


def _reachable(sending: Sending, found: Audience) -> str:
    """The conditions that all sendings share, without those that the small tables answer."""
    known = found.known
    return conditions(sending, Facts(known.scopes, False, False, promises=False, days=(), everybody=known.everybody))


def _usual(tell: Tell) -> str:
    """SQL: nothing about the person `s` differs from what most people have."""
    joined_by = seconds(tell.joined_by[0])
    return (
        f"NOT s.last48 AND s.cadence_n = {_USUAL_CADENCE[0]} AND s.cadence_days = {_USUAL_CADENCE[1]}"
        f" AND (s.paused_until IS NULL OR s.paused_until <= {joined_by})"
        f" AND (s.email_since IS NULL OR s.email_since <= {joined_by})"
        f" AND (s.sms_since IS NULL OR s.sms_since <= {joined_by})"
    )


def _usual_people(connection: Connection, who: str, sending: Sending, tell: Tell) -> dict[_Class, int]:
    """Most people, in the order of the index: sorting a million into classes takes longer than all the rest."""
    rows = connection.execute(text(usual_sql(who, tell)), binds(sending))
    counted: dict[_Class, int] = {}
    for rhythm_id, locale, people, by_email, by_sms in rows:
        same = (0, *_USUAL_CADENCE, 0, 0, 0, 0, locale)
        counted[rhythm_id, 0, 0, *same] = by_email + by_sms - people
        counted[rhythm_id, 0, -1, *same] = people - by_sms
        counted[rhythm_id, -1, 0, *same] = people - by_email
    return counted


def usual_sql(who: str, tell: Tell) -> str:
    """Rhythm, language, people, those of them with email, those with SMS."""
    locale = ", s.locale" if tell.languages else ""
    return (
        f"SELECT s.rhythm_id, {tell.locale}, count(*), count(s.email_since), count(s.sms_since) FROM subscriber s"
        f" WHERE {who} AND {_usual(tell)} GROUP BY s.rhythm_id{locale}"
    )


def _classes(connection: Connection, source: str, who: str, sending: Sending, tell: Tell) -> dict[_Class, int]:
    steps = {f"step_{place}": one.step_key for place, one in enumerate(tell.promised)}
    rows = connection.execute(text(classes_sql(source, who, tell)), binds(sending) | steps)
    return {(*(int(value) for value in row[:-2]), row[-2]): int(row[-1]) for row in rows}


def classes_sql(source: str, who: str, tell: Tell) -> str:
    """Each class that stands in `source` and meets the condition `who`, and how many people it has."""
    # A break counts for a sending that was due before now, though it is over by now.
    first = seconds(tell.joined_by[0])
    columns = [
        "s.rhythm_id",
        _place("s.email_since", tell.joined_by),
        _place("s.sms_since", tell.joined_by),
        "CASE WHEN s.last48 THEN 1 ELSE 0 END",
        "s.cadence_n",
        "s.cadence_days",
        f"CASE WHEN s.paused_until > {first} THEN s.paused_until ELSE 0 END",
        f"CASE WHEN s.cadence_days <= {WEEK_DAYS} THEN {_days(tell.week, tell.month)} ELSE {_days(tell.month, tell.month)} END",
        _days(tell.taken, tell.taken, "c.state = 3"),
        _promised(tell.promised),
        tell.locale,
    ]
    numbers = ", ".join(str(number) for number in range(1, len(columns) + 1))
    return f"SELECT {', '.join(columns)}, count(*) FROM {source} {who} GROUP BY {numbers}"


def _place(since: str, joined_by: Sequence[datetime]) -> str:
    """SQL: the place of the first instant by which the person had joined."""
    places = " ".join(f"WHEN {since} <= {seconds(at)} THEN {place}" for place, at in enumerate(joined_by))
    return f"CASE WHEN {since} IS NULL THEN -1 {places} ELSE {len(joined_by)} END"


def _days(wanted: Sequence[date], all_days: Sequence[date], left: str = "c.state <> 3") -> str:
    """SQL: a bit for each of the days `wanted` on which a reminder went to the person, by its place in `all_days`."""
    if not wanted:
        return "0"
    bits = " ".join(f"WHEN {ordinal(on)} THEN {1 << all_days.index(on)}" for on in wanted)
    days = ", ".join(str(ordinal(on)) for on in wanted)
    return (
        f"coalesce((SELECT sum(CASE c.local_on {bits} END) FROM message c WHERE c.kind = 1 AND c.void = 0 AND {left}"
        f" AND c.local_on IN ({days}) AND c.subscriber_id = s.id), 0)"
    )


def _promised(promised: Sequence[Promised]) -> str:
    """SQL: a bit for each of the promises that was made to the person; one that was taken back may be made again."""
    bits = [
        f"CASE WHEN s.rhythm_id IN ({', '.join(map(str, one.rhythm_ids))}) AND EXISTS (SELECT 1 FROM delivery p"
        f" WHERE p.campaign_id = :campaign AND p.step_key = :step_{place}"
        f" AND p.anchor_on = {ordinal(one.anchor_on)} AND p.channel = {int(one.channel)} AND p.subscriber_id = s.id"
        f" AND p.state <> 3) THEN {1 << place} ELSE 0 END"
        for place, one in enumerate(promised)
    ]
    return " + ".join(bits) or "0"


def _over_by(of: _Class, tell: Tell) -> _Class:
    """The class with its break as long as it must be for the same sendings to fall into it: breaks end at any second."""
    paused = of[_BREAK]
    if not paused:
        return of
    due_at = [seconds(at) for at in tell.due_at.get(of[0], ())]
    first = bisect_left(due_at, paused)
    until = due_at[first] if first < len(due_at) else seconds(LATEST)
    return (*of[:_BREAK], until, *of[_BREAK + 1 :])


def _alike(of: _Class, people: int, tell: Tell) -> Alike:
    rhythm_id, email, sms, last48, cadence_n, cadence_days, paused, reminded, refused, had, locale = of
    # Later than the last of them: somebody who joined after `now` is not known yet.
    instants = (*tell.joined_by, tell.joined_by[-1] + timedelta(seconds=1))
    places = {Channel.EMAIL: email, Channel.SMS: sms}
    return Alike(
        rhythm_id=rhythm_id,
        locale=locale,
        known=Known(
            state=PersonState.ACTIVE,
            since={channel: instants[place] for channel, place in places.items() if place >= 0},
            paused_until=instant(paused) if paused else None,
            last48=bool(last48),
            cadence_n=cadence_n,
            cadence_days=cadence_days,
            reminded_on=tuple(on for place, on in enumerate(tell.month) if reminded >> place & 1),
        ),
        refused_on=frozenset(on for place, on in enumerate(tell.taken) if refused >> place & 1),
        had=frozenset(place for place in range(len(tell.promised)) if had >> place & 1),
        people=people,
    )
