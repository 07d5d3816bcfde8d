"""Reports that the program makes by itself: each kept as an insert-only version and mailed to the organisers.

The first is made when a campaign has ended; if something was unclear or on its way then, a second one when nothing is
any more, or three days after the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reminder.domain.states import MessageKind
from reminder.reporting.make import report_of
from reminder.reporting.outline import outline
from reminder.reporting.report import Report
from reminder.store import reports
from reminder.store.cases import lock_cases
from reminder.store.database import Database
from reminder.store.queueing import queue_to_organisers
from reminder.store.removal import removals
from reminder.store.reports import Connection, DueReport, Version

GIVE_UP_AFTER = timedelta(hours=72)
# Each takes up to some seconds; the rest waits for the next heartbeat.
AT_A_TIME = 5


@dataclass(frozen=True, slots=True)
class QueuedReport:
    """A version that was kept, and the mail that tells of it."""

    campaign_id: int
    version: int
    final: bool
    payload: dict[str, Any]
    dedupe: str


def report_expired(
    database: Database, now: datetime, *, go_on: Callable[[], bool] = lambda: True
) -> list[QueuedReport]:
    """Make, keep and queue every report that is due. Counting holds no write lock; keeping and queueing are one commit.

    When `go_on` says no, the rest waits for the next heartbeat.
    """
    with database.read() as connection:
        due = reports.reports_due(connection, now, int(GIVE_UP_AFTER.total_seconds()))
    made = [_make(database, each, now) for each in due[:AT_A_TIME] if go_on()]
    return [queued for queued in made if queued is not None]


def _make(database: Database, due: DueReport, now: datetime) -> QueuedReport | None:
    """None where it was made meanwhile, or where texts were removed while it was made: then the next heartbeat makes it."""
    with database.read() as connection:
        removed = removals(connection)
        found = report_of(connection, due.campaign_id, now)
    final = not found.still_open or now >= due.ended_at + GIVE_UP_AFTER
    report = found.as_version(due.version, final=final)
    queued = QueuedReport(
        campaign_id=due.campaign_id,
        version=due.version,
        final=final,
        payload=outline(report).payload(),
        dedupe=f"report:{due.campaign_id}:{due.version}",
    )

    def work(connection: Connection) -> bool:
        lock_cases(connection)
        if removals(connection) != removed or not keep_report(connection, report):
            return False
        queue_to_organisers(connection, MessageKind.REPORT, queued.payload, queued.dedupe, now)
        return True

    return queued if database.write(work) else None


def keep_report(connection: Connection, report: Report) -> bool:
    """Keep a version in the caller's transaction; False where that version is there already."""
    return reports.keep_version(
        connection, Version(report.campaign_id, report.version, report.made_at, report.final, report.to_json())
    )
