"""From the ready messages of an attempt to its recipients: decrypted, with the links and ids that differ per person."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from cryptography.exceptions import InvalidTag

from reminder.domain.links import Links, Purpose
from reminder.domain.message import Content, Recipient
from reminder.domain.states import Channel
from reminder.domain.wire import wire_ids
from reminder.rendering.mime import date_header
from reminder.store.handover import Claimed, Ready
from reminder.store.vault import Vault

_PURPOSES = {Channel.EMAIL: b"email", Channel.SMS: b"phone"}

_WIRE_ON = attrgetter("wire_on")

_PURPOSE_OF_LINK = {
    "leave_url": Purpose.LEAVE,
    "wrote_url": Purpose.WROTE,
    "later_url": Purpose.LATER,
    "confirm_url": Purpose.CONFIRM,
}


@dataclass(slots=True)
class _Opened:
    """Ready messages by column, in the clear: what differs per person is made column by column, which is twice as fast."""

    hashes: list[bytes]
    addresses: list[str]
    names: list[str]
    wire_ids: list[str]


class Recipients:
    """Builds recipients; a pure function of message, keys and `rendered_at`, so that a replay has the same bytes."""

    def __init__(self, vault: Vault, links: Links, epoch: bytes) -> None:
        self._vault = vault
        self._links = links
        self._epoch = epoch
        # Batches are numbered from one in every database: two installations on one account must not share a key.
        self._history = hashlib.sha256(b"idempotency|" + vault.wire_key + epoch).hexdigest()[:12]

    def key(self, batch_id: int, no: int) -> str:
        """The idempotency key of a batch's attempt."""
        return f"{self._history}-{batch_id}-{no}"

    def build(
        self, claimed: Claimed, content: Content, ready: Sequence[Ready], *, rendered_at: datetime
    ) -> tuple[list[Recipient], list[Ready]]:
        """(recipients, those that could not be built). A message that cannot be built never stops the others."""
        failed: list[Ready] = []
        try:
            opened = self._open(claimed, ready, with_names="name" in content.fields)
        except (InvalidTag, KeyError, ValueError):
            failed = [message for message in ready if not self._can_open(claimed, message)]
            ready = [message for message in ready if message not in failed]
            opened = self._open(claimed, ready, with_names="name" in content.fields)
        links = self._link_columns(content.fields, opened.hashes)
        columns = [
            links[field] if field in links else self._column(field, opened, rendered_at) for field in content.fields
        ]
        values = zip(*columns, strict=True) if columns else [()] * len(ready)
        rows = zip((message.message_id for message in ready), opened.wire_ids, opened.addresses, values, strict=True)
        return list(map(Recipient._make, rows)), failed

    def _open(self, claimed: Claimed, ready: Sequence[Ready], *, with_names: bool) -> _Opened:
        hashes = [message.address_hash for message in ready]
        ids = [message.message_id for message in ready]
        return _Opened(
            hashes,
            self._vault.decrypt_many([message.address_ct for message in ready], _PURPOSES[claimed.channel]),
            self._names(ready) if with_names else [],
            self._wire_ids(claimed, ready, ids, hashes),
        )

    def _wire_ids(
        self, claimed: Claimed, ready: Sequence[Ready], ids: Sequence[int], hashes: Sequence[bytes]
    ) -> list[str]:
        """All at once, but where somebody's message was in an attempt on an earlier day."""
        if not any(map(_WIRE_ON, ready)):
            return self._wire_ids_of(claimed.channel, claimed.day, ids, hashes)
        return [
            self._wire_ids_of(claimed.channel, message.wire_on or claimed.day, [message.message_id], [digest])[0]
            for message, digest in zip(ready, hashes, strict=True)
        ]

    def _wire_ids_of(self, channel: Channel, day: int, ids: Sequence[int], hashes: Sequence[bytes]) -> list[str]:
        return wire_ids(self._vault.wire_key, self._epoch, channel, day, ids, hashes)

    def _names(self, ready: Sequence[Ready]) -> list[str]:
        """Everybody's name, empty where there is none."""
        known = iter(self._vault.decrypt_many([m.name_ct for m in ready if m.name_ct is not None], b"name"))
        return ["" if message.name_ct is None else next(known) for message in ready]

    def _can_open(self, claimed: Claimed, message: Ready) -> bool:
        try:
            self._open(claimed, [message], with_names=True)
        except (InvalidTag, KeyError, ValueError):
            return False
        return True

    def _link_columns(self, fields: Sequence[str], hashes: Sequence[bytes]) -> dict[str, list[str]]:
        """The fields that are links, by field; all links of one campaign are made together."""
        by_campaign: dict[int, list[str]] = {}
        for field in fields:
            name, _, campaign = field.partition(":")
            if name in _PURPOSE_OF_LINK:
                by_campaign.setdefault(int(campaign or 0), []).append(field)
        made: dict[str, list[str]] = {}
        for campaign_id, links in by_campaign.items():
            purposes = [_PURPOSE_OF_LINK[field.partition(":")[0]] for field in links]
            made |= zip(links, self._links.many(campaign_id, hashes, purposes), strict=True)
        return made

    def _column(self, name: str, opened: _Opened, rendered_at: datetime) -> list[str]:
        """One field's value for each person."""
        match name:
            case "to":
                return opened.addresses
            case "message_id":
                return opened.wire_ids
            case "name":
                return opened.names
            case "date":
                return [date_header(rendered_at)] * len(opened.hashes)
            case "short_url":
                return [self._links.short(digest) for digest in opened.hashes]
        raise LookupError(f"no such field: {name}")
