"""The two suites, `intl` (ES256, AES-256-GCM, SHA-256) and `gm` (SM2, SM4-GCM, SM3), behind one interface.

Both have 32-byte digests and MACs, 12-byte nonces, 16-byte tags and 64-byte raw `r || s` signatures, so that formats
differ between suites in one number only: the suite byte.
"""

from collections.abc import Mapping
from typing import Final

from healthcode.crypto.errors import UnknownSuite
from healthcode.crypto.gm import Gm
from healthcode.crypto.interfaces import Suite
from healthcode.crypto.intl import Intl

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64


_SUITES: Final[Mapping[str, Suite]] = {"intl": Intl(), "gm": Gm()}
_BY_ID: Final[Mapping[int, Suite]] = {suite.id: suite for suite in _SUITES.values()}
_BY_ALG: Final[Mapping[int, Suite]] = {suite.cose_alg: suite for suite in _SUITES.values()}


def suite(name: str) -> Suite:
    """Return the suite called `intl` or `gm`; raises `UnknownSuite`."""
    return _found(_SUITES.get(name), f"no suite is called {name!r}; there are {', '.join(_SUITES)}")


def suite_by_id(number: int) -> Suite:
    """Return the suite of a format's suite byte; raises `UnknownSuite`."""
    return _found(_BY_ID.get(number), f"suite number {number} is not known to this release")


def suite_by_alg(algorithm: object) -> Suite:
    """Return the suite of a COSE algorithm id; raises `UnknownSuite`."""
    known = _BY_ALG.get(algorithm) if isinstance(algorithm, int) else None
    return _found(known, f"COSE algorithm {algorithm!r} is not known to this release")


def _found(known: Suite | None, message: str) -> Suite:
    if known is None:
        raise UnknownSuite(message)
    return known
