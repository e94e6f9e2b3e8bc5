"""Counts for Prometheus: on the loopback interface, a port a worker, and nothing of anybody."""

import asyncio

import httpx
import pytest

from healthcode.adapters.metrics_port import MetricsPort
from tests.edge_world import GREEN, LIN, EdgeWorld


async def asked(ports, path="/metrics"):
    """What two workers on the same range of ports answer."""
    workers = [MetricsPort(ports, lambda number=number: b"worker %d\n" % number) for number in range(2)]
    for worker in workers:
        await worker.start()
    async with httpx.AsyncClient() as client:
        answers = [await client.get(f"http://127.0.0.1:{worker.port}{path}") for worker in workers]
    for worker in workers:
        await worker.close()
    return [(answer.status_code, answer.text) for answer in answers], [worker.port for worker in workers]


def test_each_worker_has_a_port_of_its_own(free_port):
    answers, ports = asyncio.run(asked(range(free_port, free_port + 5)))
    assert answers == [(200, "worker 0\n"), (200, "worker 1\n")]
    assert len(set(ports)) == 2


def test_it_answers_nothing_else(free_port):
    answers, _ = asyncio.run(asked(range(free_port, free_port + 5), "/metrics/../readyz"))
    assert {status for status, _ in answers} == {404}


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_the_public_port_has_no_counts(path):
    assert EdgeWorld().ask("GET", path).status == 404


def test_counts_name_nobody():
    edge = EdgeWorld()
    edge.record(LIN, GREEN)
    edge.check(edge.live(LIN))
    counts = edge.edge.health.counts(edge.moment()).decode()
    for name in ("loop_late_seconds", "spool_visits", "data_age_seconds", "clock_offset_seconds", "visits_waiting"):
        assert f"healthcode_edge_{name} " in counts
    assert "林" not in counts
