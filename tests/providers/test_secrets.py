"""No secret of any provider comes out anywhere, whatever goes wrong and whatever the other side repeats."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from reminder.errors import Trouble
from reminder.providers.contract import BadSignature, Callback, NotChecked, Provider
from reminder.providers.http import HttpProvider, Unanswered
from reminder.providers.registry import REGISTRY, build, provider_class
from tests.cli.office import Office
from tests.fakes.http import FakeHttp, Reply, Request, json_reply
from tests.fakes.http_thread import served
from tests.providers.callbacks import Happening
from tests.providers.made_up import hidden, options, settings
from tests.providers.people import NOW, call
from tests.providers.test_callbacks import about, sample
from tests.providers.test_conformance import everybody
from tests.providers.test_faults import NAMES

HIDDEN = hidden()


# What every client sends; before what it repeats of us, a receipt's text would be full.
EVERYBODY_SENDS = ("host", "accept", "connection", "user-agent", "content-")


def repeats(status: int) -> Callable[[Request], Reply]:
    """A careless server: it shows what it was sent, first what opens its door."""

    def answer(request: Request) -> Reply:
        keys = [text for name, text in request.headers.items() if not name.startswith(EVERYBODY_SENDS)]
        fields = [text for name, text in request.form.items() if "sec" in name] if b"=" in request.body else []
        said = " ".join([*keys, *fields, request.target])
        return json_reply({"message": said, "Message": said, "errors": [{"message": said, "detail": said}]}, status)

    return answer


ANSWERS: dict[str, Reply | Callable[[Request], Reply]] = {
    **{str(status): repeats(status) for status in (200, 201, 202, 301, 400, 401, 403, 404, 422, 429, 500, 503)},
    "never": Reply(hangs=True),
    "closes": Reply(drops=True),
    "breaks off": Reply(200, b'{"id": "a-long-answer"}', breaks_off=True),
}


def seen(*texts: object) -> list[str]:
    """Which of the secrets these texts hold."""
    whole = "\n".join(map(str, texts))
    return [word for word in HIDDEN if word in whole]


async def everything(provider: Provider) -> list[object]:
    """Whatever a provider can be asked, and what it says, errors included."""
    said: list[object] = []
    people = everybody(provider)
    said += await provider.send(call(provider.channel, *people[:2]))
    for ask in (provider.check, provider.suppressions):
        try:
            said.append(await ask())
        except (Trouble, NotChecked, Unanswered) as error:
            said += [error, repr(error), *error.args]
    try:
        await provider.verify(Callback("POST", "https://reminder.example.org/hooks?key=guess", {}, b"{}", NOW))
    except BadSignature as error:
        said += [error, repr(error)]
    return [*said, repr(provider), repr(vars(provider)), provider.capabilities]


def test_there_is_a_made_up_value_for_every_secret() -> None:
    secrets = [option for name in REGISTRY for option in provider_class(name).options if option.secret]
    assert len(secrets) >= 20
    assert len(HIDDEN) == len(set(HIDDEN))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_no_secret_comes_out_of_a_provider_whatever_it_is_answered(
    name: str, answer: Reply | Callable[[Request], Reply], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with FakeHttp(answer) as server, httpx.AsyncClient(timeout=httpx.Timeout(20, read=0.3)) as http:
        said = await everything(build(name, options(name, server.url), http))
        assert server.requests
    assert seen(*said, caplog.text) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://nobody.invalid"])
async def test_no_secret_comes_out_where_nobody_is_found(name: str, url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with httpx.AsyncClient() as http:
        said = await everything(build(name, options(name, url), http))
    assert seen(*said, caplog.text) == []


@pytest.mark.parametrize("name", [name for name in REGISTRY if issubclass(provider_class(name), HttpProvider)])
def test_no_secret_comes_out_of_a_callback(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = build(name, options(name), httpx.AsyncClient())
    told = [repr(provider.parse(make(about(name)))) for make in sample(name)[1].values()]
    assert sample(name)[1].keys() >= {Happening.DELIVERED}
    assert seen(*told, caplog.text) == []


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.done("init")
    return office


LINES = [
    "status",
    "status --json",
    "providers list",
    "providers list --json",
    "providers check",
    "doctor",
    "doctor --json",
]


def test_no_secret_comes_out_of_the_command_line(office: Office) -> None:
    mails = ",".join(name for name in NAMES if provider_class(name).channel.name == "EMAIL")
    texts = ",".join(name for name in NAMES if provider_class(name).channel.name == "SMS")
    with served(repeats(401)) as url:
        told = office.with_settings(
            EMAIL_PROVIDERS=mails,
            SMS_PROVIDERS=texts,
            LOG_LEVEL="debug",
            PUBLIC_URL="https://letters.example.org",
            **settings(url),
        )
        said = {line: told.say(line) for line in LINES}
    assert {line for line, one in said.items() if seen(one.out, one.err)} == set()
    assert all(name in said["providers check"].out for name in NAMES)


def test_no_secret_is_in_the_database(office: Office) -> None:
    with served(repeats(401)) as url:
        told = office.with_settings(EMAIL_PROVIDERS="sendgrid", SMS_PROVIDERS="kannel", **settings(url))
        told.say("tick")
    with sqlite3.connect(office.database_file) as database:
        assert seen("\n".join(database.iterdump())) == []


def test_a_setting_that_is_wrong_is_told_without_its_value(office: Office) -> None:
    wrong = [
        ("SENDGRID_URL", "ftp://hush-sendgrid-api-key-7f3a"),
        ("TWILIO_CONNECTIONS", "hush-twilio-auth-token-7f3a"),
        ("POSTMARK_HOOK_LOGINS", "hush-postmark-hook-logins-7f3a"),
        ("VONAGE_MESSAGES_PRIVATE_KEY", "hush-vonage-messages-private-key-7f3a"),
        ("RESEND_WEBHOOK_SECRETS", "hush-resend-webhook-secrets-7f3a"),
    ]
    mails, texts = "sendgrid,postmark,resend", "twilio,vonage-messages"
    for name, value in wrong:
        given = settings("http://127.0.0.1:9") | {name: value}
        said = office.with_settings(EMAIL_PROVIDERS=mails, SMS_PROVIDERS=texts, **given).say("providers check")
        assert said.code != 0
        assert name in said.err
        assert "hush" not in f"{said.out}{said.err}"
