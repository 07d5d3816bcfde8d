"""The SMTP relay against a real server that misbehaves at every point of the dialogue."""

import asyncio

import pytest

from reminder.domain.message import Receipt
from reminder.domain.states import Channel, Fault, Verdict
from reminder.providers.email.smtp import Smtp, SmtpSettings, capabilities_of
from reminder.providers.email.smtp_volley import Setback, Volley
from tests.fakes.smtp import Act, FakeSmtp, Stage, closed_port
from tests.providers.people import EMAILS, call, content, wire_id
from tests.providers.relay import both_ways, relay, verdicts

EMAIL = Channel.EMAIL
ACCEPTED, REJECTED, RETRY, AMBIGUOUS = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.AMBIGUOUS


@both_ways
async def test_what_arrives_is_what_was_sent_dots_and_all(extensions: tuple[str, ...]) -> None:
    async with FakeSmtp(extensions=extensions) as server, relay(server.port) as provider:
        await provider.send(call(EMAIL, 1, 2))
    first, second = server.accepted
    assert (first.sender, first.recipient, first.wire_id) == ("appeals@example.org", EMAILS[1], wire_id(1))
    assert first.text == (
        b"From: appeals@example.org\r\nTo: aigerim@example.org\r\nMessage-ID: <m1-0a1b2c3d@example.org>\r\n"
        b"Subject: Reminder: 7 days left to write\r\n\r\n"
        b"One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: https://example.org/l/1\r\n"
    )
    assert (second.recipient, second.wire_id) == (EMAILS[2], wire_id(2))


async def test_a_long_text_arrives_whole() -> None:
    text = "".join(f".{number} a line that begins with a dot\r\n" for number in range(30_000))
    async with FakeSmtp() as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, what=content(EMAIL, text)))
    assert verdicts(receipts) == {1: ACCEPTED}
    assert text.encode() in server.accepted[0].text


@both_ways
async def test_one_connection_serves_many_volleys(extensions: tuple[str, ...]) -> None:
    async with FakeSmtp(extensions=extensions) as server, relay(server.port) as provider:
        for _ in range(3):
            await provider.send(call(EMAIL, 1, 2))
        assert (server.connections, len(server.accepted)) == (1, 6)


async def test_a_volley_is_spread_over_the_connections_and_no_more_are_opened() -> None:
    async with FakeSmtp() as server, relay(server.port, connections=3) as provider:
        await asyncio.gather(*(provider.send(call(EMAIL)) for _ in range(4)))
    assert len(server.accepted) == 40
    assert server.most_open == 3
    assert {taken.connection for taken in server.accepted} == {1, 2, 3}


@pytest.mark.parametrize("connections", range(1, 51))
def test_what_a_crash_leaves_unclear_is_bounded(connections: int) -> None:
    can = capabilities_of(SmtpSettings("mail.example.org", 587, connections=connections))
    assert can.connections * can.volley <= 2 * connections + can.volley
    assert 1 <= can.volley <= 20


BEFORE_THE_DOT = [Stage.CONNECT, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA]


@both_ways
@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
async def test_a_server_that_always_drops_before_the_dot_took_nothing(
    stage: Stage, extensions: tuple[str, ...]
) -> None:
    async with FakeSmtp([Act(stage)], extensions=extensions) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2, 3))
    assert verdicts(receipts) == {1: RETRY, 2: RETRY, 3: RETRY}
    assert {receipt.fault for receipt in receipts} == {Fault.NONE}
    # It is not hammered either.
    assert server.connections <= 3


@both_ways
@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
async def test_a_server_that_hangs_before_the_dot_took_nothing(stage: Stage, extensions: tuple[str, ...]) -> None:
    async with (
        FakeSmtp([Act(stage, hang=True)], extensions=extensions) as server,
        relay(server.port, seconds=0.1) as provider,
    ):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert verdicts(receipts) == {1: RETRY, 2: RETRY}
    # One answer is waited for as long as set, not for the whole call: it was tried anew, but not for ever.
    assert server.connections == (1 if stage in (Stage.CONNECT, Stage.EHLO) else 3)


@both_ways
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_a_connection_lost_once_before_the_dot_costs_nobody_anything(
    stage: Stage, extensions: tuple[str, ...]
) -> None:
    async with FakeSmtp([Act(stage, nth=3)], extensions=extensions) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL))
    assert set(verdicts(receipts).values()) == {ACCEPTED}
    assert {server.taken(wire_id(n)) for n in EMAILS} == {1}
    assert server.connections == 2


async def test_a_message_over_which_every_connection_breaks_does_not_stop_the_others() -> None:
    async with FakeSmtp([Act(Stage.RCPT, to=EMAILS[4])]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL))
    assert verdicts(receipts) == {n: RETRY if n == 4 else ACCEPTED for n in EMAILS}


async def test_a_connection_that_the_server_closed_while_idle_is_replaced() -> None:
    async with FakeSmtp() as first, relay(first.port) as provider:
        await provider.send(call(EMAIL, 1))
        await first.__aexit__(None, None, None)
        async with FakeSmtp(port=first.port) as second:
            receipts = await provider.send(call(EMAIL, 2))
    assert verdicts(receipts) == {2: ACCEPTED}
    assert second.taken(wire_id(2)) == 1


async def test_a_connection_that_was_idle_for_long_is_left_before_the_server_leaves_it() -> None:
    async with FakeSmtp() as server, relay(server.port, idle_seconds=0) as provider:
        await provider.send(call(EMAIL, 1))
        await provider.send(call(EMAIL, 2))
        await server.until_left(1)
        assert (server.connections, len(server.accepted)) == (2, 2)


async def test_a_refusal_counts_even_when_the_connection_breaks_behind_it() -> None:
    acts = [Act(Stage.RCPT, reply="550 5.1.1 User unknown", to=EMAILS[1]), Act(Stage.DATA, nth=1)]
    async with FakeSmtp(acts) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert verdicts(receipts) == {1: REJECTED, 2: ACCEPTED}
    assert server.reached(Stage.RCPT) == 2


@both_ways
@pytest.mark.parametrize("takes", [True, False])
async def test_healthchecks_212_a_drop_after_the_dot_is_unclear_for_that_message_alone(
    takes: bool, extensions: tuple[str, ...]
) -> None:
    acts = [Act(Stage.DOT, nth=3, takes=takes)]
    async with FakeSmtp(acts, extensions=extensions) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2, 3, 4, 5))
    assert verdicts(receipts) == {1: ACCEPTED, 2: ACCEPTED, 3: AMBIGUOUS, 4: ACCEPTED, 5: ACCEPTED}
    # Whether it was taken or not: it is not handed over again.
    assert server.taken(wire_id(3)) == int(takes)


async def test_healthchecks_610_a_hang_after_the_dot_ends_with_the_call_and_is_not_repeated() -> None:
    async with FakeSmtp([Act(Stage.DOT, hang=True, nth=2, takes=True)]) as server:
        async with relay(server.port, limit_seconds=0.6) as provider:
            receipts = await provider.send(call(EMAIL, 1, 2, 3))
        assert server.taken(wire_id(2)) == 1
    assert verdicts(receipts) == {1: ACCEPTED, 2: AMBIGUOUS, 3: RETRY}
    # Nothing is wrong with the third: it may go at once.
    assert receipts[2].retry_after in (0, None)


async def test_a_drop_in_the_middle_of_a_long_text_is_known_to_come_before_the_dot() -> None:
    text = "x" * 70 + "\r\n"
    async with FakeSmtp([Act(Stage.TEXT)]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, what=content(EMAIL, text * 300_000)))
    assert verdicts(receipts) == {1: RETRY}


async def test_a_hang_in_the_middle_of_a_long_text_is_known_to_come_before_the_dot() -> None:
    text = "x" * 70 + "\r\n"
    async with FakeSmtp([Act(Stage.TEXT, hang=True)]) as server, relay(server.port, limit_seconds=0.6) as provider:
        receipts = await provider.send(call(EMAIL, 1, what=content(EMAIL, text * 300_000)))
    assert verdicts(receipts) == {1: RETRY}


async def test_a_drop_in_the_middle_of_a_short_text_is_called_unclear_because_we_cannot_know() -> None:
    async with FakeSmtp([Act(Stage.TEXT)]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1))
    assert verdicts(receipts) == {1: AMBIGUOUS}


@both_ways
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
@pytest.mark.parametrize("reply", ["421 4.3.2 shutting down", "451 4.3.0 try later"])
async def test_a_temporary_refusal_in_the_middle_of_a_volley_concerns_one_message(
    stage: Stage, reply: str, extensions: tuple[str, ...]
) -> None:
    acts = [Act(stage, reply=reply, nth=2)]
    async with FakeSmtp(acts, extensions=extensions) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2, 3, 4))
    assert verdicts(receipts) == {1: ACCEPTED, 2: RETRY, 3: ACCEPTED, 4: ACCEPTED}
    refused = receipts[1]
    assert (refused.code, refused.fault) == (reply[:3], Fault.NONE)
    assert refused.retry_after == {"421": 60, "451": 300}[reply[:3]]
    assert [server.taken(wire_id(n)) for n in (1, 2, 3, 4)] == [1, 0, 1, 1]
    assert server.connections == (2 if reply.startswith("421") else 1)


async def test_a_server_that_says_goodbye_but_stays_is_not_waited_for() -> None:
    acts = [Act(Stage.DOT, reply="421 4.3.2 shutting down", nth=2, then_silent=True)]
    async with FakeSmtp(acts) as server, relay(server.port, limit_seconds=2) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2, 3))
    assert verdicts(receipts) == {1: ACCEPTED, 2: RETRY, 3: ACCEPTED}
    assert receipts[1].code == "421"


@both_ways
async def test_unknown_mailboxes_are_refused_for_good_and_the_others_go(extensions: tuple[str, ...]) -> None:
    acts = [Act(Stage.RCPT, reply="550 5.1.1 <hana@example.org>: User unknown", to=EMAILS[8])]
    async with FakeSmtp(acts, extensions=extensions) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 7, 8, 9))
    assert verdicts(receipts) == {7: ACCEPTED, 8: REJECTED, 9: ACCEPTED}
    refused = receipts[1]
    assert (refused.fault, refused.code, refused.detail) == (Fault.ADDRESS, "550", "5.1.1 <message 8>: User unknown")
    assert server.connections == 1


async def test_a_server_that_wants_the_text_without_a_recipient_gets_an_empty_one() -> None:
    acts = [
        Act(Stage.RCPT, reply="550 5.1.1 User unknown", to=EMAILS[1]),
        Act(Stage.DATA, reply="354 go on", nth=1),
    ]
    async with FakeSmtp(acts) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert verdicts(receipts) == {1: REJECTED, 2: ACCEPTED}
    assert (server.taken(wire_id(1)), server.taken(wire_id(2))) == (0, 1)


async def test_a_refused_sender_stops_the_volley_and_burns_nobody() -> None:
    acts = [Act(Stage.MAIL, reply="550 5.7.1 appeals@example.org: Sender address rejected")]
    async with FakeSmtp(acts) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL))
    assert {(r.verdict, r.fault) for r in receipts} == {(RETRY, Fault.ACCOUNT)}
    assert server.reached(Stage.MAIL) == 1
    assert "example.org" not in "".join(receipt.detail for receipt in receipts)


async def test_one_recipient_whom_we_may_not_relay_to_does_not_take_the_provider_out() -> None:
    acts = [Act(Stage.RCPT, reply="554 5.7.1 Relay access denied", to=EMAILS[2])]
    async with FakeSmtp(acts) as server, relay(server.port) as provider:
        alone = await provider.send(call(EMAIL, 2))
        among_others = await provider.send(call(EMAIL, 1, 2, 3))
    assert [(r.verdict, r.fault) for r in alone] == [(RETRY, Fault.ACCOUNT)]
    assert [(r.verdict, r.fault) for r in among_others] == [
        (ACCEPTED, Fault.NONE),
        (RETRY, Fault.NONE),
        (ACCEPTED, Fault.NONE),
    ]


async def test_nobody_listening_means_later() -> None:
    async with relay(closed_port()) as provider:
        receipts = await provider.send(call(EMAIL))
    assert {(r.verdict, r.fault, r.detail) for r in receipts} == {
        (RETRY, Fault.NONE, "could not connect: ConnectionRefusedError")
    }


GREETINGS = {
    "busy": ("421 4.7.0 too many connections", Fault.NONE, "421"),
    "unwanted": ("554 5.7.1 no service for you", Fault.ACCOUNT, "554"),
}


@pytest.mark.parametrize(("reply", "fault", "code"), GREETINGS.values(), ids=GREETINGS.keys())
async def test_a_greeting_that_refuses_says_whose_fault_it_is(reply: str, fault: Fault, code: str) -> None:
    async with FakeSmtp([Act(Stage.CONNECT, reply=reply)]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {(r.verdict, r.fault, r.code) for r in receipts} == {(RETRY, fault, code)}


async def test_a_server_that_limits_connections_gets_all_messages_over_those_it_allows() -> None:
    acts = [Act(Stage.CONNECT, reply="421 4.7.0 too many connections", nth=n) for n in (2, 3)]
    async with FakeSmtp(acts) as server, relay(server.port, connections=3) as provider:
        first = verdicts(await provider.send(call(EMAIL)))
        # Whoever was refused last may find the others gone already: that is "later", and certainly not taken.
        assert set(first.values()) <= {ACCEPTED, RETRY}
        again = await provider.send(call(EMAIL)) if RETRY in first.values() else ()
    assert all(verdict is ACCEPTED for verdict in verdicts(again).values())
    assert len(server.accepted) == list(first.values()).count(ACCEPTED) + len(again)


async def test_a_server_that_does_not_know_ehlo_is_greeted_the_old_way() -> None:
    async with FakeSmtp([Act(Stage.EHLO, reply="502 5.5.1 what?", nth=1)]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1))
    assert verdicts(receipts) == {1: ACCEPTED}
    assert [command[:4] for command in server.commands[:2]] == ["EHLO", "HELO"]


BABBLE = {
    "no code": "hello there",
    "no end": "250-" + "x" * 70_000,
}


@pytest.mark.parametrize("reply", BABBLE.values(), ids=BABBLE.keys())
async def test_what_is_not_smtp_after_the_dot_leaves_the_message_unclear(reply: str) -> None:
    async with FakeSmtp([Act(Stage.DOT, reply=reply)]) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1))
    assert verdicts(receipts) == {1: AMBIGUOUS}


async def test_messages_that_cannot_begin_in_time_are_told_so_and_the_call_ends() -> None:
    async with (
        FakeSmtp([Act(Stage.MAIL, hang=True, nth=2)]) as server,
        relay(server.port, limit_seconds=0.5, seconds=0.4) as provider,
    ):
        receipts = await provider.send(call(EMAIL))
    assert verdicts(receipts)[1] is ACCEPTED
    assert {receipt.verdict for receipt in receipts[1:]} == {RETRY}


async def test_losing_the_lease_before_the_text_takes_the_message_back() -> None:
    answers = iter([True, True, True, False])
    async with FakeSmtp() as server, relay(server.port) as provider:
        lost = call(EMAIL, 1, 2, 3, still_ours=lambda: next(answers, False))
        receipts = await provider.send(lost)
        await provider.send(call(EMAIL, 4))
    # Two questions a message: the second of the second one was answered no, after its DATA.
    assert verdicts(receipts) == {1: ACCEPTED, 2: RETRY, 3: RETRY}
    assert [taken.wire_id for taken in server.accepted] == [wire_id(1), wire_id(4)]


async def cancelled(server: FakeSmtp, provider: Smtp, stage: Stage, *message_ids: int) -> list[Receipt]:
    """What a call answers that is cancelled when the server has reached a stage, at which it hangs."""
    under_way = asyncio.create_task(provider.send(call(EMAIL, *message_ids)))
    await server.until(stage)
    under_way.cancel()
    return await under_way


async def test_a_cancelled_call_drops_its_connection_and_the_next_one_works() -> None:
    async with FakeSmtp([Act(Stage.DOT, hang=True, nth=1)]) as server, relay(server.port) as provider:
        receipts = await cancelled(server, provider, Stage.DOT, 1)
        await server.until_left(1)
        again = await provider.send(call(EMAIL, 2))
    assert (verdicts(receipts), verdicts(again)) == ({1: AMBIGUOUS}, {2: ACCEPTED})
    assert server.connections == 2


@both_ways
@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_a_call_cancelled_before_any_dot_took_nothing(stage: Stage, extensions: tuple[str, ...]) -> None:
    async with (
        FakeSmtp([Act(stage, hang=True)], extensions=extensions) as server,
        relay(server.port, connections=2) as provider,
    ):
        receipts = await cancelled(server, provider, stage)
    assert {(receipt.verdict, receipt.retry_after) for receipt in receipts} == {(RETRY, 0)}
    assert len(receipts) == len(EMAILS)


async def test_a_call_cancelled_after_a_dot_keeps_what_it_knows_of_the_others() -> None:
    acts = [Act(Stage.RCPT, reply="550 5.1.1 User unknown", to=EMAILS[1]), Act(Stage.DOT, hang=True)]
    async with FakeSmtp(acts) as server, relay(server.port) as provider:
        receipts = await cancelled(server, provider, Stage.DOT, 1, 2, 3)
    assert verdicts(receipts) == {1: REJECTED, 2: AMBIGUOUS, 3: RETRY}


def test_the_reason_of_a_stop_outlives_what_other_connections_meet_afterwards() -> None:
    volley = Volley(call(EMAIL, 1, 2), begin_by=10, deadline=20)
    volley.hinder(Setback("could not connect: TimeoutError"))
    volley.stop(Setback("5.7.1 sender refused", Fault.ACCOUNT, "550"))
    volley.hinder(Setback("could not connect: TimeoutError"))
    assert volley.take(0) is None
    assert {(r.verdict, r.fault, r.code) for r in volley.receipts()} == {(RETRY, Fault.ACCOUNT, "550")}
