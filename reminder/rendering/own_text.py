"""Text that organisers write into a campaign: a template of names and choices, and nothing else.

What is not on the list below is refused before it runs: no loops, calls, attributes or arithmetic. So a text can neither
reach anything nor take long: its size is bounded by what it says. The sandbox stands behind that as a second wall.
"""

from collections.abc import Mapping

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminder.errors import Trouble

LONGEST_SOURCE = 10_000
LONGEST_TEXT = 20_000
NAMES = ("names", "country", "days_left", "until", "post_by", "write_url")

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)


def check_own_text(source: str, thing: str) -> None:
    """`Trouble` naming `thing` and the line, where `source` is not a text that may be used."""
    environment = _sandbox()
    if len(source) > LONGEST_SOURCE:
        raise Trouble(thing, f"is longer than {LONGEST_SOURCE} characters", "Shorten it.")
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        raise Trouble(
            f"{thing}, line {error.lineno}", f"cannot be read ({error.message})", "Mend the braces."
        ) from None
    except RecursionError:
        raise Trouble(thing, "is nested too deeply", "Use fewer conditions inside each other.") from None
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            word = type(node).__name__.lower()
            raise Trouble(f"{thing}, line {node.lineno}", f"uses “{word}”", "Only names and if … else are allowed.")
        if isinstance(node, nodes.Name) and node.name not in NAMES:
            raise Trouble(
                f"{thing}, line {node.lineno}", f"names “{node.name}”", f"Known names are: {', '.join(NAMES)}."
            )


def render_own_text(source: str, values: Mapping[str, object], thing: str) -> str:
    """The text with its names filled in; `values` has exactly `NAMES`. `Trouble` as in `check_own_text`."""
    if "{" not in source:
        return source[:LONGEST_TEXT]
    check_own_text(source, thing)
    try:
        return _sandbox().from_string(source).render(values)[:LONGEST_TEXT]
    except (TemplateError, TypeError) as error:
        raise Trouble(thing, f"cannot be filled in ({error})", "A number may be missing: ask for it with if.") from None


def _sandbox() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals.clear()
    return environment
