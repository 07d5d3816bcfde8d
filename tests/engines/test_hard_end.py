"""The daemon as a process: ten seconds after the signal it is gone, whatever its heartbeat waits for."""

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from reminder.store.database import Database
from tests.repository import ROOT

ENDS_WITHIN_SECONDS = 10
PATIENCE_SECONDS = 60
INDEX_KEY, DATA_KEY = (base64.urlsafe_b64encode(letter * 32).rstrip(b"=").decode() for letter in (b"i", b"d"))
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_a_heartbeat_that_stands_still_does_not_keep_the_process(postgres_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": postgres_url, "INDEX_KEY": INDEX_KEY, "DATA_KEYS": f"1:{DATA_KEY}"}
    environment = {**os.environ, **settings, "DATA_FOLDER": str(tmp_path), "WEB_PORT": "0", "PYTHONPATH": str(ROOT)}
    looker = Database(postgres_url)
    with looker.schema_connection() as holder:
        holder.execute(text("LOCK TABLE step IN ACCESS EXCLUSIVE MODE"))
        running = subprocess.Popen(
            [sys.executable, "-m", "reminder", "run"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            waiting = 0
            while not waiting and running.poll() is None:
                with looker.read() as connection:
                    waiting = connection.execute(text(WAITING)).scalar_one()
            began = time.monotonic()
            running.send_signal(signal.SIGTERM)
            out, err = running.communicate(timeout=PATIENCE_SECONDS)
            took = time.monotonic() - began
        finally:
            running.kill()
            running.communicate()
    looker.close()
    assert "heartbeat_cut_off=True" in err, out
    assert running.returncode == 0
    assert took < ENDS_WITHIN_SECONDS
