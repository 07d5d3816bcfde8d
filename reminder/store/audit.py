"""The record of who changed what: insert only, its details encrypted because they may tell of a person."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert

from reminder.store.tables import Audit
from reminder.store.vault import Vault

_PURPOSE = b"audit"


def record(
    connection: Connection, vault: Vault, who: str, what: str, about: str, detail: Mapping[str, str], now: datetime
) -> None:
    """Keep that `who` did `what` ("case stop") to `about` ("case:k3x7qa"), with `detail` as it was typed."""
    hidden = vault.encrypt(json.dumps(dict(detail), ensure_ascii=False, sort_keys=True), _PURPOSE) if detail else None
    connection.execute(insert(Audit).values(at=now, who=who, what=what, about=about, detail_ct=hidden))
