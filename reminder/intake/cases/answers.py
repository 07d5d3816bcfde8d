"""What organisers type, checked and brought to the form in which a document keeps it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from reminder.domain.case_facts import AS_READ, DAY_FORM
from reminder.domain.cases import NONE, slug
from reminder.domain.numbers import find_case_numbers
from reminder.domain.scopes import topic_scope
from reminder.errors import Trouble
from reminder.intake.cases.results import Supplied
from reminder.intake.subscribers.places import read_country, read_zone

WAYS = ("post", "email", "fax", "phone", "form", "embassy")
LONGEST_ANSWER = 500


def given_by(supplied: Supplied, today: date) -> dict[str, str]:
    """What `Supplied` adds to a document, by the code of the question that it answers; `Trouble` for a bad value.

    `today` is the case's local day."""
    if supplied.deadline and supplied.review_on:
        raise Trouble("A deadline and a review day", "do not go together", "Give a review day where nobody knows one.")
    given = {"because": supplied.because.strip()}
    if supplied.deadline:
        given |= with_source(supplied.deadline.isoformat(), supplied.because)
    if supplied.review_on:
        given["review"] = supplied.review_on.isoformat()
        refuse_past_review(given, today)
    if supplied.sent_by_counts is not None:
        given["sent_by_counts"] = "yes" if supplied.sent_by_counts else "no"
    typed = {
        "number": supplied.ua_number,
        "organisation": supplied.organisation,
        "country": supplied.country,
        "channels": " ".join(supplied.channels),
        "names": supplied.names,
    }
    for code, text in typed.items():
        if text.strip():
            given |= read_answer(code, text)
    return {code: text for code, text in given.items() if text}


def with_source(deadline: str, because: str) -> dict[str, str]:
    """A deadline that an organiser gives, with the source that it cannot be without."""
    source = " ".join(because.split())
    if not source:
        raise Trouble("The deadline", "needs its source", "Say where that day stands with --because.")
    return {"deadline": deadline, "because": source}


def refuse_past_review(given: Mapping[str, str], today: date) -> None:
    """A day on which to look again is today or later."""
    if given.get("review") and date.fromisoformat(given["review"]) < today:
        raise Trouble("The review day", "is past already", "Give a day that is still to come.")


def read_answer(code: str, text: str) -> dict[str, str]:
    """What the answer `text` to the question `code` adds to the newest document; `Trouble` where it is none."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_ANSWER:
        raise _bad(code, "is empty or too long", "Type one line.")
    return _READERS[code](words)


def zone_of(text: str) -> str:
    """The IANA name of a zone that somebody typed."""
    zone = read_zone(text.strip())
    if zone is None:
        raise Trouble("The zone", "is not known", "Use a name such as Europe/London or Asia/Almaty.")
    return zone


def topics_of(names: Sequence[str]) -> list[str]:
    """Topics in the form by which subscriptions name them, each once."""
    return sorted({topic_scope(name).removeprefix("topic:") for name in names if name.strip()})


def is_answerable(code: str) -> bool:
    """Whether a case can be told this by an answer; the others wait for a document or belong to a campaign."""
    return code in _READERS or code == "newest"


def _bad(code: str, reason: str, remedy: str) -> Trouble:
    return Trouble(f"The answer to {code!r}", reason, remedy)


def _day(code: str, words: str) -> str:
    try:
        return date.fromisoformat(words).isoformat()
    except ValueError:
        raise _bad(code, "is no day of the calendar", f"Type {DAY_FORM}.") from None


def _deadline(words: str) -> dict[str, str]:
    first, _, rest = words.partition(" ")
    if first.casefold() == "review":
        return {"review": _day("deadline", rest)}
    return {"deadline": _day("deadline", words)}


def _number(words: str) -> dict[str, str]:
    if words.casefold() == NONE:
        return {"number": NONE}
    numbers = find_case_numbers(words) or find_case_numbers(f"UA {words}")
    if len({number.text for number in numbers}) > 1:
        raise _bad("number", "names more than one appeal", "Type one number, such as UA 63/20.")
    if numbers:
        return {"number": numbers[0].text}
    # Other publishers number in ways of their own; a number has a figure and a word of a few characters.
    if not re.search(r"[0-9]", words) or len(words) > 60:
        raise _bad("number", "is not a number of an appeal", 'Type one such as UA 63/20, or "none".')
    return {"number": words}


def _organisation(words: str) -> dict[str, str]:
    if not slug(words):
        raise _bad("organisation", "is not a name", "Type the name of the organisation that issued the appeal.")
    return {"organisation": words}


def _country(words: str) -> dict[str, str]:
    code = read_country(words)
    if code is None:
        raise _bad("country", "is not known", "Type its English name or its two letters, such as CN.")
    return {"country": code}


def _channels(words: str) -> dict[str, str]:
    ways = set(re.split(r"[,; ]+", words.casefold()))
    if not ways <= set(WAYS):
        raise _bad("channels", "names a way that is not known", f"Choose from {', '.join(WAYS)}.")
    return {"channels": " ".join(way for way in WAYS if way in ways)}


def _issued(words: str) -> dict[str, str]:
    return {"issued": NONE if words.casefold() == NONE else _day("issued", words)}


def _names(words: str) -> dict[str, str]:
    return {"names": AS_READ if words.casefold() in {AS_READ, "yes"} else words}


def _one_of(code: str, *allowed: str) -> Callable[[str], dict[str, str]]:
    def read(words: str) -> dict[str, str]:
        if words.casefold() not in allowed:
            raise _bad(code, "is none of the answers", f"Type {' or '.join(allowed)}.")
        return {code: words.casefold()}

    return read


_READERS: dict[str, Callable[[str], dict[str, str]]] = {
    "deadline": _deadline,
    "number": _number,
    "organisation": _organisation,
    "country": _country,
    "channels": _channels,
    "issued": _issued,
    "names": _names,
    "text": _one_of("text", AS_READ),
    "ended": _one_of("ended", "stop", "no"),
    "reopen": _one_of("reopen", "yes", "no"),
}
