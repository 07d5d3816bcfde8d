"""reminder doctor: exit codes, words and JSON; and no secret in it, nor in anything else that tells how the service is."""

import base64
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.states import Channel
from reminder.providers.options import setting_name
from reminder.providers.registry import REGISTRY, provider_class
from tests.cli.office import Office

PASSWORD = "correct-horse-battery"


def test_before_the_first_command_it_says_what_to_run(nowhere: Office) -> None:
    said = nowhere.say("doctor --json")
    found = json.loads(said.out)
    assert (said.code, found["well"]) == (1, False)
    assert {each["id"]: each["level"] for each in found["findings"]} == {"keys": "fault", "data-folder": "fault"}
    assert {key for each in found["findings"] for key in each} == {"id", "level", "sentence", "remedy"}


def test_a_fresh_installation_has_warnings_and_no_fault(office: Office) -> None:
    said = office.say("doctor")
    assert (said.code, said.err) == (0, "")
    assert "warning  heartbeat: The service has never run.\n         Start it with `reminder run`." in said.out
    office.done("tick")
    assert "heartbeat" not in office.say("doctor").out


def test_a_fault_makes_the_exit_code_one_and_says_what_is_next(office: Office) -> None:
    office.env_file.chmod(0o644)
    said = office.say("doctor")
    assert (said.code, said.next) == (1, "mend the faults, then `reminder doctor`")
    assert "fault    settings-file" in said.out


def test_settings_that_cannot_be_read_are_a_finding_too(office: Office) -> None:
    wrong = office.with_settings(ZONE="Mars/Base").say("doctor --json")
    assert [each["id"] for each in json.loads(wrong.out)["findings"]] == ["settings"]
    limited = office.with_settings(PROVIDER_LIMITS="nobody:5/s").say("doctor --json")
    found = {each["id"]: each["sentence"] for each in json.loads(limited.out)["findings"]}
    assert found["provider-settings"] == "PROVIDER_LIMITS: names nobody, which is no provider."


class Repeats(BaseHTTPRequestHandler):
    """A careless server that refuses everything and repeats what it was given."""

    def _refuse(self) -> None:
        said = [str(value) for value in self.headers.values()]
        said += [base64.b64decode(value[6:]).decode() for value in said if value.startswith("Basic ")]
        body = json.dumps(
            {"message": f"{self.path} {' '.join(said)}", "errors": [{"message": " ".join(said)}]}
        ).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _refuse

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def careless() -> Iterator[str]:
    """The address of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Repeats)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def every_provider(url: str, folder: Path) -> tuple[dict[str, str], set[str]]:
    """Settings that use every provider that really sends, before one server; and the secrets that are in them.

    What has several lines is put into a file in `folder`.
    """
    values, secrets = {}, set()
    for name in REGISTRY:
        kind = provider_class(name)
        if not kind.capabilities.real:
            continue
        options: dict[str, str] = dict(
            importlib.import_module(f"tests.providers.samples.{name.replace('-', '_')}").LEAST
        )
        if "url" in {option.name for option in kind.options}:
            options["url"] = url
        secret = {option.name for option in kind.options if option.secret}
        for option, value in options.items():
            if "\n" in value:
                (folder / f"{name}.{option}").write_text(value)
            values[setting_name(name, option)] = str(folder / f"{name}.{option}") if "\n" in value else value
        secrets |= {line for option, value in options.items() if option in secret for line in value.splitlines()}
    real = [name for name in REGISTRY if provider_class(name).capabilities.real]
    for channel in Channel:
        names = [name for name in real if provider_class(name).channel is channel]
        values[f"{channel.name}_PROVIDERS"] = ",".join(names)
    return values, secrets


def test_no_secret_is_in_anything_that_tells_how_the_service_is(office: Office, careless: str, tmp_path: Path) -> None:
    values, secrets = every_provider(careless, tmp_path)
    values |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "SMTP_USER": "letters", "SMTP_PASSWORD": PASSWORD}
    of_file = dict(line.split("=", 1) for line in office.env_file.read_text().splitlines() if "_KEY" in line)
    secrets |= {PASSWORD, of_file["INDEX_KEY"], of_file["DATA_KEYS"].partition(":")[2]}
    talkative = office.with_settings(**values, LOG_LEVEL="debug", IMAP_PASSWORD=PASSWORD, PUBLIC_URL="http://a.invalid")
    said = [
        talkative.say(line)
        for line in ("doctor", "doctor --json", "providers list", "providers list --json", "providers check")
    ]
    said += [talkative.say(line) for line in ("status", "status --json", "tick", "tick --json")]
    found = json.loads(said[1].out)["findings"]
    tried = {each["sentence"].partition(":")[0] for each in found if each["id"] == "provider-key"}
    assert tried == {name for name in REGISTRY if provider_class(name).capabilities.real}, "each was really tried"
    assert len(secrets) > 3
    leaks = [(number, word) for number, each in enumerate(said) for word in secrets if word in each.out + each.err]
    assert leaks == []


def test_a_database_whose_password_is_wrong_does_not_show_it(office: Office) -> None:
    url = f"postgresql://reminder:{PASSWORD}@127.0.0.1:1/reminder"
    said = office.with_settings(DATABASE_URL=url, LOG_LEVEL="debug").say("doctor")
    assert said.code == 1
    assert "fault    database" in said.out
    assert PASSWORD not in said.out + said.err
