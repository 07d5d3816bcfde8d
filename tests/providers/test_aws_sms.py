"""AWS End User Messaging SMS: the request, its errors, its events, replies, and the list of who opted out."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Closed, Leaving
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.contract import BadSignature, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.fakes.sigv4 import signed_by
from tests.fakes.sns import CONFIRMATION, MESSAGE_ID, Amazon, notice, posted, signed
from tests.providers.over_http import WIRE
from tests.providers.people import LAST, NOW, PHONES, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.aws_sms import LEAST, OWN_ID, TAKEN, TOPIC, refusal
from tests.providers.test_single_sms import bench

DONE = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
LEFT = (Verdict.REJECTED, Fault.OPTED_OUT)
THIS_ONE = (Verdict.RETRY, Fault.MAILBOX)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


def aws_sms(**more: str) -> Provider:
    return build("aws-sms", {**LEAST, "topics": TOPIC, **more}, httpx.AsyncClient())


def heard(event: object, **more: str) -> list[Any]:
    return list(aws_sms(**more).parse(notice(event, TopicArn=TOPIC)))


async def test_a_message_is_one_signed_request() -> None:
    async with bench("aws-sms", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.target) == ("POST", "/")
    assert request.headers["x-amz-target"] == "PinpointSMSVoiceV2.SendTextMessage"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    names = "content-type;host;x-amz-date;x-amz-target"
    assert signed_by(request, SECRET) == ("20201222T090000Z", "eu-west-1", "sms-voice", names)
    [person] = recipients(Channel.SMS, 1)
    assert request.json == {
        "DestinationPhoneNumber": PHONES[1],
        "OriginationIdentity": "Appeals",
        "MessageBody": f"One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: {person.values[2]}\r\n",
        "TimeToLive": 259_200,
        "Context": {"wire_id": person.wire_id},
        "MessageType": "TRANSACTIONAL",
        "ConfigurationSetName": "texts",
    }
    assert (receipt.verdict, receipt.provider_id) == (Verdict.ACCEPTED, OWN_ID)


async def test_what_is_set_goes_with_every_message() -> None:
    more = {"message_type": "promotional", "max_price": "0.25", "india_entity_id": "11", "india_template_id": "12"}
    async with bench("aws-sms", TAKEN, **more) as it:
        await it.send(1)
        [request] = it.server.requests
    assert request.json["MessageType"] == "PROMOTIONAL"
    assert re.fullmatch(r"[0-9]{0,2}\.[0-9]{1,5}", request.json["MaxPrice"])
    assert float(request.json["MaxPrice"]) == 0.25
    assert request.json["DestinationCountryParameters"] == {"IN_ENTITY_ID": "11", "IN_TEMPLATE_ID": "12"}


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(timedelta(seconds=1), 5), (timedelta(hours=2), 7_200), (LAST - NOW, 259_200)],
    ids=["a second", "two hours", "a week"],
)
async def test_a_message_is_not_tried_for_longer_than_it_helps(left: timedelta, seconds: int) -> None:
    async with bench("aws-sms", TAKEN) as it:
        await it.provider.send(replace(call(Channel.SMS, 1), not_after=NOW + left))
        assert it.server.requests[0].json["TimeToLive"] == seconds


CONFLICT, INVALID, QUOTA = "ConflictException", "ValidationException", "ServiceQuotaExceededException"
ANSWERS = {
    "throttled": (refusal("ThrottlingException"), LATER),
    "spent": (refusal(QUOTA, "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"), ACCOUNT),
    "quota": (refusal(QUOTA), ACCOUNT),
    "too many to one": (refusal(QUOTA, "DAILY_DESTINATION_CALL_LIMIT"), THIS_ONE),
    "reputation": (refusal("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION"), ACCOUNT),
    "disabled": (refusal("AccessDeniedException", "ACCOUNT_DISABLED"), ACCOUNT),
    "not found": (refusal("ResourceNotFoundException"), ACCOUNT),
    "opted out": (refusal(CONFLICT, "DESTINATION_PHONE_NUMBER_OPTED_OUT"), LEFT),
    "sandbox": (refusal(CONFLICT, "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"), ACCOUNT),
    "no number of ours": (refusal(CONFLICT, "NO_ORIGINATION_IDENTITIES_FOUND"), THIS_ONE),
    "inactive": (refusal(CONFLICT, "RESOURCE_NOT_ACTIVE"), ACCOUNT),
    "country blocked": (refusal(CONFLICT, "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"), CONTENT),
    "number blocked": (refusal(CONFLICT, "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"), CONTENT),
    "country": (refusal(INVALID, "COUNTRY_NOT_ENABLED"), CONTENT),
    "sender in that country": (refusal(INVALID, "SENDER_ID_NOT_SUPPORTED"), CONTENT),
    "price": (refusal(INVALID, "PRICE_OVER_THRESHOLD"), CONTENT),
    "no number": (refusal(INVALID, "FIELD_VALIDATION_FAILED", fields="DestinationPhoneNumber"), ADDRESS),
    "text": (refusal(INVALID, "FIELD_VALIDATION_FAILED", fields="MessageBody"), CONTENT),
    "our sender": (refusal(INVALID, "FIELD_VALIDATION_FAILED", fields="OriginationIdentity"), ACCOUNT),
    "our set": (refusal(INVALID, "FIELD_VALIDATION_FAILED", fields="ConfigurationSetName"), ACCOUNT),
    "arn": (refusal(INVALID, "INVALID_ARN"), ACCOUNT),
    "channel": (refusal(INVALID, "CHANNEL_NOT_ENABLED"), ACCOUNT),
    "unknown operation": (refusal("UnknownOperationException"), ACCOUNT),
    "key": (refusal("UnrecognizedClientException"), ACCOUNT),
    "signature": (refusal("InvalidSignatureException"), ACCOUNT),
    "internal": (refusal("InternalServerException", status=500), UNCLEAR),
    "something new": (refusal("SomethingNewException"), CONTENT),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_each_error_means(name: str) -> None:
    reply, wanted = ANSWERS[name]
    async with bench("aws-sms", reply) as it:
        [receipt] = await it.send(1)
    assert (receipt.verdict, receipt.fault) == wanted
    assert receipt.code


async def test_a_code_says_the_error_and_its_reason() -> None:
    async with bench("aws-sms", ANSWERS["opted out"][0]) as it:
        [receipt] = await it.send(1)
    assert receipt.code == "ConflictException DESTINATION_PHONE_NUMBER_OPTED_OUT"


def state(kind: str, **more: object) -> dict[str, Any]:
    """An event as the guide shows it."""
    return {
        "eventType": kind,
        "eventVersion": "1.0",
        "eventTimestamp": 1608627600470,
        "isFinal": True,
        "originationPhoneNumber": "+447700900200",
        "destinationPhoneNumber": PHONES[1],
        "messageId": OWN_ID,
        "messageStatus": kind.removeprefix("TEXT_"),
        "context": {"wire_id": WIRE},
    } | more


EVENTS = {
    "TEXT_QUEUED": (Result.QUEUED, False),
    "TEXT_PENDING": (Result.QUEUED, False),
    "TEXT_SENT": (Result.SENT, False),
    "TEXT_SUCCESSFUL": (Result.SENT, False),
    "TEXT_DELIVERED": (Result.DELIVERED, False),
    "TEXT_INVALID": (Result.BOUNCED, True),
    "TEXT_UNREACHABLE": (Result.BOUNCED, False),
    "TEXT_BLOCKED": (Result.BOUNCED, False),
    "TEXT_CARRIER_BLOCKED": (Result.FAILED, False),
    "TEXT_CARRIER_UNREACHABLE": (Result.FAILED, False),
    "TEXT_INVALID_MESSAGE": (Result.FAILED, False),
    "TEXT_PROTECT_BLOCKED": (Result.FAILED, False),
    "TEXT_SPAM": (Result.FAILED, False),
    "TEXT_TTL_EXPIRED": (Result.FAILED, False),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_what_became_of_a_message(kind: str) -> None:
    result, permanent = EVENTS[kind]
    assert heard(state(kind)) == [
        ProviderEvent(
            "status",
            result,
            NOW + timedelta(milliseconds=470),
            wire_id=WIRE,
            provider_id=OWN_ID,
            address=PHONES[1],
            permanent=permanent,
            code=kind,
            same=MESSAGE_ID,
        )
    ]


@pytest.mark.parametrize(
    ("kind", "wanted"), [("TEXT_UNKNOWN", "noted"), ("VOICE_BUSY", "unknown"), ("TEXT_NEW", "unknown")]
)
def test_what_says_nothing_changes_nothing(kind: str, wanted: str) -> None:
    [found] = heard(state(kind))
    assert (found.kind, found.result, found.wire_id) == (wanted, Result.UNKNOWN, WIRE)


@pytest.mark.parametrize("event", ["text", [], 5, None, {}, {"eventType": 5, "context": [], "eventTimestamp": "x"}])
def test_what_nobody_has_heard_of_is_unknown(event: object) -> None:
    assert [each.kind for each in heard(event)] == ["unknown"]


@pytest.mark.parametrize("stamp", [1e30, -1e30, True, None, "soon"])
def test_a_time_that_is_none_is_that_of_the_envelope(stamp: object) -> None:
    [found] = heard(state("TEXT_DELIVERED", eventTimestamp=stamp))
    assert found.at.isoformat().startswith("2020-12-22T08:59:30")


def said(text: str, **more: str) -> dict[str, str]:
    """A reply as the guide shows it."""
    return {
        "originationNumber": PHONES[1],
        "destinationNumber": "+447700900200",
        "messageKeyword": "JOIN",
        "messageBody": text,
        "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
        "previousPublishedMessageId": OWN_ID,
    } | more


def test_a_reply_names_our_message_by_the_providers_id() -> None:
    [found] = heard(said("I wrote"))
    assert found == Inbound(
        Channel.SMS,
        found.at,
        PHONES[1],
        "+447700900200",
        "I wrote",
        provider_id="cae173d2-66b9-564c-8309-21f858e9fb84",
        in_reply_to_id=OWN_ID,
    )
    assert found.at.isoformat().startswith("2020-12-22T08:59:30")


@pytest.mark.parametrize(
    ("text", "keyword", "takes_stop", "handled"),
    [
        ("STOP", "STOP", "yes", Leaving.STOP),
        ("stop please", "STOP", "yes", Leaving.STOP),
        (" Arret ", "KEYWORD", "yes", Leaving.STOP),
        ("End the torture of prisoners", "JOIN", "yes", None),
        ("STOP", "STOP", "no", None),
        ("I cannot stop", "JOIN", "yes", None),
        ("", "JOIN", "yes", None),
    ],
)
def test_a_stop_was_taken_by_amazon_unless_our_numbers_leave_it_to_us(
    text: str, keyword: str, takes_stop: str, handled: Leaving | None
) -> None:
    [found] = heard(said(text, messageKeyword=keyword), takes_stop=takes_stop)
    assert found.handled is handled


def test_numbers_of_replies_are_e164() -> None:
    [found] = heard(said("x", originationNumber="447700900101"))
    assert found.sender == "+447700900101"


def test_about_the_subscription_itself_there_is_nothing_to_say() -> None:
    assert aws_sms().parse(posted(signed(CONFIRMATION))) == []


@given(body=st.binary(max_size=300))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(aws_sms().parse(posted(body)), list)


async def test_callbacks_are_believed_by_the_envelope() -> None:
    async with Amazon().client() as http:
        provider = build("aws-sms", {**LEAST, "topics": TOPIC}, http)
        await provider.verify(notice(state("TEXT_DELIVERED"), TopicArn=TOPIC))
        with pytest.raises(BadSignature):
            await provider.verify(notice(state("TEXT_DELIVERED")))


async def test_the_opt_out_list_is_read_page_by_page() -> None:
    def answer(request: Request) -> Reply:
        assert signed_by(request, SECRET) is not None
        own = {"OptedOutNumber": PHONES[1], "OptedOutTimestamp": 1606780800.0, "EndUserOptedOut": True}
        if "NextToken" not in request.json:
            return json_reply({"OptedOutNumbers": [own, {}, 5], "NextToken": "more"})
        return json_reply({"OptedOutNumbers": [{"OptedOutNumber": PHONES[2][1:], "EndUserOptedOut": False}]})

    async with bench("aws-sms", answer, opt_out_list="ours") as it:
        found = await it.provider.suppressions()
        requests = it.server.requests
    assert [request.headers["x-amz-target"] for request in requests] == [
        "PinpointSMSVoiceV2.DescribeOptedOutNumbers"
    ] * 2
    assert requests[0].json == {"OptOutListName": "ours", "MaxResults": 100}
    assert requests[1].json["NextToken"] == "more"
    assert [(each.address, each.reason) for each in found] == [(PHONES[1], Closed.STOP), (PHONES[2], Closed.OPTED_OUT)]
    assert found[0].since.isoformat() == "2020-12-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "reply",
    [refusal("AccessDeniedException"), Reply(200, b"<html>"), json_reply({"NextToken": "the same"}), Reply(drops=True)],
    ids=["refused", "a page", "a circle", "drops"],
)
async def test_a_list_that_cannot_be_read_is_trouble(reply: Reply) -> None:
    async with bench("aws-sms", reply) as it:
        with pytest.raises(Trouble):
            await it.provider.suppressions()


def tier(name: str) -> Reply:
    return json_reply({"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": name}]})


async def test_check_asks_for_the_account() -> None:
    async with bench("aws-sms", tier("PRODUCTION")) as it:
        await it.provider.check()
        [request] = it.server.requests
    assert request.headers["x-amz-target"] == "PinpointSMSVoiceV2.DescribeAccountAttributes"
    assert signed_by(request, SECRET) is not None


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (tier("SANDBOX"), "sandbox"),
        (refusal("UnrecognizedClientException", message=SECRET), "AWS_SMS_ACCESS_KEY: is refused"),
        (refusal("AccessDeniedException"), "AWS_SMS_ACCESS_KEY: is refused"),
        (Reply(500), "500"),
        (Reply(drops=True), "no answer"),
    ],
)
async def test_check_says_what_is_wrong(reply: Reply, words: str) -> None:
    async with bench("aws-sms", reply) as it:
        with pytest.raises(Trouble, match=words) as caught:
            await it.provider.check()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [("message_type", "urgent"), ("max_price", "100"), ("topics", "x"), ("region", "x"), ("takes_stop", "?")],
)
def test_a_setting_out_of_its_range_is_named(option: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        aws_sms(**{option: value})
    assert caught.value.thing == f"AWS_SMS_{option.upper()}"
