"""Signed requests to Amazon: known answers, and the instant that they are signed with."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder.errors import BadSetting
from reminder.providers.aws import ACCESS, Signer, error_of, words_of
from reminder.providers.http import Answer
from reminder.providers.options import Option, Options
from tests.fakes.http import FakeHttp
from tests.fakes.sigv4 import signed_by
from tests.providers.people import NOW
from tests.providers.samples import SECRET

# The key, the instant and the signatures of Amazon's own test suite for Signature Version 4.
SUITE = {
    "region": "us-east-1",
    "access_key": "AKIDEXAMPLE",
    "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
SUITE_NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


def signer(service: str = "ses", **more: str) -> Signer:
    given = {"region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": SECRET} | more
    return Signer(service, Options("ses", (*ACCESS, Option("url", "Address.")), given))


@pytest.mark.parametrize(
    ("method", "query", "signature"),
    [
        ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ],
)
def test_the_signatures_of_amazons_own_suite(method: str, query: str, signature: str) -> None:
    request = httpx.Request(method, f"https://example.amazonaws.com/{query}")
    signer("service", **SUITE).sign(request, SUITE_NOW)
    assert request.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


@pytest.mark.parametrize("token", ["", "a-token"])
async def test_what_is_signed_is_what_arrives(token: str) -> None:
    async with FakeHttp() as server, httpx.AsyncClient() as http:
        auth = signer(session_token=token).at(NOW)
        headers = {"content-type": "application/json", "X-Amz-Target": "A.B"}
        await http.post(f"{server.url}/v2/x?b=%2B%3D&a=1", content="é", headers=headers, auth=auth)
    [request] = server.requests
    assert request.headers.get("x-amz-security-token", "") == token
    names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
    names = names if token else names.replace("x-amz-security-token;", "")
    assert signed_by(request, SECRET) == ("20201222T090000Z", "eu-west-1", "ses", names)
    assert signed_by(request, "another") is None


def test_calls_of_different_instants_do_not_mix() -> None:
    one = signer()
    first, second = (httpx.Request("GET", "https://example.org/") for _ in range(2))
    flows = [one.at(NOW).auth_flow(first), one.at(NOW + timedelta(days=1)).auth_flow(second)]
    for flow in reversed(flows):
        next(flow)
    assert (first.headers["x-amz-date"], second.headers["x-amz-date"]) == ("20201222T090000Z", "20201223T090000Z")
    assert "/20201222/" in first.headers["authorization"]
    assert "/20201223/" in second.headers["authorization"]


@pytest.mark.parametrize("region", ["Europe", "eu-west-1.evil.example.org", "eu-west-1/", "eu_west_1"])
def test_a_region_that_is_none_is_a_bad_setting(region: str) -> None:
    with pytest.raises(BadSetting) as caught:
        signer(region=region)
    assert caught.value.thing == "SES_REGION"


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "https://email.eu-west-1.amazonaws.com"),
        ({"region": "us-gov-west-1"}, "https://email.us-gov-west-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://email.cn-north-1.amazonaws.com.cn"),
        ({"url": "https://proxy.example.org/"}, "https://proxy.example.org"),
    ],
)
def test_the_address_is_the_regions_own_unless_another_is_set(more: dict[str, str], url: str) -> None:
    options = Options(
        "ses",
        (*ACCESS, Option("url", "Address.")),
        {"region": "eu-west-1", "access_key": "A"} | more | {"secret_key": SECRET},
    )
    assert Signer("ses", options).endpoint("email", options) == url


@pytest.mark.parametrize(
    ("headers", "body", "name", "words"),
    [
        (
            {"x-amzn-errortype": "BadRequestException:http://internal.amazon.com/"},
            b'{"message": "no"}',
            "BadRequestException",
            "no",
        ),
        ({"x-amzn-errortype": "Throttling"}, b"{}", "Throttling", ""),
        ({}, b'{"__type": "com.amazonaws.x#ConflictException", "Message": "no"}', "ConflictException", "no"),
        ({}, b'{"code": "NotFoundException", "message": 5}', "NotFoundException", ""),
        ({}, b'{"__type": 5}', "", ""),
        ({"x-amzn-errortype": "<script>"}, b"[]", "", "[]"),
        ({}, b"<html>proxy</html>", "", "<html>proxy</html>"),
        ({}, b"\xff", "", "\ufffd"),
    ],
)
def test_errors_are_named_in_a_header_or_in_the_body(
    headers: dict[str, str], body: bytes, name: str, words: str
) -> None:
    answer = Answer(400, headers, body)
    assert (error_of(answer), words_of(answer)) == (name, words)


def test_secrets_come_out_of_words_and_of_nothing_that_is_printed() -> None:
    one = signer(session_token="a-token")
    assert one.hide(f"{SECRET} and a-token") == "[secret] and [secret]"
    assert SECRET not in f"{one!r} {one.at(NOW)!r}"
