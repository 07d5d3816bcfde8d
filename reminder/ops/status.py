"""`reminder status`: how the service is, for a person and for a program."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from reminder.domain.limits import Limits, left_on_its_day
from reminder.domain.states import Channel
from reminder.store import capacity
from reminder.store.database import Database
from reminder.store.status import Standing, standing

LATE_HEARTBEAT = timedelta(minutes=5)
WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}
RIGHT = "stop the service and start it with `reminder run --clock-is-right`, or `reminder tick --clock-is-right`"


@dataclass(frozen=True, slots=True)
class Status:
    """What `standing` counted, which providers take nothing now, by which channels therefore nothing goes, and why nothing
    may be sent at all, if so."""

    standing: Standing
    providers: dict[str, str]
    now: datetime
    waits: str = ""
    channels_out: tuple[Channel, ...] = ()

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
        lines += [
            f"Nothing goes by {WORDS[channel]}: no provider of it takes messages now (`reminder providers list`)."
            for channel in self.channels_out
        ]
        if s.numbers_asked:
            asked = ", ".join(f"{number:,} {words}" for words, number in s.numbers_asked.items())
            lines.append(f"Texts wanted today to confirm a number: {asked}.")
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
        return {
            **asdict(self.standing),
            "waits_because": self.waits,
            "providers_out": self.providers,
            "channels_out": [channel.name.lower() for channel in self.channels_out],
        }


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def status(
    database: Database, limits: Mapping[Channel, Mapping[str, Limits]], now: datetime, *, waits: str = ""
) -> Status:
    """Look at the database once. `limits`: the providers in use by channel; `waits`: why a heartbeat would send nothing."""
    with database.read() as connection:
        found = standing(connection, now)
        known = capacity.standing(connection, [name for by_name in limits.values() for name in by_name], now)
    words = {
        name: out
        for by_name in limits.values()
        for name, each in by_name.items()
        if (out := why_out(name, known[name], each))
    }
    closed = tuple(channel for channel, by_name in limits.items() if by_name and by_name.keys() <= words.keys())
    return Status(found, words, now, waits or found.waits_because, closed)


def why_out(name: str, stands: capacity.Standing, limits: Limits) -> str:
    """Why a provider takes no reminder now, and what ends that; '' where it takes them."""
    if stands.stopped:
        return f"stopped, {stands.stopped}; mend the list, then `reminder providers resume {name}`"
    if stands.broken_until is not None:
        return f"out of the rotation until {stands.broken_until:%H:%M} UTC ({stands.because})"
    if left_on_its_day(limits, stands.used) == 0:
        return "its limit of today is used up; it goes on at 00:00 UTC"
    return ""
