"""What is left of a document whose texts must go: keys and dates, so that the case stays as a number."""

from typing import Any

from reminder.domain.cases import IssuedText

_KEPT = frozenset(
    {
        *("language", "kind", "country", "organisation", "ua_number", "sequence", "index", "issued_on"),
        *("deadline", "deadline_operator", "deadline_kind", "write_in"),
    }
)
_KEPT_ANSWERS = frozenset({"deadline", "review", "number", "organisation", "country", "channels", "issued", "newest"})


def without_texts(text: IssuedText) -> tuple[dict[str, Any], dict[str, str]]:
    """`read` and `given` without a name, a story, a letter or an address; the keys of `read` stay, most are empty.

    A doubt keeps its code without its words: what was uncertain must not become certain. A link keeps the index that
    it holds and nothing else, since addresses of pages spell names.
    """
    read = {key: value if key in _KEPT else _emptied(value) for key, value in text.read.items()}
    read["previous_ua"] = text.previous_index or None
    read["warnings"] = [{"code": doubt["code"], "message": ""} for doubt in text.read.get("warnings") or ()]
    given = {code: value for code, value in (text.given or {}).items() if code in _KEPT_ANSWERS}
    return read, given | {"redacted": "yes"}


def _emptied(value: object) -> Any:
    return [] if isinstance(value, list) else None
