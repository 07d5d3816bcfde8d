"""Mail that came back is fetched: stored like a callback, then put away in the mailbox, and applied with the rest.

A mailbox that cannot be read is tried ever more rarely, a refused login at most once an hour, and the office is told once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_other
from datetime import datetime, timedelta

import structlog

from reminder.domain.states import MessageKind
from reminder.events.intake import sealed
from reminder.providers.email.imap import (
    LOOK_SECONDS,
    MOST_MAILS,
    FetchedMail,
    ImapSettings,
    MailboxTrouble,
    Patience,
    collect,
)
from reminder.providers.email.mailbox import NAME as MAILBOX
from reminder.providers.email.mailbox import as_callback
from reminder.store import hooks, mailbox
from reminder.store.database import Connection, Database
from reminder.store.hooks import Sealed, fingerprint
from reminder.store.mailbox import Turn
from reminder.store.queueing import queue_to_organisers
from reminder.store.vault import Vault

log = structlog.get_logger()
EVERY = timedelta(minutes=1)
# Longer than a look may take, so that two never look at once.
TURN = timedelta(seconds=LOOK_SECONDS + 30)
# How long after the first miss, doubled with each one; a server locks out who knocks too often with a wrong password.
AFTER_A_MISS, AT_MOST = timedelta(minutes=1), timedelta(hours=1)
AFTER_A_REFUSAL, AT_MOST_REFUSED = timedelta(hours=1), timedelta(days=1)
TOLD_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look at the mailbox came to. `trouble` says why nothing was read; `not_before`: no look is due until then."""

    stored: int = 0
    trouble: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches mail into the stored callbacks, as often and by as many as one likes; without `settings`, none."""

    database: Database
    vault: Vault
    settings: ImapSettings | None
    go_on: Callable[[], bool] = lambda: True
    patience: Patience = Patience()  # noqa: RUF009 - a frozen value

    def look(self, now: datetime, *, at_once: bool = False) -> Fetched:
        """Look at the mailbox if a look is due. `at_once`: also before; a person asks."""
        if self.settings is None:
            return Fetched()
        with self.database.read() as connection:
            before = mailbox.turn(connection)
        mark = _mark(self.vault, self.settings)
        if before and before.mark == mark and before.next_at > now and not at_once:
            # The daemon asks every few seconds: that must cost nobody the turn at the writer.
            return Fetched(not_before=before.next_at)
        if not self.database.write(
            lambda connection: mailbox.take_turn(connection, mark, now, now + TURN, at_once=at_once)
        ):
            return Fetched(not_before=before.next_at if before else None)
        with self.database.read() as connection:
            taken = mailbox.turn(connection)
        try:
            stored = collect(
                self.settings, lambda mails: self._keep(mails, now), now, go_on=self.go_on, patience=self.patience
            )
        except MailboxTrouble as trouble:
            if not self.go_on():
                # We hung up ourselves.
                self.database.write(lambda connection: mailbox.turn_went_well(connection, now))
                return Fetched()
            return self._went_wrong(trouble, taken, now)
        next_at = now if stored == MOST_MAILS else now + EVERY
        self.database.write(lambda connection: mailbox.turn_went_well(connection, next_at))
        return Fetched(stored)

    def _keep(self, mails: Sequence[FetchedMail], now: datetime) -> None:
        """Store mails; what was stored before is left as it is. What they say was said when our mail server got them."""
        ready = [self._sealed(mail, now) for mail in mails]

        def work(connection: Connection) -> None:
            # One by one: they are applied in the order in which they came.
            for each in ready:
                hooks.keep(connection, [each])

        self.database.write(work)

    def _sealed(self, mail: FetchedMail, now: datetime) -> Sealed:
        return with_other(sealed(self.vault, MAILBOX, as_callback(mail.raw, mail.at)), received_at=now)

    def _went_wrong(self, trouble: MailboxTrouble, before: Turn | None, now: datetime) -> Fetched:
        misses = 1 + (before.misses if before else 0)
        since = (before.since if before else None) or now
        first, most = (AFTER_A_REFUSAL, AT_MOST_REFUSED) if trouble.lasting else (AFTER_A_MISS, AT_MOST)
        next_at = now + min(first * 2 ** min(misses - 1, 20), most)
        log.error("mailbox_not_read", because=trouble.reason, misses=misses, next_at=next_at.isoformat())

        def work(connection: Connection) -> None:
            mailbox.turn_went_wrong(connection, misses, since, next_at)
            if trouble.lasting or now - since >= TOLD_AFTER:
                _tell(connection, trouble, since, now)

        self.database.write(work)
        return Fetched(trouble=trouble.reason, not_before=next_at)


def _mark(vault: Vault, s: ImapSettings) -> bytes:
    """Names the settings without telling them: a password must not be guessed from the database."""
    said = "\n".join((s.host, str(s.port), s.tls, s.ca_file, s.user, s.password, s.folder, s.done_folder))
    return fingerprint(vault.derive(b"mailbox"), said.encode())


def _tell(connection: Connection, trouble: MailboxTrouble, since: datetime, now: datetime) -> None:
    """Once for each time that it goes wrong, however long that lasts."""
    said = {
        "subject": "Bounces and replies are not read",
        "reason": f"The mailbox for mail that comes back cannot be read: {trouble.reason}. Who answers STOP by mail is not"
        " heard until then; the mails wait in the mailbox.",
        "remedy": "Look at the IMAP settings, then run `reminder events fetch`.",
    }
    queue_to_organisers(connection, MessageKind.ALERT, said, f"mailbox:{since.isoformat()}", now)
