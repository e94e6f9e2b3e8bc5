"""A draft, its revisions, what was proven of each, and the approver's word on it. Append-only but for a job's progress.

Four eyes and "these very bytes" hold in the database: the digest is computed there from the files (`rulesets.sql`), an
approval repeats digest and drafter by composite keys that lead through a passed check and a finished rehearsal.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

DIGEST = 64
"""Length of a SHA-256 in hex: `Ruleset.digest`, over names and contents of the YAML files."""


class Kind(StrEnum):
    """What is asked for: that a draft be published, or that an announced ruleset not take over."""

    PUBLISH = "publish"
    STOP = "stop"


class Verdict(StrEnum):
    """What the approver says."""

    APPROVE = "approve"
    RETURN = "return"


class RunState(StrEnum):
    """Where a rehearsal stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


PUBLISHED = Q(kind=Kind.PUBLISH.value, verdict=Verdict.APPROVE.value)
STOPPED = Q(kind=Kind.STOP.value, verdict=Verdict.APPROVE.value)


class Draft(models.Model):
    """What one rule maker works on."""

    title = models.CharField(max_length=120)
    origin = models.CharField(max_length=64, help_text="key of the ruleset it was made from; empty: from files")
    drafter = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "drafter"], name="ruleset_draft_with_its_drafter"),
            models.CheckConstraint(condition=~Q(title=""), name="ruleset_draft_has_title"),
        )

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Revision(models.Model):
    """The files of a draft at one time; a change is a new revision."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="revisions")
    drafter = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    files = models.JSONField(help_text="file name → text")
    digest = models.CharField(max_length=DIGEST)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "drafter", "digest"], name="ruleset_revision_with_its_digest"),
            models.UniqueConstraint(fields=["id", "digest"], name="ruleset_revision_as_a_target"),
        )

    def __str__(self) -> str:
        return f"revision {self.pk}"


class Check(models.Model):
    """What `rules check` says of one revision."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="checks")
    digest = models.CharField(max_length=DIGEST)
    passed = models.BooleanField()
    key = models.CharField(max_length=64, blank=True, help_text="id@version; empty where the files cannot be read")
    problems = models.JSONField(default=list, help_text="file, line, field, message, hint")
    rules = models.PositiveIntegerField(default=0)
    cases = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "revision", "digest", "passed"], name="ruleset_check_as_a_target"),
            models.CheckConstraint(
                condition=Q(passed=False) | (Q(problems=[]) & ~Q(key="")), name="ruleset_check_passed_without_problems"
            ),
        )

    def __str__(self) -> str:
        return f"check {self.pk}"


class RehearsalRun(models.Model):
    """The progress of a rehearsal; what it found is a `Rehearsal`."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="runs")
    requested_by = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    at = models.DateTimeField(null=True, help_text="the switch rehearsed; null: when it runs")
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in RunState], default=RunState.WAITING)
    done = models.BigIntegerField(default=0)
    of = models.BigIntegerField(default=0)
    failure = models.JSONField(default=list, help_text="why it could not be rehearsed, in sentences")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["revision"], condition=Q(state__in=["waiting", "running"]), name="ruleset_one_rehearsal_at_once"
            ),
        )

    def __str__(self) -> str:
        return f"rehearsal run {self.pk}"


class Rehearsal(models.Model):
    """Who would change, counted on the real evidence. Numbers and subject numbers only; written by the worker."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="rehearsals")
    digest = models.CharField(max_length=DIGEST)
    run = models.OneToOneField(RehearsalRun, on_delete=models.PROTECT, related_name="found")
    against = models.CharField(max_length=64, help_text="key of the ruleset in force then")
    at = models.DateTimeField(help_text="the instant for which it was rehearsed")
    finished_at = models.DateTimeField()
    people = models.BigIntegerField()
    changed = models.BigIntegerField()
    changes = models.JSONField(help_text="[county, before, after, people]")
    grounds = models.JSONField(help_text="rule → [open now, open under the draft]")
    sample = models.JSONField(help_text="[subject number, before, after]: shown masked")
    seconds = models.FloatField()
    memory_mb = models.PositiveIntegerField(help_text="the worker's peak")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "revision", "digest"], name="ruleset_rehearsal_as_a_target"),
        )

    def __str__(self) -> str:
        return f"rehearsal {self.pk}"


class Submission(models.Model):
    """What a rule maker asks the approver: to publish a revision that was checked and rehearsed, or to stop one."""

    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in Kind])
    drafter = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="submissions")
    digest = models.CharField(max_length=DIGEST, blank=True)
    check_made = models.ForeignKey(Check, null=True, on_delete=models.PROTECT, related_name="+")
    check_passed = models.BooleanField(null=True)
    rehearsal = models.ForeignKey(Rehearsal, null=True, on_delete=models.PROTECT, related_name="+")
    stops = models.ForeignKey("Approval", null=True, on_delete=models.PROTECT, related_name="stops")
    wanted_from = models.DateTimeField(null=True, help_text="null: when it is approved")
    reason = models.CharField(max_length=500)
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "kind", "drafter", "digest"], name="ruleset_submission_as_a_target"),
            models.CheckConstraint(condition=~Q(reason=""), name="ruleset_submission_has_reason"),
            models.CheckConstraint(
                condition=(
                    Q(kind=Kind.PUBLISH.value, check_passed=True, stops__isnull=True)
                    & Q(revision__isnull=False, check_made__isnull=False, rehearsal__isnull=False)
                    & ~Q(digest="")
                )
                | Q(kind=Kind.STOP.value, stops__isnull=False, revision__isnull=True, digest=""),
                name="ruleset_submission_checked_and_rehearsed",
            ),
        )

    def __str__(self) -> str:
        return f"submission {self.pk}"


class Approval(models.Model):
    """The approver's word, never the drafter's own. The approved rows, by id, are the log that histories follow."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="approval")
    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in Kind])
    drafter = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=DIGEST, blank=True)
    approver = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=[(v.value, v.value) for v in Verdict])
    reason = models.CharField(max_length=500, blank=True)
    key = models.CharField(max_length=64, blank=True, help_text="id@version of what is published or stopped")
    effective_from = models.DateTimeField(null=True, help_text="a whole minute, later than the approval")
    base = models.JSONField(default=list, help_text="keys of the rulebook's sets that the first publication follows")
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(drafter=F("approver")), name="ruleset_approval_four_eyes"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.APPROVE.value) | (Q(verdict=Verdict.RETURN.value) & ~Q(reason="")),
                name="ruleset_return_has_reason",
            ),
            models.CheckConstraint(
                condition=~PUBLISHED | Q(effective_from__isnull=False, effective_from__gt=F("reviewed_at")),
                name="ruleset_never_in_force_before_it_is_approved",
            ),
            models.UniqueConstraint(fields=["key"], condition=PUBLISHED, name="ruleset_key_published_once"),
        )

    def __str__(self) -> str:
        return f"approval {self.pk}"
