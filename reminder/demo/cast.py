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
_WAYS = {"email": "email", "sms": "SMS", "email sms": "both"}
_LATE_ADDRESS = "jun@example.org"
_WORDING = "好的，请提醒我写信"


@dataclass(slots=True)
class Cast:
    """The kept people: number and ways (email, SMS, both) by first name."""

    ids: dict[str, int]
    ways: dict[str, str]

    def name(self, person_id: int) -> str:
        """The first name of a supporter."""
        return next((name for name, known in self.ids.items() if known == person_id), str(person_id))


def read_cast(app: App, samples: Path) -> Cast:
    """Who of the sample list was kept, by name. The name column of the list is the demo's own key."""
    ids, ways = {}, {}
    with (samples / SUPPORTERS).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            number = people.find_by_address(app.database, app.vault, row["email"] or row["phone"])
            if number is not None:
                ids[row["name"]] = number
                ways[row["name"]] = _WAYS[row["channels"]]
    return Cast(ids, ways)


def settle_wishes(app: App, cast: Cast) -> None:
    """Farid wants one reminder a week; Clara wants the closing note."""
    people.choose(app.database, cast.ids["Farid"], Wishes(cadence_n=1, cadence_days=7))
    people.choose(app.database, cast.ids["Clara"], Wishes(closing_note=True))


def _at(wall_clock: str, zone: str) -> datetime:
    return datetime.fromisoformat(wall_clock).replace(tzinfo=ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did, at her own wall clock. `mark` is one of joined, left, wrote."""

    at: datetime
    mark: str
    sentence: str


DEEDS: Mapping[str, Deed] = {
    "Hana": Deed(_at("2020-12-08T20:00", "Asia/Tokyo"), "left", "left by the one-click button of her mail program"),
    "Ivo": Deed(_at("2020-12-09T18:30", "Europe/Prague"), "wrote", "wrote his letter for the first appeal and said so"),
    "Jun": Deed(
        _at("2020-12-10T10:00", "Asia/Shanghai"), "joined", "joined, and confirmed by the link twenty minutes later"
    ),
    "Davi": Deed(_at("2020-12-12T11:00", "America/Sao_Paulo"), "wrote", "mailed his letter for the second appeal"),
    "Clara": Deed(
        _at("2020-12-14T19:00", "Europe/London"), "wrote", "posted her letter for the first appeal on the last day"
    ),
}
_CONFIRMED = _at("2020-12-10T10:20", "Asia/Shanghai")


def happenings(cast: Cast, urgent: int, second: int) -> list[Happening]:
    """What they do between 1 and 31 December; `urgent` and `second` are the campaigns."""

    def wrote(name: str, campaign_id: int, how: str) -> Happening:
        at = DEEDS[name].at
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
        cast.ways[LATE_COMER] = _WAYS["email"]
        cast.ids[LATE_COMER] = people.add_subscriber(app.database, app.vault, joining, now).subscriber_id

    def confirmed(app: App, now: datetime) -> None:
        if not people.confirm(app.database, cast.ids[LATE_COMER], Channel.EMAIL, now, wording=_WORDING):
            raise Trouble(LATE_COMER, "could not confirm", "The demo's own sequence of events is wrong.")

    return [
        (DEEDS["Hana"].at, left),
        wrote("Ivo", urgent, "link"),
        (DEEDS["Jun"].at, joined),
        (_CONFIRMED, confirmed),
        wrote("Davi", second, "link"),
        wrote("Clara", urgent, "link"),
    ]


def _none(_: object) -> None:
    return None
