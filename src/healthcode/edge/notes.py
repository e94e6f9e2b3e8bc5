"""The published notes (colors, policies, keys, trust, venues) made ready for answering."""

import contextlib
import hashlib
from collections.abc import Callable, Collection, Mapping
from operator import itemgetter
from typing import NamedTuple

import msgspec

from healthcode.codes.epoch import EpochKey, EpochKeys
from healthcode.codes.venue import VenueReader
from healthcode.crypto.errors import CryptoError
from healthcode.crypto.interfaces import VerifyKey
from healthcode.crypto.sealed_box import open_sealed
from healthcode.crypto.suites import suite
from healthcode.domain.color import ABSENT, ABSENT_STATE, ColorDefinition, ColorError, ColorScheme
from healthcode.domain.outcome import STALE_SECONDS
from healthcode.domain.policy import DEFAULT_POLICY, CheckPolicy, policy_for
from healthcode.domain.time import Minute
from healthcode.edge.answers import Color, Ground, Policy
from healthcode.table.messages import FeedKind, SideStore
from healthcode.table.payloads import (
    ColorsNote,
    EpochNote,
    GroundsNote,
    NoteType,
    PayloadError,
    PoliciesNote,
    PolicyEntry,
    TrustNote,
    VenueEntry,
    note_decode,
)

EPOCH_CONTEXT = b"healthcode/epoch"
FAR: Minute = 1 << 62
"""After every minute."""
KEPT_EPOCH_MINUTES = 7 * 24 * 60
"""How long an epoch key is held after its end: sessions sealed with it are renewed daily and die then."""


Issuers = Mapping[bytes, VerifyKey]
"""The issuer keys trusted for one purpose, by key id."""


class Gate(NamedTuple):
    """One venue with the policy in force."""

    name: str
    address: str
    type: str
    medical: bool
    open: bool
    record_visits: bool
    checkpoints: dict[int, str]
    policy: CheckPolicy
    card: bytes
    edition: int


class Published:
    """One state of the notes.  Immutable."""

    def __init__(
        self,
        colors: ColorsNote | None,
        policies: PoliciesNote | None,
        keys: EpochKeys,
        venue_reader: VenueReader,
        issuers: Mapping[str, Issuers],
    ) -> None:
        self.keys = keys
        self.venue_reader = venue_reader
        self.issuers = issuers
        self.complete = colors is not None and policies is not None and bool(keys.ids)
        self._scheme = _scheme(colors)
        entries = colors.colors if colors else []
        self.color_ids: dict[int, str] = {entry.state: entry.id for entry in entries} if self._scheme else {}
        self.color_states: dict[str, int] = {name: state for state, name in self.color_ids.items()}
        self.color_ids[ABSENT_STATE] = ABSENT
        self.colors = [
            Color(e.id, e.state, e.severity, e.word, e.shape, e.sound, list(e.vibration), e.hue) for e in entries
        ]
        self.color_words = {entry.id: entry.word for entry in entries}
        self.texts = colors.texts if colors else {}
        self._notice_words = {
            entry.bit: {"id": entry.id, **entry.words} for entry in (colors.notices if colors else [])
        }
        words = sorted(self.color_ids.items()), sorted(self._notice_words.items(), key=itemgetter(0))
        self.words_mark = hashlib.sha256(msgspec.msgpack.encode(words)).digest()[:8]
        self._default = _policy(policies.default) if policies else DEFAULT_POLICY
        self._policies = [_policy(entry) for entry in policies.policies] if policies else []
        self.stale_after_s = policies.stale_after_s if policies else STALE_SECONDS
        self.policies = [_policy_answer(policy) for policy in (self._default, *self._policies)]

    def scheme_severity(self, state: int) -> int:
        """The severity of a table state; -1 for no color."""
        return -1 if self._scheme is None else self._scheme.severity_of_state(state)

    def notice_words(self, bits: int) -> list[dict[str, str]]:
        """The words of each notice bit that is set; a bit without words names itself."""
        numbers = [bit for bit in range(16) if bits >> bit & 1]
        return [self._notice_words.get(bit, {"id": f"notice-{bit}"}) for bit in numbers]

    def gate(self, payload: bytes | None, now: Minute) -> Gate | None:
        """The venue of a side entry with its policy at `now`."""
        if payload is None:
            return None
        try:
            venue = note_decode(payload, VenueEntry)
        except PayloadError:
            return None
        bound = next((p for p in self._policies if p.id == venue.policy and p.in_force(now)), None)
        policy = bound or policy_for(
            self._policies, venue_type=venue.type, division=venue.division, now=now, default=self._default
        )
        return Gate(
            venue.name,
            venue.address,
            venue.type,
            venue.medical,
            venue.status == "active",
            venue.record_visits,
            venue.checkpoints,
            policy,
            venue.card,
            venue.edition,
        )


class Notes:
    """Reads the notes from side files, opening sealed keys and parsing points once each."""

    def __init__(self, region: int, edge: tuple[str, bytes], hosts: Collection[str] | None) -> None:
        self._region = region
        self._edge, self._private = edge
        self._hosts = hosts
        self._opened: dict[bytes, tuple[EpochKey, str] | None] = {}
        self._trusted: dict[str, dict[bytes, VerifyKey]] = {}
        self._turns: tuple[Minute, Minute] = (0, FAR)
        self._keys = EpochKeys([])
        self._venue_reader = VenueReader({}, region=region, hosts=hosts)
        self.published = Published(None, None, self._keys, self._venue_reader, self._trusted)

    def read(self, side: SideStore, now: Minute) -> Published:
        """The notes as they are now.  Keys and reader stay the same objects while nothing about them changes."""
        opened = [found for _, payload in side.items(FeedKind.EPOCHS) if (found := self._epoch(payload))]
        suite_name = max(opened, key=lambda found: found[0].valid_from)[1] if opened else "intl"
        kept = [key for key, sealing in opened if key.valid_until + KEPT_EPOCH_MINUTES > now and sealing == suite_name]
        if not self._keys.same(kept, suite_name=suite_name):
            self._keys = EpochKeys(kept, suite_name=suite_name)
        trusted = _trusted(side, now)
        if trusted.get("venue", {}).keys() != self._trusted.get("venue", {}).keys():
            self._venue_reader = VenueReader(trusted.get("venue", {}), region=self._region, hosts=self._hosts)
        self._trusted = trusted
        colors, policies = dict(side.items(FeedKind.COLORS)), dict(side.items(FeedKind.POLICIES))
        self._turns = _turns({*colors, *policies}, now)
        self.published = Published(
            _decoded(_in_force(colors, now), ColorsNote),
            _decoded(_in_force(policies, now), PoliciesNote),
            self._keys,
            self._venue_reader,
            self._trusted,
        )
        return self.published

    def due(self, now: Minute) -> bool:
        """Whether announced colors or policies have come into force, or gone out of it, since `read`."""
        return not self._turns[0] <= now < self._turns[1]

    def _epoch(self, payload: bytes) -> tuple[EpochKey, str] | None:
        """The epoch key sealed to this edge in a note and its suite, None where there is none for it."""
        if payload not in self._opened:
            self._opened[payload] = _epoch_key(payload, self._edge, self._private)
        return self._opened[payload]


def _in_force(notes: Mapping[int, bytes], now: Minute) -> bytes | None:
    """Of notes by the minute from which they hold (0: now) the newest that holds."""
    newest = max((at for at in notes if at <= now), default=None)
    return None if newest is None else notes[newest]


def _turns(starts: Collection[int], now: Minute) -> tuple[Minute, Minute]:
    """From when and until when the choice of `_in_force` stays."""
    return max((at for at in starts if at <= now), default=0), min((at for at in starts if at > now), default=FAR)


def ground_answers(note: GroundsNote, now: Minute, color_id: Callable[[int], str], state: int) -> list[Ground]:
    """The grounds still open at `now`.  One whose phase has changed since shows the present state, `state`."""
    return [
        Ground(
            rule=line.rule,
            phase="held" if line.held else "",
            color=color_id(state if line.next_change is not None and line.next_change <= now else line.state),
            since_minute=line.since,
            until_minute=line.until,
            text=line.words,
            way_out=line.way_out,
            held=line.held,
            next_change_minute=line.next_change,
            tests_due=line.tests_due,
            office=line.region,
        )
        for line in note.grounds
        if line.held or line.until is None or now < line.until
    ]


def _epoch_key(payload: bytes, edge: str, private: bytes) -> tuple[EpochKey, str] | None:
    try:
        note = note_decode(payload, EpochNote)
        key = open_sealed(private, note.sealed[edge], context=EPOCH_CONTEXT)
        suite(note.suite)  # one of a later release seals nothing that this one can open
    except (PayloadError, KeyError, CryptoError):
        return None
    return EpochKey(note.epoch, key, note.valid_from, note.valid_until), note.suite


def _trusted(side: SideStore, now: Minute) -> dict[str, dict[bytes, VerifyKey]]:
    """The issuer keys in force, by purpose and key id."""
    found: dict[str, dict[bytes, VerifyKey]] = {}
    for _, payload in side.items(FeedKind.TRUST):
        note = _decoded(payload, TrustNote)
        if note is None or not note.from_ <= now < (note.until or now + 1):
            continue
        with contextlib.suppress(CryptoError):
            found.setdefault(note.purpose, {})[note.kid] = suite(note.suite).public_from_bytes(note.public)
    return found


def _decoded(payload: bytes | None, kind: type[NoteType]) -> NoteType | None:
    """The note of a payload; None where it is missing or not understood."""
    try:
        return None if payload is None else note_decode(payload, kind)
    except PayloadError:
        return None


def _scheme(colors: ColorsNote | None) -> ColorScheme | None:
    """The color scheme, None where it is missing or contradicts itself: every state then reads `unknown`."""
    if colors is None:
        return None
    try:
        return ColorScheme(
            ColorDefinition(e.id, e.state, e.severity, e.word, e.shape, e.sound, tuple(e.vibration), e.hue)
            for e in colors.colors
        )
    except ColorError:
        return None


def _policy(entry: PolicyEntry) -> CheckPolicy:
    return CheckPolicy(
        id=entry.id,
        venue_types=frozenset(entry.venue_types),
        areas=tuple(entry.areas),
        from_=entry.from_,
        until=entry.until,
        colors=frozenset(entry.colors),
        test_age_h=entry.test_age_h,
        test_age_days=entry.test_age_days,
        basis=entry.basis,
        authority=entry.authority,
        texts=entry.texts,
    )


def _policy_answer(policy: CheckPolicy) -> Policy:
    return Policy(
        id=policy.id,
        venue_types=sorted(policy.venue_types),
        areas=list(policy.areas),
        from_minute=policy.from_,
        until_minute=policy.until,
        colors=sorted(policy.colors),
        test_age_h=policy.test_age_h,
        test_age_days=policy.test_age_days,
        basis=policy.basis,
        authority=policy.authority,
        texts=dict(policy.texts),
    )
