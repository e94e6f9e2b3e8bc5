"""The API of venues: types, a manager's venues, inspectors' appointments and their sessions for the edge."""

from datetime import UTC, datetime

from django.http import HttpRequest
from ninja import Router, Schema, Status

from healthcode.control.access import public, resident
from healthcode.control.bridge.bundle import bundle_keys
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.venues.inspector_sessions import InspectorSession
from healthcode.control.venues.inspectors import (
    inspector_accept,
    inspector_dismiss,
    inspector_invite,
    inspector_renew,
    inspector_resume,
)
from healthcode.control.venues.models import Inspector, Venue
from healthcode.control.venues.selectors import inspectors_of, venue_row
from healthcode.control.venues.services import checkpoint_add, venue_owned, venue_register
from healthcode.domain.venue import VENUE_TYPES

router = Router(tags=["venues"])


class TypeOut(Schema):
    """A venue type; at a medical one nobody is refused."""

    code: str
    zh: str
    en: str
    medical: bool


class Place(Schema):
    """A number with the name people use for it."""

    number: int
    name: str


class VenueIn(Schema):
    """A registration. `division` is a county's GB/T 2260 code; at least one checkpoint."""

    name: str
    type: str
    address: str
    division: str
    checkpoints: list[str]


class VenueOut(Schema):
    """A venue of one's own. `state`: pending, approved, refused, suspended, closed; `word` says it to people."""

    number: int
    name: str
    type: str
    address: str
    division: str
    state: str
    word: str
    reason: str
    checkpoints: list[Place]


class CheckpointIn(Schema):
    """A new gate."""

    name: str


class InspectorIn(Schema):
    """An appointment: the post's label (no person's name), and the checkpoint, or 0 for every gate."""

    label: str
    checkpoint: int = 0


class InspectorOut(Schema):
    """An invitation or appointment. `venue` and `checkpoint` say where."""

    id: int
    label: str
    venue: Place
    checkpoint: Place
    accepted: bool


class InviteOut(Schema):
    """The link to hand over, shown once, and until when it works."""

    inspector: int
    link: str
    expires: datetime


class InviteIn(Schema):
    """The token after `#invite=` of the link."""

    invite: str


class SessionIn(Schema):
    """The session that a device holds."""

    session: str


class SessionOut(Schema):
    """A session for the edge (`Authorization: Bearer`); it works until the minute `expires` (since 1970, UTC).

    `bundle_keys`: the keys by which the device verifies offline bundles, by key id: 65-byte points, hexadecimal.
    """

    session: str
    inspector: int
    label: str
    venue: Place
    checkpoint: Place
    expires: int
    region: int
    bundle_keys: dict[str, str]


@router.get("/types", response=list[TypeOut], summary="Venue types")
@public("read venue types")
def types(request: HttpRequest) -> list[TypeOut]:
    """Every type of venue, in the published order."""
    del request
    return [TypeOut(code=t.code, zh=t.zh, en=t.en, medical=t.medical) for t in VENUE_TYPES.values()]


@router.post("/inspectors/accept", response=SessionOut, summary="Accept an invitation")
@resident("inspect at a venue")
def accept(request: HttpRequest, body: InviteIn) -> SessionOut:
    """Accept as the signed-in resident; the invitation works once."""
    return _session(inspector_accept(invite=body.invite, subject=_subject(request), now=datetime.now(UTC)))


@router.post("/inspectors/renew", response=SessionOut, summary="Renew an inspector's session")
@public("renew an inspector's session")
def renew(request: HttpRequest, body: SessionIn) -> SessionOut:
    """The next session for a device, as long as its appointment stands; the last may have ended up to 7 days ago."""
    del request
    return _session(inspector_renew(session=body.session, now=datetime.now(UTC)))


@router.get("/inspectors/mine", response=list[InspectorOut], summary="One's own appointments")
@resident("inspect at a venue")
def mine(request: HttpRequest) -> list[InspectorOut]:
    """Where the signed-in resident is an inspector."""
    rows = Inspector.objects.filter(subject_id=_subject(request), dismissed_at__isnull=True)
    return [_inspector(row) for row in rows.select_related("venue", "checkpoint").order_by("-id")]


@router.post("/inspectors/{int:inspector}/resume", response=SessionOut, summary="Go on with another phone")
@resident("inspect at a venue")
def resume(request: HttpRequest, inspector: int) -> SessionOut:
    """A session for this phone; the one that had the appointment before stops working."""
    return _session(inspector_resume(appointment=inspector, subject=_subject(request), now=datetime.now(UTC)))


@router.get("", response=list[VenueOut], summary="One's own venues")
@resident("manage a venue")
def venues(request: HttpRequest) -> list[VenueOut]:
    """The venues that the signed-in resident manages, newest first."""
    return [_venue(row) for row in Venue.objects.filter(manager_id=_subject(request)).order_by("-number")[:200]]


@router.post("", response={201: VenueOut}, summary="Register a venue")
@resident("manage a venue")
def register(request: HttpRequest, body: VenueIn) -> Status[VenueOut]:
    """Register a venue for review by its county."""
    made = venue_register(
        manager=_subject(request),
        name=body.name,
        type_code=body.type,
        address=body.address,
        division=body.division,
        checkpoints=body.checkpoints,
        now=datetime.now(UTC),
    )
    return Status(201, _venue(made))


@router.get("/{int:number}", response=VenueOut, summary="One venue")
@resident("manage a venue")
def venue(request: HttpRequest, number: int) -> VenueOut:
    """A venue of one's own."""
    return _venue(venue_owned(number, _subject(request)))


@router.post("/{int:number}/checkpoints", response={201: Place}, summary="Add a checkpoint")
@resident("manage a venue")
def checkpoints(request: HttpRequest, number: int, body: CheckpointIn) -> Status[Place]:
    """Add a gate to a venue of one's own."""
    made = checkpoint_add(venue=number, manager=_subject(request), name=body.name, now=datetime.now(UTC))
    return Status(201, Place(number=made.number, name=made.name))


@router.get("/{int:number}/inspectors", response=list[InspectorOut], summary="Inspectors of a venue")
@resident("manage a venue")
def inspectors(request: HttpRequest, number: int) -> list[InspectorOut]:
    """Open invitations and standing appointments."""
    return [_inspector(row) for row in inspectors_of(venue_owned(number, _subject(request)))]


@router.post("/{int:number}/inspectors", response={201: InviteOut}, summary="Invite an inspector")
@resident("manage a venue")
def invite(request: HttpRequest, number: int, body: InspectorIn) -> Status[InviteOut]:
    """Invite an inspector; the link is answered here once and stored nowhere."""
    made, token = inspector_invite(
        venue=number,
        manager=_subject(request),
        label=body.label,
        checkpoint=body.checkpoint or None,
        now=datetime.now(UTC),
    )
    link = f"{ports().public_url}/inspect#invite={token}"
    return Status(201, InviteOut(inspector=made.pk, link=link, expires=made.invite_expires_at))


@router.post("/{int:number}/inspectors/{int:inspector}/dismissal", response={204: None}, summary="Dismiss an inspector")
@resident("manage a venue")
def dismissal(request: HttpRequest, number: int, inspector: int) -> Status[None]:
    """End an appointment or withdraw an invitation, at once."""
    inspector_dismiss(venue=number, inspector=inspector, manager=_subject(request), now=datetime.now(UTC))
    return Status(204, None)


def _subject(request: HttpRequest) -> int:
    act = request.act  # type: ignore[attr-defined]  # the access wrapper set it
    return int(act.subject)


def _venue(row: Venue) -> VenueOut:
    gates = [Place(number=gate.number, name=gate.name) for gate in row.checkpoints.order_by("number")]
    words = venue_row(row).state_words
    return VenueOut(
        number=row.number,
        name=row.name,
        type=row.type,
        address=row.address,
        division=row.division,
        state=row.state,
        word=say(words["zh"], words["en"]),
        reason=row.review_reason,
        checkpoints=gates,
    )


def _inspector(row: Inspector) -> InspectorOut:
    gate = row.checkpoint
    return InspectorOut(
        id=row.pk,
        label=row.label,
        venue=Place(number=row.venue_id, name=row.venue.name),
        checkpoint=Place(number=gate.number if gate else 0, name=gate.name if gate else ""),
        accepted=row.accepted_at is not None,
    )


def _session(made: InspectorSession) -> SessionOut:
    at = made.standing
    return SessionOut(
        session=made.session,
        inspector=at.id,
        label=at.label,
        venue=Place(number=at.venue, name=at.venue_name),
        checkpoint=Place(number=at.checkpoint, name=at.checkpoint_name),
        expires=made.expires,
        region=int(ports().region),
        bundle_keys=bundle_keys(),
    )
