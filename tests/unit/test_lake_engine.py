"""The population engine as its callers use it: rows or Parquet in, records and grounds out."""

from dataclasses import replace
from pathlib import Path

import ibis
import pytest

from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import day_of, minute_parse
from healthcode.lake.columns import EVIDENCE, SUBJECTS, TESTS, Row, record_row
from healthcode.lake.corrections import LONGEST
from healthcode.lake.engine import Engine, Run, inputs
from healthcode.lake.parameters import shape_of
from healthcode.lake.population import population_plan
from healthcode.rules.succession import RulesetHistory
from tests.rulebook import area, at, fact, ninth, succession, swab

LIN, ZHAO, QIAN = 0, 1, 2
SWABS = [swab(day) for day in (2, 3, 4, 6, 8)]


@pytest.fixture
def engine() -> Engine:
    """Lin in order, Zhao a close contact with her tests, Qian inside a risk area and without a code."""
    ring = fact("area_stay", "stay", 1, area="ring-road", relation="resident")
    known: list[tuple[int, Evidence]] = [(ZHAO, fact("close_contact", "zhao", 1)), (QIAN, ring)]
    engine = Engine(threads=1, memory="1GB")
    engine.load("evidence", [record_row(n, e) for n, e in known])
    engine.load("tests", [record_row(ZHAO, e) for e in SWABS])
    level = area("high", at(1))
    engine.load("areas", [{"area": level.id, "level": level.level, "from_": level.from_, "until": level.until}])
    engine.load("subjects", [{"subject": n, "holds_code": n != QIAN} for n in (LIN, ZHAO, QIAN)])
    return engine


def by_subject(rows: list[Row]) -> dict[int, Row]:
    return {row["subject"]: row for row in rows}


def test_everybody_has_a_record(engine: Engine) -> None:
    """Green, red with the yellow to come, red without an end."""
    people = by_subject(engine.rows(Run(engine, ninth(), at(5)).people))
    assert [people[n]["state"] for n in (LIN, ZHAO, QIAN)] == [2, 4, 4]
    assert (people[ZHAO]["minute_1"], people[ZHAO]["state_1"], people[QIAN]["later"]) == (at(9), 4, 0)
    assert people[ZHAO]["last_negative"] == at(4, 9)


def test_open_grounds_name_rule_and_evidence(engine: Engine) -> None:
    """Enough to count them by rule, and to explain one singly."""
    grounds = by_subject(engine.rows(Run(engine, ninth(), at(5)).grounds))
    assert (grounds[ZHAO]["rule"], grounds[ZHAO]["root"], grounds[ZHAO]["since"]) == (
        "close_contact",
        "zhao",
        at(1, 20),
    )
    assert (grounds[QIAN]["rule"], grounds[QIAN]["until"]) == ("area_resident", None)


def test_the_plan_is_one_expression_where_nothing_is_stored(engine: Engine) -> None:
    """The same answer as with intermediate results kept: a cluster may run it whole."""
    few = [ninth().rule(name) for name in ("close_contact", "area_resident")]
    rules = replace(ninth(), rules=tuple(few), by_kind={})
    shape = shape_of(rules, at(5))
    engine.parameters(rules, shape)
    plan = population_plan(inputs(shape), shape, ibis.literal(at(5), "int64"))
    unclear = plan.unclear(plan.courses)
    whole = engine.rows(plan.people(plan.timelines(plan.courses, unclear).touched(), unclear))
    assert by_subject(whole) == by_subject(engine.rows(Run(engine, ninth(), at(5)).people))


def test_the_plan_uses_whole_numbers_only() -> None:
    """No column of the inputs has an engine's own time or decimal type."""
    kinds = {str(kind) for schema in (EVIDENCE, TESTS, SUBJECTS) for kind in schema.types}
    assert kinds <= {"int64", "string", "boolean", "array<string>"}


def test_results_go_out_and_come_in_as_parquet(engine: Engine, tmp_path: Path) -> None:
    """What one run wrote another reads."""
    for name, schema in (("evidence", EVIDENCE), ("tests", TESTS), ("subjects", SUBJECTS)):
        engine.write(ibis.table(schema, name=name), tmp_path / f"{name}.parquet")
        engine.attach(f"{name}_read", tmp_path / f"{name}.parquet")
        assert len(engine.rows(ibis.table(schema, name=f"{name}_read"))) == len(
            engine.rows(ibis.table(schema, name=name))
        )


def test_a_longer_chain_of_corrections_is_told_apart(engine: Engine) -> None:
    """The plan follows so many; whoever has more is evaluated singly."""
    first = [fact("close_contact", "c0", 1)]
    chain = [fact("close_contact", f"c{i}", 1, at(2, 0, i), supersedes=f"c{i - 1}") for i in range(1, LONGEST + 2)]
    engine.load("evidence", [record_row(ZHAO, e) for e in first + chain])
    assert engine.rows(Run(engine, ninth(), at(5)).singly) == [{"subject": ZHAO}]


def test_a_switch_to_come_stands_in_the_steps(engine: Engine) -> None:
    """Zhao, exposed on 5 November, turns yellow when the twenty measures take over on the 11th."""
    rules = RulesetHistory.of(succession().rulesets[1:3])
    late = minute_parse("2022-11-05T20:00+08:00")
    record = Evidence("zhao", EvidenceKind.close_contact, {}, day_of(late), late - 1200, late)
    engine.load("evidence", [record_row(ZHAO, record)])
    steps = engine.rows(Run(engine, rules, late + 60).steps)
    assert (minute_parse("2022-11-11T00:00+08:00"), 3) in {(row["minute"], row["state"]) for row in steps}
