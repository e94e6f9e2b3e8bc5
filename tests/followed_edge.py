"""A real edge in memory that follows what a control plane of a test publishes: both sides of one recall or decision."""

from __future__ import annotations

import secrets
from datetime import datetime

from healthcode.codes.epoch import EpochKeys
from healthcode.crypto.sealed_box import seal_to
from healthcode.domain.time import day_of, day_start
from healthcode.edge.notes import EPOCH_CONTEXT
from healthcode.table.feed import EpochNote, FeedKind
from healthcode.table.messages import SideChange
from healthcode.visits.record import visit_key
from tests.control_world import World
from tests.edge_world import EdgeWorld, replace_status

KINDS = (FeedKind.RECALL, FeedKind.PAPER, FeedKind.TRUST, FeedKind.VENUE)


class Gate(EdgeWorld):
    """A real edge that follows what this control plane publishes."""

    def __init__(self, world: World, at: datetime) -> None:
        from healthcode.control.bridge.publication import standing_ensure
        from healthcode.control.ports import ports

        super().__init__()
        self.control, self.wall_s = world, at.timestamp()
        days = range(day_of(self.now) - 1, day_of(self.now) + 2)
        self.keys = EpochKeys.from_master(ports().epoch_master, days)
        for day in days:
            sealed = {"edge-1": seal_to(self.public, self.keys.get(day % 65536).key, context=EPOCH_CONTEXT)}
            begin, end = day_start(day), day_start(day + 1)
            note = EpochNote(epoch=day % 65536, valid_from=begin, valid_until=end, sealed=sealed)
            self.publish(FeedKind.EPOCHS, day % 65536, note)
        standing_ensure(at)
        self.follow()

    def follow(self) -> None:
        """Take over what was published and decided since."""
        sql = "SELECT kind, key, payload FROM bridge_published WHERE kind = ANY(%s)"
        for kind, key, payload in self.control.superuser(sql, [[int(kind) for kind in KINDS]]):
            self.host.store.apply([SideChange(kind, key, bytes(payload))], {})
            if not payload:
                del self.host.store.entries[kind, key]
        for number, record in self.control.superuser(
            "SELECT number, record FROM subject_state WHERE record IS NOT NULL"
        ):
            self.host.editor.put(number, bytes(record))
        one_more = self.host.now_status.applied[0] + 1
        self.host.now_status = replace_status(self.host.now_status, applied={0: one_more, 1: 1})
        self.heartbeat()

    def outcomes(self, *codes: str) -> list[str]:
        self.follow()
        return [self.check(code)["outcome"] for code in codes]

    def visit(self, code: str) -> str:
        self.follow()
        key = str(visit_key(int(self.wall_s * 1000), secrets.token_bytes(10)))
        return self.ask(
            "POST", "/v1/visits", {"key": key, "code": code.rpartition("#")[2]}, bearer=self.session(1)
        ).json.get("code", "stored")
