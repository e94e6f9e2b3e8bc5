"""Lead → work item → proposal → review. Four eyes are a constraint of the tables, not a habit of the code."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from healthcode.control.casework.states import ItemState, Outcome, Verdict
from healthcode.domain.evidence import EvidenceKind

KINDS = [(k.value, k.value) for k in EvidenceKind]


class Lead(models.Model):
    """One distributed hint about a person. What was written about her is sealed under her key."""

    batch = models.ForeignKey("exchange.Batch", on_delete=models.PROTECT, related_name="leads")
    row = models.PositiveIntegerField(help_text="1 is the first row below the header")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="leads")
    suspected_kind = models.CharField(max_length=32, choices=KINDS)
    anchor_day = models.IntegerField(help_text="local calendar day number")
    division = models.CharField(max_length=6, blank=True, help_text="county of the present address; empty: nobody's")
    content_sealed = models.BinaryField(help_text="JSON: place, remark, present address, phone")

    def __str__(self) -> str:
        return f"lead {self.pk}"


class WorkItem(models.Model):
    """What an officer handles. Claimed by updating where the state is what was read."""

    lead = models.OneToOneField(Lead, on_delete=models.PROTECT, related_name="item")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="items")
    division = models.CharField(max_length=6, blank=True, db_index=True)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in ItemState], default=ItemState.QUEUED)
    assignee = models.ForeignKey("offices.Officer", null=True, on_delete=models.PROTECT, related_name="items")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["division", "due_at"], condition=~Q(state="closed"), name="work_item_open_by_due"),
        )
        constraints = (models.UniqueConstraint(fields=["id", "subject"], name="work_item_with_its_subject"),)

    def __str__(self) -> str:
        return f"work item {self.pk}"


class Proposal(models.Model):
    """What the first officer determined. Append-only; the last one of an item is the one under review."""

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="proposals")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="+")
    division = models.CharField(max_length=6)
    outcome = models.CharField(max_length=16, choices=[(o.value, o.value) for o in Outcome])
    kind = models.CharField(max_length=32, choices=KINDS, blank=True)
    anchor_day = models.IntegerField(null=True)
    fields = models.JSONField(default=dict, help_text="the evidence's fields, checked against its kind")
    reason = models.CharField(max_length=500)
    target_division = models.CharField(max_length=6, blank=True)
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="proposals")
    proposed_at = models.DateTimeField()

    class Meta:
        constraints = (
            # the target of the composite keys by which a review and an evidence row repeat their proposer
            models.UniqueConstraint(fields=["id", "proposer"], name="proposal_with_its_proposer"),
            models.UniqueConstraint(fields=["id", "subject", "kind", "anchor_day"], name="proposal_with_its_fact"),
            models.CheckConstraint(
                condition=~Q(outcome="confirm") | (~Q(kind="") & Q(anchor_day__isnull=False)),
                name="proposal_confirm_names_kind_and_day",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="transfer") | ~Q(target_division=""), name="proposal_transfer_names_target"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="proposal_has_reason"),
        )

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class Review(models.Model):
    """The second pair of eyes: never the proposer's (Art. 16)."""

    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="review")
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="reviews")
    division = models.CharField(max_length=6)
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    reason = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(proposer=F("reviewer")), name="review_four_eyes"),
            models.CheckConstraint(condition=~Q(verdict="return") | ~Q(reason=""), name="review_return_has_reason"),
            models.UniqueConstraint(fields=["proposal", "reviewer", "verdict"], name="review_target_of_evidence"),
        )

    def __str__(self) -> str:
        return f"review {self.pk}"
