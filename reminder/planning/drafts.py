"""Drafts of campaigns: what nobody has approved yet, and nothing of which is due."""

from collections.abc import Callable, Sequence
from datetime import datetime

from reminder.domain.cost import Money
from reminder.domain.plan import default_plan
from reminder.domain.scopes import ALL, country_scope, list_scope, topic_scope
from reminder.domain.states import CampaignState
from reminder.domain.times import is_zone, local_day
from reminder.domain.waves import StepPlan
from reminder.errors import NotAllowed, Trouble
from reminder.planning.desk import Desk, Done, dates, in_words, look, plan_facts, plan_in_words, reach
from reminder.store import campaigns, cases
from reminder.store.audit import record
from reminder.store.budget import read_budget, set_budget
from reminder.store.campaigns import Connection
from reminder.store.tables import Campaign, CaseFile


def _case_scope(name: str) -> str:
    return f"case:{name}"


_AUDIENCES: dict[str, Callable[[str], str]] = {
    "country": country_scope,
    "topic": topic_scope,
    "list": list_scope,
    "case": _case_scope,
}


def create(
    desk: Desk,
    case_id: int,
    audience: Sequence[str],
    *,
    who: str,
    now: datetime,
    zone: str = "",
    named: bool = False,
    sending_limit: int = 0,
    sms_budget: Money | None = None,
) -> Done:
    """A draft with the default plan of the case, as if it began now. Sends nothing.

    `audience` such as "all", "country:CN", "list:london"; an empty one means nobody. `zone` '' is the case's. `named`
    allows the person's name where the subscriber does, too. `sending_limit` 0 is no limit. `sms_budget` is what it may
    spend on texts, None what they cost.
    """
    scopes = read_audience(audience)
    if zone and not is_zone(zone):
        raise Trouble("The zone", "is not known", "Name one such as Europe/London.")
    with desk.database.read() as connection:
        case = cases.read_case(connection, case_id)
        ways = reach(connection, case_id)
    _refuse_over(case, zone or case.zone, now)
    new = Campaign(
        case_id=case_id,
        zone=zone or case.zone,
        audience=scopes,
        named=named,
        sending_limit=sending_limit,
        created_at=now,
    )
    facts = plan_facts(desk, case, ways, new.zone, now)
    for column, value in dates(facts).items():
        setattr(new, column, value)
    return _keep_draft(desk, case, new, default_plan(facts), who, now, sms_budget)


def _refuse_over(case: CaseFile, zone: str, now: datetime) -> None:
    """A campaign of a case that is over could only ever be refused later."""
    if case.stopped_at is not None:
        raise NotAllowed(f"Case {case.code}", "was stopped", "Nobody is asked to write for a stopped case.")
    if case.deadline_on is not None and local_day(now, zone) > case.deadline_on:
        raise NotAllowed(
            f"Case {case.code}",
            f"had its last day on {in_words(case.deadline_on)}: expired on arrival, nobody is reminded",
            f"If it was extended: `reminder case deadline {case.code} --until DATE --because SOURCE`.",
        )


def clone(desk: Desk, campaign_id: int, *, who: str, now: datetime) -> Done:
    """A new draft for the same case and audience, with nothing due and nobody's letter counted."""
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
        budget = read_budget(connection, campaign_id)
    old = seen.campaign
    return create(
        desk,
        old.case_id,
        old.audience,
        who=who,
        now=now,
        zone=old.zone,
        named=old.named,
        sending_limit=old.sending_limit,
        sms_budget=budget.amount if budget else None,
    )


def _keep_draft(
    desk: Desk,
    case: CaseFile,
    new: Campaign,
    steps: Sequence[StepPlan],
    who: str,
    now: datetime,
    sms_budget: Money | None,
) -> Done:
    def work(connection: Connection) -> int:
        made = campaigns.create_campaign(connection, new, steps)
        if sms_budget is not None:
            set_budget(connection, made, sms_budget)
        record(connection, desk.vault, who, "campaign create", f"campaign:{made}", {}, now)
        return made

    campaign_id = desk.database.write(work)
    said = [f"Campaign {campaign_id} is a draft; nothing is sent.", *plan_in_words(steps)]
    said += [f"It may spend {sms_budget.words()} on texts."] if sms_budget is not None else []
    then = f"look at `reminder forecast {campaign_id}`, then `reminder campaign approve {campaign_id}`"
    if not new.audience:
        said.append("Its audience is empty: that is nobody.")
        then = f"create one for somebody with `reminder campaign create {case.code} --audience all`"
    return Done(campaign_id=campaign_id, state=CampaignState.DRAFT, sentences=tuple(said), next=then)


def read_audience(audience: Sequence[str]) -> list[str]:
    """The scopes that people typed, each once; `Trouble` for one that is none."""
    scopes = []
    for typed in audience:
        kind, _, name = typed.strip().partition(":")
        if typed.strip() != ALL and (kind not in _AUDIENCES or not name.strip()):
            raise Trouble(
                "The audience",
                "has a part that is none of all, country:…, topic:…, list:…",
                "Name some such as all, country:CN or list:london.",
            )
        scopes.append(ALL if typed.strip() == ALL else _AUDIENCES[kind](name.strip()))
    return list(dict.fromkeys(scopes))
