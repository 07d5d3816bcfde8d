"""Mailgun: what goes out, what each answer means, and what it says of a list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from reminder.domain.consent import Closed
from reminder.domain.message import Gap, Recipient, Spliced
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.email.mailgun_form import form_of_call
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.providers.over_http import (
    full_content,
    headers_of,
    html_of,
    named_nobody,
    provider_before,
    summed,
    text_of,
)
from tests.providers.people import EMAILS, NOW, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.mailgun import GOOD, LEAST, refusal

EMAIL = Channel.EMAIL
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)
BAD_TO = refusal(400, "'to' parameter is not a valid address. please check documentation")


def read(text: str, values: dict[str, str]) -> str:
    """The text as Mailgun sends it: each variable once, from left to right."""
    pieces = text.split("%recipient.")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("%")
        out += [values[name], rest]
    return "".join(out)


async def test_a_call_is_one_form() -> None:
    async with provider_before("mailgun", LEAST, GOOD) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v3/mg.example.org/messages")
    assert request.headers["authorization"] == httpx.BasicAuth("api", SECRET)._auth_header
    fields = request.parts
    assert [value for name, value in fields if name == "to"] == [EMAILS[1], EMAILS[2]]
    single = {name: value for name, value in fields if name != "to"}
    assert len(single) == len(fields) - 2
    assert single.keys() == {
        *("from", "subject", "text", "html", "recipient-variables", "h:Reply-To", "v:wire_id"),
        *("h:List-Unsubscribe", "h:List-Unsubscribe-Post", "h:List-Id", "h:Auto-Submitted"),
        *("o:tracking", "o:tracking-clicks", "o:tracking-opens", "o:suppress-headers"),
    }
    assert single["from"] == '"Letters, e.V." <appeals@example.org>'
    assert single["h:Reply-To"] == "office@example.org"
    assert {single[name] for name in ("o:tracking", "o:tracking-clicks", "o:tracking-opens")} == {"no"}
    assert [(r.verdict, r.provider_id) for r in receipts] == [
        (Verdict.ACCEPTED, "20201222090000.1.ABC@mg.example.org")
    ] * 2


async def test_with_their_variables_everybody_reads_their_own() -> None:
    people = recipients(EMAIL, 1, 2)
    async with provider_before("mailgun", LEAST, GOOD) as (provider, server):
        await provider.send(call(EMAIL, to=people, what=full_content()))
    fields = dict(server.requests[0].parts)
    variables = orjson.loads(fields["recipient-variables"])
    assert variables.keys() == {person.address for person in people}
    for person in people:
        values = variables[person.address]
        assert read(fields["text"], values) == text_of(person)
        assert read(fields["html"], values) == html_of(person)
        assert read(fields["subject"], values) == full_content().subject
        assert read(fields["v:wire_id"], values) == person.wire_id
        headers = {name[2:]: read(text, values) for name, text in fields.items() if name.startswith("h:")}
        expected = headers_of(person) | {"Reply-To": "office@example.org"}
        del expected["Message-ID"]
        assert headers == expected


@pytest.mark.parametrize(
    "words", ["%unsubscribe_url%", "%tag_unsubscribe_url%", "%recipient_name%", "%recipient.x%", "100 %"]
)
def test_what_mailgun_would_read_as_its_own_is_cut_in_two(words: str) -> None:
    content = replace(full_content(), text=Spliced((f"{words}, ", ""), (Gap(2),)), html=None, headers=())
    [person] = recipients(EMAIL, 1)
    body, kind = form_of_call(call(EMAIL, 1, what=content), [person])
    fields = dict(Request("POST", "/", {"content-type": kind}, body).parts)
    assert (words in fields["text"]) == (words == "100 %")
    values = orjson.loads(fields["recipient-variables"])[person.address]
    assert read(fields["text"], values) == f"{words}, {person.values[2]}"


def test_options_headers_and_variables_stay_far_below_16_kb_for_a_full_call() -> None:
    people = [
        Recipient(n, f"{n:x}.00", f"p{n}@example.org", ("", f"{n:x}.00", "https://example.org")) for n in range(1_000)
    ]
    body, kind = form_of_call(call(EMAIL, what=full_content(), to=people), people)
    fields = Request("POST", "/", {"content-type": kind}, body).parts
    assert sum(len(name) + len(value) for name, value in fields if name[:2] in {"o:", "h:", "v:", "t:"}) < 2_000


def test_the_same_call_makes_the_same_bytes() -> None:
    people = recipients(EMAIL)
    assert form_of_call(call(EMAIL), people) == form_of_call(call(EMAIL), people)


WINDOWS = {
    "a minute": (timedelta(minutes=1), "0h5m"),
    "an hour and a half": (timedelta(minutes=90, seconds=59), "1h30m"),
    "almost a day": (timedelta(hours=23, minutes=59), "23h59m"),
    "a day": (timedelta(hours=24), None),
    "a week": (timedelta(days=7), None),
}


@pytest.mark.parametrize(("left", "window"), WINDOWS.values(), ids=WINDOWS.keys())
def test_it_tries_until_the_message_is_of_no_use(left: timedelta, window: str | None) -> None:
    body, kind = form_of_call(replace(call(EMAIL, 1), not_after=NOW + left), recipients(EMAIL, 1))
    assert dict(Request("POST", "/", {"content-type": kind}, body).parts).get("o:deliver-within") == window


async def test_a_second_message_to_an_address_waits_for_another_call() -> None:
    first, second = recipients(EMAIL, 1, 2)
    second = second._replace(address=first.address.title())
    async with provider_before("mailgun", LEAST, GOOD) as (provider, server):
        receipts = await provider.send(call(EMAIL, to=[first, second]))
    assert [name for name, _ in server.requests[0].parts].count("to") == 1
    assert [(r.message_id, r.verdict, r.retry_after) for r in receipts] == [
        (1, Verdict.ACCEPTED, None),
        (2, Verdict.RETRY, 0),
    ]


ANSWERS = {
    "bad address": (BAD_TO, ADDRESS),
    "from": (refusal(400, "from parameter is missing"), ACCOUNT),
    "free": (refusal(400, "Free accounts are for test purposes only. Please upgrade"), ACCOUNT),
    "sandbox": (refusal(403, "Sandbox subdomains are for test purposes only."), ACCOUNT),
    "no text": (refusal(400, "Need at least one of 'text', 'html' parameters specified."), CONTENT),
    "options": (refusal(400, "Send options (parameters starting with o:, h:, or v:) are limited to 16KB"), CONTENT),
    "key": (json_reply("Forbidden", 401), ACCOUNT),
    "unpaid": (refusal(402, "billing"), ACCOUNT),
    "unverified": (refusal(403, "Domain mg.example.org is not allowed to send: unverified"), ACCOUNT),
    "domain": (refusal(404, "Domain not found: mg.example.org"), ACCOUNT),
    "too large": (refusal(413, "too large"), CONTENT),
    "limit": (refusal(429, "Domain mg.example.org is not allowed to send: limit exceeded"), LATER),
    "server error": (refusal(500, "Internal Server Error"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b"<html>"), LATER),
    "not its address": (Reply(200, b"Mailgun Magnificent API"), ACCOUNT),
    "page": (Reply(200, b"<html>log in</html>"), UNCLEAR),
    "without id": (json_reply({"message": "Queued"}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("mailgun", LEAST, answer) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]
    assert named_nobody(receipts)


WAITS = {
    "words": (refusal(429, "account-requests-per-sec limit exceeded, try again after 120 seconds"), 120),
    "header first": (refusal(429, "try again after 120 seconds", retry_after="7"), 7),
    "reset": (refusal(429, "no", x_ratelimit_reset=str(int(NOW.timestamp()) + 60)), 60),
    "none": (refusal(429, "no"), None),
}


@pytest.mark.parametrize(("answer", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(answer: Reply, seconds: int | None) -> None:
    async with provider_before("mailgun", LEAST, answer) as (provider, _):
        assert {r.retry_after for r in await provider.send(call(EMAIL, 1, 2))} == {seconds}


def dislikes_the_fifth(request: Request) -> Reply:
    return BAD_TO if EMAILS[5].encode() in request.body else GOOD


async def test_one_bad_address_is_found_and_the_others_get_their_message() -> None:
    async with provider_before("mailgun", LEAST, dislikes_the_fifth) as (provider, server):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL))}
        taken = [
            value for r in server.requests if EMAILS[5].encode() not in r.body for n, value in r.parts if n == "to"
        ]
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {
        n: ADDRESS if n == 5 else (Verdict.ACCEPTED, Fault.NONE) for n in EMAILS
    }
    assert sorted(taken) == sorted(address for n, address in EMAILS.items() if n != 5)


async def test_the_search_for_a_bad_address_ends_when_the_call_is_no_longer_ours() -> None:
    answers = iter([True, True])
    async with provider_before("mailgun", LEAST, BAD_TO) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, 3, 4, still_ours=lambda: next(answers, False)))
        assert len(server.requests) == 2
    assert {(r.verdict, r.retry_after) for r in receipts} == {(Verdict.RETRY, 0)}
    assert len(receipts) == 4


async def test_the_key_is_proved_without_sending() -> None:
    active = json_reply({"domain": {"name": "mg.example.org", "state": "active"}})
    async with provider_before("mailgun", LEAST, active) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/v4/domains/mg.example.org")]


PROOFS = {
    "refused": (json_reply("Forbidden", 401), "refused", "MAILGUN_API_KEY"),
    "unknown": (refusal(404, "Domain not found"), "answers 404", "MAILGUN_API_KEY"),
    "unverified": (json_reply({"domain": {"state": "unverified"}}), "is unverified", "MAILGUN_DOMAIN"),
    "page": (Reply(200, b"<html>"), "not active", "MAILGUN_DOMAIN"),
    "no answer": (Reply(drops=True), "no answer", "MAILGUN_API_KEY"),
}


@pytest.mark.parametrize(("answer", "words", "thing"), PROOFS.values(), ids=PROOFS.keys())
async def test_a_key_or_domain_that_does_not_do_is_named(answer: Reply, words: str, thing: str) -> None:
    async with provider_before("mailgun", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=words) as caught:
            await provider.check()
    assert caught.value.thing == thing


def lists(request: Request) -> Reply:
    """Two pages of bounces, the next at an address that is not ours to ask; one page of each other list."""
    name = request.path.rpartition("/")[2]
    first = {"address": f"{name}@example.org", "created_at": "Fri, 21 Oct 2011 11:02:55 GMT"}
    if name == "bounces":
        following = {"next": "https://elsewhere.example.org/v3/x/bounces?page=next&address=b&limit=1000"}
        if "page" not in request.query:
            return json_reply({"items": [first], "paging": following})
        return json_reply({"items": [{"address": "second@example.org", "created_at": "?"}], "paging": following})
    tagged = {"address": "tagged@example.org", "tags": ["newsletter"], "created_at": ""}
    return json_reply({"items": [{**first, "tags": ["*"]}, tagged, 7], "paging": {}})


async def test_its_lists_are_read_to_their_end_and_from_nobody_else() -> None:
    async with provider_before("mailgun", LEAST, lists) as (provider, server):
        found = await provider.suppressions()
    assert [(each.address, each.reason) for each in found] == [
        ("bounces@example.org", Closed.BOUNCED),
        ("second@example.org", Closed.BOUNCED),
        ("complaints@example.org", Closed.COMPLAINED),
        ("unsubscribes@example.org", Closed.UNSUBSCRIBED),
    ]
    assert [each.since for each in found[:2]] == [
        datetime(2011, 10, 21, 11, 2, 55, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]
    assert [r.target for r in server.requests[:2]] == [
        "/v3/mg.example.org/bounces?limit=1000",
        "/v3/mg.example.org/bounces?page=next&address=b&limit=1000",
    ]


@pytest.mark.parametrize(
    "answer", [Reply(401), Reply(200, b"<html>"), Reply(drops=True), json_reply([1]), json_reply({})]
)
async def test_a_list_that_cannot_be_read_is_trouble(answer: Reply) -> None:
    async with provider_before("mailgun", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=r"(?:could|may) not be read"):
            await provider.suppressions()


@pytest.mark.parametrize(
    ("options", "thing"),
    [
        ({"url": "http://api.example.org"}, "MAILGUN_URL"),
        ({"domain": "mg.example.org/messages"}, "MAILGUN_DOMAIN"),
        ({"domain": "localhost"}, "MAILGUN_DOMAIN"),
    ],
)
async def test_a_bad_setting_is_named(options: dict[str, str], thing: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting) as caught:
            build("mailgun", {**LEAST, **options}, http)
    assert caught.value.thing == thing
