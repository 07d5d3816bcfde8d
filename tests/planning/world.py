"""The founding case with its cast, in a real database: what the tests of planning stand on."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select, text, update

from reminder.domain.cases import IssuedText
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import CampaignState, Channel, WaveState
from reminder.planning import campaigns, drafts, triage, waves
from reminder.planning.desk import Desk, Done
from reminder.planning.post_days import load
from reminder.planning.triage import TriageResult
from reminder.planning.waves import PlanResult
from reminder.store import cases
from reminder.store.columns import ordinal, seconds
from reminder.store.database import Database
from reminder.store.tables import Campaign, Rhythm, Subscriber, Subscription, Wave
from reminder.store.vault import Vault

DEADLINE = date(2020, 12, 29)
BEGAN = datetime(2020, 12, 1, 10, tzinfo=UTC)
WHO = "office"
POST = {"name": "Director", "postal_address": "No. 1"}
MAIL = {**POST, "email": ["office@example.org"]}
# The cast and where they live; who also has agreed to texts.
HOMES = {
    "Aigerim": "Asia/Almaty",
    "Bikash": "Asia/Kathmandu",
    "Clara": "Europe/London",
    "Davi": "America/Sao_Paulo",
    "Ellen": "America/Los_Angeles",
    "Farid": "Pacific/Auckland",
    "Grace": "Pacific/Kiritimati",
}
BY_SMS = {"Bikash", "Ellen"}


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def zones_of(country: str) -> tuple[str, ...]:
    return {"US": ("America/New_York", "Pacific/Honolulu")}.get(country, ())


@dataclass
class World:
    """A case and the services that work on it."""

    database: Database
    desk: Desk
    case_id: int
    texts: SmsRules = EVERYWHERE

    def change_case(self, **values: Any) -> None:
        self.database.write(lambda connection: cases.change_case(connection, self.case_id, values))

    def person(
        self,
        name: str,
        zone: str,
        *,
        sms: bool = False,
        email: bool = True,
        joined: datetime = BEGAN,
        phone_country: str = "",
    ) -> int:
        """A supporter who asked for everything, with a rhythm of her zone and number."""
        row = {
            "email_hash": hashlib.sha256(name.encode()).digest(),
            "phone_country": phone_country,
            "rhythm_id": self.rhythm(zone=zone, sms_country=phone_country),
            "email_since": joined if email else None,
            "sms_since": joined if sms else None,
            "joined_at": joined,
        }

        def work(connection: Any) -> int:
            made = insert(Subscriber).values(**row).returning(Subscriber.metadata.tables["subscriber"].c.id)
            person = int(connection.execute(made).scalar_one())
            connection.execute(insert(Subscription).values(scope="all", subscriber_id=person))
            return person

        return self.database.write(work)

    def rhythm(self, **habits: Any) -> int:
        """The rhythm with these habits; a new one makes live campaigns plan again."""
        table = Rhythm.metadata.tables["rhythm"]
        wanted = Rhythm(**habits).model_dump(exclude={"id"})

        def work(connection: Any) -> int:
            same = [table.c[name] == value for name, value in wanted.items()]
            known = connection.execute(select(table.c.id).where(*same)).scalar()
            if known is None:
                known = connection.execute(insert(Rhythm).values(**wanted).returning(table.c.id)).scalar_one()
                connection.execute(text("UPDATE campaign SET plan_again_at = 0 WHERE state = 3"))
            return int(known)

        return self.database.write(work)

    def cast(self) -> None:
        for name, zone in HOMES.items():
            self.person(name, zone, sms=name in BY_SMS)

    def create(self, now: datetime = BEGAN, **more: Any) -> int:
        return drafts.create(
            self.desk, more.pop("case_id", self.case_id), more.pop("audience", ["all"]), who=WHO, now=now, **more
        ).campaign_id

    def live(self, now: datetime = BEGAN, **more: Any) -> int:
        """A campaign that was created, approved and started at `now`."""
        campaign_id = self.create(now, **more)
        campaigns.approve(self.desk, campaign_id, who=WHO, now=now)
        campaigns.start(self.desk, campaign_id, who=WHO, now=now)
        return campaign_id

    def another_case(self) -> int:
        """The case of somebody else, of which the same people may be reminded as well."""
        return add_case(self.database, "amnesty/ua/64/20", "k3x7qb", MAIL)

    def campaign(self, campaign_id: int) -> Campaign:
        table = Campaign.metadata.tables["campaign"]
        with self.database.read() as connection:
            return Campaign(**connection.execute(select(table).where(table.c.id == campaign_id)).mappings().one())

    def set_campaign(self, campaign_id: int, **values: Any) -> None:
        table = Campaign.metadata.tables["campaign"]
        self.database.write(lambda c: c.execute(update(table).where(table.c.id == campaign_id).values(**values)))

    def plan(self, now: datetime) -> PlanResult:
        return waves.plan_waves(self.database, now, country_zones=zones_of, texts=self.texts)

    def triage(self, now: datetime) -> TriageResult:
        return triage.triage(self.database, now, country_zones=zones_of, texts=self.texts)

    def waves(self, campaign_id: int | None = None, state: WaveState | None = None) -> list[Wave]:
        table = Wave.metadata.tables["wave"]
        wanted = select(table).order_by(table.c.due_at, table.c.id)
        if campaign_id is not None:
            wanted = wanted.where(table.c.campaign_id == campaign_id)
        if state is not None:
            wanted = wanted.where(table.c.state == state)
        with self.database.read() as connection:
            return [Wave(**row) for row in connection.execute(wanted).mappings()]

    def dues(self, campaign_id: int, state: WaveState = WaveState.PLANNED) -> list[tuple[str, str]]:
        return [(wave.step_key, f"{wave.due_at:%m-%d %H:%M}") for wave in self.waves(campaign_id, state)]

    def open_due(self, now: datetime) -> int:
        """What the next part of the house does with due sendings, as far as planning can tell."""
        opened = text("UPDATE wave SET state = 3, opened_at = :now WHERE state = 1 AND due_at <= :now")
        return self.database.write(lambda c: c.execute(opened, {"now": seconds(now)}).rowcount)

    def promise(self, campaign_id: int, wave: Wave, person: int) -> None:
        """A kept promise of that sending."""
        kept = text(
            "INSERT INTO delivery (campaign_id, step_key, anchor_on, channel, subscriber_id, local_on, wave_id, message_id,"
            " state, reason, not_after, opened_at) VALUES (:campaign, :step, :anchor, :channel, :person, :day, :wave, 0, 2, 0,"
            " :after, 0)"
        )
        row = {
            "campaign": campaign_id,
            "step": wave.step_key,
            "anchor": ordinal(wave.anchor_on),
            "channel": int(wave.channel),
            "person": person,
            "day": ordinal(wave.local_on),
            "wave": wave.id,
            "after": seconds(wave.not_after),
        }
        self.database.write(lambda connection: connection.execute(kept, row))


def make_world(database: Database, vault: Vault, target: dict[str, Any] | None = None) -> World:
    """The founding case: post from London to Urumqi, until 29 December 2020."""
    case_id = add_case(database, "amnesty/ua/63/20", "k3x7qa", target or POST)
    return World(database, Desk(database, vault, load(), "GB"), case_id)


def add_case(database: Database, key: str, code: str, target: dict[str, Any]) -> int:
    """A case about China until the same day."""
    issued = IssuedText("ab" * 32, BEGAN, {"targets": [target]}, "CN", {})

    def work(connection: Any) -> int:
        case_id = cases.create_case(connection, key, code, "Amnesty", "Europe/London", BEGAN)
        values = {"country": "CN", "deadline_on": DEADLINE, "topics": ["writers"], "title": "An appeal"}
        cases.change_case(connection, case_id, values)
        cases.add_document_row(connection, case_id, issued, "appeal.txt", b"", None)
        return case_id

    return database.write(work)


def states(world: World, campaign_id: int) -> tuple[CampaignState, int, int]:
    campaign = world.campaign(campaign_id)
    return campaign.state, campaign.version, campaign.approved_version


def by_email(waves_found: list[Wave]) -> list[Wave]:
    return [wave for wave in waves_found if wave.channel is Channel.EMAIL]


def is_about(done: Done, words: str) -> bool:
    return words in " ".join((*done.sentences, done.next))
