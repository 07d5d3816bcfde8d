"""What stands at the relay's door: addresses, texts, certificates, passwords, settings."""

from pathlib import Path

import httpx
import pytest

from reminder.domain.message import Recipient
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import BadSetting
from reminder.providers.registry import build
from tests.fakes.certificates import make_certificate
from tests.fakes.smtp import Act, FakeSmtp, Stage
from tests.providers.people import call, content, wire_id
from tests.providers.relay import relay, verdicts

EMAIL = Channel.EMAIL
ACCEPTED, REJECTED, RETRY = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY

ODD = {
    "command smuggled in": ("davi@example.net>\r\nRCPT TO:<ivo@example.net", Fault.ADDRESS),
    "no domain": ("davi", Fault.ADDRESS),
    "blank": ("da vi@example.net", Fault.ADDRESS),
    "not ASCII, not offered": ("dávi@example.net", Fault.CONTENT),
}


@pytest.mark.parametrize(("address", "fault"), ODD.values(), ids=ODD.keys())
async def test_an_address_that_cannot_go_on_the_wire_is_refused_here(address: str, fault: Fault) -> None:
    odd = Recipient(4, wire_id(4), address, ("davi@example.net", wire_id(4), "https://example.org/l/4"))
    async with FakeSmtp() as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, to=[odd]))
    assert [(r.verdict, r.fault) for r in receipts] == [(REJECTED, fault)]
    assert [command for command in server.commands if command.startswith(("MAIL", "RCPT"))] == []
    assert address not in receipts[0].detail


async def test_an_address_beyond_ascii_goes_where_the_server_takes_it() -> None:
    address = "dávi@example.net"
    davi = Recipient(4, wire_id(4), address, (address, wire_id(4), "https://example.org/l/4"))
    async with FakeSmtp(extensions=("PIPELINING", "8BITMIME", "SMTPUTF8")) as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, to=[davi]))
    assert verdicts(receipts) == {4: ACCEPTED}
    assert server.accepted[0].recipient == address
    assert "MAIL FROM:<appeals@example.org> BODY=8BITMIME SMTPUTF8" in server.commands


BAD_TEXTS = {
    "a lone line feed": "two\nlines\r\n",
    "a lone dot between lone line feeds": "end\n.\nMAIL FROM:<evil@example.net>\r\n",
    "a lone carriage return": "two\rlines\r\n",
    "not ASCII": "dávno\r\n",
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
async def test_a_text_that_a_server_could_misread_is_set_aside(text: str) -> None:
    async with FakeSmtp() as server, relay(server.port) as provider:
        receipts = await provider.send(call(EMAIL, 1, what=content(EMAIL, text)))
    assert [(r.verdict, r.fault) for r in receipts] == [(REJECTED, Fault.CONTENT)]
    assert server.accepted == []


async def test_bounces_go_to_the_envelope_sender_when_there_is_one() -> None:
    async with FakeSmtp() as server, relay(server.port, envelope_sender="bounces@example.org") as provider:
        await provider.send(call(EMAIL, 1))
    assert server.accepted[0].sender == "bounces@example.org"


async def test_with_verp_each_bounce_comes_back_to_an_address_that_names_its_message() -> None:
    settings = {"envelope_sender": "bounces@example.org", "verp": True}
    async with FakeSmtp() as server, relay(server.port, **settings) as provider:
        await provider.send(call(Channel.EMAIL, 1, 2))
    assert [taken.sender for taken in server.accepted] == [f"bounces+{wire_id(n)}@example.org" for n in (1, 2)]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_tls_and_login_with_a_certificate_that_we_trust(tls: str, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    contexts = {tls: certificate.server}
    door = {"tls": tls, "ca_file": str(certificate.file), "user": "appeals", "password": "secret"}
    async with (
        FakeSmtp(login=("appeals", "secret"), **contexts) as server,  # type: ignore[arg-type]
        relay(server.port, **door) as provider,  # type: ignore[arg-type]
    ):
        receipts = await provider.send(call(EMAIL))
        await provider.send(call(EMAIL, 1))
    assert set(verdicts(receipts).values()) == {ACCEPTED}
    assert (server.taken(wire_id(1)), server.taken(wire_id(2))) == (2, 1)
    assert server.connections == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise(tls: str, tmp_path: Path) -> None:
    contexts = {tls: make_certificate(tmp_path).server}
    async with FakeSmtp(**contexts) as server:  # type: ignore[arg-type]
        async with relay(server.port, tls=tls) as provider:
            refused = await provider.send(call(EMAIL, 1))
        async with relay(server.port, tls=tls, verify=False) as provider:
            trusted = await provider.send(call(EMAIL, 2))
    assert [(r.verdict, r.fault, r.detail) for r in refused] == [
        (RETRY, Fault.ACCOUNT, "the server's certificate is not trusted")
    ]
    assert verdicts(trusted) == {2: ACCEPTED}


async def test_a_long_text_over_tls_arrives_whole(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    text = ("y" * 70 + "\r\n") * 30_000
    async with (
        FakeSmtp(implicit=certificate.server) as server,
        relay(server.port, tls="implicit", ca_file=str(certificate.file)) as provider,
    ):
        receipts = await provider.send(call(EMAIL, 1, what=content(EMAIL, text)))
    assert verdicts(receipts) == {1: ACCEPTED}
    assert text.encode() in server.accepted[0].text


async def test_a_server_without_starttls_never_gets_the_message_in_the_clear() -> None:
    async with (
        FakeSmtp(login=("appeals", "secret")) as server,
        relay(server.port, tls="starttls", user="appeals", password="secret") as provider,
    ):
        receipts = await provider.send(call(EMAIL, 1))
    assert [(r.verdict, r.fault) for r in receipts] == [(RETRY, Fault.ACCOUNT)]
    assert [command[:4] for command in server.commands if command[:4] in ("AUTH", "MAIL")] == []


async def test_a_server_that_cannot_check_the_password_just_now_is_not_our_fault() -> None:
    acts = [Act(Stage.AUTH, reply="454 4.7.0 temporary failure")]
    async with (
        FakeSmtp(acts, login=("appeals", "secret")) as server,
        relay(server.port, user="appeals", password="secret") as provider,
    ):
        receipts = await provider.send(call(EMAIL, 1))
    assert [(r.verdict, r.fault, r.code) for r in receipts] == [(RETRY, Fault.NONE, "454")]


BAD_SETTINGS = {
    "port": ({"port": "many"}, "SMTP_PORT"),
    "port too high": ({"port": "70000"}, "SMTP_PORT"),
    "tls": ({"tls": "maybe"}, "SMTP_TLS"),
    "verify": ({"verify": "perhaps"}, "SMTP_VERIFY"),
    "connections": ({"connections": "0"}, "SMTP_CONNECTIONS"),
    "password in the clear": ({"tls": "none", "user": "appeals", "password": "secret"}, "SMTP_TLS"),
    "host with a blank": ({"host": "mail example.org"}, "SMTP_HOST"),
    "host with a label too long": ({"host": "m" * 70 + ".example.org"}, "SMTP_HOST"),
    "greeting with a command": ({"hello_name": "me\r\nMAIL FROM:<>"}, "SMTP_HELLO_NAME"),
    "authority": ({"ca_file": "no/such/file.pem"}, "SMTP_CA_FILE"),
    "envelope sender": ({"envelope_sender": "bounces"}, "SMTP_ENVELOPE_SENDER"),
    "verp without an envelope sender": ({"verp": "yes"}, "SMTP_VERP"),
    "verp without room": ({"verp": "yes", "envelope_sender": f"{'b' * 31}@example.org"}, "SMTP_VERP"),
}


@pytest.mark.parametrize(("options", "thing"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
async def test_a_bad_setting_is_named(options: dict[str, str], thing: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting) as caught:
            build("smtp", {"host": "mail.example.org", **options}, http)
    assert caught.value.thing == thing
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_a_password_may_go_in_the_clear_to_this_machine_alone(host: str) -> None:
    async with httpx.AsyncClient() as http:
        provider = build("smtp", {"host": host, "tls": "none", "user": "appeals", "password": "secret"}, http)
    assert provider.capabilities.keeps_message_id
