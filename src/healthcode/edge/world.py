"""What one worker knows: color table, side files, keys, and how old all that is.  Looked up, never changed.

Everything that does not depend on the single request (colors, policies, keys, freshness) is prepared by `refresh`,
several times a second; a request finds it ready.  Whatever is missing or broken reads `unknown`, never green.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from healthcode.codes.bundle import HEAD, bundle_key
from healthcode.codes.epoch import EpochKeys, EpochMissing
from healthcode.codes.venue import VenueReader
from healthcode.crypto.interfaces import VerifyKey
from healthcode.domain.outcome import Freshness as Level
from healthcode.domain.outcome import freshness_of
from healthcode.domain.time import Minute
from healthcode.edge.answers import Color, Freshness, Ground, Policy
from healthcode.edge.notes import Gate, Notes, Published, ground_answers
from healthcode.edge.status import (
    NOTHING,
    Clocks,
    Moment,
    Status,
    clock_offset_s,
    clocks_read,
    control_now_ms,
    data_age_s,
)
from healthcode.table.file import TableView
from healthcode.table.messages import FeedKind, SideStore, key_from_bytes
from healthcode.table.payloads import BundleNote, GroundsNote, PaperNote, PayloadError, RecallNote, note_decode
from healthcode.table.record import UNKNOWN, Record, Skew, record_effective

REFRESH_LATEST_S = 0.3
"""A request that finds the world older than this refreshes it itself: no answer is older than it says by more."""
LOOKS = 5
"""How often a refresh looks again while the updater writes its status, which it does a few times a second."""
BUNDLE_HEAD = bundle_key(HEAD)
"""The feed key of the offline bundle's head."""
GATES = 100_000
"""Venues kept ready by one worker."""


class Host(Protocol):
    """The files that the updater keeps on this host."""

    boot_id: str

    def status(self) -> Status:
        """The updater's latest status."""
        ...

    def side(self) -> SideStore | None:
        """The side files, None before there are any."""
        ...

    def waiting(self) -> TableView | None:
        """The table that waits for its minute, None where none does.  Asked before `table`."""
        ...

    def table(self) -> TableView | None:
        """The present table, followed through growth and replacement; None before there is one."""
        ...


class World:
    """Everything that answers are made from, for one region."""

    def __init__(
        self, host: Host, *, region: int, edge: tuple[str, bytes], hosts: Collection[str] | None = None
    ) -> None:
        """`edge` is this host's id and private key, `hosts` the addresses that venue codes may lead to."""
        self.region = region
        self.status = NOTHING
        self.level = Level.stale
        self.freshness = Freshness("stale", None)
        self._host = host
        self._table: TableView | None = None
        self._other: TableView | None = None
        self._clocks = Clocks(0, 0, None, off=False)
        self.clock_offset_s: float | None = None
        """This host's wall clock minus control's time, at the last refresh; None while control's is not known."""
        self._notes = Notes(region, edge, hosts)
        self._published = self._notes.published
        self._seen: object = None
        self._gates: dict[tuple[int, Minute], Gate | None] = {}
        self._recalled: dict[bytes, bool] = {}
        self._skew: Skew = "none"
        self._refreshed_s = float("-inf")

    # what requests ask -----------------------------------------------------------------------------------------------

    @property
    def keys(self) -> EpochKeys:
        """The epoch keys held."""
        return self._published.keys

    @property
    def venue_reader(self) -> VenueReader:
        """Opens venue codes under the present trust list."""
        return self._published.venue_reader

    def issuers(self, purpose: str) -> Mapping[bytes, VerifyKey]:
        """The issuer keys trusted for a purpose (`person`: passes and papers), by key id."""
        return self._published.issuers.get(purpose, {})

    @property
    def has_table(self) -> bool:
        """Whether there is a table to look into."""
        return self._table is not None

    def has_keys(self, now: Minute) -> bool:
        """Whether a code can be minted now."""
        try:
            self.keys.current(now)
        except EpochMissing:
            return False
        return True

    def record(self, number: int) -> Record:
        """The subject's record; UNKNOWN where there is none that is whole."""
        if self._table is None:
            return UNKNOWN
        record = self._table.read(number)
        return record if self._other is None else self._worse(record, self._other.read(number))

    def effective(self, record: Record, now: Minute) -> tuple[int, int]:
        """State and notices of a record now; by both clocks, whatever `now` says, while they differ."""
        severity, clocks = self._published.scheme_severity, self._clocks
        if clocks.off:
            now = clocks.early
        return record_effective(record, now, severity=severity, skew=self._skew, trusted=clocks.late)

    def color_id(self, state: int) -> str:
        """A color's id, `absent`, or `unknown` for whatever is not configured."""
        return self._published.color_ids.get(state, "unknown")

    def color_states(self) -> Mapping[str, int]:
        """Table states by color id: the stored numbers of color outcomes."""
        return self._published.color_states

    def color_words(self) -> Mapping[str, Mapping[str, str]]:
        """The words of colors by their id and language."""
        return self._published.color_words

    def notices(self, bits: int) -> list[dict[str, str]]:
        """The words of notices (`effective` gives their bits) by language, with their id."""
        return self._published.notice_words(bits) if bits else []

    @property
    def words_mark(self) -> bytes:
        """Changes with the ids of colors and the words of notices."""
        return self._published.words_mark

    def grounds(self, number: int, state: int, now: Minute) -> list[Ground]:
        """The open grounds of a subject in `state`, for her own page."""
        note = self._note(FeedKind.GROUNDS, number)
        if note is None:
            return []
        try:
            lines = note_decode(note, GroundsNote)
        except PayloadError:
            return []
        return ground_answers(lines, now, self.color_id, state)

    def gate(self, venue: int, now: Minute) -> Gate | None:
        """The venue with the policy that is in force there now; None where it is not registered here."""
        try:
            return self._gates[venue, now]
        except KeyError:
            if len(self._gates) >= GATES:
                self._gates.clear()
            gate = self._published.gate(self._note(FeedKind.VENUE, venue), now)
            self._gates[venue, now] = gate
            return gate

    def recalled(self, handle: bytes) -> bool:
        """Whether a handle (of a device, a pass, a paper) stands on the recall list. A broken entry recalls."""
        recalled = self._recalled.get(handle)
        if recalled is None:
            if len(self._recalled) >= GATES:
                self._recalled.clear()
            recalled = self._recalled[handle] = self._listed(handle)
        return recalled

    def paper_subject(self, handle: bytes) -> int:
        """The subject number behind a paper's handle, 0 where it is not known here."""
        note = self._note(FeedKind.PAPER, key_from_bytes(handle))
        try:
            papers = [] if note is None else note_decode(note, PaperNote).papers
        except PayloadError:
            return 0
        return next((subject for known, subject in papers if known == handle), 0)

    def bundle_head(self) -> bytes:
        """The signed head of the offline bundle as it came, empty where there is none."""
        note = self._note(FeedKind.BUNDLE, BUNDLE_HEAD)
        return b"" if note is None else note_decode(note, BundleNote).data

    def bundle_parts(self) -> dict[str, bytes]:
        """The parts of the offline bundle by name, as they stand in the side files now."""
        side = self._host.side()
        found = [] if side is None else list(side.items(FeedKind.BUNDLE))
        notes = [note_decode(payload, BundleNote) for key, payload in found if key != BUNDLE_HEAD and payload]
        return {note.name: note.data for note in notes}

    def published_colors(self) -> list[Color]:
        """The colors in force, for devices."""
        return self._published.colors

    def published_policies(self) -> list[Policy]:
        """The check policies, the default first, for devices."""
        return self._published.policies

    def published_texts(self) -> dict[str, dict[str, str]]:
        """The words of outcomes and verdicts, for devices."""
        return self._published.texts

    def believed(self, moment: Moment) -> Moment:
        """The moment by which codes, sessions and visits are made and read: control's, while our own clock is off.

        So a gate does not call honest codes expired, nor old ones good, because somebody set its host's clock.
        """
        if not self._clocks.off:
            return moment
        control_ms = control_now_ms(self.status, moment, self._host.boot_id)
        return moment if control_ms is None else Moment(control_ms / 1000, moment.boot_s)

    # keeping up ------------------------------------------------------------------------------------------------------

    def keep_current(self, moment: Moment) -> None:
        """Refresh where the ticker has not done so lately."""
        if abs(moment.boot_s - self._refreshed_s) > REFRESH_LATEST_S:
            self.refresh(moment)

    def refresh(self, moment: Moment) -> None:
        """Take over what the updater has written since, and compute the age of the data."""
        waiting, table = self._look()
        self._clocks = clocks_read(self.status, moment, self._host.boot_id)
        self.clock_offset_s = clock_offset_s(self.status, moment, self._host.boot_id)
        self._skew = "withhold_improving" if self._clocks.off else "none"
        self._take_tables(waiting, table)
        self._take_notes()
        self._refreshed_s = moment.boot_s
        self._grade(moment)

    def close(self) -> None:
        """Let go of the tables."""
        self._table = self._other = None

    def _look(self) -> tuple[TableView | None, TableView | None]:
        """The waiting table, the current one, and the status that speaks of them.

        Read between two looks at one status: a table that was built anew from a snapshot is older than the one before,
        and the status said so before it was there. The waiting table is looked for first: renamed in between, it is
        found under both names, not under none.
        """
        status = self._host.status()
        for _ in range(LOOKS):
            self.status = status
            tables = self._host.waiting(), self._host.table()
            status = self._host.status()
            if status == self.status:
                break
        return tables

    def _take_tables(self, waiting: TableView | None, table: TableView | None) -> None:
        """The table of this minute; while the clocks differ over a switch, both: the worse answer counts."""
        valid_from = None if waiting is None else waiting.header.valid_from
        if valid_from is None or valid_from > self._clocks.late:
            self._table, self._other = table, None
        elif valid_from <= self._clocks.early or table is None:
            self._table, self._other = waiting, None
        else:
            self._table, self._other = table, waiting

    def _worse(self, first: Record, second: Record) -> Record:
        severity = self._published.scheme_severity
        states = [self.effective(record, self._clocks.late)[0] for record in (first, second)]
        return second if severity(states[1]) > severity(states[0]) else first

    def _take_notes(self) -> None:
        side = self._host.side()
        seen = (self.status.applied, self.status.table)
        due = self._notes.due(self._clocks.early)
        if side is None or (seen == self._seen and not due and self._published.complete):
            return
        self._seen = seen
        self._gates.clear()
        self._recalled.clear()
        self._published = self._notes.read(side, self._clocks.early)

    def _grade(self, moment: Moment) -> None:
        """Freshness for the answers until the next refresh.  Without a table the status says nothing about them."""
        age_s = data_age_s(self.status, moment, self._host.boot_id) if self.has_table else None
        self.level = Level.stale if age_s is None else freshness_of(age_s, self._published.stale_after_s)
        clock = "off" if self._clocks.off else "ok"
        self.freshness = Freshness(self.level.value, None if age_s is None else round(age_s, 1), clock)

    def _note(self, kind: FeedKind, key: int) -> bytes | None:
        side = self._host.side()
        return None if side is None else side.get(kind, key)

    def _listed(self, handle: bytes) -> bool:
        note = self._note(FeedKind.RECALL, key_from_bytes(handle))
        if note is None:
            return False
        try:
            return note_decode(note, RecallNote).handle == handle
        except PayloadError:
            return True


__all__ = ["Gate", "Host", "Published", "World"]
