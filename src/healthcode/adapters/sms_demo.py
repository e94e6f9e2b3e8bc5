"""Development twin of the SMS provider: texts stay on this machine, for the demo page to show.

It warns loudly, and refuses to exist in production, where a code that anybody can read on a page proves nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_KEPT = 200


class DevelopmentTwinRefused(RuntimeError):
    """A development twin was asked for in production."""


class SmsDemo:
    """Implements `healthcode.control.people.ports.SmsSender`. The last 200 phones' texts are kept in one file, 0600.

    Several processes of control share the file: each change is made under a lock and renamed into place.
    """

    def __init__(self, file: Path, *, production: bool) -> None:
        """Raises DevelopmentTwinRefused in production."""
        if production:
            raise DevelopmentTwinRefused(
                "The demo SMS sender shows codes on a page and must not serve real people. Configure an SMS provider, "
                "or set HEALTHCODE_ENVIRONMENT=demo."
            )
        self._file = file
        self._file.parent.mkdir(parents=True, exist_ok=True)
        log.warning("sms_demo_in_use", meaning="texts are NOT delivered: they are shown on the demo page")

    def send(self, phone: str, text: str) -> None:
        """Keep `text` as the last one sent to `phone`."""
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            texts = self._texts()
            texts.pop(phone, None)
            texts[phone] = text
            draft = self._file.with_suffix(".draft")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(dict(list(texts.items())[-_KEPT:]), file, ensure_ascii=False)
            draft.replace(self._file)

    def last(self, phone: str) -> str | None:
        """The last text sent to `phone`, or None. For the demo page only."""
        return self._texts().get(phone)

    def _texts(self) -> dict[str, str]:
        try:
            texts: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return texts
