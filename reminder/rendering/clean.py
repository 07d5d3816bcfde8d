"""What must not reach a reader: control, bidi, private-use and invisible characters.

A case document comes from a PDF and a name from a list; either may hold characters that turn a line round, hide a word or
begin a new header. Private use is stripped for a second reason: the marks of the gaps stand there.
"""

import dataclasses
import re
import unicodedata
from functools import lru_cache
from typing import Any, TypeVar

# Letters by their class, yet nothing to see: fillers, the blank Braille cell, the joiner and the Mongolian separators.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0")
_STRIPPED = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
# Spelling needs these two between the letters of Persian, Urdu and many Indian languages; a body keeps them.
_JOINERS = frozenset("\u200c\u200d")
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")

Value = TypeVar("Value")


@lru_cache(maxsize=8192)
def _seen(character: str) -> str:
    """The character as a line may show it: itself, a space, or nothing."""
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _STRIPPED or character in _INVISIBLE else character


def clean_line(text: str) -> str:
    """One line for a subject, a name or an SMS: nothing invisible, runs of space joined, ends trimmed."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_seen, _BREAKS.sub(" ", text)))
    return " ".join(text.split()) if "  " in text else text.strip()


def clean_text(text: str) -> str:
    """A text of several lines for a body, with LF line ends, no trailing space and at most one blank line in a row."""
    lines = (_clean_body_line(line) for line in _BREAKS.sub("\n", text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _clean_body_line(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line.rstrip()
    return "".join(each if each in _JOINERS else _seen(each) for each in line).rstrip()


def clean_view(value: Value) -> Value:
    """The same view with every text in it cleaned, however deep it stands."""
    return _cleaned(value)  # type: ignore[no-any-return]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str) and type(value) is str:
        return clean_text(value)
    if isinstance(value, tuple):
        return tuple(_cleaned(each) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {field.name: _cleaned(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    return value
