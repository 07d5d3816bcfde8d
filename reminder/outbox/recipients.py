"""From the ready messages of an attempt to its recipients: decrypted, with the links and ids that differ per person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reminder.domain.links import Links, Purpose
from reminder.domain.message import Content, Recipient
from reminder.domain.states import Channel
from reminder.domain.wire import wire_id
from reminder.errors import Trouble
from reminder.rendering.mime import date_header
from reminder.store.handover import Claimed, Ready
from reminder.store.vault import Vault

_PURPOSES = {Channel.EMAIL: b"email", Channel.SMS: b"phone"}

_MAKERS = {"leave_url": Purpose.LEAVE, "wrote_url": Purpose.WROTE, "later_url": Purpose.LATER}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A ready message with its address in the clear."""

    message: Ready
    address: str
    name: str
    wire_id: str


class Recipients:
    """Builds recipients; a pure function of message, keys and `rendered_at`, so that a replay has the same bytes."""

    def __init__(self, vault: Vault, links: Links, epoch: bytes) -> None:
        self._vault = vault
        self._links = links
        self._epoch = epoch

    def build(
        self, claimed: Claimed, content: Content, ready: Sequence[Ready], *, rendered_at: datetime
    ) -> tuple[list[Recipient], list[Ready]]:
        """(recipients, those that could not be built). A message that cannot be built never stops the others."""
        opened: list[_Opened] = []
        failed: list[Ready] = []
        with_name = "name" in content.fields
        for message in ready:
            try:
                opened.append(self._open(claimed, message, with_name=with_name))
            except Trouble:
                failed.append(message)
        columns = [self._column(field, opened, rendered_at) for field in content.fields]
        values = zip(*columns, strict=True) if columns else ((),) * len(opened)
        built = [
            Recipient(each.message.message_id, each.wire_id, each.address, row)
            for each, row in zip(opened, values, strict=True)
        ]
        return built, failed

    def _open(self, claimed: Claimed, message: Ready, *, with_name: bool) -> _Opened:
        address = self._vault.decrypt(message.address_ct, _PURPOSES[claimed.channel])
        name = self._vault.decrypt(message.name_ct, b"name") if with_name and message.name_ct is not None else ""
        wire = wire_id(
            self._vault.wire_key, self._epoch, message.message_id, message.address_hash, claimed.channel, claimed.day
        )
        return _Opened(message, address, name, wire)

    def _column(self, field: str, opened: Sequence[_Opened], rendered_at: datetime) -> list[str]:
        """One field's value for each person."""
        name, _, campaign = field.partition(":")
        match name:
            case "to":
                return [each.address for each in opened]
            case "message_id":
                return [each.wire_id for each in opened]
            case "name":
                return [each.name for each in opened]
            case "date":
                return [date_header(rendered_at)] * len(opened)
            case "short_url":
                return [self._links.short(each.message.address_hash) for each in opened]
        make = self._links.maker(_MAKERS[name], int(campaign or 0))
        return [make(each.message.address_hash) for each in opened]
