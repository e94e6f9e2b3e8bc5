"""Who is asking: the session in the Authorization header, opened once and remembered for its life."""

from healthcode.codes.errors import CodeError, Expired, NotYet
from healthcode.codes.session import SessionClaim, session_open
from healthcode.domain.time import Minute
from healthcode.edge.http import Problem, Request
from healthcode.edge.world import World

_BEARER = b"Bearer "
CACHE = 50_000
"""Sessions remembered by one worker (about 500 bytes each)."""


class Sessions:
    """Opens sessions and remembers them by their token; forgets all when the epoch keys change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._opened: dict[bytes, SessionClaim] = {}
        self._keys_seen = world.keys

    def claim(self, request: Request, kind: str, now: Minute) -> SessionClaim:
        """The session of `request`, of the wanted kind and not recalled.

        Raises Problem session_missing, session_expired, session_forged, session_recalled or wrong_session.
        """
        token = _token(request)
        claim = self._opened.get(token)
        if claim is None or self._keys_seen is not self._world.keys:
            claim = self._open(token, now)
        if now >= claim.expires:
            raise Problem("session_expired")
        if claim.kind != kind:
            raise Problem("wrong_session")
        if self._world.session_recalled(claim):
            raise Problem("session_recalled")
        return claim

    def _open(self, token: bytes, now: Minute) -> SessionClaim:
        if self._keys_seen is not self._world.keys or len(self._opened) >= CACHE:
            self._opened = {}
            self._keys_seen = self._world.keys
        try:
            claim = session_open(self._world.keys, token.decode("ascii"), region=self._world.region, now=now)
        except (Expired, NotYet):
            raise Problem("session_expired") from None
        except (CodeError, UnicodeDecodeError):
            raise Problem("session_forged") from None
        self._opened[token] = claim
        return claim


def _token(request: Request) -> bytes:
    header = request.header(b"authorization")
    if header is not None and header.startswith(_BEARER):
        return header[len(_BEARER) :]
    raise Problem("session_missing")


def session_text(request: Request) -> str:
    """The token itself, as the phone signs it."""
    return _token(request).decode("ascii", "replace")
