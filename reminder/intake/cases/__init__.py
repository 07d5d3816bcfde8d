"""Documents become cases: added to their chain, asked about, moved, stopped, shown."""

from reminder.intake.cases.add import add_document
from reminder.intake.cases.change import move_deadline, outcome, redact, stop
from reminder.intake.cases.decide import decide
from reminder.intake.cases.look import find_case, list_cases, show_case
from reminder.intake.cases.results import (
    AddedCase,
    CaseLine,
    CaseView,
    ChangedCase,
    DecidedCase,
    DocumentLine,
    RedactedCase,
    StoppedCase,
    Supplied,
)

__all__ = [
    "AddedCase",
    "CaseLine",
    "CaseView",
    "ChangedCase",
    "DecidedCase",
    "DocumentLine",
    "RedactedCase",
    "StoppedCase",
    "Supplied",
    "add_document",
    "decide",
    "find_case",
    "list_cases",
    "move_deadline",
    "outcome",
    "redact",
    "show_case",
    "stop",
]
