"""reminder report CAMPAIGN, expiring, expired: each in four forms."""

import csv
import io
import json

import pytest

from tests.cli.office import Office

FORMS = ["text", "json", "csv", "html"]


def well_formed(form: str, shown: str) -> bool:
    """Whether `shown` is what its form says."""
    match form:
        case "json":
            return bool(json.loads(shown))
        case "csv":
            return len(list(csv.reader(io.StringIO(shown)))) > 1
        case "html":
            return shown.startswith("<!doctype html>") and shown.rstrip().endswith("</html>")
        case _:
            return "====" in shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["1", "expiring --within 60d"])
def test_reports_come_in_four_forms_while_a_campaign_is_live(live: Office, what: str, form: str) -> None:
    assert well_formed(form, live.at(2).done(f"report {what} --format {form}").out)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["1", "expired --since 2020-11-01"])
def test_reports_come_in_four_forms_when_it_is_over(live: Office, what: str, form: str) -> None:
    live.at(31, 12).done("tick --clock-is-right")
    assert well_formed(form, live.at(31, 12).done(f"report {what} --format {form}").out)


def test_an_appeal_expires_by_itself_and_its_report_comes_to_the_office(live: Office) -> None:
    assert "ASA 17/2219/20" in live.at(20).done("report expiring").out
    assert "ASA 17/2219/20" not in live.at(10).done("report expiring --within 5d").out
    live.at(31, 12).done("tick --clock-is-right")
    found = json.loads(live.at(31, 12).done("report expired --format json").out)
    assert found
    assert "expired" in live.at(31, 12).done("campaign show 1").out
    assert "ASA 17/2219/20" not in live.at(31, 12).done("report expiring").out
    assert [
        path for path in (live.folder / "data" / "messages" / "email").rglob("*.eml") if "Report" in path.read_text()
    ]


@pytest.mark.parametrize("what", ["0", "-1", "one", "1.5", "²", "99999999999999999999999"])
def test_what_is_no_report_is_told_as_that(live: Office, what: str) -> None:
    said = live.say("report --", what)
    assert (said.code, said.out) == (1, "")
    assert said.errors[0].startswith("error: The report: is of a campaign's number, or of expiring or expired.")
