"""What the edge reads and answers, as msgspec structs; the OpenAPI description is made from them.

`*_minute` are whole minutes since 1970 UTC, `*_ms` milliseconds since 1970 UTC, `*_s` seconds.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

Code = Annotated[str, Meta(min_length=1, max_length=2048)]


class Freshness(Struct, frozen=True):
    """How old the data behind an answer are: `fresh` (10 s at most), `aged` or `stale`.

    `clock` is `ok`, or `off` where this host's clock differs by more than 30 s from control's: improvements then wait.
    """

    level: str
    age_s: float | None
    clock: str = "ok"


class CodesRequest(Struct, forbid_unknown_fields=True):
    """How many minutes of codes the phone wants; `holder` proves the phone's key where the session is bound to one."""

    minutes: Annotated[int, Meta(ge=1, le=60)] = 30
    holder: "HolderProof | UnsetType" = UNSET


class HolderProof(Struct, forbid_unknown_fields=True):
    """The phone's P-256 key (65 bytes) and its signature (r || s) over `codes.<at_minute>.<session>`, both base64."""

    key: Annotated[str, Meta(max_length=100)]
    at_minute: int
    signature: Annotated[str, Meta(max_length=100)]


class LiveCode(Struct, frozen=True):
    """One live code: the text of the QR for the minute `minute`."""

    minute: int
    text: str


class Ground(Struct, frozen=True):
    """Why a state is what it is: rule, phase, since, until, and texts in both languages."""

    rule: str
    phase: str
    color: str
    since_minute: int | None
    until_minute: int | None
    text: dict[str, str]
    way_out: dict[str, str]
    held: bool = False
    """A test of the schedule is missing: the color stays until it is made good."""
    next_change_minute: int | None = None
    tests_due: list[int] = []
    """Local calendar days since 1970 on which a test is still due."""
    office: str = ""
    phone: str = ""


class State(Struct, frozen=True):
    """A resident's own state.  `state` is a color id, `absent` or `unknown`; `until_minute` its next known change."""

    state: str
    until_minute: int | None
    next_state: str | None
    notices: list[dict[str, str]]
    grounds: list[Ground]
    doses: int
    last_negative_minute: int | None
    freshness: Freshness
    masked_name: str
    region: str
    server_time_ms: int
    hint_s: int
    grounds_later: bool = False
    """This worker is busy and left the grounds out: keep those shown before, or show the color alone."""


class CodesAnswer(State, frozen=True):
    """State plus the live codes of the coming minutes, and a renewed session where the old one nears its end."""

    codes: list[LiveCode] = []
    session: str | None = None
    session_expires_minute: int | None = None


class DocumentGiven(Struct, forbid_unknown_fields=True):
    """A document read from the card or typed at the gate: its kind, number, and the name on it.

    The name is asked because a number alone may be tried out; whoever reads the card has both.
    """

    kind: Annotated[str, Meta(min_length=1, max_length=24)]
    number: Annotated[str, Meta(min_length=1, max_length=40)]
    name: Annotated[str, Meta(min_length=1, max_length=60)]


class CheckOne(Struct, forbid_unknown_fields=True):
    """One thing to check: exactly one of the three."""

    code: Code | UnsetType = UNSET
    paper: Code | UnsetType = UNSET
    document: DocumentGiven | UnsetType = UNSET


class CheckRequest(CheckOne, forbid_unknown_fields=True):
    """One check, or a `batch` of up to 50 from a turnstile."""

    batch: Annotated[list[CheckOne], Meta(min_length=1, max_length=50)] | UnsetType = UNSET


class Check(Struct, frozen=True):
    """What a check found and what happens at this gate (`spec/outcomes.md`)."""

    check: str
    outcome: str
    verdict: str
    reason: str
    failed_condition: str | None
    condition: dict[str, str] | None
    """The failed condition in words (`zh`, `en`): what this place asks, what was found, who asks it and until when."""
    masked_name: str | None
    last_negative_minute: int | None
    test_age_h: int | None
    notices: list[dict[str, str]]
    freshness: Freshness
    visit: str
    """`stored`, `spooled` (durable on this host, stored later), `not_recorded` (the venue records none) or
    `not_stored` (neither the sink nor the spool takes visits: register on paper)."""
    server_time_ms: int


class CheckBatch(Struct, frozen=True):
    """The answers of a batch, in its order."""

    answers: list[Check]


class VisitRequest(Struct, forbid_unknown_fields=True):
    """A scan of a venue's code.  `key` is a UUIDv7 made by the phone; the same key never counts twice."""

    key: Annotated[str, Meta(min_length=32, max_length=45)]
    code: Code


class OfflineVisit(Struct, forbid_unknown_fields=True):
    """A check made without network: what was shown, and what the device said.

    `key` is a UUIDv7 of the moment of the check, by the server's time as the device knew it.
    """

    key: Annotated[str, Meta(min_length=32, max_length=45)]
    code: Code
    outcome: Annotated[str, Meta(max_length=24)]
    verdict: Annotated[str, Meta(max_length=24)]


class OfflineVisitsRequest(Struct, forbid_unknown_fields=True):
    """Checks kept by a device of the venue and checkpoint that its session names."""

    visits: Annotated[list[OfflineVisit], Meta(min_length=1, max_length=40)]


class OfflineTaken(Struct, frozen=True):
    """What became of one: `stored`, `spooled`, or `refused` (never to be sent again) with the reason's code."""

    key: str
    said: str
    reason: str = ""


class OfflineVisitsAnswer(Struct, frozen=True):
    """Every visit of the request in its order; whatever is not refused is durable."""

    visits: list[OfflineTaken]
    server_time_ms: int


class Place(Struct, frozen=True):
    """The venue behind a code, to compare with where one stands."""

    number: int
    name: str
    address: str
    type: str
    checkpoint: int
    checkpoint_name: str


class VisitAnswer(Struct, frozen=True):
    """The visit is durable; what the state means at this venue."""

    visit: str
    grade: str
    outcome: str
    verdict: str
    reason: str
    failed_condition: str | None
    venue: Place
    masked_name: str
    freshness: Freshness
    server_time_ms: int
    spooled: bool = False
    """Durable on this host, and stored later, once."""


class Time(Struct, frozen=True):
    """The server's clock."""

    server_time_ms: int
    clock: str


class Color(Struct, frozen=True):
    """One configured color: how it is called, looks, sounds and feels."""

    id: str
    state: int
    severity: int
    word: dict[str, str]
    shape: str
    sound: str
    vibration: list[int]
    hue: dict[str, str]


class Policy(Struct, frozen=True):
    """One published check policy.  Empty `venue_types` or `areas` mean all."""

    id: str
    venue_types: list[str]
    areas: list[str]
    from_minute: int | None
    until_minute: int | None
    colors: list[str]
    test_age_h: int | None
    test_age_days: int | None
    basis: str
    authority: str
    texts: dict[str, str]


class Colors(Struct, frozen=True):
    """What a device keeps to show outcomes and to know the policies, with its age."""

    version: str
    region: str
    made_at_ms: int
    freshness: Freshness
    colors: list[Color]
    policies: list[Policy]
    texts: dict[str, dict[str, str]]
    """Words of outcomes, advice and verdicts (`outcome.expired`) by language."""


class ProblemDocument(Struct, frozen=True):
    """An error (RFC 9457).  `code` is stable; `errors` name fields."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = []


class Ready(Struct, frozen=True):
    """Whether this worker can answer, and how old its data are."""

    ready: bool
    problems: list[str]
    table: str
    data_age_s: float | None
    clock_offset_s: float | None
    epoch_keys: int
    visits_waiting: int
    spool_visits: int
    """Visits that are durable on this host only, and the age of the oldest in seconds."""
    spool_bytes: int
    spool_age_s: float | None
