"""What goes into the services of a case and what comes out: values for programs, sentences for people.

Every result has `sentences` (what happened) and `next` (what to do now, to be printed after "next: ").
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from reminder.domain.case_facts import Question
from reminder.domain.states import CampaignState


@dataclass(frozen=True, slots=True)
class Supplied:
    """What an organiser says beside the document. None and empty: nothing was said.

    `case` puts the document into this case, whatever its numbers say. `channels` are the ways by which a letter can
    reach its target (post, email, fax, phone, form, embassy). A deadline is refused where the document prints another
    one with certainty; the other things go before what was read.
    """

    case: str = ""
    deadline: date | None = None
    because: str = ""
    review_on: date | None = None
    zone: str = ""
    ua_number: str = ""
    organisation: str = ""
    country: str = ""
    topics: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    sent_by_counts: bool | None = None
    names: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCase:
    """A case after a change.

    `changed` names what is different now: document, deadline, review, number, organisation, country, title, topics,
    zone, channels, sent_by_counts, questions, outcome; empty when nothing is. Campaigns copy their dates from the case:
    whoever composes the services calls planning unless it is empty. `asked` are campaigns that wait for "same letter or
    new letter"; `drafts` those that must be approved again; `under_way` messages could not be taken back.
    """

    case_id: int
    code: str
    changed: frozenset[str] = frozenset()
    questions: tuple[Question, ...] = ()
    asked: tuple[int, ...] = ()
    drafts: tuple[int, ...] = ()
    under_way: int = 0
    sentences: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedCase(ChangedCase):
    """A document that was added. `place` of `length` in the chain, 1 is the oldest.

    `new_document` is False when the same file was there already. `expired_on_arrival`: its last day was past when it
    came, so no campaign may start. `proposed_outcome` is what the document says of how it ended, for a person to judge.
    """

    new_case: bool
    new_document: bool
    is_newest: bool
    place: int
    length: int
    expired_on_arrival: bool
    proposed_outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedCase(ChangedCase):
    """A stopped case. `campaigns` were stopped now; `reminded` people had been reminded before.

    `note_campaigns` are those whose reminded people are to get the neutral note, empty unless it was asked for.
    """

    already: bool
    campaigns: tuple[int, ...]
    reminded: int
    note_campaigns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCase(ChangedCase):
    """Answers that were kept. `letter` ("same", "new" or empty) is for the campaigns that wait for it: pass it on to
    planning. `stopped` is set where an answer ended the appeal."""

    letter: str = ""
    stopped: StoppedCase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedCase(ChangedCase):
    """A case without its texts; `documents` were emptied, `asked` campaigns wait for a new text."""

    documents: int


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of `case list`. `state`: open, waiting for you, deadline passed, stopped, texts removed."""

    case_id: int
    code: str
    number: str
    title: str
    country: str
    deadline_on: date | None
    review_on: date | None
    state: str
    questions: int
    documents: int
    campaigns: tuple[tuple[int, CampaignState], ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document of a chain. `deadline` is the day its text prints, `given` what an organiser added to it."""

    place: int
    file_name: str
    kind: str
    title: str
    issued_on: date | None
    added_at: datetime
    deadline: date | None
    deadline_phrase: str
    given: dict[str, str]
    warnings: tuple[dict[str, str], ...]
    read: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """A campaign as its case shows it; `question` is what it waits for."""

    campaign_id: int
    state: CampaignState
    audience: tuple[str, ...]
    question: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with its chain, oldest document first; `deadline_because` is the source of a deadline that was given."""

    line: CaseLine
    organisation: str
    topics: tuple[str, ...]
    zone: str
    deadline_because: str
    sent_by_counts: bool
    stopped_at: datetime | None
    stopped_because: str
    redacted_at: datetime | None
    outcome_at: datetime | None
    questions: tuple[Question, ...]
    documents: tuple[DocumentLine, ...]
    campaigns: tuple[CampaignSummary, ...]
    sentences: tuple[str, ...]
    next: str
