"""Addresses that stand on more than one line of a file. Only 16-byte digests of them are kept."""

import hashlib
from dataclasses import replace

from reminder.domain.states import Channel
from reminder.intake.subscribers.problems import problem
from reminder.intake.subscribers.rows import Block, Problem, Row

DIGEST_BYTES = 16


def _digest(channel: Channel, normal: str) -> bytes:
    return hashlib.blake2b(normal.encode(), digest_size=DIGEST_BYTES, salt=bytes([channel])).digest()


class Seen:
    """Settles what a row may still say after the lines above it.

    A do-not-contact entry always counts, wherever it stands; an agreement counts once per address, and never after an
    entry that closes it. So the entries that come out do not depend on the order of the lines.
    """

    def __init__(self) -> None:
        self._agreed: dict[bytes, int] = {}
        self._closed: dict[bytes, int] = {}
        self._silent: dict[bytes, int] = {}

    def settle(self, row: Row) -> tuple[Row | Problem, list[Problem]]:
        """The row as it may stand, or the problem that leaves it out; and notes on what was taken from it."""
        digests = {channel: _digest(channel, normal) for channel, normal in row.addresses()}
        blocks = tuple(block for block in row.blocks if self._is_new(block, digests[block.channel]))
        notes: list[Problem] = []
        settled = self._agreements(replace(row, blocks=blocks) if blocks != row.blocks else row, digests, notes)
        self._remember(row, digests, settled)
        return settled, notes

    def _is_new(self, block: Block, digest: bytes) -> bool:
        return digest not in self._closed or (block.everything and digest not in self._silent)

    def _agreements(self, row: Row, digests: dict[Channel, bytes], notes: list[Problem]) -> Row | Problem:
        """The row with the agreements that earlier lines leave it."""
        if not row.agreements:
            return row if row.blocks else self._closed_above(row, digests, "repeated")
        if any(digest in self._silent for digest in digests.values()):
            return self._without_agreements(row, digests, "closed_above")
        email, phone = digests.get(Channel.EMAIL), digests.get(Channel.SMS)
        owner = phone if email is None else email
        if owner in self._agreed:
            return self._without_agreements(row, digests, "repeated", self._agreed[owner])
        still = tuple(agreed for agreed in row.agreements if digests[agreed.channel] not in self._closed)
        if not still:
            return self._without_agreements(row, digests, "closed_above")
        if len(still) < len(row.agreements):
            notes.append(problem(row.line, "channel_closed_above"))
            row = replace(row, agreements=still)
        if phone in self._agreed and email is not None:
            return self._without_phone(row, digests, notes)
        return row

    def _without_phone(self, row: Row, digests: dict[Channel, bytes], notes: list[Problem]) -> Row | Problem:
        """One number belongs to one person: the earlier line keeps it, unless this line closes it."""
        still = tuple(agreed for agreed in row.agreements if agreed.channel is not Channel.SMS)
        line = self._agreed[digests[Channel.SMS]]
        if not still:
            return self._without_agreements(row, digests, "repeated", line)
        if any(block.channel is Channel.SMS for block in row.blocks):
            return row
        notes.append(problem(row.line, "phone_repeated", other_line=line))
        return replace(row, phone=None, agreements=still)

    def _without_agreements(
        self, row: Row, digests: dict[Channel, bytes], code: str, line: int | None = None
    ) -> Row | Problem:
        """Only the do-not-contact entries of a row, where it has any that are new."""
        if row.blocks:
            return Row(row.line, row.email, row.phone, blocks=row.blocks)
        return self._closed_above(row, digests, code) if line is None else problem(row.line, code, other_line=line)

    def _closed_above(self, row: Row, digests: dict[Channel, bytes], code: str) -> Problem:
        lines = [self._closed[digest] for digest in digests.values() if digest in self._closed]
        return problem(row.line, code, other_line=min(lines))

    def _remember(self, row: Row, digests: dict[Channel, bytes], settled: Row | Problem) -> None:
        for block in row.blocks:
            digest = digests[block.channel]
            self._closed.setdefault(digest, row.line)
            if block.everything:
                self._silent.setdefault(digest, row.line)
        if isinstance(settled, Row) and settled.agreements:
            for channel, _ in settled.addresses():
                self._agreed.setdefault(digests[channel], row.line)
