"""A small installation for the pages: seven appeals in every state, a few supporters, Sunday 20 December 2020, 10:00 UTC.

In a test, ask for `world`. To look at the pages: `python -m tests.web.pages_world [--port 8321]`.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Row, text

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.domain.consent import Leaving
from reminder.domain.states import Channel
from reminder.events.supporters import leave, report_letter
from reminder.intake import people
from reminder.intake.cases import Supplied, add_document, change
from reminder.intake.documents.read import read_document
from reminder.intake.people import Joining
from reminder.ops import setup
from reminder.planning import campaigns, drafts, triage
from reminder.store import schema
from reminder.web.app import build_web
from reminder.web.server import listen, serve_alone

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
BEGAN = datetime(2020, 12, 1, 8, tzinfo=UTC)
NOW = datetime(2020, 12, 20, 10, tzinfo=UTC)
URL = "https://letters.example.org"
WHO = "office"
KEY = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U="

# Name, language, country, zone, number, what she subscribed to. Jun is asked at NOW and has not answered yet.
CAST = (
    ("Clara", "en", "GB", "Europe/London", "", ("all",)),
    ("Ellen", "en-US", "US", "America/Los_Angeles", "+1 310 555 0142", ("all",)),
    ("Farid", "en", "NZ", "Pacific/Auckland", "", ("country:CN",)),
    ("Aigerim", "kk", "KZ", "Asia/Almaty", "", ("all",)),
    ("Davi", "pt", "BR", "America/Sao_Paulo", "", ("topic:writers",)),
    ("Noor", "ar", "EG", "Africa/Cairo", "", ("all",)),
    ("Hana", "en", "JP", "Asia/Tokyo", "", ("all",)),
    ("Ivo", "en", "CZ", "Europe/Prague", "", ("all",)),
    ("Jun", "zh", "CN", "Asia/Shanghai", "", ("all",)),
)
WORDING = "Yes, remind me of urgent appeals"


@dataclass(frozen=True, slots=True)
class Form:
    """An appeal as an organiser types it."""

    name: str
    title: str
    number: str
    country: str
    until: date | None = None
    email: str = ""
    topics: tuple[str, ...] = ()
    review: date | None = None

    def text(self) -> str:
        deadline = f'deadline = {self.until}\ndeadline_phrase = "until {self.until}"' if self.until else ""
        return f"""
case_names = ["{self.name}"]
title = "{self.title}"
kind = "first"
issued_on = 2020-11-20
language = "en"
{deadline}
write_in = ["Spanish", "English", "own language"]
demands = ["protect {self.name}", "find out who wrote the threats"]
letter = \"\"\"
I am writing to you about {self.name}.

I ask you to protect {self.name}.

Yours faithfully,
\"\"\"
[[targets]]
name = "Elena Ejemplo"
role = "Commissioner for Public Safety"
postal_address = \"\"\"
Plaza de la Muestra 1
Villa Muestra
\"\"\"
salutation = "Dear Commissioner Ejemplo:"
email = [{f'"{self.email}"' if self.email else ""}]
"""


ROSA = Form(
    "Rosa Quispe", "Librarian threatened for lending books", "70/20", "PE", date(2021, 1, 8),
    email="comisionada@example.org", topics=("writers",),
)  # fmt: skip
FORMS = {
    "rosa": ROSA,
    "open": Form("Berta Muestra", "Teacher kept from her school", "71/20", "PE", review=date(2021, 2, 1)),
    "expired": Form("Carlos Prueba", "Printer arrested at work", "72/20", "BO", date(2020, 12, 18)),
    "stopped": Form("Dora Ensayo", "Nurse held without charge", "73/20", "BO", date(2020, 12, 30)),
    "closed": Form("Elio Modelo", "Farmer driven off his land", "74/20", "PY", date(2020, 12, 31)),
    "redacted": Form("Fina Borrada", "Singer forbidden to sing", "75/20", "PY", date(2021, 1, 5)),
    "draft": Form("Gil Borrador", "Not looked at by anybody yet", "76/20", "PY", date(2021, 1, 6)),
    "held": Form("Hugo Espera", "Waits for an answer", "", "PY"),
}


class Client:
    """A browser in front of the application: keeps cookies, follows nothing by itself."""

    def __init__(self, web: Any) -> None:
        self._runner = asyncio.Runner()
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=URL)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, with what httpx takes: data, headers, params, cookies."""
        return self._runner.run(self._http.request(method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def head(self, path: str, **more: Any) -> httpx.Response:
        return self.request("HEAD", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def close(self) -> None:
        self._runner.run(self._http.aclose())
        self._runner.close()


@dataclass
class World:
    """The app, a client in front of it, and what lies in its database by short names."""

    app: App
    clock: VirtualClock
    client: Client
    folder: Path
    codes: dict[str, str] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def rows(self, sql: str, **values: object) -> list[Row]:
        """What a statement finds."""
        with self.app.database.read() as connection:
            return list(connection.execute(text(sql), values))

    def one(self, sql: str, **values: object) -> object:
        """The first value of the first row."""
        return self.rows(sql, **values)[0][0]

    def hash_of(self, name: str) -> bytes:
        """What a link carries of somebody's email address."""
        return self.app.vault.address_hash(Channel.EMAIL, address(name))

    def leave_link(self, name: str, appeal: str = "") -> str:
        """The path of the leave link in a mail."""
        return self._path(self.app.links.leave(self.hash_of(name), self.campaigns[appeal] if appeal else 0))

    def wrote_link(self, name: str, appeal: str = "nagyz") -> str:
        """The path of the link "I have written"."""
        return self._path(self.app.links.wrote(self.campaigns[appeal], self.hash_of(name)))

    def later_link(self, name: str, appeal: str = "nagyz") -> str:
        """The path of the link "remind me on another day"."""
        return self._path(self.app.links.later(self.campaigns[appeal], self.hash_of(name)))

    def short_link(self, name: str) -> str:
        """The path of the link of an SMS."""
        return self._path(self.app.links.short(self.hash_of(name)))

    @staticmethod
    def _path(url: str) -> str:
        return url.removeprefix(URL)

    def deliver(self) -> list[EmailMessage]:
        """Hand over what is due now; every mail that was ever sent, in order."""
        self.app.tick(clock_is_right=True)
        files = sorted((self.folder / "messages" / "email").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=default) for path in files]


def address(name: str) -> str:
    """Somebody's email address."""
    return f"{name.lower()}@example.org"


def settings_in(folder: Path, **more: object) -> Settings:
    """The settings of an installation in `folder`."""
    options = {f"{each}_FOLDER_PATH": str(folder / "messages" / each.lower()) for each in ("EMAIL", "SMS")}
    values: dict[str, object] = {
        "data_folder": folder,
        "index_key": KEY,
        "data_keys": f"1:{KEY}",
        "organisation": "The letter section",
        "legal_name": "The letter section, registered association",
        "postal_address": "1 Sample Street, London",
        "contact": "office@example.org",
        "public_url": URL,
        "privacy_url": f"{URL}/privacy",
        "mail_from": "letters@example.org",
        "provider_options": options,
    }
    return Settings(**values | more)  # type: ignore[arg-type]


def build(folder: Path) -> World:
    """Everything, in an empty folder."""
    made = _open(folder, clock := VirtualClock(BEGAN))
    app = made.app
    schema.upgrade(app.database)
    setup.create(app.database, app.vault, BEGAN)
    setup.add_organiser(app.database, app.vault, "office@example.org", "Office", BEGAN)
    for person in CAST:
        _join(made, *person)
    nagyz = (SAMPLES / "nagyz-muhammed.txt").read_bytes()
    made.codes["nagyz"] = add(made, "nagyz", nagyz, "nagyz-muhammed.txt", Supplied(topics=("writers", "xinjiang")))
    for name, form in FORMS.items():
        supplied = Supplied(
            ua_number=form.number,
            organisation="The letter section" if form.number else "",
            country=form.country,
            topics=form.topics,
            review_on=form.review,
        )
        made.codes[name] = add(made, name, form.text().encode(), f"{name}.toml", supplied, live=name not in _NOT_LIVE)
    clock.move_to(NOW)
    _things_happen(made)
    return made


_NOT_LIVE = frozenset({"draft", "held"})


def add(world: World, name: str, data: bytes, file_name: str, supplied: Supplied, *, live: bool = True) -> str:
    """A document in the database, and its campaign going where `live`; returns the case's code."""
    app, now = world.app, world.now
    document = read_document(data, file_name=file_name, read_on=now.date())
    added = add_document(
        app.database, app.vault, document, data, file_name, supplied, now, default_zone=app.settings.zone, who=WHO
    )
    draft = drafts.create(app.desk, added.case_id, ["all"], who=WHO, now=now)
    world.campaigns[name] = draft.campaign_id
    if live:
        campaigns.approve(app.desk, draft.campaign_id, who=WHO, now=now)
        campaigns.start(app.desk, draft.campaign_id, who=WHO, now=now)
    return added.code


def _join(world: World, name: str, locale: str, country: str, zone: str, phone: str, scopes: tuple[str, ...]) -> None:
    app = world.app
    joining = Joining(
        email=address(name),
        phone=phone,
        name=name,
        locale=locale,
        country=country,
        zone=zone,
        subscriptions=scopes,
        source="web form",
        wording=WORDING,
        own_request=True,
    )
    joined = people.add_subscriber(app.database, app.vault, joining, BEGAN)
    world.people[name] = joined.subscriber_id
    for channel in joined.to_confirm if name != "Jun" else ():
        people.confirm(app.database, joined.subscriber_id, channel, BEGAN, wording=WORDING)


def _things_happen(world: World) -> None:
    app, codes = world.app, world.codes
    triage.expire_due(app.database, NOW)
    change.outcome(app.database, app.vault, codes["expired"], "Carlos Prueba came home on 19 December.", WHO, NOW)
    change.stop(app.database, app.vault, codes["stopped"], "His family asks for silence", note=False, who=WHO, now=NOW)
    campaigns.close(app.desk, world.campaigns["closed"], who=WHO, now=NOW)
    change.redact(app.database, app.vault, codes["redacted"], WHO, NOW)
    leave(app.database, Leaving.ONE_CLICK, world.people["Hana"], NOW)
    report_letter(app.database, world.campaigns["nagyz"], world.people["Ivo"], "link", NOW)
    # What the mails of the begin would have been is not of interest: everybody was told long ago.
    app.database.write(
        lambda connection: connection.execute(text("UPDATE message SET state = 6, void = 1 WHERE state = 1"))
    )


def _open(folder: Path, clock: VirtualClock, **more: object) -> World:
    app = build_app(settings_in(folder, **more), clock)
    return World(app, clock, Client(build_web(app)), folder)


@pytest.fixture(scope="session")
def pages_template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, made once; nobody changes it."""
    made = build(tmp_path_factory.mktemp("pages"))
    made.app.close()
    return made


@pytest.fixture
def world_with(pages_template: World, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes a world of its own for a test, with the settings that it is given."""
    opened: list[World] = []

    def make(**more: object) -> World:
        folder = tmp_path / f"world-{len(opened)}"
        folder.mkdir()
        shutil.copy(pages_template.folder / "reminder.db", folder)
        made = _open(folder, VirtualClock(NOW), **more)
        for name in ("codes", "campaigns", "people"):
            getattr(made, name).update(getattr(pages_template, name))
        opened.append(made)
        return made

    yield make
    _close(opened)


@pytest.fixture(scope="session")
def steady_world(pages_template: World) -> Iterator[World]:
    """One world for tests that only look and change nothing: for fuzzing."""
    made = _open(pages_template.folder, VirtualClock(NOW))
    for name in ("codes", "campaigns", "people"):
        getattr(made, name).update(getattr(pages_template, name))
    yield made
    _close([made])


@pytest.fixture
def world(world_with: Callable[..., World]) -> World:
    """A world of its own for each test."""
    return world_with()


def _close(worlds: Iterable[World]) -> None:
    for each in worlds:
        each.client.close()
        each.app.close()


def main() -> None:
    """Serve a fresh world on loopback until Ctrl-C; its clock stands still."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8321)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder))
        paths = [f"/a/{code}  {name}" for name, code in made.codes.items()]
        paths += [made.leave_link("Clara", "nagyz"), made.wrote_link("Clara"), made.later_link("Clara")]
        sys.stdout.write("".join(f"http://127.0.0.1:{options.port}{path}\n" for path in ["/", *paths]))
        sys.stdout.flush()
        made.app.settings = settings_in(Path(folder), public_url=f"http://127.0.0.1:{options.port}")
        serve_alone(build_web(made.app), listen("127.0.0.1", options.port))


if __name__ == "__main__":
    main()
