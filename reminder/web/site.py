"""What every page needs: the reader's language, the frame, and the headers that keep what is read private."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from reminder.app import App
from reminder.errors import Trouble
from reminder.rendering.languages import Words
from reminder.rendering.templates import default_template_folder
from reminder.web import forms

# How many pages that are the same for everybody are kept in memory, and the longest query that is worth it.
PAGES_KEPT = 2_000
LONGEST_QUERY_KEPT = 200
LANGUAGE_COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600
STATIC = "/static"
# Names of languages as their readers write them.
OWN_NAMES = {"ar": "العربية", "en": "English", "es": "Español", "fr": "Français", "ru": "Русский", "zh": "中文"}


class Site:
    """The public pages' common ground. One instance serves all threads."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.clock = app.clock
        self.settings = app.settings
        self.database = app.database
        self.vault = app.vault
        self._languages = app.renderer.languages
        # The languages that pages come in; a new one is seen at the next start.
        self.tags = self._languages.tags
        self._kept: dict[Hashable, tuple[bytes, bytes]] = {}
        self._keeping = threading.Lock()
        self._form_key = app.vault.derive(b"forms")
        self._static = {path.name: _fingerprint(path) for path in static_folder().iterdir() if path.is_file()}

    def words(self, request: Request, locale: str = "") -> Words:
        """The reader's language: what she chose by `?lang=`, else `locale` (hers, where the page knows her), else what her
        browser says."""
        chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
        if chosen not in self.tags:
            chosen = locale or self._accepted(request.headers.get("accept-language", ""))
        return self._languages.words(chosen)

    def words_of(self, tag: str) -> Words:
        """The words of a language that is named, such as a letter's."""
        return self._languages.words(tag)

    def _accepted(self, header: str) -> str:
        """The first language of the browser that we have, in the order of its wishes."""
        wishes = []
        for place, part in enumerate(header.split(",")[:20]):
            tag, _, weight = part.strip().partition(";q=")
            try:
                wishes.append((-float(weight or 1), place, tag.strip()))
            except ValueError:
                continue
        for _, _, tag in sorted(wishes):
            if self._languages.words(tag).tag.split("-")[0] == tag.split("-")[0].lower():
                return tag
        return next((tag for _, _, tag in sorted(wishes) if tag != "*"), "")

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        words: Words | None = None,
        personal: bool = False,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page of templates/pages in the reader's language. `personal`: no cache and no search engine may keep it."""
        words = words or self.words(request)
        html = self.app.templates.render(f"pages/{template}", self.context(request, words) | values)
        response = HTMLResponse(html, status_code=status, headers=dict(headers or {}))
        if personal:
            response.headers["cache-control"] = "no-store"
            response.headers["x-robots-tag"] = "noindex, nofollow"
        else:
            response.headers.setdefault("cache-control", "no-cache, private")
        self._tell_language(request, response, words)
        return response

    def kept_page(
        self,
        request: Request,
        template: str,
        key: Hashable,
        make: Callable[[], Mapping[str, Any]],
        *,
        words: Words,
        headers: Mapping[str, str],
    ) -> Response:
        """`page` for pages that are the same for everybody: made once for each `key`, which tells all that the values that
        `make` gives hang on. Never for a page that holds a form's token or anything of a reader.

        They are made small for browsers that take that: nothing on them is secret, so its length tells nothing.
        """
        query = str(request.url.query)
        whole = (template, key, words.tag, words.locale, request.url.path, query)
        kept = self._kept.get(whole)
        if kept is None:
            html = self.page(request, template, words=words, **make()).body
            kept = bytes(html), gzip.compress(html, compresslevel=6, mtime=0)
            if len(query) <= LONGEST_QUERY_KEPT:
                self._keep(whole, kept)
        small = "gzip" in request.headers.get("accept-encoding", "")
        response = HTMLResponse(kept[1] if small else kept[0], headers=dict(headers))
        if small:
            response.headers["content-encoding"] = "gzip"
        self._tell_language(request, response, words)
        return response

    def _keep(self, whole: Hashable, kept: tuple[bytes, bytes]) -> None:
        with self._keeping:
            while len(self._kept) >= PAGES_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[whole] = kept

    def _tell_language(self, request: Request, response: Response, words: Words) -> None:
        response.headers["content-language"] = words.tag
        response.headers["vary"] = "accept-language, accept-encoding, cookie"
        if request.query_params.get("lang") in self.tags:
            self._remember(response, request.query_params["lang"])

    def context(self, request: Request, words: Words) -> dict[str, Any]:
        """What every template of a page sees."""
        settings = self.settings
        return {
            "t": words.t,
            "tn": words.tn,
            "day": words.day,
            "day_and_year": words.day_and_year,
            "short_day": words.short_day,
            "country": words.country,
            "language": words.language,
            "place": words.place,
            "names": words.names,
            "lang": words.tag,
            "rtl": words.rtl,
            "locale": words.locale,
            "path": request.url.path,
            "languages": [(tag, OWN_NAMES.get(tag, tag), self._in(request, tag)) for tag in self.tags],
            "static": self.static,
            "form_token": lambda action: forms.issue(self._form_key, action, self.clock.now()),
            "office": self.app.renderer.office,
            "organisation": settings.organisation,
        }

    def static(self, name: str) -> str:
        """The address of a file of templates/pages/static; it changes with what is in it, so browsers may keep it for ever."""
        return f"{STATIC}/{name}?{self._static[name]}"

    def may_post(self, request: Request, action: str, token: str) -> bool:
        """Whether a form that was sent is one of ours, not older than a day and not sent by somebody else's page."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none", "same-site"}:
            return False
        return forms.is_genuine(self._form_key, action, token, self.clock.now())

    @property
    def is_https(self) -> bool:
        """Whether readers reach us by https."""
        return urlsplit(self.settings.public_url).scheme == "https"

    def see_other(self, path: str, **query: str) -> RedirectResponse:
        """After a POST: the page that shows what came of it."""
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)

    def _in(self, request: Request, tag: str) -> str:
        """The same page in another language."""
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        return f"{request.url.path}?{urlencode([*query, ('lang', tag)])}"

    def _remember(self, response: Response, tag: str) -> None:
        response.set_cookie(
            LANGUAGE_COOKIE, tag, max_age=COOKIE_SECONDS, secure=self.is_https, httponly=True, samesite="lax"
        )

    def no_such_link(self, request: Request) -> HTMLResponse:
        """What a link is answered with that is cut, old or not ours: the same whatever the reason, with the ways that help."""
        return self.page(request, "no_such_link.html", status=404, personal=True)

    def trouble(self, request: Request, trouble: Trouble, *, status: int = 400) -> HTMLResponse:
        """A page that says what is wrong and what helps."""
        return self.page(request, "trouble.html", status=status, personal=True, trouble=trouble)


def static_folder() -> Path:
    """Where the style sheet, the script and the pictures of the pages lie."""
    return default_template_folder() / "pages" / "static"


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
