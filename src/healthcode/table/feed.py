"""The feed in one place: messages and ports, payloads, heartbeat, applier.

A reader of the architecture looks for "the feed"; its parts live in the files that this one names.
"""

from healthcode.table.applier import Applied, Applier, FeedRefused, RecordTarget
from healthcode.table.freshness import FRESH_MS, SKEW_MS, FeedHealth, Freshness
from healthcode.table.heartbeat import Heartbeat, HeartbeatError, heartbeat_sign, heartbeat_verify
from healthcode.table.messages import (
    BULK,
    LANES,
    SINGLE,
    FeedKind,
    FeedMessage,
    FeedSource,
    SideChange,
    SideStore,
    key_from_bytes,
)
from healthcode.table.payloads import (
    ColorEntry,
    ColorsNote,
    DocumentNote,
    EpochNote,
    GroundLine,
    GroundsNote,
    Note,
    NoticeEntry,
    PaperNote,
    PayloadError,
    PoliciesNote,
    PolicyEntry,
    RecallNote,
    TrustNote,
    VenueEntry,
    note_decode,
    note_encode,
)

__all__ = [
    "BULK",
    "FRESH_MS",
    "LANES",
    "SINGLE",
    "SKEW_MS",
    "Applied",
    "Applier",
    "ColorEntry",
    "ColorsNote",
    "DocumentNote",
    "EpochNote",
    "FeedHealth",
    "FeedKind",
    "FeedMessage",
    "FeedRefused",
    "FeedSource",
    "Freshness",
    "GroundLine",
    "GroundsNote",
    "Heartbeat",
    "HeartbeatError",
    "Note",
    "NoticeEntry",
    "PaperNote",
    "PayloadError",
    "PoliciesNote",
    "PolicyEntry",
    "RecallNote",
    "RecordTarget",
    "SideChange",
    "SideStore",
    "TrustNote",
    "VenueEntry",
    "heartbeat_sign",
    "heartbeat_verify",
    "key_from_bytes",
    "note_decode",
    "note_encode",
]
