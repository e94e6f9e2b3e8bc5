"""Payloads of side-file messages: MessagePack maps by field name, so that releases may add fields.

A field that a reader does not know is ignored; one that a writer did not know has its default.
"""

from typing import TypeVar

import msgspec


class PayloadError(ValueError):
    """A payload is not of its kind, or of a later release that changed it."""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all payloads."""


class GroundLine(Note, frozen=True):
    """One open ground for the resident's page: which rule, since and until when, what ends it.

    `words` and `way_out` hold short texts by language; `tests_due` local day numbers.
    """

    key: str
    rule: str
    state: int
    since: int
    until: int | None = None
    held: bool = False
    next_change: int | None = None
    tests_due: list[int] = []
    words: dict[str, str] = {}
    way_out: dict[str, str] = {}
    region: str = ""


class GroundsNote(Note, frozen=True):
    """The open grounds of one subject; `version` is her record's, and an older one is ignored."""

    version: int
    grounds: list[GroundLine] = []
    notices: list[dict[str, str]] = []


class VenueEntry(Note, frozen=True):
    """One venue: what a check or a visit shows and asks.

    `checkpoints` maps numbers to names; `policy` is the id of a policy bound to this venue, empty where the one that
    covers its type and place applies; `status` is `active`, `suspended` or `closed`; `card` is the same as control
    signed it for devices without network (`codes/bundle.py`); venue codes of an
    older `edition` are recalled.
    """

    name: str
    address: str
    type: str
    division: str
    medical: bool = False
    checkpoints: dict[int, str] = {}
    policy: str = ""
    status: str = "active"
    record_visits: bool = True
    card: bytes = b""
    edition: int = 0


class ColorEntry(Note, frozen=True):
    """One configured color, as `domain.color.ColorDefinition`."""

    id: str
    state: int
    severity: int
    word: dict[str, str] = {}
    shape: str = ""
    sound: str = ""
    vibration: list[int] = []
    hue: dict[str, str] = {}


class NoticeEntry(Note, frozen=True):
    """What one bit of a record's notices says, by language."""

    bit: int
    id: str
    words: dict[str, str] = {}


class ColorsNote(Note, frozen=True):
    """The colors in force, the meaning of notice bits, and texts by id and language."""

    colors: list[ColorEntry]
    notices: list[NoticeEntry] = []
    texts: dict[str, dict[str, str]] = {}
    ruleset: str = ""


class PolicyEntry(Note, frozen=True):
    """One check policy, as `domain.policy.CheckPolicy`."""

    id: str
    venue_types: list[str] = []
    areas: list[str] = []
    from_: int | None = None
    until: int | None = None
    colors: list[str] = []
    test_age_h: int | None = None
    test_age_days: int | None = None
    basis: str = ""
    authority: str = ""
    texts: dict[str, str] = {}


class PoliciesNote(Note, frozen=True):
    """Every check policy in force or to come; `default` is the one that asks where no other speaks."""

    default: PolicyEntry
    policies: list[PolicyEntry] = []
    stale_after_s: int = 4 * 3600


class RecallNote(Note, frozen=True):
    """A recalled handle, since when, and why."""

    handle: bytes
    since: int
    reason: str = ""


class EpochNote(Note, frozen=True):
    """One epoch's key, sealed to each enrolled edge by its id (`crypto.sealed_box`, context `healthcode/epoch`).

    `cut` counts how often it was cut anew after an edge was struck off; `suite` is what it seals with.
    """

    epoch: int
    valid_from: int
    valid_until: int
    sealed: dict[str, bytes] = {}
    cut: int = 0
    suite: str = "intl"


class DocumentNote(Note, frozen=True):
    """Subjects by the full keyed digest of their document; more than one where eight bytes collide."""

    subjects: list[tuple[bytes, int]] = []


class DocumentKeyNote(Note, frozen=True):
    """The key of one generation of the document index, sealed to each enrolled index process by its id.

    Context `healthcode/document-index` (`crypto.sealed_box`). Edges' workers are no holders and cannot open it.
    """

    generation: int
    sealed: dict[str, bytes] = {}


class PaperNote(Note, frozen=True):
    """Subjects by the handle of their paper; more than one where eight bytes collide."""

    papers: list[tuple[bytes, int]] = []


class BundleNote(Note, frozen=True):
    """A part of the offline bundle by its name, or (`head`) the signed head that names all parts."""

    name: str
    data: bytes


class TrustNote(Note, frozen=True):
    """A public key: its id, suite, 65-byte point, purpose (`venue`, `person`, `bundle`), its minutes."""

    kid: bytes
    suite: str
    public: bytes
    purpose: str
    from_: int = 0
    until: int | None = None


NoteType = TypeVar("NoteType", bound=Note)


def note_encode(note: Note) -> bytes:
    """Return the payload of a note."""
    return msgspec.msgpack.encode(note)


def note_decode(payload: bytes, kind: type[NoteType]) -> NoteType:
    """Return the note of a payload; raises `PayloadError`."""
    try:
        return msgspec.msgpack.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"this is no {kind.__name__}: {error}") from None
