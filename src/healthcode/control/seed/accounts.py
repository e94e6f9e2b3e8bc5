"""The demo accounts' password and second factors. Demo secrets refuse to start in production, and so do these."""

from __future__ import annotations

import base64

from healthcode.crypto.suites import suite

PASSWORD = "invented-county-2022"  # noqa: S105  # of invented officers, shown on the demo page


def totp_secret(officer: str, blind_key: bytes) -> str:
    """The Base32 secret of an officer of the cast: another one in each deployment, kept nowhere."""
    return base64.b32encode(suite("intl").hkdf(blind_key, b"demo totp " + officer.encode(), 20)).decode()
