"""Steps of timelines, written by a trigger on `subject_state` (`steps.sql`), and notices, written by the worker."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from healthcode.control.notices.states import TO_CALL, NoticeKind, NoticeState


class Step(models.Model):
    """One step of the answer of a person who is not plainly in order: place 0 is the answer itself, then what comes.

    The numbers are those of the table's record (`spec/color-table.md`). `announced` is claimed once the step has come.
    """

    subject = models.BigIntegerField()
    place = models.SmallIntegerField()
    version = models.IntegerField()
    at = models.DateTimeField()
    state = models.SmallIntegerField()
    notices = models.IntegerField()
    before_state = models.SmallIntegerField()
    before_notices = models.IntegerField()
    announced = models.BooleanField()

    class Meta:
        indexes = (
            models.Index(fields=["at"], condition=Q(announced=False), name="step_to_announce"),
            models.Index(fields=["at"], condition=Q(place__gt=0), name="step_to_come"),
        )
        constraints = (models.UniqueConstraint(fields=["subject", "place"], name="step_one_per_place"),)

    def __str__(self) -> str:
        return f"step {self.place} of {self.subject}"


class Notice(models.Model):
    """One message to one person. Its words are made when it is sent or shown; no phone and no name stand here."""

    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="+")
    division = models.CharField(max_length=6, blank=True, help_text="the county that answers for the person")
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in NoticeKind])
    key = models.CharField(max_length=64, help_text="with the subject: what is said once")
    content = models.JSONField(default=dict, help_text="color, minute, day: what the words are made of")
    worst = models.BooleanField(default=False, help_text="the most severe color: no opt-out applies")
    urgent = models.BooleanField(default=False, help_text="sent at any hour")
    made_at = models.DateTimeField()
    send_at = models.DateTimeField(help_text="not before: quiet hours, and the pause after a failure")
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in NoticeState])
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey("offices.Officer", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = (
            models.Index(fields=["-urgent", "send_at"], condition=Q(state=NoticeState.QUEUED), name="notice_queue"),
            models.Index(fields=["division"], condition=Q(state__in=TO_CALL), name="notice_to_call"),
            models.Index(fields=["settled_at"], condition=Q(state=NoticeState.SENDING), name="notice_under_way"),
        )
        constraints = (models.UniqueConstraint(fields=["subject", "key"], name="notice_once_per_key"),)

    def __str__(self) -> str:
        return f"notice {self.pk}"


class Choice(models.Model):
    """Who wants no text messages. Her page still shows every notice, and red is said by text all the same."""

    subject = models.OneToOneField("people.Subject", primary_key=True, on_delete=models.PROTECT, related_name="+")
    texts = models.BooleanField()
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"choice of {self.pk}"
