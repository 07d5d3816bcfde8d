"""Small lists of the cast, and how a test reads one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from reminder.domain.states import Channel
from reminder.intake.subscribers.read import ListReading, read_list
from reminder.intake.subscribers.rows import Basis, Grounds, ImportDefaults, Problem, Row

NOW = datetime(2020, 12, 1, 12, 0, tzinfo=UTC)
GROUNDS = Grounds(Basis.CONSENT, "stall in March", "Yes, remind me.", date(2020, 3, 1))
FILE_SAYS = ImportDefaults(email=GROUNDS, subscriptions=("all",))


@dataclass(frozen=True)
class Outcome:
    rows: list[Row]
    problems: list[Problem]
    reading: ListReading

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(problem.line, problem.code) for problem in self.problems]

    @property
    def emails(self) -> list[str]:
        return [row.email.text for row in self.rows if row.email is not None]

    def blocked(self) -> set[tuple[Channel, str]]:
        return {pair for row in self.rows for pair in row.blocked()}


def read(
    text: str | bytes,
    *,
    preset: str | None = None,
    defaults: ImportDefaults = FILE_SAYS,
    encoding: str | None = None,
    now: datetime = NOW,
) -> Outcome:
    raw = text.encode() if isinstance(text, str) else text
    reading = read_list(raw, now=now, preset=preset, defaults=defaults, encoding=encoding)
    items = list(reading)
    return Outcome(
        [item for item in items if isinstance(item, Row)],
        [item for item in items if isinstance(item, Problem)],
        reading,
    )


def only_row(text: str, *, preset: str | None = None, defaults: ImportDefaults = FILE_SAYS) -> Row:
    outcome = read(text, preset=preset, defaults=defaults)
    assert len(outcome.rows) == 1, outcome.codes
    return outcome.rows[0]
