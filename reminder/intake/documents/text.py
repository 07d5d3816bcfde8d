"""A cleaned text to a Document: every reader asked once, every doubt kept."""

import datetime
from dataclasses import replace

from reminder.domain.documents import DeadlineKind, Document, DocumentKind, Doubt, DoubtCode, plausibility
from reminder.errors import UnreadableDocument
from reminder.intake.documents.about import read_country, read_organisation, read_title
from reminder.intake.documents.countries import country_name
from reminder.intake.documents.deadline import Deadline, find_deadline
from reminder.intake.documents.head import Head, read_head, read_kind
from reminder.intake.documents.layout import NOWHERE, Layout
from reminder.intake.documents.letter import read_demands, read_languages, read_late_policy, read_letter, read_status
from reminder.intake.documents.people import read_people
from reminder.intake.documents.source import Source, words_of
from reminder.intake.documents.story import read_story
from reminder.intake.documents.targets import Targets, read_targets

MOST_ITEMS = 30


def document_of_text(text: str, *, file_name: str, read_on: datetime.date) -> Document:
    """What a cleaned text says. Raises UnreadableDocument where nothing shows that it is an appeal."""
    layout = Layout(Source(text))
    deadline = find_deadline(layout)
    head = read_head(layout, deadline)
    if not _is_appeal(layout, head, deadline):
        raise UnreadableDocument(
            file_name,
            "nothing in it shows that it is an appeal: no deadline, number, letter or addressee",
            "Check that this is the right file, or type the appeal into the form: reminder case form.",
        )
    letter = read_letter(layout)
    targets = read_targets(layout, letter, deadline)
    document = _assembled(layout, head, deadline, targets)
    document = replace(document, letter=letter.body, story=read_story(layout, document.title))
    if document.kind is DocumentKind.LETTER:
        document = document.with_doubts([_letter_only()])
    return _with_items(document, layout, deadline, read_on)


def _assembled(layout: Layout, head: Head, deadline: Deadline, targets: Targets) -> Document:
    title = read_title(layout)
    status = read_status(layout)
    code = read_country(layout, title, targets)
    people = read_people(layout, not_these=_others(targets, code))
    doubts = [*deadline.doubts, *head.doubts, *people.doubts, *targets.doubts]
    if status:
        message = (
            f"The text says that the action is over (“{status}”). Remind nobody unless the publisher says otherwise."
        )
        doubts.append(Doubt(DoubtCode.CLOSED, message))
    if layout.language is None:
        doubts.append(
            Doubt(DoubtCode.UNKNOWN_LANGUAGE, "The language of the text was not recognised. Check what was read.")
        )
    return Document(
        language=layout.language,
        kind=read_kind(layout, head, deadline, status, bool(targets.targets)),
        title=title,
        case_names=people.names,
        country=country_name(code) if code else None,
        country_code=code,
        organisation=read_organisation(layout, head.index),
        ua_number=head.number.text if head.number else None,
        sequence=head.sequence,
        index=head.index,
        issued_on=head.issued_on,
        deadline=deadline.date,
        deadline_phrase=deadline.phrase,
        deadline_operator=deadline.operator,
        deadline_kind=deadline.kind,
        late_policy=read_late_policy(layout),
        previous_ua=head.previous_ua,
        status_phrase=status,
        targets=targets.targets,
        demands=read_demands(layout),
        write_in=read_languages(layout),
        pronouns=people.pronouns,
        warnings=tuple(dict.fromkeys(doubts)),
    )


def _others(targets: Targets, code: str | None) -> frozenset[str]:
    """Words that are not the person's name: those of targets and of the country."""
    texts = [text for target in targets.targets for text in (target.name, target.role) if text]
    return frozenset(word for text in (*texts, country_name(code) if code else "") for word in words_of(text))


def _is_appeal(layout: Layout, head: Head, deadline: Deadline) -> bool:
    if (
        head.number
        or head.index
        or head.previous_ua
        or deadline.phrase
        or layout.headings["letter"]
        or layout.headings["target"]
    ):
        return True
    if layout.hits["marks"] and any(layout.line(hit) in layout.head_lines for hit in layout.hits["marks"]):
        return any(
            layout.is_loud(hit) or layout.begins_segment(hit) or hit.last > hit.first for hit in layout.hits["marks"]
        )
    return layout.letter is not NOWHERE and bool(layout.hits["closings"])


def _letter_only() -> Doubt:
    return Doubt(
        DoubtCode.LETTER_ONLY, "This is a letter alone, without the appeal that goes with it. Give deadline and case."
    )


def _with_items(document: Document, layout: Layout, deadline: Deadline, read_on: datetime.date) -> Document:
    """A list's entries, each with its own deadline; for a single case, how plausible its deadline is."""
    parts = _parts(layout)
    if len(parts) < 2:
        return document.with_doubts(_plausible(document, read_on))
    items = tuple(_item(part, deadline) for part in parts)
    message = f"This page holds {len(items)} appeals. Add each as a case of its own, with its own deadline."
    return replace(
        document,
        kind=DocumentKind.LIST,
        deadline_kind=DeadlineKind.CAMPAIGN_LIST if deadline.date else document.deadline_kind,
        case_names=(),
        country=None,
        country_code=None,
        items=tuple(item.with_doubts(_plausible(item, read_on)) for item in items),
    ).with_doubts([Doubt(DoubtCode.SEVERAL_CASES, message), *_plausible(document, read_on)])


def _plausible(document: Document, read_on: datetime.date) -> list[Doubt]:
    if document.deadline is None:
        return []
    return plausibility(document.deadline, issued_on=document.issued_on, read_on=read_on, kind=document.deadline_kind)


def _parts(layout: Layout) -> list[str]:
    """The entries of a page that calls itself a list: each ends with the paragraph that asks the reader to write."""
    headed = any(
        layout.line(hit) in layout.head_lines[:5] and layout.begins_segment(hit) for hit in layout.hits["list_headings"]
    )
    if not headed:
        return []
    asking = sorted(
        {layout.line(hit) for hit in [*layout.hits["actions"], *layout.hits["asks"]] if layout.begins_sentence(hit)}
    )
    parts, start = [], (layout.head_lines[0] + 1 if layout.head_lines else 0)
    for line in asking[:MOST_ITEMS]:
        if line < start:
            continue
        end = line
        while end < len(layout.source.lines) and layout.source.lines[end].strip():
            end += 1
        parts.append("\n".join(layout.source.lines[start:end]).strip())
        start = end
    return parts


def _item(text: str, page: Deadline) -> Document:
    layout = Layout(Source(text))
    deadline = find_deadline(layout)
    head = read_head(layout, deadline)
    document = _assembled(layout, head, deadline, read_targets(layout, read_letter(layout), deadline))
    kind = DeadlineKind.CAMPAIGN_LIST if deadline.date and page.date else document.deadline_kind
    return replace(document, title=None, deadline_kind=kind)
