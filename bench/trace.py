"""The measurement `trace`: who was at a venue that day, and where a person was, in 28 days of a province's visits.

The visits are made in the database itself, hour by hour as gates would have written them; the hours are closed by the
worker's own timer, and the last of them are still open. What is timed is what the console would call, as role `app`.
"""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench.deployment import Deployment, deployment
from bench.edge import _need
from bench.measure import Result, cpu_name, peak_mb

DAYS = 28
VENUES = 5_000
BIG, ORDINARY = 1, 2_500
"""The market with one visit in fifty of the whole province, and the shop in the middle of all venues."""
VISITS_EACH = 30
"""Visits of a person in 28 days."""
BYTES_PER_VISIT = 320
"""Row, key and trees."""
_SPARE = 6 << 30
"""Bytes for the log and the rest."""
_BUSY = (10, 10, 8, 7, 7, 7, 9, 9, 8, 8, 10, 8, 4, 2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 10)
"""How busy each hour was, counted back from the present one: what is open is busy, whenever this is measured."""
_HOUR = timedelta(hours=1)
_LOAD = """
INSERT INTO visit (id, venue, checkpoint, subject, at, grade, device, outcome, verdict)
SELECT encode(set_byte(substring(int8send(ms) FROM 3) || substring(noise FROM 7), 6, get_byte(noise, 6) | 48),
              'hex')::uuid,
       CASE WHEN draw < 0.02 THEN 1 ELSE 2 + floor(%(venues)s * power((draw - 0.02) / 0.98, 2))::bigint END,
       1 + ms %% 4, person, to_timestamp(ms / 1000.0), 1 + ms %% 3, device, 2, 1
  FROM (SELECT %(begin_ms)s + n * %(length_ms)s / %(count)s AS ms, uuid_send(gen_random_uuid()) AS noise,
               random() AS draw, 1 + floor(%(people)s * random())::bigint AS person,
               uuid_send(gen_random_uuid()) AS device
          FROM generate_series(0::bigint, %(count)s - 1) n) drawn
"""


class Question(NamedTuple):
    """One thing to ask: its name, who or what is asked for, and the time in which it was."""

    name: str
    selector: str
    wanted: dict[str, int]
    since: datetime
    until: datetime


class Asked(NamedTuple):
    """How long a question took: at first, with nothing of it in the system's cache, and then again and again."""

    visits: int
    cold_ms: float
    again_ms: list[float]
    first_page_ms: float


def trace(folder: Path, *, rows: int, pairs: int, say: Callable[[str], None]) -> Result:
    """Measure on so many visits; each question is asked once cold and `pairs` times more."""
    _need(folder, rows * BYTES_PER_VISIT + _SPARE)
    with deployment(folder) as world:
        now, people = before_closing(datetime.now(UTC)), max(1_000, rows // VISITS_EACH)
        say(f"{rows:,} visits of {people:,} people in {DAYS} days")
        load_s = _timed(lambda: visits_load(world, rows, people, now))
        say(f"loaded in {load_s:.0f} s; the hours are closed as the worker does it")
        close_s = _timed(_hours_close)
        open_hours, open_visits = _open(world)
        world.superuser("VACUUM visit")  # as autovacuum has done by then
        world.superuser("CHECKPOINT")
        disk = int(world.superuser("SELECT pg_database_size(current_database())")[0][0])
        told: dict[str, float | int] = {}
        slowest: list[float] = []
        for question in _questions(people, now):
            asked = _ask(world, question, pairs)
            say(f"{question.name}: {asked.visits:,} visits, cold {asked.cold_ms:.0f} ms, then {asked.again_ms}")
            told |= _told(question.name, asked)
            if question.selector == "visits_at_venue":
                slowest = max(slowest, asked.again_ms, key=lambda times: statistics.median(times) if times else 0.0)
        return {
            "name": "trace",
            "value": round(statistics.median(slowest) / 1000, 4),
            "unit": "s for the slowest of the venue-days",
            "floor": None,
            "ratio": None,
            "p50_ms": round(statistics.median(slowest), 1),
            "p99_ms": max(slowest),
            **told,
            "rows": rows,
            "venues": VENUES,
            "open_hours": open_hours,
            "open_visits": open_visits,
            "disk_gb": round(disk / 1e9, 2),
            "load_s": round(load_s, 1),
            "close_s": round(close_s, 1),
            "peak_mb": peak_mb(os.getpid()),
            "people": people,
            "cpu": cpu_name(),
            "load": round(os.getloadavg()[0], 2),
        }


def visits_load(world: Deployment, rows: int, people: int, now: datetime) -> None:
    """Store `rows` visits of the 28 days up to `now`, each hour as busy as its time of day, on two connections."""
    for day in range(DAYS + 1):
        world.superuser("SELECT visit_partitions_ensure(%s, 1)", [(now - timedelta(days=day)).date()])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda part: _store(world, part, people), _halves(hours_of(rows, now))))


def before_closing(clock: datetime) -> datetime:
    """The present of the measurement: the present hour is over, and the worker is about to close it. Most is open then.

    A little ahead of the clock, since the database closes hours by its own.
    """
    return clock.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=73)


def hours_of(rows: int, now: datetime) -> list[tuple[datetime, datetime, int]]:
    """(begin, end, visits) of the 672 hours that end with `now`; the last one is not over."""
    first = now.replace(minute=0, second=0, microsecond=0) - (24 * DAYS - 1) * _HOUR
    begins = [first + hour * _HOUR for hour in range(24 * DAYS)]
    ends = [min(begin + _HOUR, now) for begin in begins]
    ago = range(len(begins) - 1, -1, -1)
    busy = [_BUSY[back % 24] * ((b - a) / _HOUR) for back, a, b in zip(ago, begins, ends, strict=True)]
    counts = [int(rows * share / sum(busy)) for share in busy]
    counts[0] += rows - sum(counts)
    return list(zip(begins, ends, counts, strict=True))


def _halves(hours: list[tuple[datetime, datetime, int]]) -> list[list[tuple[datetime, datetime, int]]]:
    return [hours[::2], hours[1::2]]


def _store(world: Deployment, hours: list[tuple[datetime, datetime, int]], people: int) -> None:
    with psycopg.connect(world.settings.dsn("postgres"), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        for begin, end, count in hours:
            begin_ms, end_ms = (int(at.timestamp() * 1000) for at in (begin, end))
            given = {"begin_ms": begin_ms, "length_ms": end_ms - begin_ms, "count": count}
            if count:
                connection.execute(_LOAD.encode(), {**given, "venues": VENUES - 1, "people": people})


def _hours_close() -> None:
    tasks: Any = importlib.import_module("healthcode.control.venues.tasks")
    while tasks.visit_hours_close.func(0):
        pass


def _open(world: Deployment) -> tuple[int, int]:
    """How many hours have no trees yet, and how many visits lie in them."""
    found = world.superuser(
        r"SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '^visit_\d{8}_\d{2}$'"
        " AND NOT EXISTS (SELECT 1 FROM pg_class i WHERE i.relname = c.relname || '_venue')"
    )
    counts = [int(world.superuser(f"SELECT count(*) FROM {name}")[0][0]) for (name,) in found]  # noqa: S608 # ours
    return sum(count > 0 for count in counts), sum(counts)


def _questions(people: int, now: datetime) -> Iterator[Question]:
    """A day of the week before and the 24 hours up to now, at both venues; and two weeks of a person."""
    day = timedelta(days=1)
    for name, venue in (("big", BIG), ("ordinary", ORDINARY)):
        yield Question(f"closed_{name}", "visits_at_venue", {"venue": venue}, now - 8 * day, now - 7 * day)
        yield Question(f"today_{name}", "visits_at_venue", {"venue": venue}, now - day, now)
    yield Question("person_14_days", "visits_of_person", {"subject": people // 2}, now - 14 * day, now)


def _ask(world: Deployment, question: Question, pairs: int) -> Asked:
    _cool(world)
    visits, first, _ = _answer(question)
    again = [_answer(question) for _ in range(pairs)]
    stored = _stored(world, question)
    if {visits, *(answer[0] for answer in again)} != {stored}:
        raise RuntimeError(f"{question.name}: {visits} visits were found and {stored} are stored")
    first_page_ms = statistics.median(answer[2] for answer in again)
    return Asked(visits, first, [answer[1] for answer in again], first_page_ms)


def _answer(question: Question) -> tuple[int, float, float]:
    """How many visits there are, after how many ms all pages were here, and after how many the first."""
    tracing: Any = importlib.import_module("healthcode.control.venues.tracing")
    selector: Callable[..., list[Any]] = getattr(tracing, question.selector)
    begun, visits, first_page_ms = time.perf_counter(), 0, 0.0
    with _system():
        after = None
        while True:
            page = selector(**question.wanted, since=question.since, until=question.until, after=after)
            first_page_ms = first_page_ms or (time.perf_counter() - begun) * 1000
            visits += len(page)
            if len(page) < tracing.PAGE:
                break
            after = page[-1]
    return visits, round((time.perf_counter() - begun) * 1000, 1), first_page_ms


@contextmanager
def _system() -> Iterator[None]:
    access: Any = importlib.import_module("healthcode.control.access")
    ports: Any = importlib.import_module("healthcode.control.ports").ports()
    database: Any = importlib.import_module("django.db")
    with database.transaction.atomic():
        access.act_begin(ports.system_token, "measure tracing")
        yield


def _stored(world: Deployment, question: Question) -> int:
    """The same without our selector, and without its trees."""
    ((column, wanted),) = question.wanted.items()
    rows = world.superuser(
        f"SELECT count(*) FROM visit WHERE {column} = %s AND at >= %s AND at < %s",  # noqa: S608 # a name of ours
        [wanted, question.since, question.until],
    )
    return int(rows[0][0])


def _cool(world: Deployment) -> None:
    """Let the system forget the database's files. PostgreSQL's own 256 MB stay: they hold what was written last."""
    world.superuser("CHECKPOINT")
    os.sync()
    for path in Path(world.superuser("SHOW data_directory")[0][0]).glob("base/**/*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _told(name: str, asked: Asked) -> dict[str, float | int]:
    return {
        f"{name}_visits": asked.visits,
        f"{name}_cold_ms": asked.cold_ms,
        f"{name}_p50_ms": round(statistics.median(asked.again_ms), 1),
        f"{name}_most_ms": max(asked.again_ms),
        f"{name}_first_page_ms": round(asked.first_page_ms, 1),
    }


def _timed(step: Callable[[], None]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun
