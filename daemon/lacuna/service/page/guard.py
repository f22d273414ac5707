"""Who may ask for what of the page: the one place for its rules.

A browser signs nothing and shares its connections, so the rules are others than those of programs
(`auth.py`); docs/threat_model.md says against what each of them stands.
"""

from aiohttp import web

from lacuna_wire.errors import Forbidden, Unauthorized

from ..auth import CALLER, OWN_FETCH_SITES, Caller, check_name, end_session, own_peer
from .visits import VISITS

PAGE = "/page/"
API = f"{PAGE}api/"
SIGN_IN = f"{API}sign-in"
SCHEME = "Lacuna-Page"  # of the Authorization header, before the key
PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_of_page(request: web.Request) -> bool:
    """Whether the address belongs to the page, as the router understands it."""
    return _address(request).startswith(PAGE)


def check_visitor(request: web.Request) -> None:
    """Let in the page alone.

    Its files are the same for everybody and tell nothing. What its scripts ask has to come from
    the page itself, and with a key unless it signs in. A browser says `Origin` with every `POST`,
    so all of that is `POST`.

    Raises:
        LacunaError: As `check_name` does.
        Forbidden: If it comes from another user, or from another page.
        Unauthorized: Without a key of this daemon.
    """
    end_session(request)
    own_origin = f"http://{check_name(request)}"
    if own_peer(request) is False:
        raise Forbidden("This page belongs to another user of this computer.")
    origins = request.headers.getall("Origin", [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    address = _address(request)
    if not address.startswith(API):
        if set(origins) - {own_origin} or set(sites) - set(OWN_FETCH_SITES):
            raise Forbidden("Other web pages may not use this page.")
        return
    if origins != [own_origin] or sites != ["same-origin"]:
        raise Forbidden("Only the page of this daemon may ask for this.")
    if address == SIGN_IN:
        return
    given = request.headers.getall("Authorization", [])
    scheme, _, key = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme != SCHEME or not request.app[VISITS].knows(key):
        raise Unauthorized("This tab has not signed in. Run `lacuna page`.")
    request[CALLER] = Caller(None)


def _address(request: web.Request) -> str:
    # Not the path of the request: what a router makes of one with dots in it is up to the router.
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical
