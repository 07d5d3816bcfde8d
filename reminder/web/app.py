"""The web: one ASGI application over the services of an installation."""

from collections.abc import Callable

from reminder.app import App
from reminder.web.asgi import Application, Receive, Scope, Send
from reminder.web.hooks import PATH, Hooks
from reminder.web.pages import build_pages


class Web:
    """The application: callbacks go straight to their door, everything else to the pages."""

    def __init__(self, hooks: Hooks, pages: Application) -> None:
        self._hooks = hooks
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PATH):
            await self._hooks(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def build_web(app: App, heard: Callable[[], None] = lambda: None) -> Web:
    """The application. No page tells what it is made of; `heard` is called when a callback is stored."""
    hooks = Hooks(app.database, app.vault, app.providers, app.clock, app.settings.public_url, heard)
    return Web(hooks, build_pages(app))
