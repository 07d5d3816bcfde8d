"""What a case says, worked out from its documents alone, and what an organiser must answer before anything goes.

The newest document wins. It alone says until when people may write: an older deadline stands only if an organiser says
so. What names the case (organisation, country, title) is taken from the newest document that says it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reminder.domain.cases import IssuedText, chain_keys, keys_of
from reminder.domain.chain import Chain, in_order
from reminder.domain.documents import INFORMING, DeadlineKind, DocumentKind, Doubt, DoubtCode

DEADLINE_DOUBTS = frozenset(
    {
        *(DoubtCode.NO_DEADLINE, DoubtCode.NO_YEAR, DoubtCode.TWO_DIGIT_YEAR, DoubtCode.AMBIGUOUS_DATE),
        *(DoubtCode.NO_SUCH_DAY, DoubtCode.MISSPELT_MONTH, DoubtCode.UNREADABLE_DATE, DoubtCode.WRONG_WEEKDAY),
        *(DoubtCode.RELATIVE_DATE, DoubtCode.OPEN_ENDED, DoubtCode.DATE_RANGE, DoubtCode.NEGATED),
        *(DoubtCode.LATE_SENTENCE_DATE, DoubtCode.DEADLINES_DIFFER, DoubtCode.BEFORE_ISSUE),
        *(DoubtCode.SHORT_WINDOW, DoubtCode.LONG_WINDOW, DoubtCode.FAR_DEADLINE),
    }
)
_ASKED_BY = {
    DoubtCode.NUMBERS_DIFFER: "number",
    DoubtCode.ODD_NUMBER: "number",
    DoubtCode.ISSUE_DATES_DIFFER: "issued",
    DoubtCode.UNCERTAIN_ISSUE_DATE: "issued",
    DoubtCode.NO_NAME: "names",
    DoubtCode.NAME_WITHOUT_LABEL: "names",
    DoubtCode.NAMES_DIFFER: "names",
    DoubtCode.NO_TARGET: "channels",
    DoubtCode.TARGET_UNCERTAIN: "channels",
    DoubtCode.CLOSED: "ended",
}
# Asked of a case as a whole: an earlier document may say what a later one leaves out.
_ASKED_OF_THE_CASE = {
    "organisation": DoubtCode.NO_ORGANISATION,
    "country": DoubtCode.NO_COUNTRY,
    "number": DoubtCode.NO_NUMBER,
}
AS_READ = "ok"  # the answer of an organiser who found the reading right
DAY_FORM = "a day such as 2020-12-29"


@dataclass(frozen=True, slots=True)
class Question:
    """What a case waits for: a stable code, a plain question, and the form of its answer."""

    code: str
    question: str
    answer: str

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "question": self.question, "answer": self.answer}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case says. `keys` are its names, best first; `deadline_on` is None while the deadline is asked for.

    `proposed_outcome` is what the newest document says of how it ended; nothing but a person makes it the outcome.
    """

    order: tuple[IssuedText, ...]
    keys: tuple[str, ...]
    organisation: str
    title: str
    country: str
    deadline_on: date | None
    deadline_because: str
    review_on: date | None
    sent_by_counts: bool
    channels: tuple[str, ...]
    questions: tuple[Question, ...]
    proposed_outcome: str

    @property
    def newest(self) -> IssuedText:
        return self.order[-1]


def facts_of(texts: Sequence[IssuedText], *, stopped_at: datetime | None = None) -> Facts:
    """The facts of a case with at least one document; of a stopped one only what a newer document asks."""
    chain = in_order(texts)
    newest = chain.newest
    latest = chain.order[::-1]
    organisation = _first(text.organisation for text in latest)
    country = _first(text.answer("country") or text.country for text in latest)
    uncertain = deadline_uncertain(newest)
    deadline = _deadline(newest, uncertain=uncertain)
    return Facts(
        order=chain.order,
        keys=chain_keys(chain.order),
        organisation=organisation,
        title=_first(_title(text) for text in latest),
        country=country,
        deadline_on=deadline,
        deadline_because=newest.answer("because") if newest.answer("deadline") else "",
        review_on=date.fromisoformat(day) if (day := newest.answer("review")) else None,
        sent_by_counts=sent_by_counts(newest),
        channels=tuple(newest.answer("channels").split()),
        questions=_questions(chain, stopped_at, organisation=organisation, country=country, uncertain=uncertain),
        proposed_outcome=(newest.read.get("status_phrase") or "") if is_ending(newest) else "",
    )


def missing_of(text: IssuedText) -> list[Doubt]:
    """What a case that begins with this document would ask beside the doubts of the document itself."""
    doubted = {asks(code) for code in text.codes}
    return [
        Doubt(_ASKED_OF_THE_CASE[question.code], question.question)
        for question in facts_of([text]).questions
        if question.code in _ASKED_OF_THE_CASE and question.code not in doubted
    ]


def expired_on_arrival(deadline_on: date | None, added_on: date) -> bool:
    """Whether the last day was already past on the case's local day `added_on`. The last day itself is not past."""
    return deadline_on is not None and deadline_on < added_on


def is_ending(text: IssuedText) -> bool:
    """Whether the document says that the appeal is over. Only a proposal: a person closes a case, never a text.

    Good news is not always the end (an acquittal may be appealed), so even a plain "no further action" is put as a
    question. Nothing goes until it is answered, which protects as well as a stop and can be taken back.
    """
    if text.answer("ended") == "no":
        return False
    closing = text.read.get("deadline_kind") == DeadlineKind.ENDED_ON or DoubtCode.CLOSED in text.codes
    return closing or text.read.get("kind") == DocumentKind.OUTCOME


def deadline_uncertain(text: IssuedText) -> bool:
    """Whether the document leaves open until when people may write, whatever an organiser gave."""
    closing_date = text.read.get("deadline_kind") == DeadlineKind.ENDED_ON
    return text.printed_deadline is None or closing_date or bool(text.codes & DEADLINE_DOUBTS)


def sent_by_counts(text: IssuedText) -> bool:
    """Whether sending by the date is enough: an organiser said so, or the document prints a send-by date."""
    given = text.answer("sent_by_counts")
    return given == "yes" if given else text.read.get("deadline_kind") == DeadlineKind.SEND_BY


def _deadline(newest: IssuedText, *, uncertain: bool) -> date | None:
    if given := newest.answer("deadline"):
        return date.fromisoformat(given)
    return None if uncertain or is_ending(newest) else newest.printed_deadline


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _title(text: IssuedText) -> str:
    given = text.answer("names")
    return (
        given if given not in {"", AS_READ} else text.read.get("title") or ", ".join(text.read.get("case_names") or [])
    )


def _questions(
    chain: Chain, stopped_at: datetime | None, *, organisation: str, country: str, uncertain: bool
) -> tuple[Question, ...]:
    newest = chain.newest
    if stopped_at is not None:
        return _after_a_stop(newest, stopped_at)
    if newest.answer("redacted"):
        return (_REDACTED,)
    asked: list[Question] = []
    if not chain.certain:
        asked.append(_NEWEST)
    if is_ending(newest):
        return (*asked, _ended(newest))
    if uncertain and not newest.answer("deadline") and not newest.answer("review"):
        asked.append(_until_which_day(newest, chain.order[:-1]))
    if not organisation:
        asked.append(_ORGANISATION)
    if not country:
        asked.append(_COUNTRY)
    asked.extend(_of_doubts(newest))
    if not _has_a_name(chain) and "number" not in {question.code for question in asked}:
        asked.append(_NO_NUMBER)
    return tuple(asked)


def _after_a_stop(newest: IssuedText, stopped_at: datetime) -> tuple[Question, ...]:
    came_later = newest.added_at > stopped_at and not newest.answer("reopen")
    return (_REOPEN,) if came_later and not is_ending(newest) else ()


def _has_a_name(chain: Chain) -> bool:
    """Whether a number, an index or a link holds the case together, or an organiser said that there is none.

    A number whose organisation is unknown is one: the organisation is asked for by itself.
    """
    if any(text.answer("number") or text.number for text in chain.order):
        return True
    return any(not key.startswith("file/") for text in chain.order for key in keys_of(text))


def _messages(text: IssuedText, kind: str) -> str:
    """What the reader said of the doubts that put the question `kind`, as sentences; a removed text has none."""
    found = [doubt["message"] for doubt in text.read.get("warnings") or () if asks(doubt["code"]) == kind]
    return "".join(f" {message}" for message in dict.fromkeys(found) if message)


def _quoted(phrase: str) -> str:
    return f' The document says "{phrase.rstrip(". ")}".' if phrase else ""


def _until_which_day(newest: IssuedText, older: Sequence[IssuedText]) -> Question:
    printed = _quoted(newest.read.get("deadline_phrase") or "")
    before = next(
        (day for text in reversed(older) if (day := _deadline(text, uncertain=deadline_uncertain(text)))), None
    )
    hint = f" The document before this one said {before.isoformat()}; that stands only if you say so." if before else ""
    return Question(
        "deadline",
        f"Until which day may people write?{printed}{_messages(newest, 'deadline')}{hint}",
        f'{DAY_FORM}, or "review 2021-01-31" if there is none and you will look again on that day',
    )


def _ended(newest: IssuedText) -> Question:
    phrase = newest.read.get("status_phrase") or newest.read.get("title") or ""
    return Question(
        "ended",
        f"Does this end the appeal?{_quoted(phrase)} Nothing is sent until you answer.",
        "stop (nobody is asked to write any more) or no (people may still write)",
    )


def _of_doubts(newest: IssuedText) -> list[Question]:
    """One question for each kind of doubt that no organiser has settled, in the order of the document's warnings."""
    kinds = dict.fromkeys(asks(doubt["code"]) for doubt in newest.read.get("warnings") or ())
    return [
        Question(kind, f"{_DOUBTS[kind][0]}{_messages(newest, kind)}", _DOUBTS[kind][1])
        for kind in kinds
        if kind in _DOUBTS and not newest.answer(kind)
    ]


def asks(code: str) -> str:
    """The code of the question that a doubt puts; empty for a mere remark."""
    if code in INFORMING:
        return ""
    return "deadline" if code in DEADLINE_DOUBTS else _ASKED_BY.get(DoubtCode(code), "text")


_NUMBER_FORM = 'a number such as UA 63/20, or "none"'
_DOUBTS = {
    "number": ("Which number has this appeal?", _NUMBER_FORM),
    "issued": ("On which day was this document issued?", f'{DAY_FORM}, or "none" if nobody knows'),
    "names": ("For whom is this appeal?", 'the name or names, or "ok" if they were read rightly'),
    "channels": (
        "By which ways can a letter reach its target?",
        "some of post, email, fax, phone, form, embassy",
    ),
    "text": ("Is the text whole and readable?", "ok, once you have compared it with the source"),
}
_NO_NUMBER = Question(
    "number",
    "Which number has this appeal? Its document shows no number, no index and no link to an earlier document.",
    _NUMBER_FORM,
)
_ORGANISATION = Question(
    "organisation", "Which organisation issued this appeal? The document does not say.", "its name"
)
_COUNTRY = Question(
    "country",
    "Which country is this appeal addressed to? The document does not say.",
    "its name or two letters, such as CN",
)
_NEWEST = Question(
    "newest",
    "Which document is the newest? Their dates and numbers do not tell.",
    "its place in the list of `reminder case show`, such as 2",
)
_REDACTED = Question(
    "redacted",
    "The texts of this appeal were removed. Which text may people see from now on?",
    "add a new document with `reminder case add`, or stop the case",
)
_REOPEN = Question(
    "reopen", "This case was stopped, then a newer document came. Does the appeal start again?", "yes or no"
)
