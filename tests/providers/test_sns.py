"""SNS: whose messages are believed, what is fetched to find out, and when a subscription is agreed to."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.errors import BadSetting
from reminder.providers.contract import BadSignature, Callback, CannotTell
from reminder.providers.options import Options
from reminder.providers.sns import KEPT_CERTIFICATES, TOPICS, Sns, notice_of, topics_of
from tests.fakes.sns import (
    ARN,
    CERTIFICATE,
    CONFIRM,
    CONFIRMATION,
    MESSAGE_ID,
    NOTIFICATION,
    STAMP,
    Amazon,
    certificate,
    notice,
    posted,
    signed,
)
from tests.providers.people import NOW

# Made with openssl (dgst -sign) over the string to sign written by hand; nobody has the key any more.
KNOWN_CERTIFICATE = b"""-----BEGIN CERTIFICATE-----
MIICrzCCAZegAwIBAgIBATANBgkqhkiG9w0BAQsFADAaMRgwFgYDVQQDDA9zbnMu
ZXhhbXBsZS5vcmcwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBox
GDAWBgNVBAMMD3Nucy5leGFtcGxlLm9yZzCCASIwDQYJKoZIhvcNAQEBBQADggEP
ADCCAQoCggEBALcgrpXybLZCh+eh1XGiCJiLmQYFhgaS7gkov4/3YlBClho1MNu5
H5XI1tWERg+7r3n6EcqTOa4t5C9i7wdTxCmmiChORT36fUqyWdWGdq+lVKDqXqUm
6/K/eAXnwbVj7R9fsDf6L/cmv9rfRMqVdOO79Qzc7crFrB1P5L954Rda7mOPGrXQ
0jpYdaYKOvP6vEESfji+cyaqFYW0FHxd65OUQ/gvRUoeGjXwkes53VxAU2NPwwoA
iXHU6Asl2XgZMkSp34S3xZrJ1CdjK+KJJauMVIYmYNAQV5yNNKFMvcjI6HDruV9I
KcuT3DDoxyqBdS0dpP2taCJgs83OFSoTl9MCAwEAATANBgkqhkiG9w0BAQsFAAOC
AQEAFRNuYN1l+9lVglaaJ5+jr9Ad/ypLRPuFJb32BYyKP94JeB8Z6axb1OriwjJs
X8tCQEvPtV1uQ40raw4Cz0sHqh2Hy7aH9sZopSYlzIOztplVR1uPTKsmFdE9bgd0
BcVQDQhBx1PtsYFP5yGzmeju2TTSFfLY4Q7UJpGFxYLe1k0db3kIR4Xj0mQoddWp
Q2weQxeT7apebS2eobC6GLZPLDC2WNG82hxIRb27yv5xsR0JCKvfpMvn4A+riGdp
Mic6jiph9J1/WxBT/CB3cVWBZ6zilaEWqBGOHhmmyoBqdyYc95p1CUrJp0ATB0RK
/aHStM9pTEZWoAnV+v2ms9akIA==
-----END CERTIFICATE-----
"""
SUBJECT = {"Subject": "Über das Schreiben"}
KNOWN = {
    "version 1": (
        NOTIFICATION,
        "1",
        "ivQBBf4g+O7S3D69JEDrH+Bm5ly0FXtIRU/RtJn4OKkW942Qz+QezJgyx0ApnP7KjcA+C9ZC3IfKDDaAWNH8G4tn4kU4n/BBZ9m+zll6HvQba8"
        "rKk2NtOxK9L6J0Nl5B2cERSCKul+aJCEX6spkLYIxL+bIF5TTkNNFtRUbaAJjkg6HHy14uX70eWYrarwPWAcns16hOPdFS/WIvTz4NsRJwlUnd"
        "2y3yBzUXzCV6Arqw2SgsPqz7Tmj62Zdnpa6iW3UaWf0goY//2kUNEWFxOO3cM7yt4/H3BZ9HHfQbH1yu3FhNsDyf2z3hhkF7c/6XBDos8xIpD1"
        "m2STUC3bqxig==",
    ),
    "version 2": (
        NOTIFICATION,
        "2",
        "GlvkHUQlerVqF7kpE7ZsoNyar9M7tqbqyNHTqTLYEFggd18HsrvGpa7yTxjWjgPvPk6xttukf0d93fOSP2slhHLSYpXJQ5RDt6MknTLNsKHxQU"
        "3l+kKsRAB2kch/xWfBFPmmGAIjRpgTiHNvBheqOXq8hoPsebfGFVP14RF7/lBFW8FQX7pJMbcqGsrb5KzjUoS2gggJTNuQ582e2TNs2Z3ulMlb"
        "H5iML+75jNbb+5jDo1I2m7Cb/8Ft49Dyl8T3KUKraIafDZC/IoknqbTo5jDAUyNHRQcuZhCdpU2yTXeSEEGE7MWNhw4TbzBA/TdI0/jD53zPPy"
        "Rasr60SO2uag==",
    ),
    "with a subject": (
        NOTIFICATION | SUBJECT,
        "2",
        "O1PEhzHdh4jcRPnsjuyTOWnyaAthSoe5DGGHwXP47/6/eSWAGgu4ikLpy+B2tLrm2VNTxuRTAF4is0Of3/xSb2IABvF/ZaJTmqeunKZOtDnodl"
        "Juz5MCBT+QDQo556dyrAuOKon7xIEuIOKm0Ta7E9koZ9+ANYHcG5RViUQd7vWxLPxVk1dOqvyhR8/nZagPO5TYyb7rCxaj8ocy+ijG1Oti0Y/F"
        "a8cVV7aakl3w8vEbqgJjR1RO8yoP9VrGntv8SWfN0KEX/XHX15bVoIELd9S9VwDUl03IEYHaEA0ziJNFW6X5iKDblZ1vsln0Ht2pYNxThxDk4H"
        "Dktvp8ukMQzQ==",
    ),
    "confirmation": (
        CONFIRMATION,
        "2",
        "pho/F44nnvJf6Seq86+otAa76YlYjbIkvzaT6wic5RrKBmqsmLgT7F4KS+bdX7ignOAInchDPQlM5+RMlPAFBZR0O5d0l29BF0vlrmJxsbRC8q"
        "ZLKx//ZC4TpMfs8J+wGMG2IiFGJbTghwVlol7wsUm0bJsIHfQImYSo2ndFwApKer6Fx7PpQrL7k78MPiJDEl8CXMOtlgPGSvoojFD3xU3MLwq+"
        "ZKS7ZFWrBwJGC1unmqYrs4ESBRNqEYbJoSru0AskFScHnsnvYtCoBzmjIx1WcsDX0rCSGZ8u/y4UQRSTQ18LcRfFmbSMK4hcho+dgQ8b2Fc5Fo"
        "nbrjdYFJM63w==",
    ),
}
HOST = "sns.eu-west-1.amazonaws.com"
PEM = "SimpleNotificationService-0123456789abcdef.pem"
# Each has fooled a check somewhere.
NOT_AMAZON = [
    f"http://{HOST}/{PEM}",
    f"https://{HOST}.evil.example.org/{PEM}",
    f"https://evil.example.org/{HOST}/{PEM}",
    f"https://{HOST}@evil.example.org/{PEM}",
    f"https://user:word@{HOST}/{PEM}",
    f"https://{HOST}:8443/{PEM}",
    f"https://{HOST}:443@evil.example.org/{PEM}",
    f"https://evil.example.org#{HOST}/{PEM}",
    f"https://evil.example.org?{HOST}/{PEM}",
    f"https://evil.example.org\\@{HOST}/{PEM}",
    f"https://sns.eu-west-1.amazonaws.com.cn.evil.example.org/{PEM}",
    f"https://sns-eu-west-1.amazonaws.com/{PEM}",
    f"https://evilsns.eu-west-1.amazonaws.com/{PEM}",
    f"https://bucket.s3.eu-west-1.amazonaws.com/{PEM}",
    f"https://sns.eu-west-1.amazonaws.co/{PEM}",
    f"https://sns.evil.amazonaws.com/{PEM}",
    f"https://sns.amazonaws.com/{PEM}",
    f"https://sns.eu-west-1.amazonawsXcom/{PEM}",
    f"https://sns.eu-west-1.evil.example.org/.amazonaws.com/{PEM}",
    f"https://{HOST}/{PEM}?next=https://evil.example.org",
    f"https://{HOST}/../{PEM}",
    f"https://{HOST}/?Action=Publish",
    f"https://{HOST}/{PEM}\n",
    f" https://{HOST}/{PEM}",
    f"https://ѕns.eu-west-1.amazonaws.com/{PEM}",
    "",
]


async def is_believed(amazon: Amazon, callback: Callback, topics: tuple[str, ...] = (ARN,)) -> bool:
    """Whether the callback is taken; raises what the check raises."""
    async with amazon.client() as http:
        await Sns(http, topics).verify(callback)
    return True


@pytest.mark.parametrize("name", KNOWN)
async def test_signatures_made_elsewhere_fit(name: str) -> None:
    envelope, version, signature = KNOWN[name]
    whole = envelope | {"SignatureVersion": version, "Signature": signature, "SigningCertURL": CERTIFICATE}
    assert await is_believed(Amazon(KNOWN_CERTIFICATE), posted(whole))


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_of_our_topic_is_believed_and_its_certificate_fetched_once(version: str) -> None:
    amazon = Amazon()
    async with amazon.client() as http:
        sns = Sns(http, [ARN])
        await asyncio.gather(*(sns.verify(posted(signed(NOTIFICATION, version))) for _ in range(5)))
        await sns.verify(posted(signed(NOTIFICATION | SUBJECT, version)))
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize("url", NOT_AMAZON)
async def test_a_certificate_from_elsewhere_is_not_even_fetched(url: str) -> None:
    amazon = Amazon()
    with pytest.raises(BadSignature, match="certificate"):
        await is_believed(amazon, posted(signed(NOTIFICATION) | {"SigningCertURL": url}))
    assert amazon.asked == []


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ap-southeast-3"])
async def test_amazon_has_many_regions(region: str) -> None:
    assert await is_believed(
        Amazon(), posted(signed(NOTIFICATION) | {"SigningCertURL": f"https://sns.{region}.amazonaws.com/{PEM}"})
    )


async def test_china_has_a_domain_of_its_own() -> None:
    url = f"https://sns.cn-north-1.amazonaws.com.cn/{PEM}"
    assert await is_believed(Amazon(), posted(signed(NOTIFICATION) | {"SigningCertURL": url}))


@pytest.mark.parametrize("topic", ["arn:aws:sns:eu-west-1:999999999999:events", f"{ARN}x", ARN.upper(), ""])
async def test_a_topic_of_somebody_else_is_refused_before_anything_is_fetched(topic: str) -> None:
    amazon = Amazon()
    with pytest.raises(BadSignature, match="topic"):
        await is_believed(amazon, posted(signed(NOTIFICATION | {"TopicArn": topic})))
    with pytest.raises(BadSignature, match="topic"):
        await is_believed(amazon, posted(signed(CONFIRMATION | {"TopicArn": topic})))
    assert amazon.asked == []


async def test_without_topics_nobody_is_believed() -> None:
    with pytest.raises(BadSignature, match="no topic"):
        await is_believed(Amazon(), posted(signed(NOTIFICATION)), ())


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Type"])
async def test_a_changed_field_does_not_fit(name: str) -> None:
    changed = {"Type": "UnsubscribeConfirmation", "Timestamp": "2020-12-22T08:59:31.123Z"}
    with pytest.raises(BadSignature):
        await is_believed(Amazon(), posted(signed(NOTIFICATION) | {name: changed.get(name, "other")}))


@pytest.mark.parametrize("name", [*NOTIFICATION, "Signature", "SignatureVersion", "SigningCertURL"])
async def test_a_missing_field_is_refused(name: str) -> None:
    envelope = signed(NOTIFICATION)
    del envelope[name]
    with pytest.raises(BadSignature):
        await is_believed(Amazon(), posted(envelope))


@pytest.mark.parametrize(
    "signature",
    ["", "AAAA", "no base64!", "é", signed(NOTIFICATION)["Signature"][:-8], signed(NOTIFICATION, "1")["Signature"]],
    ids=["none", "short", "not base64", "not ascii", "truncated", "of the other version"],
)
async def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        await is_believed(Amazon(), posted(signed(NOTIFICATION) | {"Signature": signature}))


@pytest.mark.parametrize("version", ["", "0", "3", "1 "])
async def test_an_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(BadSignature, match="version"):
        await is_believed(Amazon(), posted(signed(NOTIFICATION) | {"SignatureVersion": version}))


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (timedelta(0), True),
        (timedelta(hours=1, minutes=5), True),
        (timedelta(hours=6), True),
        (timedelta(hours=6, seconds=1), False),
        (timedelta(days=30), False),
        (timedelta(minutes=-15), True),
        (timedelta(minutes=-15, seconds=-1), False),
    ],
    ids=str,
)
async def test_a_message_is_believed_for_longer_than_sns_tries_and_not_for_ever(age: timedelta, good: bool) -> None:
    stamp = (NOW - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    callback = posted(signed(NOTIFICATION | {"Timestamp": stamp}))
    if good:
        await is_believed(Amazon(), callback)
        return
    with pytest.raises(BadSignature, match="timestamp"):
        await is_believed(Amazon(), callback)


@pytest.mark.parametrize("stamp", ["", "yesterday", "2020-12-22T08:59:30", "1608627570"])
async def test_a_time_that_cannot_be_read_is_refused(stamp: str) -> None:
    with pytest.raises(BadSignature, match="timestamp"):
        await is_believed(Amazon(), posted(signed(NOTIFICATION | {"Timestamp": stamp})))


@pytest.mark.parametrize(
    "pem",
    [
        certificate(2019),
        certificate(2021),
        certificate(elliptic=True),
        KNOWN_CERTIFICATE,
        b"<html>no</html>",
        b"\xff\x00",
    ],
    ids=["expired", "not yet", "elliptic", "somebody else's", "a page", "bytes"],
)
async def test_a_certificate_that_does_not_do_is_refused(pem: bytes) -> None:
    with pytest.raises(BadSignature):
        await is_believed(Amazon(pem), posted(signed(NOTIFICATION)))


async def test_without_its_certificate_a_message_must_come_again_and_is_believed_then() -> None:
    amazon = Amazon(failures=1)
    async with amazon.client() as http:
        sns = Sns(http, [ARN])
        with pytest.raises(CannotTell, match="500"):
            await sns.verify(posted(signed(NOTIFICATION)))
        await sns.verify(posted(signed(NOTIFICATION)))
    assert amazon.asked == [CERTIFICATE] * 2


async def test_where_amazon_does_not_answer_a_message_must_come_again() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("")

    async with httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as http:
        with pytest.raises(CannotTell, match="no answer"):
            await Sns(http, [ARN]).verify(posted(signed(NOTIFICATION)))


async def test_a_certificate_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadSignature, match="could not be fetched"):
        await is_believed(Amazon(status=404), posted(signed(NOTIFICATION)))


async def test_a_redirect_of_the_certificate_is_not_followed() -> None:
    amazon = Amazon(status=302, location="https://evil.example.org/key.pem")
    with pytest.raises(BadSignature):
        await is_believed(amazon, posted(signed(NOTIFICATION)))
    assert set(amazon.asked) == {CERTIFICATE}


async def test_only_so_many_certificates_are_kept() -> None:
    amazon = Amazon()
    async with amazon.client() as http:
        sns = Sns(http, [ARN])
        urls = [f"https://{HOST}/SimpleNotificationService-{number}.pem" for number in range(KEPT_CERTIFICATES + 1)]
        for url in [*urls, urls[-1], urls[0]]:
            await sns.verify(posted(signed(NOTIFICATION) | {"SigningCertURL": url}))
    assert amazon.asked == [*urls, urls[0]]


async def test_a_subscription_to_our_topic_is_confirmed() -> None:
    amazon = Amazon()
    await is_believed(amazon, posted(signed(CONFIRMATION)))
    assert amazon.asked == [CERTIFICATE, CONFIRM]


async def test_a_subscription_without_a_genuine_signature_is_not_confirmed() -> None:
    amazon = Amazon()
    with pytest.raises(BadSignature):
        await is_believed(amazon, posted(signed(CONFIRMATION) | {"Token": "another"}))
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/?Action=ConfirmSubscription&Token=1",
        f"https://{HOST}@evil.example.org/?Action=ConfirmSubscription&Token=1",
        f"https://{HOST}.evil.example.org/?Action=ConfirmSubscription&Token=1",
        f"https://{HOST}:444/?Action=ConfirmSubscription&Token=1",
        f"https://{HOST}/?Action=Publish&Message=hello",
        f"https://{HOST}/?Action=ConfirmSubscription&Token=1#@evil.example.org",
        "https://evil.example.org/?Action=ConfirmSubscription&Token=1",
    ],
)
async def test_a_subscription_is_confirmed_at_amazons_alone(url: str) -> None:
    amazon = Amazon()
    with pytest.raises(BadSignature, match="subscription"):
        await is_believed(amazon, posted(signed(CONFIRMATION | {"SubscribeURL": url})))
    assert amazon.asked == [CERTIFICATE]


async def test_a_confirmation_that_fails_is_told() -> None:
    amazon = Amazon()
    async with amazon.client() as http:
        sns = Sns(http, [ARN])
        await sns.verify(posted(signed(NOTIFICATION)))
        amazon.status = 403
        with pytest.raises(BadSignature, match="could not be confirmed"):
            await sns.verify(posted(signed(CONFIRMATION)))
        amazon.status = 503
        with pytest.raises(CannotTell, match="could not be confirmed: 503"):
            await sns.verify(posted(signed(CONFIRMATION)))


async def test_the_end_of_a_subscription_is_believed_and_nothing_is_fetched_for_it() -> None:
    amazon = Amazon()
    await is_believed(amazon, posted(signed(CONFIRMATION | {"Type": "UnsubscribeConfirmation"})))
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"TopicArn": 5}', b'"text"'])
async def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        await is_believed(Amazon(), posted(body))


@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused_and_read_without_an_error(body: bytes) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(is_believed(Amazon(), posted(body)))
    notice_of(posted(body))


def test_a_notice_is_read() -> None:
    found = notice_of(notice({"a": 1}))
    assert found is not None
    assert (found.message_id, found.said, found.at.isoformat()) == (MESSAGE_ID, {"a": 1}, f"{STAMP[:-1]}000+00:00")
    text = notice_of(notice("hello"))
    assert text is not None
    assert (text.text, text.said) == ("hello", None)
    assert notice_of(posted(signed(CONFIRMATION))) is None


def test_topics_are_listed_with_commas_and_must_be_arns() -> None:
    assert topics_of(Options("ses", (TOPICS,), {"topics": f"{ARN}, {ARN}.fifo,"})) == (ARN, f"{ARN}.fifo")
    assert topics_of(Options("ses", (TOPICS,), {})) == ()
    for wrong in ("events", f"{ARN} x", "arn:aws:sqs:eu-west-1:123456789012:events"):
        with pytest.raises(BadSetting) as caught:
            topics_of(Options("ses", (TOPICS,), {"topics": wrong}))
        assert caught.value.thing == "SES_TOPICS"
