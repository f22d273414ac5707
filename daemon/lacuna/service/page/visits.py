"""Codes that open the page once, and keys by which its tabs are known until the daemon ends.

`lacuna page` asks for a code over a signed connection, and opens the browser on an address that
holds it. The page gives the code back and gets a key. Neither is kept here, only their digests.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Callable

from aiohttp import web

from lacuna_wire import LacunaError
from lacuna_wire.errors import Unauthorized

CODE_S = 60.0  # how long a code is good
MOST_CODES = 8  # that wait to be used; the oldest goes for a new one
MOST_KEYS = 64  # tabs; the one that has been quiet for longest goes for a new one
MOST_WRONG, WRONG_S = 10, 60.0  # wrong codes in so much time, after which none is looked at
SECRET_BYTES = 32


class Visits:
    """Who may use the page.

    Args:
        now: The clock by which codes grow old, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._codes: dict[str, float] = {}  # digest -> until when it is good
        self._keys: dict[str, None] = {}  # digests, the one that was used last at the end
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)

    def new_code(self) -> str:
        """Return a code that is good once, and for `CODE_S`."""
        while len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(SECRET_BYTES)
        self._codes[_digest(code)] = self._now() + CODE_S
        return code

    def sign_in(self, code: str) -> str:
        """Return a new key for a code, which is used up by that.

        Raises:
            LacunaError: `too_many_tries` after many wrong codes, whatever this one is.
            Unauthorized: If it was never given out, was used before, or is too old.
        """
        now = self._now()
        if len(self._wrong) == MOST_WRONG and now - self._wrong[0] < WRONG_S:
            raise LacunaError(
                f"{MOST_WRONG} wrong codes came within {WRONG_S:g} s. Wait a minute, then run "
                "`lacuna page` again.",
                code="too_many_tries",
                status=429,
            )
        good_until = self._codes.pop(_digest(code), None)
        if good_until is None or now > good_until:
            self._wrong.append(now)
            raise Unauthorized(
                f"This address was used before, or is older than {CODE_S:g} s. Run `lacuna page` "
                "for another one."
            )
        key = secrets.token_urlsafe(SECRET_BYTES)
        while len(self._keys) >= MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        self._keys[_digest(key)] = None
        return key

    def knows(self, key: str) -> bool:
        """Whether this key was given out by this daemon."""
        digest = _digest(key)
        if digest not in self._keys:
            return False
        del self._keys[digest]
        self._keys[digest] = None
        return True


VISITS = web.AppKey("visits", Visits)


def _digest(secret: str) -> str:
    # How long a look into a table takes tells of the digest alone, which nobody can choose.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
