"""The web: one ASGI application over the services of an installation."""

from collections.abc import Callable

from fastapi import FastAPI

from reminder.app import App
from reminder.web.hooks import hooks


def build_web(app: App, heard: Callable[[], None] = lambda: None) -> FastAPI:
    """The application. No page tells what it is made of; `heard` is called when a callback is stored."""
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    web.include_router(hooks(app.database, app.vault, app.providers, app.clock, app.settings.public_url, heard))
    return web
