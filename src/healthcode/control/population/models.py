"""One run over everybody and how far it is. Numbers only: nobody is named in a row of this app."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q


class Step(StrEnum):
    """What a run does next. Each step's result is durable before the row names the following one."""

    EXPORT = "export"
    EVALUATE = "evaluate"
    COMPARE = "compare"
    COMMIT = "commit"
    PATCH = "patch"
    TABLE = "table"
    DONE = "done"


STEPS = [(step.value, step.value) for step in Step]


class PopulationRun(models.Model):
    """A run. `folder` below the lake holds what its steps made; `committed` is the last subject number decided."""

    reason = models.CharField(max_length=200)
    publication = models.CharField(max_length=64, blank=True, help_text="the ruleset publication that asked for it")
    valid_from = models.DateTimeField(null=True, help_text="from when its table holds; null: at once")
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=12, choices=STEPS, default=Step.EXPORT.value)
    problem = models.CharField(max_length=400, blank=True, help_text="why the last attempt stopped")
    folder = models.CharField(max_length=40, blank=True)
    ruleset = models.CharField(max_length=64, blank=True, help_text="in force at the run's instant")
    people = models.BigIntegerField(default=0)
    records = models.BigIntegerField(default=0, help_text="evidence exported newly, tests included")
    candidates = models.BigIntegerField(default=0, help_text="people whose answer changed")
    committed = models.BigIntegerField(default=0)
    derived = models.BigIntegerField(default=0)
    decided = models.BigIntegerField(default=0)
    overtaken = models.BigIntegerField(default=0, help_text="people decided singly meanwhile, derived once more")
    seconds = models.JSONField(default=dict, help_text="by step")

    class Meta:
        db_table = "population_run"
        constraints = (
            models.CheckConstraint(condition=~Q(reason=""), name="population_run_has_reason"),
            models.CheckConstraint(condition=Q(step__in=[step for step, _ in STEPS]), name="population_run_step_known"),
        )

    def __str__(self) -> str:
        return f"population run {self.pk}"
