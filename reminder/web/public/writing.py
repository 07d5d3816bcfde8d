"""Writing: own words first, the model letter beside them, and the ways in which it can leave. Nothing is kept of it."""

import re
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from reminder.domain.showing import Standing
from reminder.outbox.showing import Shown, read_appeal
from reminder.rendering.facts import RTL_LANGUAGES
from reminder.rendering.letter import Letter, as_file, letter_to, mailto
from reminder.rendering.letter_docx import as_docx
from reminder.web.site import Site

_CODE = re.compile(r"[a-z0-9]{1,32}")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def routes(site: Site) -> APIRouter:
    """`/a/CODE/write`, and the letter as a page to print, to copy by hand and as files."""
    router = APIRouter()

    def write(request: Request, code: str) -> Response:
        return _page(site, request, code, "write.html")

    def to_print(request: Request, code: str) -> Response:
        return _page(site, request, code, "print.html")

    def by_hand(request: Request, code: str) -> Response:
        return _page(site, request, code, "by_hand.html")

    def text(request: Request, code: str) -> Response:
        return _file(as_file(_letter(site, _open(site, request, code))), "text/plain; charset=utf-8", "letter.txt")

    def docx(request: Request, code: str) -> Response:
        return _file(as_docx(_letter(site, _open(site, request, code))), DOCX, "letter.docx")

    for path, page in (
        ("write", write),
        ("print", to_print),
        ("by-hand", by_hand),
        ("letter.txt", text),
        ("letter.docx", docx),
    ):
        router.add_api_route(f"/a/{{code}}/{path}", page, methods=["GET", "HEAD"])
    return router


def _open(site: Site, request: Request, code: str) -> Shown:
    """The appeal, where people may write for it; 404 where nobody may see it or it asks for no letters any more."""
    locale = site.words(request).locale
    shown = read_appeal(site.database, code, site.clock.now(), locale) if _CODE.fullmatch(code) else None
    if shown is None or shown.standing is Standing.REMOVED:
        raise HTTPException(404)
    return shown


def _page(site: Site, request: Request, code: str, template: str) -> Response:
    shown = _open(site, request, code)
    if not shown.is_open:
        return site.see_other(f"/a/{shown.code}")
    words = site.words(request)
    letter, targets = _letter(site, shown), [each for each in shown.view.targets if not each.copy]
    return site.page(
        request,
        template,
        words=words,
        shown=shown,
        appeal=shown.view,
        letter=letter,
        target=targets[0] if targets else None,
        copies=[each for each in shown.view.targets if each.copy],
        mails=_mails(shown, letter, words.t("An appeal")),
        posted_from=site.settings.organisation_country,
        is_rtl=lambda language: language.split("-")[0] in RTL_LANGUAGES,
    )


def _letter(site: Site, shown: Shown) -> Letter:
    """The letter to the first target."""
    targets = [each for each in shown.view.targets if not each.copy]
    words = site.words_of(shown.view.language)
    return letter_to(shown.view, targets[0] if targets else None, shown.today, words)


def _mails(shown: Shown, letter: Letter, subject: str) -> list[tuple[str, str]]:
    """(address, link) of everybody who takes email."""
    found: dict[str, str] = {}
    for target in shown.view.targets:
        for address in target.email:
            found.setdefault(address, mailto(address, subject, letter))
    return list(found.items())


def _file(data: bytes, kind: str, name: str) -> Response:
    headers: dict[str, Any] = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
