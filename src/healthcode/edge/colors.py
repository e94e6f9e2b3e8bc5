"""`GET /v1/colors`: what any page needs to show states: colors, policies and words, with version and age."""

import hashlib

import msgspec

from healthcode.edge.answers import Colors
from healthcode.edge.http import Request, Response, json_response
from healthcode.edge.status import Moment
from healthcode.edge.world import World

_ENCODER = msgspec.json.Encoder()


class ColorsOf:
    """Answers the colors; their version is a digest of their content."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, request: Request, moment: Moment) -> Response:
        """The colors, or 304 where the device has this version."""
        colors, policies = self._world.published_colors(), self._world.published_policies()
        texts = self._world.published_texts()
        version = hashlib.sha256(_ENCODER.encode([colors, policies, texts])).hexdigest()[:16]
        etag = b'"%s"' % version.encode()
        if request.header(b"if-none-match") == etag:
            return Response(304, [(b"etag", etag), (b"cache-control", b"no-cache")], b"")
        said = Colors(
            version=version,
            region=str(self._world.region),
            made_at_ms=int(moment.wall_s * 1000),
            freshness=self._world.freshness,
            colors=colors,
            policies=policies,
            texts=texts,
        )
        return json_response(_ENCODER.encode(said), (b"etag", etag))
