"""Titles that are printed in capitals, written as one writes them."""

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# A word inside of a sentence: only there a capital tells something.
_INSIDE = re.compile(r"(?<=[^\s.!?…:“”\"] )[^\W\d_]+(?:['’][^\W\d_]+)*")
_ABBREVIATIONS = frozenset({"UN", "EU", "USA", "US", "UK", "UAE", "DRC", "NGO", "LGBT", "LGBTI", "HIV", "TV"})


def unshouted(title: str, text: str) -> str:
    """A title all in capitals in small letters: each word as the text beside it writes it, the first with a capital.

    Known abbreviations keep their capitals. A title that is not all in capitals stays as it is.
    """
    if not title.isupper() or len(title.split()) < 2:
        return title
    written = _written(text)
    words = [written.get(word.group().casefold()) or _small(word.group()) for word in _WORD.finditer(title)]
    made = _WORD.sub(lambda _: words.pop(0), title)
    return made[:1].upper() + made[1:]


def _written(text: str) -> dict[str, str]:
    """How each word inside of a text's sentences is written: in small letters where that occurs, in capitals where nothing
    else does."""
    return {word.casefold(): word for word in sorted(set(_INSIDE.findall(text)), key=_in_small_letters)}


def _in_small_letters(word: str) -> tuple[bool, bool]:
    """Sorts what is all in capitals first and what is all in small letters last, which then stands."""
    return (word.islower(), not word.isupper())


def _small(word: str) -> str:
    return word if word in _ABBREVIATIONS else word.lower()
