"""The closed list of evidence: fields, suppliers, times. Nothing else can be recorded."""

import pytest

from healthcode.domain.evidence import KIND_SPECS, EvidenceError, EvidenceKind, evidence_check, evidence_timely
from healthcode.domain.unit import UnitKind
from tests.rulebook import at, fact, swab


def faults(kind: EvidenceKind, fields: dict[str, object]) -> set[str]:
    with pytest.raises(EvidenceError) as caught:
        evidence_check(kind, fields)
    assert all(len(p.message) > 5 for p in caught.value.problems)
    return {p.field for p in caught.value.problems}


def test_there_are_thirteen_kinds_and_each_is_described() -> None:
    """A new kind needs a release, on purpose."""
    assert set(KIND_SPECS) == set(EvidenceKind)
    assert len(EvidenceKind) == 13
    assert all(spec.units and spec.name_zh and spec.name_en for spec in KIND_SPECS.values())


def test_no_field_of_any_kind_is_a_color_of_ours() -> None:
    """Only another region's status is given as a color; ours follows."""
    colored = {k for k, s in KIND_SPECS.items() if any({"red", "yellow"} & set(f.choices) for f in s.fields.values())}
    assert colored == {EvidenceKind.outside_status}


def test_people_who_only_share_a_bank_fit_no_kind() -> None:
    """Zhengzhou: a debt is no field of anything."""
    assert faults(EvidenceKind.venue_exposure, {"venue": "bank", "bank": "x"}) == {"bank", "presence"}


def test_a_scan_of_a_poster_is_no_exposure() -> None:
    """Weak presence is a lead for investigation."""
    assert faults(EvidenceKind.venue_exposure, {"venue": "7", "presence": "static"}) == {"presence"}


def test_a_resident_supplies_nothing_but_a_declaration() -> None:
    """Nobody colors himself or others."""
    assert {k for k, s in KIND_SPECS.items() if UnitKind.resident in s.units} == {EvidenceKind.declaration}


def test_every_fault_is_named_at_once() -> None:
    """One round of correction is enough."""
    assert faults(EvidenceKind.test, {"result": "fine", "pool_size": 0, "color": "red"}) == {
        "result", "pool_size", "color",
    }  # fmt: skip
    assert faults(EvidenceKind.area_stay, {"area": "A", "relation": "left"}) == {"level"}


def test_fields_come_out_in_one_form() -> None:
    """Checking twice changes nothing."""
    once = evidence_check(EvidenceKind.test, {"result": "negative", "pool_size": "10", "laboratory": "  H1 "})
    assert once == {"result": "negative", "pool_size": 10, "method": "nucleic_acid", "laboratory": "H1"}
    assert evidence_check(EvidenceKind.test, once) == once


def test_samplings_more_than_five_minutes_ahead_are_refused() -> None:
    """The clock of a laboratory may be a little fast."""
    assert evidence_timely(swab(2, known=at(2, 9) - 5)) is None
    problem = evidence_timely(swab(2, known=at(2, 9) - 6))
    assert problem is not None
    assert problem.field == "occurred"


def test_day_zero_is_needed_and_never_in_the_future() -> None:
    """Without it no rule can count."""
    missing = evidence_timely(fact("close_contact", "z", anchor=None))
    ahead = evidence_timely(fact("close_contact", "z", anchor=3, learned=at(2, 12)))
    assert missing is not None
    assert ahead is not None
    assert {missing.field, ahead.field} == {"anchor"}
