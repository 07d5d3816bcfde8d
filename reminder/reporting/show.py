"""Reports and lists in the form that somebody asks for: what the command line and the console print."""

import json
from datetime import date, datetime, timedelta
from typing import Literal

from reminder.rendering.templates import Templates
from reminder.reporting.forms import as_csv, as_text, csv_of, list_page, report_page
from reminder.reporting.listing import Listing, expired, expiring, listing_cells, listing_outline
from reminder.reporting.make import make_report
from reminder.reporting.outline import outline
from reminder.reporting.report import Report
from reminder.store.database import Database

Form = Literal["text", "json", "csv", "html"]


def show_report(database: Database, campaign_id: int, now: datetime, form: Form, templates: Templates) -> str:
    """The report of a campaign as it stands now. `Trouble` for a campaign that is not there."""
    return report_as(make_report(database, campaign_id, now), form, templates)


def report_as(report: Report, form: Form, templates: Templates) -> str:
    """A report that was made already."""
    if form == "json":
        return _json(report.to_json())
    shown = outline(report)
    if form == "html":
        return report_page(shown, report, templates)
    return as_csv(shown) if form == "csv" else as_text(shown)


def show_expiring(database: Database, now: datetime, within: timedelta, form: Form, templates: Templates) -> str:
    """What expires within so many days, with reviews that are due and all that waits for an organiser."""
    return listing_as(expiring(database, now, within), form, templates)


def show_expired(database: Database, now: datetime, since: date, form: Form, templates: Templates) -> str:
    """What has expired since a day."""
    return listing_as(expired(database, now, since), form, templates)


def listing_as(listing: Listing, form: Form, templates: Templates) -> str:
    """A list that was made already."""
    if form == "json":
        return _json(listing.to_json())
    if form == "csv":
        return csv_of(listing_cells(listing))
    shown = listing_outline(listing)
    return list_page(shown, templates) if form == "html" else as_text(shown)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
