"""Who is asking: the session in the Authorization header, opened once and remembered for its life."""

from healthcode.codes.errors import CodeError, Expired, NotYet
from healthcode.codes.session import SessionClaim, SessionKind, session_open
from healthcode.domain.time import Minute
from healthcode.edge.http import Problem, Request
from healthcode.edge.world import World
from healthcode.table.record import Record

_BEARER = b"Bearer "
CACHE = 50_000
"""Sessions remembered by one worker (about 500 bytes each)."""


class Sessions:
    """Opens sessions and remembers them by their token; forgets all when the epoch keys change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._opened: dict[bytes, SessionClaim] = {}
        self._keys_seen = world.keys

    def resident(self, request: Request, now: Minute) -> tuple[SessionClaim, Record]:
        """The resident's session of `request`, and her record: it is looked at anyway, and need not be read twice.

        A session is recalled where the record's generation moved on; where the session's is newer, the table is what
        is behind.  Raises Problem session_missing, session_expired, session_forged, session_recalled or wrong_session.
        """
        claim = self._claim(request, "resident", now)
        record = self._world.record(claim.subject)
        if record.generation > claim.generation:
            raise Problem("session_recalled")
        return claim, record

    def inspector(self, request: Request, now: Minute) -> SessionClaim:
        """The inspecting device's session of `request`, raising as `resident` does; recalled where the device is."""
        claim = self._claim(request, "inspector", now)
        if self._world.recalled(claim.device):
            raise Problem("session_recalled")
        return claim

    def _claim(self, request: Request, kind: SessionKind, now: Minute) -> SessionClaim:
        token = _token(request)
        claim = self._opened.get(token)
        if claim is None or self._keys_seen is not self._world.keys:
            claim = self._open(token, now)
        if now >= claim.expires:
            raise Problem("session_expired")
        if claim.kind != kind:
            raise Problem("wrong_session")
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
