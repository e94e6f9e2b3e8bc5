"""Evidence and decisions: append-only. Constraints carry the closed list and the four eyes (`policies.sql` more)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Q

from healthcode.domain.evidence import EvidenceKind

KINDS = [(k.value, k.value) for k in EvidenceKind]
SIGNED_KINDS = [EvidenceKind.test.value, EvidenceKind.vaccination.value, EvidenceKind.outside_status.value]
SELF_DECLARED_KINDS = [EvidenceKind.declaration.value]

REVIEWED = Q(
    proposal__isnull=False,
    designation__isnull=True,
    proposer__isnull=False,
    reviewer__isnull=False,
    review_verdict="approve",
) & ~Q(proposer=F("reviewer"))
DESIGNATED = Q(
    kind=EvidenceKind.area_stay.value,
    designation__isnull=False,
    anchor_day__isnull=False,
    proposal__isnull=True,
    batch__isnull=True,
    proposer__isnull=False,
    reviewer__isnull=False,
    review_verdict="approve",
) & ~Q(proposer=F("reviewer"))
WRITING_TRANSACTION = Func(template="((pg_current_xact_id())::text)::bigint", output_field=models.BigIntegerField())
"""A number that never falls within one cluster; a policy holds the application to it."""
ALONE = Q(proposal__isnull=True, designation__isnull=True, proposer__isnull=True, reviewer__isnull=True)
SIGNED = ALONE & Q(kind__in=SIGNED_KINDS, batch__isnull=False)
DECLARED = ALONE & Q(kind__in=SELF_DECLARED_KINDS, batch__isnull=True)


class Evidence(models.Model):
    """One recorded fact about one subject, corrected by a later row, never edited (bitemporal).

    Every index and every key costs each row of a million. So keys that a composite one of areas.sql or four_eyes.sql
    implies are not checked twice, and what nobody looks up by has no index.
    """

    id = models.UUIDField(primary_key=True, help_text="version 7: in the order of learning")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="evidence", db_index=False)
    kind = models.CharField(max_length=32, choices=KINDS)
    fields = models.JSONField(default=dict)
    anchor_day = models.IntegerField(null=True)
    occurred_at = models.DateTimeField(help_text="when it held")
    learned_at = models.DateTimeField(help_text="when we learned it")
    division = models.CharField(max_length=6, blank=True, help_text="the county that determined it and owns its ground")
    source_unit = models.ForeignKey(
        "offices.Unit", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    document = models.CharField(max_length=120, help_text="the source's own reference")
    batch = models.ForeignKey(
        "exchange.Batch", null=True, on_delete=models.PROTECT, related_name="evidence", db_index=False
    )
    proposal = models.OneToOneField("casework.Proposal", null=True, on_delete=models.PROTECT, related_name="evidence")
    designation = models.ForeignKey(
        "areas.Designation",
        null=True,
        on_delete=models.PROTECT,
        related_name="evidence",
        help_text="a county's batch",
        db_index=False,
        db_constraint=False,
    )
    proposer = models.ForeignKey(
        "offices.Officer", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    reviewer = models.ForeignKey(
        "offices.Officer", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    review_verdict = models.CharField(max_length=16, null=True, help_text="'approve': part of the key of the review")  # noqa: DJ001
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    rescinded = models.BooleanField(default=False)
    written_in = models.BigIntegerField(
        null=True,
        editable=False,
        db_default=WRITING_TRANSACTION,
        help_text="the transaction that inserted it; null: before there was this column. What leaves for the lake",
    )

    class Meta:
        indexes = (
            models.Index(fields=["subject", "learned_at"], name="evidence_of_subject"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="evidence_of_batch"),
            models.Index(fields=["supersedes"], condition=Q(supersedes__isnull=False), name="evidence_corrected_by"),
        )
        constraints = (
            models.CheckConstraint(
                condition=REVIEWED | DESIGNATED | SIGNED | DECLARED, name="evidence_four_eyes_or_signed"
            ),
            models.UniqueConstraint(
                fields=["designation", "subject"],
                condition=Q(designation__isnull=False),
                name="evidence_once_per_designation",
            ),
            models.CheckConstraint(condition=Q(kind__in=[k for k, _ in KINDS]), name="evidence_closed_list"),
            models.CheckConstraint(condition=~Q(document=""), name="evidence_names_document"),
        )

    def __str__(self) -> str:
        return f"evidence {self.id}"


class Decision(models.Model):
    """What followed, recorded when grounds or timeline changed: replayable from ruleset, evidence and version."""

    id = models.UUIDField(primary_key=True)
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="decisions", db_index=False)
    version = models.PositiveIntegerField()
    decided_at = models.DateTimeField()
    color = models.CharField(max_length=16)
    holds_code = models.BooleanField(default=True, help_text="the one input beside the evidence")
    evaluation = models.JSONField(help_text="spec/evaluation.schema.json: grounds, notices, timeline")
    ruleset = models.CharField(max_length=64)
    publications_known = models.BigIntegerField(
        db_default=0, help_text="the last publication or stop of a ruleset that it knew; 0: the rulebook alone"
    )
    evidence_ids = models.JSONField(help_text="the evidence as known, in order")
    area_approvals = models.JSONField(default=list, help_text="the approved designations as known, of the areas named")
    division = models.CharField(max_length=6, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subject", "version"], name="decision_one_per_version"),)

    def __str__(self) -> str:
        return f"decision {self.id}"
