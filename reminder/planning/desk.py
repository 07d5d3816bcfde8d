"""What the organisers' services of a campaign share: looking at it whole, what speaks against sending, applying a change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, get_args

from reminder.domain.late import CATCH_UP
from reminder.domain.plan import PlanFacts, Update, Way, channels_text, default_plan, last_day, reach_of
from reminder.domain.states import CampaignState
from reminder.domain.times import last_reader_end, local_day
from reminder.domain.waves import StepPlan
from reminder.errors import Busy, NotAllowed, Trouble
from reminder.planning.post_days import PostDays, post_by
from reminder.store import campaigns, cases
from reminder.store.audit import record
from reminder.store.campaigns import Change, Connection
from reminder.store.database import Database
from reminder.store.tables import Campaign, CaseFile
from reminder.store.vault import Vault
from reminder.store.withdraw import Withdrawn


@dataclass(frozen=True, slots=True)
class Desk:
    """What an organiser's services work with. `from_country`: where the letters are posted (two letters)."""

    database: Database
    vault: Vault
    post_days: Sequence[PostDays]
    from_country: str
    catch_up: timedelta = CATCH_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a service did: sentences, and what to do now (to be printed after "next: ").

    `batches` were taken back; `under_way` messages are in a provider's hands and cannot be called back.
    """

    campaign_id: int
    state: CampaignState
    sentences: tuple[str, ...]
    next: str
    batches: int = 0
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """A campaign with its case, its plan and the ways in which the case's target can be reached."""

    campaign: Campaign
    case: CaseFile
    steps: list[StepPlan]
    reach: frozenset[Way]

    @property
    def campaign_id(self) -> int:
        return self.campaign.id or 0

    @property
    def name(self) -> str:
        return f"Campaign {self.campaign_id}"


def look(connection: Connection, campaign_id: int) -> Look:
    """The campaign as it is; `Trouble` if there is none."""
    campaign = campaigns.read_campaign(connection, campaign_id)
    if campaign is None:
        raise Trouble(f"Campaign {campaign_id}", "does not exist", "See them with `reminder campaign list`.")
    case = cases.read_case(connection, campaign.case_id)
    return Look(campaign, case, campaigns.steps_of(connection, campaign_id), reach(connection, campaign.case_id))


def reach(connection: Connection, case_id: int) -> frozenset[Way]:
    """How the target can be reached: as an organiser said, else as the newest document shows."""
    chain = cases.documents_of(connection, case_id)
    if not chain:
        return frozenset()
    newest = chain[-1].text
    if given := newest.answer("channels").split():
        return frozenset(way for way in get_args(Way) if way in given)
    return reach_of(newest.read.get("targets") or ())


def plan_facts(
    desk: Desk, case: CaseFile, ways: frozenset[Way], zone: str, start_at: datetime, update: Update | None = None
) -> PlanFacts:
    """What the default plan of a campaign in `zone` is made of. Where sending by the date counts, that is the post-by day."""
    by: date | None = None
    if case.deadline_on is not None and case.sent_by_counts:
        by = case.deadline_on
    elif case.deadline_on is not None and "post" in ways:
        known = post_by(desk.post_days, desk.from_country, case.country, case.deadline_on)
        by = known.on if known else None
    return PlanFacts(
        start_at=start_at,
        start_on=local_day(start_at, zone),
        deadline_on=case.deadline_on,
        review_on=case.review_on,
        reach=ways,
        post_by_on=by,
        sent_by_counts=case.sent_by_counts,
        update=update,
    )


def dates(facts: PlanFacts) -> dict[str, Any]:
    """What a campaign copies of its case's dates."""
    return {
        "deadline_on": facts.deadline_on,
        "review_on": facts.review_on,
        "post_by_on": facts.post_by_on,
        "expires_at": last_reader_end(facts.deadline_on) if facts.deadline_on else None,
    }


def facts_from_now(desk: Desk, seen: Look, now: datetime) -> PlanFacts:
    """The facts of a campaign that begins now."""
    return plan_facts(desk, seen.case, seen.reach, seen.campaign.zone, now)


def facts_since_start(desk: Desk, seen: Look, update: Update | None = None) -> PlanFacts:
    """The facts of a campaign that has begun, with its own start; `update`, else the new letter it already knows of."""
    campaign = seen.campaign
    began = next((step.anchor_at for step in seen.steps if step.anchor == "start"), None)
    return plan_facts(
        desk,
        seen.case,
        seen.reach,
        campaign.zone,
        began or campaign.live_since or campaign.created_at,
        update or known_update(seen),
    )


def known_update(seen: Look) -> Update | None:
    """The new letter that the plan asks for; None before the first."""
    found = next((step for step in reversed(seen.steps) if step.anchor == "update" and step.anchor_at), None)
    return Update(seen.campaign.round, found.anchor_at, found.anchor_on) if found and found.anchor_at else None


def plan_of(seen: Look, facts: PlanFacts) -> list[StepPlan]:
    """The default plan of these facts; of a plan made by hand the same steps with the dates of these facts."""
    if seen.campaign.default_plan:
        return default_plan(facts)
    dated = {
        "start": facts.start_on,
        "deadline": facts.deadline_on,
        "review": facts.review_on,
        "post-by": facts.post_by_on,
    }
    return [
        replace(
            step,
            anchor_on=dated.get(step.anchor) or step.anchor_on,
            anchor_at=facts.start_at if step.anchor == "start" else step.anchor_at,
            until_on=last_day(facts),
        )
        for step in seen.steps
    ]


def refuse_another_plan(seen: Look, steps: Sequence[StepPlan]) -> None:
    """Raise `NotAllowed` if `steps` are more than the dates, or fewer, of what was approved."""
    if not _essence(steps) <= _essence(seen.steps):
        raise NotAllowed(
            seen.name,
            "was approved so long ago that its reminders would be others",
            f"Look at it again, then `reminder campaign approve {seen.campaign_id}`.",
        )


def _essence(steps: Sequence[StepPlan]) -> set[tuple[object, ...]]:
    """What an approval is about, beside the text: which reminders, at which hour, by which channels."""
    return {(step.step_key, step.at_hour, step.channels) for step in steps}


def refuse_to_send(seen: Look, steps: Sequence[StepPlan], now: datetime) -> None:
    """Raise `NotAllowed` for the first thing that speaks against sending anything of this campaign."""
    campaign, case = seen.campaign, seen.case
    if case.stopped_at is not None:
        raise NotAllowed(f"Case {case.code}", "was stopped", "Nobody is asked to write for a stopped case.")
    if case.questions:
        codes = ", ".join(question["code"] for question in case.questions)
        raise NotAllowed(
            f"Case {case.code}", f"waits for an answer ({codes})", f"Answer with `reminder case decide {case.code}`."
        )
    refuse_unanswered(seen)
    if not campaign.audience:
        raise NotAllowed(
            seen.name,
            "has an empty audience, which is nobody",
            "Create one with `--audience`, such as `--audience all`.",
        )
    if case.deadline_on is not None and local_day(now, campaign.zone) > case.deadline_on:
        raise NotAllowed(
            seen.name,
            f"had its last day on {in_words(case.deadline_on)}: expired on arrival, nobody is reminded",
            f"If it was extended: `reminder case deadline {case.code} --until DATE --because SOURCE`.",
        )
    if not steps:
        raise NotAllowed(
            seen.name,
            "has no reminder left: a letter that is posted now cannot arrive by the deadline",
            f"Say that sending by the date is enough, or add a faster way to reach the target, of case {case.code}.",
        )


def refuse_unanswered(seen: Look) -> None:
    """Raise `NotAllowed` if the campaign waits for "same letter or new letter", or for a text."""
    if seen.campaign.question == "redacted":
        raise NotAllowed(seen.name, "has no text any more", "Add a new document with `reminder case add FILE`.")
    if seen.campaign.question:
        raise NotAllowed(
            seen.name,
            "must be told whether the letter is the same or new",
            f"Answer with `reminder case decide {seen.case.code}`.",
        )


def apply(desk: Desk, seen: Look, what: str, who: str, now: datetime, **change: Any) -> Withdrawn:
    """Apply a `Change` (its fields but id, state and version) to the campaign as it was seen, on record as `what`.

    Raises `Busy` if somebody else changed it meanwhile; then nothing was written.
    """
    wanted = Change(seen.campaign_id, seen.campaign.state, seen.campaign.version, **change)

    def work(connection: Connection) -> Withdrawn:
        withdrawn = campaigns.change_campaign(connection, wanted, now)
        if withdrawn is None:
            raise Busy(seen.name, "was changed by somebody else meanwhile", "Look at it, then try again.")
        record(connection, desk.vault, who, what, f"campaign:{seen.campaign_id}", {}, now)
        return withdrawn

    return desk.database.write(work)


def in_words(day: date) -> str:
    """Tuesday 29 December 2020."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def under_way(withdrawn: Withdrawn) -> tuple[str, ...]:
    """A sentence on what cannot be called back; none if there is nothing."""
    if not withdrawn.under_way:
        return ()
    return (f"{withdrawn.under_way} messages were already being handed over and cannot be called back.",)


def refuse_other_states(seen: Look, allowed: set[CampaignState], what: str) -> None:
    """Raise `NotAllowed` unless the campaign is in one of the states `allowed`."""
    state = seen.campaign.state
    if state not in allowed:
        raise NotAllowed(
            seen.name, f"is {state.name.lower()} and cannot {what}", "See it with `reminder campaign list`."
        )


def nothing_to_do(seen: Look, why: str) -> Done:
    """The answer to a move that was made already."""
    return Done(
        campaign_id=seen.campaign_id,
        state=seen.campaign.state,
        sentences=(f"{seen.name} {why}; nothing was changed.",),
        next=f"see it with `reminder campaign show {seen.campaign_id}`",
    )


def plan_in_words(steps: Sequence[StepPlan]) -> list[str]:
    """One line for each reminder."""
    return [
        f"{in_words(step.local_on)}, {step.at_hour:02d}:00 local time, {channels_text(step.channels)} ({step.step_key})"
        for step in steps
    ]
