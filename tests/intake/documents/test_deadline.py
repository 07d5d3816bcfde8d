"""The deadline: label first, never a guess. Each trap that real appeals hold is a case here, in sentences of our own."""

import datetime

import pytest

from reminder.domain.documents import DeadlineKind
from tests.intake.documents.reading import codes, read_text

HEAD = "URGENT ACTION\nLIBRARIAN HELD FOR LENDING BOOKS\n\n"


def day(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


CERTAIN = {
    "until with a colon": ("PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: 29 December 2020", "2020-12-29", "until"),
    "label on a form": ("APPEAL DEADLINE NOTICE: 16 December 2020", "2020-12-16", "label"),
    "month first without a comma": ("This Urgent Action expires on December 1 2020.", "2020-12-01", "expires on"),
    "month first with a comma": ("This Urgent Action expires on December 1, 2020.", "2020-12-01", "expires on"),
    "day first with a comma": ("Contact these two officials by 31 December, 2020:", "2020-12-31", "by"),
    "ordinal day": ("The deadline for appeals is 4th December 2020", "2020-12-04", "label"),
    "bulletin in a box": (
        "+-------------+\n+ This bulletin expires: 15 December 2020. +\n+-------------+",
        "2020-12-15",
        "expires",
    ),
    "weekday that fits": ("Deadline: Tuesday, 29 December 2020", "2020-12-29", "label"),
    "heading with an operator": ("Deadline: by 29 December 2020", "2020-12-29", "by"),
    "date in the next line": ("PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL:\n29 December 2020", "2020-12-29", "until"),
    "label broken over lines": (
        "PLEASE TAKE ACTION AS SOON\nAS POSSIBLE UNTIL: 29 December\n2020",
        "2020-12-29",
        "until",
    ),
    "no-break spaces": (
        "PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL:\u00a029\u00a0December\u00a02020",
        "2020-12-29",
        "until",
    ),
    "ISO": ("Deadline: 2020-12-29", "2020-12-29", "label"),
    "figures with one reading": ("Deadline: 29/12/2020", "2020-12-29", "label"),
    "American figures with one reading": ("Deadline: 12.29.2020", "2020-12-29", "label"),
    "same day and month": ("Deadline: 12/12/2020", "2020-12-12", "label"),
    "behind a postage line": ("Postage: 2.00 (letter A)          Send by: 15 December 2020 !", "2020-12-15", "by"),
    "worked on till": ("This case can be worked on till 27th November 2020", "2020-11-27", "till"),
    "with the address behind": ("PLEASE SEND APPEALS BEFORE 14 DECEMBER 2020 TO:", "2020-12-14", "before"),
    "request with languages between": (
        "Please send appeals in Quechua or your own language by 14 December 2020.",
        "2020-12-14",
        "by",
    ),
    "French": ("MERCI D'AGIR DANS LES PLUS BREFS DÉLAIS ET AVANT LE : 1er décembre 2020", "2020-12-01", "avant le"),
    "French send-by": ("Délai d'envoi: 15 décembre 2020 !", "2020-12-15", "label"),
    "French without accents, in capitals": ("ENVOYEZ VOS APPELS AVANT LE 17 DECEMBRE 2020 .", "2020-12-17", "avant le"),
    "Spanish": ("Enviar llamamiento antes del 11 de diciembre de 2020.", "2020-12-11", "antes del"),
    "German with dots": ("Aktion bis 26.12.2020", "2020-12-26", "bis"),
    "German in words": ("Bitte schreiben Sie bis zum 22. Dezember 2020", "2020-12-22", "bis zum"),
    "Italian": ("Firmate entro il 15 novembre 2020", "2020-11-15", "entro il"),
    "Dutch": ("Kom in actie tot en met 31 december 2020", "2020-12-31", "tot en met"),
    "Portuguese": ("Envie apelos até 7 de dezembro de 2020", "2020-12-07", "até"),
    "Russian": ("Отправляйте обращения до 29 декабря 2020 г.", "2020-12-29", "до"),
    "Arabic with two month names and Arabic figures": (
        "يرجى التحرك في أسرع وقت ممكن قبل: ٢٩ ديسمبر/كانون الأول ٢٠٢٠",
        "2020-12-29",
        "قبل",
    ),
    "Arabic with a month of two words": ("يرجى التحرك في أسرع وقت ممكن قبل: 29 كانون الأول 2020", "2020-12-29", "قبل"),
    "Chinese with before behind the date": ("请在2020年12月29日之前采取行动。", "2020-12-29", "label"),
}


@pytest.mark.parametrize(("line", "expected", "operator"), CERTAIN.values(), ids=CERTAIN)
def test_a_labelled_date_with_one_reading_is_the_deadline(line: str, expected: str, operator: str) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline == day(expected)
    assert document.deadline_operator == operator
    assert document.deadline_phrase is not None


DOUBTFUL = {
    "no year": ("PLEASE TAKE ACTION UNTIL: 29 December", "no_year"),
    "no year, Italian": ("Firmate entro il 15 novembre", "no_year"),
    "no year, extended": ("Nous avons prolongé le délai jusqu'au 16 décembre.", "no_year"),
    "no year, German figures": (
        "Aktion bis 26.12.\nBitte schreiben Sie der Behörde, dass sie die Frau nicht für das Buch",
        "no_year",
    ),
    "year of two figures": ("Deadline: 29/12/20", "two_digit_year"),
    "year of two figures in words": ("Deadline: 29 December 20", "two_digit_year"),
    "two readings": ("Deadline: 01/12/2020", "ambiguous_date"),
    "two readings with dots": ("Deadline: 06.12.2020", "ambiguous_date"),
    "no such day": ("Deadline: 31 November 2020", "no_such_day"),
    "no leap year": ("Deadline: 29 February 2021", "no_such_day"),
    "day 32": ("Deadline: 32 December 2020", "no_such_day"),
    "misspelt month": ("Please send appeals before 12 decmber 2020", "misspelt_month"),
    "wrong weekday": ("Deadline: Monday 29 December 2020", "wrong_weekday"),
    "month alone": ("Deadline: December 2020", "unreadable_date"),
    "weeks from now": ("PLEASE TAKE ACTION UNTIL: six weeks from now", "relative_date"),
    "days": ("Deadline: within 52 days", "relative_date"),
    "further notice": ("PLEASE TAKE ACTION UNTIL: further notice", "open_ended"),
    "a label without a date": ("APPEAL DEADLINE NOTICE: see the website", "unreadable_date"),
    "extended from one date to another": (
        "The deadline has been extended from 1 December to 29 December 2020.",
        "date_range",
    ),
    "range of days": ("Deadline: 1-15 December 2020", "date_range"),
    "range of dates": ("Deadline: 1 December 2020 - 15 December 2020", "date_range"),
    "one or the other": ("Deadline: 1 December 2020 or 15 December 2020", "date_range"),
    "two labels that differ": ("Deadline: 1 December 2020\nDeadline for appeals: 8 December 2020", "deadlines_differ"),
    "late sentence with another date": (
        "Deadline: 1 December 2020\nPlease check with your section office if sending appeals after 8 December 2020.",
        "deadlines_differ",
    ),
    "late sentence alone": (
        "Please check with your section office if sending appeals after 8 December 2020.",
        "late_sentence_date",
    ),
    "do not write after": ("Please do not write after 8 December 2020.", "late_sentence_date"),
    "do not send before": ("Please do not send appeals before 8 December 2020.", "negated"),
    "German, no more after": (
        "Bitte senden Sie nach dem 8. Dezember 2020 keine Appelle mehr an die Behörde, denn die Lage ist dann eine andere.",
        "late_sentence_date",
    ),
    "no deadline at all": ("Please write to the governor.", "no_deadline"),
}


@pytest.mark.parametrize(("line", "code"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_doubtful_deadline_is_never_guessed(line: str, code: str) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline is None
    assert code in codes(document)
    assert not document.certain


SECOND_DATES = {
    "extended, in the same line": "29 December 2020, extended to 15 January 2021",
    "extended, in brackets": "29 December 2020 (extended until 15 January 2021)",
    "extended, in capitals": "29 December 2020 [EXTENDED to 15 January 2021]",
    "extended, in a sentence of its own": "29 December 2020. It was extended to 15 January 2021.",
    "extended, without a year": "29 December 2020, extended to 15 January",
    "by email or by post": "29 December 2020 (email) or 10 December 2020 (post)",
    "letters and emails": "29 December 2020 for letters, 15 January 2021 for emails",
    "letters and emails in two lines": "29 December 2020 for letters,\n15 January 2021 for emails",
    "a date or a period": "29 December 2020 or within 6 weeks",
    "a date or a period in words": "29 December 2020 or within six weeks",
    "a second date that cannot be read": "29 December 2020 for letters, 12 Janary 2021 for emails",
}


@pytest.mark.parametrize("value", SECOND_DATES.values(), ids=SECOND_DATES)
@pytest.mark.parametrize(
    "label", ["PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: ", "Until: ", "Deadline for appeals: "]
)
def test_a_second_date_behind_a_labelled_one_makes_the_case_wait(label: str, value: str) -> None:
    document = read_text(HEAD + label + value + "\n")
    assert document.deadline is None
    assert "deadlines_differ" in codes(document)


SECOND_DATES_OF_SENTENCES = {
    "label": "The deadline for appeals is 29 December 2020 for letters and 15 January 2021 for emails.",
    "request": "Please send appeals by 29 December 2020 (letters) or 15 January 2021 (emails).",
    "a sentence that extends": "The deadline for appeals is 29 December 2020. It has been extended to 15 January 2021.",
    "period": "Please send appeals by 29 December 2020 or within 6 weeks.",
    "German": "Bitte schreiben Sie bis zum 22. Dezember 2020 (Briefe) oder 4. Januar 2021 (E-Mails).",
}


@pytest.mark.parametrize("line", SECOND_DATES_OF_SENTENCES.values(), ids=SECOND_DATES_OF_SENTENCES)
def test_a_second_date_in_the_sentence_of_a_deadline_makes_the_case_wait(line: str) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline is None
    assert "deadlines_differ" in codes(document)


HARMLESS_BEHIND = {
    "the same day again": "Until: 29 December 2020 (Tuesday, 29/12/2020)",
    "an hour": "Until: 29 December 2020, 12.30 pm London time",
    "the date of issue": "Until: 29 December 2020     Issue date: 17 November 2020",
    "another sentence": "The deadline for appeals is 29 December 2020. Hana was arrested on 17 May 2020.",
    "what is asked for": "Please send appeals by 29 December 2020, asking that she be freed before 3 January 2021.",
    "the next line": "Until: 29 December 2020\nOn 17 May 2020 Hana was arrested.",
    "no period": "Until: 29 December 2020, the last day of the week",
}


@pytest.mark.parametrize("line", HARMLESS_BEHIND.values(), ids=HARMLESS_BEHIND)
def test_what_else_stands_behind_a_deadline_leaves_it_certain(line: str) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline == day("2020-12-29")
    assert "deadlines_differ" not in codes(document)


PHRASES = {
    "a period": "PLEASE TAKE ACTION UNTIL: six weeks from now",
    "no end": "PLEASE TAKE ACTION UNTIL: further notice",
    "nothing that can be read": "Deadline: see the website",
    "on the next line": "PLEASE TAKE ACTION UNTIL:\nsix weeks from now",
}


@pytest.mark.parametrize("phrase", PHRASES.values(), ids=PHRASES)
def test_the_words_of_a_deadline_without_a_date_end_with_its_line(phrase: str) -> None:
    document = read_text(f"{HEAD}{phrase}\nDirector of Prisons\n1 Sample Street\n")
    assert document.deadline_phrase == phrase


DECOYS = {
    "promise of a government": "The ministry said that it would act before 18 December 2020.",
    "request about something else": "Please write to the president, asking him to free Hana before 18 December 2020.",
    "request to stop something": "Write to the court to stop the hearing by 18 December 2020.",
    "appeal in court": "Her appeal is to be heard by 18 December 2020.",
    "execution date": "He is to be flogged in public on 9 December 2020.",
    "birth and arrest in one line": "Hana (born 11/25/1974, arrested 8 July 2020) was to be tried by 3 December 2020.",
    "number like a date": "Urgent Action UA 12/11 of court case 488/2019, communication 1250/2004, prisoner 999513.",
    "counted people": "Hemos sido 4.414 firmantes; Fatih, 9; 1,80 euros",
    "clock": "The video shows a clock at 10:12 on 3 December 2020.",
    "date of a mail in the text": "She wrote on Thu Dec 3 23:30:34 GMT 2020.",
    "a range without a request": "From 1 December 2020 to 15 December 2020 the road was closed.",
    "bare date": "29 December 2020",
}


@pytest.mark.parametrize("line", DECOYS.values(), ids=DECOYS)
def test_a_date_without_a_label_is_never_a_deadline(line: str) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline is None
    assert "no_deadline" in codes(document)


LETTER_WITH_DATES = """URGENT ACTION
LIBRARIAN HELD FOR LENDING BOOKS

MODEL LETTER
Dear Governor,

The deadline for appeals to the court is 3 December 2020. Please act before 10 December 2020.
I call on you to free Hana by 12 December 2020.

Yours sincerely,

ADDITIONAL INFORMATION
The ministry promised an answer. The deadline for appeals was 1 November 2020. Until 5 November 2020
nobody could visit her.

PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: 29 December 2020
"""


def test_dates_in_the_letter_and_in_the_background_are_dates_of_events() -> None:
    document = read_text(LETTER_WITH_DATES)
    assert document.deadline == day("2020-12-29")
    assert document.warnings == read_text(LETTER_WITH_DATES.replace("1 November 2020", "2 May 2019")).warnings


def test_the_same_date_behind_two_labels_is_one_deadline() -> None:
    document = read_text(HEAD + "Deadline: 29 December 2020\n\nPLEASE TAKE ACTION UNTIL: 29/12/2020\n")
    assert document.deadline == day("2020-12-29")
    assert "deadlines_differ" not in codes(document)


def test_a_late_sentence_that_agrees_changes_nothing() -> None:
    text = (
        "Deadline: 8 December 2020\nPlease check with your section office if sending appeals after 8 December 2020.\n"
    )
    document = read_text(HEAD + text)
    assert document.deadline == day("2020-12-08")
    assert "deadlines_differ" not in codes(document)
    assert document.late_policy == "Please check with your section office if sending appeals after 8 December 2020."


def test_a_deadline_before_the_issue_date_is_kept_as_printed_and_doubted() -> None:
    document = read_text(
        "URGENT ACTION\nSTILL WAITING\n\nNovember 19, 2021\n\nThis Urgent Action expires on January 22, 2021.\n"
    )
    assert document.deadline == day("2021-01-22")
    assert "before_issue" in codes(document)
    assert not document.certain


def test_a_closing_date_is_no_open_deadline() -> None:
    document = read_text("Free the teacher\n\nUA: 15/19\nThis action ended on March 2, 2020\n")
    assert document.deadline == day("2020-03-02")
    assert document.deadline_kind is DeadlineKind.ENDED_ON
    assert document.status_phrase == "This action ended on March 2, 2020"
    assert "closed" in codes(document)
    assert not document.certain


def test_a_banner_of_today_over_an_old_text_leaves_its_deadline_and_says_that_it_is_closed() -> None:
    document = read_text(
        "Action terminée\n\nAU 8/20\nENVOYEZ VOS APPELS AVANT LE 17 DÉCEMBRE 2020. La journaliste est en prison.\n"
    )
    assert document.deadline == day("2020-12-17")
    assert document.status_phrase == "Action terminée"
    assert "closed" in codes(document)
    assert not document.certain


KINDS = {
    "appeal": ("Deadline for appeals: 1 December 2020", DeadlineKind.APPEAL),
    "extension": ("The deadline has been extended to 1 December 2020.", DeadlineKind.EXTENSION),
    "send by": ("Post by: 1 December 2020", DeadlineKind.SEND_BY),
    "section action": (
        "Aktion bis 01.12.2020, so sagen es die Frauen und die Männer in der Gruppe",
        DeadlineKind.SECTION_ACTION,
    ),
    "petition": ("Sign the petition by 1 December 2020", DeadlineKind.PETITION),
}


@pytest.mark.parametrize(("line", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_of_a_deadline_comes_from_its_label(line: str, kind: DeadlineKind) -> None:
    document = read_text(HEAD + line + "\n")
    assert document.deadline == day("2020-12-01")
    assert document.deadline_kind is kind


PLAUSIBLE = {
    "six weeks": ("2 November 2020", "14 December 2020", set()),
    "six days": ("2 November 2020", "8 November 2020", {"short_window"}),
    "seven days": ("2 November 2020", "9 November 2020", set()),
    "120 days": ("2 November 2020", "2 March 2021", set()),
    "121 days": ("2 November 2020", "3 March 2021", {"long_window"}),
    "beyond a year": ("2 November 2020", "4 November 2021", {"long_window", "far_deadline"}),
    "past already": ("2 August 2020", "1 November 2020", {"expired_on_arrival"}),
    "today": ("2 October 2020", "2 November 2020", set()),
}


@pytest.mark.parametrize(("issued", "deadline", "expected"), PLAUSIBLE.values(), ids=PLAUSIBLE)
def test_an_odd_window_is_doubted_but_read(issued: str, deadline: str, expected: set[str]) -> None:
    document = read_text(f"URGENT ACTION\n\nPUBLICATION DATE: {issued}\n\nAPPEAL DEADLINE NOTICE: {deadline}\n")
    assert document.deadline is not None
    assert codes(document) & {"short_window", "long_window", "far_deadline", "expired_on_arrival"} == expected


LIST_PAGE = """Urgent Actions for November

Two cases reached us this month.

Hana Example of Nepal waits for her trial. Please ask the authorities to free her. The deadline for appeals is 4th December 2020

In Bolivia a law on libraries is to be signed. Article 20 forbids reading aloud.

Please write immediately to the president.
"""


def test_on_a_page_with_two_cases_a_deadline_belongs_to_its_own() -> None:
    document = read_text(LIST_PAGE)
    assert document.kind == "list"
    assert [item.deadline for item in document.items] == [day("2020-12-04"), None]
    assert [item.country for item in document.items] == ["Nepal", "Bolivia"]
    assert "several_cases" in codes(document)
    assert not document.certain
