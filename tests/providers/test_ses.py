"""Amazon SES: what goes out, what each answer means, its list, and what check says of the account."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import orjson
import pytest

from reminder.domain.consent import Closed
from reminder.domain.message import Gap, Spliced
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.email.ses_bodies import bulk_body
from reminder.providers.email.ses_errors import ENTRIES, ERRORS
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.fakes.sigv4 import signed_by
from tests.fakes.sns import ARN
from tests.providers.over_http import (
    WIRE,
    full_content,
    headers_of,
    html_of,
    named_nobody,
    provider_before,
    summed,
    text_of,
)
from tests.providers.people import EMAILS, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.ses import BULK, LEAST, OWN_ID, SINGLE, error, good, results

EMAIL = Channel.EMAIL
DONE = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


def rendered(template: str, data: str) -> str:
    """A template as SES fills it in: {{name}}, nothing escaped, values not looked at again."""
    values = orjson.loads(data)
    assert "{{{" not in template
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def headers_in(listed: list[dict[str, str]]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in listed}


async def test_a_batch_is_one_signed_bulk_call_with_an_inline_template() -> None:
    async with provider_before("ses", LEAST, good) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", BULK)
    names = "content-type;host;x-amz-date"
    assert signed_by(request, SECRET) == ("20201222T090000Z", "eu-west-1", "ses", names)
    body = request.json
    assert body.keys() == {
        "FromEmailAddress",
        "ConfigurationSetName",
        "ReplyToAddresses",
        "DefaultContent",
        "BulkEmailEntries",
    }
    assert body["FromEmailAddress"] == '"Letters, e.V." <appeals@example.org>'
    assert body["ConfigurationSetName"] == "reminders"
    assert body["ReplyToAddresses"] == ["office@example.org"]
    assert body["DefaultContent"].keys() == {"Template"}
    assert body["DefaultContent"]["Template"].keys() == {"TemplateContent", "TemplateData"}
    assert body["DefaultContent"]["Template"]["TemplateContent"].keys() == {"Subject", "Text", "Html"}
    assert [(r.message_id, r.verdict, r.provider_id) for r in receipts] == [
        (1, Verdict.ACCEPTED, f"{OWN_ID}-0"),
        (2, Verdict.ACCEPTED, f"{OWN_ID}-1"),
    ]


async def test_everybody_has_an_envelope_headers_and_a_tag_of_their_own() -> None:
    people = [person._replace(wire_id=f"{WIRE[:-1]}{n}") for n, person in enumerate(recipients(EMAIL, 1, 2, 3))]
    async with provider_before("ses", LEAST, good) as (provider, server):
        await provider.send(call(EMAIL, to=people, what=full_content()))
    entries = server.requests[0].json["BulkEmailEntries"]
    keys = {"Destination", "ReplacementTags", "ReplacementEmailContent", "ReplacementHeaders"}
    assert [entry.keys() for entry in entries] == [keys] * 3
    assert [entry["Destination"] for entry in entries] == [{"ToAddresses": [person.address]} for person in people]
    for person, entry in zip(people, entries, strict=True):
        [tag] = entry["ReplacementTags"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", tag["Value"])
        assert tag["Name"] == "wire_id"
        assert tag["Value"].replace("_d", ".") == person.wire_id
        # SES writes a Message-ID of its own.
        wanted = headers_of(person)
        del wanted["Message-ID"]
        assert headers_in(entry["ReplacementHeaders"]) == wanted


async def test_filled_in_everybody_reads_their_own_text() -> None:
    people = recipients(EMAIL, 1, 2)
    async with provider_before("ses", LEAST, good) as (provider, server):
        await provider.send(call(EMAIL, to=people, what=replace(full_content(), subject="A {{name}} {of} words")))
    body = server.requests[0].json
    template = body["DefaultContent"]["Template"]["TemplateContent"]
    for person, entry in zip(people, body["BulkEmailEntries"], strict=True):
        data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        assert rendered(template["Subject"], data) == "A {{name}} {of} words"
        assert rendered(template["Text"], data) == text_of(person)
        assert rendered(template["Html"], data) == html_of(person)


@pytest.mark.parametrize(
    ("before", "after"),
    [("no {} here ", " end"), ("a path C:\\", " end"), ("in braces {", "}")],
    ids=["empty braces", "backslash", "brace behind"],
)
async def test_a_text_that_a_template_could_misread_goes_one_by_one_and_finished(before: str, after: str) -> None:
    content = replace(full_content(), text=Spliced((before, after), (Gap(2),)))
    async with provider_before("ses", LEAST, good) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=content))
    assert summed(receipts) == {DONE}
    assert {request.path for request in server.requests} == {SINGLE}
    texts = [request.json["Content"]["Simple"]["Body"]["Text"]["Data"] for request in server.requests]
    assert sorted(texts) == [f"{before}https://example.org/l/{n}{after}" for n in (1, 2)]


@pytest.mark.parametrize("text", ["{{{x}}} {{#if}} ", "@media{a{b{c:d}}}", "{{v0}}{", "{{syntax}}"])
async def test_braces_of_our_own_are_read_as_braces(text: str) -> None:
    [person, other] = recipients(EMAIL, 1, 2)
    content = replace(full_content(), text=Spliced((text, " end"), (Gap(2),)))
    body = bulk_body(content, [person, other], "reminders")
    assert body is not None
    found = orjson.loads(body)
    data = found["BulkEmailEntries"][0]["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    template = found["DefaultContent"]["Template"]["TemplateContent"]["Text"]
    assert rendered(template, data) == f"{text}{person.values[2]} end"


def test_a_call_longer_than_a_megabyte_is_no_bulk_call() -> None:
    long = replace(full_content(), text=Spliced(("x" * 1_000_000,), ()))
    assert bulk_body(long, recipients(EMAIL, 1, 2), "reminders") is None
    assert bulk_body(full_content(), recipients(EMAIL, 1, 2), "reminders") is not None


async def test_one_message_is_a_finished_mail() -> None:
    [person] = recipients(EMAIL, 1)
    async with provider_before("ses", LEAST, good) as (provider, server):
        [receipt] = await provider.send(call(EMAIL, to=[person], what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", SINGLE)
    assert signed_by(request, SECRET) is not None
    body = request.json
    wanted = headers_of(person)
    del wanted["Message-ID"]
    simple = body["Content"].pop("Simple")
    assert headers_in(simple.pop("Headers")) == wanted
    assert simple == {
        "Subject": {"Data": "Reminder: 7 days left to write", "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": text_of(person), "Charset": "UTF-8"},
            "Html": {"Data": html_of(person), "Charset": "UTF-8"},
        },
    }
    assert body == {
        "FromEmailAddress": '"Letters, e.V." <appeals@example.org>',
        "ConfigurationSetName": "reminders",
        "ReplyToAddresses": ["office@example.org"],
        "Destination": {"ToAddresses": [person.address]},
        "Content": {},
        "EmailTags": [{"Name": "wire_id", "Value": "m1-0a1b2c3d"}],
    }
    assert receipt.provider_id == OWN_ID


async def test_a_content_without_page_name_and_answer_address_leaves_them_out() -> None:
    content = replace(full_content(), html=None, sender_name="", reply_to="", headers=())
    async with provider_before("ses", LEAST, good) as (provider, server):
        await provider.send(call(EMAIL, 1, 2, what=content))
        await provider.send(call(EMAIL, 1, what=content))
    bulk, single = (request.json for request in server.requests)
    assert bulk["FromEmailAddress"] == single["FromEmailAddress"] == "appeals@example.org"
    assert "ReplyToAddresses" not in bulk | single
    assert bulk["DefaultContent"]["Template"]["TemplateContent"].keys() == {"Subject", "Text"}
    assert single["Content"]["Simple"]["Body"].keys() == {"Text"}


async def test_a_domain_in_another_script_goes_as_punycode() -> None:
    person = recipients(EMAIL, 1)[0]._replace(address="bücher@bücher.example.org")
    async with provider_before("ses", LEAST, good) as (provider, server):
        await provider.send(call(EMAIL, to=[person]))
    assert server.requests[0].json["Destination"]["ToAddresses"] == ["bücher@xn--bcher-kva.example.org"]


async def test_the_same_call_is_the_same_bytes() -> None:
    async with provider_before("ses", LEAST, good) as (provider, server):
        for _ in range(2):
            await provider.send(call(EMAIL, 1, 2, what=full_content()))
    first, second = server.requests
    assert (first.body, first.headers["authorization"]) == (second.body, second.headers["authorization"])


VERIFY = "Email address is not verified. The following identities failed the check in region EU-WEST-1: a@example.org"
SINGLES = {
    "throttled": (error("TooManyRequestsException", "Maximum sending rate exceeded.", 429), LATER),
    "daily quota, as throttling": (error("TooManyRequestsException", "Daily message quota exceeded.", 429), ACCOUNT),
    "daily quota": (error("LimitExceededException", "Daily message quota exceeded."), ACCOUNT),
    "suspended": (error("AccountSuspendedException"), ACCOUNT),
    "paused": (error("SendingPausedException"), ACCOUNT),
    "from domain": (error("MailFromDomainNotVerifiedException"), ACCOUNT),
    "no configuration set": (error("NotFoundException", "Configuration set reminders does not exist", 404), ACCOUNT),
    "a configuration set that is none": (error("BadRequestException", "Configuration set <x> does not exist"), ACCOUNT),
    "not verified": (error("MessageRejected", VERIFY), ACCOUNT),
    "virus": (error("MessageRejected", "The message contains a virus"), CONTENT),
    "bad request": (error("BadRequestException", "The header is too long"), CONTENT),
    "illegal address": (error("BadRequestException", "Illegal address"), ADDRESS),
    "no domain": (error("BadRequestException", "Missing final '@domain'"), ADDRESS),
    "local part": (error("BadRequestException", "Local address contains control or whitespace"), ADDRESS),
    "domain": (error("BadRequestException", "Domain contains illegal character"), ADDRESS),
    "not allowed": (error("AccessDeniedException", "not authorized to perform ses:SendEmail", 403), ACCOUNT),
    "expired": (error("ExpiredTokenException", "", 403), ACCOUNT),
    "clock": (error("InvalidSignatureException", "Signature expired", 403), ACCOUNT),
    "signature": (error("SignatureDoesNotMatch", "", 403), ACCOUNT),
    "signature, as 400": (error("IncompleteSignature"), ACCOUNT),
    "throttling": (error("ThrottlingException"), LATER),
    "unavailable": (error("ServiceUnavailable", "", 503), LATER),
    "internal": (error("InternalFailure", "", 500), UNCLEAR),
    "unknown 400": (error("SomethingNewException"), CONTENT),
    "unknown 403": (Reply(403, b"<html>proxy</html>"), ACCOUNT),
    "redirect": (Reply(301, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "a page": (Reply(200, b"<html>It works!</html>"), UNCLEAR),
    "no id": (json_reply({}), UNCLEAR),
    "another success": (Reply(202, b""), UNCLEAR),
    "gateway": (Reply(504, b"<html>timeout</html>"), UNCLEAR),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "drops": (Reply(drops=True), UNCLEAR),
    "refuses": (Reply(refuses=True), UNCLEAR),
}


@pytest.mark.parametrize("name", SINGLES)
async def test_what_an_answer_to_one_message_means(name: str) -> None:
    reply, wanted = SINGLES[name]
    async with provider_before("ses", LEAST, reply) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1))
        assert len(server.requests) == (not reply.refuses)
    assert summed(receipts) == {wanted}
    assert named_nobody(receipts)


@pytest.mark.parametrize("name", [name for name, (_, wanted) in SINGLES.items() if wanted not in (CONTENT, ADDRESS)])
async def test_what_an_answer_to_a_whole_batch_means(name: str) -> None:
    reply, wanted = SINGLES[name]
    async with provider_before("ses", LEAST, reply) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == (not reply.refuses)
    assert sorted(r.message_id for r in receipts) == [1, 2]
    assert summed(receipts) == {wanted}


def test_every_error_of_the_service_has_a_meaning() -> None:
    assert ERRORS.keys() >= {
        "TooManyRequestsException",
        "LimitExceededException",
        "AccountSuspendedException",
        "SendingPausedException",
        "MessageRejected",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "BadRequestException",
    }


async def test_one_bad_address_refuses_the_batch_and_then_only_itself() -> None:
    bad = EMAILS[2]

    def answer(request: Request) -> Reply:
        named = bad in request.body.decode()
        return error("BadRequestException", f"Illegal address {bad}") if named else good(request)

    async with provider_before("ses", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, 3))
        assert [request.path for request in server.requests] == [BULK, SINGLE, SINGLE, SINGLE]
    found = {r.message_id: (r.verdict, r.fault) for r in receipts}
    assert found == {1: DONE, 2: ADDRESS, 3: DONE}
    assert named_nobody(receipts)


async def test_after_a_refused_batch_nobody_is_written_to_once_it_is_not_ours() -> None:
    answers = iter([True, True])
    async with provider_before("ses", LEAST, lambda r: error("BadRequestException") if r.path == BULK else good(r)) as (
        provider,
        server,
    ):
        receipts = await provider.send(call(EMAIL, 1, 2, 3, still_ours=lambda: next(answers, False)))
        assert len(server.requests) == 2
    assert sorted((r.message_id, r.verdict) for r in receipts) == [
        (1, Verdict.ACCEPTED),
        (2, Verdict.RETRY),
        (3, Verdict.RETRY),
    ]


STATUSES = {
    "SUCCESS": DONE,
    "MESSAGE_REJECTED": CONTENT,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": ACCOUNT,
    "CONFIGURATION_SET_NOT_FOUND": ACCOUNT,
    "CONFIGURATION_SET_DOES_NOT_EXIST": ACCOUNT,
    "TEMPLATE_NOT_FOUND": ACCOUNT,
    "TEMPLATE_DOES_NOT_EXIST": ACCOUNT,
    "ACCOUNT_SUSPENDED": ACCOUNT,
    "ACCOUNT_THROTTLED": LATER,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": ACCOUNT,
    "INVALID_SENDING_POOL_NAME": ACCOUNT,
    "ACCOUNT_SENDING_PAUSED": ACCOUNT,
    "CONFIGURATION_SET_SENDING_PAUSED": ACCOUNT,
    "INVALID_PARAMETER": CONTENT,
    "INVALID_PARAMETER_VALUE": CONTENT,
    "TRANSIENT_FAILURE": LATER,
    "FAILED": LATER,
    "SOMETHING_NEW": UNCLEAR,
    "": UNCLEAR,
}


def test_every_documented_status_of_an_entry_is_tried() -> None:
    assert STATUSES.keys() >= ENTRIES.keys()


@pytest.mark.parametrize("status", STATUSES)
async def test_entries_of_a_bulk_answer_are_read_one_by_one(status: str) -> None:
    answer = results({"Status": "SUCCESS", "MessageId": "a"}, {"Status": status, "Error": f"about {EMAILS[2]}"})
    async with provider_before("ses", LEAST, answer) as (provider, _):
        first, second = await provider.send(call(EMAIL, 1, 2))
    assert ((first.verdict, first.fault), first.provider_id) == (DONE, "a")
    assert (second.verdict, second.fault) == STATUSES[status]
    assert named_nobody([second])


@pytest.mark.parametrize(
    ("status", "words", "wanted"),
    [
        ("MESSAGE_REJECTED", VERIFY, ACCOUNT),
        ("INVALID_PARAMETER", "Illegal address", ADDRESS),
        ("INVALID_PARAMETER_VALUE", "Domain starts with dot", ADDRESS),
        ("ACCOUNT_THROTTLED", "Daily message quota exceeded.", ACCOUNT),
    ],
)
async def test_the_words_beside_a_status_make_it_exact(status: str, words: str, wanted: tuple[Verdict, Fault]) -> None:
    answer = results({"Status": "SUCCESS", "MessageId": "a"}, {"Status": status, "Error": words})
    async with provider_before("ses", LEAST, answer) as (provider, _):
        _, second = await provider.send(call(EMAIL, 1, 2))
    assert (second.verdict, second.fault) == wanted


async def test_where_results_are_missing_nobody_can_say_whose() -> None:
    answer = results({"Status": "SUCCESS", "MessageId": "a"}, {"Status": "SUCCESS", "MessageId": "b"})
    async with provider_before("ses", LEAST, answer) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2, 3, 4))
    assert [(r.message_id, r.verdict) for r in receipts] == [(n, Verdict.AMBIGUOUS) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "body", [b'{"BulkEmailEntryResults": 5}', b'{"BulkEmailEntryResults": [1, null]}', b"null", b"[]"]
)
async def test_an_answer_of_another_shape_leaves_everybody_unclear(body: bytes) -> None:
    async with provider_before("ses", LEAST, Reply(200, body)) as (provider, _):
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {UNCLEAR}


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry_after": "17"}, "", 17),
        ({"retry_after": format_datetime(datetime(2020, 12, 22, 9, 3, tzinfo=UTC), usegmt=True)}, "", 180),
        ({}, "try again in 90 seconds", 90),
        ({}, "", None),
    ],
    ids=["seconds", "date", "text", "none"],
)
@pytest.mark.parametrize("people", [(1,), (1, 2)])
async def test_a_wait_that_the_provider_asks_for(
    people: tuple[int, ...], headers: dict[str, str], message: str, seconds: int | None
) -> None:
    reply = error("TooManyRequestsException", message, 429, **headers)
    async with provider_before("ses", LEAST, reply) as (provider, _):
        receipts = await provider.send(call(EMAIL, *people))
    assert {(r.verdict, r.retry_after) for r in receipts} == {(Verdict.RETRY, seconds)}


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("ses", LEAST | {"url": "http://127.0.0.1:9"}, http)
        for people in ((1,), (1, 2)):
            assert summed(await provider.send(call(EMAIL, *people))) == {LATER}


async def test_the_suppression_list_is_read_page_by_page() -> None:
    def answer(request: Request) -> Reply:
        assert signed_by(request, SECRET) is not None
        if request.query.get("NextToken") != "a+/b=":
            first = {"EmailAddress": EMAILS[1], "Reason": "BOUNCE", "LastUpdateTime": 1606780800.5}
            return json_reply({"SuppressedDestinationSummaries": [first, {}, 5], "NextToken": "a+/b="})
        return json_reply({"SuppressedDestinationSummaries": [{"EmailAddress": EMAILS[2], "Reason": "COMPLAINT"}]})

    async with provider_before("ses", LEAST, answer) as (provider, server):
        found = await provider.suppressions()
        assert [request.path for request in server.requests] == ["/v2/email/suppression/addresses"] * 2
        assert server.requests[0].query == {"PageSize": "1000"}
    assert [(each.address, each.reason) for each in found] == [
        (EMAILS[1], Closed.BOUNCED),
        (EMAILS[2], Closed.COMPLAINED),
    ]
    assert found[0].since - datetime(2020, 12, 1, tzinfo=UTC) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, b"{}"),
        Reply(200, b"<html>"),
        json_reply([]),
        json_reply({"NextToken": "the same"}),
        Reply(drops=True),
    ],
    ids=["refused", "a page", "a list", "a circle", "drops"],
)
async def test_a_list_that_cannot_be_read_is_trouble(reply: Reply) -> None:
    async with provider_before("ses", LEAST, reply) as (provider, _):
        with pytest.raises(Trouble):
            await provider.suppressions()


FINE: dict[str, Any] = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 10.0},
}


@pytest.mark.parametrize("quota", [FINE["SendQuota"], {"Max24HourSend": -1, "SentLast24Hours": 10}, {}, None])
async def test_check_asks_for_the_account(quota: object) -> None:
    async with provider_before("ses", LEAST, json_reply(FINE | {"SendQuota": quota})) as (provider, server):
        await provider.check()
    [request] = server.requests
    assert (request.method, request.target) == ("GET", "/v2/email/account")
    assert signed_by(request, SECRET) is not None


@pytest.mark.parametrize(
    ("reply", "thing", "words"),
    [
        (json_reply(FINE | {"ProductionAccessEnabled": False}), "Amazon SES", "sandbox"),
        (
            json_reply(FINE | {"SendingEnabled": False, "EnforcementStatus": "SHUTDOWN"}),
            "Amazon SES",
            "paused.*SHUTDOWN",
        ),
        (
            json_reply(FINE | {"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 200}}),
            "Amazon SES",
            "quota of 200",
        ),
        (json_reply({}), "Amazon SES", "paused"),
        (error("InvalidSignatureException", f"{SECRET}", 403), "SES_ACCESS_KEY", "refused.*InvalidSignature"),
        (error("IncompleteSignature"), "SES_ACCESS_KEY", "refused"),
        (Reply(403, b"<html>"), "SES_ACCESS_KEY", "refused.*403"),
        (Reply(500), "SES_ACCESS_KEY", "500"),
        (Reply(200, b"<html>"), "SES_ACCESS_KEY", "200"),
        (Reply(drops=True), "SES_ACCESS_KEY", "no answer"),
    ],
)
async def test_check_says_what_is_wrong(reply: Reply, thing: str, words: str) -> None:
    async with provider_before("ses", LEAST, reply) as (provider, _):
        with pytest.raises(Trouble, match=words) as caught:
            await provider.check()
    assert caught.value.thing == thing
    assert SECRET not in str(caught.value)


def test_without_a_topic_no_callbacks_are_promised() -> None:
    without = build("ses", LEAST, httpx.AsyncClient()).capabilities
    with_one = build("ses", LEAST | {"topics": ARN}, httpx.AsyncClient()).capabilities
    assert (without.webhooks, without.inbound) == (False, False)
    assert (with_one.webhooks, with_one.inbound) == (True, True)


@pytest.mark.parametrize(
    ("option", "value"),
    [("batch", "51"), ("batch", "0"), ("topics", "x"), ("region", "x"), ("url", "http://a.example.org")],
)
def test_a_setting_out_of_its_range_is_named(option: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        build("ses", LEAST | {option: value}, httpx.AsyncClient())
    assert caught.value.thing == f"SES_{option.upper()}"


def test_a_smaller_batch_can_be_asked_for() -> None:
    assert build("ses", LEAST | {"batch": "14"}, httpx.AsyncClient()).capabilities.batch_size == 14
