"""What a changed case does to its campaigns: new dates, a new plan, and the question "same letter or new letter?".

A change of content takes the approval back, in every state; nothing goes until an organiser has answered and approved.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from reminder.domain.plan import AT_HOUR, EMAIL, PlanFacts, Update, last_day, step_key
from reminder.domain.states import CampaignState, Reason
from reminder.domain.times import local_day
from reminder.domain.waves import StepPlan
from reminder.errors import NotAllowed
from reminder.planning.desk import (
    Desk,
    Done,
    Look,
    apply,
    dates,
    facts_from_now,
    facts_since_start,
    in_words,
    look,
    plan_in_words,
    plan_of,
    under_way,
)
from reminder.store import campaigns
from reminder.store.campaigns import AT_ONCE

# What a case may change without changing what its campaigns say, when, or by which way.
NO_CONTENT = frozenset({"questions", "outcome", "topics", "zone", "stopped"})
_OPEN = frozenset({CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.LIVE, CampaignState.PAUSED})


def case_changed(desk: Desk, case_id: int, changed: Collection[str], *, who: str, now: datetime) -> list[Done]:
    """Bring the campaigns of a case to its new facts. `changed` names what is different, as the services of cases say it.

    Steps keep their promises where their date stays; of a moved date nothing is kept, and what is past is not made up
    for. What had not left is taken back, the approval too. An expired campaign follows only where its question (a later
    deadline) lets an organiser reopen it.
    """
    if not set(changed) - NO_CONTENT:
        return []
    with desk.database.read() as connection:
        seen = [look(connection, campaign.id or 0) for campaign in campaigns.read_campaigns(connection, case_id)]
    return [_follow(desk, one, changed, who, now) for one in seen if _follows(one)]


def _follows(seen: Look) -> bool:
    reopens = seen.campaign.state is CampaignState.EXPIRED and seen.campaign.question == "letter"
    return seen.campaign.state in _OPEN or reopens


def _follow(desk: Desk, seen: Look, changed: Collection[str], who: str, now: datetime) -> Done:
    campaign = seen.campaign
    begun = campaign.started_on is not None
    facts = facts_since_start(desk, seen) if begun else facts_from_now(desk, seen, now)
    steps = plan_of(seen, facts)
    state = CampaignState.DRAFT if campaign.state is CampaignState.APPROVED else campaign.state
    values: dict[str, Any] = dates(facts) | {"state": state, "version": campaign.version + 1}
    withdraw: Reason | None = None
    if begun and campaign.state is not CampaignState.EXPIRED:
        moved = {"deadline", "review"} & set(changed)
        withdraw = Reason.DEADLINE_MOVED if moved else Reason.DOCUMENT_CHANGED
    # What ended with the old deadline expires again only once an organiser has reopened it.
    taken = apply(desk, seen, "campaign change", who, now, values=values, steps=steps, withdraw=withdraw)
    return Done(
        campaign_id=seen.campaign_id,
        state=state,
        sentences=(*_dates_in_words(seen, facts, now), *plan_in_words(steps), *under_way(taken)),
        next=_next(seen),
        batches=taken.batches,
        under_way=taken.under_way,
    )


def _dates_in_words(seen: Look, facts: PlanFacts, now: datetime) -> list[str]:
    said = [f"{seen.name} has changed: its approval counts no more, nothing goes until it is approved again."]
    if facts.deadline_on is not None and local_day(now, seen.campaign.zone) > facts.deadline_on:
        said.append(f"Its last day was {in_words(facts.deadline_on)}: nobody is reminded any more.")
    elif facts.deadline_on is not None:
        said.append(f"People may write until {in_words(facts.deadline_on)}.")
    return said


def _next(seen: Look) -> str:
    if seen.campaign.question:
        return f"say whether the letter is the same or new with `reminder case decide {seen.case.code}`"
    return f"look at it, then `reminder campaign approve {seen.campaign_id}`"


def answer_question(desk: Desk, campaign_id: int, answer: Literal["same", "new"], *, who: str, now: datetime) -> Done:
    """Same letter: who wrote stays quiet. New letter: the next round begins, everybody is asked again by a step of its own.

    A campaign that had expired is reopened, paused, if its new deadline lies ahead. Raises `NotAllowed` if the campaign
    did not ask.
    """
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    campaign = seen.campaign
    if campaign.question != "letter":
        raise NotAllowed(seen.name, "did not ask this", f"See it with `reminder campaign show {campaign_id}`.")
    facts, steps, round_now = _answered(desk, seen, answer, now)
    state = campaign.state
    values: dict[str, Any] = dates(facts) | {"question": "", "round": round_now}
    if steps != seen.steps:
        values["version"] = campaign.version + 1
    if state is CampaignState.LIVE:
        values |= {"live_since": now, "plan_again_at": AT_ONCE}
    elif state is CampaignState.EXPIRED and _lies_ahead(facts, seen, now):
        state = CampaignState.PAUSED
        values |= {"state": state, "ended_at": None, "report_due_at": None}
    apply(desk, seen, f"campaign letter {answer}", who, now, values=values, steps=steps)
    approved = values.get("version", campaign.version) == campaign.approved_version
    said = (
        "The letter is the same: who wrote stays quiet."
        if answer == "same"
        else "A new letter: everybody is asked again."
    )
    return Done(
        campaign_id=campaign_id,
        state=state,
        sentences=(f"{seen.name}: {said}", *plan_in_words(steps)),
        next=_after_answer(campaign_id, state, approved=approved),
    )


def answer_case(desk: Desk, case_id: int, answer: Literal["same", "new"], *, who: str, now: datetime) -> list[Done]:
    """The same answer to every campaign of a case that asks, whenever it was asked; none if none does."""
    with desk.database.read() as connection:
        asking = [c.id or 0 for c in campaigns.read_campaigns(connection, case_id) if c.question == "letter"]
    return [answer_question(desk, campaign_id, answer, who=who, now=now) for campaign_id in asking]


def _answered(desk: Desk, seen: Look, answer: str, now: datetime) -> tuple[PlanFacts, list[StepPlan], int]:
    campaign = seen.campaign
    if answer == "same":
        facts = facts_since_start(desk, seen)
        return facts, plan_of(seen, facts), campaign.round
    update = Update(campaign.round + 1, now, local_day(now, campaign.zone))
    facts = facts_since_start(desk, seen, update)
    steps = plan_of(seen, facts)
    if not campaign.default_plan:
        key = step_key(f"update-{update.round}", 0)
        asked = StepPlan(key, "update", update.on, 0, AT_HOUR, EMAIL, anchor_at=now, until_on=last_day(facts))
        steps = sorted([*steps, asked], key=lambda step: step.local_on)
    return facts, steps, update.round


def _lies_ahead(facts: PlanFacts, seen: Look, now: datetime) -> bool:
    return facts.deadline_on is None or facts.deadline_on >= local_day(now, seen.campaign.zone)


def _after_answer(campaign_id: int, state: CampaignState, *, approved: bool) -> str:
    if state is CampaignState.EXPIRED:
        return f"its deadline has passed; `reminder report {campaign_id}`"
    if not approved:
        return f"look at it, then `reminder campaign approve {campaign_id}`"
    if state is CampaignState.PAUSED:
        return f"`reminder campaign resume {campaign_id}`"
    return f"it goes on; see `reminder forecast {campaign_id}`"
