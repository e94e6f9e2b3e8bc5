"""What happens to a venue: registered by its manager, reviewed, suspended and resumed by its county (V1).

Every service works inside the act that its caller began; row policies decide whose venue it is. A change of state is a
claim: it is made where the state is still what was read, and a second officer finds it made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Max

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.problems import Problem
from healthcode.control.venues.models import Checkpoint, Venue
from healthcode.control.venues.publication import venue_publish
from healthcode.domain.division import division_get
from healthcode.domain.venue import VENUE_TYPES

MOST_CHECKPOINTS: Final = 64
MOST_PENDING: Final = 20
"""Registrations of one manager that may wait at once; a chain of shops asks its county."""

# state -> the states it may become, each with the event that says so
TRANSITIONS: Final[dict[str, dict[str, EventName]]] = {
    "pending": {"approved": EventName.VENUE_APPROVED, "refused": EventName.VENUE_REFUSED},
    "approved": {"suspended": EventName.VENUE_SUSPENDED},
    "suspended": {"approved": EventName.VENUE_RESUMED},
}


def venue_register(
    *,
    manager: int,
    name: str,
    type_code: str,
    address: str,
    division: str,
    checkpoints: Sequence[str],
    now: datetime,
) -> Venue:
    """Register a venue for review by its county. `manager` is the acting resident's subject number.

    Raises:
        Problem: 422 naming each field that does not fit; 409 where too many registrations wait already.
    """
    name, address = " ".join(name.split()), " ".join(address.split())
    gates = [gate for gate in (" ".join(text.split()) for text in checkpoints) if gate]
    errors = _registration_errors(name, type_code, address, division, gates)
    if errors:
        raise Problem(
            422,
            "venue_incomplete",
            say("登记信息有误", "The registration is not complete"),
            say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
            errors=errors,
        )
    if Venue.objects.filter(manager_id=manager, state="pending").count() >= MOST_PENDING:
        raise Problem(
            409,
            "venues_too_many_pending",
            say("待审核的场所过多", "Too many venues wait for review"),
            say(
                f"同一管理员最多 {MOST_PENDING} 家场所同时待审核。",
                f"One manager may have {MOST_PENDING} waiting at once.",
            ),
        )
    venue = Venue.objects.create(
        name=name, type=type_code, address=address, division=division, manager_id=manager, registered_at=now
    )
    Checkpoint.objects.bulk_create(
        [Checkpoint(venue=venue, number=number, name=gate) for number, gate in enumerate(gates, start=1)]
    )
    event_append(
        EventName.VENUE_REGISTERED,
        now=now,
        subject=manager,
        division=division,
        reference=f"venue:{venue.number}",
        detail={"type": type_code, "checkpoints": len(gates)},
    )
    return venue


def venue_review(*, venue: int, officer: int, approve: bool, reason: str, now: datetime) -> Venue:
    """Approve a registered venue, so that its codes work within a second, or refuse it with a reason.

    Raises:
        Problem: 404 outside the officer's county; 409 where it was reviewed meanwhile; 422 refusal without reason.
    """
    return _move(
        venue=venue, officer=officer, from_="pending", to="approved" if approve else "refused", reason=reason, now=now
    )


def venue_suspend(*, venue: int, officer: int, reason: str, now: datetime) -> Venue:
    """Suspend an approved venue: its codes and inspectors stop working at every edge within a second.

    Raises:
        Problem: as `venue_review`.
    """
    return _move(venue=venue, officer=officer, from_="approved", to="suspended", reason=reason, now=now)


def venue_resume(*, venue: int, officer: int, reason: str, now: datetime) -> Venue:
    """Let a suspended venue work again.

    Raises:
        Problem: as `venue_review`.
    """
    return _move(venue=venue, officer=officer, from_="suspended", to="approved", reason=reason, now=now)


def checkpoint_add(*, venue: int, manager: int, name: str, now: datetime) -> Checkpoint:
    """Add a gate to one's own venue; its codes work as soon as the venue is approved.

    Raises:
        Problem: 404 where the venue is not this manager's; 409 too many; 422 the name is empty, long or taken.
    """
    found = venue_owned(venue, manager)
    name = " ".join(name.split())
    taken = set(found.checkpoints.values_list("name", flat=True))
    if not _is_gate_name(name) or name in taken:
        raise Problem(
            422,
            "checkpoint_name",
            say("查验点名称不可用", "This checkpoint name cannot be used"),
            say(
                "名称为 1 至 40 个字，且不得与已有查验点重名。",
                "Give 1 to 40 characters, unlike the names already there.",
            ),
            errors=[{"field": "name", "message": say("请另取名称", "Choose another name")}],
        )
    if len(taken) >= MOST_CHECKPOINTS:
        raise Problem(
            409,
            "checkpoints_too_many",
            say("查验点过多", "Too many checkpoints"),
            say(f"每个场所最多 {MOST_CHECKPOINTS} 个查验点。", f"A venue has at most {MOST_CHECKPOINTS} checkpoints."),
        )
    # Two that add at once: the unique constraint lets one in, the other is refused and tries again.
    last = found.checkpoints.aggregate(last=Max("number"))["last"] or 0
    made = Checkpoint.objects.create(venue=found, number=last + 1, name=name)
    if found.state in ("approved", "suspended"):
        venue_publish(found, now=now)
    event_append(
        EventName.CHECKPOINT_ADDED,
        now=now,
        subject=manager,
        division=found.division,
        reference=f"venue:{found.number}",
        detail={"checkpoint": made.number},
    )
    return made


def venue_owned(venue: int, manager: int) -> Venue:
    """The venue of this manager.

    Raises:
        Problem: 404, the same whether it does not exist or is somebody else's.
    """
    found = Venue.objects.filter(number=venue, manager_id=manager).first()
    if found is None:
        raise venue_missing()
    return found


def venue_missing() -> Problem:
    """The one answer for a venue that is not there and for one that is not yours."""
    return Problem(
        404,
        "venue_not_found",
        say("没有此场所", "No such venue"),
        say(
            "您名下（或本辖区内）没有这个编号的场所。",
            "Under your name, or in your county, there is no venue of this number.",
        ),
    )


def _move(*, venue: int, officer: int, from_: str, to: str, reason: str, now: datetime) -> Venue:
    event = TRANSITIONS[from_][to]
    reason = " ".join(reason.split())
    shortest = 4 if to in ("refused", "suspended") else 0
    if not shortest <= len(reason) <= 200 or not reason.isprintable():
        raise Problem(
            422,
            "reason_missing",
            say("请写明理由", "Give the reason"),
            say("理由为 4 至 200 字，场所管理员会看到。", "In 4 to 200 characters; the venue's manager will read it."),
            errors=[{"field": "reason", "message": say("4 至 200 字", "4 to 200 characters")}],
        )
    rows = Venue.objects.filter(number=venue)
    if not rows.exists():
        raise venue_missing()
    changed = rows.filter(state=from_).update(state=to, reviewed_by_id=officer, reviewed_at=now, review_reason=reason)
    found = rows.get()
    if changed != 1:
        raise Problem(
            409,
            "venue_moved_on",
            say("状态已变化", "It has moved on"),
            say(f"该场所现为“{found.state}”，请刷新后再操作。", f"This venue is now {found.state}; reload the page."),
        )
    if to != "refused":
        venue_publish(found, now=now)
    event_append(
        event,
        now=now,
        subject=found.manager_id,
        division=found.division,
        reference=f"venue:{found.number}",
        detail={"reason": reason} if reason else {},
    )
    return found


def _registration_errors(
    name: str, type_code: str, address: str, division: str, gates: list[str]
) -> list[dict[str, str]]:
    """What does not fit, field by field; empty where the registration is complete."""
    wrong = []
    if not 2 <= len(name) <= 80 or not name.isprintable():
        wrong.append(("name", say("名称为 2 至 80 个字", "2 to 80 characters")))
    if type_code not in VENUE_TYPES:
        wrong.append(("type", say("请选择列表中的场所类型", "Choose a type from the list")))
    if not 4 <= len(address) <= 160 or not address.isprintable():
        wrong.append(("address", say("地址为 4 至 160 个字", "4 to 160 characters")))
    if not _is_county(division):
        wrong.append(("division", say("请选择现行的县（市、区）", "Choose a county in use")))
    if not 1 <= len(gates) <= MOST_CHECKPOINTS or len(set(gates)) != len(gates) or not all(map(_is_gate_name, gates)):
        wrong.append(
            (
                "checkpoints",
                say(
                    "至少一个查验点，名称不重复，各不超过 40 个字",
                    "At least one checkpoint, no name twice, each up to 40 characters",
                ),
            )
        )
    return [{"field": field, "message": message} for field, message in wrong]


def _is_gate_name(name: str) -> bool:
    return 1 <= len(name) <= 40 and name.isprintable()


def _is_county(code: str) -> bool:
    try:
        division = division_get(code)
    except KeyError:
        return False
    return division.current and division.level == "county"
