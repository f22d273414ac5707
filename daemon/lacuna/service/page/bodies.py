"""Bodies of the page's requests: small JSON objects with exactly the keys that are wanted."""

from aiohttp import web

from lacuna_wire.errors import BadRequest

from ..bodies import read_json
from ..keys import SETTINGS


async def read_nothing(request: web.Request) -> None:
    """Read the empty object of a request that says no more than its address."""
    if await read_json(request, request.app[SETTINGS]) != {}:
        raise BadRequest("The body must be an empty JSON object.")


async def read_text(request: web.Request, key: str) -> str:
    """Read an object with one text in it."""
    message = await read_json(request, request.app[SETTINGS])
    if not isinstance(message, dict) or set(message) != {key} or type(message[key]) is not str:
        raise BadRequest(f"The body must be a JSON object with the text {key} alone.")
    return str(message[key])
