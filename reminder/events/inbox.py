"""The office's inbox: replies that a person reads, and what becomes of whoever wrote them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from reminder.domain.consent import Closed
from reminder.domain.replies import Wish
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.events.apply import said_address
from reminder.store import inbox
from reminder.store.database import Connection, Database
from reminder.store.people import choices
from reminder.store.people.addresses import addresses_of
from reminder.store.people.ledger import Closing, close
from reminder.store.vault import Vault


@dataclass(frozen=True, slots=True)
class WaitingReply:
    """A reply by its number and the person's, never by name."""

    number: int
    at: datetime
    channel: Channel
    subscriber_id: int
    what: str
    due_on: date | None
    sender_ct: bytes = field(repr=False)
    text_ct: bytes = field(repr=False)

    def text(self, vault: Vault) -> str:
        """What was written, as long as it is kept."""
        return vault.decrypt(self.text_ct, b"reply") if self.text_ct else "Its text was removed after INBOX_DAYS."

    def line(self) -> str:
        """The reply in a line."""
        who = f"supporter {self.subscriber_id}" if self.subscriber_id else "nobody we know"
        by = "email" if self.channel is Channel.EMAIL else "SMS"
        until = f", act on it by {self.due_on:%a} {self.due_on.day} {self.due_on:%b}" if self.due_on else ""
        return f"{self.number:>5}  {self.at:%Y-%m-%d %H:%M} UTC  {by:5}  {who}: {self.what}{until}"

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "channel": self.channel.name.lower(),
            "subscriber": self.subscriber_id or None,
            "what": self.what,
            "due_on": self.due_on.isoformat() if self.due_on else None,
        }


def waiting_replies(database: Database, *, number: int | None = None) -> Sequence[WaitingReply]:
    """Replies that wait; with `number` that one, `Trouble` where it does not exist."""
    with database.read() as connection:
        found = inbox.open_replies(connection, number=number)
    if number is not None and not found:
        raise Trouble(f"Reply {number}", "is not known", "`reminder inbox list` shows those that wait.")
    return [
        WaitingReply(
            each.id, each.at, each.channel, each.subscriber_id, each.what, each.due_on, each.sender_ct, each.text_ct
        )
        for each in found
    ]


def empty_dealt_with(database: Database, before: datetime) -> int:
    """Remove sender and text of the replies that were dealt with before; those that wait stay. Returns how many."""
    return database.write(lambda connection: inbox.empty_done(connection, before))


def deal_with(database: Database, vault: Vault, number: int, now: datetime, *, leaves: bool) -> None:
    """A person has read a reply. `leaves`: nothing more by that channel; else who was silenced by it is no longer."""
    [reply] = waiting_replies(database, number=number)

    def work(connection: Connection) -> bool:
        if not inbox.finish(connection, number, now):
            return False
        if leaves:
            own = [each for each in addresses_of(connection, reply.subscriber_id) if each.channel is reply.channel]
            own = own or [said_address(vault, reply.channel, vault.decrypt(reply.sender_ct, b"reply"))]
            close(connection, [Closing(each, Closed.OPTED_OUT, now) for each in own], now, "reply")
        if reply.subscriber_id and reply.what == Wish.SOUNDS_LIKE_LEAVING:
            choices.pause(connection, reply.subscriber_id, None, now)
        return True

    if not database.write(work):
        raise Trouble(f"Reply {number}", "was dealt with before", "Nothing needs to be done.")
