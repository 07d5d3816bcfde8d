"""What the ledger says beside what the providers took: every difference is a breach."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reminder.domain.states import Channel, DeliveryState, MessageState, WaveState

OPEN_STATES = {MessageState.DUE, MessageState.RETRY}


@dataclass
class Findings:
    """The figures of a story; `breaches` must be empty."""

    kills: int = 0
    promises: int = 0
    messages: int = 0
    acceptances: int = 0
    between: int = 0
    carried: int = 0
    skipped: int = 0
    unclear: int = 0
    twice: int = 0
    rescued: int = 0
    breaches: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """A short table."""
        for name in (
            "kills",
            "promises",
            "messages",
            "acceptances",
            "between",
            "carried",
            "skipped",
            "rescued",
            "unclear",
            "twice",
        ):
            yield f"  {_WORDS[name]:44} {getattr(self, name):>8,}"
        yield f"  {'breaches':44} {len(self.breaches):>8,}"
        yield from (f"    {breach}" for breach in self.breaches[:20])


_WORDS = {
    "kills": "times the sender was ended",
    "promises": "promises",
    "messages": "messages",
    "acceptances": "acceptances by the providers",
    "between": "of these between two ends of the sender",
    "carried": "promises carried",
    "skipped": "promises skipped or missed, with a reason",
    "rescued": "attempts cut off in a call",
    "unclear": "messages unclear at the end, listed",
    "twice": "messages accepted twice, listed",
}


def examine(folder: Path, end: datetime, kills: int, between: int) -> Findings:
    """Compare the database at the story's end with the logs of the providers."""
    found = Findings(kills=kills, between=between)
    with sqlite3.connect(folder / "data" / "reminder.db") as database:
        database.row_factory = sqlite3.Row
        _messages(database, taken(folder), found)
        _unclear_are_listed(database, json.loads((folder / "unclear.json").read_text()), found)
        _promises(database, found)
        _nobody_overlooked(database, end, found)
    _quiet_log(folder, found)
    return found


def taken(folder: Path) -> Counter[int]:
    """How often each message was accepted, by its number on the wire."""
    mails = folder / "mail.log"
    mail = mails.read_text().split() if mails.exists() else []
    texts = folder / "data" / "messages" / "sms" / "accepted.log"
    lines = texts.read_text().splitlines() if texts.exists() else []
    # A process that was ended may leave half a line: then the file is complete and the line is not.
    wire_ids = mail + [line.split()[0] for line in lines if " attempt=" in line]
    return Counter(int(wire_id.partition(".")[0], 16) for wire_id in wire_ids)


def _messages(database: sqlite3.Connection, accepted: Counter[int], found: Findings) -> None:
    again = {row["message_id"] for row in database.execute("SELECT message_id FROM event WHERE kind = 'sent again'")}
    days: Counter[tuple[int, int]] = Counter()
    known = set()
    for row in database.execute("SELECT * FROM message WHERE kind = 1"):
        number, state, times = row["id"], MessageState(row["state"]), accepted[row["id"]]
        known.add(number)
        found.messages += 1
        found.acceptances += times
        found.unclear += state is MessageState.AMBIGUOUS
        found.twice += times > 1
        days[row["subscriber_id"], row["local_on"]] += times > 0
        if times > 1 and (number not in again or row["channel"] == Channel.SMS or times > 2):
            found.breaches.append(f"message {number} was accepted {times} times")
        if times and state not in (MessageState.ACCEPTED, MessageState.AMBIGUOUS):
            found.breaches.append(f"message {number} was accepted and is {state.name.lower()}")
        if not times and state is MessageState.ACCEPTED:
            found.breaches.append(f"message {number} is accepted, and no provider knows of it")
        if state in OPEN_STATES:
            found.breaches.append(f"message {number} was lost on its way")
    found.breaches += [f"an unknown message {number} was accepted" for number in accepted if number not in known]
    found.breaches += [f"person {who} got {n} reminders on one day" for (who, _), n in days.items() if n > 1]
    found.rescued = _one(database, "SELECT count(*) FROM attempt WHERE n_unclear > 0")


def _unclear_are_listed(database: sqlite3.Connection, listed: list[tuple[int, int]], found: Findings) -> None:
    """Each has its line; of more than a page can show the last line says how many there are."""
    unclear = {row["id"] for row in database.execute("SELECT id FROM message WHERE state = 5")}
    if wrong := {number for number, _ in listed} - unclear:
        found.breaches.append(f"{len(wrong)} messages are listed and not unclear")
    if sum(stands_for for _, stands_for in listed) != len(unclear):
        found.breaches.append("some messages are unclear and not listed")


def _promises(database: sqlite3.Connection, found: Findings) -> None:
    due = "SELECT count(*) FROM delivery d WHERE d.state = 1 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.kind = 1"
    due += " AND m.state = 5 AND m.local_on = d.local_on AND m.subscriber_id = d.subscriber_id)"
    states = dict(database.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall())
    found.promises = sum(states.values())
    found.carried = states.get(DeliveryState.CARRIED, 0)
    found.skipped = states.get(DeliveryState.SKIPPED, 0) + states.get(DeliveryState.MISSED, 0)
    if lost := _one(database, due):
        found.breaches.append(f"{lost} promises are due, and nothing carries them")
    bare = "SELECT count(*) FROM delivery WHERE state IN (3, 4, 5, 6) AND reason = 0"
    if without := _one(database, bare):
        found.breaches.append(f"{without} promises were not kept, and nobody knows why")
    if half := _one(database, "SELECT count(*) FROM batch WHERE state <> 4"):
        found.breaches.append(f"{half} batches were never done")
    if open_ended := _one(database, "SELECT count(*) FROM attempt WHERE state = 1"):
        found.breaches.append(f"{open_ended} attempts never ended")


def _nobody_overlooked(database: sqlite3.Connection, end: datetime, found: Findings) -> None:
    """Who can be reached by a sending's channel, and by the channel that its step prefers, is promised it."""
    people: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for person in database.execute("SELECT id, rhythm_id, email_since, sms_since FROM subscriber"):
        people[person["rhythm_id"]].append(person)
    promised: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for row in database.execute("SELECT campaign_id, step_key, anchor_on, channel, subscriber_id FROM delivery"):
        promised[tuple(row)[:4]].add(row["subscriber_id"])
    since = {Channel.EMAIL: "email_since", Channel.SMS: "sms_since"}
    for wave in database.execute("SELECT * FROM wave WHERE due_at <= ?", [int(end.timestamp())]):
        if wave["state"] != WaveState.OPEN:
            found.breaches.append(f"sending {wave['id']} is {WaveState(wave['state']).name.lower()}")
            continue
        preferred = since.get(wave["unless_channel"])
        meant = {
            person["id"]
            for person in people[wave["rhythm_id"]]
            if person[since[Channel(wave["channel"])]] and not (preferred and person[preferred])
        }
        key = (wave["campaign_id"], wave["step_key"], wave["anchor_on"], wave["channel"])
        if overlooked := meant - promised[key]:
            found.breaches.append(f"sending {wave['id']} overlooked {len(overlooked)} people")


def _quiet_log(folder: Path, found: Findings) -> None:
    """Nothing of ours may have gone wrong on the way."""
    wrong: Counter[str] = Counter()
    for line in (folder / "log").read_text(errors="replace").splitlines():
        told = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
        if told.get("level") == "error" or "Traceback" in line:
            wrong[str(told.get("action", line))] += 1
    found.breaches += [f"the log tells {times} times of {action}" for action, times in wrong.items()]


def _one(database: sqlite3.Connection, sql: str) -> int:
    return int(database.execute(sql).fetchone()[0])
