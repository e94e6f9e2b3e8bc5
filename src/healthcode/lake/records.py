"""The answers of a run as 32-byte records of the color table, subject by number.

Whoever has no ground has a record of four numbers only: columns of everybody lie in memory by subject number (six bytes
each), and the few who have a ground are laid over them. A timeline of more than three transitions is cut by
`table.timeline`, so that it never ends greener.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthcode.domain.color import ABSENT_STATE, UNKNOWN_STATE
from healthcode.lake.engine import Engine, Run
from healthcode.lake.population import TRANSITIONS
from healthcode.table.block import NEVER, Block, Columns, Numbers, block_encode, block_plain
from healthcode.table.record import LAST_MINUTE, ORIGIN, RECORD_BYTES, Transition
from healthcode.table.timeline import timeline_cut

_ROWS: Final = 1 << 18
_STEPS: Final = ("minute", "state", "notices")


@dataclass(frozen=True, slots=True)
class Everybody:
    """Columns by subject number: the answer without a ground, the last negative sampling (NEVER: none) and doses."""

    state: NDArray[np.uint8]
    last_negative: NDArray[np.int32]
    doses: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Touched:
    """Who has a ground, ascending by `subject`: state and notices now, transitions of shape (n, 3).

    `soon`: subjects whose record says less than their timeline; it must be built again before the minute named.
    """

    subject: NDArray[np.int64]
    state: NDArray[np.uint8]
    notices: NDArray[np.uint16]
    minutes: NDArray[np.int32]
    states: NDArray[np.uint8]
    step_notices: NDArray[np.uint16]
    soon: dict[int, int]


def records_write(
    engine: Engine,
    run: Run,
    path: Path,
    *,
    offset: int,
    capacity: int,
    versions: Numbers | int,
    generations: Numbers | int,
) -> Touched:
    """Write the record of every subject below `capacity` into a file long enough, from `offset` on.

    `versions` and `generations` are by subject number, or the same for all. A number that nobody has stays zero bytes:
    `unknown`. Nothing is synced. Raises IndexError for a subject at or above `capacity`.
    """
    everybody, touched = everybody_read(engine, run, capacity), touched_read(engine, run)
    records = np.memmap(path, np.uint8, "r+", offset, (capacity, RECORD_BYTES))

    def write(first: int) -> None:
        last = min(first + _ROWS, capacity)
        part = block_of(everybody, touched, slice(first, last), versions, generations)
        records[first:last] = part

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(0, capacity, _ROWS)))
    return touched


def block_of(
    everybody: Everybody, touched: Touched, part: slice, versions: Numbers | int, generations: Numbers | int
) -> Block:
    """The records of a run of subject numbers."""
    nobody = everybody.state[part] == _NOBODY
    version, generation = _of(versions, part), _of(generations, part)
    doses, last_negative = everybody.doses[part], everybody.last_negative[part]
    state = np.where(nobody, np.uint8(UNKNOWN_STATE), everybody.state[part])
    block = block_plain(version=version, generation=generation, state=state, doses=doses, last_negative=last_negative)
    block[nobody] = 0
    first, last = np.searchsorted(touched.subject, (part.start, part.stop))
    mine = slice(int(first), int(last))
    at = touched.subject[mine] - part.start
    told = Columns(
        version=version[at],
        generation=generation[at],
        state=touched.state[mine],
        doses=doses[at],
        notices=touched.notices[mine],
        last_negative=last_negative[at],
        minutes=touched.minutes[mine],
        states=touched.states[mine],
        step_notices=touched.step_notices[mine],
    )
    block[at] = block_encode(told)
    return block


_NOBODY: Final = 255
"""In the column of states: a number that no subject has; a person of whom nothing can be told has a record."""


def _of(numbers: Numbers | int, part: slice) -> Numbers:
    return np.broadcast_to(np.int64(numbers), part.stop - part.start) if isinstance(numbers, int) else numbers[part]


def everybody_read(engine: Engine, run: Run, capacity: int) -> Everybody:
    """Read the columns of everybody from a run; raises IndexError for a subject number at or above `capacity`."""
    state = np.full(capacity, _NOBODY, np.uint8)
    for batch in engine.batches(run.subjects):
        holds = _numbers(batch, "holds_code")
        state[_numbers(batch, "subject")] = np.where(holds, np.uint8(run.default_state), np.uint8(ABSENT_STATE))
    for batch in engine.batches(run.unclear):
        state[_numbers(batch, "subject")] = UNKNOWN_STATE
    last = np.zeros(capacity, np.int32)
    for batch in engine.batches(run.negatives.select("n_subject", "occurred")):
        sampled = _numbers(batch, "occurred")
        fits = np.where((sampled > ORIGIN) & (sampled <= LAST_MINUTE), sampled, NEVER).astype(np.int32)
        np.maximum.at(last, _numbers(batch, "n_subject"), fits)
    doses = np.zeros(capacity, np.uint8)
    for batch in engine.batches(run.doses):
        doses[_numbers(batch, "d_subject")] = np.minimum(_numbers(batch, "doses"), 15)
    return Everybody(state, last, doses)


def touched_read(engine: Engine, run: Run) -> Touched:
    """Read the records of those who have a ground."""
    parts = [_touched_part(batch) for batch in engine.batches(run.touched)]
    columns = [np.concatenate(column) for column in zip(_none(), *parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    subject, later, state, notices, minutes, states, step_notices = (column[order] for column in columns)
    touched = Touched(subject, state, notices, minutes, states, step_notices, soon={})
    _cut(touched, later > TRANSITIONS, engine, run)
    return touched


def _touched_part(batch: pa.RecordBatch) -> list[Numbers]:
    """Narrow columns of one batch: subject, later, state, notices, then the transitions."""
    now = [_numbers(batch, f"{name}_0") for name in _STEPS[1:]]
    rest = [np.stack([_numbers(batch, f"{name}_{i}") for i in range(1, TRANSITIONS + 1)], 1) for name in _STEPS]
    late = rest[0] > LAST_MINUTE  # further than a record tells; it is built again long before
    for column in rest:
        column[late] = 0
    kinds = (np.uint8, np.uint16, np.int32, np.uint8, np.uint16)
    narrow = [column.astype(kind) for column, kind in zip((*now, *rest), kinds, strict=True)]
    return [_numbers(batch, "p_subject").astype(np.int64), _numbers(batch, "later").astype(np.int32), *narrow]


def _none() -> list[Numbers]:
    """The same columns without a row: a run in which nobody has a ground."""
    flat = [np.zeros(0, kind) for kind in (np.int64, np.int32, np.uint8, np.uint16)]
    return flat + [np.zeros((0, TRANSITIONS), kind) for kind in (np.int32, np.uint8, np.uint16)]


def _cut(touched: Touched, long: NDArray[np.bool_], engine: Engine, run: Run) -> None:
    """Lay the cut timelines of those who have more transitions than a record holds over their rows."""
    if not long.any():
        return
    steps: dict[int, list[Transition]] = defaultdict(list)
    crowd = run.steps
    wanted = run.touched.filter(run.touched.later > TRANSITIONS).select(l_subject=run.touched.p_subject)
    for row in engine.rows(crowd.semi_join(wanted, [crowd.subject == wanted.l_subject])):
        if row["minute"] <= LAST_MINUTE:
            steps[row["subject"]].append(Transition(row["minute"], row["state"], row["notices"]))
    for at in np.flatnonzero(long):
        number = int(touched.subject[at])
        cut = timeline_cut(sorted(steps[number]), severity=run.severity)
        touched.state[at], touched.notices[at] = cut.steps[0].state, cut.steps[0].notices
        for place, name in enumerate(("minutes", "states", "step_notices")):
            values = [step[place] for step in cut.steps[1:]]
            getattr(touched, name)[at] = values + [0] * (TRANSITIONS - len(values))
        if cut.exact_until is not None:
            touched.soon[number] = cut.exact_until


def _numbers(batch: pa.RecordBatch, name: str) -> Numbers:
    """One column; NULL is 0."""
    column = batch.column(name)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.null_count:
        column = column.fill_null(0)
    numbers: Numbers = column.to_numpy(zero_copy_only=False)
    return numbers
