"""How old a worker says its answers are."""

import time

from healthcode.adapters.edge_files import EdgeHost, StatusFile, boot_name
from healthcode.crypto.sealed_box import box_keypair
from healthcode.edge.status import Moment, Status
from healthcode.edge.world import World

REGION = 140000


def test_a_worker_that_finds_no_table_does_not_call_its_unknown_fresh(tmp_path):
    now = Moment(time.time(), 1000.0)
    at_ms = int(now.wall_s * 1000)
    StatusFile(tmp_path).write(Status(REGION, "", {}, at_ms, at_ms, 1_000_000, boot_name()))
    world = World(EdgeHost(tmp_path, region=REGION), region=REGION, edge=("edge", box_keypair()[0]))
    world.refresh(now)
    assert (world.freshness.level, world.freshness.age_s) == ("stale", None)
