"""Counts of one worker, kept as plain integers on the hot path and shown in Prometheus' text format on demand."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS_MS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 50, 100, 250, 1000)


class Metrics:
    """What this worker counted since it started."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.events: Counter[str] = Counter()
        self.latency = [0] * (len(BUCKETS_MS) + 1)
        self.latency_sum_s = 0.0

    def answered(self, route: str, status: int, begun: float) -> None:
        """Count one answer of `route`; `begun` is time.perf_counter() at its start."""
        took = time.perf_counter() - begun
        self.answers[route, status] += 1
        self.latency[bisect_left(BUCKETS_MS, took * 1000)] += 1
        self.latency_sum_s += took


class _Collector(Collector):
    def __init__(self, metrics: Metrics, gauges: Callable[[], Mapping[str, float]]) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        metrics = self._metrics
        answers = CounterMetricFamily(
            "healthcode_edge_answers", "Answers by route and status", labels=("route", "status")
        )
        for (route, status), count in metrics.answers.items():
            answers.add_metric((route, str(status)), count)
        yield answers
        outcomes = CounterMetricFamily("healthcode_edge_outcomes", "Checks by outcome", labels=("act", "outcome"))
        for (act, outcome), count in metrics.outcomes.items():
            outcomes.add_metric((act, outcome), count)
        yield outcomes
        events = CounterMetricFamily("healthcode_edge_events", "Things worth an alarm", labels=("event",))
        for event, count in metrics.events.items():
            events.add_metric((event,), count)
        yield events
        latency = HistogramMetricFamily("healthcode_edge_latency_seconds", "Time to answer, queueing excluded")
        latency.add_metric((), _cumulated(metrics.latency), metrics.latency_sum_s)
        yield latency
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(f"healthcode_edge_{name}", name.replace("_", " "), value)


def metrics_text(metrics: Metrics, gauges: Callable[[], Mapping[str, float]]) -> bytes:
    """All counts and the present `gauges` in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(metrics, gauges))
    return generate_latest(registry)


def _cumulated(counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*BUCKETS_MS, None), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound is None else str(bound / 1000), total))
    return buckets
