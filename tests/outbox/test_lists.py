"""A provider's own list of people whom it no longer writes to is taken over before anything goes through it."""

import asyncio
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from reminder.domain.consent import Closed
from reminder.domain.limits import NO_LIMITS
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.ops.carriers import carriers
from reminder.outbox.lists import PAGE, read_lists
from reminder.providers.contract import Capabilities, MayNot, Suppressed
from reminder.providers.registry import build
from reminder.store.lists import done
from reminder.store.tables import Organiser
from tests.databases import vault_for_tests
from tests.fakes.http import FakeHttp, Reply, Request, json_reply
from tests.fakes.scripted import Scripted
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, SECOND, World, address, phone

LISTS = Capabilities(batch_size=500, suppressions=True)
BEFORE = MORNING - ONE_DAY
MAY_NOT = MayNot("The list", "may not be read with this key (403)", "Let the key read it.")
BROKE = Trouble("The list", "could not be read: the provider answers 500", "Try again later.")


@dataclass
class Keeper(Scripted):
    """A provider with a list; what it says is an error or the list. `reads` counts how often it was asked."""

    capabilities: Capabilities = LISTS
    list: Sequence[Suppressed] | Exception = field(default_factory=tuple)
    reads: int = 0

    async def suppressions(self) -> Sequence[Suppressed]:
        self.reads += 1
        if isinstance(self.list, Exception):
            raise self.list
        return self.list


def read(world: World, *providers: Any, now: datetime | None = None) -> dict[str, int]:
    if now is not None:
        world.clock.move_to(now)
    return read_lists(
        world.database,
        vault_for_tests(),
        {provider.name: provider for provider in providers},
        world.clock.now(),
        wait_for=asyncio.run,
    )


def office(world: World) -> None:
    vault = vault_for_tests()
    mail = vault.encrypt("o@example.org", b"email")
    world.add(Organiser, name_ct=vault.encrypt("Olga", b"name"), email_ct=mail, email_hash=b"o" * 16, since=MORNING)


def alerts(world: World) -> list[str]:
    rows = world.rows("SELECT payload FROM content WHERE kind = :kind ORDER BY id", kind=int(MessageKind.ALERT))
    return [str(row.payload) for row in rows]


class TestBeforeTheFirstMessage:
    """Nothing goes to supporters through a provider whose list was never read."""

    def test_a_batch_waits_until_it_was_read(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)
        provider = Keeper(list=[Suppressed(address("Davi"), Closed.BOUNCED, BEFORE)])
        world.send(provider)
        assert provider.addresses() == []
        assert read(world, provider) == {"scripted": 1}
        world.clock.move_to(MORNING + 15 * SECOND)
        world.send(provider)
        assert provider.addresses() == [address("Clara")]

    def test_the_next_provider_takes_over_meanwhile(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        waits, other = Keeper(), Scripted("other")
        world.send(waits, other)
        assert (waits.addresses(), other.addresses()) == ([], [address("Clara")])

    def test_what_organisers_must_know_goes_all_the_same(self, world: World) -> None:
        office(world)
        provider = Keeper(list=BROKE)
        read(world, provider)
        read(world, provider)
        world.send(provider)
        assert provider.addresses() == ["o@example.org"]

    @pytest.mark.parametrize("error", [BROKE, OSError("odd")], ids=["trouble", "odd"])
    def test_where_it_fails_it_is_tried_again_and_organisers_are_told_when_that_goes_on(
        self, world: World, error: Exception
    ) -> None:
        office(world)
        world.scene("Clara").open(MORNING)
        provider = Keeper(list=error)
        told = []
        for minutes in range(4):
            read(world, provider, now=MORNING + minutes * MINUTE)
            told.append(len(alerts(world)))
        world.send(provider)
        assert (provider.reads, told) == (4, [0, 1, 1, 1])
        assert address("Clara") not in provider.addresses()
        provider.list = ()
        read(world, provider)
        world.clock.move_to(MORNING + 5 * MINUTE)
        world.send(provider)
        assert address("Clara") in provider.addresses()

    def test_where_the_key_may_not_read_it_organisers_are_told_once_and_sending_goes_on(self, world: World) -> None:
        office(world)
        world.scene("Clara").open(MORNING)
        provider = Keeper(list=MAY_NOT)
        for hours in range(3):
            read(world, provider, now=MORNING + hours * HOUR)
        assert (provider.reads, len(alerts(world))) == (3, 1)
        world.send(provider)
        assert address("Clara") in provider.addresses()

    def test_a_failing_list_never_keeps_another_from_being_read(self, world: World) -> None:
        good = Keeper("good")
        assert read(world, Keeper("bad", list=OSError("odd")), good) == {"good": 0}


class TestEveryDay:
    """Read again each day, and each hour where it may not be read."""

    @pytest.mark.parametrize(("after", "reads"), [(ONE_DAY - SECOND, 1), (ONE_DAY, 2)])
    def test_after_a_day(self, world: World, after: timedelta, reads: int) -> None:
        provider = Keeper()
        read(world, provider)
        read(world, provider, now=MORNING + after)
        assert provider.reads == reads

    def test_that_it_fails_later_stops_nothing(self, world: World) -> None:
        office(world)
        provider = Keeper()
        read(world, provider, now=BEFORE)
        provider.list = BROKE
        world.scene("Clara").open(MORNING)
        for _ in range(3):
            read(world, provider)
        world.send(provider)
        assert (provider.addresses(), alerts(world)) == ([address("Clara")], [])

    def test_providers_list_says_how_it_stands(self, world: World) -> None:
        def line() -> str:
            [found] = [
                each
                for each in carriers(world.database, {Channel.EMAIL: {"ses": NO_LIMITS}}, MORNING)
                if each.name == "ses"
            ]
            return found.its_list

        ses = Keeper("ses", list=BROKE)
        assert line() == "waits until its own list of people who left is read"
        read(world, ses)
        assert line().startswith("waits for its own list: could not be read")
        ses.list = MAY_NOT
        read(world, ses)
        assert line().startswith("its own list of people who left is not read: may not")
        ses.list = ()
        read(world, ses, now=MORNING + HOUR)
        assert line() == ""


class TestWhatItSays:
    """Closed as if the person had told us, with the provider as the source."""

    def test_people_are_closed_for_their_reasons_also_those_whom_we_do_not_know(self, world: World) -> None:
        world.scene("Clara", "Davi", letters="")
        entries = [
            Suppressed(address("Clara").upper(), Closed.COMPLAINED, BEFORE),
            Suppressed("stranger@example.org", Closed.BOUNCED, BEFORE),
        ]
        assert read(world, Keeper(list=entries)) == {"scripted": 2}
        assert world.closed() == {"Clara": Closed.COMPLAINED}
        assert [row[0] for row in world.rows("SELECT DISTINCT source FROM consent")] == ["scripted"]

    def test_numbers_too(self, world: World) -> None:
        world.person("Clara", sms=True)
        read(world, Keeper(channel=Channel.SMS, list=[Suppressed(phone("Clara"), Closed.STOP, BEFORE)]))
        assert world.closed() == {"Clara": Closed.STOP}

    def test_the_same_list_again_writes_nothing(self, world: World) -> None:
        world.scene("Clara", letters="")
        provider = Keeper(list=[Suppressed(address("Clara"), Closed.BOUNCED, BEFORE)])
        read(world, provider)
        lines = world.one("SELECT count(*) FROM consent")
        assert read(world, provider, now=MORNING + ONE_DAY) == {"scripted": 0}
        assert world.one("SELECT count(*) FROM consent") == lines

    def test_a_stronger_reason_of_ours_stays(self, world: World) -> None:
        world.scene("Clara", letters="")
        world.closes("Clara", reason=Closed.NEVER_AGAIN)
        read(world, Keeper(list=[Suppressed(address("Clara"), Closed.BOUNCED, BEFORE)]))
        assert world.closed() == {"Clara": Closed.NEVER_AGAIN}

    def test_one_that_is_told_to_end_in_the_middle_reads_it_again(self, world: World) -> None:
        entries = [Suppressed(f"r{number}@example.org", Closed.BOUNCED, BEFORE) for number in range(2 * PAGE)]
        provider = Keeper(list=entries)
        answers = iter([True, True, False])
        given = {provider.name: provider}
        vault = vault_for_tests()
        found = read_lists(
            world.database, vault, given, MORNING, wait_for=asyncio.run, go_on=lambda: next(answers, False)
        )
        assert found == {}
        assert read(world, provider) == {"scripted": PAGE}


def test_a_long_list_needs_little_memory_and_no_long_transaction(world: World) -> None:
    """A hundred thousand would be forty times this."""
    count = 2_500
    entries = [Suppressed(f"reader{number}@example.org", Closed.BOUNCED, BEFORE) for number in range(count)]
    rows: list[int] = []

    def look(connection: Any, cursor: Any, sql: str, given: Any, context: Any, many: bool) -> None:
        if sql.startswith("INSERT INTO do_not_contact"):
            rows.append(len(given) if many else 1)

    event.listen(Engine, "before_cursor_execute", look)
    tracemalloc.start()
    try:
        assert read(world, Keeper(list=entries)) == {"scripted": count}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        event.remove(Engine, "before_cursor_execute", look)
    assert max(rows) <= PAGE
    assert peak < 10_000_000


def page_of_sendgrid(request: Request) -> Reply:
    """Two bounces on two pages, nothing on the other lists."""
    if request.path != "/v3/suppression/bounces":
        return json_reply([])
    first = request.query.get("offset") == "0"
    names = [address("Clara")] * 500 if first else [address("Davi")]
    return json_reply([{"email": name, "created": int(BEFORE.timestamp())} for name in names])


Answer = Callable[[Request], Reply] | Reply
REAL: dict[str, tuple[dict[str, str], Answer]] = {
    "sendgrid": ({"api_key": "k"}, page_of_sendgrid),
    "postmark": (
        {"server_token": "t"},
        json_reply({"Suppressions": [{"EmailAddress": address(name)} for name in ("Clara", "Davi")]}),
    ),
    "resend": (
        {"api_key": "k"},
        json_reply({"data": [{"id": str(n), "email": address(n), "origin": "bounce"} for n in ("Clara", "Davi")]}),
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_over_the_wire(world: World, name: str) -> None:
    world.scene("Clara", "Davi", "Ellen", letters="")
    options, answer = REAL[name]
    assert with_real(world, name, options, answer) == {name: 2}
    assert set(world.closed()) == {"Clara", "Davi"}


@pytest.mark.parametrize("name", REAL)
def test_a_key_that_may_not_read_the_list_is_told_from_a_provider_that_is_ill(world: World, name: str) -> None:
    options, _ = REAL[name]
    for status, read_at in ((500, False), (403, True)):
        assert with_real(world, name, options, Reply(status, b"{}")) == {}
        assert (world.one("SELECT list_read_at FROM provider_state") is not None) is read_at


def test_a_provider_that_counts_questions_is_waited_for(world: World) -> None:
    options, answer = REAL["resend"]
    assert isinstance(answer, Reply)
    replies = iter([json_reply({}, 429, retry_after="0"), answer])
    assert with_real(world, "resend", options, lambda request: next(replies)) == {"resend": 2}


def with_real(world: World, name: str, options: dict[str, str], answer: Answer) -> dict[str, int]:
    """Read the list of the real adapter from a server that answers so."""
    with asyncio.Runner() as runner:
        server = FakeHttp(answer)
        runner.run(server.__aenter__())
        http = httpx.AsyncClient()
        provider = build(name, options | {"url": server.url}, http)
        given = {name: provider}
        found = read_lists(world.database, vault_for_tests(), given, MORNING, wait_for=runner.run)
        runner.run(http.aclose())
        runner.run(server.__aexit__(None, None, None))
    return found


def test_once_dealt_with_it_is_known_at_every_start(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.database.write(lambda connection: done(connection, "scripted", datetime(2020, 12, 1, tzinfo=UTC)))
    provider = Keeper()
    world.send(provider)
    assert provider.addresses() == [address("Clara")]
