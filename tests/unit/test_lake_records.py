"""A run's answers as records of the color table: the bytes that each person alone would get."""

from pathlib import Path

import numpy as np
import pytest

from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.lake.columns import record_row
from healthcode.lake.engine import Engine, Run
from healthcode.lake.records import records_write
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.table.block import Columns, block_encode, block_plain
from healthcode.table.record import RECORD_BYTES, UNKNOWN, Transition, record_decode, record_encode
from healthcode.table.timeline import record_build
from tests.rulebook import at, fact, ninth, swab

LIN, ZHAO, QIAN, SUN, NOBODY = range(5)
NOW = at(2, 12)
KNOWN: dict[int, list[Evidence]] = {
    LIN: [swab(1), fact("vaccination", "dose", None, at(1), dose=3)],
    ZHAO: [fact("close_contact", "zhao", 1, at(1, 21))],
    QIAN: [swab(1, key="unreadable", known=at(1, 1))],
    SUN: [fact("close_contact", f"c{day}", day, at(day, 20)) for day in (1, 2)]
    + [fact("venue_exposure", "v", 1, at(1, 22), venue="market", presence="inspected")]
    + [swab(2, hour) for hour in (1, 3)],
}


@pytest.fixture
def table(tmp_path: Path) -> np.memmap:
    """A file of five records, written by a run; the last number belongs to nobody."""
    rows = [record_row(n, e) for n, known in KNOWN.items() for e in known]
    engine = Engine(threads=1, memory="1GB")
    engine.load("evidence", [r for r in rows if r["kind"] != EvidenceKind.test])
    engine.load("tests", [r for r in rows if r["kind"] == EvidenceKind.test])
    engine.load("areas", [])
    engine.load("subjects", [{"subject": n, "holds_code": True} for n in KNOWN])
    path = tmp_path / "table.bin"
    path.write_bytes(bytes(5 * RECORD_BYTES))
    versions = np.arange(1, 6)
    records_write(engine, Run(engine, ninth(), NOW), path, offset=0, capacity=5, versions=versions, generations=7)
    return np.memmap(path, np.uint8, "r", 0, (5, RECORD_BYTES))


@pytest.mark.parametrize("who", [LIN, ZHAO, QIAN, SUN])
def test_everybody_gets_the_record_that_she_alone_would_get(table: np.memmap, who: int) -> None:
    """Lin tested and vaccinated, Zhao in her phases, Qian untold, Sun with more than three steps."""
    answer = evaluate(KNOWN[who], [], ninth(), NOW, holds_code=True)
    steps = [Transition(*step) for step in record_steps(answer, ninth())]
    severity = ninth().colors.severity_of_state
    record = record_build(
        steps, version=who + 1, generation=7, severity=severity, doses=answer.doses, last_negative=answer.last_negative
    )
    assert table[who].tobytes() == record_encode(record)


def test_a_number_that_nobody_has_stays_unknown(table: np.memmap) -> None:
    """Not even a version: the next record for it is newer."""
    assert record_decode(table[NOBODY].tobytes()) == UNKNOWN
    assert not table[NOBODY].any()


def test_plain_records_are_the_same_bytes_in_less_time() -> None:
    """The words of no transitions are skipped, not left out of the CRC."""
    chance = np.random.default_rng(1)
    rows = 40_000
    version, generation = chance.integers(0, 1 << 32, rows), chance.integers(0, 1 << 16, rows)
    state, doses, last = (
        chance.integers(0, 16, rows),
        chance.integers(0, 16, rows),
        chance.integers(26_300_000, 27_800_000, rows),
    )
    nothing = np.zeros((rows, 3), np.int64)
    whole = block_encode(
        Columns(version, generation, state, doses, np.zeros(rows, np.int64), last, nothing, nothing, nothing)
    )
    plain = block_plain(version=version, generation=generation, state=state, doses=doses, last_negative=last)
    assert (plain == whole).all()
