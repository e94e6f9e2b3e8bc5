"""What a person reads of document checks about her: at which venue's gate, when."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from healthcode.domain.time import minute_of

_MOST: Final = 100
_WHAT: Final = {"zh": "查验了您的证件", "en": "checked your document"}
_POST: Final = {"zh": "查验员", "en": "Inspector"}


def document_checks_of(number: int) -> list[dict[str, Any]]:
    """The last document checks of the acting resident, newest first, as entries of "who looked at me"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, venue, gate FROM document_checks_of(%s, %s)", [number, _MOST])
        return [
            {
                "at_minute": minute_of(at),
                "office": {lang: " · ".join(filter(None, (venue, gate))) or unnamed for lang, unnamed in _UNNAMED},
                "post": _POST,
                "what": _WHAT,
                "purpose": "",
                "fields": [],
            }
            for at, venue, gate in cursor.fetchall()
        ]


_UNNAMED: Final = (("zh", "场所"), ("en", "A venue"))
