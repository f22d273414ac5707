"""Who may talk to the daemon: programs of this user that name it correctly, and no web page.

The checks run on every route, also on those that do not exist. `request.host` is not used: aiohttp
takes it from an absolute target or invents one, and then a forged Host header would go unseen.
"""

import hmac

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware

from lacuna_wire.errors import BadRequest, Forbidden, Unauthorized, WrongHost

# These prove the daemon's identity and say that it lives; nothing of the user is in them.
WITHOUT_TOKEN = ("/v1/hello", "/v1/health")
OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
# `none`: typed into the address bar. Programs that are no browser do not send the header.
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
    """Refuse what no client of ours sends: other names of this host, proxies, browsers.

    Raises:
        BadRequest: For HTTP/1.0 and for an absolute target; neither has a trustworthy Host.
        WrongHost: Unless there is exactly one Host header and it is a name of this socket. A page
            that rebinds its own name to 127.0.0.1 ends here.
        Forbidden: If the request comes from a web page, also from one of `null` origin.
    """
    if request.version != HttpVersion11:
        raise BadRequest("only HTTP/1.1 is spoken here")
    if not request.raw_path.startswith("/"):
        raise BadRequest("the target of a request must be a path")
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    port = request.transport.get_extra_info("sockname")[1]
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or hosts[0] not in [f"{name}:{port}" for name in OWN_NAMES]:
        raise WrongHost("the Host header does not name this daemon")
    if "Origin" in request.headers:
        raise Forbidden("web pages may not use this daemon")
    for site in request.headers.getall("Sec-Fetch-Site", []):
        if site not in OWN_FETCH_SITES:
            raise Forbidden("web pages may not use this daemon")
    if request.method == "OPTIONS":
        raise Forbidden("web pages may not use this daemon")


def check_token(request: web.Request, token: str) -> None:
    """Refuse whoever does not know the token; raises `Unauthorized`."""
    given = request.headers.getall("Authorization", [])
    # surrogateescape: aiohttp decodes headers this way, and any byte may come in.
    text = given[0].encode("utf-8", "surrogateescape") if len(given) == 1 else b""
    if not hmac.compare_digest(text, f"Bearer {token}".encode()):
        raise Unauthorized("the token is missing or wrong")
