"""The run over everybody: export → evaluate → compare → commit → patch → table. Resumable after death at any point.

Invariants: one run at a time (an advisory lock of the session); the row names a step only after the former step's
result is durable, so whoever resumes repeats one step at most, and each step repeated gives the same; a person's answer
changes only through `subjects_derive`, which locks her state and reads all her evidence, so that a single decision that
came in between is seen and never undone. Nobody is locked but the people of one chunk.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import transaction

from healthcode.control.access import act_begin
from healthcode.control.bridge.tables import table_offer, table_offers
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.population.compare import States, changed_people
from healthcode.control.population.evaluate import everybody_evaluate
from healthcode.control.population.export import evidence_export, states_export
from healthcode.control.population.followed import announced_to, place_published
from healthcode.control.population.models import PopulationRun, Step
from healthcode.control.population.parts import Lake, file_replace
from healthcode.control.population.selectors import run_unfinished
from healthcode.control.population.services import run_finish, run_note
from healthcode.control.population.table import table_path, table_write, tables_forget
from healthcode.control.population.turns import RUNS, turn_take
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.time import instant_of, minute_of
from healthcode.table.offer import OfferError

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int], None]
"""Called with a step, how much of it is done, and how much it is."""
Numbers = npt.NDArray[np.int64]
CHUNK: Final = 2_000
_PURPOSE: Final = "a run over everybody"


class RunBusyError(RuntimeError):
    """Another process carries out a run at this moment."""


def run_continue(*, clock: Clock, progress: Progress = lambda *_: None) -> PopulationRun | None:
    """Carry out the oldest run that is not done, from where it stands; None where all are.

    Raises:
        RunBusyError: another process is at it.
    """
    with _alone():
        with _act():
            run = run_unfinished()
        if run is not None:
            _carry_out(run, Lake(ports().lake), clock, progress)
        return run


def _carry_out(run: PopulationRun, lake: Lake, clock: Clock, progress: Progress) -> None:
    while run.step != Step.DONE:
        step, begun = Step(run.step), time.monotonic()
        progress(step.value, 0, 0)
        try:
            _STEPS[step](run, lake, clock, progress)
        except Exception as error:
            with _act():
                # the kind of error alone: its words may hold a row, and this row is shown
                run_note(run, problem=f"{step.value}: {type(error).__name__}")
            raise
        with _act():
            spent = run.seconds.get(step.value, 0) + time.monotonic() - begun
            run_note(run, seconds={**run.seconds, step.value: round(spent, 2)})


def _export(run: PopulationRun, lake: Lake, clock: Clock, _progress: Progress) -> None:
    began = clock()
    name = f"run-{run.pk}"
    folder = lake.run_folder(name)
    done = evidence_export(lake, folder)
    with _act():
        ruleset = rules_known().at(minute_of(began))
    # If we die before this the export is made again, from the parts that are there.
    _advance(
        run, Step.EVALUATE, began_at=began, folder=name, people=done.people, records=done.moved, ruleset=ruleset.key
    )


def _evaluate(run: PopulationRun, lake: Lake, _clock: Clock, _progress: Progress) -> None:
    with _act():
        known = rules_known()
    everybody_evaluate(_folder(run, lake), known.rules, _at(run), place=place_published(known, run.publication))
    # If we die before this the files are there and are written again, the same.
    _advance(run, Step.COMPARE)


def _compare(run: PopulationRun, lake: Lake, _clock: Clock, _progress: Progress) -> None:
    folder = _folder(run, lake)
    with _act():
        told = announced_to(rules_known(), run.publication)
    changed = np.union1d(changed_people(folder, _at(run)), told)
    _numbers_write(folder / "changed.npy", changed)
    # If we die before this the list is there and is made again, the same.
    _advance(run, Step.COMMIT, candidates=len(changed), committed=0)


def _commit(run: PopulationRun, lake: Lake, clock: Clock, progress: Progress) -> None:
    _derive_all(run, np.load(_folder(run, lake) / "changed.npy"), clock, progress)
    # If we die before this, the next attempt finds nobody left behind `committed`.
    _advance(run, Step.PATCH, committed=0)


def _patch(run: PopulationRun, lake: Lake, clock: Clock, progress: Progress) -> None:
    """Whoever was decided singly since the export was not compared as she is now: derive her once more."""
    folder = _folder(run, lake)
    path = folder / "overtaken.npy"
    if not path.exists():
        # If we die after this, the list stays what it is: whoever changes later does so under this run's rules.
        _numbers_write(path, _overtaken(folder))
    numbers = np.load(path)
    with _act():
        run_note(run, overtaken=len(numbers))
    _derive_all(run, numbers, clock, progress)
    # If we die before this, the next attempt finds nobody left behind `committed`.
    _advance(run, Step.TABLE)


def _table(run: PopulationRun, lake: Lake, clock: Clock, _progress: Progress) -> None:
    """Everybody as she is stored now, offered to every edge. Her record holds what is so on both sides of a switch."""
    store, made_at = ports().snapshots, clock()
    if store is None:
        raise OfferError("this process has no store of snapshots: carry out runs from the worker")
    switch = minute_of(run.valid_from) if run.valid_from is not None else 0
    path = table_path(store, run.pk)
    watermarks = table_write(path, region=int(ports().region), valid_from=switch)
    with _act():
        now = clock()
        if _stopped(run):
            return  # the file holds another instant than the offer: the step is made again
        valid_from = instant_of(switch) if switch > minute_of(now) else None  # a switch that has passed: at once
        # If we die before this commits, nobody knows of the file and it is written again; after it, nothing is left.
        table_offer(path, watermarks, made_at=made_at, valid_from=valid_from, now=now)
        offered = {offer.name for offer in table_offers()}
        run_finish(run, now=now)
    tables_forget(store, offered)
    # If we die before this the folder stays, and the next run removes it.
    for folder in lake.folder.glob("run-*"):
        shutil.rmtree(folder)


def _stopped(run: PopulationRun) -> bool:
    """Whether its publication was stopped while the table was written. What is found holds until the commit."""
    asked = run.valid_from
    run.valid_from = PopulationRun.objects.select_for_update().get(pk=run.pk).valid_from
    return run.valid_from != asked


def _overtaken(folder: Path) -> Numbers:
    states_export(folder / "states-after.bin")
    before, after = States.read(folder / "states.bin"), States.read(folder / "states-after.bin")
    known = np.isin(after.numbers, before.numbers)
    same = np.zeros(len(after.numbers), dtype=bool)
    same[known] = before.versions[before.places(after.numbers[known])] == after.versions[known]
    return np.setdiff1d(after.numbers[~same], np.load(folder / "changed.npy"))


def _derive_all(run: PopulationRun, numbers: Numbers, clock: Clock, progress: Progress) -> None:
    """Chunk by chunk, each a transaction with the note that it is done: dying leaves whole chunks only."""
    left = numbers[np.searchsorted(numbers, run.committed, side="right") :]
    for start in range(0, len(left), CHUNK):
        part = [int(number) for number in left[start : start + CHUNK]]
        with _act():
            decided = subjects_derive(part, now=clock(), lane=1)
            run_note(run, committed=part[-1], derived=run.derived + len(part), decided=run.decided + decided)
        progress(run.step, len(numbers) - len(left) + start + len(part), len(numbers))


def _advance(run: PopulationRun, step: Step, **columns: object) -> None:
    with _act():
        run_note(run, step=step.value, problem="", **columns)


def _folder(run: PopulationRun, lake: Lake) -> Path:
    return lake.run_folder(run.folder)


def _at(run: PopulationRun) -> int:
    assert run.began_at is not None  # noqa: S101 # set by the export
    return minute_of(run.began_at)


def _numbers_write(path: Path, numbers: Numbers) -> None:
    with file_replace(path) as draft, draft.open("wb") as file:
        np.save(file, numbers)


@contextmanager
def _alone() -> Iterator[None]:
    with turn_take(RUNS) as mine:
        if not mine:
            raise RunBusyError("another process carries out a run; wait for it, or see /console/province/runs/")
        yield


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield


_STEPS: Final[dict[Step, Callable[[PopulationRun, Lake, Clock, Progress], None]]] = {
    Step.EXPORT: _export,
    Step.EVALUATE: _evaluate,
    Step.COMPARE: _compare,
    Step.COMMIT: _commit,
    Step.PATCH: _patch,
    Step.TABLE: _table,
}
