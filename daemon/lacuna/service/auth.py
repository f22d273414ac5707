"""Who may talk to the daemon: programs of this user that name it correctly, and no web page.

The checks run for every route, even for those that do not exist. `request.host` is not used:
aiohttp takes it from an absolute target or invents one, and a forged Host would go unnoticed.
"""

import hmac

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware

from lacuna_wire.errors import BadRequest, Forbidden, Unauthorized, WrongHost

# These prove the daemon's identity and say that it is alive; they tell nothing about the user.
WITHOUT_TOKEN = ("/v1/hello", "/v1/health")
OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
# `none`: typed into the address bar. Programs other than browsers do not send the header.
OWN_FETCH_SITES = ("none", "same-origin")


def guard(token: str) -> Middleware:
    """Return the middleware that lets in only callers that could read the endpoint file."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_caller(request)
        resource = request.match_info.route.resource
        if resource is None or resource.canonical not in WITHOUT_TOKEN:
            check_token(request, token)
        return await handler(request)

    return check


def check_caller(request: web.Request) -> None:
    """Refuse what none of our clients sends: other names of this host, proxies, browsers.

    Raises:
        BadRequest: For HTTP/1.0 and for an absolute target; neither has a trustworthy Host.
        WrongHost: Unless there is exactly one Host header and it is a name of this socket. A page
            that rebinds its own name to 127.0.0.1 is stopped here.
        Forbidden: If the request comes from a web page, even from one of `null` origin.
    """
    if request.version != HttpVersion11:
        raise BadRequest("This daemon speaks HTTP/1.1 only.")
    if not request.raw_path.startswith("/"):
        raise BadRequest("The target of a request must be a path.")
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    port = request.transport.get_extra_info("sockname")[1]
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or hosts[0] not in [f"{name}:{port}" for name in OWN_NAMES]:
        raise WrongHost("The Host header does not name this daemon.")
    if "Origin" in request.headers:
        raise Forbidden("Web pages may not use this daemon.")
    for site in request.headers.getall("Sec-Fetch-Site", []):
        if site not in OWN_FETCH_SITES:
            raise Forbidden("Web pages may not use this daemon.")
    if request.method == "OPTIONS":
        raise Forbidden("Web pages may not use this daemon.")


def check_token(request: web.Request, token: str) -> None:
    """Raise `Unauthorized` unless the request carries the token."""
    given = request.headers.getall("Authorization", [])
    # surrogateescape: aiohttp decodes headers this way, and they may hold any byte.
    text = given[0].encode("utf-8", "surrogateescape") if len(given) == 1 else b""
    if not hmac.compare_digest(text, f"Bearer {token}".encode()):
        raise Unauthorized("The token is missing or wrong.")
