"""What Amazon SES tells us: events of every kind, told twice, of nobody; and replies from a receipt rule."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Inbound, Provider, ProviderEvent
from reminder.providers.email.ses_callbacks import tag_of
from reminder.providers.registry import build
from tests.fakes.sns import ARN, CONFIRMATION, MESSAGE_ID, NOTIFICATION, Amazon, notice, posted, signed
from tests.providers.over_http import WIRE
from tests.providers.people import EMAILS
from tests.providers.samples.ses import LEAST, OWN_ID

READER = EMAILS[1]
SENT_AT = "2020-12-22T08:00:00.000Z"
AT = "2020-12-22T08:00:05.000Z"
MAIL: dict[str, Any] = {
    "timestamp": SENT_AT,
    "messageId": OWN_ID,
    "source": "appeals@example.org",
    "destination": [READER],
    "tags": {"ses:configuration-set": ["reminders"], "wire_id": [tag_of(WIRE)["Value"]]},
}


def ses() -> Provider:
    return build("ses", LEAST | {"topics": ARN}, httpx.AsyncClient())


def heard(event: object) -> list[Any]:
    return list(ses().parse(notice(event)))


def bounce(kind: str, word: str, **more: object) -> dict[str, Any]:
    people = [{"emailAddress": READER, "status": "5.1.1"}]
    about = {"bounceType": kind, "bounceSubType": word, "bouncedRecipients": people, "timestamp": AT}
    return {"eventType": "Bounce", "mail": MAIL, "bounce": about | more}


def complaint(**more: object) -> dict[str, Any]:
    about = {"complainedRecipients": [{"emailAddress": READER}], "timestamp": AT}
    return {"eventType": "Complaint", "mail": MAIL, "complaint": about | more}


DELAY = {"delayType": "MailboxFull", "timestamp": AT, "delayedRecipients": [{"emailAddress": READER}]}
EVENTS: dict[str, tuple[dict[str, Any], Result, bool, str, str]] = {
    "sent": ({"eventType": "Send", "mail": MAIL, "send": {}}, Result.SENT, False, "Send", SENT_AT),
    "delivered": (
        {"eventType": "Delivery", "mail": MAIL, "delivery": {"timestamp": AT, "recipients": [READER]}},
        Result.DELIVERED,
        False,
        "Delivery",
        AT,
    ),
    "put off": (
        {"eventType": "DeliveryDelay", "mail": MAIL, "deliveryDelay": DELAY},
        Result.DEFERRED,
        False,
        "MailboxFull",
        AT,
    ),
    "virus": (
        {"eventType": "Reject", "mail": MAIL, "reject": {"reason": "Bad content"}},
        Result.FAILED,
        False,
        "Bad content",
        SENT_AT,
    ),
    "template": (
        {"eventType": "Rendering Failure", "mail": MAIL, "failure": {"errorMessage": "no 'v0'", "templateName": ""}},
        Result.FAILED,
        False,
        "Rendering Failure",
        SENT_AT,
    ),
    "hard": (bounce("Permanent", "General"), Result.BOUNCED, True, "General", AT),
    "nobody": (bounce("Permanent", "NoEmail"), Result.BOUNCED, True, "NoEmail", AT),
    "on amazon's list": (bounce("Permanent", "Suppressed"), Result.BOUNCED, True, "Suppressed", AT),
    "on our list": (
        bounce("Permanent", "OnAccountSuppressionList"),
        Result.BOUNCED,
        True,
        "OnAccountSuppressionList",
        AT,
    ),
    "soft": (bounce("Transient", "General"), Result.BOUNCED, False, "General", AT),
    "full": (bounce("Transient", "MailboxFull"), Result.BOUNCED, False, "MailboxFull", AT),
    "undetermined": (bounce("Undetermined", "Undetermined"), Result.BOUNCED, False, "Undetermined", AT),
    "too large": (bounce("Transient", "MessageTooLarge"), Result.FAILED, False, "MessageTooLarge", AT),
    "content": (bounce("Transient", "ContentRejected"), Result.FAILED, False, "ContentRejected", AT),
    "attachment": (bounce("Transient", "AttachmentRejected"), Result.FAILED, False, "AttachmentRejected", AT),
    "spam": (complaint(complaintFeedbackType="abuse"), Result.COMPLAINED, False, "abuse", AT),
    "spam, no word": (complaint(), Result.COMPLAINED, False, "Complaint", AT),
    "spam before": (
        complaint(complaintSubType="OnAccountSuppressionList"),
        Result.COMPLAINED,
        False,
        "OnAccountSuppressionList",
        AT,
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_what_became_of_a_message(name: str) -> None:
    event, result, permanent, code, at = EVENTS[name]
    assert heard(event) == [
        ProviderEvent(
            "status",
            result,
            datetime.fromisoformat(at),
            wire_id=WIRE,
            provider_id=OWN_ID,
            address=READER,
            permanent=permanent,
            code=code,
            same=MESSAGE_ID,
        )
    ]


@pytest.mark.parametrize("name", EVENTS)
def test_a_notification_of_an_identity_is_known_by_the_providers_id(name: str) -> None:
    event = dict(EVENTS[name][0])
    kind = event.pop("eventType")
    plain = {key: value for key, value in MAIL.items() if key != "tags"}
    [found] = heard(event | {"notificationType": kind, "mail": plain})
    assert (found.wire_id, found.provider_id, found.result) == ("", OWN_ID, EVENTS[name][1])


def test_the_same_message_told_again_is_the_same_and_another_is_not() -> None:
    event = EVENTS["hard"][0]
    first, second = heard(event) + heard(event)
    assert first == second
    [other] = ses().parse(notice(event, MessageId="another"))
    assert isinstance(other, ProviderEvent)
    assert other.same != first.same


def test_several_people_in_one_event_are_several_events() -> None:
    people = [{"emailAddress": EMAILS[1]}, {"emailAddress": EMAILS[2]}, {}, 5]
    found = heard(bounce("Permanent", "General", bouncedRecipients=people))
    assert [each.address for each in found] == [EMAILS[1], EMAILS[2]]
    assert len({each.same for each in found}) == 2


def test_who_says_that_it_is_no_spam_has_not_complained() -> None:
    [found] = heard(complaint(complaintFeedbackType="not-spam"))
    assert (found.kind, found.result) == ("noted", Result.UNKNOWN)


def test_somebody_who_left_by_amazons_list_has_left() -> None:
    status, left = heard(bounce("Permanent", "UnsubscribedRecipient"))
    assert (status.kind, status.result, status.permanent) == ("status", Result.FAILED, False)
    assert (left.kind, left.leaving, left.address) == ("left", Leaving.ALL_EMAIL, READER)


@pytest.mark.parametrize(
    ("wishes", "kind", "leaving"),
    [
        ({"unsubscribeAll": True}, "left", Leaving.ALL_EMAIL),
        ({"unsubscribeAll": False}, "noted", None),
        (None, "noted", None),
    ],
)
def test_amazons_own_page_for_leaving(wishes: object, kind: str, leaving: Leaving | None) -> None:
    about = {"contactList": "l", "timestamp": AT, "source": "UnsubscribeHeader", "newTopicPreferences": wishes}
    [found] = heard({"eventType": "Subscription", "mail": MAIL, "subscription": about})
    assert (found.kind, found.leaving, found.address, found.wire_id) == (kind, leaving, READER, WIRE)


@pytest.mark.parametrize("kind", ["Open", "Click", "AmazonSnsSubscriptionSucceeded"])
def test_what_changes_nothing_is_noted(kind: str) -> None:
    assert [(each.kind, each.code) for each in heard({"eventType": kind, "mail": MAIL})] == [("noted", kind)]


def test_the_greeting_of_a_new_topic_is_noted() -> None:
    [found] = heard("Successfully validated SNS topic for Amazon SES event publishing.")
    assert found.kind == "noted"


@pytest.mark.parametrize("event", [{"eventType": "Something New"}, {}, "text", [], 5, None, {"eventType": 5}])
def test_what_nobody_has_heard_of_is_unknown(event: object) -> None:
    assert [each.kind for each in heard(event)] == ["unknown"]


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "Bounce"},
        {"eventType": "Bounce", "bounce": 5, "mail": []},
        {"eventType": "Bounce", "bounce": {"bouncedRecipients": "x"}, "mail": {"tags": {"wire_id": [5]}}},
        {"eventType": "Complaint", "complaint": {"timestamp": "yesterday"}},
        {"eventType": "Delivery", "mail": {"tags": []}},
    ],
)
def test_an_event_without_its_parts_is_still_one_event(event: object) -> None:
    [found] = heard(event)
    assert (found.kind, found.wire_id) == ("status", "")
    assert found.at.isoformat().startswith("2020-12-22T08:59:30")


def test_about_the_subscription_itself_there_is_nothing_to_say() -> None:
    assert ses().parse(posted(signed(CONFIRMATION))) == []
    assert ses().parse(posted(signed(CONFIRMATION | {"Type": "UnsubscribeConfirmation"}))) == []


@given(wire_id=st.text("0123456789abcdef._-ud", max_size=40))
def test_a_tag_comes_back_as_the_wire_id(wire_id: str) -> None:
    tag = tag_of(wire_id)
    assert set(tag["Value"]) <= set("0123456789abcdefu_-")
    [found] = heard({"eventType": "Send", "mail": {"tags": {"wire_id": [tag["Value"]]}}})
    assert found.wire_id == wire_id


@given(body=st.binary(max_size=300))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(ses().parse(posted(body)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(["Bounce", "Complaint", "Delivery", "Subscription", "Received", "Send"]),
    parts=st.dictionaries(
        st.sampled_from(["mail", "bounce", "complaint", "delivery", "subscription", "receipt", "content"]), JSON
    ),
)
def test_any_shape_of_an_event_gives_a_list(kind: str, parts: dict[str, Any]) -> None:
    assert isinstance(ses().parse(notice({"eventType": kind} | parts)), list)


async def test_callbacks_are_believed_by_the_envelope() -> None:
    amazon = Amazon()
    async with amazon.client() as http:
        provider = build("ses", LEAST | {"topics": ARN}, http)
        await provider.verify(notice(EVENTS["hard"][0]))
        with pytest.raises(BadSignature):
            await provider.verify(posted(signed(NOTIFICATION) | {"Message": "other"}))


REPLY = (
    b"From: Clara Smith <clara.smith@example.org>\r\nTo: office@example.org\r\nSubject: =?utf-8?q?J=27ai_=C3=A9crit?=\r\n"
    b"Message-ID: <abc@mail.example.org>\r\nIn-Reply-To: <%s@eu-west-1.amazonses.com>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nDONE, j'ai \xc3\xa9crit\r\n\r\n> Write today\r\n" % OWN_ID.encode()
)


def received(content: str | None, encoding: str = "", **more: object) -> dict[str, Any]:
    action = {"type": "SNS", "topicArn": ARN} | ({"encoding": encoding} if encoding else {})
    mail = {
        "timestamp": AT,
        "source": "bounce@example.org",
        "messageId": "d6iitobk75",
        "destination": ["office@example.org"],
    }
    event: dict[str, Any] = {
        "notificationType": "Received",
        "receipt": {"recipients": ["reply@example.org"], "action": action},
        "mail": mail | more,
    }
    return event if content is None else event | {"content": content}


@pytest.mark.parametrize("encoding", ["UTF8", "BASE64", ""])
def test_a_reply_is_read(encoding: str) -> None:
    content = b64encode(REPLY).decode() if encoding == "BASE64" else REPLY.decode()
    [found] = heard(received(content, encoding))
    assert isinstance(found, Inbound)
    assert (found.channel, found.sender, found.to) == (Channel.EMAIL, "clara.smith@example.org", "reply@example.org")
    assert found.text.startswith("DONE, j'ai écrit")
    assert (found.subject, found.provider_id, found.at) == (
        "J'ai écrit",
        "d6iitobk75",
        datetime(2020, 12, 22, 8, 0, 5, tzinfo=UTC),
    )
    assert (found.in_reply_to, found.in_reply_to_id) == ("", OWN_ID)
    assert found.headers["return-path"] == "<bounce@example.org>"


def test_an_encoding_that_is_not_named_is_found_out() -> None:
    [found] = heard(received(b64encode(REPLY).decode()))
    assert found.text.startswith("DONE")


def test_a_reply_that_names_our_own_message_id_has_our_wire_id() -> None:
    content = REPLY.replace(f"<{OWN_ID}@eu-west-1.amazonses.com>".encode(), f"<{WIRE}@example.org>".encode())
    [found] = heard(received(content.decode(), "UTF8"))
    assert (found.in_reply_to, found.in_reply_to_id) == (WIRE, "")


@pytest.mark.parametrize("domain", ["amazonses.com.evil.example.org", "evilamazonses.com", "example.org"])
def test_another_message_id_is_none_of_ours(domain: str) -> None:
    [found] = heard(received(REPLY.replace(b"eu-west-1.amazonses.com", domain.encode()).decode(), "UTF8"))
    assert found.in_reply_to_id == ""


def test_an_automatic_answer_keeps_the_headers_that_say_so() -> None:
    mail = REPLY.replace(b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:")
    [found] = heard(received(mail.decode(), "UTF8", source=""))
    assert (found.headers["auto-submitted"], found.headers["return-path"]) == ("auto-replied", "<>")


def test_a_mail_without_its_content_is_told_by_its_head() -> None:
    head = [{"name": "From", "value": "clara.smith@example.org"}, {"name": "Subject", "value": "STOP"}, {}]
    [found] = heard(received(None, headers=head))
    assert (found.sender, found.subject, found.text) == ("clara.smith@example.org", "STOP", "")
    common = {
        "from": ["clara.smith@example.org"],
        "to": ["office@example.org"],
        "subject": "STOP",
        "messageId": "<a@b>",
    }
    [found] = heard(received(None, commonHeaders=common))
    assert (found.sender, found.subject, found.headers["message-id"]) == ("clara.smith@example.org", "STOP", "<a@b>")


@pytest.mark.parametrize("content", ["", "not a mail", "%%%", "Subject: nobody\r\n\r\ntext"])
def test_a_mail_from_nobody_is_unknown(content: str) -> None:
    assert [each.kind for each in heard(received(content))] == ["unknown"]
