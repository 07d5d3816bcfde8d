"""A document told to a person: what was understood, what the text does not say, and what to do about each doubt."""

from reminder.domain.documents import DeadlineKind, Document, Target

_FIELDS = (
    ("case_names", "who the appeal is for"),
    ("title", "title"),
    ("country", "country"),
    ("organisation", "organisation"),
    ("ua_number", "number"),
    ("index", "index"),
    ("issued_on", "date of issue"),
    ("late_policy", "what holds after the deadline"),
    ("previous_ua", "link to the previous document"),
    ("write_in", "languages to write in"),
    ("pronouns", "pronouns"),
    ("demands", "demands"),
    ("letter", "model letter"),
)


def describe(document: Document) -> list[str]:
    """Lines for a screen: understood, not found, to be looked at."""
    lines = ["Understood:", *(f"  {line}" for line in _understood(document))]
    missing = [words for name, words in _FIELDS if not getattr(document, name)]
    if missing:
        lines += ["The text does not say:", f"  {', '.join(missing)}"]
    if document.warnings:
        lines += ["Please look at:", *(f"  - {doubt.message}" for doubt in document.warnings)]
    lines.append(
        "Certain enough to go on without an organiser."
        if document.certain
        else "An organiser has to look at this first."
    )
    return lines


def _understood(document: Document) -> list[str]:
    lines = [_deadline(document)]
    kind = (
        f"{document.kind.value}, document {document.sequence} of its case"
        if document.kind and document.sequence
        else document.kind
    )
    for words, value in (
        ("For", ", ".join(document.case_names)),
        ("Pronouns", document.pronouns),
        ("Title", document.title),
        ("Country", document.country),
        ("Organisation", document.organisation),
        ("Kind", kind),
        ("Number", document.ua_number),
        ("Index", document.index),
        ("Issued on", document.issued_on),
        ("Status", document.status_phrase),
        ("Late letters", document.late_policy),
        ("Write in", ", ".join(document.write_in)),
        ("Previous document", document.previous_ua),
    ):
        if value:
            lines.append(f"{words}: {value}")
    lines += [f"{'Copy to' if target.copy else 'Write to'}: {_target(target)}" for target in document.targets]
    if document.demands:
        lines.append(f"Demands: {len(document.demands)}")
    if document.letter:
        lines.append(f"Model letter: {len(document.letter.split())} words")
    lines += [f"Appeal {number}: {_item(item)}" for number, item in enumerate(document.items, 1)]
    return lines


def _deadline(document: Document) -> str:
    printed = f" (printed: “{' '.join(document.deadline_phrase.split())}”)" if document.deadline_phrase else ""
    if document.deadline is None:
        return f"Deadline: none that is certain{printed}"
    if document.deadline_kind is DeadlineKind.ENDED_ON:
        return f"Closed on: {document.deadline:%A} {document.deadline}{printed}"
    return f"Deadline: {document.deadline:%A} {document.deadline}, that day included{printed}"


def _item(item: Document) -> str:
    who = ", ".join(item.case_names) or item.country or "no name"
    return f"{who}, {_deadline(item)[0].lower()}{_deadline(item)[1:]}"


def _target(target: Target) -> str:
    who = ", ".join(part for part in (target.name, target.role) if part) or "no name"
    ways = [
        words
        for words, value in (
            ("post", target.postal_address),
            ("email", target.email),
            ("fax", target.fax),
            ("telephone", target.phone),
            ("social media", target.social),
        )
        if value
    ]
    return f"{who} (by {', '.join(ways)})" if ways else f"{who} (no address)"
