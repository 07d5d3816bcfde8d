"""Campaigns as organisers see them: how each stands, its plan, its sendings, what waits for them and the next command."""

from dataclasses import dataclass
from typing import Any

from reminder.domain.plan import channels_text
from reminder.domain.states import CampaignState, Channel, WaveState
from reminder.domain.waves import StepPlan
from reminder.errors import Trouble
from reminder.planning.desk import in_words, plan_in_words
from reminder.store import overview
from reminder.store.campaigns import steps_of
from reminder.store.database import Database
from reminder.store.overview import CampaignRow, Eye, SendingsCount

STATE_WORDS = {
    CampaignState.DRAFT: "draft",
    CampaignState.APPROVED: "approved",
    CampaignState.LIVE: "live",
    CampaignState.PAUSED: "paused",
    CampaignState.EXPIRED: "expired",
    CampaignState.STOPPED: "stopped",
    CampaignState.CLOSED: "closed",
}
SENDING_WORDS = {
    WaveState.PLANNED: "to come",
    WaveState.OPENING: "being made",
    WaveState.OPEN: "made",
    WaveState.SUPERSEDED: "skipped, a newer one went",
    WaveState.MISSED: "too late, not sent",
    WaveState.WITHDRAWN: "taken back",
    WaveState.WAITING: "waiting for you",
}
_CHANNEL_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}
_ENDED = frozenset({CampaignState.EXPIRED, CampaignState.STOPPED, CampaignState.CLOSED})


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign in a list. `waits`: what waits for an organiser, the most urgent first; `next`: what to do now."""

    row: CampaignRow
    waits: tuple[str, ...]
    next: str

    def to_json(self) -> dict[str, Any]:
        """For a program; days as ISO 8601."""
        row = self.row
        return {
            "campaign": row.campaign_id,
            "case": row.case_code,
            "title": row.title,
            "country": row.country,
            "state": row.state.name.lower(),
            "version": row.version,
            "approved": row.approved_version == row.version,
            "audience": list(row.audience),
            "zone": row.zone,
            "sending_limit": row.sending_limit,
            "deadline": row.deadline_on.isoformat() if row.deadline_on else None,
            "review_on": row.review_on.isoformat() if row.review_on else None,
            "post_by": row.post_by_on.isoformat() if row.post_by_on else None,
            "started_on": row.started_on.isoformat() if row.started_on else None,
            "waits_for_you": list(self.waits),
            "next": self.next,
        }

    def text(self) -> str:
        """For people, in one line."""
        row = self.row
        head = f"{row.campaign_id:>4}  {STATE_WORDS[row.state]:8}  {row.case_code:8}  {_until(row):34}  {_audience(row)}  {row.title[:50]}".rstrip()
        return f"{head}  waits: {'; '.join(self.waits)}" if self.waits else head


@dataclass(frozen=True, slots=True)
class CampaignView:
    """One campaign whole."""

    line: CampaignLine
    steps: tuple[StepPlan, ...]
    sendings: tuple[SendingsCount, ...]
    eye: Eye

    @property
    def next(self) -> str:
        """What to do now."""
        return self.line.next

    def to_json(self) -> dict[str, Any]:
        """For a program; days are local days, as ISO 8601."""
        return {
            **self.line.to_json(),
            "plan": [
                {
                    "step": step.step_key,
                    "day": step.local_on.isoformat(),
                    "hour": step.at_hour,
                    "channels": channels_text(step.channels).split(","),
                    "last_useful": step.last_useful,
                }
                for step in self.steps
            ],
            "sendings": [
                {
                    "step": each.step_key,
                    "channel": each.channel.name.lower(),
                    "state": each.state.name.lower(),
                    "sendings": each.sendings,
                    "first_day": each.first_on.isoformat(),
                    "last_day": each.last_on.isoformat(),
                    "reminders": each.opened,
                    "skipped": each.skipped,
                    "waiting": each.people if each.state is WaveState.WAITING else 0,
                    "left_out": 0 if each.state is WaveState.WAITING else each.people,
                }
                for each in self.sendings
            ],
            "unclear": self.eye.unclear,
            "set_aside": self.eye.set_aside,
        }

    def text(self) -> list[str]:
        """For people."""
        row = self.line.row
        approved = "approved" if row.approved_version == row.version else "not approved"
        lines = [
            f"Campaign {row.campaign_id} for case {row.case_code}: {row.title or 'without a title'}",
            f"  {STATE_WORDS[row.state]}, version {row.version} {approved}, {_until(row)}",
            f"  audience: {_audience(row)}; zone: {row.zone}"
            + (f"; more than {row.sending_limit:,} people wait for you" if row.sending_limit else ""),
        ]
        lines += [f"  started on {in_words(row.started_on)}"] if row.started_on else []
        lines += [f"  post by {in_words(row.post_by_on)}"] if row.post_by_on else []
        lines += ["Reminder plan:", *(f"  {each}" for each in plan_in_words(self.steps))]
        if not self.steps:
            lines.append("  no reminder")
        if self.sendings:
            lines += ["Sendings:", *(f"  {_sendings(each)}" for each in self.sendings)]
        if self.line.waits:
            lines += ["Waiting for you:", *(f"  {each}" for each in self.line.waits)]
        return lines


def list_campaigns(database: Database) -> list[CampaignLine]:
    """All campaigns, the oldest first."""
    with database.read() as connection:
        rows = overview.campaign_rows(connection)
        eyes = overview.eyes(connection)
    return [_line(row, eyes.get(row.campaign_id, Eye())) for row in rows]


def show_campaign(database: Database, campaign_id: int) -> CampaignView:
    """One campaign with its plan and its sendings by state; `Trouble` if there is none."""
    with database.read() as connection:
        rows = overview.campaign_rows(connection, campaign_id)
        if not rows:
            raise Trouble(f"Campaign {campaign_id}", "does not exist", "See them with `reminder campaign list`.")
        eye = overview.eyes(connection).get(campaign_id, Eye())
        steps = steps_of(connection, campaign_id)
        sendings = overview.sendings_by_state(connection, campaign_id)
    return CampaignView(_line(rows[0], eye), tuple(steps), tuple(sendings), eye)


def _line(row: CampaignRow, eye: Eye) -> CampaignLine:
    waiting = _waits(row, eye)
    return CampaignLine(row, tuple(said for said, _ in waiting), waiting[0][1] if waiting else _goes_on(row))


def _waits(row: CampaignRow, eye: Eye) -> list[tuple[str, str]]:
    """What waits for an organiser, each with the command that answers it."""
    number = row.campaign_id
    asked: list[tuple[bool, str, str]] = [
        (row.question == "redacted", "it has no text any more", "`reminder case add FILE`"),
        (row.question == "letter", "same letter or new letter?", f"`reminder case decide {row.case_code}`"),
        (row.case_questions, "its case waits for an answer", f"`reminder case decide {row.case_code}`"),
        (
            not row.audience,
            "its audience is empty, which is nobody",
            f"`reminder campaign create {row.case_code} --audience all`",
        ),
        (
            row.approved_version != row.version,
            "it is not approved",
            f"look at `reminder forecast {number}`, then `reminder campaign approve {number}`",
        ),
        (row.state is CampaignState.APPROVED, "it is not started", f"`reminder campaign start {number}`"),
        (row.state is CampaignState.PAUSED, "it is paused", f"`reminder campaign resume {number}`"),
        (not row.steps, "it has no reminder", f"look at `reminder forecast {number}`"),
        (
            bool(eye.waiting),
            f"{_count(eye.waiting, 'sending')} above its limit of {row.sending_limit:,} people",
            f"look at `reminder forecast {number}`, then `reminder campaign send {number}`",
        ),
    ]
    waiting = [] if row.state in _ENDED else [(said, then) for holds, said, then in asked if holds]
    look = "`reminder messages list`"
    waiting += [(f"{_count(eye.unclear, 'message')} unclear: may have arrived", look)] if eye.unclear else []
    waiting += [(f"{_count(eye.set_aside, 'message')} set aside", look)] if eye.set_aside else []
    return waiting


def _goes_on(row: CampaignRow) -> str:
    """What to do where nothing waits."""
    if row.state in _ENDED:
        return f"`reminder report {row.campaign_id}`" if row.started_on else "`reminder campaign list`"
    return f"see who gets what with `reminder forecast {row.campaign_id}`"


def _until(row: CampaignRow) -> str:
    if row.deadline_on:
        return f"until {in_words(row.deadline_on)}"
    return f"review on {in_words(row.review_on)}" if row.review_on else "no date"


def _audience(row: CampaignRow) -> str:
    return ", ".join(row.audience) or "nobody"


def _sendings(each: SendingsCount) -> str:
    """deadline-7d, email, Tue 22 Dec: 7 sendings made, 412 reminders, 3 skipped."""
    days = f"{each.first_on:%a} {each.first_on.day} {each.first_on:%b}"
    if each.last_on != each.first_on:
        days += f" to {each.last_on:%a} {each.last_on.day} {each.last_on:%b}"
    said = [f"{_count(each.sendings, 'sending')} {SENDING_WORDS[each.state]}"]
    said += [_count(each.opened, "reminder")] if each.opened or each.state is WaveState.OPEN else []
    said += [f"{each.skipped:,} skipped"] if each.skipped else []
    meant = _count(each.people, "person", "people")
    said += [meant if each.state is WaveState.WAITING else f"{meant} left out"] if each.people else []
    return f"{each.step_key}, {_CHANNEL_WORDS[each.channel]}, {days}: {', '.join(said)}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
