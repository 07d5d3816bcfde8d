"""From a rendered text to a text with gaps: a mark stands in private use, which no input can hold (see clean.py).

A value is encoded for the place where it lands. Encoding never fails: what does not belong there is dropped.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from reminder.domain.addresses import is_address
from reminder.domain.message import Gap, Spliced
from reminder.rendering.clean import clean_line

VALUE, GREETING = "value", "greeting"

_MARK = re.compile("\ue000([0-9]+):([a-z]+)\ue001")
_SAFE_URL = re.compile(r"[A-Za-z0-9:/._~?=%+-]*")
_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]+")
_NOT_IN_DATE = re.compile(r"[^A-Za-z0-9 ,:+-]")
LONGEST_URL = 900
LONGEST_ID = 128
LONGEST_DATE = 40
SHORT_NAME = 40

Encoder = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A gap before it is given its encoder: index into the fields, and what kind of value lands there."""

    field: int
    kind: str = VALUE


Piece = str | Mark


class Fields:
    """The fields of one content, in the order in which the templates first ask for them."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._index)

    def mark(self, name: str) -> Mark:
        """The gap of field `name` for a header."""
        return Mark(self._index.setdefault(name, len(self._index)))

    def text(self, name: str, kind: str = VALUE) -> str:
        """The gap of field `name` as characters that a template can print."""
        return f"\ue000{self.mark(name).field}:{kind}\ue001"


def pieces_of(rendered: str) -> list[Piece]:
    """The text between the marks, and the marks."""
    found = _MARK.split(rendered)
    pieces: list[Piece] = [found[0]]
    for index in range(1, len(found), 3):
        pieces += [Mark(int(found[index]), found[index + 1]), found[index + 2]]
    return pieces


def spliced(pieces: Sequence[Piece], encoders: Mapping[str, Encoder]) -> Spliced:
    """A text with gaps, each with the encoder of its kind; texts that touch are joined."""
    parts, gaps = [""], list[Gap]()
    for piece in pieces:
        if isinstance(piece, Mark):
            gaps.append(Gap(piece.field, encoders[piece.kind]))
            parts.append("")
        else:
            parts[-1] += piece
    return Spliced(tuple(parts), tuple(gaps))


@dataclass(frozen=True, slots=True)
class Greeting:
    """Greets by name where there is one. All three texts are already encoded for their place, and so is the name."""

    before: str
    after: str
    without: str
    encode: Encoder

    def __call__(self, name: str) -> str:
        if name.isascii() and name.isalpha() and len(name) <= SHORT_NAME:
            # Nothing in it needs to be encoded anywhere, and most names are like that.
            return f"{self.before}{name}{self.after}"
        name = clean_line(name)
        return f"{self.before}{self.encode(name)}{self.after}" if name else self.without


def html_value(value: str) -> str:
    """A value inside HTML text or a quoted attribute."""
    value = clean_line(value)
    if "&" in value or "<" in value or ">" in value or '"' in value or "'" in value:
        return html.escape(value)
    return value


def url_value(value: str) -> str:
    """A link in text, in a quoted attribute of HTML and in the angle brackets of a header alike."""
    if len(value) <= LONGEST_URL and _SAFE_URL.fullmatch(value):
        return value
    return quote(clean_line(value).encode("utf-8", "ignore"), safe=":/?#=%+,;@!$()*~._-")[:LONGEST_URL]


def address_value(value: str) -> str:
    """The address of the To header. Only the header: the envelope is the provider's, from `Recipient.address`."""
    return value if is_address(value) else "undisclosed-recipients:;"


def id_value(value: str) -> str:
    """The left half of a Message-ID, from the wire id."""
    if len(value) <= LONGEST_ID and _ID.fullmatch(value):
        return value
    return _NOT_IN_ID.sub(".", value)[:LONGEST_ID].strip(".") or "unnamed"


@lru_cache(maxsize=16)
def date_value(value: str) -> str:
    """The value of a Date header, as `date_header` makes it."""
    return _NOT_IN_DATE.sub("", value)[:LONGEST_DATE]
