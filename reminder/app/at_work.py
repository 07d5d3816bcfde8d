"""An installation at work: the heartbeat, the daemon, and what the doors ask for."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
import structlog

from reminder.app.installation import Installation
from reminder.clock import Clock
from reminder.config import Settings
from reminder.domain.brake import Brake
from reminder.domain.states import Channel, MessageKind
from reminder.engines.embedded import Beside, Embedded
from reminder.engines.heartbeat import Part, beat, clock_jumped
from reminder.engines.listening import listen
from reminder.engines.lock import Lock, take_lock
from reminder.errors import NotAllowed, Trouble
from reminder.events.apply import Applied
from reminder.events.brake import brake_providers
from reminder.events.inbox import empty_dealt_with
from reminder.events.intake import empty_old
from reminder.intake.cases.results import ChangedCase, DecidedCase
from reminder.intake.phone_countries import read_countries
from reminder.outbox.asking import ask_open
from reminder.outbox.lists import read_lists
from reminder.outbox.notes import queue_closing_due, queue_outcome, queue_stop_notes
from reminder.outbox.opening import chunk_for, open_due
from reminder.outbox.repeating import Repeats
from reminder.outbox.sender import Sent
from reminder.outbox.settling import settle
from reminder.outbox.trial import queue_test
from reminder.outbox.upkeep import tidy
from reminder.planning.changes import answer_case, case_changed
from reminder.planning.desk import Done, look
from reminder.planning.triage import expire_due, triage
from reminder.planning.waves import plan_waves
from reminder.planning.zones import zones_of_country
from reminder.rendering.trial import try_all
from reminder.reporting.expiry import report_expired
from reminder.reporting.office import office_reminders
from reminder.store.instance import beat as note_beat
from reminder.store.instance import database_clock, read_instance, wait_because
from reminder.store.queueing import queue_to_organisers
from reminder.store.sms_asking import forget_askings

log = structlog.get_logger()


@dataclass(slots=True, weakref_slot=True)
class Ticked:
    """What one heartbeat came to; `waits` says why nothing was sent, if so."""

    parts: dict[str, object]
    sent: Sent
    waits: str = ""


class App(Installation):
    """One installation at work. Made by `build_app`."""

    _hearing = threading.Lock()
    bell: asyncio.Event | None = None

    def follow_case(self, changed: ChangedCase, *, who: str) -> list[Done]:
        """Let the campaigns of a changed case follow its new facts."""
        return case_changed(self.desk, changed.case_id, changed.changed, who=who, now=self.clock.now())

    def answer_letter(self, decided: DecidedCase, *, who: str) -> list[Done]:
        """Pass "same letter" or "new letter" on to the campaigns that ask; returns what became of them."""
        if not decided.letter:
            return []
        answer: Literal["same", "new"] = "new" if decided.letter == "new" else "same"
        return answer_case(self.desk, decided.case_id, answer, who=who, now=self.clock.now())

    def queue_stop_notes(self, campaigns: Sequence[int]) -> int:
        """Queue the neutral note to those who were reminded of these campaigns; returns how many people get it."""
        return queue_stop_notes(
            self.database,
            campaigns,
            self.clock.now(),
            zones_of=zones_of_country,
            email_margin=self.email_margin,
            texts=self.texts,
        )

    def queue_outcome(self, case_id: int) -> int:
        """Tell those who asked how an appeal ended; returns how many."""
        return queue_outcome(
            self.database, case_id, self.clock.now(), zones_of=zones_of_country, email_margin=self.email_margin
        )

    def queue_test(self, campaign_id: int, channel: Channel, locale: str) -> int:
        """Queue a marked test of a campaign's reminder to every organiser. `Trouble` where there is no such campaign."""
        with self.database.read() as connection:
            look(connection, campaign_id)
        return queue_test(self.database, campaign_id, channel, locale, self.clock.now())

    def refuse_start(self) -> None:
        """Raise `NotAllowed` where no campaign may start: a template has an error, or PUBLIC_URL is not https while a
        real provider is set."""
        if wrong := try_all(self.renderer):
            raise NotAllowed(
                "A campaign", f"cannot start while its templates have an error ({wrong[0]})", "Mend it first."
            )
        real = any(provider.capabilities.real for provider in self.providers.values())
        if real and not self.settings.public_url.startswith("https://"):
            raise NotAllowed(
                "A campaign",
                "cannot start while PUBLIC_URL is not https",
                "Set PUBLIC_URL to the address that readers reach.",
            )

    def heartbeat(self, now: datetime, *, nobody_else: bool = False) -> dict[str, object]:
        """Everything but sending, in order; each part is a service of its own."""
        plan, triage_due, open_now, tidy_up = self._ledger_parts(nobody_else)
        parts = [
            Part("countries", self._read_countries),
            plan,
            triage_due,
            Part("expire", self._expire),
            open_now,
            tidy_up,
            Part("hear", self.hear),
            Part("brake", self._brake),
            Part("settle", self._settle),
            Part("ask", self._ask),
            Part("report", lambda at: report_expired(self.database, at, go_on=self._goes_on)),
            Part("office", lambda at: office_reminders(self.database, at, self.settings.zone)),
            Part("forget", self._forget),
        ]
        results = beat(parts, now, on_trouble=self._tell_office, go_on=self._goes_on)
        self.database.write(lambda connection: note_beat(connection, self.sender.owner, now))
        return results

    def _ledger_parts(self, nobody_else: bool) -> list[Part]:
        """Plan, triage, open and tidy: what all ask for the same clocks and rules."""
        zones, rules = zones_of_country, {"email_margin": self.email_margin, "texts": self.texts}
        planning: dict[str, Any] = {"country_zones": zones, "catch_up": self._catch_up, **rules}
        opening: dict[str, Any] = {"zones_of": zones, "catch_up": self._catch_up, "go_on": self._goes_on, **rules}
        tidying: dict[str, Any] = {"zones_of": zones, "nobody_else": nobody_else, "go_on": self._goes_on, **rules}
        size = self.settings.opening_chunk or chunk_for(self.database)
        return [
            Part("plan", lambda at: plan_waves(self.database, at, **planning)),
            Part("triage", lambda at: triage(self.database, at, **planning)),
            Part("open", lambda at: open_due(self.database, at, chunk=size, **opening)),
            Part("tidy", lambda at: tidy(self.database, at, **tidying)),
        ]

    def hear(self, now: datetime) -> Applied:
        """Apply what providers told and people wrote since; one at a time, whoever asks."""
        with self._hearing:
            return self.callbacks.apply_waiting(now, go_on=self._goes_on)

    def read_lists(self, now: datetime) -> dict[str, int]:
        """Take over the providers' own lists of people whom they no longer write to, where that is due."""
        return read_lists(self.database, self.vault, self.providers, now, wait_for=self.wait_for, go_on=self._goes_on)

    def _brake(self, now: datetime) -> list[str]:
        limits = Brake(self.settings.brake_complaints_percent, self.settings.brake_bounces_percent)
        return brake_providers(self.database, self.providers, limits, now)

    def _forget(self, now: datetime) -> int:
        """Wait no longer for parts of texts; empty the replies and callbacks of long ago."""
        self.replies.end_waiting(now)
        self.database.write(lambda connection: forget_askings(connection, now))
        empty_dealt_with(self.database, now - timedelta(days=self.settings.inbox_days))
        return empty_old(self.database, now - timedelta(days=self.settings.callback_days))

    def _read_countries(self, now: datetime) -> int:
        """Keep the country of each number that was stored before countries were kept."""
        return read_countries(self.database, self.vault, now, catch_up=self._catch_up, go_on=self._goes_on)

    @property
    def _catch_up(self) -> timedelta:
        return timedelta(hours=self.settings.catch_up_hours)

    def _goes_on(self) -> bool:
        """Until the daemon is told to end."""
        return not self.sender.stopping

    def tick(self, *, clock_is_right: bool = False) -> Ticked:
        """One heartbeat, then whatever is due is handed over."""
        self.sender  # noqa: B018 - a provider that is not set up is told before anything is done
        now = self.clock.now()
        lock = take_lock(self.database)
        try:
            if waits := self.why_wait(now, clock_is_right=clock_is_right):
                return Ticked({}, Sent(), waits)
            first = [Part("fetch mail", self.fetching.look), Part("read lists", self.read_lists)]
            beat(first, now, on_trouble=self._tell_office)
            results = self.heartbeat(now, nobody_else=True)
            return Ticked(results, self.wait_for(self.sender.drain()))
        finally:
            lock.let_go()

    def why_wait(self, now: datetime, *, clock_is_right: bool = False) -> str:
        """Why nothing may be sent now, or ''; of a clock that jumped until an operator or a second source agrees."""
        with self.database.read() as connection:
            instance = read_instance(connection, self.vault.fingerprint())
            second_source = database_clock(connection)
        if clock_is_right:
            self.database.write(lambda connection: wait_because(connection, ""))
            return ""
        jumped = clock_jumped(
            instance.heartbeat_at,
            now,
            catch_up=self._catch_up,
            second_source=second_source,
        )
        return jumped or instance.waits_because

    def run(
        self,
        *,
        clock_is_right: bool = False,
        on_stop: Callable[[], object] = lambda: None,
        beside: Callable[[], Sequence[Beside]] = tuple,
    ) -> None:
        """The daemon: heartbeat and sender in one process, until SIGTERM; `on_stop` is called when its end begins.

        `beside` is called once nobody else can be at work: what it gives runs on the same loop until then (the web).
        """
        self.instance  # noqa: B018 - refuses at start what would fail later
        self.sender  # noqa: B018 - and a provider that is not set up
        if not self.texts.everywhere and not self.texts.countries:
            log.warning("nobody_gets_texts", because="SMS_COUNTRIES names no country")
        lock = take_lock(self.database)
        try:
            self._runner.run(self._daemon(lock, clock_is_right=clock_is_right, on_stop=on_stop, beside=beside()).run())
        finally:
            lock.let_go()

    def _daemon(
        self, lock: Lock, *, clock_is_right: bool, on_stop: Callable[[], object], beside: Sequence[Beside]
    ) -> Embedded:
        first, told = [True], [False]

        def heartbeat() -> None:
            lock.check()
            now = self.clock.now()
            if waits := self.why_wait(now, clock_is_right=clock_is_right and first[0]):
                if not told[0]:
                    log.warning("nothing_is_sent", because=waits)
                told[0] = True
                return
            self.heartbeat(now, nobody_else=first[0])
            first[0] = told[0] = False
            log.debug("heartbeat_done")

        return Embedded(
            self.sender,
            heartbeat,
            lambda: not first[0] and not self.why_wait(self.clock.now()),
            every=timedelta(seconds=self.settings.heartbeat_seconds),
            on_stop=on_stop,
            beside=[self._listen, *beside],
        )

    async def _listen(self, stop: asyncio.Event) -> None:
        self.bell = asyncio.Event()
        # Beside the heartbeat: a mail server that hangs, and a long list, must not keep reminders waiting.
        await asyncio.gather(
            listen(self.bell, stop, lambda: self.hear(self.clock.now())),
            listen(asyncio.Event(), stop, lambda: self.fetching.look(self.clock.now())),
            listen(asyncio.Event(), stop, lambda: self.read_lists(self.clock.now())),
        )

    def ring(self) -> None:
        """A callback was stored: what listens applies it at once. On the daemon's loop."""
        if self.bell is not None:
            self.bell.set()

    def _expire(self, now: datetime) -> int:
        """Expire what has ended and queue the closing notes that are due; returns how many campaigns expired."""
        expired = expire_due(self.database, now)
        queue_closing_due(
            self.database, now, zones_of=zones_of_country, email_margin=self.email_margin, go_on=self._goes_on
        )
        return len(expired)

    def _settle(self, now: datetime) -> object:
        return settle(
            self.database,
            self.vault,
            self.providers,
            self.instance.epoch,
            now,
            repeats=Repeats(self.database, self.sender.contents, self.sender.recipients, self.sender.ask_after),
            settle_after=timedelta(hours=self.settings.settle_hours),
            wait_for=self.wait_for,
            go_on=self._goes_on,
        )

    def _ask(self, now: datetime) -> object:
        return ask_open(
            self.database,
            self.vault,
            self.providers,
            self.instance.epoch,
            now,
            first_wait=self.sender.ask_after,
            wait_for=self.wait_for,
            go_on=self._goes_on,
        )

    def _tell_office(self, part: str, error: Exception, now: datetime) -> None:
        """Tell the organisers once a day that a part of the daemon fails."""
        remedy = error.remedy if isinstance(error, Trouble) else "Ask whoever runs the service to look at its log."
        reason = error.reason if isinstance(error, Trouble) else f"it failed with {type(error).__name__}"
        payload = {"subject": f"Reminder: trouble with \u201c{part}\u201d", "reason": reason, "remedy": remedy}
        self.database.write(
            lambda connection: queue_to_organisers(
                connection, MessageKind.ALERT, payload, f"trouble:{part}:{now.date()}", now
            )
        )


def build_app(settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> App:
    """Everything put together; opens nothing yet."""
    return App(settings, clock, transport)
