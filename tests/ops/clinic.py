"""An installation for doctor to look at: a real database, providers without a wire, everything else as a test wants it."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from reminder.clock import SystemClock
from reminder.config import Settings
from reminder.domain.limits import NO_LIMITS, Limits
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import Channel
from reminder.ops.doctor import CHECKS, Examined, Finding, examine
from reminder.providers.contract import Provider
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import default_template_folder
from reminder.rendering.views import Office
from reminder.store.database import Database
from reminder.store.instance import beat, confirm_key
from reminder.store.organisers import keep_organiser
from reminder.store.vault import Vault, new_key
from tests.databases import vault_for_tests

T = TypeVar("T")
# Well-known settings of an office that is at work.
OFFICE = {
    "organisation": "The letter section",
    "legal_name": "The letter section",
    "postal_address": "1 Example Row",
    "contact": "office@example.org",
    "privacy_url": "https://letters.example.org/privacy",
    "public_url": "https://letters.example.org",
    "mail_from": "letters@example.org",
}


@dataclass
class Clinic:
    """`settings` and whatever the installation is made of; `found` says what doctor finds."""

    database: Database
    settings: Settings
    env_file: Path
    vault: Vault = field(default_factory=vault_for_tests)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    limits: Mapping[Channel, Mapping[str, Limits]] = field(default_factory=dict)
    post_days: Sequence[object] = ()
    texts: SmsRules = EVERYWHERE
    templates: Sequence[Path] = ()
    # Now by the machine's clock: a database server has no other.
    now: datetime = field(default_factory=lambda: SystemClock().now())

    @property
    def renderer(self) -> Renderer:
        office = Office("The Office", "1 Street", "the office", "https://example.org/privacy", "https://example.org")
        return Renderer([*self.templates, default_template_folder()], office)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def uses(self, *providers: Provider, limits: Limits = NO_LIMITS) -> "Clinic":
        """These providers and no others."""
        self.providers = {each.name: each for each in providers}
        self.limits = {
            channel: {each.name: limits for each in providers if each.channel is channel} for channel in Channel
        }
        return self

    def set(self, **values: Any) -> "Clinic":
        """Other settings."""
        self.settings = self.settings.model_copy(update=values)
        return self

    @property
    def examined(self) -> Examined:
        return Examined(self.now, self.env_file, lambda: self.settings, lambda: self)

    def found(self, only: str) -> list[Finding]:
        """What all the checks together find of one id."""
        checks = [
            check for check in CHECKS if check.id == only or only in {"", check.id} or self._needed(only, check.id)
        ]
        return [finding for finding in examine(self.examined, checks) if finding.id == only or not only]

    @staticmethod
    def _needed(only: str, id_: str) -> bool:
        return any(id_ in check.needs for check in CHECKS if check.id == only)


@pytest.fixture
def clinic(database: Database, tmp_path: Path) -> Clinic:
    """An installation in which doctor finds nothing."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    env_file = tmp_path / ".env"
    env_file.touch(mode=0o600)
    settings = Settings(data_folder=folder, index_key=new_key(), data_keys=f"1:{new_key()}", **OFFICE)  # type: ignore[arg-type]
    made = Clinic(database, settings, env_file)
    database.write(lambda connection: beat(connection, "me", made.now))
    database.write(lambda connection: confirm_key(connection, made.now))
    organiser = {"email_ct": b"x", "email_hash": b"x", "name_ct": b"x"}
    database.write(lambda connection: keep_organiser(connection, **organiser, now=made.now))
    return made
