"""An edge worker in memory: the cast as subject numbers, a market, a hospital, a clock that tests move."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any

from healthcode.codes.bundle import bundle_key, head_next, head_of, head_sign, part_bytes, recall_parts
from healthcode.codes.epoch import EpochKeys, epoch_key
from healthcode.codes.live import LiveClaim, live_mint
from healthcode.codes.paper import PaperClaim, paper_issue
from healthcode.codes.passes import PassClaim, Step, locator_seal, pass_issue, pass_show
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.codes.venue import VenueClaim, venue_rotating, venue_static
from healthcode.crypto.sealed_box import box_keypair, seal_to
from healthcode.crypto.suites import suite
from healthcode.domain.policy import DEFAULT_POLICY
from healthcode.domain.time import Minute, day_of, day_start
from healthcode.edge.app import Edge
from healthcode.edge.document_desk import Desk
from healthcode.edge.notes import EPOCH_CONTEXT
from healthcode.edge.pages import Pages
from healthcode.edge.status import Moment, Status
from healthcode.edge.visit_queue import QueueLimits, VisitQueue
from healthcode.edge.world import World
from healthcode.table.document_index import KEY_CONTEXT, document_digest, generation_key
from healthcode.table.file import TableEditor, TableView, table_format, table_size
from healthcode.table.messages import FeedKind, SideChange, key_from_bytes
from healthcode.table.payloads import (
    BundleNote,
    ColorEntry,
    ColorsNote,
    DocumentKeyNote,
    DocumentNote,
    EpochNote,
    NoticeEntry,
    PaperNote,
    PoliciesNote,
    PolicyEntry,
    TrustNote,
    VenueEntry,
    note_encode,
)
from healthcode.table.record import Record, record_encode
from healthcode.visits.access import AccessUnavailable

REGION = 140000
LIN, ZHAO, QIAN, SUN, NOBODY = 1, 2, 3, 4, 999
MARKET, HOSPITAL, CINEMA, CLOSED, FLOOR_BARE = 10, 11, 12, 13, 14
GREEN, YELLOW, RED = 2, 3, 4
NOON = 27_397_680  # 2022-02-03T04:00Z, noon in the region, as a minute
SECRET = bytes(32)
ISSUER = suite("intl").generate_signing_key()
KID, PERSON_KID = b"issuer-1", b"person-1"
PHONE = suite("intl").generate_signing_key()
BASE = "https://code.example"
DEVICE, OTHER_DEVICE = b"device-of-kong-1", b"device-of-kong-2"


@dataclass
class MemorySide:
    """SideStore in a dict."""

    entries: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def get(self, kind, key):
        return self.entries.get((kind, key))

    def items(self, kind):
        return iter([(key, payload) for (k, key), payload in self.entries.items() if k == kind])

    def applied(self, lane):
        return 0

    def apply(self, changes, applied):
        for change in changes:
            self.entries[change.kind, change.key] = change.payload

    def clear(self):
        self.entries.clear()


class MemorySink:
    """VisitSink that keeps visits by key; `down` makes it a dead database, `held_s` a slow one."""

    def __init__(self):
        self.visits, self.down, self.held_s = {}, False, 0.0

    async def store(self, visits):
        if self.down:
            raise OSError("database is gone")
        await asyncio.sleep(self.held_s)
        for visit in visits:
            self.visits.setdefault(visit.id, visit)

    async def close(self):
        """Nothing to close."""


class MemoryHost:
    """The updater's files in memory; tests write what an updater would."""

    boot_id = "boot-1"

    def __init__(self):
        self.buffer = bytearray(table_size(64))
        table_format(self.buffer, region=REGION, capacity=64, file_id=b"t" * 16, boot=bytes(16))
        self.editor = TableEditor(self.buffer, region=REGION)
        self.next_buffer = None
        self.store = MemorySide()
        self.now_status = Status(REGION, "t", {0: 1, 1: 1}, 0, 0, 0, self.boot_id)

    def status(self):
        return self.now_status

    def side(self):
        return self.store

    def waiting(self):
        return None if self.next_buffer is None else TableView(self.next_buffer, region=REGION)

    def table(self):
        return TableView(self.buffer, region=REGION)

    def publish(self, kind, key, note):
        self.store.apply([SideChange(kind, key, note_encode(note))], {})
        self.now_status = replace_status(self.now_status, applied={0: self.now_status.applied[0] + 1, 1: 1})


def replace_status(status: Status, **changes: Any) -> Status:
    """A status with some fields changed."""
    fields = {name: getattr(status, name) for name in status.__struct_fields__}
    return Status(**(fields | changes))


class MemoryLog:
    """AccessLog that keeps rows; `broken` is a full disk."""

    def __init__(self):
        self.rows, self.broken = [], False

    async def keep(self, rows):
        if self.broken:
            raise AccessUnavailable("the disk is full")
        self.rows.extend(rows)


class MemoryPool:
    """The common half of all devices' budgets; `away` makes it unreachable."""

    def __init__(self):
        self.taken, self.away = {}, False

    async def claim(self, budget, device, window, wanted, most):
        before = self.taken.get((budget, device, window), 0)
        granted = 0 if self.away else max(0, min(wanted, most - before))
        self.taken[budget, device, window] = before + granted
        return granted


class DocumentDesk:
    """The index process of a host in memory, with its generations and whom they know."""

    def __init__(self, world, pool=None):
        self.private, self.public = box_keypair()
        self.log, self.pool, self._world = MemoryLog(), pool or MemoryPool(), world
        self.desk = Desk(
            lambda: world.host.store, ("documents-1", self.private), self.log, self.pool, lambda: world.wall_s
        )

    def generation(self, number, *, hosts=1):
        """Publish the key of a generation, sealed to this host (and others)."""
        box = seal_to(self.public, generation_key(SECRET, number), context=KEY_CONTEXT)
        others = {f"other-{n}": b"" for n in range(hosts - 1)}
        note = DocumentKeyNote(generation=number, sealed={"documents-1": box, **others})
        self._world.publish(FeedKind.DOCUMENT_KEYS, number, note)
        self.desk.refresh()

    def knows(self, subject, person, *, generation=1):
        """Publish whose document this is."""
        kind, number = person.document.kind.value, person.document.number
        digest = document_digest(generation_key(SECRET, generation), kind, number, person.name)
        self._world.publish(FeedKind.DOCUMENT, key_from_bytes(digest), DocumentNote(subjects=[(digest, subject)]))


@dataclass
class Answer:
    """What the edge answered."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class EdgeWorld:
    """One worker and the hands of everybody around it."""

    def __init__(self, *, pages=None, forward=None, suite_name="intl"):
        self.suite = suite_name
        self.issuer = ISSUER if suite_name == "intl" else suite(suite_name).generate_signing_key()
        self.wall_s, self.boot_s = NOON * 60.0, 1000.0
        self.host, self.sink = MemoryHost(), MemorySink()
        private, public = box_keypair()
        self.public = public
        self.world = World(self.host, region=REGION, edge=("edge-1", private), hosts={"code.example"})
        self.queue = VisitQueue(self.sink, QueueLimits(rest_s=0.0), lambda: self.boot_s)
        self.documents = DocumentDesk(self)
        self._head = b""
        self.edge = Edge(self.world, self.queue, Pages(pages or {}), self.moment, forward, self.documents.desk)
        self._publish_standing()
        self.heartbeat()
        self.keys = EpochKeys.from_master(SECRET, range(day_of(NOON) - 1, day_of(NOON) + 20), suite_name=suite_name)

    def moment(self) -> Moment:
        return Moment(self.wall_s, self.boot_s)

    @property
    def now(self) -> Minute:
        return int(self.wall_s) // 60

    def pass_time(self, seconds: float) -> None:
        """Both clocks run on; control stays silent unless `heartbeat` is called."""
        self.wall_s += seconds
        self.boot_s += seconds
        self.world.refresh(self.moment())

    def jump_clock(self, seconds: float) -> None:
        """Only the wall clock changes: somebody set it."""
        self.wall_s += seconds
        self.world.refresh(self.moment())

    def heartbeat(self) -> None:
        """Everything is applied as of now, by control's clock."""
        now_ms = int(self.wall_s * 1000)
        self.host.now_status = replace_status(
            self.host.now_status, as_of_ms=now_ms, control_ms=now_ms, heard_boot_ms=int(self.boot_s * 1000)
        )
        self.world.refresh(self.moment())

    def record(self, subject: int, state: int, **more: Any) -> None:
        """What the feed says of a subject."""
        self.host.editor.put(subject, record_encode(Record(state, **({"generation": 1, "version": 1} | more))))

    def publish(self, kind: FeedKind, key: int, note: Any) -> None:
        self.host.publish(kind, key, note)
        self.world.refresh(self.moment())

    def policy(self, **policy: Any) -> None:
        """Publish one adjustment beside the default policy."""
        self.publish(FeedKind.POLICIES, 0, PoliciesNote(default=_default(), policies=[PolicyEntry(**policy)]))

    def session(self, subject: int, *, generation: int = 1, key_thumb: bytes | None = None, issued_ago: int = 0) -> str:
        """A resident's session."""
        issued = self.now - issued_ago
        claim = SessionClaim("resident", subject, generation, "林*", 0, 0, bytes(16), issued, issued + 9000, key_thumb)
        return session_seal(self.keys, claim, region=REGION, now=issued)

    def inspector(self, venue: int, device: bytes = DEVICE) -> str:
        """Kong's session at a venue."""
        claim = SessionClaim("inspector", 0, 0, "", venue, 1, device, self.now, self.now + 9000)
        return session_seal(self.keys, claim, region=REGION, now=self.now)

    def live(self, subject: int, *, generation: int = 1, minutes: int = 0) -> str:
        """A live code of this minute, or of one `minutes` later."""
        claim = LiveClaim(subject, generation, self.now + minutes, "林*", 0)
        return live_mint(self.keys, claim, region=REGION)

    def shown(self, subject: int, *, generation: int = 1, phone: Any = PHONE, kid: bytes = PERSON_KID) -> str:
        """A pass as a phone without network shows it in this minute."""
        handle = subject.to_bytes(16, "big")
        locator = locator_seal(self.keys, handle=handle, subject=subject, issued=self.now)
        claim = PassClaim(
            handle, generation, (Step(self.now, GREEN, 0),), "林*", self.now, self.now + 240,
            PHONE.public.to_bytes(), locator,
        )  # fmt: skip
        return pass_show(phone, pass_issue(self.issuer, kid, claim, region=REGION), minute=self.now)

    def paper(self, subject: int, *, kid: bytes = PERSON_KID) -> str:
        """A paper code that the edge knows."""
        handle = subject.to_bytes(16, "big")
        self.publish(FeedKind.PAPER, key_from_bytes(handle), PaperNote(papers=[(handle, subject)]))
        claim = PaperClaim(handle, self.now, self.now + 1440, "孙*")
        return paper_issue(self.issuer, kid, claim, region=REGION)

    def poster(self, venue: int, *, issuer: Any = None, base: str = BASE) -> str:
        return venue_static(issuer or self.issuer, KID, VenueClaim(venue, 1), region=REGION, base_url=base)

    def screen(self, venue: int, *, minutes: int = 0) -> str:
        return venue_rotating(self.poster(venue), self.keys, minute=self.now + minutes)

    def ask(self, method: str, path: str, body: Any = None, *, bearer: str = "", **headers: str) -> Answer:
        """One request, in an event loop of its own."""
        return asyncio.run(self.asks([(method, path, body, bearer)], **headers))[0]

    async def asks(self, requests: list[tuple[str, str, Any, str]], **headers: str) -> list[Answer]:
        """Several requests at the same time."""
        self.queue.start()
        try:
            return await asyncio.gather(*(self._one(*request, headers) for request in requests))
        finally:
            await self.queue.close()

    async def _one(self, method: str, path: str, body: Any, bearer: str, headers: dict[str, str]) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if bearer:
            named.append((b"authorization", b"Bearer " + bearer.encode()))
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": named, "client": ("127.0.0.1", 1), "scheme": "http",
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive():
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message):
            sent.append(message)

        await self.edge(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))

    def check(self, code: str, venue: int = MARKET) -> Any:
        """Kong checks a code at a venue."""
        answer = self.ask("POST", "/v1/checks", {"code": code}, bearer=self.inspector(venue))
        assert answer.status == 200, answer.raw
        return answer.json

    def check_document(self, person: Any, venue: int = MARKET, *, name: str = "", device: bytes = DEVICE) -> Any:
        """Kong reads somebody's document at a venue."""
        given = {"kind": person.document.kind.value, "number": person.document.number, "name": name or person.name}
        answer = self.ask("POST", "/v1/checks", {"document": given}, bearer=self.inspector(venue, device))
        assert answer.status == 200, answer.raw
        return answer.json

    def bundle(self, number: int, handles: tuple[bytes, ...] = (), *, key: Any = ISSUER) -> dict[str, bytes]:
        """What control publishes: the parts of a bundle, then its head. Returns the parts."""
        before = head_of(self._head) if self._head else None
        trust = [{"kid": PERSON_KID, "suite": "intl", "public": ISSUER.public.to_bytes(), "purpose": "person"}]
        parts = {"colors": part_bytes([]), "policies": part_bytes([]), "trust": part_bytes(trust)}
        parts |= recall_parts(handles)
        self._head = head_sign(key, b"bundle-1", head_next(before, parts, region=REGION, made=number))
        for name, data in (*parts.items(), ("head", self._head)):
            self.publish(FeedKind.BUNDLE, bundle_key(name), BundleNote(name=name, data=data))
        return parts

    def _publish_standing(self) -> None:
        colors = [
            ColorEntry(id="green", state=GREEN, severity=0, word={"zh": "绿码", "en": "Green"}),
            ColorEntry(id="yellow", state=YELLOW, severity=1, word={"zh": "黄码", "en": "Yellow"}),
            ColorEntry(id="red", state=RED, severity=2, word={"zh": "红码", "en": "Red"}),
        ]
        notice = NoticeEntry(bit=0, id="tests_due", words={"zh": "待核酸", "en": "Tests due"})
        self.host.publish(FeedKind.COLORS, 0, ColorsNote(colors=colors, notices=[notice]))
        self.host.publish(FeedKind.POLICIES, 0, PoliciesNote(default=_default()))
        point = self.issuer.public.to_bytes()
        for kid, purpose in ((KID, "venue"), (PERSON_KID, "person")):
            trust = TrustNote(kid=kid, suite=self.suite, public=point, purpose=purpose)
            self.host.publish(FeedKind.TRUST, key_from_bytes(kid), trust)
        for day in range(day_of(NOON) - 1, day_of(NOON) + 20):
            key = epoch_key(SECRET, day % 65536, suite_name=self.suite)
            sealed = {"edge-1": seal_to(self.public, key, context=EPOCH_CONTEXT)}
            note = EpochNote(
                epoch=day % 65536, valid_from=day_start(day), valid_until=day_start(day + 1), sealed=sealed,
                suite=self.suite,
            )  # fmt: skip
            self.host.publish(FeedKind.EPOCHS, day % 65536, note)
        for number, kind, medical, status, visits in (
            (MARKET, "market", False, "active", True),
            (HOSPITAL, "hospital", True, "active", True),
            (CINEMA, "cinema", False, "active", True),
            (CLOSED, "market", False, "closed", True),
            (FLOOR_BARE, "market", False, "active", False),
        ):
            entry = VenueEntry(
                name=f"{kind} {number}", address="Yingze Street 1", type=kind, division="140106", medical=medical,
                checkpoints={1: "south gate"}, status=status, record_visits=visits,
            )  # fmt: skip
            self.host.publish(FeedKind.VENUE, number, entry)


def _default() -> PolicyEntry:
    return PolicyEntry(id=DEFAULT_POLICY.id, colors=["green"], basis="Art. 9", authority="140000")


def b64(data: bytes) -> str:
    """Standard base64 text."""
    return base64.b64encode(data).decode()
