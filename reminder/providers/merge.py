"""A content as a template of the provider: our gaps as its placeholders, and each person's values beside it.

For batch APIs that fill in a text themselves. Every gap of a text becomes a placeholder of its own kind (the same field
may be encoded for HTML in one place and not in another), and what would look like a placeholder in our own words becomes
one too, so that no letter of a prisoner's story is ever read as the provider's syntax.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from reminder.domain.message import Content, Recipient, Spliced

Placeholder = Callable[[str], str]


@dataclass(slots=True)
class Merge:
    """Texts with placeholders, and the values that belong to them. One for each content; reusable for its calls.

    `placeholder` writes a name ("v0") in the provider's syntax; `opening` is what begins such a thing in it, e.g. "{{";
    `others` are further pieces of its syntax, none of which may be part of a placeholder.
    """

    content: Content
    placeholder: Placeholder
    opening: str
    others: tuple[str, ...] = ()
    _names: dict[tuple[int, Callable[[str], str] | None], str] = field(default_factory=dict)

    def text(self, text: Spliced) -> str:
        """The text with placeholders."""
        pieces = [self._words(text.parts[0])]
        for gap, part in zip(text.gaps, text.parts[1:], strict=True):
            name = self._names.setdefault((gap.field, gap.encode), f"v{len(self._names)}")
            pieces += [self.placeholder(name), self._words(part)]
        return "".join(pieces)

    def words(self, text: str) -> str:
        """A text without gaps, e.g. the subject."""
        return self._words(text)

    def _words(self, text: str) -> str:
        for name, opening in self.shared.items():
            if opening in text:
                text = text.replace(opening, self.placeholder(name))
        return text

    def values(self, recipient: Recipient) -> dict[str, str]:
        """A person's values by placeholder name; ask after every text has been made."""
        return self.rows([recipient])[0]

    def rows(self, recipients: Sequence[Recipient], *, written: bool = False) -> list[dict[str, str]]:
        """Everybody's values by placeholder name, or by the placeholder as it is `written`; ask after every text has been
        made. A field at a time: for a thousand people that takes half as long as a person at a time."""
        if not self._names:
            return [{} for _ in recipients]
        names = [self.placeholder(name) if written else name for name in self._names.values()]
        fields = list(zip(*[recipient.values for recipient in recipients], strict=True))
        columns = [fields[number] if encode is None else map(encode, fields[number]) for number, encode in self._names]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    @property
    def shared(self) -> dict[str, str]:
        """Values that are the same for everybody: what stands for the provider's own syntax in our words."""
        return {"syntax": self.opening} | {f"syntax{number}": each for number, each in enumerate(self.others)}


def filled(text: Spliced, recipients: Sequence[Recipient]) -> list[str]:
    """A text for each of them; the quick way where there is at most one gap, as in a header."""
    if len(text.gaps) != 1:
        return [text.fill(recipient.values) for recipient in recipients]
    [gap], (before, after) = text.gaps, text.parts
    number, encode = gap.field, gap.encode
    if encode is None:
        return [f"{before}{recipient.values[number]}{after}" for recipient in recipients]
    return [f"{before}{encode(recipient.values[number])}{after}" for recipient in recipients]


def unused(opening: str, texts: Iterable[str]) -> str:
    """`opening` and the first number that none of the texts goes on with, so that they hold no placeholder by chance."""
    known = [text for text in texts if opening in text]
    marks = (f"{opening}{number}" for number in count())
    return next(mark for mark in marks if not any(mark in text for text in known))


def once_each(recipients: Sequence[Recipient]) -> tuple[list[Recipient], list[Recipient]]:
    """The first message to each address, and the others: a batch API takes an address once a call, or drops the second."""
    first: dict[str, Recipient] = {}
    for recipient in recipients:
        first.setdefault(recipient.address.lower(), recipient)
    if len(first) == len(recipients):
        return list(recipients), []
    chosen = {recipient.message_id for recipient in first.values()}
    return list(first.values()), [recipient for recipient in recipients if recipient.message_id not in chosen]
