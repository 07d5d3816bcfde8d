"""What we hold: of one supporter as JSON for that person, of all as a list that our own import reads back."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Any

from reminder.domain.cells import safe_cell
from reminder.domain.consent import EVERYTHING, Closed, PersonState, Said
from reminder.domain.states import REASON_WORDS, Channel, MessageState
from reminder.errors import Trouble
from reminder.intake.subscribers.presets import Column
from reminder.store.database import Database
from reminder.store.people.exporting import Holding, Listed, holding, page
from reminder.store.people.ledger import Closing
from reminder.store.vault import Vault

PEOPLE_ON_A_PAGE = 1_000
BETWEEN = "; "
COLUMNS = (
    *(Column.EMAIL, Column.PHONE, Column.NAME, Column.LOCALE, Column.ZONE, Column.COUNTRY, Column.CHANNELS),
    *(Column.LISTS, Column.TOPICS, Column.COUNTRIES, Column.LEFT_OUT, Column.BASIS, Column.SOURCE, Column.WORDING),
    *(Column.CONSENTED_ON, Column.SMS_BASIS, Column.SMS_SOURCE, Column.SMS_WORDING, Column.SMS_CONSENTED_ON),
    *(Column.STATUS, Column.SMS_STATUS, Column.HOUR_EMAIL, Column.HOUR_SMS),
)
_STATE_WORDS = {
    PersonState.ACTIVE: "active",
    PersonState.WAITS: "waits for evidence of agreement",
    PersonState.LEFT: "left",
    PersonState.ERASED: "erased",
}
# What our own list format calls a closed address; everything else is somebody who left.
_STATUS = {
    Closed.BOUNCED: "cleaned",
    Closed.DISABLED: "cleaned",
    Closed.COMPLAINED: "complained",
    Closed.BLOCKED: "blocked",
    Closed.DO_NOT_CONTACT: "blocked",
}
_SMS_STATUS = {
    Closed.STOP: "stop",
    Closed.UNSUBSCRIBED: "unsubscribed",
    Closed.BLOCKED: "do not contact",
    Closed.DO_NOT_CONTACT: "do not contact",
}
_CT = {"email": "email_ct", "phone": "phone_ct", "name": "name_ct"}


def export_person(database: Database, vault: Vault, subscriber_id: int) -> dict[str, Any]:
    """Everything we hold of a supporter, readable, as JSON values. `Trouble` where there is no such supporter."""
    with database.read() as connection:
        held = holding(connection, subscriber_id)
    if held is None:
        raise Trouble(f"Subscriber {subscriber_id}", "is not known", "Look the number up again.")
    person = held.person
    return {
        "number": subscriber_id,
        **{name: _opened(vault, person[column], name) for name, column in _CT.items()},
        "state": _STATE_WORDS[PersonState(person["state"])],
        "language": person["locale"],
        "country": person["country"],
        "zone": person["zone"],
        "hours": {"email": _hour(person["email_hour"]), "sms": _hour(person["sms_hour"])},
        "at_most": {"reminders": person["cadence_n"], "in_days": person["cadence_days"]},
        "only_in_the_last_48_hours": person["last48"],
        "names_in_messages": person["named"],
        "closing_note": person["closing_note"],
        "tell_outcome": person["tell_outcome"],
        "email_agreed_since": _iso(person["email_since"]),
        "sms_agreed_since": _iso(person["sms_since"]),
        "break_until": _iso(person["paused_until"]),
        "joined_at": _iso(person["joined_at"]),
        "subscriptions": held.subscriptions,
        "left_out": held.left_out,
        "agreements": [_agreement(vault, line) for line in held.ledger],
        "do_not_contact": [
            {"channel": _word(each.address.channel), "reason": each.reason.value, "since": _iso(each.since)}
            for each in held.closings
        ],
        **_history(held),
    }


def _history(held: Holding) -> dict[str, Any]:
    return {
        "letters_reported": [
            {"campaign": row["campaign_id"], "at": _iso(row["at"]), "how": row["how"], "late": row["late"]}
            for row in held.letters
        ],
        "reminders": [
            {
                "campaign": row["campaign_id"],
                "step": row["step_key"],
                "channel": _word(row["channel"]),
                "day": _iso(row["local_on"]),
                "state": _word(row["state"]),
                "because": REASON_WORDS[row["reason"]],
            }
            for row in held.promises
        ],
        "messages": [
            {
                "kind": _word(row["kind"]),
                "channel": _word(row["channel"]),
                "day": _iso(row["local_on"]),
                "state": "unclear" if row["state"] is MessageState.AMBIGUOUS else _word(row["state"]),
                "result": _word(row["result"]),
            }
            for row in held.messages
        ],
    }


def _agreement(vault: Vault, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _iso(line["at"]),
        "channel": _word(line["channel"]),
        "what": line["what"],
        "basis": line["basis"],
        "source": line["source"],
        "wording": line["wording"],
        "given_on": _iso(line["given_on"]),
        "evidence": _opened(vault, line["evidence_ct"], "evidence"),
    }


def _opened(vault: Vault, value: bytes | None, purpose: str) -> str | None:
    return None if value is None else vault.decrypt(bytes(value), purpose.encode())


def _iso(value: datetime | date | None) -> str | None:
    return None if value is None else value.isoformat()


def _hour(value: int) -> int | None:
    return None if value < 0 else value


def _word(value: IntEnum) -> str:
    return value.name.lower().replace("_", " ")


def export_everyone(database: Database, vault: Vault) -> Iterator[list[str]]:
    """The cells of a CSV file, the column names first; safe in a spreadsheet, and read back by our own list format."""
    yield [column.value for column in COLUMNS]
    after = 0
    while True:
        with database.read() as connection:
            people = page(connection, after, PEOPLE_ON_A_PAGE)
        if not people:
            return
        for listed in people:
            cells = _cells(vault, listed)
            yield [safe_cell(cells.get(column, "")) for column in COLUMNS]
        after = people[-1].person["id"]


def _cells(vault: Vault, listed: Listed) -> dict[Column, str]:
    person = listed.person
    opened = {name: _opened(vault, person[column], name) or "" for name, column in _CT.items()}
    closed = {closing.address.channel: closing for closing in listed.closings}
    asked = {Channel(line["channel"]) for line in listed.ledger if line["what"] != Said.CLOSED}
    scopes: dict[str, list[str]] = {"list": [], "topic": [], "country": []}
    for scope in listed.subscriptions:
        kind, _, name = scope.partition(":")
        if kind in scopes:
            scopes[kind].append(name)
        elif kind == "all":
            scopes["list"].append(kind)
    return {
        Column.EMAIL: opened["email"],
        Column.PHONE: opened["phone"],
        Column.NAME: opened["name"],
        Column.LOCALE: person["locale"],
        Column.ZONE: person["zone"],
        Column.COUNTRY: person["country"],
        Column.CHANNELS: BETWEEN.join(_word(channel) for channel in sorted(asked)),
        Column.LISTS: BETWEEN.join(scopes["list"]),
        Column.TOPICS: BETWEEN.join(scopes["topic"]),
        Column.COUNTRIES: BETWEEN.join(scopes["country"]),
        Column.LEFT_OUT: BETWEEN.join(each for each in listed.left_out if ":" not in each),
        Column.STATUS: _status(person, closed),
        Column.SMS_STATUS: _SMS_STATUS.get(closed[Channel.SMS].reason, "opted out") if Channel.SMS in closed else "",
        Column.HOUR_EMAIL: "" if person["email_hour"] < 0 else str(person["email_hour"]),
        Column.HOUR_SMS: "" if person["sms_hour"] < 0 else str(person["sms_hour"]),
        **_grounds(listed.ledger, Channel.EMAIL, Column.BASIS, Column.SOURCE, Column.WORDING, Column.CONSENTED_ON),
        **_grounds(
            listed.ledger,
            Channel.SMS,
            *(Column.SMS_BASIS, Column.SMS_SOURCE, Column.SMS_WORDING, Column.SMS_CONSENTED_ON),
        ),
    }


def _status(person: dict[str, Any], closed: dict[Channel, Closing]) -> str:
    """The word of our own list format that closes as much as is closed, and never less."""
    if any(closing.reason in EVERYTHING for closing in closed.values()):
        return "do not contact"
    email = closed.get(Channel.EMAIL)
    if email is not None:
        texts_come = person["phone_ct"] is not None and Channel.SMS not in closed
        return _STATUS.get(email.reason, "unsubscribed from email" if texts_come else "unsubscribed")
    never_agreed = person["email_since"] is None and person["sms_since"] is None
    return "unconfirmed" if never_agreed and Channel.SMS not in closed else "active"


def _grounds(
    ledger: Sequence[dict[str, Any]], channel: Channel, basis: Column, source: Column, wording: Column, on: Column
) -> dict[Column, str]:
    """What the newest agreement by a channel stands on."""
    lines = [line for line in ledger if line["channel"] == channel and line["what"] in (Said.AGREED, Said.CONFIRMED)]
    if not lines:
        return {}
    line = lines[-1]
    return {
        basis: line["basis"],
        source: line["source"],
        wording: line["wording"],
        on: (line["given_on"] or line["at"].date()).isoformat(),
    }
