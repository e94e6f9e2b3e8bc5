"""`GET /v1/bundle`: the offline bundle that control signed, carried to enrolled devices (spec/offline-bundle.md).

An edge holds no key of it: it checks digests only to give no mixture of two bundles while the feed brings a new one.
"""

from typing import NamedTuple

import cbor2

from healthcode.codes.bundle import Head, head_of, parts_check
from healthcode.codes.errors import CodeError
from healthcode.edge.http import Problem, Request, Response, length_header
from healthcode.edge.sessions import Sessions
from healthcode.edge.status import Moment
from healthcode.edge.world import World
from healthcode.table.payloads import PayloadError

RETRY_S = 30
_FORMAT, _HEAD, _PARTS, _CARD, _SERVER_TIME = range(5)  # labels of the answer


class _Whole(NamedTuple):
    """A bundle of which every part is here."""

    message: bytes
    head: Head
    parts: dict[str, bytes]


class Bundles:
    """Answers the bundle for one worker; the last whole one is kept while the next is still arriving."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions
        self._whole: _Whole | None = None

    async def get(self, request: Request, moment: Moment) -> Response:
        """The head, the parts that changed after `since`, the card of the device's venue; 304 for the one held."""
        now = int(moment.wall_s) // 60
        device = self._sessions.inspector(request, now)
        whole = self._newest()
        if whole is None:
            raise Problem("bundle_not_ready", retry_after_s=RETRY_S)
        gate = self._world.gate(device.venue, now)
        card = gate.card if gate is not None else b""
        etag = b'"%d-%s"' % (whole.head.number, card[-6:].hex().encode())
        if request.header(b"if-none-match") == etag:
            return Response(304, [(b"etag", etag), (b"cache-control", b"no-store")], b"")
        since = _since(request)
        parts = {name: data for name, data in whole.parts.items() if whole.head.parts[name].changed > since}
        answer = {
            _FORMAT: 1,
            _HEAD: whole.message,
            _PARTS: parts,
            _CARD: card or None,
            _SERVER_TIME: int(moment.wall_s * 1000),
        }
        body = cbor2.dumps(answer, canonical=True)
        headers = [(b"content-type", b"application/cbor"), (b"cache-control", b"no-store"), (b"etag", etag)]
        return Response(200, [*headers, (b"x-content-type-options", b"nosniff"), length_header(body)], body)

    def _newest(self) -> _Whole | None:
        try:
            message = self._world.bundle_head()
            if message and (self._whole is None or message != self._whole.message):
                head, parts = head_of(message), self._world.bundle_parts()
                parts_check(head, parts)
                self._whole = _Whole(message, head, parts)
        except (CodeError, PayloadError):
            return self._whole  # parts of the next one are here already: it is whole in a moment
        return self._whole


def _since(request: Request) -> int:
    for pair in request.query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"since":
            if not value.isdigit() or len(value) > 15:
                raise Problem("bad_request", errors=({"field": "since", "message": "the number of a bundle"},))
            return int(value)
    return 0
