"""Three edges on hosts of their own behind one nginx: who dies is not noticed, who is new begins from a peer."""

import os
import random
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bench.proxy import nginx, nginx_there
from healthcode.adapters.snapshot_files import snapshots_list
from tests.crash_faults import Faults
from tests.crash_world import DECIDED, NAMES, Deployment, Load, free_ports, wait_until
from tests.fleet_world import EdgeHost, gate_and_code

pytestmark = [
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost", "::1"]),
    pytest.mark.skipif(
        not nginx_there() and "CI" not in os.environ, reason="nginx is not on the PATH: apt-get install nginx-light"
    ),
]


@pytest.fixture
def fleet():
    """The center with its own edge, Datong's host at work, and Linfen's, enrolled and not started yet."""
    control, edge, peer, plain, secure = free_ports(5)
    origin = f"https://127.0.0.1:{secure}"
    with tempfile.TemporaryDirectory(prefix="healthcode-fleet-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        common = {"HEALTHCODE_PUBLIC_URL": origin, "HEALTHCODE_PEER_PORT": str(peer)}
        center = Deployment(folder, [control, edge], **common)
        others = common | {"HEALTHCODE_EDGE_PORT": str(edge)}
        hosts = []
        try:
            center.start()
            database = urlsplit(center.settings.dsn("edge", center.secrets))
            others["HEALTHCODE_DATABASE_URL"] = f"postgresql://edge@127.0.0.1:{database.port}{database.path}"
            for number, spare in ((2, 1100), (3, 1200)):
                peers = ",".join(f"http://127.0.0.{n}:{peer}" for n in (1, 2, 3) if n != number)
                own = {"HEALTHCODE_PEERS": peers, "HEALTHCODE_METRICS_PORT": str(min(edge + spare, 64_000 + number))}
                hosts.append(EdgeHost(folder, f"127.0.0.{number}", center, **others, **own))
                hosts[-1].prepare()
            own_edge = EdgeHost(folder, "127.0.0.1", center, **others)  # only to be named: `center` runs it
            edges = [host.origin.removeprefix("http://") for host in (own_edge, *hosts)]
            with nginx(folder / "nginx", edges, f"127.0.0.1:{control}", (plain, secure)) as proxy:
                yield center, hosts, origin, proxy.certificate
        finally:
            for host in hosts:
                host.stop()
            center.end()


def begin_from_a_snapshot_that_knows_all(center, host):
    """The next snapshot has the new hosts' keys; the first host begins from it."""
    for path in snapshots_list(center.data / "snapshots"):
        path.unlink()
    wait_until(lambda: snapshots_list(center.data / "snapshots"), 30)
    host.start()
    wait_until(host.fresh, 60)
    newest = snapshots_list(center.data / "snapshots")[0].name
    wait_until(lambda: (host.data / "snapshots" / newest).exists(), 60)


def kill_edges_under_load(center, datong, origin):
    """Phones go through nginx; one edge after the other dies, and nobody is told so."""
    load, faults = Load(center, origin), Faults(center, random.Random(1))
    with load.running(phones=1):
        wait_until(lambda: len(load.acknowledged) > 100, 30)
        datong.kill("edge")
        time.sleep(1.5)
        datong.start_part("edge")
        wait_until(datong.fresh, 30)
        before = center.pid("edge")
        faults.kill("edge")
        wait_until(lambda: center.pid("edge") not in (0, before) and center.settled(), 60)
    wait_until(center.settled, 60)
    assert load.wrong[:3] == []
    assert load.counted() == (0, 0)
    told = {status for status in load.answers if status.isdigit() or status == "none"}
    assert told <= {"200", "429"}, load.answers
    return load


def test_who_dies_is_not_noticed_and_who_is_new_begins_from_a_peer_without_the_center(fleet, monkeypatch):
    center, (datong, linfen), origin, certificate = fleet
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    begin_from_a_snapshot_that_knows_all(center, datong)
    load = kill_edges_under_load(center, datong, origin)

    for path in snapshots_list(center.data / "snapshots"):
        path.unlink()
    wait_until(lambda: snapshots_list(center.data / "snapshots"), 30)
    newest = snapshots_list(center.data / "snapshots")[0].name
    wait_until(lambda: (datong.data / "snapshots" / newest).exists(), 60)
    center.end()
    linfen.start()
    wait_until(lambda: linfen.ready().get("ready"), 60)

    session, code = gate_and_code(center, DECIDED[0])
    last = load.decisions[DECIDED[0]][-1].state
    for host in (datong, linfen):
        told = host.check(session, code)
        assert NAMES.get(told["outcome"]) == last, told
        assert told["freshness"]["age_s"] > 0
    assert "database" in linfen.ready()["problems"]
    through = httpx.post(f"{origin}/v1/checks", json={"code": code}, headers={"authorization": f"Bearer {session}"})
    assert through.json()["outcome"] == told["outcome"]
