"""Gather, judge, count: how a forecast is made. Reads one state of the database and writes nothing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reminder.domain.limits import Limits
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import REASON_WORDS, CampaignState, Channel, Reason
from reminder.domain.waves import EMAIL_MARGIN, Habits, StepPlan, next_window
from reminder.errors import NotAllowed
from reminder.planning.campaigns import renewed
from reminder.planning.desk import Desk, Look, dates, facts_from_now, look, plan_of, refuse_to_send
from reminder.planning.forecast.coming import Coming, Fate, Plan, StepKey, fates_of
from reminder.planning.forecast.conflicts import look_at
from reminder.planning.forecast.costs import CostOutlook, TextCosts, cost_outlook
from reminder.planning.forecast.outlook import Forecast, SendingLine, StepLine
from reminder.planning.forecast.pace import Load, Way, left_over
from reminder.planning.forecast.people import People, count_people
from reminder.planning.waves import CountryZones, readers_of
from reminder.planning.zones import zones_of_country
from reminder.store import standing as stand
from reminder.store import waves
from reminder.store.alike import Alike, Promised, Tell, alike
from reminder.store.campaigns import Connection
from reminder.store.capacity import standing
from reminder.store.eligible import CADENCE_DAYS_MAX, WEEK_DAYS, scopes_of
from reminder.store.forecast import Audience, Whom, audience, closed
from reminder.store.tables import Campaign

_ENDED = {
    CampaignState.EXPIRED: Reason.TOO_LATE,
    CampaignState.STOPPED: Reason.CAMPAIGN_STOPPED,
    CampaignState.CLOSED: Reason.CAMPAIGN_CLOSED,
}
_AS_IF = {
    CampaignState.DRAFT: "if it were approved and started now",
    CampaignState.APPROVED: "if it were started now",
    CampaignState.PAUSED: "if it were resumed now",
    CampaignState.LIVE: "if it were approved now",
}
Fates = Mapping[int, Mapping[StepKey, Mapping[Channel, Fate]]]


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Everything that a forecast looks at."""

    seen: Look
    plan: Plan
    fates: Fates
    rhythms: Mapping[int, Habits]
    found: Audience
    classes: Sequence[Alike]
    people: People
    closed: Mapping[frozenset[Channel], int]
    allowed: Collection[StepKey]


def forecast(
    desk: Desk,
    campaign_id: int,
    *,
    now: datetime,
    limits: Mapping[Channel, Mapping[str, Limits]],
    country_zones: CountryZones = zones_of_country,
    email_margin: timedelta = EMAIL_MARGIN,
    texts: SmsRules = EVERYWHERE,
    costs: TextCosts | None = None,
) -> Forecast:
    """What the whole plan of a campaign will still send, to how many people and when; who gets nothing, by reason.

    A campaign that is not live is looked at as if it were live from `now` on. `limits`: what each channel's providers
    may be given, in the order in which they are used. `costs` says what texts cost; without it nothing is said of that.
    `Trouble` if there is no such campaign.
    """
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
        plan, against = _plan(connection, desk, seen, now)
        gathered = _gather(connection, desk, seen, plan, now, country_zones, email_margin, texts)
        ways = _ways(connection, limits, now)
        cost = CostOutlook()
        if costs is not None:
            cost = cost_outlook(connection, costs, campaign_id, gathered.people.texts, gathered.rhythms)
    zone_unknown = sum(of.people for of in gathered.classes if not gathered.rhythms[of.rhythm_id].zone)
    sendings = _sendings(gathered, ways, cost, now)
    return Forecast(
        campaign_id=campaign_id,
        state=seen.campaign.state,
        as_if=_AS_IF.get(seen.campaign.state, "") if plan.as_if else "",
        against=tuple(against),
        supporters=gathered.found.supporters,
        audience=gathered.found.people,
        reached=gathered.people.reached,
        had_all=gathered.people.had_all,
        nothing=_nothing(
            gathered, frozenset(ch for step in plan.steps for ch in step.channels), gathered.people.nothing
        ),
        zone_unknown=zone_unknown,
        steps=tuple(_step_line(gathered, step) for step in plan.steps),
        sendings=tuple(sendings),
        look_at=tuple(look_at(seen, plan, gathered.people, sendings, gathered.allowed, zone_unknown, now, texts)),
        rates={channel: _rate(by_name) for channel, by_name in ways.items()},
        cost=cost,
    )


def _plan(connection: Connection, desk: Desk, seen: Look, now: datetime) -> tuple[Plan, list[str]]:
    """The plan that counts, and what speaks against it: as it is for a live campaign, else as if it were live now."""
    campaign, steps = seen.campaign, seen.steps
    was = stand.standing(connection, seen.campaign_id)
    if campaign.state in _ENDED:
        return Plan(campaign, [], was, as_if=False), [f"{seen.name}: {REASON_WORDS[_ENDED[campaign.state]]}."]
    approved = campaign.approved_version == campaign.version
    live = campaign.state is CampaignState.LIVE and approved and not campaign.question
    values: dict[str, object] = {}
    if campaign.state in {CampaignState.DRAFT, CampaignState.APPROVED}:
        facts = facts_from_now(desk, seen, now)
        steps, values = plan_of(seen, facts), dates(facts)
    elif not live:
        steps = renewed(desk, seen, campaign.live_since if approved else campaign.approved_at, now)
    against = [] if approved else [f"{seen.name} is not approved."]
    try:
        refuse_to_send(seen, steps, now)
    except NotAllowed as refusal:
        against.append(f"{refusal.thing} {refusal.reason}. {refusal.remedy}")
    if live:
        return Plan(campaign, steps, was, as_if=False), against
    return Plan(Campaign(**campaign.model_dump() | values | {"live_since": now}), steps, was, as_if=True), against


def _gather(
    connection: Connection,
    desk: Desk,
    seen: Look,
    plan: Plan,
    now: datetime,
    country_zones: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> _Gathered:
    rhythms = waves.rhythms(connection)
    readers = readers_of(rhythms, plan.campaign.zone, country_zones, email_margin, texts)
    fates = {rhythm_id: fates_of(plan, readers, rhythm_id, now, desk.catch_up) for rhythm_id in rhythms}
    coming = [
        fate
        for of_rhythm in fates.values()
        for by_channel in of_rhythm.values()
        for fate in by_channel.values()
        if isinstance(fate, Coming)
    ]
    case = {"id": seen.case.id, "country": seen.case.country, "topics": seen.case.topics}
    scopes = scopes_of(plan.campaign.audience, case)
    whom = Whom(seen.campaign_id, seen.case.id or 0, seen.case.country, plan.campaign.round, scopes)
    found = audience(connection, whom)
    tell = _tell(connection, seen.campaign_id, coming, now)
    classes = alike(connection, whom, found, tell)
    promises = [(one.step_key, one.anchor_on, one.channel) for one in tell.promised]
    ahead = [fate.going.local_on for fate in coming]
    others = stand.days_of_others(connection, seen.campaign_id, now.date(), max(ahead)) if ahead else frozenset()
    sets = {frozenset(step.channels) for step in plan.steps}
    sets.add(frozenset(channel for step in plan.steps for channel in step.channels))
    return _Gathered(
        seen=seen,
        plan=plan,
        fates=fates,
        rhythms=rhythms,
        found=found,
        classes=classes,
        people=count_people(
            plan.steps, fates, classes, promises, others, without_steps=_ENDED.get(seen.campaign.state, Reason.TOO_LATE)
        ),
        closed={of: closed(connection, whom, found, sorted(of)) for of in sets if of},
        allowed=stand.over_limit(connection, seen.campaign_id),
    )


def _tell(connection: Connection, campaign_id: int, coming: Sequence[Coming], now: datetime) -> Tell:
    """What the rules of these sendings ask about people."""
    joined_by = tuple(sorted({now, *(each.going.joined_by for each in coming if each.going.joined_by < now)}))
    if not coming:
        return Tell(joined_by)
    ahead = {each.going.local_on for each in coming}
    first, last = min(ahead), max(ahead)
    limited = {each.going.local_on for each in coming if not each.going.last_useful}
    days = stand.days_with_reminders(connection, first, last)
    taken = tuple(on for on in days if on >= first)

    def counting(length: int) -> tuple[date, ...]:
        return tuple(on for on in days if on in taken or any(0 <= (day - on).days < length for day in limited))

    keys = {(each.step.step_key, each.step.anchor_on, each.going.channel) for each in coming}
    rhythms: dict[tuple[str, date, Channel], list[int]] = {key: [] for key in sorted(keys)}
    for each in coming:
        rhythms[each.step.step_key, each.step.anchor_on, each.going.channel].append(each.rhythm_id)
    promised = tuple(
        Promised(*key, tuple(sorted(rhythms[key]))) for key in stand.promised_steps(connection, campaign_id, rhythms)
    )
    due_at: dict[int, list[datetime]] = defaultdict(list)
    for each in sorted(coming, key=lambda one: one.going.due_at):
        due_at[each.rhythm_id].append(each.going.due_at)
    by_text = any(each.going.channel is Channel.SMS for each in coming)
    return Tell(joined_by, counting(WEEK_DAYS), counting(CADENCE_DAYS_MAX), taken, promised, due_at, by_text)


def _nothing(gathered: _Gathered, channels: frozenset[Channel], judged: Counter[Reason]) -> dict[Reason, int]:
    """Everybody of the audience who gets nothing by these channels, each counted once: the reasons that hold for every
    sending first, then no channel, then those of the sendings."""
    found = gathered.found
    reachable = found.people - sum(found.nothing.values())
    counted = judged.copy()
    counted[Reason.NO_CHANNEL] += reachable - sum(of.people for of in gathered.classes)
    listed = gathered.closed.get(channels, 0)
    counted[Reason.NO_CHANNEL] -= listed
    counted[Reason.DO_NOT_CONTACT] += listed
    return {reason: number for reason, number in {**found.nothing, **counted}.items() if number}


def _step_line(gathered: _Gathered, step: StepPlan) -> StepLine:
    key = (step.step_key, step.anchor_on)
    count = gathered.people.steps[key]
    possible = any(
        isinstance(fate, Coming) for of_rhythm in gathered.fates.values() for fate in of_rhythm[key].values()
    )
    return StepLine(
        step_key=step.step_key,
        on=step.local_on,
        channels=step.channels,
        over=not possible,
        going=count.going,
        went=count.went,
        nothing=_nothing(gathered, frozenset(step.channels), count.nothing),
        instead=dict(count.instead),
    )


def _ways(
    connection: Connection, limits: Mapping[Channel, Mapping[str, Limits]], now: datetime
) -> dict[Channel, list[Way]]:
    """The providers of each channel in order, with what they used of today already."""
    known = standing(connection, [name for by_name in limits.values() for name in by_name], now)
    return {
        channel: [Way(limit, known[name].used) for name, limit in limits.get(channel, {}).items()] or [Way()]
        for channel in Channel
    }


def _rate(ways: Sequence[Way]) -> float:
    """Messages a second of the provider that is used first."""
    return ways[0].limits.per_second


def _sendings(
    gathered: _Gathered, ways: Mapping[Channel, Sequence[Way]], cost: CostOutlook, now: datetime
) -> list[SendingLine]:
    """The sendings with people in the order of their instants, each against what its providers take."""
    coming = sorted(gathered.people.sendings, key=lambda each: (each.going.due_at, each.step.step_key, each.rhythm_id))
    left: dict[Coming, int] = {}
    left_by_rate: dict[Coming, int] = {}
    for channel, mine in ((channel, [each for each in coming if each.going.channel is channel]) for channel in Channel):
        loads = [_load(each, gathered.people.sendings[each], now) for each in mine]
        left |= dict(zip(mine, left_over(loads, ways[channel]), strict=True))
        any_day = [Way(Limits(per_second=way.limits.per_second)) for way in ways[channel]]
        left_by_rate |= dict(zip(mine, left_over(loads, any_day), strict=True))
    return [
        _line(gathered.people, each, left[each], left[each] - left_by_rate[each], _rate(ways[each.going.channel]), cost)
        for each in coming
    ]


def _load(coming: Coming, people: int, now: datetime) -> Load:
    return Load(max(coming.going.due_at, now), coming.open_until, people)


def _line(people: People, coming: Coming, left: int, by_limit: int, rate: float, cost: CostOutlook) -> SendingLine:
    going = coming.going
    goes_on = next_window(coming.who, coming.open_until, going.not_after) is not None
    number = people.sendings[coming]
    return SendingLine(
        step_key=coming.step.step_key,
        rhythm_id=coming.rhythm_id,
        channel=going.channel,
        local_on=going.local_on,
        at=going.due_at,
        open_until=coming.open_until,
        not_after=going.not_after,
        zones=coming.who.zones,
        people=number,
        at_most_fewer=people.fewer[coming],
        waits=coming.waits,
        next_day=coming.next_day,
        needs_s=round(number / rate) if rate else None,
        next_morning=left if goes_on else 0,
        too_late=0 if goes_on else left,
        by_limit=max(0, by_limit),
        texts=cost.of.get(coming, ()),
    )
