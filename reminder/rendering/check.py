"""Whether every message of the templates is there in every language, and can be filled in."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from jinja2 import TemplateSyntaxError, nodes

from reminder.errors import Trouble
from reminder.rendering.languages import Languages, read_catalogue
from reminder.rendering.templates import Templates

_PLACE = re.compile(r"%\((\w+)\)s")
_STRAY_PERCENT = re.compile(r"%(?!\(\w+\)s|%)")


def used_messages(templates: Templates) -> dict[str, str | None]:
    """Every English text of the templates, and its plural where it has one."""
    found = dict[str, str | None]()
    for name in templates.names():
        found.update(_messages(templates, name))
    return found


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
