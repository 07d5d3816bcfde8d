from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.case_facts import DEADLINE_DOUBTS, asks, expired_on_arrival, facts_of, is_ending
from reminder.domain.case_scrub import without_texts
from reminder.domain.cases import (
    IssuedText,
    index_key,
    key_in_words,
    keys_of,
    linked_index,
    number_key,
    slug,
)
from reminder.domain.chain import in_order
from reminder.domain.documents import INFORMING, DeadlineKind, Document, DocumentKind, Doubt, DoubtCode, Target

NOVEMBER = datetime(2020, 11, 2, 9, tzinfo=UTC)
AMNESTY = "Amnesty International"
FIRST = Document(
    kind=DocumentKind.FIRST,
    title="Writer detained",
    case_names=("Nagyz Muhammed",),
    country="China",
    organisation=AMNESTY,
    ua_number="63/20",
    index="ASA 17/2219/2020",
    issued_on=date(2020, 4, 30),
    deadline=date(2020, 6, 30),
)
UPDATE = Document(
    kind=DocumentKind.UPDATE,
    title="Writer gets life in prison",
    case_names=("Nagyz Muhammed",),
    country="China",
    organisation=AMNESTY,
    previous_ua="https://www.amnesty.org/en/documents/asa17/2219/2020/en/",
    deadline=date(2020, 12, 29),
    deadline_phrase="UNTIL: 29 December 2020",
)


def issued(document: Document, name: str = "", letters: str = "CN", **given: str) -> IssuedText:
    digest = name or (document.index or document.title or "").encode().hex()
    return IssuedText(digest, NOVEMBER, document.to_json(), letters, given)


def made(**values: Any) -> Document:
    return Document(**{"organisation": AMNESTY, "deadline": date(2020, 12, 29), "ua_number": "63/20"} | values)


NUMBERS = [
    (AMNESTY, "63/20", "amnesty-international/ua/63/20"),
    (AMNESTY, "EXTRA 139/95", "amnesty-international/extra/139/95"),
    ("Asian Human Rights Commission", "63/20", "asian-human-rights-commission/ua/63/20"),
    ("Observatory", "CHN 004 / 0406 / OBS 044", "observatory/obs/chn-004-0406-obs-044"),
    ("Observatory", "CHN 004 / 0406 / OBS 044.4", "observatory/obs/chn-004-0406-obs-044"),
    ("Asian Human Rights Commission", "AHRC-UAC-004-2022", "asian-human-rights-commission/other/ahrc-uac-004-2022"),
    ("", "63/20", ""),
    (AMNESTY, "", ""),
    ("...", "63/20", ""),
]


@pytest.mark.parametrize(("organisation", "number", "key"), NUMBERS)
def test_a_case_is_organisation_series_number_and_year(organisation: str, number: str, key: str) -> None:
    assert number_key(organisation, number) == key


LINKS = [
    ("https://www.amnesty.org/en/documents/asa17/2219/2020/en/", "ASA 17/2219/2020"),
    ("amnesty.org/fr/documents/AMR37/3776/2016/fr", "AMR 37/3776/2016"),
    ("MDE 11/044/2012", "MDE 11/044/2012"),
    ("https://www.amnesty.org/", ""),
    ("https://www.amnesty.org/en/documents/", ""),
    ("", ""),
]


@pytest.mark.parametrize(("link", "index"), LINKS)
def test_a_link_to_the_previous_document_tells_its_index_and_nothing_else(link: str, index: str) -> None:
    assert linked_index(link) == index


def test_the_year_of_an_index_may_have_two_or_four_digits() -> None:
    assert index_key("EUR 44/130/95") == index_key("EUR 44/130/1995")
    assert index_key("EUR 44/130/95") != index_key("EUR 44/130/96")


def test_the_founding_chain_shares_a_key_though_the_update_prints_no_number() -> None:
    shared = set(keys_of(issued(FIRST))) & set(keys_of(issued(UPDATE)))
    assert shared == {"index/ASA 17/2219/20"}


def test_a_name_is_never_a_key() -> None:
    one = issued(made(ua_number=None, case_names=("Nagyz Muhammed",), title="Writer"), "aa")
    other = issued(made(ua_number=None, case_names=("Nagyz Muhammed",), title="Writer"), "bb")
    assert not set(keys_of(one)) & set(keys_of(other))


@pytest.mark.parametrize("code", [DoubtCode.NUMBERS_DIFFER, DoubtCode.ODD_NUMBER])
def test_a_doubtful_number_leads_to_no_case_until_an_organiser_gives_it(code: DoubtCode) -> None:
    doubtful = made(warnings=(Doubt(code, "Check the number."),))
    assert keys_of(issued(doubtful, "aa")) == ("file/aa",)
    assert "amnesty-international/ua/64/20" in keys_of(issued(doubtful, "aa", number="64/20"))


def test_a_previous_document_named_by_its_number_is_the_same_case() -> None:
    assert "amnesty-international/ua/63/20" in keys_of(issued(made(ua_number=None, previous_ua="UA 63/20"), "aa"))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("amnesty-international/ua/63/20", "UA 63/20"),
        ("amnesty-international/extra/139/95", "EXTRA 139/95"),
        ("index/ASA 17/2219/20", "ASA 17/2219/20"),
        ("observatory/obs/chn-004-0406-obs-044", "CHN-004-0406-OBS-044"),
        ("file/abc", "without a number"),
    ],
)
def test_a_key_is_said_as_people_say_it(key: str, words: str) -> None:
    assert key_in_words(key) == words


@given(st.text())
def test_a_slug_is_settled_and_holds_no_separator_of_keys(name: str) -> None:
    once = slug(name)
    assert slug(once) == once
    assert "/" not in once


EVIDENCE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a link": ({"index": "ASA 17/2219/2020"}, {"previous_ua": "ASA 17/2219/2020"}),
    "the printed place": ({"sequence": 1}, {"sequence": 2}),
    "the issue dates": ({"issued_on": date(2020, 4, 30)}, {"issued_on": date(2020, 5, 1)}),
    "the day it was added": ({}, {"issued_on": date(2020, 11, 4)}),
    "the kind": ({"kind": DocumentKind.FIRST}, {"kind": DocumentKind.UPDATE}),
    "the kind of an outcome": ({"kind": DocumentKind.FIRST}, {"kind": DocumentKind.OUTCOME}),
}


@pytest.mark.parametrize(("old", "new"), EVIDENCE.values(), ids=EVIDENCE.keys())
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_the_newest_is_known_by(old: dict[str, Any], new: dict[str, Any], names: str) -> None:
    older, newer = issued(made(**old), names[0]), issued(made(**new), names[1])
    for texts in ([older, newer], [newer, older]):
        chain = in_order(texts)
        assert (chain.newest, chain.certain) == (newer, True)


UNKNOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing tells": ({}, {}),
    "the same day": ({"issued_on": date(2020, 5, 1)}, {"issued_on": date(2020, 5, 1)}),
    "an issue on the day after it was added": ({}, {"issued_on": date(2020, 11, 3)}),
    "one date": ({"issued_on": date(2020, 5, 1)}, {}),
    "two files of one text": ({"index": "ASA 17/2219/2020"}, {"index": "ASA 17/2219/2020"}),
    "a link against the dates": (
        {"index": "ASA 17/2219/2020", "issued_on": date(2020, 6, 1)},
        {"previous_ua": "ASA 17/2219/2020", "issued_on": date(2020, 5, 1)},
    ),
    "each links to the other": (
        {"index": "ASA 17/1111/2020", "previous_ua": "ASA 17/2222/2020"},
        {"index": "ASA 17/2222/2020", "previous_ua": "ASA 17/1111/2020"},
    ),
}


@pytest.mark.parametrize(("one", "other"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_which_is_newest_is_asked_when(one: dict[str, Any], other: dict[str, Any]) -> None:
    texts = [issued(made(**one), "aa"), issued(made(**other), "bb")]
    assert not in_order(texts).certain
    assert "newest" in {question.code for question in facts_of(texts).questions}


def test_an_organisers_word_on_the_newest_goes_before_all_evidence() -> None:
    late = issued(made(issued_on=date(2020, 6, 1), index="ASA 17/2219/2020"), "aa")
    early = issued(made(issued_on=date(2020, 5, 1)), "bb", newest="aa")
    chain = in_order([late, early])
    assert (chain.newest, chain.certain) == (early, True)


def test_a_contradiction_between_old_documents_does_not_ask_who_is_newest() -> None:
    first = issued(made(index="ASA 17/2219/2020", issued_on=date(2020, 6, 1)), "aa")
    second = issued(made(previous_ua="ASA 17/2219/2020", issued_on=date(2020, 5, 1)), "bb")
    third = issued(made(issued_on=date(2020, 12, 1)), "cc")
    chain = in_order([third, second, first])
    assert (chain.order, chain.certain) == ((first, second, third), True)


@st.composite
def texts(draw: st.DrawFn) -> list[IssuedText]:
    indexes = [f"ASA 17/{1000 + n}/2020" for n in range(4)]
    some = st.none() | st.sampled_from(indexes)
    documents = draw(
        st.lists(
            st.builds(
                made,
                kind=st.sampled_from([DocumentKind.FIRST, DocumentKind.UPDATE, DocumentKind.OUTCOME]),
                sequence=st.none() | st.integers(1, 4),
                issued_on=st.none() | st.dates(date(2020, 1, 1), date(2020, 1, 5)),
                index=some,
                previous_ua=some,
                deadline=st.none() | st.dates(date(2020, 6, 1), date(2020, 6, 9)),
            ),
            min_size=1,
            max_size=6,
        )
    )
    return [issued(document, f"{n:02}") for n, document in enumerate(documents)]


@given(texts(), st.randoms(use_true_random=False))
def test_the_facts_of_a_case_do_not_depend_on_the_order_of_its_documents(known: list[IssuedText], random: Any) -> None:
    shuffled = list(known)
    random.shuffle(shuffled)
    assert facts_of(shuffled) == facts_of(known)
    assert sorted(text.digest for text in facts_of(known).order) == [text.digest for text in known]


def test_only_the_newest_document_says_until_when() -> None:
    facts = facts_of([issued(FIRST), issued(UPDATE)])
    assert (facts.deadline_on, facts.title) == (date(2020, 12, 29), "Writer gets life in prison")
    assert facts.questions == ()
    assert facts.keys[0] == "amnesty-international/ua/63/20"


def test_an_update_without_a_deadline_does_not_inherit_the_old_one() -> None:
    warning = Doubt(DoubtCode.NO_DEADLINE, "No deadline was found.")
    silent = issued(made(kind=DocumentKind.UPDATE, deadline=None, warnings=(warning,)))
    facts = facts_of([issued(FIRST), silent])
    assert facts.deadline_on is None
    assert [question.code for question in facts.questions] == ["deadline"]
    assert "2020-06-30; that stands only if you say so" in facts.questions[0].question


def test_a_year_that_is_missing_is_asked_with_the_printed_words() -> None:
    warning = Doubt(DoubtCode.NO_YEAR, "The date has no year.")
    text = issued(made(deadline=None, deadline_phrase="29 December", warnings=(warning,)), "aa")
    facts = facts_of([text])
    assert facts.questions[0].question == (
        'Until which day may people write? The document says "29 December". The date has no year.'
    )


@pytest.mark.parametrize("code", sorted(DEADLINE_DOUBTS))
def test_a_doubtful_deadline_is_no_deadline_until_an_organiser_gives_it(code: DoubtCode) -> None:
    doubtful = made(warnings=(Doubt(code, "Look."),))
    assert facts_of([issued(doubtful, "aa")]).deadline_on is None
    settled = facts_of([issued(doubtful, "aa", deadline="2020-12-30", because="the office")])
    assert (settled.deadline_on, settled.deadline_because) == (date(2020, 12, 30), "the office")
    assert settled.questions == ()


def test_a_case_without_a_deadline_is_settled_by_a_day_to_look_again() -> None:
    text = issued(made(deadline=None), "aa", review="2021-01-31")
    facts = facts_of([text])
    assert (facts.deadline_on, facts.review_on, facts.questions) == (None, date(2021, 1, 31), ())


@pytest.mark.parametrize("code", sorted(set(DoubtCode) - INFORMING - {DoubtCode.SEVERAL_CASES}))
def test_every_doubt_that_is_more_than_a_remark_puts_a_question(code: DoubtCode) -> None:
    facts = facts_of([issued(made(warnings=(Doubt(code, "Look at this."),)), "aa")])
    assert asks(code) in {question.code for question in facts.questions}
    assert any("Look at this." in q.question for q in facts.questions) or code is DoubtCode.CLOSED


@pytest.mark.parametrize("code", sorted(INFORMING))
def test_a_mere_remark_puts_none(code: DoubtCode) -> None:
    assert facts_of([issued(made(warnings=(Doubt(code, "By the way."),)), "aa")]).questions == ()


LACKING: dict[str, tuple[Document, str, str]] = {
    "organisation": (made(organisation=None, index="ASA 17/2219/2020"), "CN", "organisation"),
    "organisation of a number": (made(organisation=None), "CN", "organisation"),
    "country": (made(), "", "country"),
    "any number": (made(ua_number=None), "CN", "number"),
}


@pytest.mark.parametrize(("document", "country", "code"), LACKING.values(), ids=LACKING.keys())
def test_a_case_asks_when_its_documents_lack(document: Document, country: str, code: str) -> None:
    assert [question.code for question in facts_of([issued(document, "aa", country)]).questions] == [code]
    answered = {"organisation": AMNESTY, "country": "CN", "number": "none"}[code]
    assert facts_of([issued(document, "aa", country, **{code: answered})]).questions == ()


ENDINGS = [
    made(kind=DocumentKind.OUTCOME, status_phrase="No further action is asked for."),
    made(deadline_kind=DeadlineKind.ENDED_ON),
    made(deadline=None, warnings=(Doubt(DoubtCode.CLOSED, "The page says that it is over."),)),
]


@pytest.mark.parametrize("document", ENDINGS)
def test_a_document_that_ends_the_appeal_asks_a_person_and_closes_nothing(document: Document) -> None:
    facts = facts_of([issued(document, "aa")])
    assert [question.code for question in facts.questions] == ["ended"]
    assert facts.proposed_outcome == (document.status_phrase or "")
    assert not is_ending(issued(document, "aa", ended="no"))


def test_a_closing_date_is_never_a_deadline_even_if_people_may_still_write() -> None:
    facts = facts_of([issued(made(deadline_kind=DeadlineKind.ENDED_ON), "aa", ended="no")])
    assert facts.deadline_on is None
    assert [question.code for question in facts.questions] == ["deadline"]


def test_a_document_that_came_after_a_stop_asks_whether_the_appeal_starts_again() -> None:
    texts = [issued(FIRST), issued(UPDATE)]
    before, after = NOVEMBER - timedelta(days=1), NOVEMBER + timedelta(days=1)
    assert [question.code for question in facts_of(texts, stopped_at=before).questions] == ["reopen"]
    assert facts_of(texts, stopped_at=after).questions == ()


@pytest.mark.parametrize(
    ("kind", "given", "enough"),
    [
        (DeadlineKind.APPEAL, "", False),
        (DeadlineKind.SEND_BY, "", True),
        (None, "yes", True),
        (DeadlineKind.SEND_BY, "no", False),
    ],
)
def test_sending_by_the_date_is_enough_where_it_is_printed_or_said(
    kind: DeadlineKind | None, given: str, enough: bool
) -> None:
    assert facts_of([issued(made(deadline_kind=kind), "aa", sent_by_counts=given)]).sent_by_counts is enough


def test_the_last_day_itself_has_not_passed() -> None:
    day = date(2020, 12, 29)
    assert [expired_on_arrival(day, day + timedelta(days=n)) for n in (-1, 0, 1)] == [False, False, True]
    assert not expired_on_arrival(None, day)


def test_removed_texts_leave_keys_and_dates_and_no_word_of_the_person() -> None:
    document = made(
        title="Nagyz Muhammed in prison",
        case_names=("Nagyz Muhammed",),
        letter="Dear Director, Nagyz Muhammed …",
        demands=("Free Nagyz Muhammed",),
        status_phrase="Nagyz Muhammed",
        deadline_phrase="for Nagyz Muhammed",
        late_policy="Nagyz Muhammed",
        previous_ua="https://www.amnesty.org/en/documents/asa17/2219/2020/nagyz-muhammed/",
        targets=(Target(name="Director of Nagyz Muhammed"),),
        warnings=(Doubt(DoubtCode.NAME_WITHOUT_LABEL, "Is it Nagyz Muhammed?"),),
        items=(made(title="Nagyz Muhammed"),),
    )
    text = issued(document, "aa", names="Nagyz Muhammed", because="Nagyz Muhammed's family", deadline="2020-12-28")
    read, left = without_texts(text)
    assert "Nagyz" not in str(read) + str(left)
    assert set(read) == set(document.to_json())
    assert (read["ua_number"], read["deadline"], read["previous_ua"]) == ("63/20", "2020-12-29", "ASA 17/2219/2020")
    assert left == {"deadline": "2020-12-28", "redacted": "yes"}


def test_a_case_without_texts_asks_for_new_ones_and_its_key_stays() -> None:
    text = issued(FIRST)
    read, left = without_texts(text)
    facts = facts_of([IssuedText(text.digest, text.added_at, read, text.country, left)])
    assert [question.code for question in facts.questions] == ["redacted"]
    assert (facts.keys[0], facts.title) == ("amnesty-international/ua/63/20", "")
