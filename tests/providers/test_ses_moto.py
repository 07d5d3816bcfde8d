"""Amazon SES before moto, which checks our signatures with code of its own."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest

from reminder.domain.states import Channel, Fault, Verdict
from reminder.providers.aws import ACCESS, Signer
from reminder.providers.options import Options
from reminder.providers.registry import build
from tests.providers.over_http import full_content
from tests.providers.people import NOW, SENDER, call

# What is done before keys are looked at: a user, his key, his rights, and our sender.
BEFORE_KEYS_COUNT = 4
RIGHTS = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}]}'


@dataclass(frozen=True)
class Moto:
    """A running server and the key of a user who may send."""

    url: str
    key: str
    secret: str

    def options(self, **more: str) -> dict[str, str]:
        return {
            "url": self.url,
            "region": "eu-west-1",
            "access_key": self.key,
            "secret_key": self.secret,
            "configuration_set": "reminders",
        } | more


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    environment = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(BEFORE_KEYS_COUNT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = next(found[0] for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            key, secret = _user(url)
            yield Moto(url, key, secret)
        finally:
            server.kill()


def _user(url: str) -> tuple[str, str]:
    """A user who may send mail, and our sender's address as verified."""

    def asked(service: str, path: str, **body: object) -> str:
        given = {"region": "us-east-1" if service == "iam" else "eu-west-1", "access_key": "any", "secret_key": "any"}
        auth = Signer(service, Options("ses", ACCESS, given)).at(NOW)
        # A page of logs fills the pipe only after hundreds of requests.
        answer = httpx.post(url + path, auth=auth, **body)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer.text

    asked("iam", "/", data={"Action": "CreateUser", "UserName": "sender", "Version": "2010-05-08"})
    policy = {"UserName": "sender", "PolicyName": "send", "PolicyDocument": RIGHTS, "Version": "2010-05-08"}
    asked("iam", "/", data={"Action": "PutUserPolicy", **policy})
    asked("ses", "/v2/email/identities", json={"EmailIdentity": SENDER})
    made = asked("iam", "/", data={"Action": "CreateAccessKey", "UserName": "sender", "Version": "2010-05-08"})
    key, secret = (re.search(rf"<{name}>([^<]+)<", made) for name in ("AccessKeyId", "SecretAccessKey"))
    assert key is not None
    assert secret is not None
    return key[1], secret[1]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_a_genuine_signature_is_taken(moto: Moto, http: httpx.AsyncClient) -> None:
    [receipt] = await build("ses", moto.options(), http).send(call(Channel.EMAIL, 1, what=full_content()))
    assert (receipt.verdict, receipt.fault) == (Verdict.ACCEPTED, Fault.NONE)
    assert receipt.provider_id


@pytest.mark.parametrize("more", [{"secret_key": "x" * 40}, {"access_key": "AKIAXXXXXXXXXXXXXXXX"}])
async def test_another_key_is_refused_and_nobodys_message_is_lost(
    moto: Moto, http: httpx.AsyncClient, more: dict[str, str]
) -> None:
    receipts = await build("ses", moto.options(**more), http).send(call(Channel.EMAIL, 1))
    assert {(receipt.verdict, receipt.fault) for receipt in receipts} == {(Verdict.RETRY, Fault.ACCOUNT)}


async def test_a_body_that_was_changed_on_its_way_is_refused(moto: Moto, http: httpx.AsyncClient) -> None:
    async def change(request: httpx.Request) -> None:
        body = request.content.replace(b"Reminder", b"reminder")
        request.stream = httpx.ByteStream(body)

    async with httpx.AsyncClient(event_hooks={"request": [change]}) as meddler:
        [receipt] = await build("ses", moto.options(), meddler).send(call(Channel.EMAIL, 1, what=full_content()))
    assert (receipt.verdict, receipt.fault) == (Verdict.RETRY, Fault.ACCOUNT)
