"""The form that an organiser types by hand: TOML with the keys of the JSON, checked key by key."""

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from importlib.resources import files
from typing import Any, TypeVar

from reminder.domain.documents import DeadlineKind, Document, DocumentKind, Doubt, DoubtCode, Target, plausibility
from reminder.errors import UnreadableDocument
from reminder.intake.documents.clean import clean_field
from reminder.intake.documents.countries import country_code
from reminder.intake.documents.dates import Calendar
from reminder.intake.documents.source import Source
from reminder.intake.documents.wording import languages

LONGEST_FIELD = 20_000
_ANY_KEY = re.compile(r"^(?:\[\[?[a-z_]+\]\]?|[a-z_]+)[ \t]*(?:=|$)", re.MULTILINE)
_TEXT_KEYS = (
    *("language", "title", "country", "organisation", "ua_number", "index", "deadline_phrase", "deadline_operator"),
    *("late_policy", "previous_ua", "status_phrase", "letter", "pronouns", "story"),
)
_LIST_KEYS = ("case_names", "demands", "write_in")
_DATE_KEYS = ("issued_on", "deadline")
_OTHER_KEYS = ("kind", "deadline_kind", "sequence", "targets", "items", "warnings")
_TARGET_TEXT_KEYS = ("name", "role", "postal_address", "salutation", "fax", "phone", "social")
_TARGET_KEYS = (*_TARGET_TEXT_KEYS, "email", "copy")
KEYS = (*_TEXT_KEYS, *_LIST_KEYS, *_DATE_KEYS, *_OTHER_KEYS)

E_ = TypeVar("E_", bound=StrEnum)


class _Mistake(Exception):
    """A key with a value that does not fit, before its line is known."""

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(key, reason, remedy)
        self.key, self.reason, self.remedy = key, reason, remedy


def blank_form() -> str:
    """The commented form to fill in."""
    return files(__package__).joinpath("form.toml").read_text(encoding="utf-8")


def is_form(text: str, file_name: str) -> bool:
    """Whether a text is a form: by its name, or because its first line that is no comment sets a key of ours."""
    if file_name.lower().endswith(".toml"):
        return True
    first = next(
        (line for line in text[:20_000].splitlines() if line.strip() and not line.lstrip().startswith("#")), ""
    )
    return (
        bool(_ANY_KEY.match(first))
        and re.split(r"[\s=\[\]]+", first.strip("[ "))[0] in KEYS
        and ("=" in first or first.startswith("["))
    )


def document_of_form_text(text: str, *, file_name: str, read_on: datetime.date) -> Document:
    """A typed form. Raises UnreadableDocument with line and key of the first mistake."""
    try:
        form = tomllib.loads(text.lstrip("\ufeff").replace("\r\n", "\n"))
        return document_from_form(form, read_on=read_on)
    except tomllib.TOMLDecodeError as error:
        remedy = 'Text stands between quotes, key = "value"; a list between brackets. See the blank form: reminder case form.'
        raise UnreadableDocument(file_name, f"the form cannot be read: {_plain_toml_error(error)}", remedy) from None
    except _Mistake as mistake:
        line = _line_of(text, mistake.key)
        where = f"line {line}, {mistake.key}" if line else mistake.key
        raise UnreadableDocument(file_name, f"{where}: {mistake.reason}", mistake.remedy) from None
    except RecursionError:
        raise UnreadableDocument(
            file_name, "the form is nested too deep", "Use the blank form: reminder case form."
        ) from None


def _plain_toml_error(error: tomllib.TOMLDecodeError) -> str:
    return re.sub(r"\(at (.*)\)$", r"at \1", str(error)).rstrip(".").lower()


def _line_of(text: str, key: str) -> int | None:
    name = re.escape(key.split(".")[-1])
    match = re.search(rf"^[ \t]*(?:\[+\s*)?[\"']?{name}[\"']?[ \t]*(?:=|\])", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else None


def document_from_form(form: Mapping[str, Any], *, read_on: datetime.date) -> Document:
    """A form as read from TOML or JSON. Keys are those of the JSON; an unknown key or a value that does not fit is an error."""
    _refuse_unknown(form, KEYS, "")
    texts = {key: _text(form, key) for key in _TEXT_KEYS}
    document = Document(
        **texts,  # type: ignore[arg-type]
        country_code=country_code(texts["country"]) if texts["country"] else None,
        kind=_word(form, "kind", DocumentKind),
        deadline_kind=_word(form, "deadline_kind", DeadlineKind),
        sequence=_sequence(form),
        issued_on=_date(form, "issued_on"),
        deadline=_date(form, "deadline"),
        case_names=_texts(form, "case_names"),
        demands=_texts(form, "demands"),
        write_in=_texts(form, "write_in"),
        targets=tuple(_target(entry) for entry in _tables(form, "targets")),
        items=tuple(document_from_form(entry, read_on=read_on) for entry in _tables(form, "items")),
    )
    if document.deadline and document.deadline_kind is None:
        document = replace(document, deadline_kind=DeadlineKind.APPEAL)
    return document.with_doubts(_doubts(document, read_on))


def _doubts(document: Document, read_on: datetime.date) -> list[Doubt]:
    doubts = []
    if document.deadline is None:
        doubts.append(
            Doubt(DoubtCode.NO_DEADLINE, "The form gives no deadline. Give one, or a day on which to review the case.")
        )
    else:
        doubts += plausibility(
            document.deadline, issued_on=document.issued_on, read_on=read_on, kind=document.deadline_kind
        )
    if not document.case_names:
        doubts.append(Doubt(DoubtCode.NO_NAME, "The form does not say who the appeal is for. Give case_names."))
    if not document.targets:
        doubts.append(
            Doubt(DoubtCode.NO_TARGET, "The form has no addressee. Give name, role and address under [[targets]].")
        )
    if document.items:
        doubts.append(Doubt(DoubtCode.SEVERAL_CASES, "The form holds several appeals. Add each as a case of its own."))
    return doubts


def _refuse_unknown(form: Mapping[str, Any], known: tuple[str, ...], under: str) -> None:
    for key in form:
        if key not in known:
            raise _Mistake(f"{under}{key}", "this key is not known", f"The keys are: {', '.join(known)}.")


def _text(form: Mapping[str, Any], key: str, under: str = "") -> str | None:
    value = form.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Mistake(under + key, "a text is expected", f'Write {key} = "…".')
    if len(value) > LONGEST_FIELD:
        raise _Mistake(under + key, f"it is longer than {LONGEST_FIELD} characters", "Shorten it.")
    return clean_field(value) or None


def _texts(form: Mapping[str, Any], key: str, under: str = "") -> tuple[str, ...]:
    value = form.get(key, [])
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _Mistake(under + key, "a list of texts is expected", f'Write {key} = ["…", "…"].')
    return tuple(text for one in value if (text := clean_field(one[:LONGEST_FIELD])))


def _tables(form: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = form.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Mistake(key, "a list of entries is expected", f"Start each entry with a line [[{key}]].")
    return value


def _target(form: Mapping[str, Any]) -> Target:
    _refuse_unknown(form, _TARGET_KEYS, "targets.")
    emails = _texts(form, "email", "targets.")
    for email in emails:
        if "@" not in email or any(char.isspace() for char in email):
            raise _Mistake("targets.email", "one entry is no email address", 'Write email = ["office@example.org"].')
    copy = form.get("copy", False)
    if not isinstance(copy, bool):
        raise _Mistake("targets.copy", "true or false is expected", "Write copy = true for an embassy or another copy.")
    texts = {key: _text(form, key, "targets.") for key in _TARGET_TEXT_KEYS}
    return Target(email=emails, copy=copy, **texts)


def _word(form: Mapping[str, Any], key: str, words: Callable[[str], E_]) -> E_ | None:
    value = form.get(key)
    if value in (None, ""):
        return None
    try:
        return words(value)
    except ValueError:
        listed = ", ".join(word.value for word in words)  # type: ignore[attr-defined]
        raise _Mistake(key, "this word is not known", f"Use one of: {listed}.") from None


def _sequence(form: Mapping[str, Any]) -> int | None:
    value = form.get("sequence")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _Mistake("sequence", "a count from 1 is expected", "Write sequence = 1 for the first document of a case.")
    return value


def _date(form: Mapping[str, Any], key: str) -> datetime.date | None:
    value = form.get(key)
    if value in (None, ""):
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        source = Source(clean_field(value))
        reading = Calendar(languages().values()).read(source, 0) if source.words else None
        if reading and reading.date and reading.last == len(source.words) - 1:
            return reading.date
    raise _Mistake(key, "this is no date with one reading", f"Write year, month and day: {key} = 2020-12-18.")
