"""The API of rulesets: what is in force, for everybody; drafts to publication, for the province's posts."""

from datetime import UTC, datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from healthcode.control.access import officer, public
from healthcode.control.language import language
from healthcode.control.offices.roles import Role
from healthcode.control.rulesets import services
from healthcode.control.rulesets.files import origin_files, version_next
from healthcode.control.rulesets.models import Approval, Check, Draft, Submission
from healthcode.control.rulesets.plain import PlainRule, ruleset_plain
from healthcode.control.rulesets.publishing import submission_decide
from healthcode.control.rulesets.reading import rules_known
from healthcode.control.rulesets.rehearsing import rehearsal_ask
from healthcode.control.rulesets.selectors import Progress, Standing, draft_progress, drafts, history_rows
from healthcode.domain.time import minute_of

router = Router(tags=["rules"])
READERS = (Role.RULE_MAKER, Role.RULE_APPROVER, Role.AUDITOR)


class SetOut(Schema):
    """A ruleset of the history. `state`: announced, in_force, former; times are RFC 3339 or null where open."""

    key: str
    title: str
    state: str
    publication: int | None
    effective_from: datetime | None
    until: datetime | None
    digest: str


class RuleOut(Schema):
    """One rule in plain words, in the language of the request."""

    id: str
    title: str
    opens: str
    phases: list[str]
    ends: str
    way_out: str
    clause: str
    source: str


class InForceOut(Schema):
    """What is in force, and what is announced."""

    in_force: SetOut
    rules: list[RuleOut]
    announced: list[SetOut]


class DraftIn(Schema):
    """A new draft: from a ruleset (`origin`, its key, with a new `version` where wanted), or from `files`."""

    title: str
    origin: str = ""
    version: str = ""
    files: dict[str, str] = Field(default_factory=dict)


class FileIn(Schema):
    """One file's new text; null takes the file out."""

    name: str
    text: str | None


class ProblemOut(Schema):
    """One fault: where, what, and what to write instead."""

    file: str
    line: int
    field: str
    message: str
    hint: str


class CheckOut(Schema):
    """What was proven of one revision."""

    passed: bool
    key: str
    digest: str
    rules: int
    cases: int
    problems: list[ProblemOut]


class RehearsalOut(Schema):
    """Progress, and once it is done the numbers; `changes` are [county, before, after, people]."""

    state: str
    done: int
    of: int
    failure: list[str]
    against: str = ""
    people: int | None = None
    changed: int | None = None
    changes: list[tuple[str, str, str, int]] = Field(default_factory=list)
    seconds: float | None = None
    memory_mb: int | None = None


class DraftOut(Schema):
    """A draft and how far it is."""

    id: int
    title: str
    origin: str
    digest: str
    files: list[str]
    check: CheckOut | None
    rehearsal: RehearsalOut | None
    submission: int | None
    verdict: str


class RehearseIn(Schema):
    """The instant of the switch to rehearse; null: now."""

    at: datetime | None = None


class SubmitIn(Schema):
    """From when it shall count (null: when it is approved), and why."""

    effective_from: datetime | None = None
    reason: str


class DecideIn(Schema):
    """`approve` or `return`, which needs a reason."""

    verdict: str
    reason: str = ""


class StopIn(Schema):
    """Why it shall not take over."""

    reason: str


class NumberOut(Schema):
    """What was made, by its number."""

    id: int


@router.get("/in-force", response=InForceOut, auth=None)
@public("read the rules in force")
def in_force(request: HttpRequest) -> InForceOut:  # noqa: ARG001 # ninja hands it on by name
    """The rules in force in plain words, and the next set where one is announced."""
    now = _now()
    rows, current = history_rows(now=now), rules_known().at(minute_of(now))
    announced = [_set(row) for row in rows if row.state == "announced"]
    row = next(row for row in rows if row.ruleset.key == current.key)
    return InForceOut(in_force=_set(row), rules=[_rule(r) for r in ruleset_plain(current)], announced=announced)


@router.get("/drafts", response=list[DraftOut])
@officer(*READERS, purpose="read rules and drafts")
def draft_list(request: HttpRequest) -> list[DraftOut]:  # noqa: ARG001 # ninja hands it on by name
    """The newest 30 drafts."""
    return [_draft(draft_progress(row.pk)) for row in drafts()[:30]]


@router.post("/drafts", response={201: NumberOut})
@officer(Role.RULE_MAKER, purpose="draft rules")
def draft_new(request: HttpRequest, body: DraftIn) -> Status[NumberOut]:
    """A new draft."""
    origin = "" if body.files else body.origin
    files = body.files or origin_files(origin)
    files = version_next(files, body.version) if body.version and origin else files
    made: Draft = services.draft_make(
        title=body.title, origin=origin, files=files, officer=_officer(request), now=_now()
    )
    return Status(201, NumberOut(id=made.pk))


@router.get("/drafts/{int:draft_id}", response=DraftOut)
@officer(*READERS, purpose="read rules and drafts")
def draft(request: HttpRequest, draft_id: int) -> DraftOut:  # noqa: ARG001 # ninja hands it on by name
    """One draft and how far it is."""
    return _draft(draft_progress(draft_id))


@router.put("/drafts/{int:draft_id}/files", response=DraftOut)
@officer(Role.RULE_MAKER, purpose="draft rules")
def draft_file(request: HttpRequest, draft_id: int, body: FileIn) -> DraftOut:
    """Replace, add or take out one file."""
    files = dict(services.revision_latest(draft_id).files)
    if body.text is None:
        files.pop(body.name, None)
    else:
        files[body.name] = body.text
    services.draft_revise(draft=draft_id, files=files, officer=_officer(request), now=_now())
    return _draft(draft_progress(draft_id))


@router.post("/drafts/{int:draft_id}/check", response=CheckOut)
@officer(Role.RULE_MAKER, Role.RULE_APPROVER, purpose="draft rules")
def draft_check(request: HttpRequest, draft_id: int) -> CheckOut:  # noqa: ARG001 # ninja hands it on by name
    """Prove what can be proven of it now."""
    return _check(services.revision_check(draft=draft_id, now=_now()))


@router.post("/drafts/{int:draft_id}/rehearse", response={202: NumberOut})
@officer(Role.RULE_MAKER, Role.RULE_APPROVER, purpose="draft rules")
def draft_rehearse(request: HttpRequest, draft_id: int, body: RehearseIn) -> Status[NumberOut]:
    """Have it rehearsed; ask the draft how far that is."""
    run = rehearsal_ask(draft=draft_id, at=body.at, officer=_officer(request), now=_now())
    return Status(202, NumberOut(id=run.pk))


@router.post("/drafts/{int:draft_id}/submit", response={201: NumberOut})
@officer(Role.RULE_MAKER, purpose="draft rules")
def draft_submit(request: HttpRequest, draft_id: int, body: SubmitIn) -> Status[NumberOut]:
    """Ask the approver to publish it."""
    made: Submission = services.draft_submit(
        draft=draft_id, officer=_officer(request), wanted_from=body.effective_from, reason=body.reason, now=_now()
    )
    return Status(201, NumberOut(id=made.pk))


@router.post("/submissions/{int:submission_id}/decide", response=NumberOut)
@officer(Role.RULE_APPROVER, purpose="decide on rules")
def decide(request: HttpRequest, submission_id: int, body: DecideIn) -> NumberOut:
    """Approve or return what was submitted."""
    verdict = "approve" if body.verdict == "approve" else "return"
    made: Approval = submission_decide(
        submission=submission_id, officer=_officer(request), verdict=verdict, reason=body.reason, now=_now()
    )
    return NumberOut(id=made.pk)


@router.post("/publications/{int:publication_id}/stop", response={201: NumberOut})
@officer(Role.RULE_MAKER, purpose="draft rules")
def stop(request: HttpRequest, publication_id: int, body: StopIn) -> Status[NumberOut]:
    """Ask that an announced ruleset not take over."""
    made = services.stop_submit(publication=publication_id, officer=_officer(request), reason=body.reason, now=_now())
    return Status(201, NumberOut(id=made.pk))


def _set(row: Standing) -> SetOut:
    return SetOut(
        key=row.ruleset.key,
        title=row.ruleset.title[language()],
        state=row.state,
        publication=row.publication,
        effective_from=row.from_,
        until=row.until,
        digest=row.ruleset.digest,
    )


def _rule(rule: PlainRule) -> RuleOut:
    phases = [f"{p.name}: {p.word}, {p.lasts}" + (f", {p.tests}" if p.tests else "") for p in rule.phases]
    return RuleOut(
        id=rule.id,
        title=rule.title,
        opens=rule.opens,
        phases=phases,
        ends=rule.ends,
        way_out=rule.way_out,
        clause=rule.clause,
        source=rule.source,
    )


def _draft(found: Progress) -> DraftOut:
    return DraftOut(
        id=found.draft.pk,
        title=found.draft.title,
        origin=found.draft.origin,
        digest=found.revision.digest,
        files=sorted(found.revision.files),
        check=_check(found.check) if found.check else None,
        rehearsal=_rehearsal(found),
        submission=found.submission.pk if found.submission else None,
        verdict=found.approval.verdict if found.approval else "",
    )


def _check(found: Check) -> CheckOut:
    return CheckOut(
        passed=found.passed,
        key=found.key,
        digest=found.digest,
        rules=found.rules,
        cases=found.cases,
        problems=[ProblemOut(**problem) for problem in found.problems],
    )


def _rehearsal(found: Progress) -> RehearsalOut | None:
    run, made = found.run, found.rehearsal
    if run is None:
        return None
    told = RehearsalOut(state=run.state, done=run.done, of=run.of, failure=run.failure)
    if made is not None:
        told.against, told.people, told.changed = made.against, made.people, made.changed
        told.changes = [(county, before, after, people) for county, before, after, people in made.changes]
        told.seconds, told.memory_mb = made.seconds, made.memory_mb
    return told


def _officer(request: HttpRequest) -> int:
    return request.act.officer or 0  # type: ignore[attr-defined]  # every view is inside an act


def _now() -> datetime:
    return datetime.now(UTC)
