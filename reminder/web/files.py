"""The files of the pages: style sheet, script, pictures, and what search engines ask for. All from memory."""

import gzip
import mimetypes
from pathlib import Path

from fastapi import HTTPException, Request, Response

from reminder.web.asgi import Application, Message, Receive, Scope, Send

FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
# Appeals may be found; what belongs to one person, or acts, may not.
ROBOTS = """\
User-agent: *
Disallow: /confirm/
Disallow: /console
Disallow: /hooks/
Disallow: /later/
Disallow: /leave/
Disallow: /me
Disallow: /s/
Disallow: /wrote/
"""


class Files:
    """Answers with the files of a folder, by name; their address holds what is in them, so they may be kept for ever."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name: _Kept(path) for path in folder.iterdir() if path.is_file()}

    def get(self, name: str, request: Request, keep: str = FOR_EVER) -> Response:
        """The file, small where the browser takes that; 404 where there is none."""
        kept = self._files.get(name)
        if kept is None:
            raise HTTPException(404)
        small = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"cache-control": keep, "vary": "accept-encoding"} | ({"content-encoding": "gzip"} if small else {})
        return Response(kept.small if small else kept.whole, media_type=kept.kind, headers=headers)


class _Kept:
    def __init__(self, path: Path) -> None:
        self.whole = path.read_bytes()
        self.small = gzip.compress(self.whole, compresslevel=9, mtime=0)
        self.kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"


class Headless:
    """Answers HEAD as GET without the body, for every page: link checkers and mail programs ask so."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._inner(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send(message if message["type"] != "http.response.body" else {**message, "body": b""})

        await self._inner({**scope, "method": "GET"}, receive, without_body)
