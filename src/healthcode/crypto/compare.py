"""The one comparison for secrets."""

import hmac


def constant_time_equal(left: bytes, right: bytes) -> bool:
    """Tell whether two byte strings are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left, right)
