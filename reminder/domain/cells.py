"""Cells of a CSV file that people open in a spreadsheet: a cell is data, never a formula."""

# What a spreadsheet takes for the beginning of a formula; the wide forms too, since some programs fold them.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = " \t\r\n\v\f\u00a0"


def _opens_formula(text: str) -> bool:
    """Whether `text` opens one, behind any number of apostrophes: so that the one we add can be taken back."""
    bare = text.lstrip("'")
    return bare.startswith(("\t", "\r", "\n")) or bare.lstrip(_BLANKS + "'").startswith(FORMULA_STARTS)


def safe_cell(text: str) -> str:
    """`text` for an exported cell: an apostrophe in front of what a spreadsheet would run. `typed_cell` takes it back."""
    return f"'{text}" if _opens_formula(text) else text


def typed_cell(cell: str) -> str:
    """What was written with `safe_cell`: takes the apostrophe away that stands in front of a formula."""
    return cell[1:] if cell.startswith("'") and _opens_formula(cell[1:]) else cell
