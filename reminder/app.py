"""The composition root: the only module that knows everything. Nothing here decides anything."""

import asyncio
import os
import socket
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import structlog

from reminder.clock import Clock
from reminder.config import Settings
from reminder.domain.links import Links
from reminder.domain.states import Channel, MessageKind
from reminder.engines.embedded import Embedded
from reminder.engines.heartbeat import Part, beat, clock_jumped
from reminder.engines.lock import take_lock
from reminder.errors import BadSetting, NotAllowed, Trouble
from reminder.intake.cases.results import ChangedCase, DecidedCase
from reminder.ops.keys import vault_of
from reminder.outbox.notes import queue_closing, queue_stop_note
from reminder.outbox.opening import chunk_for, open_due
from reminder.outbox.recipients import Recipients
from reminder.outbox.sender import Sender, Sent
from reminder.outbox.upkeep import settle, tidy
from reminder.outbox.views import Contents, Senders
from reminder.planning import post_days
from reminder.planning.changes import answer_case, case_changed
from reminder.planning.desk import Desk, Done, look
from reminder.planning.triage import expire_due, triage
from reminder.planning.waves import plan_waves
from reminder.planning.zones import zones_of_country
from reminder.providers.contract import Provider
from reminder.providers.registry import REGISTRY, build, options_from, provider_class
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import Templates, default_template_folder
from reminder.rendering.views import Office
from reminder.rendering.views import Sender as From
from reminder.reporting.expiry import report_expired
from reminder.reporting.office import office_reminders
from reminder.store import schema
from reminder.store.campaigns import read_campaigns
from reminder.store.capacity import Limits
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.instance import beat as note_beat
from reminder.store.instance import database_clock, read_instance, wait_because
from reminder.store.queueing import Addressee, at_once, organisers, queue, queue_to_organisers
from reminder.store.tables import Instance

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True, weakref_slot=True)
class Ticked:
    """What one heartbeat came to; `waits` says why nothing was sent, if so."""

    parts: dict[str, object]
    sent: Sent
    waits: str = ""


class App:
    """One installation at work. Made by `build_app`; `close` gives everything back."""

    def __init__(self, settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None) -> None:
        self.settings = settings
        self.clock = clock
        self.vault = vault_of(settings)
        self.database = Database(settings.where())
        self._transport = transport
        self._runner = asyncio.Runner()

    @cached_property
    def instance(self) -> Instance:
        """The installation's row as it was at start; checks schema and keys."""
        schema.require_current(self.database)
        with self.database.read() as connection:
            return read_instance(connection, self.vault.fingerprint())

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The one HTTP client."""
        return httpx.AsyncClient(transport=self._transport, timeout=httpx.Timeout(25.0), follow_redirects=False)

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The configured providers by name."""
        names = [*self._names("email_providers", Channel.EMAIL), *self._names("sms_providers", Channel.SMS)]
        return {name: self._build_provider(name) for name in names}

    def _build_provider(self, name: str) -> Provider:
        options = options_from(name, self.settings.provider_options)
        if name.endswith("-folder") and not options.get("path"):
            options["path"] = str(self.settings.data_folder / "messages" / name.removesuffix("-folder"))
        return build(name, options, self.http)

    @cached_property
    def links(self) -> Links:
        """The links of mails and texts."""
        return Links(self.vault.link_key, self.settings.public_url)

    @cached_property
    def renderer(self) -> Renderer:
        """The templates, the operator's before ours."""
        office = Office(
            legal_name=self.settings.legal_name,
            postal_address=self.settings.postal_address,
            contact=self.settings.contact,
            privacy_url=self.settings.privacy_url,
            public_url=self.settings.public_url,
        )
        return Renderer(self._template_folders, office)

    @cached_property
    def templates(self) -> Templates:
        """The templates of pages and reports."""
        return Templates(self._template_folders)

    @property
    def _template_folders(self) -> Sequence[Path]:
        own = [Path(self.settings.template_folder)] if self.settings.template_folder else []
        return [*own, default_template_folder()]

    @cached_property
    def senders(self) -> Senders:
        """From whom mail and texts come."""
        s = self.settings
        return Senders(
            email=From(s.mail_from, s.mail_from_name, s.mail_reply_to, s.mail_leave_address),
            sms=From(s.sms_from, two_way=s.sms_two_way),
        )

    @cached_property
    def sender(self) -> Sender:
        """The sender over all channels."""
        return Sender(
            database=self.database,
            vault=self.vault,
            contents=Contents(self.renderer, self.senders),
            recipients=Recipients(self.vault, self.links, self.instance.epoch),
            routes={
                Channel.EMAIL: self._route("email_providers", Channel.EMAIL),
                Channel.SMS: self._route("sms_providers", Channel.SMS),
            },
            limits={
                Channel.EMAIL: Limits(self.settings.email_per_second, self.settings.email_per_day),
                Channel.SMS: Limits(self.settings.sms_per_second, self.settings.sms_per_day),
            },
            clock=self.clock,
            owner=f"{socket.gethostname()}:{os.getpid()}",
        )

    def _route(self, setting: str, channel: Channel) -> Sequence[Provider]:
        return [self.providers[name] for name in self._names(setting, channel)]

    def _names(self, setting: str, channel: Channel) -> Sequence[str]:
        names = tuple(dict.fromkeys(self.settings.names(setting)))
        fitting = [name for name in REGISTRY if provider_class(name).channel is channel]
        if wrong := [name for name in names if name not in fitting]:
            raise BadSetting(
                setting.upper(), f"{wrong[0]} is no provider for this channel", f"Choose from: {', '.join(fitting)}."
            )
        return names

    @cached_property
    def post_days(self) -> Sequence[post_days.PostDays]:
        """The table of post days."""
        path = self.settings.post_days_file
        return post_days.load(Path(path) if path else None)

    @cached_property
    def desk(self) -> Desk:
        """What the organisers' services of campaigns work with."""
        catch_up = timedelta(hours=self.settings.catch_up_hours)
        return Desk(self.database, self.vault, self.post_days, self.settings.organisation_country, catch_up)

    @property
    def rates(self) -> Mapping[Channel, float]:
        """Messages a second that each channel's providers may take; 0 is as fast as they can."""
        return {Channel.EMAIL: self.settings.email_per_second, Channel.SMS: self.settings.sms_per_second}

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
        now, zone = self.clock.now(), self.settings.zone
        return sum(
            queue_stop_note(self.database, campaign_id, now, zones_of=zones_of_country, zone=zone)
            for campaign_id in campaigns
        )

    def queue_outcome(self, case_id: int) -> int:
        """Tell those who asked how an appeal ended; returns how many."""
        now, zone = self.clock.now(), self.settings.zone
        with self.database.read() as connection:
            found = [campaign.id or 0 for campaign in read_campaigns(connection, case_id)]
        return sum(
            queue_closing(self.database, campaign_id, now, outcome=True, zones_of=zones_of_country, zone=zone)
            for campaign_id in found
        )

    def queue_test(self, campaign_id: int, channel: Channel, locale: str) -> int:
        """Queue a marked test of a campaign's reminder to every organiser. `Trouble` where there is no such campaign."""
        now = self.clock.now()
        items = [[campaign_id, "test", ordinal(now.date()), int(channel)]]

        def work(connection: Connection) -> int:
            look(connection, campaign_id)
            people = [Addressee(each.person_id, Channel.EMAIL, locale) for each in organisers(connection)]
            when = at_once(MessageKind.TEST, now)
            dedupe = f"test:{campaign_id}:{now.isoformat()}"
            return queue(connection, MessageKind.TEST, people, dedupe=dedupe, items=items, when=when, now=now)

        return self.database.write(work)

    def refuse_start(self) -> None:
        """Raise `NotAllowed` where a campaign may not start with a real provider: PUBLIC_URL must be https."""
        real = any(provider.capabilities.real for provider in self.providers.values())
        if real and not self.settings.public_url.startswith("https://"):
            raise NotAllowed(
                "A campaign",
                "cannot start while PUBLIC_URL is not https",
                "Set PUBLIC_URL to the address that readers reach.",
            )

    def heartbeat(self, now: datetime, *, nobody_else: bool = False) -> dict[str, object]:
        """Everything but sending, in order; each part is a service of its own."""
        catch_up = timedelta(hours=self.settings.catch_up_hours)
        margin = timedelta(minutes=self.settings.email_margin_minutes)
        parts = [
            Part(
                "plan",
                lambda at: plan_waves(
                    self.database, at, country_zones=zones_of_country, catch_up=catch_up, email_margin=margin
                ),
            ),
            Part(
                "triage",
                lambda at: triage(
                    self.database, at, country_zones=zones_of_country, catch_up=catch_up, email_margin=margin
                ),
            ),
            Part("expire", self._expire),
            Part(
                "open",
                lambda at: open_due(
                    self.database,
                    at,
                    chunk=self.settings.opening_chunk or chunk_for(self.database),
                    zones_of=zones_of_country,
                    catch_up=catch_up,
                    go_on=self._goes_on,
                ),
            ),
            Part(
                "tidy",
                lambda at: tidy(
                    self.database, at, zones_of=zones_of_country, zone=self.settings.zone, nobody_else=nobody_else
                ),
            ),
            Part("settle", self._settle),
            Part("report", lambda at: report_expired(self.database, at)),
            Part("office", lambda at: office_reminders(self.database, at, self.settings.zone)),
        ]
        results = beat(parts, now, on_trouble=self._tell_office, go_on=self._goes_on)
        self.database.write(lambda connection: note_beat(connection, self.sender.owner, now))
        return results

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
            catch_up=timedelta(hours=self.settings.catch_up_hours),
            second_source=second_source,
        )
        return jumped or instance.waits_because

    def run(self, *, clock_is_right: bool = False) -> None:
        """The daemon: heartbeat and sender in one process, until SIGTERM."""
        self.instance  # noqa: B018 - refuses at start what would fail later
        lock = take_lock(self.database)
        try:
            self._runner.run(self._daemon(clock_is_right=clock_is_right).run())
        finally:
            lock.let_go()

    def _daemon(self, *, clock_is_right: bool) -> Embedded:
        first, told = [True], [False]

        def heartbeat() -> None:
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
        )

    def _expire(self, now: datetime) -> int:
        """Expire what has ended and queue the closing notes; returns how many campaigns."""
        expired = expire_due(self.database, now)
        for campaign_id in expired:
            queue_closing(
                self.database, campaign_id, now, outcome=False, zones_of=zones_of_country, zone=self.settings.zone
            )
        return len(expired)

    def _settle(self, now: datetime) -> object:
        work = settle(
            self.database,
            self.vault,
            self.providers,
            self.instance.epoch,
            now,
            settle_after=timedelta(hours=self.settings.settle_hours),
        )
        return self.wait_for(work)

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

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a piece of the wire from plain code: on the daemon's loop where it runs, else on one of our own."""
        loop = self._runner.get_loop()
        if loop.is_running():
            return asyncio.run_coroutine_threadsafe(work, loop).result()
        return self._runner.run(work)

    def close(self) -> None:
        """Give back connections, files and threads."""
        if "providers" in self.__dict__:
            for provider in self.providers.values():
                self.wait_for(provider.close())
        if "http" in self.__dict__:
            self.wait_for(self.http.aclose())
        self._runner.close()
        self.database.close()


def build_app(settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> App:
    """Everything put together; opens nothing yet."""
    return App(settings, clock, transport)
