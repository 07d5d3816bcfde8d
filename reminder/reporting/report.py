"""A report as values. `to_json` is what is kept of each version, and what `report --format json` prints.

Dates are ISO, instants UTC. A breakdown is null where it would give single people away; within one, a count may be the
words "fewer than 10" or "not shown". Nothing in a report names a supporter; unclear messages are named by their id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from reminder.domain.states import CampaignState, Reason
from reminder.reporting.small_counts import Breakdown, Hidden
from reminder.reporting.text_costs import TextsLine
from reminder.reporting.words import BY_REASON, TAKEN, Line


@dataclass(frozen=True, slots=True)
class CaseLine:
    """Whose report it is. Empty where the documents do not say."""

    code: str
    key: str
    number: str
    index: str
    title: str
    organisation: str
    country: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document of the chain. `deadline` is what the text was read to say, `given` what an organiser said."""

    place: int
    kind: str
    number: str
    index: str
    issued_on: str
    deadline: str
    phrase: str
    given: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the plan on one date. `people` had a reminder of it taken by a provider, each counted once."""

    key: str
    words: str
    on: date | None
    people: int
    by_channel: Breakdown
    lines: Mapping[Line, int]
    superseded: int = 0
    missed: int = 0
    over_limit: int = 0


@dataclass(frozen=True, slots=True)
class LettersLine:
    """Letters that supporters say they wrote: in time (`total`, by `people` different people), and late ones apart."""

    total: int
    people: int
    late: int
    by_way: Breakdown


@dataclass(frozen=True, slots=True)
class End:
    """How a campaign stands: when it ended, who ended it and why, where somebody did."""

    state: CampaignState
    words: str
    on_arrival: bool
    started_on: date | None = None
    at: datetime | None = None
    by: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What an appeal came to. `version` 0 is a look that was not kept; `final` when it ended and nothing is open any more.

    `lines` add up to the promises of the ledger; `superseded`, `missed_sendings` and `over_limit` count people of sendings
    that were never opened. `unclear_messages` are the ids of the first thousand,
    `possibly_twice` of those that were sent again although they may have arrived.
    """

    campaign_id: int
    version: int
    final: bool
    made_at: datetime
    case: CaseLine
    zone: str
    deadline_on: date | None
    deadline_printed: str
    deadline_because: str
    review_on: date | None
    documents: tuple[DocumentLine, ...]
    end: End
    reminded: int
    left: int
    by_country: Breakdown
    by_language: Breakdown
    steps: tuple[StepLine, ...]
    lines: Mapping[Line, int]
    reasons: Mapping[tuple[Line, Reason], int]
    superseded: int
    missed_sendings: int
    over_limit: int
    unclear_messages: tuple[int, ...]
    possibly_twice: tuple[int, ...]
    letters: LettersLine
    outcome: str
    outcome_on: date | None
    still_open: tuple[str, ...]
    texts: TextsLine = field(default_factory=TextsLine)

    @property
    def promised(self) -> int:
        """How many promises were made."""
        return sum(self.lines.values())

    @property
    def accepted(self) -> int:
        """How many reminders a provider took."""
        return sum(self.lines.get(line, 0) for line in TAKEN)

    def as_version(self, version: int, *, final: bool) -> "Report":
        """The same as a version that is kept."""
        return replace(self, version=version, final=final)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a program."""
        return {
            "campaign": self.campaign_id,
            "version": self.version,
            "final": self.final,
            "made_at": self.made_at.isoformat(),
            "case": _fields(self.case),
            "zone": self.zone,
            "deadline": {
                "on": _day(self.deadline_on),
                "printed": self.deadline_printed,
                "because": self.deadline_because,
                "review_on": _day(self.review_on),
            },
            "documents": [_fields(document) for document in self.documents],
            "state": _end_json(self.end),
            "people": {
                "reminded": self.reminded,
                "left": self.left,
                "by_country": _shown(self.by_country),
                "by_language": _shown(self.by_language),
            },
            "steps": [_step_json(step) for step in self.steps],
            "reminders": {
                "promised": self.promised,
                "accepted": self.accepted,
                "lines": _lines_json(self.lines),
                "reasons": {line.value: self._reasons_of(line) for line in BY_REASON},
                "superseded_people": self.superseded,
                "missed_people": self.missed_sendings,
                "over_limit_people": self.over_limit,
                "unclear_messages": list(self.unclear_messages),
                "possibly_twice": list(self.possibly_twice),
            },
            "texts": self.texts.to_json(),
            "letters": _fields(self.letters) | {"by_way": _shown(self.letters.by_way)},
            "outcome": {"words": self.outcome, "known_on": _day(self.outcome_on)},
            "still_open": list(self.still_open),
        }

    def _reasons_of(self, line: Line) -> dict[str, int]:
        return {reason.name.lower(): count for (of, reason), count in self.reasons.items() if of is line}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _shown(counts: Breakdown) -> dict[str, int | str] | None:
    if counts is None:
        return None
    return {name: count.value if isinstance(count, Hidden) else count for name, count in counts.items()}


def _lines_json(lines: Mapping[Line, int]) -> dict[str, int]:
    return {line.value: lines.get(line, 0) for line in Line}


def _end_json(end: End) -> dict[str, Any]:
    return {
        "name": end.state.name.lower(),
        "words": end.words,
        "expired_on_arrival": end.on_arrival,
        "started_on": _day(end.started_on),
        "ended_at": end.at.isoformat() if end.at else None,
        "by": end.by,
        "because": end.because,
    }


def _step_json(step: StepLine) -> dict[str, Any]:
    return {
        "step": step.key,
        "words": step.words,
        "on": _day(step.on),
        "people": step.people,
        "by_channel": _shown(step.by_channel),
        "lines": _lines_json(step.lines),
        "superseded_people": step.superseded,
        "missed_people": step.missed,
        "over_limit_people": step.over_limit,
    }
