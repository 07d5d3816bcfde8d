"""What is asked of a provider afterwards, by the id that it gave; and that the same call is the same bytes."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import MayNot, ProviderEvent, Told
from reminder.providers.http import Unanswered
from reminder.providers.registry import REGISTRY, build, provider_class
from tests.fakes.http import FakeHttp, Reply, json_reply
from tests.providers.over_http import full_content, provider_before
from tests.providers.people import NOW, PHONES, call, wire_id
from tests.providers.samples import twilio
from tests.providers.samples.telnyx import MESSAGE
from tests.providers.test_conformance import least
from tests.providers.test_single_sms import bench

REPEATING = [name for name in REGISTRY if provider_class(name).capabilities.idempotent_seconds]


def of_twilio(status: str, error_code: int | None = None) -> Reply:
    return json_reply({"sid": twilio.SID, "status": status, "error_code": error_code, "to": PHONES[1]})


def of_telnyx(status: str, code: int | None = None) -> Reply:
    errors = [] if code is None else [{"code": str(code), "title": "Refused"}]
    to = [{"phone_number": PHONES[1], "status": status}]
    return json_reply({"data": {"id": MESSAGE, "to": to, "errors": errors, "completed_at": "2020-12-22T08:59:00Z"}})


ASKED = {
    "twilio": (of_twilio, twilio.SID, f"/2010-04-01/Accounts/{twilio.ACCOUNT}/Messages/{twilio.SID}.json"),
    "telnyx": (of_telnyx, MESSAGE, f"/messages/{MESSAGE}"),
}
STATES = [
    ("queued", None, Result.QUEUED, False, None),
    ("sent", None, Result.SENT, False, None),
    ("delivered", None, Result.DELIVERED, False, None),
]
ENDS = [
    ("twilio", "undelivered", 30005, Result.BOUNCED, True, None),
    ("twilio", "undelivered", 30003, Result.BOUNCED, False, None),
    ("twilio", "failed", 21610, Result.FAILED, False, Leaving.STOP),
    ("telnyx", "delivery_failed", 40001, Result.BOUNCED, True, None),
    ("telnyx", "expired", None, Result.BOUNCED, False, None),
    ("telnyx", "delivery_failed", 40300, Result.FAILED, False, Leaving.STOP),
]


async def look_up(name: str, reply: Reply) -> tuple[Sequence[Told], Any]:
    async with bench(name, reply) as it:
        told = await it.provider.look_up(wire_id(1), sent_at=NOW, provider_id=ASKED[name][1])
        [request] = it.server.requests
    return told, request


@pytest.mark.parametrize(
    ("name", "status", "code", "result", "permanent", "leaving"),
    [(name, *state) for name in ASKED for state in STATES] + ENDS,
)
async def test_what_became_of_a_message(
    name: str, status: str, code: int | None, result: Result, permanent: bool, leaving: Leaving | None
) -> None:
    told, request = await look_up(name, ASKED[name][0](status, code))
    events = [each for each in told if isinstance(each, ProviderEvent)]
    assert (request.method, request.path) == ("GET", ASKED[name][2])
    assert (events[0].kind, events[0].result, events[0].permanent) == ("status", result, permanent)
    assert {each.wire_id for each in events} == {wire_id(1)}
    assert next((each.leaving for each in events if each.leaving), None) == leaving


@pytest.mark.parametrize("name", ASKED)
async def test_one_that_it_does_not_know_is_nothing_and_no_answer_is_no_answer(name: str) -> None:
    told, _ = await look_up(name, json_reply({}, 404))
    assert list(told) == []
    for reply in (Reply(500), Reply(200, b"<html>"), json_reply([]), Reply(drops=True), json_reply({}, 401)):
        with pytest.raises(Unanswered):
            await look_up(name, reply)


@pytest.mark.parametrize("name", ASKED)
def test_the_ids_that_it_is_asked_by_are_kept(name: str) -> None:
    assert provider_class(name).capabilities.keeps_own_ids
    assert provider_class(name).capabilities.can_be_asked


def test_those_that_take_a_call_once_are_known() -> None:
    assert {"resend", "brevo", "telnyx"} == set(REPEATING)


@pytest.mark.parametrize("name", REPEATING)
async def test_the_bodies_of_a_call_are_what_is_sent_however_often(name: str) -> None:
    async with FakeHttp(Reply(503)) as server, httpx.AsyncClient() as http:
        provider = build(name, {**least(name), "url": server.url}, http)
        what = full_content() if provider.channel is Channel.EMAIL else None
        first, second = (call(provider.channel, 1, 2, what=what) for _ in range(2))
        await provider.send(first)
        sent = sorted(request.body for request in server.requests)
    assert sent == sorted(provider.bodies(first)) == sorted(provider.bodies(second))


async def test_a_list_of_many_people_in_one_answer_is_read() -> None:
    """Postmark's list has no pages: a hundred thousand people are some 15 MB."""
    many = [
        {"EmailAddress": f"reader{number}@example.org", "SuppressionReason": "HardBounce"} for number in range(60_000)
    ]
    async with provider_before("postmark", {"server_token": "t"}, json_reply({"Suppressions": many})) as (provider, _):
        assert len(await provider.suppressions()) == 60_000


@pytest.mark.parametrize(("name", "status"), [("sendgrid", 403), ("mailgun", 401), ("brevo", 403), ("ses", 403)])
async def test_a_key_that_may_not_read_a_list(name: str, status: int) -> None:
    async with provider_before(name, least(name), Reply(status, b"{}")) as (provider, _):
        with pytest.raises(MayNot, match="may not be read with this key"):
            await provider.suppressions()


async def test_a_key_of_aws_that_may_not_read_the_opt_outs() -> None:
    refused = json_reply({"__type": "AccessDeniedException", "Message": "no"}, 400)
    async with provider_before("aws-sms", least("aws-sms"), refused) as (provider, _):
        with pytest.raises(MayNot):
            await provider.suppressions()
