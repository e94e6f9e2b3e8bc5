"""An area, what was designated about it, and the city's word on it. Append-only: a level ends by a later row.

A level that changes by rule is a row of its own (`RuledStep`): it names the rule and its days, and no officer.

Four eyes as in `casework`: a check, composite keys (`areas.sql`) and row policies, none of which an INSERT talks past.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from healthcode.domain.area import AreaLevel

LIFTED = ""
"""The level of a designation that lifts the area."""
LEVELS = [(level.value, level.value) for level in AreaLevel]


HOLD_MOST = timedelta(days=7)
"""No hold renews itself: whoever needs more says so again."""
ABOUT_LEVEL = Q(rescinds=None, case_day=None, hold_until=None)
"""The designations that say which level holds."""


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


class AreaPlace(models.Model):
    """One place of an area's extent as the keyed hash by which its residents are found."""

    area = models.ForeignKey(RiskArea, on_delete=models.PROTECT, related_name="places")
    index = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["area", "index"], name="area_place_once"),)

    def __str__(self) -> str:
        return f"place of area {self.area_id}"


class Designation(models.Model):
    """What a county officer proposed about an area: a level from an instant on, or (empty level) that it is lifted."""

    area = models.ForeignKey(RiskArea, on_delete=models.PROTECT, related_name="designations")
    division = models.CharField(max_length=6)
    level = models.CharField(max_length=8, choices=[*LEVELS, (LIFTED, "lifted")], blank=True)
    effective_from = models.DateTimeField(null=True, help_text="null: when it is approved; never before that")
    until = models.DateTimeField(null=True, help_text="null: until a later designation")
    residents = models.BooleanField(
        default=False, help_text="also record, once approved, that whoever lives in its extent lives in the area"
    )
    rescinds = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", help_text="take back what that one recorded"
    )
    case_day = models.IntegerField(
        null=True, help_text="says that a case was found that day: the clear days start again"
    )
    hold_until = models.DateTimeField(null=True, help_text="says that no rule changes the level until then")
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
            models.CheckConstraint(
                condition=Q(case_day__isnull=True, hold_until__isnull=True)
                | Q(level=LIFTED, rescinds__isnull=True, residents=False, case_day__isnull=True)
                | Q(level=LIFTED, rescinds__isnull=True, residents=False, hold_until__isnull=True),
                name="designation_says_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(hold_until__isnull=True) | Q(hold_until__lte=F("proposed_at") + HOLD_MOST),
                name="designation_holds_for_days_only",
            ),
        )

    def __str__(self) -> str:
        return f"designation {self.pk}"

    @property
    def restrains(self) -> bool:
        """Whether it keeps a rule from changing the level: a case, or a hold."""
        return self.case_day is not None or self.hold_until is not None


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


class Carried(StrEnum):
    """What the worker does next about an approved designation. Each step commits before the row names the following."""

    WAIT = "wait"
    RECORD = "record"
    RESCIND = "rescind"
    DERIVE = "derive"
    DONE = "done"


class Carrying(models.Model):
    """How far an approved designation is carried out. Written in the transaction of what it counts; never evidence."""

    designation = models.OneToOneField(Designation, on_delete=models.PROTECT, primary_key=True, related_name="carrying")
    step = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Carried], default=Carried.WAIT.value)
    last = models.BigIntegerField(default=0, help_text="the last subject number of this step that is done")
    done = models.BigIntegerField(default=0, help_text="people of this step looked at so far")
    of = models.BigIntegerField(default=0, help_text="people of this step, as counted when it began")
    recorded = models.BigIntegerField(default=0, help_text="people whose row was written or taken back")
    derived = models.BigIntegerField(default=0, help_text="people derived anew, those included")
    at = models.DateTimeField(help_text="when it last moved")

    def __str__(self) -> str:
        return f"designation {self.designation_id}: {self.step} {self.done}/{self.of}"


class RuledStep(models.Model):
    """A level that ended by rule. Written by the worker alone; the numbering is that of approvals (`areas.sql`)."""

    id = models.BigIntegerField(primary_key=True)
    area = models.ForeignKey(RiskArea, on_delete=models.PROTECT, related_name="steps")
    division = models.CharField(max_length=6)
    follows = models.BigIntegerField(help_text="the approval or step that put the former level in force")
    former = models.CharField(max_length=8, choices=LEVELS)
    level = models.CharField(max_length=8, choices=[*LEVELS, (LIFTED, "lifted")], blank=True)
    ruleset = models.CharField(max_length=64, help_text="`id@version` of the ruleset in force")
    publications_known = models.BigIntegerField(default=0, help_text="the last publication of rules that it knew")
    rule = models.CharField(max_length=64, help_text="the source that its table names")
    clear_since = models.IntegerField(help_text="day 0: the last case, or when the former level began")
    clear_days = models.IntegerField()
    due_at = models.DateTimeField(help_text="when the rule let it be made")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["area", "follows"], name="ruled_step_once"),
            models.CheckConstraint(
                condition=Q(former="high", level__in=["medium", "low", ""])
                | Q(former="medium", level__in=["low", ""])
                | Q(former="low", level=""),
                name="ruled_step_goes_down",
            ),
            models.CheckConstraint(
                condition=Q(made_at__gte=F("due_at"), clear_days__gte=1) & ~Q(ruleset="") & ~Q(rule=""),
                name="ruled_step_waited",
            ),
        )

    def __str__(self) -> str:
        return f"ruled step {self.pk}"
