"""An adjustment, the decision on it, and its early end. Rows are added, never changed; an end lapses it by itself."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import F, Q


class Verdict(StrEnum):
    """What the level above decides."""

    APPROVE = "approve"
    RETURN = "return"


class Adjustment(models.Model):
    """What an office proposes that gates of its area ask for a time: one test age beside the color."""

    division = models.CharField(max_length=6, help_text="of the office that proposes")
    office = models.ForeignKey("offices.Unit", on_delete=models.PROTECT, related_name="+")
    venue_types = models.JSONField(help_text="healthcode.domain.venue")
    areas = models.JSONField(help_text="division codes within the office's own")
    effective_from = models.DateTimeField(null=True, help_text="null: when it is approved; never before that")
    until = models.DateTimeField()
    test_age_h = models.PositiveSmallIntegerField(null=True)
    test_age_days = models.PositiveSmallIntegerField(null=True)
    basis = models.CharField(max_length=200, help_text="the document it rests on")
    reason = models.CharField(max_length=500)
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    class Meta:
        constraints = (
            # the target of the composite key by which a decision repeats proposer and division
            models.UniqueConstraint(fields=["id", "proposer", "division"], name="adjustment_with_its_proposer"),
            models.CheckConstraint(
                condition=Q(test_age_h__isnull=True, test_age_days__isnull=False)
                | Q(test_age_h__isnull=False, test_age_days__isnull=True),
                name="adjustment_asks_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("proposed_at"))
                & (Q(effective_from__isnull=True) | Q(until__gt=F("effective_from"))),
                name="adjustment_lapses",
            ),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(reason=""), name="adjustment_has_basis_and_reason"),
            models.CheckConstraint(condition=~Q(venue_types=[]) & ~Q(areas=[]), name="adjustment_names_places"),
        )

    def __str__(self) -> str:
        return f"adjustment {self.pk}"


class Decision(models.Model):
    """The verdict of the level above; `effective_from` is when an approved one counts from."""

    adjustment = models.OneToOneField(Adjustment, on_delete=models.PROTECT, related_name="decision")
    division = models.CharField(max_length=6)
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=[(v.value, v.value) for v in Verdict])
    reason = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField()
    effective_from = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(proposer=F("reviewer")), name="policy_decision_four_eyes"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.APPROVE.value, effective_from__gte=F("reviewed_at"))
                | (Q(verdict=Verdict.RETURN.value, effective_from__isnull=True) & ~Q(reason="")),
                name="policy_decision_says_from_or_why",
            ),
        )

    def __str__(self) -> str:
        return f"decision {self.pk}"


class Ending(models.Model):
    """An approved adjustment that ended before its time: asking less needs one officer and a reason."""

    adjustment = models.OneToOneField(Adjustment, on_delete=models.PROTECT, related_name="ending")
    division = models.CharField(max_length=6)
    officer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    ended_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="policy_ending_has_reason"),)

    def __str__(self) -> str:
        return f"ending {self.pk}"
