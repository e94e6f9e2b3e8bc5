"""What can go wrong with keys, seals and signatures."""


class CryptoError(Exception):
    """Base of every refusal of this package."""


class Tampered(CryptoError):
    """A sealed blob was altered, cut, made under another key or for another context."""


class BadSignature(CryptoError):
    """A signature does not belong to this message and this key."""


class BadKey(CryptoError, ValueError):
    """Key bytes have the wrong length or form for the suite."""


class UnknownSuite(CryptoError, ValueError):
    """A suite, algorithm or format version that this release does not know: an update may know it."""
