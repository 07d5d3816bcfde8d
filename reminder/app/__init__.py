"""The composition root: the only package that knows everything. Nothing here decides anything."""

from reminder.app.at_work import App, Ticked, build_app

__all__ = ["App", "Ticked", "build_app"]
