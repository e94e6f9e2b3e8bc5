"""An area, what was designated about it, and the city's word on it. Append-only: a level ends by a later row.

Four eyes as in `casework`: a check, composite keys (`areas.sql`) and row policies, none of which an INSERT talks past.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from healthcode.domain.area import AreaLevel

LIFTED = ""
"""The level of a designation that lifts the area."""
LEVELS = [(level.value, level.value) for level in AreaLevel]


class Verdict(StrEnum):
    """What the city says."""

    APPROVE = "approve"
    RETURN = "return"


class RiskArea(models.Model):
    """A place within one county; what level it has, and since when, its designations tell."""

    division = models.CharField(max_length=6, db_index=True, help_text="the county it lies in and that answers for it")
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    addresses = models.JSONField(default=list, help_text="compounds and streets by name; empty: the whole county")
    created_by = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "division"], name="area_with_its_division"),
            models.CheckConstraint(condition=~Q(name=""), name="area_has_name"),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """How evidence names it, for example `140728-3`."""
        return f"{self.division}-{self.pk}"


class Designation(models.Model):
    """What a county officer proposed about an area: a level from an instant on, or (empty level) that it is lifted."""

    area = models.ForeignKey(RiskArea, on_delete=models.PROTECT, related_name="designations")
    division = models.CharField(max_length=6)
    level = models.CharField(max_length=8, choices=[*LEVELS, (LIFTED, "lifted")], blank=True)
    effective_from = models.DateTimeField(null=True, help_text="null: when it is approved; never before that")
    until = models.DateTimeField(null=True, help_text="null: until a later designation")
    residents = models.BooleanField(
        default=False, help_text="also record, once approved, that everybody who lives in the county lives in the area"
    )
    rescinds = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", help_text="take back what that one recorded"
    )
    basis = models.CharField(max_length=200, help_text="the document it rests on")
    reason = models.CharField(max_length=500)
    office = models.ForeignKey("offices.Unit", on_delete=models.PROTECT, related_name="+")
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    shown = models.JSONField(default=dict, help_text="the numbers that the proposer saw")

    class Meta:
        constraints = (
            # the target of the composite key by which a verdict repeats proposer and county
            models.UniqueConstraint(fields=["id", "proposer", "division"], name="designation_with_its_proposer"),
            models.CheckConstraint(
                condition=Q(level__in=[LIFTED, *(level.value for level in AreaLevel)]), name="designation_closed_list"
            ),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(reason=""), name="designation_has_basis_and_reason"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | (~Q(level=LIFTED) & Q(until__gt=F("proposed_at"))),
                name="designation_ends_later",
            ),
            models.CheckConstraint(condition=~Q(level=LIFTED) | Q(residents=False), name="designation_lifts_nobody_in"),
            models.CheckConstraint(
                condition=Q(rescinds__isnull=True) | Q(level=LIFTED), name="designation_rescinds_without_a_level"
            ),
        )

    def __str__(self) -> str:
        return f"designation {self.pk}"


class Approval(models.Model):
    """The city's verdict: never the proposer's own. An approval puts the designation in force."""

    designation = models.OneToOneField(Designation, on_delete=models.PROTECT, related_name="approval")
    division = models.CharField(max_length=6)
    proposer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    reason = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(proposer=F("reviewer")), name="area_approval_four_eyes"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.APPROVE.value) | (Q(verdict=Verdict.RETURN.value) & ~Q(reason="")),
                name="area_approval_return_has_reason",
            ),
            models.UniqueConstraint(fields=["designation", "reviewer", "verdict"], name="area_approval_as_a_target"),
        )

    def __str__(self) -> str:
        return f"approval {self.pk}"
