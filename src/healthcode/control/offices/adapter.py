"""allauth's hooks for officers' accounts. A file of its own: allauth imports it by name from the settings."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class OfficerAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Nobody signs up: officers are appointed (Art. 18)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether somebody may make an account of his own: never."""
        del request
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Whether a sign-in may lead there: to the console's door, which opens the acting session, or to our forms.

        Any other page of ours would send somebody without an acting session back to the sign-in, for ever.
        """
        return url is not None and url.startswith(("/console/enter", "/accounts/")) and super().is_safe_url(url)
