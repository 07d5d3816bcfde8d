"""The templates: where they lie, how they are compiled, and what is said when one has an error."""

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError

from reminder.errors import Trouble

# What a mistake in a template raises when it runs; anything else is a fault of ours and is not dressed up.
_MISTAKES = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


def default_template_folder() -> Path:
    """The folder that comes with the program: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    return next(
        (folder for folder in (package / "templates", package.parent / "templates") if folder.is_dir()), package
    )


class Templates:
    """All templates of `folders`; a file in an earlier folder wins. Names ending in .html are escaped."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([str(folder) for folder in folders]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The template's text; `Trouble` naming file and line where it has a mistake."""
        try:
            return self._environment.get_template(name).render(values)
        except Trouble:
            raise
        except _MISTAKES as error:
            raise self._trouble(name, error) from error

    def compile_all(self) -> list[Trouble]:
        """Compiles every template of mails, SMS, reports and pages; what is wrong with each."""
        troubles = list[Trouble]()
        for name in self.names():
            try:
                self._environment.get_template(name)
            except _MISTAKES as error:
                troubles.append(self._trouble(name, error))
        return troubles

    def names(self) -> list[str]:
        """Every template of mails, SMS, reports and pages."""
        return [
            name
            for name in self._environment.list_templates(["html", "txt"])
            if name.startswith(("email/", "pages/", "report/", "sms/"))
        ]

    def source(self, name: str) -> str:
        """What stands in the file."""
        loader = self._environment.loader
        assert loader is not None
        return loader.get_source(self._environment, name)[0]

    def environment(self) -> Environment:
        """For reading templates as trees."""
        return self._environment

    def _trouble(self, name: str, error: Exception) -> Trouble:
        if isinstance(error, TemplateNotFound):
            return Trouble(f"Template {error.name}", "is missing", "Put it back, or take the override folder away.")
        if isinstance(error, TemplateSyntaxError):
            place, line = error.filename or error.name or name, error.lineno
        else:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith((".html", ".txt"))]
            place, line = (frames[-1].filename, frames[-1].lineno or 0) if frames else (name, 0)
        return Trouble(f"Template {place}:{line}", f"has an error ({error})", "Mend it, or take the override away.")
