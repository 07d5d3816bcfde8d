"""A heartbeat of the real application with nothing due: a thousand live campaigns, many people and few."""

import base64
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.domain.states import Channel, WaveState
from reminder.store.database import Connection, Database
from reminder.store.tables import Wave
from tests.bench.figures import Figure, Sizes, copy, median
from tests.bench.world import DATA_KEY, DEADLINE, DUE, INDEX_KEY, OTHER, PUBLIC_URL, add_campaign, seed

CAMPAIGNS = 1_000
FEW = 1_000
BEATS = 15
MOST_MS = 50


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Milliseconds of a heartbeat, with everybody and with a thousand people, in turns."""
    seed(folder / "quiet-few.db", FEW)
    many = _app(folder, "seed.db", "quiet-many.db")
    few = _app(folder, "quiet-few.db", "quiet-few-live.db")
    now = DUE
    many_ms, few_ms = [], []
    for beat in range(BEATS):
        now += timedelta(seconds=20)
        first, second = _beat(many, now), _beat(few, now)
        if beat:  # the first fills caches, and opens what was due
            many_ms.append(first)
            few_ms.append(second)
    for app in (many, few):
        app.close()
    return [_figure(sizes.people, many_ms), _figure(FEW, few_ms)]


def _figure(people: int, took: list[float]) -> Figure:
    ms = median(took)
    return Figure(
        "heartbeat",
        f"heartbeat with nothing due, {CAMPAIGNS:,} live campaigns, {people:,} people",
        f"≤ {MOST_MS} ms",
        f"{ms:.1f} ms",
        ms <= MOST_MS,
        {"ms": ms, "longest_ms": max(took)},
    )


def _beat(app: App, now: object) -> float:
    begun = time.perf_counter()
    results = app.heartbeat(now)  # type: ignore[arg-type]
    took = (time.perf_counter() - begun) * 1000
    failed = [name for name, result in results.items() if isinstance(result, Exception)]
    assert not failed, f"parts of the heartbeat failed: {failed}"
    return took


def _app(folder: Path, source: str, name: str) -> App:
    """The application as `reminder run` builds it, over a copy of a database with a thousand campaigns in it."""
    url = copy(folder / source, folder / name)
    database = Database(url)
    database.write(_fill)
    database.close()
    key, data_key = (base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in (INDEX_KEY, DATA_KEY))
    settings = Settings(
        data_folder=folder / name.removesuffix(".db"),
        database_url=url,
        index_key=key,
        data_keys=f"1:{data_key}",
        zone="UTC",
        public_url=PUBLIC_URL,
    )
    settings.data_folder.mkdir()
    return build_app(settings, VirtualClock(DUE))


def _fill(connection: Connection) -> None:
    """Campaigns that are live, each with what it sent a month ago and what it will send in some days."""
    connection.execute(text("UPDATE wave SET state = :open"), {"open": int(WaveState.OPEN)})
    rows = []
    for number in range(OTHER + 1, CAMPAIGNS + 1):
        add_campaign(connection, number, DEADLINE)
        for days, state in ((-30, WaveState.OPEN), (-16, WaveState.OPEN), (5, WaveState.PLANNED)):
            at = DUE + timedelta(days=days)
            rows.append(
                {
                    "campaign_id": number,
                    "step_key": f"at{days}",
                    "anchor_on": DEADLINE,
                    "rhythm_id": 1,
                    "channel": Channel.EMAIL,
                    "local_on": at.date(),
                    "due_at": at,
                    "open_until": at.replace(hour=21),
                    "not_after": at + timedelta(days=7),
                    "state": state,
                    "opened_at": at if state is WaveState.OPEN else None,
                }
            )
    connection.execute(insert(Wave), rows)
