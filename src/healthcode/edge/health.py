"""`/healthz`, `/readyz`, `/v1/time`, and the counts for Prometheus, which have a port of their own."""

import msgspec

from healthcode.edge.answers import Ready, Time
from healthcode.edge.http import Request, Response, json_response
from healthcode.edge.metrics import Metrics, metrics_text
from healthcode.edge.overload import Load
from healthcode.edge.status import CLOCK_TOLERANCE_S, Moment
from healthcode.edge.visit_queue import NOTHING_SPOOLED, VisitQueue
from healthcode.edge.world import World

_ENCODER = msgspec.json.Encoder()
_ALIVE = b'{"status":"ok"}'


class Health:
    """How this worker is."""

    def __init__(self, world: World, visits: VisitQueue | None, metrics: Metrics, load: Load) -> None:
        self._world = world
        self._visits = visits
        self._metrics = metrics
        self._load = load

    async def live(self, _request: Request, _moment: Moment) -> Response:
        """The process answers."""
        return json_response(_ALIVE)

    async def ready(self, _request: Request, moment: Moment) -> Response:
        """200 where codes can be minted and checked, else 503, always with the reasons and the ages.

        Old data are no reason to be taken out of service: an aged answer is better than none.
        """
        world = self._world
        offset = world.clock_offset_s
        problems = []
        if not world.has_table:
            problems.append("no_table")
        if not world.has_keys(int(moment.wall_s) // 60):
            problems.append("no_epoch_key")
        ready = not problems
        if offset is not None and abs(offset) > CLOCK_TOLERANCE_S:
            problems.append("clock_off")
        if world.status.problem:
            problems.append(world.status.problem)
        if self._visits is None or self._visits.resting:
            problems.append("visits_not_stored")
        spool = NOTHING_SPOOLED if self._visits is None else self._visits.spool_depth()
        if spool.visits:
            problems.append("visits_spooled")
        if spool.refused or spool.damaged:
            problems.append("spool_needs_care")
        if self._load.level:
            problems.append(f"load_{self._load.level.name}")
        body = Ready(
            ready=ready,
            problems=problems,
            table=world.status.table,
            data_age_s=world.freshness.age_s,
            clock_offset_s=None if offset is None else round(offset, 3),
            epoch_keys=len(world.keys.ids),
            visits_waiting=self._visits.depth if self._visits else 0,
            spool_visits=spool.visits,
            spool_bytes=spool.bytes,
            spool_age_s=None if spool.oldest_ms is None else round(max(0.0, moment.wall_s - spool.oldest_ms / 1000), 1),
        )
        return json_response(_ENCODER.encode(body), status=200 if ready else 503)

    def counts(self, moment: Moment) -> bytes:
        """Counts and gauges in Prometheus' text format; numbers only, nothing of anybody."""
        world, queue = self._world, self._visits
        offset = world.clock_offset_s
        spool = NOTHING_SPOOLED if queue is None else queue.spool_depth()
        gauges: dict[str, float] = {
            "data_age_seconds": float("nan") if world.freshness.age_s is None else world.freshness.age_s,
            "clock_offset_seconds": float("nan") if offset is None else offset,
            "visits_waiting": queue.depth if queue else 0,
            "visits_stored": queue.stored if queue else 0,
            "visits_spooled": queue.spooled if queue else 0,
            "visits_shipped": queue.shipped if queue else 0,
            "visit_batches": queue.batches if queue else 0,
            "visit_sink_away": float(queue.away) if queue else 1.0,
            "spool_visits": spool.visits,
            "spool_bytes": spool.bytes,
            "spool_age_seconds": 0.0 if spool.oldest_ms is None else max(0.0, moment.wall_s - spool.oldest_ms / 1000),
            "spool_refused": spool.refused,
            "spool_damaged_segments": spool.damaged,
            "load_level": float(self._load.level),
            "loop_late_seconds": self._load.late_s,
            "requests_pending": self._load.pending,
            "requests_refused": self._load.refused,
            "feed_problem": float(bool(world.status.problem)),
            "offers_refused": world.status.offers_refused,
            **{f"feed_applied_lane_{lane}": number for lane, number in world.status.applied.items()},
        }
        return metrics_text(self._metrics, lambda: gauges)

    async def time(self, _request: Request, moment: Moment) -> Response:
        """The server's clock, for phones to number their visits by."""
        answer = Time(int(moment.wall_s * 1000), self._world.freshness.clock)
        return json_response(_ENCODER.encode(answer))
