"""Messages that need an eye: those that may have arrived, and those that could not be built or sent."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from reminder.domain.states import REASON_WORDS, Channel, MessageKind
from reminder.store import overview
from reminder.store.database import Database

UNCLEAR_LISTED = 1_000
_UNCLEAR = "unclear: may have arrived"
_SET_ASIDE = "set aside: could not be built"
_CHANNEL_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message, or the first of `number` that were set aside together; names nobody.

    `message_id` is None where the message itself is not kept any more. `reason` is in words.
    """

    message_id: int | None
    unclear: bool
    campaign_ids: tuple[int, ...]
    kind: MessageKind
    channel: Channel
    day: date
    reason: str
    step_key: str = ""
    number: int = 1

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "message": self.message_id,
            "unclear": self.unclear,
            "campaigns": list(self.campaign_ids),
            "kind": self.kind.name.lower(),
            "channel": self.channel.name.lower(),
            "day": self.day.isoformat(),
            "step": self.step_key or None,
            "reason": self.reason,
            "number": self.number,
        }

    def text(self) -> str:
        """For people: Message 17, campaign 3, Tue 22 Dec, email: unclear: may have arrived."""
        about = [f"Message {self.message_id}" if self.message_id is not None else "A message that is not kept any more"]
        if self.number > 1:
            about[0] += f" and {self.number - 1:,} more"
        if self.campaign_ids:
            plural = "s" if len(self.campaign_ids) > 1 else ""
            about.append(f"campaign{plural} {' and '.join(map(str, self.campaign_ids))}")
        else:
            about.append(self.kind.name.lower())
        about += [self.step_key] if self.step_key else []
        about += [f"{self.day:%a} {self.day.day} {self.day:%b}", _CHANNEL_WORDS[self.channel]]
        return f"{', '.join(about)}: {self.reason}"


def unclear_lines(database: Database) -> list[MessageLine]:
    """Every message of which nobody knows whether it arrived, and what was set aside, by message, campaign and reason.

    Of more than `UNCLEAR_LISTED` unclear ones the last line stands for the rest: its `number` says how many.
    """
    with database.read() as connection:
        unclear, total = overview.unclear_rows(connection, UNCLEAR_LISTED)
        set_aside = overview.set_aside_rows(connection)
    lines = [
        MessageLine(
            message_id=row.message_id,
            unclear=True,
            campaign_ids=row.campaign_ids,
            kind=row.kind,
            channel=row.channel,
            day=row.local_on,
            reason=_UNCLEAR,
            number=1 if place < len(unclear) else 1 + total - len(unclear),
        )
        for place, row in enumerate(unclear, 1)
    ]
    return lines + [
        MessageLine(
            message_id=row.message_id,
            unclear=False,
            campaign_ids=(row.campaign_id,),
            kind=MessageKind.NUDGE,
            channel=row.channel,
            day=row.local_on,
            reason=_why(REASON_WORDS[row.reason], row.because),
            step_key=row.step_key,
            number=row.number,
        )
        for row in set_aside
    ]


def _why(words: str, because: str) -> str:
    said = words if words.startswith("set aside") else f"set aside: {words}" if words else _SET_ASIDE
    return f"{said}; {because}" if because else said
