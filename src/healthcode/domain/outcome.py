"""Outcome, verdict and freshness of a check: one vocabulary, published in `spec/outcomes.md`.

An outcome is a configured color's id, or one of `FIXED_OUTCOMES`. A verdict is what happens at this gate.
"""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What the inspector does now."""

    pass_ = "pass"  # noqa: S105 - a verdict, no password
    register = "pass_with_register"
    refuse = "do_not_pass"
    buffer = "buffer_entrance"
    id_card = "use_id_card"


class Freshness(StrEnum):
    """How old the data behind an answer is: fresh up to 10 s, then aged, stale beyond the policy's limit."""

    fresh = "fresh"
    aged = "aged"
    stale = "stale"


class Outcome(StrEnum):
    """The outcomes that are no color; configured colors stand beside them under their own ids."""

    expired = "expired"
    absent = "absent"
    unknown = "unknown"
    recalled = "recalled"
    forged = "forged"
    stale = "stale"
    failed = "failed"
    timeout = "timeout"


FIXED_OUTCOMES: Final = frozenset(o.value for o in Outcome)
SYSTEM_DOES_NOT_KNOW: Final = frozenset({"absent", "unknown", "stale", "failed", "timeout"})
"""Register and pass: nobody is stopped because the system does not know (Art. 11, 40)."""
CODE_NOT_USABLE: Final = frozenset({"expired", "recalled", "forged"})
"""The code says nothing any more: fall back to the ID card."""

FRESH_SECONDS: Final = 10
STALE_SECONDS: Final = 4 * 3600
"""Default limit of a policy (configurable)."""


def freshness_of(age_seconds: float, stale_after_seconds: float = STALE_SECONDS) -> Freshness:
    """Grade the age of the data; a negative age (clock ahead of control) counts as its size."""
    age = abs(age_seconds)
    if age <= FRESH_SECONDS:
        return Freshness.fresh
    return Freshness.aged if age <= stale_after_seconds else Freshness.stale


VERDICT_WORDS: Final[dict[Verdict, tuple[str, str]]] = {
    Verdict.pass_: ("通行", "Pass"),
    Verdict.register: ("登记后通行", "Register, then pass"),
    Verdict.refuse: ("不予通行", "Do not pass"),
    Verdict.buffer: ("走发热/缓冲通道", "Use the buffer entrance"),
    Verdict.id_card: ("请改用身份证", "Use the ID card"),
}

OUTCOME_WORDS: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.expired: ("码已过期", "Expired"),
    Outcome.absent: ("未申领", "No code"),
    Outcome.unknown: ("暂无数据", "Unknown"),
    Outcome.recalled: ("码已作废", "Recalled"),
    Outcome.forged: ("非本系统码", "Forged"),
    Outcome.stale: ("数据过旧", "Data too old"),
    Outcome.failed: ("查验失败", "Check failed"),
    Outcome.timeout: ("查验超时", "Timed out"),
}

OUTCOME_ADVICE: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.expired: ("请刷新健康码，或出示身份证。", "Refresh the code, or show an ID card."),
    Outcome.absent: ("凭有效证件登记后通行，不得拒绝。", "Register with an ID document and pass; do not refuse."),
    Outcome.unknown: ("凭有效证件登记后通行，不得拒绝。", "Register with an ID document and pass; do not refuse."),
    Outcome.recalled: ("此码已停用，请出示身份证。", "This code was withdrawn; show an ID card."),
    Outcome.forged: ("不是本省健康码，请出示身份证。", "Not a code of this region; show an ID card."),
    Outcome.stale: ("数据超过时限，登记后通行。", "The data is too old; register and pass."),
    Outcome.failed: ("系统出错，登记后通行。", "The system failed; register and pass."),
    Outcome.timeout: ("系统未及时应答，登记后通行。", "No answer in time; register and pass."),
}
