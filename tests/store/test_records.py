"""What came of an attempt: each verdict moves messages and promises once, and never a row that is somebody else's by now."""

from datetime import timedelta

import pytest

from reminder.domain.message import Receipt
from reminder.domain.states import AttemptState, BatchState, Channel, Fault, Verdict
from reminder.store import handover, lastchecks, records
from reminder.store.columns import seconds
from reminder.store.database import Connection
from reminder.store.handover import Begun, Claimed
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, YES, Answer, Scripted, by_address
from tests.outbox.world import (
    DAY,
    EVENING,
    HOUR,
    LONDON,
    MINUTE,
    MORNING,
    ONE_DAY,
    SECOND,
    STEP,
    World,
    address,
)

BAD_ADDRESS = Answer(Verdict.REJECTED, Fault.ADDRESS, code="550")
BAD_CONTENT = Answer(Verdict.REJECTED, Fault.CONTENT, code="554")
BAD_ACCOUNT = Answer(Verdict.RETRY, Fault.ACCOUNT, code="535")


def answered(world: World, answer: Answer) -> Scripted:
    """Two people, of whom Davi's message has this answer."""
    world.scene("Clara", "Davi").open(MORNING)
    provider = Scripted(answer=by_address({address("Davi"): [answer, YES]}))
    world.send(provider)
    return provider


class TestVerdicts:
    """Four verdicts, each for its own message."""

    @pytest.mark.parametrize(
        ("answer", "promise", "message"),
        [
            (YES, "carried", "accepted"),
            (BAD_ADDRESS, "skipped, refused address", "rejected, refused address"),
            (BAD_CONTENT, "set aside, refused content", "rejected, refused content"),
            (LATER, "due", "retry"),
            (LOST, "due", "ambiguous"),
            (Answer(Verdict.AMBIGUOUS), "due", "ambiguous"),
        ],
        ids=["accepted", "address", "content", "later", "no receipt", "unclear"],
    )
    def test_a_verdict_moves_its_message_and_its_promise_alone(
        self, world: World, answer: Answer, promise: str, message: str
    ) -> None:
        answered(world, answer)
        assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Davi: {promise}"]
        assert world.messages() == ["Clara 22 email A: accepted", f"Davi 22 email A: {message}"]
        assert world.message_of("Davi").tries == 1

    @pytest.mark.parametrize(("answer", "is_listed"), [(BAD_ADDRESS, True), (BAD_CONTENT, False), (BAD_ACCOUNT, False)])
    def test_only_a_refused_address_comes_on_the_do_not_contact_list(
        self, world: World, answer: Answer, is_listed: bool
    ) -> None:
        answered(world, answer)
        listed = world.rows("SELECT reason, channel FROM do_not_contact")
        assert [tuple(row) for row in listed] == [("bounced", Channel.EMAIL)] * is_listed
        without = world.one(
            "SELECT count(*) FROM subscriber WHERE id = :id AND email_since IS NULL", id=world.people["Davi"]
        )
        assert without == is_listed

    def test_an_attempt_counts_its_answers(self, world: World) -> None:
        world.scene(*["Clara", "Davi", "Ellen", "Farid", "Grace"]).open(MORNING)
        told = {"Clara": LOST, "Davi": LATER, "Ellen": BAD_ADDRESS, "Farid": BAD_CONTENT}
        world.send(Scripted(answer=by_address({address(name): answer for name, answer in told.items()})))
        row = world.rows("SELECT state, n, n_accepted, n_rejected, n_retry, n_unclear FROM attempt")[0]
        assert tuple(row) == (AttemptState.UNKNOWN, 5, 1, 2, 1, 1)

    def test_an_attempt_with_an_answer_for_everybody_is_answered(self, world: World) -> None:
        answered(world, LATER)
        assert world.counts("attempt") == {AttemptState.ANSWERED: 1}

    def test_what_a_provider_said_is_kept_encrypted(self, world: World) -> None:
        answered(world, BAD_CONTENT)
        assert b"554" not in world.one("SELECT detail_ct FROM attempt")

    def test_a_receipt_for_somebody_else_changes_nothing(self, world: World) -> None:
        world.scene("Clara", "Davi", letters="A").open(MORNING)
        claimed, begun = begin(world, limit=1)
        stranger = Receipt(begun.ready[0].message_id + 1, Verdict.REJECTED, Fault.ADDRESS)
        write(world, claimed, begun, [Receipt(begun.ready[0].message_id, Verdict.ACCEPTED), stranger])
        assert sorted(world.messages()) == ["Clara 22 email A: accepted", "Davi 22 email A: due"]


class TestRetry:
    """Put off is put into a later batch: with patience, and never past the last instant."""

    def waits(self, world: World) -> timedelta:
        sql = "SELECT b.send_at FROM message m JOIN batch b ON b.id = m.batch_id WHERE m.id = :id"
        return timedelta(seconds=world.one(sql, id=world.message_of("Davi").id) - seconds(world.clock.now()))

    def test_each_try_waits_longer(self, world: World) -> None:
        world.scene("Davi").open(MORNING)
        provider = Scripted(answer=lambda recipient: LATER)
        waited = []
        for _ in range(4):
            world.send(provider)
            # A provider that takes nothing goes out of the rotation; here the waits of messages are looked at.
            world.run("DELETE FROM provider_state")
            waited.append(self.waits(world))
            world.clock.move_to(world.clock.now() + waited[-1])
        assert waited == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR]
        assert world.message_of("Davi").tries == 4

    def test_a_providers_own_wait_is_kept(self, world: World) -> None:
        answered(world, Answer(Verdict.RETRY, retry_after=7200))
        assert self.waits(world) == 2 * HOUR

    def test_what_was_put_off_goes_when_its_time_has_come_and_no_earlier(self, world: World) -> None:
        provider = answered(world, Answer(Verdict.RETRY, retry_after=600))
        world.clock.move_to(MORNING + 10 * MINUTE - SECOND)
        assert world.send(provider).accepted == 0
        world.clock.move_to(MORNING + 10 * MINUTE)
        assert world.send(provider).accepted == 1
        assert provider.addresses() == [address("Clara"), address("Davi")]
        assert f"A {STEP} email Davi: carried" in world.ledger()

    def test_a_wait_past_the_last_instant_is_too_late(self, world: World) -> None:
        world.scene("Davi").open(MORNING)
        world.run("UPDATE message SET not_after = :at", at=seconds(MORNING + HOUR))
        world.send(Scripted(answer=lambda recipient: Answer(Verdict.RETRY, retry_after=3600)))
        assert world.ledger() == [f"A {STEP} email Davi: missed, too late"]
        assert world.messages() == ["Davi 22 email A: cancelled, too late"]

    @pytest.mark.parametrize(
        ("answer", "message", "tries"),
        [(Answer(Verdict.RETRY, retry_after=0), "accepted", 1), (BAD_ACCOUNT, "due", 0)],
        ids=["not begun", "account"],
    )
    def test_what_was_not_begun_or_fails_by_our_account_counts_as_no_try(
        self, world: World, answer: Answer, message: str, tries: int
    ) -> None:
        answered(world, answer)
        assert f"Davi 22 email A: {message}" in world.messages()
        assert world.message_of("Davi").tries == tries

    def test_a_refused_login_loses_nobody_however_long_it_lasts(self, world: World) -> None:
        world.person("Davi")
        world.campaign()
        world.wave(open_until=MORNING + 6 * ONE_DAY)
        world.open(MORNING)
        for try_ in range(15):
            world.clock.move_to(MORNING + 6 * try_ * HOUR)
            world.send(Scripted(answer=lambda recipient: BAD_ACCOUNT))
        world.clock.move_to(MORNING + 101 * HOUR)
        world.send(Scripted())
        assert world.ledger() == [f"A {STEP} email Davi: carried"]


class TestLateAnswers:
    """An answer that comes after the attempt was given up still counts, as far as it speaks of what is still open."""

    @pytest.mark.parametrize(
        ("answer", "message", "tries"),
        [
            (YES, "accepted", 1),
            (LATER, "retry", 1),
            (Answer(Verdict.RETRY, retry_after=0), "retry", 0),
            (BAD_ADDRESS, "rejected, refused address", 1),
            (LOST, "ambiguous", 1),
        ],
        ids=["accepted", "later", "not begun", "address", "none"],
    )
    def test_it_settles_what_had_become_unclear(self, world: World, answer: Answer, message: str, tries: int) -> None:
        world.scene("Clara").open(MORNING)
        claimed, begun = begin(world)
        world.tidy(nobody_else=True)
        assert world.messages() == ["Clara 22 email A: ambiguous"]
        write(world, claimed, begun, receipts(begun, answer))
        assert world.messages() == [f"Clara 22 email A: {message}"]
        assert world.message_of("Clara").tries == tries

    def test_what_waits_in_another_batch_by_then_is_accepted_and_not_sent_again(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        claimed, begun = begin(world)
        world.tidy(nobody_else=True)
        world.settle(Scripted(), now=MORNING + 7 * HOUR)
        assert world.messages() == ["Clara 22 email A: retry"]
        write(world, claimed, begun, receipts(begun, YES))
        provider = Scripted()
        world.send(provider)
        assert provider.addresses() == []
        assert world.ledger() == [f"A {STEP} email Clara: carried"]

    @pytest.mark.parametrize("answer", [LATER, BAD_ADDRESS, LOST, Answer(Verdict.RETRY, retry_after=0)])
    def test_what_another_attempt_has_in_hand_is_not_taken_out_of_it(self, world: World, answer: Answer) -> None:
        world.scene("Clara").open(MORNING)
        first = begin(world)
        world.tidy(nobody_else=True)
        world.settle(Scripted(), now=MORNING + 7 * HOUR)
        second = begin(world)
        write(world, *first, receipts(first[1], answer))
        assert world.counts("batch").get(BatchState.OPEN, 0) == 0
        write(world, *second, receipts(second[1], YES))
        assert world.ledger() == [f"A {STEP} email Clara: carried"]
        assert world.messages() == ["Clara 22 email A: accepted"]


def begin(world: World, limit: int = 100) -> tuple[Claimed, Begun]:
    """Claim a batch and begin an attempt, as a sender does; then nothing more."""
    now = world.clock.now()

    def work(connection: Connection) -> tuple[Claimed, Begun]:
        claimed = handover.claim(connection, Channel.EMAIL, f"sender {now}", now)
        assert claimed is not None
        assert handover.hold_batch(connection, claimed, now)
        begun = lastchecks.look(connection, claimed, after=0, limit=limit, now=now)
        handover.begin_attempt(connection, claimed, begun, no=claimed.attempts + 1, provider="scripted", now=now)
        return claimed, begun

    return world.database.write(work)


def receipts(begun: Begun, answer: Answer) -> list[Receipt]:
    if answer.silent:
        return []
    return [Receipt(r.message_id, answer.verdict, answer.fault, retry_after=answer.retry_after) for r in begun.ready]


def write(world: World, claimed: Claimed, begun: Begun, told: list[Receipt]) -> None:
    again = {receipt.message_id: world.clock.now() + HOUR for receipt in told}
    world.database.write(
        lambda connection: records.write_receipts(
            connection, claimed, begun, told, retry_at=again, detail_ct=None, now=world.clock.now()
        )
    )


class TestPutOff:
    """A batch whose hours ended goes on next morning."""

    def test_it_goes_on_next_morning_with_its_promises(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)
        assert world.tidy(EVENING).put_off == 2
        provider = Scripted()
        world.clock.move_to(MORNING + ONE_DAY - 2 * HOUR)
        assert world.send(provider).accepted == 0
        world.clock.move_to(MORNING + ONE_DAY)
        assert world.send(provider).accepted == 2
        assert world.messages() == ["Clara 23 email A: accepted", "Davi 23 email A: accepted"]
        assert {row[0] for row in world.rows("SELECT local_on FROM delivery")} == {DAY.toordinal() + 1}

    def test_nothing_is_put_off_before_its_hours_end(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        assert world.tidy(EVENING - SECOND).put_off == 0

    def test_who_has_another_reminder_on_that_day_keeps_that_one(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)
        world.campaign("B")
        world.wave("B", on=DAY + ONE_DAY, due_at=EVENING - HOUR)
        world.leaves_out("Davi", "case:2")
        world.open(EVENING - HOUR)
        assert world.tidy(EVENING).put_off == 1
        assert world.messages() == [
            "Clara 22 email A: cancelled, daily limit",
            "Clara 23 email B: due",
            "Davi 23 email A: due",
        ]
        assert f"A {STEP} email Clara: skipped, daily limit" in world.ledger()

    def test_quiet_hours_around_noon_put_off_to_the_same_day(self, world: World) -> None:
        siesta = world.rhythm(LONDON, email_quiet_from=12, email_quiet_to=14)
        world.person("Clara", rhythm_id=siesta)
        world.campaign()
        noon = MORNING + 3 * HOUR
        world.wave(rhythm_id=siesta, open_until=noon)
        world.open(MORNING)
        assert world.tidy(noon).put_off == 1
        assert world.messages() == ["Clara 22 email A: due"]
        world.clock.move_to(noon + 2 * HOUR)
        provider = Scripted()
        assert world.send(provider).accepted == 1

    def test_where_no_morning_is_left_it_is_missed(self, world: World) -> None:
        world.person("Clara")
        world.campaign()
        world.wave(until=DAY)
        world.open(MORNING)
        tidied = world.tidy(EVENING)
        assert (tidied.put_off, tidied.missed) == (0, 1)
        assert world.ledger() == [f"A {STEP} email Clara: missed, too late"]
        assert world.counts("batch") == {BatchState.DONE: 1}


def test_a_batch_that_cannot_be_built_is_set_aside_and_the_others_go_on(world: World) -> None:
    world.person("Clara")
    world.person("Davi", scopes=("list:b",))
    for letter in "AB":
        world.campaign(letter, audience=["all", f"list:{letter.lower()}"])
        world.wave(letter)
    # What the documents of the first say is broken.
    world.open(MORNING)
    world.run("UPDATE document SET read = :read WHERE case_id = 1", read='{"targets": 7, "case_names": 3}')
    sent = world.send(Scripted())
    assert (sent.accepted, sent.dropped) == (1, 1)
    assert world.ledger() == [
        f"A {STEP} email Clara: set aside, not built",
        f"B {STEP} email Clara: set aside, not built",
        f"B {STEP} email Davi: carried",
    ]


@pytest.mark.parametrize("column", ["email_ct", "name_ct"])
def test_a_row_that_cannot_be_decrypted_is_set_aside_alone(world: World, column: str) -> None:
    world.scene("Clara", "Davi", "Ellen").open(MORNING)
    world.run(f"UPDATE subscriber SET {column} = :garbage WHERE id = :id", garbage=b"\1garbage", id=2)
    provider = Scripted()
    world.send(provider)
    assert sorted(provider.addresses()) == [address("Clara"), address("Ellen")]
    assert world.ledger() == [
        f"A {STEP} email Clara: carried",
        f"A {STEP} email Davi: set aside, not built",
        f"A {STEP} email Ellen: carried",
    ]


def test_an_attempt_of_which_nobody_can_be_decrypted_makes_no_call(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.run("UPDATE subscriber SET email_ct = :garbage", garbage=b"\1garbage")
    provider = Scripted()
    world.send(provider)
    assert provider.calls == []
    assert world.counts("attempt") == {AttemptState.ANSWERED: 1}
    assert world.counts("batch") == {BatchState.DONE: 1}


def test_nothing_comes_of_a_silent_provider_but_unclear_messages(world: World) -> None:
    world.scene("Clara").open(MORNING)
    assert world.send(Scripted(answer=lambda recipient: NEVER_ARRIVED)).unclear == 1
    assert world.send(Scripted()).accepted == 0
