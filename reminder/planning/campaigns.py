"""What organisers do with a campaign: approve, start, pause, resume, close, let wait no longer.

Nothing here sends what was due before: `live_since` moves with every start, resume and go-ahead, and nothing due before
it is planned. A change of content takes the approval back (see changes.py).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reminder.domain.plan import Update
from reminder.domain.states import CampaignState, Reason
from reminder.domain.times import local_day
from reminder.domain.waves import StepPlan
from reminder.errors import Busy, NotAllowed
from reminder.planning.desk import (
    Desk,
    Done,
    Look,
    apply,
    dates,
    facts_from_now,
    facts_since_start,
    known_update,
    look,
    nothing_to_do,
    plan_in_words,
    plan_of,
    refuse_another_plan,
    refuse_other_states,
    refuse_to_send,
    refuse_unanswered,
    under_way,
)
from reminder.planning.siblings import beside_in_words, refuse_the_same_people, siblings
from reminder.store import campaigns
from reminder.store.audit import record
from reminder.store.campaigns import AT_ONCE, Connection
from reminder.store.tables import Campaign

DRAFT, APPROVED, LIVE, PAUSED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.LIVE,
    CampaignState.PAUSED,
)


def approve(
    desk: Desk,
    campaign_id: int,
    *,
    who: str,
    now: datetime,
    version: int | None = None,
    include_missed: bool = False,
) -> Done:
    """This exact content may go. `version`, where given, is what the organiser looked at.

    A draft's default plan is first made anew from today. A campaign that has begun goes on from now: what fell due while
    it waited stays out, unless `include_missed` (see `resume`).
    """
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    campaign = seen.campaign
    if version is not None and version != campaign.version:
        raise Busy(seen.name, "was changed since you looked at it", "Look at it again, then approve it.")
    if campaign.state in {LIVE, PAUSED}:
        return _approve_begun(desk, seen, who=who, now=now, include_missed=include_missed)
    refuse_other_states(seen, {DRAFT, APPROVED}, "be approved")
    facts = facts_from_now(desk, seen, now)
    steps = plan_of(seen, facts)
    refuse_to_send(seen, steps, now)
    agreed = campaign.version + (1 if steps != seen.steps else 0)
    values = dates(facts) | {"state": APPROVED, "version": agreed, "approved_version": agreed, "approved_at": now}
    apply(desk, seen, "campaign approve", who, now, values=values, steps=steps)
    return Done(
        campaign_id=campaign_id,
        state=APPROVED,
        sentences=(f"{seen.name} is approved; nothing is sent yet.", *plan_in_words(steps)),
        next=f"`reminder campaign start {campaign_id}`",
    )


def _approve_begun(desk: Desk, seen: Look, *, who: str, now: datetime, include_missed: bool) -> Done:
    campaign = seen.campaign
    if campaign.approved_version == campaign.version:
        return nothing_to_do(seen, "is approved already")
    steps = renewed(desk, seen, campaign.approved_at, now)
    refuse_to_send(seen, steps, now)
    values: dict[str, Any] = {"approved_version": campaign.version, "approved_at": now}
    again: datetime | None = None
    if campaign.state is LIVE:
        since, again = _since(desk, campaign, now, include_missed=include_missed)
        values |= {"live_since": since, "plan_again_at": AT_ONCE}
    apply(desk, seen, "campaign approve", who, now, values=values, steps=steps, again_since=again)
    goes_on = "goes on from now" if campaign.state is LIVE else "stays paused"
    return Done(
        campaign_id=seen.campaign_id,
        state=campaign.state,
        sentences=(f"{seen.name} is approved again and {goes_on}.", *plan_in_words(steps)),
        next=f"look at `reminder forecast {seen.campaign_id}`"
        if campaign.state is LIVE
        else f"`reminder campaign resume {seen.campaign_id}`",
    )


def start(desk: Desk, campaign_id: int, *, who: str, now: datetime) -> Done:
    """Go live. Steps that are past by now stay out; the start goes at the next hour of its step where each reader lives.

    Raises `NotAllowed` for whatever is missing: an approval of exactly this, an answer, an audience, a reminder that can
    still help. An approval that is so old that the plan would be another one does not count.
    """
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
        others = siblings(connection, seen)
    campaign = seen.campaign
    if campaign.state is LIVE:
        return nothing_to_do(seen, "is live already")
    refuse_other_states(seen, {DRAFT, APPROVED}, "be started")
    if campaign.state is DRAFT or campaign.approved_version != campaign.version:
        refuse_unanswered(seen)
        raise NotAllowed(seen.name, "is not approved", f"Look at it, then `reminder campaign approve {campaign_id}`.")
    facts = facts_from_now(desk, seen, now)
    steps = plan_of(seen, facts)
    refuse_to_send(seen, steps, now)
    refuse_another_plan(seen, steps)
    refuse_the_same_people(seen, others)
    values = dates(facts) | {
        "state": LIVE,
        "started_on": facts.start_on,
        "live_since": now,
        "plan_again_at": AT_ONCE,
    }
    apply(desk, seen, "campaign start", who, now, values=values, steps=steps)
    return Done(
        campaign_id=campaign_id,
        state=LIVE,
        sentences=(
            f"{seen.name} is live. Nothing that was due before now is sent.",
            *beside_in_words(others),
            *plan_in_words(steps),
        ),
        next=f"see who gets what with `reminder forecast {campaign_id}`",
    )


def pause(desk: Desk, campaign_id: int, *, who: str, now: datetime) -> Done:
    """Halt a live campaign: what has not left is taken back, and nothing is made up for by itself."""
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    if seen.campaign.state is PAUSED:
        return nothing_to_do(seen, "is paused already")
    refuse_other_states(seen, {LIVE}, "be paused")
    values = {"state": PAUSED, "plan_again_at": None}
    taken = apply(desk, seen, "campaign pause", who, now, values=values, withdraw=Reason.CAMPAIGN_PAUSED)
    return Done(
        campaign_id=campaign_id,
        state=PAUSED,
        sentences=(f"{seen.name} is paused; nothing more of it is sent.", *under_way(taken)),
        next=f"`reminder campaign resume {campaign_id}` when it may go on",
        batches=taken.batches,
        under_way=taken.under_way,
    )


def resume(desk: Desk, campaign_id: int, *, who: str, now: datetime, include_missed: bool = False) -> Done:
    """Go on from now. What fell due during the pause stays out.

    With `include_missed` what fell due within the catch-up window goes after all, where its last instant has not passed.
    Nobody gets the same reminder twice: promises that were kept stay kept.
    """
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    campaign = seen.campaign
    if campaign.state is LIVE:
        return nothing_to_do(seen, "is live already")
    refuse_other_states(seen, {PAUSED}, "be resumed")
    if campaign.approved_version != campaign.version:
        refuse_unanswered(seen)
        raise NotAllowed(
            seen.name,
            "was changed after it was approved",
            f"Look at it, then `reminder campaign approve {campaign_id}`.",
        )
    # A new letter that was approved during the pause has gone to nobody yet.
    approved_since = bool(campaign.approved_at and campaign.live_since and campaign.approved_at > campaign.live_since)
    steps = renewed(desk, seen, campaign.live_since, now) if approved_since else seen.steps
    refuse_to_send(seen, steps, now)
    refuse_another_plan(seen, steps)
    since, again = _since(desk, campaign, now, include_missed=include_missed)
    values = {"state": LIVE, "live_since": since, "plan_again_at": AT_ONCE}
    apply(desk, seen, "campaign resume", who, now, values=values, steps=steps, again_since=again)
    hours = desk.catch_up // timedelta(hours=1)
    made_up = (
        f"What fell due in the last {hours} hours goes now, as far as it is of use."
        if include_missed
        else "What fell due during the pause is not sent."
    )
    return Done(
        campaign_id=campaign_id,
        state=LIVE,
        sentences=(f"{seen.name} is live again. {made_up}",),
        next=f"see who gets what with `reminder forecast {campaign_id}`",
    )


def renewed(desk: Desk, seen: Look, since: datetime | None, now: datetime) -> list[StepPlan]:
    """The plan, in which a new letter that was asked for after `since`, and so has not gone yet, begins now."""
    asked = known_update(seen)
    if asked is None or since is None or asked.at <= since:
        return seen.steps
    again = Update(asked.round, now, local_day(now, seen.campaign.zone))
    if seen.campaign.default_plan:
        return plan_of(seen, facts_since_start(desk, seen, again))
    return [
        replace(step, anchor_at=again.at, anchor_on=again.on) if step.anchor_at == asked.at else step
        for step in seen.steps
    ]


def _since(desk: Desk, campaign: Campaign, now: datetime, *, include_missed: bool) -> tuple[datetime, datetime | None]:
    """From when on what is due goes, and from when on what was missed is planned again."""
    if not include_missed:
        return now, None
    since = max(now - desk.catch_up, campaign.live_since or now)
    return since, since


def close(desk: Desk, campaign_id: int, *, who: str, now: datetime) -> Done:
    """End a campaign early. What has not left is taken back; one that has begun gets its report."""
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    campaign = seen.campaign
    if campaign.state is CampaignState.CLOSED:
        return nothing_to_do(seen, "is closed already")
    refuse_other_states(seen, {DRAFT, APPROVED, LIVE, PAUSED}, "be closed")
    begun = campaign.started_on is not None
    values = {
        "state": CampaignState.CLOSED,
        "question": "",
        "plan_again_at": None,
        "ended_at": now,
        "report_due_at": now if begun else None,
    }
    taken = apply(desk, seen, "campaign close", who, now, values=values, withdraw=Reason.CAMPAIGN_CLOSED)
    return Done(
        campaign_id=campaign_id,
        state=CampaignState.CLOSED,
        sentences=(f"{seen.name} is closed; nothing more of it is sent.", *under_way(taken)),
        next=f"`reminder report {campaign_id}`" if begun else "`reminder campaign list`",
        batches=taken.batches,
        under_way=taken.under_way,
    )


def let_go(desk: Desk, campaign_id: int, *, who: str, now: datetime) -> Done:
    """Say go to what waits because more people get it than the campaign's limit allows."""
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    refuse_other_states(seen, {LIVE}, "send anything")
    refuse_to_send(seen, seen.steps, now)

    def work(connection: Connection) -> int:
        record(connection, desk.vault, who, "campaign let go", f"campaign:{campaign_id}", {}, now)
        return campaigns.let_go(connection, campaign_id, now)

    sendings = desk.database.write(work)
    if not sendings:
        return nothing_to_do(seen, "has no sending that waits for you")
    go = "1 sending of {} goes" if sendings == 1 else f"{sendings:,} sendings of {{}} go"
    return Done(
        campaign_id=campaign_id,
        state=LIVE,
        sentences=(f"{go.format(seen.name.lower())} now, or in the morning where it is night.",),
        next=f"see them with `reminder campaign show {campaign_id}`",
    )
