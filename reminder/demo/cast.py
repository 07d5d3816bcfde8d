"""The invented people of the demo, and what they do in December 2020. Only the demo names anybody by name."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from reminder.app import App
from reminder.domain.consent import Leaving
from reminder.domain.scopes import ALL
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.events.supporters import leave, report_letter
from reminder.intake import people
from reminder.intake.people import Joining
from reminder.rehearsal.passing import Happening
from reminder.store.people.choices import Wishes

SUPPORTERS = "supporters.csv"
LATE_COMER = "Jun"
_LATE_ADDRESS = "jun@example.org"
_WORDING = "好的，请提醒我写信"


@dataclass(slots=True)
class Cast:
    """The people by name, and what each did, in a sentence. `away` are on the list but were never kept as supporters."""

    addresses: dict[str, str]
    ids: dict[str, int]
    away: tuple[str, ...]

    def name(self, person_id: int) -> str:
        """The first name of a supporter."""
        return next((name for name, known in self.ids.items() if known == person_id), str(person_id))


def read_cast(app: App, samples: Path) -> Cast:
    """Who of the sample list was kept, by name. The name column of the list is the demo's own key."""
    with (samples / SUPPORTERS).open(encoding="utf-8", newline="") as file:
        addresses = {row["name"]: row["email"] or row["phone"] for row in csv.DictReader(file)}
    found = {name: people.find_by_address(app.database, app.vault, address) for name, address in addresses.items()}
    ids = {name: number for name, number in found.items() if number is not None}
    return Cast(addresses, ids, tuple(name for name, number in found.items() if number is None))


def settle_wishes(app: App, cast: Cast) -> None:
    """Farid wants one reminder a week; Clara wants the closing note."""
    people.choose(app.database, cast.ids["Farid"], Wishes(cadence_n=1, cadence_days=7))
    people.choose(app.database, cast.ids["Clara"], Wishes(closing_note=True))


# What happens, for the reader of the demo; each with its day, hour and zone.
SAID = {
    "Hana": "left by the one-click button of her mail program on 8 December, 20:00 in Tokyo",
    "Ivo": "wrote to Urumqi and said so on 9 December, 18:30 in Prague",
    "Jun": "joined on 10 December, 10:00 in Shanghai, and confirmed by the link",
    "Davi": "mailed his letter for the second appeal on 12 December, 11:00 in São Paulo",
    "Bikash": "answered the text of the last day, 14 December, with a letter",
}


def happenings(cast: Cast, urgent: int, second: int) -> list[Happening]:
    """What they do between 1 and 31 December; `urgent` and `second` are the campaigns."""

    def wrote(name: str, campaign_id: int, how: str) -> Happening:
        at = _WHEN[name]
        return at, lambda app, now: _none(report_letter(app.database, campaign_id, cast.ids[name], how, now))

    def left(app: App, now: datetime) -> None:
        leave(app.database, Leaving.ONE_CLICK, cast.ids["Hana"], now)

    def joined(app: App, now: datetime) -> None:
        joining = Joining(
            email=_LATE_ADDRESS,
            name=LATE_COMER,
            locale="zh",
            country="CN",
            zone="Asia/Shanghai",
            subscriptions=(ALL,),
            source="web form",
            wording=_WORDING,
        )
        cast.ids[LATE_COMER] = people.add_subscriber(app.database, app.vault, joining, now).subscriber_id

    def confirmed(app: App, now: datetime) -> None:
        if not people.confirm(app.database, cast.ids[LATE_COMER], Channel.EMAIL, now, wording=_WORDING):
            raise Trouble(LATE_COMER, "could not confirm", "The demo's own sequence of events is wrong.")

    return [
        (_WHEN["Hana"], left),
        wrote("Ivo", urgent, "link"),
        (_WHEN["Jun"], joined),
        (_at("2020-12-10T10:20", "Asia/Shanghai"), confirmed),
        wrote("Davi", second, "link"),
        wrote("Bikash", urgent, "reply"),
    ]


def _none(_: object) -> None:
    return None


def _at(wall_clock: str, zone: str) -> datetime:
    return datetime.fromisoformat(wall_clock).replace(tzinfo=ZoneInfo(zone))


_WHEN: Mapping[str, datetime] = {
    "Hana": _at("2020-12-08T20:00", "Asia/Tokyo"),
    "Ivo": _at("2020-12-09T18:30", "Europe/Prague"),
    "Jun": _at("2020-12-10T10:00", "Asia/Shanghai"),
    "Davi": _at("2020-12-12T11:00", "America/Sao_Paulo"),
    "Bikash": _at("2020-12-14T19:00", "Asia/Kathmandu"),
}
