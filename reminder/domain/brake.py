"""When a provider's messages come back too often, it is stopped before its own walls or its readers' mail programs do.

Ours are settings; where a provider's own wall (`Capabilities.complaints_wall`, `bounces_wall`) or that of the mailboxes is
lower, it counts instead. A single complaint among a few messages says nothing: below a number of them nobody is stopped.
"""

from dataclasses import dataclass
from datetime import timedelta

LOOKS_BACK = timedelta(days=1)
FEWEST_COMPLAINTS = 3
FEWEST_BOUNCES = 20


@dataclass(frozen=True, slots=True)
class Fared:
    """Messages of one provider over some days."""

    accepted: int = 0
    bounced: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True)
class Brake:
    """Percentages of what a provider took, from which on it is stopped."""

    complaints: float = 0.1
    bounces: float = 4.0

    def within(self, other: "Brake") -> "Brake":
        """The lower of both."""
        return Brake(min(self.complaints, other.complaints), min(self.bounces, other.bounces))


# Gmail refuses who is reported by 0.3 % or more of its readers (https://support.google.com/mail/answer/81126); at how many
# bounces it does not say.
MAILBOXES = Brake(complaints=0.3, bounces=100.0)


def why_stop(fared: Fared, brake: Brake) -> str:
    """Why a provider must be stopped, in a sentence for organisers; '' where it may go on."""
    if _too_many(fared.complained, fared.accepted, brake.complaints, FEWEST_COMPLAINTS):
        return f"{fared.complained} of {fared.accepted} messages were reported as spam"
    if _too_many(fared.bounced, fared.accepted, brake.bounces, FEWEST_BOUNCES):
        return f"{fared.bounced} of {fared.accepted} messages came back"
    return ""


def _too_many(number: int, accepted: int, percent: float, fewest: int) -> bool:
    return number >= fewest and number * 100 >= percent * max(accepted, number)
