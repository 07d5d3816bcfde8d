"""What is left of reports, and of mails to the office, when the texts of a case must go: numbers, dates and counts."""

from collections.abc import Collection
from typing import Any

# The facts of a report in which somebody's words stand, by their label; and such columns, by their head.
_TEXT_FACTS = frozenset({"Title", "As printed", "Moved because", "Because", "Outcome"})
_TEXT_COLUMNS = frozenset({"As printed", "Outcome"})


def report_without_texts(body: dict[str, Any]) -> dict[str, Any]:
    """The kept version of a report without title, phrases, reasons and outcome; its keys stay."""
    return body | {
        "case": body["case"] | {"title": ""},
        "deadline": body["deadline"] | {"printed": "", "because": ""},
        "documents": [document | {"phrase": ""} for document in body["documents"]],
        "state": body["state"] | {"because": ""},
        "outcome": body["outcome"] | {"words": ""},
    }


def mail_without_texts(payload: dict[str, Any], codes: Collection[str]) -> dict[str, Any]:
    """What a report, a list or an alert to the office says, without the words of the cases with these `codes`.

    A mail that does not speak of them comes back equal to what it was.
    """
    left = dict(payload)
    facts = payload.get("facts", [])
    is_report = any(label == "Case" and _ends_with_code(value, codes) for label, value in facts)
    if is_report:
        left["facts"] = [fact for fact in facts if fact[0] not in _TEXT_FACTS]
    if "tables" in payload:
        left["tables"] = [_table(table, codes, whole=is_report) for table in payload["tables"]]
    if any(f"Case {code} " in payload.get("reason", "") for code in codes):
        left["lines"] = []
    return left


def _ends_with_code(value: str, codes: Collection[str]) -> bool:
    return any(value.endswith(f"code {code}") for code in codes)


def _table(table: dict[str, Any], codes: Collection[str], *, whole: bool) -> dict[str, Any]:
    """A table of a report about one of the cases (`whole`), or one of the rows of a list."""
    header = table["header"]
    return table | {"rows": [_row(row, header, codes, whole=whole) for row in table["rows"]]}


def _row(row: list[str], header: list[str], codes: Collection[str], *, whole: bool) -> list[str]:
    """A row that names one of the cases keeps its number and code; the title behind them and the outcome go."""
    marks = [f"({code})" for code in codes if any(f"({code})" in cell for cell in row)]
    if not marks and not whole:
        return row
    return ["" if head in _TEXT_COLUMNS else _before_title(cell, marks) for head, cell in zip(header, row, strict=True)]


def _before_title(cell: str, marks: list[str]) -> str:
    mark = next((mark for mark in marks if mark in cell), "")
    return cell.partition(mark)[0] + mark if mark else cell
