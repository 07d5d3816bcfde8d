"""The daemon as a process of its own: it starts, keeps others out, and ends when it is told to."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pkgutil import resolve_name

import httpx
import pytest

from reminder.cli import main
from reminder.clock import SystemClock
from tests.cli.office import Office
from tests.fakes.imap import PASSWORD, USER, mail_server
from tests.repository import ROOT

# What a machine that is busy with other tests may take to start Python and to import everything.
PATIENCE_SECONDS = 60
# What `run` promises.
ENDS_WITHIN_SECONDS = 10


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "reminder", *words]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shell's, in which a second start of Python need not compile everything again, whatever the shell says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "WEB_PORT": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled")),
    }


@contextmanager
def daemon(
    office: Office, environment: dict[str, str], *options: str, until: str = "daemon_started"
) -> Iterator[subprocess.Popen[str]]:
    """`reminder run` in the office's folder, from the moment at which its log says `until`."""
    running = subprocess.Popen(
        command("run", *options),
        cwd=office.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stderr is not None
        for line in running.stderr:
            if until in line:
                break
        yield running
    finally:
        running.kill()
        running.communicate()


@pytest.fixture
def now(office: Office) -> Office:
    """The office today: the daemon has no other clock than the machine's."""
    return Office(office.folder, clock=SystemClock())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_ends_within_ten_seconds_of_the_signal_and_leaves_the_database_free(
    now: Office, environment: dict[str, str], number: signal.Signals
) -> None:
    with daemon(now, environment) as running:
        began = time.monotonic()
        running.send_signal(number)
        out, err = running.communicate(timeout=PATIENCE_SECONDS)
        assert time.monotonic() - began < ENDS_WITHIN_SECONDS
    assert running.returncode == 0, err
    assert out.endswith("next: `reminder status`\n")
    assert "cut_off=0" in err
    assert "Traceback" not in err
    now.done("tick")


def test_while_one_daemon_runs_a_second_and_a_tick_are_refused_and_a_dead_one_is_in_nobodys_way(
    now: Office, environment: dict[str, str]
) -> None:
    with daemon(now, environment):
        for line in ("run", "tick"):
            said = now.say(line)
            assert said.code == 1
            assert said.errors == [
                "error: Another Reminder: works on this database already. Stop it first, or leave the work to it."
            ]
        assert "Campaigns: none" in now.done("status").out
    now.done("tick")


def test_after_a_long_standstill_the_daemon_says_why_it_waits_and_how_it_is_told_to_go_on(
    now: Office, environment: dict[str, str]
) -> None:
    Office(now.folder).done("tick")
    assert "Nothing is sent: the clock went ahead" in now.done("status").out
    with daemon(now, environment, until="nothing_is_sent"):
        pass
    assert "Nothing is sent: the clock went ahead" in now.done("status").out
    with daemon(now, {**environment, "LOG_LEVEL": "debug"}, "--clock-is-right", until="heartbeat_done"):
        pass
    assert "Nothing is sent" not in now.done("status").out


def test_the_module_and_the_installed_command_are_the_same_program(office: Office, environment: dict[str, str]) -> None:
    said = subprocess.run(
        command("case", "list"), cwd=office.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout == office.done("case list").out
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert resolve_name(scripts["reminder"]) is main


KANNEL = {
    "SMS_PROVIDERS": "kannel",
    "KANNEL_URL": "http://127.0.0.1:1/cgi-bin/sendsms",
    "KANNEL_USER": "reminder",
    "KANNEL_PASSWORD": "password",
    "KANNEL_HOOK_SECRET": "hook-secret",
    "KANNEL_HOOK_URL": "http://127.0.0.1/hooks/kannel",
}


def test_a_stop_that_comes_over_the_web_counts_within_seconds(now: Office, environment: dict[str, str]) -> None:
    with daemon(now, environment | KANNEL) as running:
        assert running.stdout is not None
        port = next(int(line.rpartition(" ")[2].strip().rstrip(".")) for line in running.stdout if "port" in line)
        url = f"http://127.0.0.1:{port}/hooks/kannel"
        said = {
            "from": "+447700900123",
            "to": "12345",
            "text": "STOP",
            "charset": "UTF-8",
            "id": "1",
            "at": "1608627600",
        }
        with httpx.Client() as http:
            assert http.get(url, params={**said, "key": "guessed"}).status_code == 400
            assert http.get(url, params={**said, "key": "hook-secret"}).status_code == 200
        until = time.monotonic() + 10
        found = 0
        while not found and time.monotonic() < until:
            with sqlite3.connect(now.folder / "data" / "reminder.db") as database:
                [[found]] = database.execute("SELECT count(*) FROM do_not_contact WHERE reason = 'stop'").fetchall()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == 0
    assert found == 1


def test_the_daemon_fetches_the_mail_that_comes_back(now: Office, environment: dict[str, str]) -> None:
    with mail_server() as server:
        box = server.mailbox()
        box.deliver(b"From: clara@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: Re\r\n\r\nunsubscribe\r\n")
        where = {"IMAP_HOST": "127.0.0.1", "IMAP_PORT": str(server.port), "IMAP_TLS": "none", "IMAP_USER": USER}
        folders = {"IMAP_PASSWORD": PASSWORD, "IMAP_FOLDER": box.name, "IMAP_DONE_FOLDER": box.done}
        with daemon(now, environment | where | folders) as running:
            until, found = time.monotonic() + PATIENCE_SECONDS, 0
            while not found and time.monotonic() < until:
                with sqlite3.connect(now.folder / "data" / "reminder.db") as database:
                    [[found]] = database.execute("SELECT count(*) FROM do_not_contact WHERE reason = 'left'").fetchall()
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=10) == 0
        assert (found, box.holds()) == (1, [])
