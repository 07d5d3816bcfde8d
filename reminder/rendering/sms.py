"""The text of an SMS: of several wordings the first that takes the fewest segments."""

from collections.abc import Sequence

from reminder.domain.message import Spliced
from reminder.rendering.clean import clean_line
from reminder.rendering.segments import Segments, count_segments, fold_to_gsm
from reminder.rendering.splice import VALUE, Mark, Piece, pieces_of, spliced

# In the alphabet of GSM, two units wide and cleaned out of every input: it stands for a link while a text is folded.
_STAND_IN = "\f"


def choose(wordings: Sequence[str], link_characters: Sequence[int]) -> tuple[Spliced, Segments]:
    """The first wording of the fewest segments; `wordings` hold marks, `link_characters` is the length of each field's link."""
    chosen: tuple[list[Piece], Segments] | None = None
    for wording in wordings:
        pieces = _folded(pieces_of(wording))
        filled = "".join("x" * link_characters[piece.field] if isinstance(piece, Mark) else piece for piece in pieces)
        segments = count_segments(filled)
        if chosen is None or segments.count < chosen[1].count:
            chosen = pieces, segments
        if segments.count == 1:
            break
    if chosen is None:
        raise ValueError("an SMS needs at least one wording")
    return spliced(chosen[0], {VALUE: clean_line}), chosen[1]


def _folded(pieces: Sequence[Piece]) -> list[Piece]:
    marks = [piece for piece in pieces if isinstance(piece, Mark)]
    text = "".join(_STAND_IN if isinstance(piece, Mark) else _trim(piece) for piece in pieces)
    parts = fold_to_gsm(text).split(_STAND_IN)
    return [parts[0], *(each for mark, part in zip(marks, parts[1:], strict=True) for each in (mark, part))]


def _trim(piece: str) -> str:
    """As `clean_line`, but a space beside a link stays."""
    return clean_line(f"|{piece}|")[1:-1]
