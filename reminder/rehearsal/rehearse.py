"""Rehearses one campaign on a copy of the installation. Nothing of the original changes and nobody gets anything."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.domain.states import CampaignState
from reminder.domain.times import end_of_day, last_reader_end
from reminder.errors import NotAllowed, Trouble
from reminder.planning import campaigns as services
from reminder.rehearsal.passing import Happening, let_time_pass
from reminder.rehearsal.story import Story
from reminder.rehearsal.telling import tell
from reminder.store import schema
from reminder.store.campaigns import read_campaign
from reminder.store.copying import copy_installation
from reminder.store.database import Database
from reminder.store.tables import Campaign

WHO = "rehearsal"
# What comes right after the end is part of the story: the expiry, its report, the closing notes of the next morning.
AFTERMATH = timedelta(hours=36)


def rehearse(
    app: App,
    campaign_id: int,
    *,
    begin: datetime,
    until: date | None = None,
    folder: Path | None = None,
    happenings: Sequence[Happening] = (),
) -> Story:
    """Run the whole campaign in virtual time on a copy, from `begin` to the end of the day `until`.

    Without `until`: to a day and a half after its end, the report included. The messages are written into `folder`, or
    nowhere that stays. What is a draft is approved and started in the copy, and the story says so. Raises `Trouble` where
    the campaign does not exist, has ended, or must not be started (the case waits for an answer).
    """
    begin = begin.astimezone(UTC)
    campaign = _campaign(app, campaign_id)
    with _copy_of(app, begin, folder) as (copy, clock, messages):
        done = _set_going(copy, campaign, begin)
        end = end_of_day(until, campaign.zone) if until else _end(_campaign(copy, campaign_id), begin)
        if end <= begin:
            raise Trouble("The rehearsal", "would end before it begins", "Give a later last day with --to.")
        let_time_pass(copy, clock, end, happenings)
        return tell(copy, [campaign_id], begin, messages, done)


@contextmanager
def _copy_of(app: App, begin: datetime, folder: Path | None) -> Iterator[tuple[App, VirtualClock, Path]]:
    """An app on a copy of the database, in a folder of its own that goes away, with folders as its only providers."""
    with TemporaryDirectory(prefix="reminder-rehearsal-") as name, ExitStack() as stack:
        scratch = Path(name)
        messages = folder or scratch / "messages"
        settings = app.settings.model_copy(
            update={
                "data_folder": scratch,
                "database_url": "",
                "email_providers": "email-folder",
                "sms_providers": "sms-folder",
                "sms_routes": "",
                # A rate would make virtual time crawl; whether it suffices is what the forecast says.
                "email_per_second": 0,
                "sms_per_second": 0,
                "provider_limits": "",
                "provider_warm_up": "",
                "provider_options": {
                    "EMAIL_FOLDER_PATH": str(messages / "email"),
                    "SMS_FOLDER_PATH": str(messages / "sms"),
                },
            }
        )
        with closing(Database(settings.where())) as target:
            schema.upgrade(target)
            copy_installation(app.database, target)
        clock = VirtualClock(begin)
        copy = build_app(settings, clock)
        # Folders know no law and cost nothing; what is rehearsed does.
        copy.texts = app.texts
        copy.prices = app.prices.as_by("sms-folder", app.sms_provider_for)
        stack.callback(copy.close)
        yield copy, clock, messages


def _campaign(app: App, campaign_id: int) -> Campaign:
    with app.database.read() as connection:
        campaign = read_campaign(connection, campaign_id)
    if campaign is None:
        raise Trouble(f"Campaign {campaign_id}", "does not exist", "See them with `reminder campaign list`.")
    return campaign


def _set_going(copy: App, campaign: Campaign, begin: datetime) -> tuple[str, ...]:
    """Make the campaign live in the copy; says what was done for it."""
    campaign_id = campaign.id or 0
    match campaign.state:
        case CampaignState.LIVE:
            return ()
        case CampaignState.DRAFT | CampaignState.APPROVED:
            services.approve(copy.desk, campaign_id, who=WHO, now=begin)
            services.start(copy.desk, campaign_id, who=WHO, now=begin)
            state = "a draft" if campaign.state is CampaignState.DRAFT else "approved"
            return (f"Campaign {campaign_id} is {state}: the rehearsal approved and started it.",)
        case CampaignState.PAUSED:
            services.resume(copy.desk, campaign_id, who=WHO, now=begin)
            return (f"Campaign {campaign_id} is paused: the rehearsal resumed it.",)
        case _:
            raise NotAllowed(
                f"Campaign {campaign_id}", "has ended", f"See what it came to with `reminder report {campaign_id}`."
            )


def _end(campaign: Campaign, begin: datetime) -> datetime:
    last = campaign.deadline_on or campaign.review_on
    return max(last_reader_end(last) if last else begin, begin) + AFTERMATH
