"""That what the adapters send is really judged: the descriptions refuse what a provider would."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from reminder.providers.registry import REGISTRY
from tests.fakes.http import FakeHttp, Request
from tests.providers.descriptions import FILES, FOLDER, described
from tests.providers.judges import judge_of
from tests.providers.people import call
from tests.providers.samples import SECRET
from tests.providers.test_conformance import everybody, stand

JUDGED = [name for name in REGISTRY if judge_of(name)]
# How a field without which nothing goes is called.
NEEDED = {
    "sendgrid": "from",
    "resend": "to",
    "mailgun": "subject",
    "twilio": "To",
    "vonage": "to",
    "vonage-messages": "message_type",
    "telnyx": "to",
    "infobip": "messages",
    "ses": "BulkEmailEntries",
    "aws-sms": "DestinationPhoneNumber",
}


async def sent(name: str, folder: Path) -> Request:
    """A request as the adapter makes it."""
    async with stand(name, folder) as ready:
        assert isinstance(ready.server, FakeHttp)
        assert ready.server.judge is not None
        await ready.provider.send(call(ready.provider.channel, *everybody(ready.provider)))
        return ready.server.requests[0]


def with_body(request: Request, change: Callable[[dict[str, Any]], object]) -> Request:
    """The request with a body that was changed, in the form that it has."""
    kind = request.headers["content-type"]
    if kind.startswith("application/x-www-form-urlencoded"):
        form = dict(request.form)
        change(form)
        return replace(request, body=urlencode(form).encode())
    if kind.startswith("multipart/"):
        boundary = kind.partition("boundary=")[2]
        parts: dict[str, Any] = {}
        for field, text in request.parts:
            parts.setdefault(field, []).append(text)
        change(parts)
        lines = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{text}\r\n'
            for field, texts in parts.items()
            for text in ([texts] if isinstance(texts, str) else texts)
        ]
        return replace(request, body="".join([*lines, f"--{boundary}--\r\n"]).encode())
    body = request.json
    change(body[0] if isinstance(body, list) else body)
    return replace(request, body=orjson.dumps(body))


def judged(name: str, request: Request) -> list[str]:
    judge = judge_of(name)
    assert judge is not None
    return judge(request)


@pytest.mark.parametrize("name", described())
def test_a_description_that_is_here_belongs_to_a_provider(name: str) -> None:
    assert name in REGISTRY
    assert {file.name for file in FOLDER.glob("*.json")} == set(FILES.values())


@pytest.mark.parametrize("name", JUDGED)
async def test_what_an_adapter_sends_is_as_its_description_says(name: str, tmp_path: Path) -> None:
    assert judged(name, await sent(name, tmp_path)) == []


@pytest.mark.parametrize("name", JUDGED)
async def test_a_field_that_nobody_knows_is_found(name: str, tmp_path: Path) -> None:
    wrong = with_body(await sent(name, tmp_path), lambda body: body.update(replyToo="x"))
    assert "replyToo" in " ".join(judged(name, wrong))


@pytest.mark.parametrize("name", [name for name in JUDGED if name in NEEDED])
async def test_a_field_that_is_missing_is_found(name: str, tmp_path: Path) -> None:
    wrong = with_body(await sent(name, tmp_path), lambda body: body.pop(NEEDED[name]))
    assert judged(name, wrong)


@pytest.mark.parametrize("name", [name for name in JUDGED if name in NEEDED])
async def test_a_field_of_another_type_is_found(name: str, tmp_path: Path) -> None:
    request = await sent(name, tmp_path)
    if not request.headers["content-type"].startswith("application/x-www-form") and name != "mailgun":
        assert judged(name, with_body(request, lambda body: body.update({NEEDED[name]: {"a": 1}})))


@pytest.mark.parametrize("name", JUDGED)
async def test_another_path_method_or_content_type_is_found(name: str, tmp_path: Path) -> None:
    request = await sent(name, tmp_path)
    assert judged(name, replace(request, target=f"{request.target.rstrip('/')}/x/y"))
    if name != "aws-sms":
        assert judged(name, replace(request, method="PUT"))
        assert name == "ses" or judged(name, replace(request, headers=request.headers | {"content-type": "text/plain"}))
    else:
        assert judged(name, replace(request, headers=request.headers | {"x-amz-target": "PinpointSMSVoiceV2.Send"}))


@pytest.mark.parametrize("name", [name for name in JUDGED if name not in {"ses", "aws-sms", "vonage"}])
async def test_a_request_without_its_key_is_found(name: str, tmp_path: Path) -> None:
    request = await sent(name, tmp_path)
    headers = {key: text for key, text in request.headers.items() if SECRET not in text and key != "authorization"}
    assert judged(name, replace(request, headers=headers))


async def test_a_server_with_a_judge_fails_the_test_that_sends_it_something_wrong() -> None:
    server = FakeHttp(judge=lambda request: ["body: none is expected"])
    async with server:
        server._judge(Request("POST", "/v3/mail/send", {}, b"x"))
        assert server.judged == ["POST /v3/mail/send: body: none is expected"]
        found, server.judged = server.judged, []
    assert found


def test_limits_of_amazons_models_are_kept() -> None:
    asked = {
        "DestinationPhoneNumber": "+447700900101",
        "MessageBody": "x" * 1601,
        "TimeToLive": 4,
        "MessageType": "SHOUT",
    }
    target = {"x-amz-target": "PinpointSMSVoiceV2.SendTextMessage"}
    found = judged("aws-sms", Request("POST", "/", target, orjson.dumps(asked)))
    assert {".MessageBody: size", ".MessageType: choice"} <= set(found)
    assert [fault for fault in found if "TimeToLive" in fault]
