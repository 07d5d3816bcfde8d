"""The order of the documents of a case: the newest wins, so it must be known which that is, and never guessed.

The order hangs on what the documents say. The day on which somebody added one tells only that it was issued by then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations

from reminder.domain.cases import IssuedText, index_key
from reminder.domain.documents import DocumentKind


@dataclass(frozen=True, slots=True)
class Chain:
    """`order` from the oldest to the newest. `certain`: the last one is newer than each of the others beyond doubt."""

    order: tuple[IssuedText, ...]
    certain: bool

    @property
    def newest(self) -> IssuedText:
        return self.order[-1]


def in_order(texts: Sequence[IssuedText]) -> Chain:
    """The chain of at least one document.

    Evidence, strongest first: an organiser's word, a link to the document before, the printed place in the chain, the
    issue dates, a first document against a later kind. Weaker evidence that contradicts stronger makes nothing newer,
    but where it speaks against the newest document the chain is not certain.
    """
    known = sorted({text.digest: text for text in texts}.values(), key=_rank)
    newer: dict[str, set[str]] = {text.digest: set() for text in known}  # digest → all that are newer
    said = {(old.digest, new.digest) for old, new in _said(known)}
    against: set[tuple[str, str]] = set()
    for old, new in _evidence(known):
        pair = (old.digest, new.digest)
        if old.digest in newer[new.digest]:
            against |= set() if pair[::-1] in said else {pair}
        else:
            _note(newer, *pair)
    order = _sorted(known, newer)
    last = order[-1].digest
    beyond = all(last in newer[text.digest] for text in order[:-1])
    return Chain(order, beyond and not any(last in pair for pair in against))


def _rank(text: IssuedText) -> tuple[date, int, str]:
    return (text.issued_on or date.min, text.read.get("sequence") or 0, text.digest)


def _said(texts: Sequence[IssuedText]) -> Iterator[tuple[IssuedText, IssuedText]]:
    """Pairs (older, newer) that an organiser settled: "newest" holds the digests it is newer than."""
    return ((old, new) for old, new in permutations(texts, 2) if old.digest in new.answer("newest").split())


def _evidence(texts: Sequence[IssuedText]) -> Iterator[tuple[IssuedText, IssuedText]]:
    yield from _said(texts)
    pairs = list(permutations(texts, 2))
    yield from (pair for pair in pairs if _links(*pair))
    yield from (pair for pair in pairs if _earlier_place(*pair))
    yield from (pair for pair in pairs if _issued_before(*pair))
    yield from (pair for pair in pairs if _first_before_later(*pair))


def _links(old: IssuedText, new: IssuedText) -> bool:
    return bool(old.index) and index_key(new.previous_index) == index_key(old.index)


def _earlier_place(old: IssuedText, new: IssuedText) -> bool:
    places = old.read.get("sequence"), new.read.get("sequence")
    return bool(places[0] and places[1] and places[0] < places[1])


def _issued_before(old: IssuedText, new: IssuedText) -> bool:
    """Without a date of its own `old` was issued by the day it was added, wherever on earth that was."""
    by = old.issued_on or old.added_at.date() + timedelta(days=1)
    return new.issued_on is not None and by < new.issued_on


def _first_before_later(old: IssuedText, new: IssuedText) -> bool:
    later = {DocumentKind.UPDATE, DocumentKind.OUTCOME}
    return old.read.get("kind") == DocumentKind.FIRST and new.read.get("kind") in later


def _note(newer: dict[str, set[str]], old: str, new: str) -> None:
    """Keep what follows, too: whatever is newer than `new` is newer than all that `old` is newer than."""
    gained = {new} | newer[new]
    for digest, above in newer.items():
        if digest == old or old in above:
            above |= gained


def _sorted(texts: list[IssuedText], newer: dict[str, set[str]]) -> tuple[IssuedText, ...]:
    """Oldest first; what nothing tells apart stands by issue date, printed place and digest."""
    left, order = list(texts), []
    while left:
        following = {digest for text in left for digest in newer[text.digest]}
        # `newer` has no cycle, so something is always without an older one.
        head = next(text for text in left if text.digest not in following)
        left.remove(head)
        order.append(head)
    return tuple(order)
