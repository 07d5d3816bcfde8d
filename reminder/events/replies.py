"""Replies: what somebody wrote to us by text or mail, understood and acted on, or kept for a person to read.

Every reply may come twice, and all of them again (`reminder events replay`): each has a mark, and what was acted on does
nothing any more. The mark is set last, so each act must bear to be done again at once. What was said counts when it was
said. A machine's answer changes nothing. Only the new text counts, not what it quotes.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog
from mailparser_reply import EmailReplyParser

from reminder.domain.consent import Leaving
from reminder.domain.replies import Wish, is_automatic, plain, wish_of
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.events.apply import genuine_message, said_address
from reminder.events.parts import Together, given_up, part_mark, put_together
from reminder.events.supporters import leave, report_letter
from reminder.providers.contract import Inbound
from reminder.store import inbox
from reminder.store.database import Connection, Database
from reminder.store.hooks import fingerprint
from reminder.store.lastchecks import TO_ORGANISERS
from reminder.store.people import choices
from reminder.store.people.addresses import Address, addresses_of, locale_of, person_at
from reminder.store.people.answering import campaigns_last_reminded_of, campaigns_of_message, was_asked_last
from reminder.store.people.ledger import closed_among, own_confirmations
from reminder.store.queueing import Addressee, at_once, queue
from reminder.store.vault import Vault

log = structlog.get_logger()
# What CAN-SPAM and the rules of carriers give an office to act on a wish to leave that was not said in one word.
WORKING_DAYS = 10
SILENT_UNTIL_READ = timedelta(days=3_650)
# Nobody waits longer for an answer: a mailbox that was not read for months is no reason to write to all of them.
ANSWERED_WITHIN = timedelta(days=3)
NOT_WHOLE = "[A part of this text did not come.]"
# The words that carriers reserve for coming back; a mere "yes" counts only as the answer to our question.
_COMING_BACK = frozenset({"start", "unstop"})
_LANGUAGES = ["en", "fr", "es", "zh", "de", "it", "nl", "pl", "cs", "da", "sv", "ja", "ko"]
_QUOTES_FROM = re.compile(r"(?m)^(?:>|.*<[^<>\s]+@[^<>\s]+>.*[:：]\s*$|-- ?$)")
# What stands further down is hardly new; the library takes longer than it is worth for long texts and lines.
LONGEST_TEXT, LONGEST_LINE = 4_000, 500
_EMPTY_LINES = re.compile(r"\n[ \t]*\n[ \t\n]*")

Join = Callable[[Channel, str, datetime], None]


@dataclass(frozen=True, slots=True)
class Replies:
    """Acts on replies. `join` subscribes somebody who asks to, and asks for consent."""

    database: Database
    vault: Vault
    epoch: bytes
    join: Join

    def take(self, provider: str, inbound: Inbound, now: datetime) -> None:
        """Act on one reply, or keep it for the office."""
        unsubscribes = inbound.channel is Channel.EMAIL and wish_of(inbound.subject) is Wish.STOP
        if inbound.channel is Channel.EMAIL and is_automatic(inbound.headers) and not unsubscribes:
            log.info("automatic_answer", provider=provider)
            return
        name = fingerprint(provider.encode(), inbound.provider_id.encode(), inbound.sender.encode())
        whole, marks = self._whole(name, provider, inbound, now)
        if whole is None:
            return
        text = new_text(whole.text) if whole.channel is Channel.EMAIL else whole.text
        if unsubscribes and wish_of(text) in {Wish.OTHER, Wish.SOUNDS_LIKE_LEAVING}:
            # Our own List-Unsubscribe opens a mail with the wish in its subject, and mail programs write what they like.
            text = whole.subject
        # Told again, a reply has the same id; where there is none, the same instant.
        said_at = "" if whole.provider_id else whole.at.isoformat()
        mark = fingerprint(name, text.encode(), said_at.encode())
        with self.database.read() as connection:
            if inbox.is_done(connection, mark):
                return
            who = self._who(connection, provider, whole)
        self._act(_Reply(whole, text, mark, who, min(whole.at, now)), now)
        self._acted(name, (mark, *marks), now)

    def _whole(
        self, name: bytes, provider: str, inbound: Inbound, now: datetime
    ) -> tuple[Inbound | None, tuple[bytes, ...]]:
        """The text put together and the marks of its parts; None while parts are missing, or were acted on."""
        # What the provider has acted on waits for nothing.
        if inbound.part[1] <= 1 or inbound.handled is not None:
            return inbound, ()

        def work(connection: Connection) -> Together | None:
            if inbox.is_done(connection, part_mark(name, inbound)):
                return None
            return put_together(connection, self.vault, name, provider, inbound, now)

        text = self.database.write(work)
        return (text.inbound, text.marks) if text else (None, ())

    def end_waiting(self, now: datetime) -> int:
        """Texts of which a part never came go to the office; who may want to leave gets nothing until somebody has read
        it. Returns how many."""
        with self.database.read() as connection:
            texts = given_up(connection, self.vault, now)
        for text in texts:
            mark = fingerprint(text.whole, *text.marks)
            with self.database.read() as connection:
                who = self._who(connection, text.provider, text.inbound)
            shown = replace(text.inbound, text=f"{NOT_WHOLE}\n{text.inbound.text}")
            wish = Wish.SOUNDS_LIKE_LEAVING if text.leaving else Wish.OTHER
            self._read_by_somebody(_Reply(shown, shown.text, mark, who, min(shown.at, now)), now, wish)
            self._acted(text.whole, text.marks, now)
        return len(texts)

    def _acted(self, name: bytes, marks: Collection[bytes], now: datetime) -> None:
        def work(connection: Connection) -> None:
            inbox.note_done(connection, marks, now)
            inbox.drop_parts(connection, name)

        self.database.write(work)

    def _who(self, connection: Connection, provider: str, inbound: Inbound) -> "_Who":
        """Who wrote: whose message it answers, else whose address it came from."""
        address = said_address(self.vault, inbound.channel, inbound.sender)
        message = genuine_message(
            connection, provider, inbound.in_reply_to, inbound.in_reply_to_id, self.vault, self.epoch, now=inbound.at
        )
        if message is not None and message.kind not in TO_ORGANISERS:
            own = [each for each in addresses_of(connection, message.subscriber_id) if each.channel is inbound.channel]
            if address in own or inbound.channel is Channel.EMAIL:
                theirs = own[0] if own else address
                return _Who(message.subscriber_id, theirs, message.message_id, is_own=address in own)
        person = person_at(connection, address) or 0
        # A text can come only from who has the number; a mail can be written in anybody's name.
        return _Who(person, address, 0, is_own=inbound.channel is Channel.SMS)

    def _act(self, reply: "_Reply", now: datetime) -> None:
        wish = wish_of(reply.text)
        if reply.inbound.handled is Leaving.STOP:
            wish = Wish.STOP
        done = {
            Wish.STOP: self._stop,
            Wish.HELP: self._help,
            Wish.START: self._start,
            Wish.DONE: self._done,
            Wish.JOIN: self._join,
        }.get(wish)
        if not (done and done(reply, now)):
            self._read_by_somebody(reply, now, wish)

    def _stop(self, reply: "_Reply", now: datetime) -> bool:
        leaving = Leaving.STOP if reply.channel is Channel.SMS else Leaving.ALL_EMAIL
        left = leave(self.database, leaving, reply.who.address, reply.at)
        kind = "left_sms" if reply.channel is Channel.SMS else "left_email"
        still = {frozenset({Channel.EMAIL}): "email", frozenset({Channel.SMS}): "sms"}.get(left.still, "nothing")
        if reply.channel not in left.still:  # else she came back after she said it
            self._answer(reply, kind, now, still=still)
        return True

    def _help(self, reply: "_Reply", now: datetime) -> bool:
        self._answer(reply, "help", now)
        return reply.who.id != 0

    def _start(self, reply: "_Reply", now: datetime) -> bool:
        """The person's own yes, by the address itself.

        Anybody can write a mail in her name: without an answer to a mail of ours, she is asked by one.
        """
        coming_back = plain(reply.text) in _COMING_BACK
        proven = reply.who.is_own
        if not reply.who.id or (coming_back and not proven):
            return coming_back and self._join(reply, now)

        def work(connection: Connection) -> bool:
            if not proven or not (coming_back or was_asked_last(connection, reply.who.address)):
                return False
            closed = closed_among(connection, [reply.who.address]).get(reply.who.address)
            if closed is not None and closed.since > reply.at:
                return False  # said after this, and told before it
            return choices.confirm(
                connection, reply.who.id, reply.channel, now, source="reply", wording=plain(reply.text)
            )

        opened = self.database.write(work)
        if opened:
            self._answer(reply, "joined", now)
        return opened

    def _done(self, reply: "_Reply", now: datetime) -> bool:
        """ "I wrote": for every appeal of the reminder that is answered, never for one of them at random."""
        person = reply.who.id
        if not person:
            return False
        with self.database.read() as connection:
            campaigns = campaigns_of_message(connection, reply.who.message_id, person) if reply.who.message_id else []
            campaigns = campaigns or campaigns_last_reminded_of(connection, person, reply.at.date())
        for campaign_id in campaigns:
            report_letter(self.database, campaign_id, person, reply.channel.name.lower(), reply.at)
        if campaigns:
            self._answer(reply, "wrote", now)
        return bool(campaigns)

    def _join(self, reply: "_Reply", now: datetime) -> bool:
        if now - reply.at > ANSWERED_WITHIN:
            return False
        try:
            self.join(reply.channel, reply.inbound.sender, now)
        except Trouble as trouble:
            log.warning("cannot_join", reason=trouble.reason)
            return False
        return True

    def _read_by_somebody(self, reply: "_Reply", now: datetime, wish: Wish) -> None:
        """Keep it for the office; who seems to want to leave gets nothing until then, unless she came back since."""
        inbound, address = reply.inbound, reply.who.address

        def work(connection: Connection) -> None:
            since = own_confirmations(connection, [address]).get(address, reply.at)
            leaving = wish is Wish.SOUNDS_LIKE_LEAVING and since <= reply.at
            fresh = inbox.put(
                connection,
                mark=reply.mark,
                at=inbound.at,
                channel=reply.channel,
                subscriber_id=reply.who.id,
                sender_ct=self.vault.encrypt(inbound.sender, b"reply"),
                text_ct=self.vault.encrypt("\n".join(filter(None, (inbound.subject, inbound.text))), b"reply"),
                what=(Wish.SOUNDS_LIKE_LEAVING if leaving else Wish.OTHER).value,
                due_on=after_working_days(reply.at.date(), WORKING_DAYS) if leaving else None,
            )
            if fresh and leaving and reply.who.id:
                choices.pause(connection, reply.who.id, now + SILENT_UNTIL_READ, now)

        self.database.write(work)

    def _answer(self, reply: "_Reply", kind: str, now: datetime, *, still: str = "unchanged") -> None:
        """Answer somebody we know; not where the provider has done it already.

        Once for each day on which it was asked: two machines that answer each other come to an end.
        """
        person = reply.who.id
        if not person or reply.inbound.handled is not None or now - reply.at > ANSWERED_WITHIN:
            return

        def work(connection: Connection) -> int:
            return queue(
                connection,
                MessageKind.ANSWER,
                [Addressee(person, reply.channel, locale_of(connection, person))],
                dedupe=f"answer:{kind}:{reply.at.date().isoformat()}",
                payload={"kind": kind, "still": still},
                when=at_once(MessageKind.ANSWER, now),
                now=now,
            )

        self.database.write(work)


@dataclass(frozen=True, slots=True)
class _Who:
    """Who wrote; `id` 0 is nobody we know. `message_id` 0: it names no message of ours. `is_own`: it certainly came from
    the address itself."""

    id: int
    address: Address
    message_id: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class _Reply:
    inbound: Inbound
    text: str
    mark: bytes
    who: _Who
    at: datetime

    @property
    def channel(self) -> Channel:
        return self.inbound.channel


def new_text(text: str) -> str:
    """What a mail says itself, without what it quotes and without its signature."""
    lines = [
        line[:LONGEST_LINE] for line in _EMPTY_LINES.sub("\n\n", text.replace("\r\n", "\n"))[:LONGEST_TEXT].split("\n")
    ]
    own = EmailReplyParser(languages=_LANGUAGES).parse_reply(text="\n".join(lines)) or ""
    # The library does not know every mail program of our languages; what none of them writes by hand ends the text too.
    return _QUOTES_FROM.split(own, maxsplit=1)[0].strip()


def after_working_days(day: date, number: int) -> date:
    """The day that is so many days from Monday to Friday later."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day
