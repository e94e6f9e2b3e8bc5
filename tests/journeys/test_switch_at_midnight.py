"""Ning drafts, rehearses; Yan approves for midnight; a run and a second table follow; everything but the edge dies.

At midnight the edge shows what the rehearsal predicted, to the number: relay and updater were processes of their own,
killed before; its clock alone tells it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from healthcode.adapters.edge_files import moment_now
from healthcode.control.ports import ports, ports_set
from healthcode.domain.time import Minute, day_of, day_start, instant_of, minute_of
from healthcode.edge.status import Moment
from tests.control_world import REPOSITORY, World
from tests.edge_bridge import Bridge
from tests.invented_county import AT, county_invented
from tests.journeys.test_table_switch import workers
from tests.rulesets import TWENTY, checked, decided, drafted, followed, rehearsed, submitted

if TYPE_CHECKING:
    from healthcode.control.rulesets.models import Rehearsal

pytestmark = pytest.mark.slow


@dataclass
class Evening:
    """The evening before: one deployment, its county, and the midnight to come."""

    world: World
    bridge: Any
    now: datetime
    midnight: Minute
    numbers: list[int]


@pytest.fixture
def evening(world: World, tmp_path: Path) -> Iterator[Evening]:
    """Three hundred people with the evidence of an autumn, as of today, all of them derived."""
    from healthcode.control.evidence.derivation import subjects_derive

    ready, now = ports(), datetime.now(UTC).replace(microsecond=0)
    bridge: Any = Bridge(world.database, tmp_path)  # type: ignore[no-untyped-call]
    ports_set(replace(ready, snapshots=tmp_path / "snapshots", follow_singly=0))
    (tmp_path / "snapshots").mkdir()
    numbers = county_invented(world, later=(now - AT).days)
    with world.system():
        subjects_derive(numbers, now=now)
    yield Evening(world, bridge, now, day_start(day_of(minute_of(now)) + 1), numbers)
    ports_set(ready)


@contextmanager
def bridged(evening: Evening, waiting: Minute) -> Iterator[None]:
    """Relay and updater as processes, until all is at the edge; then kill -9."""
    environment = {
        **os.environ,
        "HEALTHCODE_DATA": str(evening.bridge.data),
        "HEALTHCODE_DATABASE_URL": evening.world.database.dsn("postgres"),
    }
    command = [sys.executable, "-m", "healthcode.cli.main"]
    started = [
        subprocess.Popen([*command, name], env=environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        for name in ("relay", "updater")
    ]
    try:
        arrive(evening, waiting)
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGKILL)
            process.wait(10)


def arrive(evening: Evening, waiting: Minute) -> None:
    """Wait until the edge's files hold everything that was sent."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        status = evening.bridge.status()
        sent = dict(evening.world.superuser("SELECT lane, max(seq) FROM feed_log GROUP BY lane"))
        same = all(status.applied.get(lane) == seq for lane, seq in sent.items())
        if sent and same and status.waiting_from == waiting and not evening.bridge.unnumbered():
            return
        time.sleep(0.1)
    raise AssertionError(evening.bridge.status())


def shown(evening: Evening, minute: Minute) -> dict[int, int]:
    """Everybody's state at an edge whose clock has come to that minute, with nothing else alive."""
    ahead = minute * 60 - moment_now().wall_s
    moment = Moment(moment_now().wall_s + ahead, moment_now().boot_s + ahead)
    (edge,), side = workers(evening.bridge, 1)  # type: ignore[no-untyped-call]
    edge.refresh(moment)
    states = {number: edge.effective(edge.record(number), minute)[0] for number in evening.numbers}
    side.close()
    return states


def announced(evening: Evening) -> Rehearsal:
    """The draft's whole life, and what the worker does after the approval; the rehearsal's numbers."""
    from healthcode.control.population.run import run_continue

    world, at, now = evening.world, instant_of(evening.midnight), evening.now
    draft = drafted(world, key=TWENTY)
    checked(world, draft, now=now)
    found = rehearsed(world, draft, at=at, now=now)
    made = decided(world, submitted(world, draft, wanted=at, now=now).pk, now=now)
    assert followed(made.pk, now=now) == 0
    run = run_continue(clock=lambda: now)
    assert run is not None
    assert (run.publication, run.valid_from) == (str(made.pk), at)
    return found


def test_what_was_rehearsed_is_what_the_edge_shows_at_midnight_with_everything_else_dead(evening: Evening) -> None:
    with bridged(evening, waiting=0):
        pass
    former = shown(evening, evening.midnight)  # what midnight would bring if nobody published anything
    found = announced(evening)
    with bridged(evening, waiting=evening.midnight):
        pass
    a_minute_before, after = shown(evening, evening.midnight - 1), shown(evening, evening.midnight)
    name = ports().ruleset.colors.id_of
    changed = Counter((name(former[n]), name(after[n])) for n in evening.numbers if former[n] != after[n])
    predicted: Counter[tuple[str, str]] = Counter()
    for _, before, then, people in found.changes:
        predicted[before, then] += people
    assert changed == predicted
    assert found.changed == changed.total() > 10
    assert a_minute_before != after
