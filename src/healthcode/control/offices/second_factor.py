"""How second factors are kept: the secret of a one-time code app is sealed before it reaches the database."""

from __future__ import annotations

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from healthcode.control.ports import ports
from healthcode.crypto.suites import suite

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_LABEL = b"healthcode second factor v1"


class SealingMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's hooks: what it stores is sealed under a key derived from the deployment's blind key."""

    def encrypt(self, text: str) -> str:
        """`text` as a sealed box in Base64."""
        intl = suite("intl")
        return base64.b64encode(intl.seal(_key(), text.encode(), _LABEL)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text of a sealed box; raises Tampered where it was altered."""
        return suite("intl").open(_key(), base64.b64decode(encrypted_text), _LABEL).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether another second factor remains: nobody takes his last one off himself (Art. 37; GB/T 22239)."""
        others = Authenticator.objects.filter(user=authenticator.user, type__in=SECOND_FACTORS)
        return bool(others.exclude(pk=authenticator.pk).exists())


def _key() -> bytes:
    return suite("intl").hkdf(ports().blind_key, _LABEL, 32)
