"""`GET /v1/bundle`: what an inspector's device needs to judge and to show: colors, policies, version and age."""

import hashlib

import msgspec

from healthcode.edge.answers import Bundle
from healthcode.edge.http import Request, Response, json_response
from healthcode.edge.status import Moment
from healthcode.edge.world import World

_ENCODER = msgspec.json.Encoder()


class Bundles:
    """Answers the bundle; its version is a digest of its content."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, request: Request, moment: Moment) -> Response:
        """The bundle, or 304 where the device has this version."""
        colors, policies = self._world.published_colors(), self._world.published_policies()
        texts = self._world.published_texts()
        version = hashlib.sha256(_ENCODER.encode([colors, policies, texts])).hexdigest()[:16]
        etag = b'"%s"' % version.encode()
        if request.header(b"if-none-match") == etag:
            return Response(304, [(b"etag", etag), (b"cache-control", b"no-cache")], b"")
        bundle = Bundle(
            version=version,
            region=str(self._world.region),
            made_at_ms=int(moment.wall_s * 1000),
            freshness=self._world.freshness,
            colors=colors,
            policies=policies,
            texts=texts,
        )
        return json_response(_ENCODER.encode(bundle), (b"etag", etag))
