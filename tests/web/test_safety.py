"""What every answer of the site keeps to: headers, HEAD, files for ever, weight, and pages for what is not there."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from reminder.web.site import Site
from tests.web.pages_world import World

MOST_BYTES = 60_000
PATHS = (
    "/",
    "/a/{nagyz}",
    "/a/{nagyz}/wrote",
    "/nowhere",
    "/a/{draft}",
    "/static/site.css",
    "/static/nothing",
    "/robots.txt",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_every_answer_forbids_what_is_not_ours(world: World, path: str, method: str) -> None:
    headers = world.client.request(method, path.format(**world.codes)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert not {"server", "x-powered-by"} & set(headers)


def test_strict_transport_is_asked_for_only_where_readers_come_by_https(world_with: Callable[..., World]) -> None:
    here = world_with(public_url="http://localhost:8000")
    assert "strict-transport-security" not in here.client.get("/").headers


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_does_without_a_body(world: World, path: str) -> None:
    path = path.format(**world.codes)
    asked, got = world.client.head(path), world.client.get(path)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "cache-control", "vary"):
        assert asked.headers.get(name) == got.headers.get(name)


def test_a_page_that_is_not_there_helps_in_the_readers_language_and_is_kept_nowhere(world: World) -> None:
    answer = world.client.get("/nowhere", headers={"accept-language": "fr-CH, fr;q=0.9, en;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-language"] == "fr"
    assert '<html lang="fr"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert '<a href="/">' in answer.text


def test_nothing_tells_what_the_site_is_made_of(world: World) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert world.client.get(path).status_code == 404


class _Loaded(HTMLParser):
    """What a browser loads with a page, and what it would run or follow elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.inline: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if (tag == "script" and "src" not in values) or tag == "style":
            self.inline.append(tag)
        self.inline += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "a":
            self.links.append(values["href"] or "")
        elif tag == "link" and values.get("rel") != "canonical":
            self.files.append(values["href"] or "")
        elif "src" in values:
            self.files.append(values["src"] or "")


def _loaded(text: str) -> _Loaded:
    parser = _Loaded()
    parser.feed(text)
    return parser


@pytest.mark.parametrize("language", ["en", "ar", "zh"])
@pytest.mark.parametrize("path", ["/", "/a/{nagyz}", "/a/{rosa}", "/a/{redacted}", "/a/{nagyz}/wrote", "/nowhere"])
def test_a_page_weighs_little_and_loads_nothing_from_others(world: World, path: str, language: str) -> None:
    answer = world.client.get(
        path.format(**world.codes), headers={"accept-language": language, "accept-encoding": "identity"}
    )
    found = _loaded(answer.text)
    assert not found.inline
    assert all(re.match(r"/static/[a-z.]+\?[0-9a-f]{12}$", file) for file in found.files)
    weight = len(answer.content)
    weight += sum(len(world.client.get(file, headers={"accept-encoding": "identity"}).content) for file in found.files)
    assert weight <= MOST_BYTES, "and that is before it is made small"
    assert all(link.startswith(("/", "#")) for link in found.links)


def test_files_are_kept_for_ever_and_their_address_tells_what_is_in_them(world: World) -> None:
    file = next(file for file in _loaded(world.client.get("/").text).files if "site.css" in file)
    answer = world.client.get(file)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert file == Site(world.app).static("site.css")


@pytest.mark.parametrize("path", ["/static/site.css", "/", "/a/{nagyz}"])
def test_what_is_the_same_for_everybody_comes_small_where_that_is_understood(world: World, path: str) -> None:
    path = path.format(**world.codes)
    whole = world.client.get(path, headers={"accept-encoding": "identity"})
    small = world.client.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in whole.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == whole.content, "the client has unpacked it"
    assert int(small.headers["content-length"]) < 0.6 * len(whole.content)
    assert "accept-encoding" in small.headers["vary"]


@pytest.mark.parametrize("name", ["..%2f..%2fbase.html", "..%2fbase.html", "site.css%00", ".hidden"])
def test_only_the_files_of_the_folder_are_files(world: World, name: str) -> None:
    assert world.client.get(f"/static/{name}").status_code == 404


def test_search_engines_may_find_appeals_and_nothing_of_anybody(world: World) -> None:
    lines = world.client.get("/robots.txt").text.splitlines()
    kept_out = {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")}
    for path in (
        world.leave_link("Clara"),
        world.wrote_link("Clara"),
        world.later_link("Clara"),
        world.short_link("Clara"),
        "/me",
    ):
        assert any(path.startswith(start) for start in kept_out)
    assert not any("/a/x".startswith(start) for start in kept_out)


def test_an_icon_is_there_under_its_old_name(world: World) -> None:
    assert world.client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_a_language_that_was_chosen_is_remembered_and_nothing_else_is(world: World) -> None:
    answer = world.client.get("/?lang=es")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("lang=es;")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax"))
    assert world.client.get("/").headers["content-language"] == "es"
    assert "set-cookie" not in world.client.get("/?lang=xx").headers
