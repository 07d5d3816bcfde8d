"""The public pages put together: routes, files, and what is shown when something is wrong."""

from collections.abc import Callable, Sequence

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from reminder.app import App
from reminder.errors import Trouble
from reminder.web.asgi import Application
from reminder.web.files import A_DAY, ROBOTS, Files, Headless
from reminder.web.public import appeals, confirming, leaving, subscribing, writing, wrote
from reminder.web.safety import Safe
from reminder.web.site import STATIC, Site, static_folder

log = structlog.get_logger()
# Each makes the routes of one part of the site.
PARTS: Sequence[Callable[[Site], APIRouter]] = (
    appeals.routes,
    subscribing.routes,
    confirming.routes,
    leaving.routes,
    writing.routes,
    wrote.routes,
)
# Paths that other sites may show in a frame.
EMBEDDED = ("/embed",)


def build_pages(app: App) -> Application:
    """The public site. Nothing tells what it is made of."""
    site = Site(app)
    pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    pages.include_router(_files())
    for part in PARTS:
        pages.include_router(part(site))
    _show_troubles(pages, site)
    return Safe(Headless(pages), https=site.is_https, embedded=EMBEDDED)


def _files() -> APIRouter:
    """Style sheet, script and pictures, an icon for those who ask for it by its old name, and a word to search engines."""
    router = APIRouter()
    files = Files(static_folder())

    @router.get(f"{STATIC}/{{name}}")
    def file(request: Request, name: str) -> Response:
        return files.get(name, request)

    @router.get("/favicon.ico")
    def icon(request: Request) -> Response:
        return files.get("icon.svg", request, A_DAY)

    @router.get("/robots.txt")
    def robots() -> Response:
        return PlainTextResponse(ROBOTS, headers={"cache-control": A_DAY})

    return router


def _show_troubles(pages: FastAPI, site: Site) -> None:
    """Whatever goes wrong is told on a page in the reader's language, and no page shows what was under the bonnet."""

    @pages.exception_handler(HTTPException)
    def by_status(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        return site.page(request, "error.html", status=status, personal=True, status_code=status, headers=error.headers)

    @pages.exception_handler(RequestValidationError)
    def misread(request: Request, _: RequestValidationError) -> Response:
        return site.page(request, "error.html", status=400, personal=True, status_code=400)

    @pages.exception_handler(Trouble)
    def told(request: Request, trouble: Trouble) -> Response:
        return site.trouble(request, trouble)

    @pages.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        # The path may hold a link that belongs to somebody: only its first word is written down.
        log.error("page_failed", page=request.url.path.split("/")[1][:20], kind=type(error).__name__)
        return site.page(request, "error.html", status=500, personal=True, status_code=500)
