"""Whether every message of mails, texts and pages is there in every language, and can be filled in."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from jinja2 import TemplateSyntaxError, nodes

from reminder.domain.consent import STILL_SENTENCES
from reminder.errors import Trouble
from reminder.rendering.languages import Languages, read_catalogue
from reminder.rendering.templates import Templates

_PLACE = re.compile(r"%\((\w+)\)s")
_STRAY_PERCENT = re.compile(r"%(?!\(\w+\)s|%)")


# The pages' own code says sentences too, by `words.t("…")`.
PAGES_CODE = Path(__file__).resolve().parents[1] / "web"


def used_messages(templates: Templates) -> dict[str, str | None]:
    """Every English text that a reader may get, from templates and from code, and its plural where it has one."""
    found = dict[str, str | None]()
    for name in templates.names():
        found.update(_messages(templates, name))
    for file in sorted(PAGES_CODE.rglob("*.py")):
        found.update(code_messages(file))
    # These are chosen by what somebody leaves, so that no call names them.
    return found | dict.fromkeys(STILL_SENTENCES)


def code_messages(file: Path) -> Iterator[tuple[str, str | None]]:
    """The English texts of a Python file, each with its plural where it has one: what stands in `….t("…")`, `….tn("…", "…")`."""
    for call in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ("t", "tn"):
            texts = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if texts:
                yield texts[0], texts[1] if call.func.attr == "tn" else None


def _messages(templates: Templates, name: str) -> Iterator[tuple[str, str | None]]:
    try:
        tree = templates.environment().parse(templates.source(name))
    except TemplateSyntaxError:
        return  # told by Templates.compile_all
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("t", "tn"):
            texts = [argument.value for argument in call.args if isinstance(argument, nodes.Const)]
            yield texts[0], texts[1] if call.node.name == "tn" else None


def missing_messages(templates: Templates, files: Sequence[Path]) -> list[str]:
    """The English texts that none of a language's catalogue files translates."""
    catalogues = [read_catalogue(path) for path in files]
    return [text for text in used_messages(templates) if not any(_translated(each, text) for each in catalogues)]


def _translated(catalogue: Catalog, text: str) -> bool:
    message = catalogue.get(text)
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, (tuple, list)) else bool(message.string)


def check_languages(languages: Languages) -> list[Trouble]:
    """Catalogues that cannot be read, and translations whose places differ from the English text."""
    troubles = list[Trouble]()
    for tag in languages.tags:
        for path in languages.files(tag):
            try:
                troubles += _wrong_places(path, read_catalogue(path))
            except Trouble as trouble:
                troubles.append(trouble)
    return troubles


def _wrong_places(path: Path, catalogue: Catalog) -> Iterator[Trouble]:
    for message in catalogue:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        known = set(_PLACE.findall(" ".join(ids)))
        for string in filter(None, strings):
            unknown = set(_PLACE.findall(string)) - known
            if unknown or (known and _STRAY_PERCENT.search(string)):
                yield Trouble(
                    f"{path}:{message.lineno}",
                    f"“{string}” cannot be filled in",
                    f"It may use: {', '.join(sorted(known))}.",
                )
