"""What people read: templates, help texts, settings and the documents that speak of them."""

import re
from collections.abc import Iterator

import click

from reminder.cli import main
from reminder.config import OWN_NAMES
from reminder.providers.registry import REGISTRY, settings_of
from tests.repository import ROOT, texts

# Words that mean something else beside a prisoner's name.
NEVER = re.compile(
    r"\b(?:releas(?:e|es|ed|ing)|held|kill(?:s|ed|ing)?|poison(?:s|ed|ing)?|execut(?:e|es|ed|ing)"
    r"|suppress(?:es|ed|ing|ion)?|ambiguous|waves?|ladders?)\b",
    re.IGNORECASE,
)
# Where a help text speaks of what became of the person, and the lists above it that quote it: command to the words it may say.
OF_THE_CASE = {"reminder case outcome": {"released", "executed"}}
# What a template computes is no word on a screen: its own names and comments, not the text around them.
COMPUTED = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
EXAMPLE = (ROOT / "config.example.env").read_text().splitlines()
KNOWN = {*OWN_NAMES, *(setting for provider in REGISTRY for setting in settings_of(provider))}
SETTING_LINE = re.compile(r"(?:# ?)?([A-Z][A-Z0-9_]*)=")


def words_never_said(text: str) -> set[str]:
    return {word.lower() for word in NEVER.findall(text)}


def test_templates_say_no_word_that_frightens() -> None:
    templates = {name: text for name, text in texts().items() if name.startswith("templates/")}
    assert templates
    found = {name: words_never_said(COMPUTED.sub(" ", text)) for name, text in templates.items()}
    assert {name: words for name, words in found.items() if words} == {}


def commands(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, each in the context in which its help is asked for."""
    yield context
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, click.Context(below, parent=context, info_name=name))


COMMANDS = {context.command_path: context for context in commands(main, click.Context(main, info_name="reminder"))}


def of_the_case(path: str) -> set[str]:
    return {word for command, words in OF_THE_CASE.items() if f"{command} ".startswith(f"{path} ") for word in words}


def test_help_texts_say_no_word_that_frightens() -> None:
    assert "reminder run" in COMMANDS
    found = {path: words_never_said(context.get_help()) - of_the_case(path) for path, context in COMMANDS.items()}
    assert {path: words for path, words in found.items() if words} == {}


def test_every_command_says_what_it_does() -> None:
    assert [path for path, context in COMMANDS.items() if not context.command.help] == []


def test_no_list_of_commands_cuts_a_sentence_short() -> None:
    groups = {path: context for path, context in COMMANDS.items() if isinstance(context.command, click.Group)}
    assert [path for path, context in groups.items() if "..." in context.get_help().partition("Commands:")[2]] == []


def test_every_option_says_what_it_is_for_in_a_sentence() -> None:
    options = {
        f"{path} {option.opts[-1]}": option.help or ""
        for path, context in COMMANDS.items()
        for option in context.command.params
        if isinstance(option, click.Option)
    }
    assert [name for name, words in options.items() if not re.fullmatch(r"[A-Z`].*\.|\w+: .*\.", words)] == []


def test_every_argument_has_a_name_that_says_what_it_is() -> None:
    arguments = [
        (path, argument.make_metavar(context))
        for path, context in COMMANDS.items()
        for argument in context.command.params
        if isinstance(argument, click.Argument)
    ]
    assert [
        each
        for each in arguments
        if not re.fullmatch(
            r"\[?(AMOUNT|CASE|CAMPAIGN|FILE|ID|NAME|TEXT|\{same\|new\}|CAMPAIGN\|expiring\|expired)\]?", each[1]
        )
    ] == []


def test_the_commands_are_those_that_the_service_promises() -> None:
    promised = """
    init | case read | case add | case decide | case list | case show | case deadline | case stop | case redact
    case outcome | campaign create | campaign clone | campaign approve | campaign start | campaign pause
    campaign resume | campaign close | campaign list | campaign show | campaign test-send | subscribers import
    subscribers add | subscribers block | subscribers export | subscribers erase | subscribers why | forecast
    rehearse | report | run | web | tick | messages list | messages decide | events replay | events mail | events fetch
    inbox list | inbox show | inbox done | providers list | providers check | providers resume | status | db upgrade
    key confirm
    """
    names = {f"reminder {' '.join(name.split())}" for name in re.split(r"[|\n]", promised) if name.strip()}
    assert names - set(COMMANDS) == set()


def test_the_example_configuration_lists_exactly_the_settings_that_exist() -> None:
    listed = [match[1] for line in EXAMPLE if (match := SETTING_LINE.match(line))]
    assert sorted(listed) == sorted(KNOWN)


def test_every_setting_in_the_example_has_a_sentence_above_it() -> None:
    faults = []
    for above, line in zip(["", *EXAMPLE], EXAMPLE, strict=False):
        if SETTING_LINE.match(line):
            sentence = above.startswith("# ") and not SETTING_LINE.match(above) and above.endswith((".", "?", ".)"))
            faults += [] if sentence else [line.split("=")[0]]
    assert faults == []


def test_documents_name_only_settings_and_constants_that_exist() -> None:
    documents = [name for name in texts() if name == "README.md" or (name.startswith("docs/") and name.endswith(".md"))]
    source = "\n".join(text for name, text in texts().items() if not name.endswith(".md"))
    known = KNOWN | set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", source))
    unknown = {
        name: sorted(set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", texts()[name])) - known)
        for name in documents
    }
    assert {name: words for name, words in unknown.items() if words} == {}
