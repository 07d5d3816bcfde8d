"""How many segments an SMS takes: GSM 03.38 with its extension table, else UCS-2.

Sources: 3GPP TS 23.038 (alphabet, extension table), TS 23.040 (160 and 153 septets, 70 and 67 units of 16 bits).
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from reminder.domain.gsm import BASIC, EXTENSION, is_gsm

GSM_SINGLE, GSM_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67

# Letters and signs that decomposition does not bring to the GSM alphabet.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        "…": "...",
        "·": "-",
        "•": "-",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
    }
)


class Alphabet(StrEnum):
    """What an SMS is written in. GSM7 has 160 places of 7 bits, UCS2 70 of 16."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets or 16-bit units, `count` what is paid for, `left` the units still free in the last one."""

    alphabet: Alphabet
    units: int
    count: int
    left: int


def count_segments(text: str) -> Segments:
    """Alphabet, units and segments of `text`; an empty text is one segment."""
    if is_gsm(text):
        return _pack(Alphabet.GSM7, [2 if each in EXTENSION else 1 for each in text], GSM_SINGLE, GSM_JOINED)
    return _pack(Alphabet.UCS2, [2 if ord(each) > 0xFFFF else 1 for each in text], UCS2_SINGLE, UCS2_JOINED)


def _pack(alphabet: Alphabet, widths: list[int], single: int, joined: int) -> Segments:
    """A character of two units never stands on both sides of a border, so a joined segment may stay one short."""
    units = sum(widths)
    if units <= single:
        return Segments(alphabet, units, 1, single - units)
    count, used = 1, 0
    for width in widths:
        if used + width > joined:
            count, used = count + 1, 0
        used += width
    return Segments(alphabet, units, count, joined - used)


def fold_to_gsm(text: str) -> str:
    """`text` in the GSM alphabet where dropping accents and curly signs is enough, else unchanged.

    One ê turns 160 places into 70; a Latin text stays readable without it.
    """
    plain = "".join(each if each in BASIC or each in EXTENSION else _fold(each) for each in text)
    return plain if is_gsm(plain) else text


def _fold(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.translate(_PLAIN))
    return "".join(each for each in decomposed if not unicodedata.combining(each))
