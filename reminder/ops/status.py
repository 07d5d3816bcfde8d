"""`reminder status`: how the service is, for a person and for a program."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from reminder.store.database import Database
from reminder.store.status import Standing, providers_standing, standing

LATE_HEARTBEAT = timedelta(minutes=5)
RIGHT = "stop the service and start it with `reminder run --clock-is-right`, or `reminder tick --clock-is-right`"


@dataclass(frozen=True, slots=True)
class Status:
    """What `standing` counted, which providers are out of the rotation, and why nothing may be sent, if so."""

    standing: Standing
    providers: dict[str, str]
    now: datetime
    waits: str = ""

    def lines(self) -> list[str]:
        """Sentences, the worrying ones with what to do."""
        s = self.standing
        lines = [self._heartbeat()]
        if self.waits:
            lines.append(f"Nothing is sent: {self.waits}. Look at it; if the clock is right, {RIGHT}.")
        lines.append("Campaigns: " + (", ".join(f"{n} {state}" for state, n in sorted(s.campaigns.items())) or "none"))
        lines.append(
            f"To be sent: {s.batches_open} batches wait, {s.batches_sending} under way, {s.sendings_due} sendings due."
        )
        if s.sendings_waiting:
            waiting = _count(s.sendings_waiting, "sending")
            lines.append(f"Waiting for you: {waiting} above the limit (`reminder campaign send`).")
        if s.cases_waiting:
            asking = _count(s.cases_waiting, "case")
            lines.append(f"Waiting for you: {asking} with a question (`reminder case list`).")
        if s.unclear:
            lines.append(
                f"Unclear, may have arrived: {_count(s.unclear, 'message')} (`reminder messages list --unclear`)."
            )
        if s.set_aside:
            lines.append(f"Set aside, could not be built: {_count(s.set_aside, 'message')} (`reminder messages list`).")
        lines += [f"Provider {name}: {words}." for name, words in self.providers.items()]
        if not s.organisers:
            lines.append("Nobody gets the reports: add an organiser with `reminder init --organiser NAME`.")
        if not s.key_confirmed:
            lines.append("The recovery sheet is not confirmed: `reminder key confirm`.")
        return lines

    def _heartbeat(self) -> str:
        last = self.standing.heartbeat_at
        if last is None:
            return "No heartbeat yet: `reminder run` starts the service."
        age = self.now - last
        words = f"Last heartbeat: {last:%Y-%m-%d %H:%M:%S} UTC, {int(age.total_seconds())} s ago."
        return words if age < LATE_HEARTBEAT else f"{words} The service does not seem to run: `reminder run`."

    def to_json(self) -> dict[str, Any]:
        """The same for a program."""
        return {**asdict(self.standing), "waits_because": self.waits, "providers_out": self.providers}


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def status(database: Database, providers: Collection[str], now: datetime, *, waits: str = "") -> Status:
    """Look at the database once. `waits`: why a heartbeat would send nothing now."""
    with database.read() as connection:
        found = standing(connection, now)
        out = providers_standing(connection)
    words = {
        name: f"out of the rotation until {until:%H:%M} UTC ({because})"
        for name, (until, because) in out.items()
        if until is not None and until > now and name in providers
    }
    return Status(found, words, now, waits or found.waits_because)
