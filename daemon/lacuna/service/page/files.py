"""The files of the page, as they lie in `static`, and its texts in the visitor's language."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from lacuna_wire import translation
from lacuna_wire.errors import NotFound

STATIC = Path(__file__).parent / "static"
LOCALE = STATIC / "locale"  # LANGUAGE.json, made by `python -m translations.catalogues`
ICON = translation.LOCALE.parent / "icons" / "lacuna.svg"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


class PageFile(NamedTuple):
    """A file of the page.

    Attributes:
        body: Its bytes.
        kind: Its media type.
    """

    body: bytes
    kind: str


async def send_file(request: web.Request) -> web.Response:
    """GET /page/{name}: one file; without a name the page itself."""
    found = page_files().get(request.match_info["name"] or "index.html")
    if found is None:
        raise NotFound("There is nothing at this address.")
    return web.Response(body=found.body, content_type=found.kind, charset="utf-8")


async def send_texts(request: web.Request) -> web.Response:
    """GET /page/texts.json: the texts in the language that the browser asks for."""
    language = translation.choose_language(languages_of(request), set(page_texts()))
    return web.json_response({"language": language, "texts": page_texts().get(language, {})})


def languages_of(request: web.Request) -> list[str]:
    """Return the languages that a browser asks for, the best first, as it names them.

    Browsers send them in this order, whatever the weights behind them say.
    """
    words = request.headers.get("Accept-Language", "").split(",")
    return [name for word in words if (name := word.partition(";")[0].strip()) not in ("", "*")]


@cache
def page_files() -> dict[str, PageFile]:
    """Return all files by their names: read once, so that they fit together and to this daemon."""
    paths = {
        path.relative_to(STATIC).as_posix(): path
        for path in STATIC.rglob("*")
        if path.suffix in TYPES
    }
    paths["lacuna.svg"] = ICON
    return {name: PageFile(path.read_bytes(), TYPES[path.suffix]) for name, path in paths.items()}


@cache
def page_texts() -> dict[str, dict[str, str]]:
    """Return the translations of the page's texts by languages, English left out."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in LOCALE.glob("*.json")}
