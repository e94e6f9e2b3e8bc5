"""What was issued and may have to be recalled. The codes themselves are nowhere: a handle and its dates suffice."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Pass(models.Model):
    """One pass on one phone: what it says, so that it is recalled when the truth becomes worse. Gone when it ends."""

    handle = models.BinaryField(primary_key=True, help_text="16 random bytes")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="passes")
    generation = models.PositiveIntegerField()
    state = models.PositiveSmallIntegerField(help_text="the table state that it says")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    recalled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"pass of {self.subject_id}"


class Paper(models.Model):
    """One printed sheet. A person has one that works: a reissue recalls the former. Gone when it ends."""

    handle = models.BinaryField(primary_key=True, help_text="16 random bytes")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="papers")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    recalled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["subject"], condition=Q(recalled_at__isnull=True), name="paper_one_that_works"
            ),
        )

    def __str__(self) -> str:
        return f"paper of {self.subject_id}"


class Recall(models.Model):
    """An office has codes recalled. Append-only. `target` names what: a handle, an officer, a time, a key.

    One person's codes (`SINGLE`) are recalled at once; anything wider waits for an officer one level up.
    """

    SCOPES = [(s, s) for s in ("code", "person", "officer", "site", "batch", "key")]
    SINGLE = ("code", "person")

    scope = models.CharField(max_length=8, choices=SCOPES)
    target = models.CharField(max_length=80)
    subject = models.ForeignKey("people.Subject", null=True, on_delete=models.PROTECT, related_name="+")
    venue = models.ForeignKey("venues.Venue", null=True, on_delete=models.PROTECT, related_name="+")
    division = models.CharField(max_length=6, help_text="of the office that asks")
    requester = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    requested_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(reason=""), name="recall_has_reason"),
            models.CheckConstraint(
                condition=~Q(scope="person") | Q(subject__isnull=False), name="recall_of_person_names_her"
            ),
            models.CheckConstraint(condition=~Q(scope="site") | Q(venue__isnull=False), name="recall_of_site_names_it"),
        )

    def __str__(self) -> str:
        return f"recall {self.pk}"


class RecallReview(models.Model):
    """The second pair of eyes, of the province: never the requester's."""

    recall = models.OneToOneField(Recall, on_delete=models.PROTECT, related_name="review")
    requester = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=[(v, v) for v in ("approve", "return")])
    reason = models.CharField(max_length=200, blank=True)
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(requester=models.F("reviewer")), name="recall_four_eyes"),
            models.CheckConstraint(condition=~Q(verdict="return") | ~Q(reason=""), name="recall_return_has_reason"),
        )

    def __str__(self) -> str:
        return f"review of recall {self.recall_id}"


class RecallDone(models.Model):
    """What a recall came to: how many codes (passes, papers, posters of a checkpoint, a person's live codes)."""

    recall = models.OneToOneField(Recall, on_delete=models.PROTECT, related_name="done")
    at = models.DateTimeField()
    codes = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"recall {self.recall_id}: {self.codes}"
