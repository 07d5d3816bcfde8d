"""A content as a template of the provider: our gaps as its placeholders, and each person's values beside it.

For batch APIs that fill in a text themselves. Every gap of a text becomes a placeholder of its own kind (the same field
may be encoded for HTML in one place and not in another), and what would look like a placeholder in our own words becomes
one too, so that no letter of a prisoner's story is ever read as the provider's syntax.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from reminder.domain.message import Content, Recipient, Spliced

Placeholder = Callable[[str], str]


@dataclass(slots=True)
class Merge:
    """Texts with placeholders, and the values that belong to them. One for each content; reusable for its calls.

    `placeholder` writes a name ("v0") in the provider's syntax; `opening` is what begins such a thing in it, e.g. "{{".
    """

    content: Content
    placeholder: Placeholder
    opening: str
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
        if self.opening not in text:
            return text
        return text.replace(self.opening, self.placeholder("syntax"))

    def values(self, recipient: Recipient) -> dict[str, str]:
        """A person's values by placeholder name; ask after every text has been made."""
        return {
            name: recipient.values[number] if encode is None else encode(recipient.values[number])
            for (number, encode), name in self._names.items()
        }

    @property
    def shared(self) -> dict[str, str]:
        """Values that are the same for everybody: what stands for the provider's own syntax in our words."""
        return {"syntax": self.opening}
