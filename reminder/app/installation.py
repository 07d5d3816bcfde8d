"""What an installation is made of: settings, database, keys, providers, templates, the sender. Nothing here decides anything."""

import asyncio
import os
import socket
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx

from reminder.clock import Clock
from reminder.config import Settings
from reminder.domain.cost import Prices
from reminder.domain.limits import Limits
from reminder.domain.links import Links
from reminder.domain.sms_asking import Asking
from reminder.domain.sms_rules import SmsRules
from reminder.domain.states import Channel
from reminder.errors import BadSetting
from reminder.events.apply import Callbacks
from reminder.events.fetching import Fetching
from reminder.events.replies import Replies
from reminder.intake.people import Joining, add_subscriber
from reminder.ops.keys import vault_of
from reminder.ops.limits import limits_of
from reminder.outbox.paying import Paying
from reminder.outbox.recipients import Recipients
from reminder.outbox.sender import Sender
from reminder.outbox.views import Contents, Senders
from reminder.planning import post_days, sms_countries, sms_prices
from reminder.planning.desk import Desk
from reminder.planning.forecast.costs import TextCosts
from reminder.providers.contract import Provider, Speaks
from reminder.providers.email.imap import ImapSettings
from reminder.providers.email.mailbox import NAME as MAILBOX
from reminder.providers.email.mailbox import Mailbox
from reminder.providers.registry import REGISTRY, build, options_from, provider_class
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import Templates, default_template_folder
from reminder.rendering.views import Office
from reminder.rendering.views import Sender as From
from reminder.store import schema
from reminder.store.database import Database
from reminder.store.instance import read_instance
from reminder.store.tables import Instance

T = TypeVar("T")


class Installation:
    """The parts, each made when it is first asked for; `close` gives everything back."""

    def __init__(self, settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None) -> None:
        self.settings = settings
        self.clock = clock
        self.vault = vault_of(settings)
        self.database = Database(settings.where())
        self._transport = transport
        self._runner = asyncio.Runner()

    @cached_property
    def instance(self) -> Instance:
        """The installation's row as it was at start; checks schema, keys and the table of post days."""
        schema.require_current(self.database)
        self.post_days, self.texts, self.sms_routes, self.prices  # noqa: B018 - told before a command has done half of its work
        with self.database.read() as connection:
            return read_instance(connection, self.vault.fingerprint())

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The one HTTP client."""
        return httpx.AsyncClient(transport=self._transport, timeout=httpx.Timeout(25.0), follow_redirects=False)

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The configured providers by name."""
        names = [*self._names("email_providers", Channel.EMAIL), *self.sms_names]
        return {name: self._build_provider(name) for name in names}

    def _build_provider(self, name: str) -> Provider:
        options = options_from(name, self.settings.provider_options)
        known = {option.name for option in provider_class(name).options}
        if name.endswith("-folder") and not options.get("path"):
            options["path"] = str(self.settings.data_folder / "messages" / name.removesuffix("-folder"))
        if "hook_url" in known and not options.get("hook_url") and self.settings.public_url.startswith("https://"):
            options["hook_url"] = f"{self.settings.public_url.rstrip('/')}/hooks/{name}"
        return build(name, options, self.http)

    @cached_property
    def callbacks(self) -> Callbacks:
        """What understands the callbacks of all providers, and the mails that come back to us."""
        speaking: Mapping[str, Speaks] = {**self.providers, MAILBOX: Mailbox()}
        return Callbacks(self.database, self.vault, speaking, self.instance.epoch, self.replies.take)

    @cached_property
    def replies(self) -> Replies:
        """What acts on replies."""
        return Replies(self.database, self.vault, self.instance.epoch, self._join)

    @cached_property
    def fetching(self) -> Fetching:
        """What fetches the mail that came back; nothing where no mailbox is set."""
        s = self.settings
        box = s.imap_host and ImapSettings(
            host=s.imap_host,
            port=s.imap_port,
            tls=s.imap_tls,
            user=s.imap_user,
            password=s.imap_password,
            ca_file=s.imap_ca_file,
            folder=s.imap_folder,
            done_folder=s.imap_done_folder,
        )
        return Fetching(self.database, self.vault, box or None, lambda: not self.sender.stopping)

    def _join(self, channel: Channel, sender: str, now: datetime) -> None:
        """Somebody asked to join by a text or a mail of her own: she is asked whether she meant it."""
        by_mail = channel is Channel.EMAIL
        joining = Joining(
            email=sender if by_mail else "",
            phone="" if by_mail else sender,
            subscriptions=("all",),
            source="email" if by_mail else "text message",
            wording="JOIN",
            own_request=True,
        )
        add_subscriber(self.database, self.vault, joining, now, self.asking)

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
            texts=self.texts,
        )

    @cached_property
    def texts(self) -> SmsRules:
        """In which countries, from which sender and when a text is lawful."""
        s = self.settings
        return sms_countries.rules(
            file=Path(s.sms_rules_file) if s.sms_rules_file else None,
            countries=s.sms_countries,
            senders=s.sms_senders,
            default=s.sms_from,
            default_two_way=s.sms_two_way,
            real=any(provider_class(name).capabilities.real for name in self.sms_names),
        )

    @cached_property
    def sms_routes(self) -> Mapping[str, Sequence[str]]:
        """The names of the providers by country, in order, where they are not those of SMS_PROVIDERS."""
        routes = sms_countries.read_routes(self.settings.sms_routes)
        for names in routes.values():
            self._all_fit("sms_routes", names, Channel.SMS)
        return routes

    @property
    def sms_names(self) -> Sequence[str]:
        """Every provider of texts that is in use, those of SMS_PROVIDERS first."""
        by_country = [name for names in self.sms_routes.values() for name in names]
        return tuple(dict.fromkeys([*self._names("sms_providers", Channel.SMS), *by_country]))

    @cached_property
    def prices(self) -> Prices:
        """What a segment of a text costs, by country and provider."""
        file = self.settings.sms_prices_file
        return sms_prices.load(Path(file) if file else None, self._fitting(Channel.SMS))

    @property
    def asking(self) -> Asking:
        """What texts that ask to confirm a number must keep to."""
        return Asking(self.texts, self.settings.sms_confirmations_per_day)

    @property
    def text_costs(self) -> TextCosts:
        """How a forecast learns what a text costs: by the provider that is first in line for its country."""
        return TextCosts(
            self.contents.segments, lambda country: self.prices.of(country, self.sms_provider_for(country))
        )

    def sms_provider_for(self, country: str) -> str:
        """The name of the provider that is used first for texts to a country; '' where there is none."""
        names = self.sms_routes.get(country) or self._names("sms_providers", Channel.SMS)
        return names[0] if names else ""

    @cached_property
    def contents(self) -> Contents:
        """What renders the content of a batch."""
        return Contents(self.renderer, self.senders)

    @cached_property
    def sender(self) -> Sender:
        """The sender over all channels."""
        return Sender(
            database=self.database,
            vault=self.vault,
            contents=self.contents,
            recipients=Recipients(self.vault, self.links, self.instance.epoch),
            routes={
                Channel.EMAIL: self._route("email_providers", Channel.EMAIL),
                Channel.SMS: self._route("sms_providers", Channel.SMS),
            },
            sms_routes={
                country: [self.providers[name] for name in names] for country, names in self.sms_routes.items()
            },
            limits={name: limits for by_name in self.limits.values() for name, limits in by_name.items()},
            clock=self.clock,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            ask_after=timedelta(hours=self.settings.ask_after_hours),
            paying=Paying(self.prices, self.email_margin),
        )

    @property
    def limits(self) -> Mapping[Channel, Mapping[str, Limits]]:
        """What each provider of a channel may be given, in the order in which they are used."""
        return {
            Channel.EMAIL: limits_of(self.settings, Channel.EMAIL, self._names("email_providers", Channel.EMAIL)),
            Channel.SMS: limits_of(self.settings, Channel.SMS, self.sms_names),
        }

    def _route(self, setting: str, channel: Channel) -> Sequence[Provider]:
        return [self.providers[name] for name in self._names(setting, channel)]

    def _names(self, setting: str, channel: Channel) -> Sequence[str]:
        names = tuple(dict.fromkeys(self.settings.names(setting)))
        self._all_fit(setting, names, channel)
        return names

    @staticmethod
    def _fitting(channel: Channel) -> Sequence[str]:
        return [name for name in REGISTRY if provider_class(name).channel is channel]

    def _all_fit(self, setting: str, names: Sequence[str], channel: Channel) -> None:
        fitting = self._fitting(channel)
        if wrong := [name for name in names if name not in fitting]:
            raise BadSetting(
                setting.upper(), f"{wrong[0]} is no provider for this channel", f"Choose from: {', '.join(fitting)}."
            )

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
    def email_margin(self) -> timedelta:
        """How long before the end of a reader's last day a mail is handed over at the latest."""
        return timedelta(minutes=self.settings.email_margin_minutes)

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
