"""The whole way of a text through a real gateway: sent, reported, answered with STOP, and nothing more is sent."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.domain.states import Channel, Result
from reminder.web.app import build_web
from reminder.web.server import Listening, listen, serve
from tests.engines.test_faults import DATA_KEY, INDEX_KEY
from tests.gateways.kannel import HOOK_SECRET, NUMBER, PASSWORD, PROGRAMS, USER, kannel
from tests.gateways.programs import PATIENCE_SECONDS, needs
from tests.outbox.world import DAY, HOUR, MORNING, World, phone

pytestmark = needs(*PROGRAMS)


class Heard:
    """Counts the callbacks that were stored; a test waits for them."""

    def __init__(self) -> None:
        self._stored = 0
        self._more = threading.Condition()

    def __call__(self) -> None:
        with self._more:
            self._stored += 1
            self._more.notify_all()

    def until(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self._stored >= count, timeout=PATIENCE_SECONDS), self._stored


@contextmanager
def web(app: App, listening: Listening, heard: Heard) -> Iterator[None]:
    """The application's own web, on a thread of its own as beside a daemon."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(build_web(app, heard), listening, stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def installation(folder: Path, sqlite_url: str, gateway: str, hook: str, clock: VirtualClock) -> App:
    kannel_options = {
        "KANNEL_URL": gateway,
        "KANNEL_USER": USER,
        "KANNEL_PASSWORD": PASSWORD,
        "KANNEL_HOOK_URL": hook,
        "KANNEL_HOOK_SECRET": HOOK_SECRET,
    }
    settings = Settings(
        data_folder=folder,
        database_url=sqlite_url,
        index_key=INDEX_KEY,
        data_keys=f"1:{DATA_KEY}",
        sms_providers="kannel",
        sms_countries="GB",
        sms_from=NUMBER,
        sms_two_way=True,
        provider_options=kannel_options,
    )
    return build_app(settings, clock)


def appeal_by_text(app: App, clock: VirtualClock) -> World:
    """An appeal that reminds Clara by text seven and two days before its end."""
    world = World(app.database, clock=clock)
    world.campaign("A")
    world.person("Clara", sms=True, email=False)
    world.wave("A", channel=Channel.SMS)
    world.wave("A", "deadline-2d", on=DAY + timedelta(days=5), channel=Channel.SMS)
    world.run("UPDATE step SET channels = 'sms'")
    return world


# As an operator hands it on: in the alphabet of GSM, and as UCS-2.
@pytest.mark.parametrize("answer", ["text STOP", "ucs2 %04%21%04%22%04%1E%04%1F"], ids=["STOP", "СТОП"])
def test_a_text_is_sent_reported_as_delivered_and_its_stop_is_the_last_word(
    tmp_path: Path, sqlite_url: str, answer: str
) -> None:
    listening, heard, clock = listen("127.0.0.1", 0), Heard(), VirtualClock(MORNING - HOUR)
    hook = f"http://127.0.0.1:{listening.port}/hooks/kannel"
    with kannel(tmp_path, hook) as gateway:
        app = installation(tmp_path, sqlite_url, gateway.url, hook, clock)
        world = appeal_by_text(app, clock)
        app.tick()
        clock.move_to(MORNING)
        with web(app, listening, heard):
            with gateway.phones() as phones:
                assert app.tick().sent.accepted == 1
                phones.until(f"<{NUMBER} {phone('Clara')} text")
                # Handed to the operator, then delivered.
                heard.until(2)
                app.hear(clock.now())
            assert world.one("SELECT result FROM message") == Result.DELIVERED
            with gateway.phones(f"{phone('Clara')} {NUMBER} {answer}"):
                heard.until(3)
            app.hear(clock.now())
        assert world.closed() == {"Clara": "stop"}
        clock.move_to(MORNING + timedelta(days=5))
        assert app.tick(clock_is_right=True).sent.accepted == 0
        app.close()


def test_a_gateway_that_is_not_there_takes_nothing_and_loses_nothing(tmp_path: Path, sqlite_url: str) -> None:
    clock = VirtualClock(MORNING)
    with kannel(tmp_path, "http://127.0.0.1:1/hooks/kannel") as gateway:
        url = gateway.url
        with httpx.Client() as http:
            assert http.get(url).status_code == 403
    app = installation(tmp_path, sqlite_url, url, "http://127.0.0.1:1/hooks/kannel", clock)
    world = appeal_by_text(app, clock)
    assert app.tick().sent.retry == 1
    assert world.message_of("Clara").state
    app.close()
