"""The sentences in which organisers are told what happened to a case, and what to do next."""

from collections.abc import Sequence
from datetime import date

from reminder.domain.case_facts import Question
from reminder.domain.cases import key_in_words
from reminder.domain.states import CampaignState
from reminder.intake.cases.answers import is_answerable
from reminder.store.case_moves import Asked
from reminder.store.cases import CampaignLine
from reminder.store.tables import CaseFile

_ENDED = frozenset({CampaignState.EXPIRED, CampaignState.STOPPED, CampaignState.CLOSED})


def name_of(row: CaseFile) -> str:
    """A case as organisers know it: code, number and title."""
    title = f", {row.title}" if row.title else ""
    return f"Case {row.code} ({key_in_words(row.key)}{title})"


def day_in_words(day: date) -> str:
    """Tuesday 29 December 2020."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def until(row: CaseFile, *, expired: bool) -> str:
    """Until when people may write, as far as the case says."""
    if row.deadline_on is None:
        return f"No deadline; look again on {day_in_words(row.review_on)}." if row.review_on else "No deadline yet."
    if expired:
        return f"The last day was {day_in_words(row.deadline_on)}: the deadline has passed, nobody is reminded."
    source = f" Source: {row.deadline_because}." if row.deadline_because else ""
    return f"People may write until {day_in_words(row.deadline_on)}, that whole day included.{source}"


def waiting(questions: tuple[Question, ...]) -> list[str]:
    """One sentence for each question, and the form of its answer; what is answered by a deed says which."""
    return [f"Waiting for you, {q.code}: {q.question} {_answer(q)}." for q in questions]


def _answer(question: Question) -> str:
    typed = question.answer
    return f"Answer with {typed}" if is_answerable(question.code) else f"{typed[:1].upper()}{typed[1:]}"


def asked_in_words(asked: Asked) -> list[str]:
    """What became of the campaigns of a changed case."""
    said = []
    if asked.campaigns:
        said.append(
            f"{_campaigns(asked.campaigns)} must be told whether the letter is the same (who wrote stays quiet) or new"
            " (everybody is asked again). What was about to be sent was taken back; nothing goes until you answer."
        )
    if asked.drafts:
        said.append(f"{_campaigns(asked.drafts)} must be approved again.")
    return said + under_way(asked.under_way)


def under_way(messages: int) -> list[str]:
    """A sentence on what could not be taken back; none if there is nothing."""
    if not messages:
        return []
    return [f"{count(messages, 'message was', 'messages were')} already being handed over and cannot be called back."]


def count(number: int, one: str, many: str) -> str:
    """ "1 message was", "1,234 messages were"."""
    return f"{number:,} {one if number == 1 else many}"


def stopped_campaigns(ids: tuple[int, ...]) -> str:
    """Which campaigns were stopped."""
    if not ids:
        return "No campaign had to be stopped."
    return f"{_campaigns(ids)} stopped; nothing of {'it' if len(ids) == 1 else 'them'} is sent any more."


def going_on(ids: tuple[int, ...]) -> str:
    """Which campaigns an outcome leaves as they are; '' where there is none."""
    goes = "goes" if len(ids) == 1 else "go"
    return f"{_campaigns(ids)} {goes} on: an outcome ends no appeal." if ids else ""


def texts_removed(documents: int) -> str:
    """What a removal came to; `documents` had texts until now."""
    if not documents:
        return "its texts were removed before; there was nothing left to remove."
    return f"the texts, names and files of {count(documents, 'document was', 'documents were')} removed."


def paused(ids: tuple[int, ...]) -> list[str]:
    """A sentence on the campaigns that wait for a new text; none where there is none."""
    return [f"{_campaigns(ids)} {'waits' if len(ids) == 1 else 'wait'} for a new text."] if ids else []


def next_step(
    row: CaseFile,
    questions: tuple[Question, ...],
    asked: Asked,
    *,
    expired: bool,
    campaigns: Sequence[CampaignLine] = (),
) -> str:
    """What an organiser does now with a case that was added or changed; `campaigns` are all that it has."""
    codes = {question.code for question in questions}
    if "redacted" in codes:
        return "add a text that people may see with `reminder case add FILE`"
    if questions:
        return f"answer with `reminder case decide {row.code}`"
    if row.stopped_at:
        return f"see it with `reminder case show {row.code}`"
    if asked.campaigns:
        return f"say whether the letter is the same or new with `reminder case decide {row.code}`"
    if expired:
        return f"if it was extended, `reminder case deadline {row.code} --until DATE --because SOURCE`"
    if asked.drafts:
        return f"check and approve it again with `reminder campaign approve {asked.drafts[0]}`"
    if open_ones := [campaign.id for campaign in campaigns if campaign.state not in _ENDED]:
        return f"see it with `reminder campaign show {open_ones[-1]}`"
    return f"`reminder campaign create {row.code} --audience all`"


def _campaigns(ids: tuple[int, ...]) -> str:
    return f"Campaign {ids[0]}" if len(ids) == 1 else f"Campaigns {', '.join(map(str, ids))}"
