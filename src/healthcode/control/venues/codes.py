"""The codes of a checkpoint: the poster's link, the link a screen shows for a minute, and both as SVG."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final, Literal

import segno

from healthcode.codes.epoch import EpochKeys
from healthcode.codes.venue import VenueClaim, venue_rotating, venue_static
from healthcode.control.bridge.edges import epoch_keys as keys_of
from healthcode.control.ports import ports
from healthcode.control.venues.models import Checkpoint, Venue
from healthcode.crypto.suites import suite
from healthcode.domain.time import Minute, day_of

PLACE_CHARACTERS: Final = 12
"""How much of the venue's name the code itself carries: few, so that old cameras still read it from a poster."""


def epoch_keys(now: Minute) -> EpochKeys:
    """The epoch keys of yesterday, today and tomorrow, as control derives them."""
    today = day_of(now)
    return keys_of(range(today - 1, today + 2))


def poster_link(venue: Venue, checkpoint: Checkpoint) -> str:
    """The signed link of a checkpoint's poster, valid until the site's codes or the issuer key are recalled."""
    return _signed(
        VenueClaim(venue.number, checkpoint.number, place=venue.name[:PLACE_CHARACTERS], edition=venue.edition),
        (ports().issuer_suite, ports().issuer_key),
        ports().issuer_kid,
        int(ports().region),
        ports().public_url,
    )


def screen_link(venue: Venue, checkpoint: Checkpoint, *, now: Minute) -> str:
    """The link that a screen at the checkpoint shows during the minute `now`."""
    return venue_rotating(poster_link(venue, checkpoint), epoch_keys(now), minute=now)


def code_svg(text: str, *, error: Literal["l", "m"] = "m") -> str:
    """`text` as a QR code: inline SVG without a size of its own, black on white whatever the theme.

    `error` is the level of correction: `m` on paper, which gets dirty; `l` on a screen, for a coarser picture.
    """
    out = io.BytesIO()
    segno.make(text, error=error, micro=False, boost_error=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return out.getvalue().decode()


@lru_cache(maxsize=4096)
def _signed(claim: VenueClaim, issuer: tuple[str, bytes], kid: bytes, region: int, base_url: str) -> str:
    """Signed once per process: a screen shows the same signature every minute, and edges remember that it held."""
    key = suite(issuer[0]).private_from_bytes(issuer[1])
    return venue_static(key, kid, claim, region=region, base_url=base_url)
