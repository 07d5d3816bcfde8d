"""The demo's stage: an installation in a fresh folder, two appeals, a list of invented supporters, and December 2020."""

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings, load
from reminder.demo.cast import SUPPORTERS, Cast, happenings, read_cast, settle_wishes
from reminder.domain.documents import Document
from reminder.domain.waves import StepPlan
from reminder.errors import Trouble
from reminder.intake.cases import Supplied, add_document
from reminder.intake.documents.read import read_document
from reminder.intake.subscribers import read_list
from reminder.intake.subscribers.keep import ImportReport, keep_list
from reminder.ops import setup
from reminder.planning import campaigns, drafts
from reminder.providers.registry import REGISTRY, settings_of
from reminder.rehearsal.passing import let_time_pass
from reminder.rehearsal.story import Story
from reminder.rehearsal.telling import tell
from reminder.store.campaigns import steps_of

WHO = "demo"
BEGIN = datetime(2020, 12, 1, 8, tzinfo=UTC)
# The whole of 31 December, also in London's evening.
END = datetime(2021, 1, 1, tzinfo=UTC)
URGENT, SECOND = "nagyz-muhammed.txt", "rosa-quispe.toml"
# What the organiser knows of the second appeal and its form does not say.
SUPPLIED = {
    URGENT: Supplied(),
    SECOND: Supplied(organisation="The letter section", country="PE", ua_number="none"),
}
# A folder that holds one of these, and nothing else, is a demo that may be deleted.
MADE = frozenset({"data", "messages", "index.html", ".env"})
_ENV = """\
# The demo's own installation. Look at it from this folder: ../.venv/bin/reminder campaign list
DATA_FOLDER=data
EMAIL_FOLDER_PATH=messages/email
SMS_FOLDER_PATH=messages/sms
ORGANISATION=The letter section
LEGAL_NAME=The letter section
POSTAL_ADDRESS=1 Sample Street, London
CONTACT=office@example.org
PUBLIC_URL=https://re.example.org
PRIVACY_URL=https://re.example.org/privacy
MAIL_FROM=letters@example.org
MAIL_LEAVE_ADDRESS=leave@example.org
LOG_LEVEL=error
"""


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal of the demo; `steps` are its plan."""

    file: str
    document: Document
    campaign_id: int
    steps: tuple[StepPlan, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the demo has to show."""

    folder: Path
    appeals: tuple[Appeal, Appeal]
    imported: ImportReport
    cast: Cast
    story: Story


def samples_folder() -> Path:
    """The sample documents, which lie beside the package in a checkout."""
    folder = Path(__file__).resolve().parents[2] / "tests" / "samples"
    if not (folder / URGENT).is_file():
        raise Trouble("The demo", "needs the sample documents of a checkout", "Run it where `make demo` runs.")
    return folder


def fresh(folder: Path) -> Path:
    """An empty folder in the place of the last demo; anything else in that place is left alone."""
    if folder.exists() and not (folder.is_dir() and {path.name for path in folder.iterdir()} <= MADE):
        raise Trouble(str(folder), "holds something that no demo made", "Move it away, or name another folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def perform(folder: Path) -> tuple[App, Shown]:
    """Run the main job to its end in `folder`; the app is still open, for whoever wants to look further."""
    fresh(folder)
    app = build_app(_settings(folder), clock := VirtualClock(BEGIN))
    try:
        return app, _december(app, clock, folder)
    except BaseException:
        app.close()
        raise


def _december(app: App, clock: VirtualClock, folder: Path) -> Shown:
    samples = samples_folder()
    setup.create(app.database, app.vault, BEGIN)
    setup.add_organiser(app.database, app.vault, "office@example.org", "Office", BEGIN)
    imported = _import(app, samples / SUPPORTERS)
    cast = read_cast(app, samples)
    settle_wishes(app, cast)
    urgent, second = _start(app, samples / URGENT), _start(app, samples / SECOND)
    let_time_pass(app, clock, END, happenings(cast, urgent.campaign_id, second.campaign_id))
    story = tell(app, [urgent.campaign_id, second.campaign_id], BEGIN, folder / "messages")
    return Shown(folder, (urgent, second), imported, cast, story)


def _settings(folder: Path) -> Settings:
    """The settings of the demo's own `.env`, with keys that are made anew each time."""
    env_file = folder / ".env"
    env_file.write_text(_ENV)
    names = [name for provider in REGISTRY for name in settings_of(provider)]
    setup.prepare(env_file, load({}, env_file, names).model_copy(update={"data_folder": folder / "data"}))
    settings = load({}, env_file, names)
    here = {name: str(folder / path) for name, path in settings.provider_options.items()}
    return settings.model_copy(update={"data_folder": folder / "data", "provider_options": here})


def _import(app: App, path: Path) -> ImportReport:
    with path.open("rb") as file:
        rows = read_list(file, now=BEGIN)
        return keep_list(app.database, app.vault, rows, BEGIN, source=path.name)


def _start(app: App, path: Path) -> Appeal:
    """Document, case, campaign; approved and started as an organiser would."""
    data = path.read_bytes()
    document = read_document(data, file_name=path.name, read_on=date(BEGIN.year, BEGIN.month, BEGIN.day))
    case = add_document(
        app.database,
        app.vault,
        document,
        data,
        path.name,
        SUPPLIED[path.name],
        BEGIN,
        default_zone=app.settings.zone,
        who=WHO,
    )
    app.refuse_start()
    draft = drafts.create(app.desk, case.case_id, ["all"], who=WHO, now=BEGIN)
    campaigns.approve(app.desk, draft.campaign_id, who=WHO, now=BEGIN)
    campaigns.start(app.desk, draft.campaign_id, who=WHO, now=BEGIN)
    with app.database.read() as connection:
        steps = steps_of(connection, draft.campaign_id)
    return Appeal(path.name, document, draft.campaign_id, tuple(steps))
