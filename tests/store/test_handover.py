"""Claim, lease, attempt, rescue: whose batch it is, and what a dead sender leaves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from reminder.domain.states import AttemptState, BatchState, CampaignState, Channel, Reason
from reminder.store import handover, lastchecks, opening, records
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.handover import LEASE_SECONDS, Begun, Claimed
from reminder.store.withdraw import Withdrawn, withdraw_campaign
from tests.fakes.scripted import Scripted
from tests.outbox.world import DAY, HOUR, LONDON, MORNING, ONE_DAY, SECOND, STEP, World, address, stop

EMAIL = Channel.EMAIL


def claim(world: World, owner: str = "me") -> Claimed | None:
    return world.database.write(lambda connection: handover.claim(connection, EMAIL, owner, world.clock.now()))


def begin(connection: Connection, claimed: Claimed, limit: int = 100) -> Begun:
    """What a sender does in the transaction that its call waits for; nothing begins where nothing is ready."""
    lastchecks.lock_campaigns(connection, claimed)
    if not handover.hold_batch(connection, claimed, MORNING):
        return Begun(lost=True)
    begun = lastchecks.look(connection, claimed, after=0, limit=limit, now=MORNING)
    if begun.ready:
        handover.begin_attempt(connection, claimed, begun, no=claimed.attempts + 1, provider="scripted", now=MORNING)
    return begun


def attempt(world: World, owner: str = "me", limit: int = 100) -> Claimed:
    claimed = claim(world, owner)
    assert claimed is not None
    world.database.write(lambda connection: begin(connection, claimed, limit))
    return claimed


class TestClaim:
    """The most urgent open batch, for one owner."""

    def test_a_batch_has_one_owner(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        first = claim(world, "first")
        assert first is not None
        assert (first.owner, first.channel, first.items[0][1]) == ("first", EMAIL, STEP)
        assert claim(world, "second") is None

    def test_nothing_is_claimed_before_its_hour_or_by_another_channel(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        world.run("UPDATE batch SET send_at = send_at + 1")
        assert claim(world) is None
        world.clock.move_to(MORNING + SECOND)
        with world.database.read() as connection:
            assert not handover.anything_to_claim(connection, Channel.SMS, MORNING + SECOND)
            assert handover.anything_to_claim(connection, EMAIL, MORNING + SECOND)
        assert claim(world) is not None

    def test_the_earliest_end_of_hours_comes_first_then_campaigns_take_turns(self, world: World) -> None:
        for name, letter in (("Clara", "A"), ("Davi", "B"), ("Ellen", "C")):
            world.person(name, scopes=(f"list:{letter}",))
            world.campaign(letter, audience=[f"list:{letter}"])
            world.wave(letter)
        world.open(MORNING)
        world.run("UPDATE batch SET turn = 1 WHERE id = 1")
        world.run("UPDATE batch SET open_until = open_until - 1 WHERE id = 3")
        order = [claimed.batch_id for number in range(3) if (claimed := claim(world, str(number)))]
        assert order == [3, 2, 1]

    @pytest.mark.parametrize("owners", [8])
    def test_two_owners_that_claim_at_once_never_share_a_batch(self, world: World, owners: int) -> None:
        for number in range(owners):
            name, scope = f"Reader{number}", f"list:{number}"
            world.person(name, scopes=(scope,))
            world.campaign(str(number), audience=[scope])
            world.wave(str(number))
        world.open(MORNING)
        together = threading.Barrier(owners)

        def take(number: int) -> int:
            together.wait()
            claimed = claim(world, f"owner {number}")
            return claimed.batch_id if claimed else 0

        with ThreadPoolExecutor(owners) as threads:
            taken = sorted(threads.map(take, range(owners)))
        # Somebody may come away with nothing when another was faster, but nobody shares.
        assert len([batch for batch in taken if batch]) == len({batch for batch in taken if batch})
        assert taken[-1] > 0
        assert world.counts("batch").get(BatchState.CLAIMED) == len({batch for batch in taken if batch})

    def test_a_batch_that_was_given_back_waits_and_keeps_its_place_in_the_count_of_attempts(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)
        claimed = attempt(world, limit=1)
        world.database.write(lambda connection: handover.give_back(connection, claimed, MORNING + HOUR))
        assert claim(world) is None
        world.clock.move_to(MORNING + HOUR)
        again = claim(world)
        assert again is not None
        assert again.attempts == 1


class TestLease:
    """Whoever lost a batch may not move it any more."""

    def test_an_owner_that_lost_its_batch_begins_nothing(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        lost = claim(world, "frozen")
        assert lost is not None
        world.clock.move_to(MORNING + LEASE_SECONDS * SECOND)
        world.tidy()
        assert claim(world, "other") is not None
        assert world.database.write(lambda connection: begin(connection, lost)).lost
        world.database.write(lambda connection: handover.finish_batch(connection, lost))
        world.database.write(lambda connection: handover.give_back(connection, lost, MORNING + ONE_DAY))
        assert world.counts("batch") == {BatchState.CLAIMED: 1}
        assert world.counts("attempt") == {}

    def test_an_owner_whose_batch_was_taken_back_begins_nothing(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        claimed = claim(world)
        assert claimed is not None
        assert world.stop().batches == 1
        assert world.database.write(lambda connection: begin(connection, claimed)).lost

    def test_an_attempt_may_write_for_half_its_lease(self) -> None:
        assert handover.lease_margin() == LEASE_SECONDS / 2 * SECOND


class TestRescue:
    """Claimed is safe to send again; sending is unclear, and exactly as wide as its attempt."""

    def test_a_batch_that_was_only_claimed_is_open_again(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        claim(world, "dead")
        world.clock.move_to(MORNING + (LEASE_SECONDS - 1) * SECOND)
        assert world.tidy().rescued == 0
        world.clock.move_to(MORNING + LEASE_SECONDS * SECOND)
        assert world.tidy().rescued == 1
        provider = Scripted()
        assert world.send(provider).accepted == 1

    def test_the_messages_of_an_attempt_under_way_are_unclear_and_the_rest_of_the_batch_is_sent(
        self, world: World
    ) -> None:
        world.scene("Clara", "Davi", "Ellen").open(MORNING)
        attempt(world, "dead", limit=2)
        world.clock.move_to(MORNING + LEASE_SECONDS * SECOND)
        world.tidy()
        provider = Scripted()
        world.send(provider)
        assert provider.addresses() == [address("Ellen")]
        assert world.messages() == [
            "Clara 22 email A: ambiguous",
            "Davi 22 email A: ambiguous",
            "Ellen 22 email A: accepted",
        ]
        states = world.rows("SELECT state, n, n_unclear FROM attempt ORDER BY id")
        assert [tuple(row) for row in states] == [(AttemptState.UNKNOWN, 2, 2), (AttemptState.ANSWERED, 1, 0)]

    def test_with_the_lock_as_proof_no_lease_is_waited_for(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        attempt(world, "dead")
        assert world.tidy(nobody_else=True).rescued == 1
        assert world.messages() == ["Clara 22 email A: ambiguous"]
        assert world.counts("batch") == {BatchState.DONE: 1}

    def test_what_the_last_check_had_refused_stays_refused(self, world: World) -> None:
        world.scene("Clara", "Hana", "Ivo", letters="AB").open(MORNING)
        world.closes("Hana")
        world.wrote("Ivo", "A")
        attempted = claim(world, "dead")
        assert attempted is not None

        def work(connection: Connection) -> None:
            begun = begin(connection, attempted)
            records.write_dropped(connection, attempted, begun)
            records.write_shrunk(connection, attempted, begun, MORNING)

        world.database.write(work)
        world.tidy(nobody_else=True)
        assert world.messages() == [
            "Clara 22 email A+B: ambiguous",
            "Hana 22 email A+B: cancelled, do not contact",
            "Ivo 22 email B: due",
        ]


class TestStopAtTheMomentOfBeginning:
    """After a stop has committed no attempt begins; whichever comes first, neither waits for the other for ever."""

    @pytest.fixture
    def postgres_world(self, postgres_url: str) -> Iterator[World]:
        database = Database(postgres_url)
        yield World(database)
        database.close()

    def scene(self, world: World) -> Claimed:
        world.scene("Clara").open(MORNING)
        claimed = claim(world)
        assert claimed is not None
        return claimed

    def test_a_stop_under_way_is_waited_for_and_nothing_begins(self, postgres_world: World) -> None:
        world = postgres_world
        claimed = self.scene(world)
        stopped, begun_after = threading.Event(), []

        def sender() -> None:
            stopped.wait()
            begun_after.append(world.database.write(lambda connection: begin(connection, claimed)))

        thread = threading.Thread(target=sender)
        thread.start()

        def stopping(connection: Connection) -> None:
            stop(connection, claimed.items[0][0])
            stopped.set()
            # The sender now waits for the campaign; the stop has not committed yet.
            thread.join(0.5)
            assert thread.is_alive()

        world.database.write(stopping)
        thread.join()
        assert begun_after[0].lost
        assert world.counts("attempt") == {}

    def test_a_batch_of_several_appeals_waits_for_the_stop_of_one_and_goes_without_it(
        self, postgres_world: World
    ) -> None:
        world = postgres_world
        world.scene("Clara", letters="AB").open(MORNING)
        claimed = claim(world)
        assert claimed is not None
        stopped, begun_after = threading.Event(), []

        def sender() -> None:
            stopped.wait()
            begun_after.append(world.database.write(lambda connection: begin(connection, claimed)))

        thread = threading.Thread(target=sender)
        thread.start()

        def stopping(connection: Connection) -> None:
            stop(connection, world.campaigns["A"])
            stopped.set()
            thread.join(0.5)
            assert thread.is_alive()

        world.database.write(stopping)
        thread.join()
        (shrunk,) = begun_after[0].shrunk.values()
        assert [item[0] for item in shrunk[1].kept] == [world.campaigns["B"]]
        assert begun_after[0].ready == []

    def test_a_stop_waits_for_an_attempt_that_is_beginning_and_counts_it_as_under_way(
        self, postgres_world: World
    ) -> None:
        world = postgres_world
        claimed = self.scene(world)
        begun, told = threading.Event(), []

        def organiser() -> None:
            begun.wait()
            told.append(world.stop(state=CampaignState.STOPPED))

        thread = threading.Thread(target=organiser)
        thread.start()

        def beginning(connection: Connection) -> None:
            begin(connection, claimed)
            begun.set()
            thread.join(0.5)
            assert thread.is_alive()

        world.database.write(beginning)
        thread.join()
        assert (told[0].batches, told[0].under_way) == (0, 1)

    def test_a_sender_that_begins_in_the_middle_of_a_stop_never_locks_it_out(self, postgres_world: World) -> None:
        world = postgres_world.scene("Clara")
        world.open(MORNING)
        provider = Scripted()
        thread = threading.Thread(target=lambda: world.send(provider))

        def stopping(connection: Connection) -> Withdrawn:
            connection.execute(text("UPDATE campaign SET state = 6"))
            thread.start()
            # The sender claims the batch and waits for the campaign; now the stop wants the batch.
            thread.join(0.5)
            assert thread.is_alive()
            return withdraw_campaign(connection, world.campaigns["A"], Reason.CAMPAIGN_STOPPED)

        assert world.database.write(stopping).batches == 1
        thread.join()
        assert provider.calls == []
        world.tidy()
        assert world.ledger() == [f"A {STEP} email Clara: withdrawn, campaign stopped"]


def test_opening_and_a_stop_wait_for_each_other(postgres_url: str) -> None:
    database = Database(postgres_url)
    world = World(database).scene("Clara")
    with database.read() as connection:
        sendings = opening.sendings_of(connection, world.rhythm(LONDON), ordinal(DAY))
    opened, stopped = threading.Event(), []

    def organiser() -> None:
        opened.wait()
        stopped.append(world.stop())

    thread = threading.Thread(target=organiser)
    thread.start()

    def work(connection: Connection) -> None:
        opening.open_chunk(connection, sendings, size=10, now=MORNING, tomorrow={})
        opened.set()
        thread.join(0.5)
        assert thread.is_alive()

    database.write(work)
    thread.join()
    # The stop sees the batch that was written while it waited.
    assert stopped[0].batches == 1
    database.close()
