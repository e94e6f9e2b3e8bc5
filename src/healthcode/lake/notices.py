"""What a phase packs into a span: its color's severity and its notices, plain or held by missed tests."""

from healthcode.lake.columns import span_constant
from healthcode.rules.model import Rule, Ruleset


def phase_constant(rule: Rule, ruleset: Ruleset, index: int, place: int, *, held: bool) -> int:
    """The packed constant of one phase of a rule."""
    phase = rule.phases[index]
    if not held:
        return span_constant(2 * index, place, phase.severity, ruleset.notice_bits(phase.notices))
    notices = ruleset.notice_bits((rule.hold_notice,)) if rule.hold_notice else 0
    return span_constant(2 * index + 1, place, phase.hold_severity, notices)
