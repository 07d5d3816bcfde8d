"""The forms in which an outline is shown: a terminal of 80 columns, a spreadsheet, a page that can be printed."""

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from reminder.domain.cells import safe_cell
from reminder.rendering.templates import Templates
from reminder.rendering.views import Table
from reminder.reporting.bars import bars
from reminder.reporting.outline import Outline
from reminder.reporting.report import Report
from reminder.reporting.small_counts import Hidden

WIDTH = 80
_GAP = 2
# A column is never squeezed below this; what does not fit is wrapped.
_NARROWEST = 8
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_NO_COUNT = frozenset({"", *(hidden.value for hidden in Hidden)})


def as_text(shown: Outline) -> str:
    """For a terminal: no line is longer than 80 columns, but for single words that are."""
    lines = [shown.heading, "=" * min(_wide(shown.heading), WIDTH)]
    lines += [""] if shown.facts else []
    label = max((_wide(label) for label, _ in shown.facts), default=0) + _GAP
    for name, value in shown.facts:
        lines += _beside(name, value, label)
    for table in shown.tables:
        lines += ["", table.title, "-" * min(_wide(table.title), WIDTH), *_table(table)]
    for note in shown.notes:
        lines += ["", *textwrap.wrap(note, WIDTH, break_long_words=False, break_on_hyphens=False)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _beside(name: str, value: str, label: int) -> list[str]:
    wrapped = _wrap(value, WIDTH - label)
    return [_pad(name if number == 0 else "", label) + line for number, line in enumerate(wrapped)]


def _table(table: Table) -> Iterable[str]:
    rows = [table.header, *table.rows] if any(table.header) else list(table.rows)
    columns = list(zip(*rows, strict=True))
    widths = _fit([max(map(_wide, column)) for column in columns])
    right = number_columns(table)
    for row in rows:
        cells = [_wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = (cell[number] if number < len(cell) else "" for cell in cells)
            yield (" " * _GAP).join(_pad(part, w, right=r) for part, w, r in zip(parts, widths, right, strict=True))


def number_columns(table: Table) -> list[bool]:
    """Which columns hold counts, or the words that stand in the place of one; the first never does."""
    columns = list(zip(*table.rows, strict=True))
    return [number > 0 and all(map(_is_count, column)) for number, column in enumerate(columns)]


def _is_count(cell: str) -> bool:
    return cell.replace(",", "").isdigit() or cell in _NO_COUNT


def _fit(widths: list[int]) -> list[int]:
    """Narrow the widest column until the row fits."""
    widths = list(widths)
    while sum(widths) + _GAP * (len(widths) - 1) > WIDTH and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns; a word that is longer is cut, for it would break the table."""
    lines, line = list[str](), ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if _wide(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while _wide(line) > width:
            cut = next(n for n in range(len(line), 0, -1) if _wide(line[:n]) <= width or n == 1)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line or not lines else lines


def _wide(text: str) -> int:
    """Columns on a terminal: wide characters take two, marks over a letter none."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _pad(text: str, width: int, *, right: bool = False) -> str:
    space = " " * max(0, width - _wide(text))
    return space + text if right else text + space


def as_csv(shown: Outline) -> str:
    """For a spreadsheet: one row per figure (part, row, column, value); no cell can run as a formula."""
    rows: list[Sequence[str]] = [("part", "row", "column", "value")]
    rows += [("report", label, "", value) for label, value in shown.facts]
    for table in shown.tables:
        for row in table.rows:
            rows += [
                (table.title, row[0], name, _plain(cell)) for name, cell in zip(table.header[1:], row[1:], strict=True)
            ]
    rows += [("note", str(number), "", note) for number, note in enumerate(shown.notes, start=1)]
    return csv_of(rows)


def _plain(cell: str) -> str:
    return cell.replace(",", "") if _is_count(cell) else cell


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with safe cells. A whole number, such as -2 days, is no formula and stays a number."""
    out = io.StringIO()
    safe = ([cell if _NUMBER.fullmatch(cell) else safe_cell(cell) for cell in row] for row in rows)
    csv.writer(out, lineterminator="\r\n").writerows(safe)
    return out.getvalue()


def report_page(shown: Outline, report: Report, templates: Templates) -> str:
    """The report as one page of HTML: no script, no other file, no request to anybody."""
    return templates.render("report/report.html", {**page_values(shown), "report": report, "chart": bars(report)})


def list_page(shown: Outline, templates: Templates) -> str:
    """A list as such a page."""
    return templates.render("report/list.html", page_values(shown))


def page_values(shown: Outline) -> dict[str, object]:
    """What every page of `templates/report` needs."""
    return {"shown": shown, "number_columns": number_columns, "hidden": [hidden.value for hidden in Hidden]}
