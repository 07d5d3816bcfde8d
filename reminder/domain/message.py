"""What is handed to a provider: one content for many people, and for each person only what differs.

A content is rendered once per language. What differs per person (links, address, Message-ID) is spliced in:
rendering 3.4 kB of template costs 17 µs, a splice 2 µs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from reminder.domain.states import Channel, Fault, Verdict


class Gap(NamedTuple):
    """A place in a text that a person's value fills: index into `Content.fields`, and how to encode it there."""

    field: int
    encode: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Spliced:
    """A text with gaps: `parts` has one more entry than `gaps`."""

    parts: tuple[str, ...]
    gaps: tuple[Gap, ...]
    # A value that lands in several places in the same form is encoded once: which gaps differ, and which of them fills which.
    _different: tuple[Gap, ...] = field(init=False, repr=False, compare=False)
    _filled_by: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        different = tuple(dict.fromkeys(self.gaps))
        object.__setattr__(self, "_different", different)
        object.__setattr__(self, "_filled_by", tuple(different.index(gap) for gap in self.gaps))

    def fill(self, values: tuple[str, ...]) -> str:
        """The text for one person; `values` are in the order of `Content.fields`."""
        made = [values[number] if encode is None else encode(values[number]) for number, encode in self._different]
        pieces = [""] * (2 * len(self.gaps) + 1)
        pieces[0::2] = self.parts
        pieces[1::2] = [made[number] for number in self._filled_by]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Content:
    """One body in one language.

    `fields` names what differs per person, e.g. ("to", "message_id", "leave_url", "wrote_url:12").
    `subject` is the same for everybody and empty for SMS; `html` is None for SMS.
    `headers` are per-recipient headers that a batch API must pass on (List-Unsubscribe and the like).
    `mime` is the whole RFC 5322 message with CRLF line ends, for providers that take one; None for SMS.
    `segments` is what each SMS takes, with links of their real length; 0 for email.
    """

    channel: Channel
    locale: str
    fields: tuple[str, ...]
    subject: str
    text: Spliced
    html: Spliced | None
    headers: tuple[tuple[str, Spliced], ...]
    mime: Spliced | None
    sender: str
    sender_name: str = ""
    reply_to: str = ""
    segments: int = 0


class Recipient(NamedTuple):
    """One message of an attempt. `wire_id` goes on the wire; `values` are in the order of `Content.fields`."""

    message_id: int
    wire_id: str
    address: str
    values: tuple[str, ...]


class Receipt(NamedTuple):
    """What a provider's answer means for one message.

    `retry_after` is in seconds, where the provider named a wait. `detail` is the provider's own text with every
    address replaced by the message's id. `code` is the provider's own error code, e.g. "550" or "21610".
    """

    message_id: int
    verdict: Verdict
    fault: Fault = Fault.NONE
    provider_id: str = ""
    code: str = ""
    detail: str = ""
    retry_after: int | None = None
