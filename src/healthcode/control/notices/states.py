"""Kinds of notices and the states that one passes through."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """What the person is told."""

    COLOR_GIVEN = "color_given"
    COLOR_IMPROVED = "color_improved"
    HELD = "held"
    NOTICE_SHOWN = "notice_shown"
    TEST_DUE = "test_due"


class NoticeState(StrEnum):
    """Where a text message stands. `SENDING` is written before the provider is asked: at most once per notice."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    TOLD = "told"


OF_COLOR: Final = (NoticeKind.COLOR_GIVEN, NoticeKind.COLOR_IMPROVED)
"""The last of these is the truth; an earlier one that has not gone out yet is superseded."""

TO_CALL: Final = (NoticeState.UNREACHABLE, NoticeState.FAILED)
"""Nobody was reached by text: the county's call list."""
