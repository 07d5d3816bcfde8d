"""Who gets a sending: the one place where that is said in SQL. Opening, forecast and "why" all build on it.

A condition whose table holds nothing for this campaign is left out of the statement (`Facts`): a probe that cannot find
anything still costs 0.2 µs for each of a million people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from reminder.domain.states import Channel, Reason
from reminder.store.columns import ordinal, seconds, statement

LAST_48_HOURS = timedelta(hours=48)
WEEK_DAYS = 7
CADENCE_DAYS_MAX = 30


@dataclass(frozen=True, slots=True)
class Sending:
    """A wave with what its campaign says about whom it reaches. `joined_by`: who joined later is not meant.

    `refused`: the law forbids the text; its people get no message, but a promise that is skipped for this reason.
    """

    wave_id: int
    campaign_id: int
    case_id: int
    country: str
    zone: str
    round: int
    scopes: tuple[str, ...]
    named: bool
    step_key: str
    anchor_on: date
    rhythm_id: int
    channel: Channel
    unless_channel: int
    local_on: date
    due_at: datetime
    open_until: datetime
    not_after: datetime
    joined_by: datetime
    last_useful: bool
    refused: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class Facts:
    """Which of the small tables hold anything that concerns a sending, and on which days reminders went before it.

    `everybody`: every active supporter is known to have asked for it, so that nobody's subscriptions need be looked at.
    """

    scopes: tuple[str, ...]
    letters: bool
    exclusions: bool
    promises: bool
    days: tuple[int, ...]
    everybody: bool = False


SINCE = {Channel.EMAIL: "s.email_since", Channel.SMS: "s.sms_since"}


def facts(connection: Connection, sending: Sending) -> Facts:
    """Look once per chunk, by index probes only."""
    bound = binds(sending)

    def any_row(sql: str) -> bool:
        return connection.execute(statement(f"SELECT 1 WHERE EXISTS ({sql})"), bound).first() is not None

    asked = statement("SELECT 1 FROM subscription WHERE scope = :scope LIMIT 1")
    return Facts(
        scopes=tuple(s for s in sending.scopes if connection.execute(asked, {"scope": s}).first() is not None),
        letters=any_row("SELECT 1 FROM letter WHERE campaign_id = :campaign AND round = :round"),
        exclusions=any_row("SELECT 1 FROM exclusion"),
        promises=any_row(
            "SELECT 1 FROM delivery WHERE campaign_id = :campaign AND step_key = :step AND anchor_on = :anchor"
            " AND channel = :channel"
        ),
        days=_days_with_reminders(connection, ordinal(sending.local_on)),
    )


def _days_with_reminders(connection: Connection, today: int) -> tuple[int, ...]:
    """The ordinals of the days before `today` that may count for somebody's cadence."""
    days = ", ".join(f"({day})" for day in range(today - CADENCE_DAYS_MAX + 1, today))
    # One statement: of a small chunk, a probe sent for each day takes half of the time. The LIMIT keeps it a probe.
    probe = "SELECT 1 FROM message WHERE kind = 1 AND void = 0 AND local_on = d LIMIT 1"
    found = connection.execute(statement(f"WITH days(d) AS (VALUES {days}) SELECT d FROM days WHERE ({probe}) = 1"))
    return tuple(sorted(found.scalars()))


def binds(sending: Sending) -> dict[str, Any]:
    """The bound values that `conditions` and `passes_cadence` name, but for `:after` and `:last`, the range of ids."""
    return {
        "campaign": sending.campaign_id,
        "round": sending.round,
        "step": sending.step_key,
        "anchor": ordinal(sending.anchor_on),
        "channel": int(sending.channel),
        "rhythm": sending.rhythm_id,
        "day": ordinal(sending.local_on),
        "due": seconds(sending.due_at),
        "joined_by": seconds(sending.joined_by),
        "case_scope": f"case:{sending.case_id}",
        "country": sending.country,
    }


def conditions(sending: Sending, known: Facts) -> str:
    """SQL: the person `s`, with an id in (:after, :last], is meant by the sending and may be written to.

    Small tables are read once for the range of ids: a probe for each person costs three times as much. Promises are probed:
    within the range lie those of everybody who reads another language.
    """
    since = SINCE[sending.channel]
    other = SINCE[Channel(sending.unless_channel)] if sending.unless_channel else None
    parts = [
        f"s.state = 1 AND {since} IS NOT NULL",
        f"{since} <= :joined_by",
        f"({other} IS NULL OR {other} > :joined_by)" if other else "",
        "(s.paused_until IS NULL OR s.paused_until <= :due)",
        "" if sending.not_after - sending.due_at <= LAST_48_HOURS else "NOT s.last48",
        "" if known.everybody else asked_for_it(known.scopes),
        "s.id NOT IN (SELECT l.subscriber_id FROM letter l WHERE l.campaign_id = :campaign AND l.round = :round"
        " AND l.subscriber_id > :after AND l.subscriber_id <= :last)"
        if known.letters
        else "",
        "s.id NOT IN (SELECT x.subscriber_id FROM exclusion x WHERE x.subscriber_id > :after AND x.subscriber_id <= :last"
        " AND x.what IN (:country, :case_scope))"
        if known.exclusions
        else "",
        # A promise that was taken back before any attempt may be made again; any other is made for good.
        "NOT EXISTS (SELECT 1 FROM delivery p WHERE p.campaign_id = :campaign AND p.step_key = :step"
        " AND p.anchor_on = :anchor AND p.channel = :channel AND p.subscriber_id = s.id AND p.state <> 3)"
        if known.promises
        else "",
    ]
    return " AND ".join(part for part in parts if part)


def asked_for_it(scopes: tuple[str, ...]) -> str:
    """SQL: the person `s` has a subscription to one of the scopes; no scope that anybody asked for means nobody."""
    if not scopes:
        return "1 = 0"
    return f"EXISTS (SELECT 1 FROM subscription q WHERE q.scope IN ({quoted(scopes)}) AND q.subscriber_id = s.id)"


def quoted(scopes: tuple[str, ...]) -> str:
    """The scopes as a list of SQL literals, safe for `text`."""
    return ", ".join("'" + scope.replace("'", "''").replace(":", "\\:") + "'" for scope in scopes)


def passes_cadence(sending: Sending, known: Facts) -> str:
    """SQL (0 or 1): the person's "N in D days" leaves room today. The last useful reminder passes once a campaign."""
    if sending.last_useful or not known.days:
        return "1"
    today = ordinal(sending.local_on)

    def count(days: Sequence[int]) -> str:
        if not days:
            return "0"
        return (
            "(SELECT count(*) FROM message c WHERE c.kind = 1 AND c.void = 0 AND c.state <> 3"
            f" AND c.local_on IN ({', '.join(map(str, days))}) AND c.local_on > {today} - s.cadence_days"
            " AND c.subscriber_id = s.id)"
        )

    week = count([day for day in known.days if day > today - WEEK_DAYS])
    return (
        f"CASE WHEN s.cadence_n > (CASE WHEN s.cadence_days <= {WEEK_DAYS} THEN {week} ELSE {count(known.days)} END)"
        " THEN 1 ELSE 0 END"
    )


def scopes_of(audience: Sequence[str], case: Mapping[str, Any]) -> tuple[str, ...]:
    """The subscriptions that make somebody part of a campaign. "all" means everybody whose subscriptions cover the case.

    `case` has "id", "country" and "topics". An empty audience gives no scopes: nobody.
    """
    scopes: list[str] = []
    for scope in audience:
        if scope == "all":
            scopes += ["all", f"case:{case['id']}"]
            scopes += [f"country:{case['country']}"] if case["country"] else []
            scopes += [f"topic:{topic}" for topic in case["topics"]]
        else:
            scopes.append(scope)
    return tuple(dict.fromkeys(scopes))
