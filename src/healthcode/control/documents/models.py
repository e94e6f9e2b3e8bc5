"""The document index (item 4 of the edge; `spec/document-index.md`) and the access log of document checks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from healthcode.visits.access import FOUND, STOPPED, UNKNOWN


class Holder(models.Model):
    """A host's index process, to which keys are sealed. Struck off: it gets no further key."""

    id = models.CharField(primary_key=True, max_length=16)
    public_key = models.BinaryField()
    enrolled_at = models.DateTimeField()
    struck_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.id


class Generation(models.Model):
    """One key of the index and everybody's digests under it. Two overlap while the newer one is taken up."""

    number = models.PositiveIntegerField(primary_key=True)
    begun_at = models.DateTimeField()
    last_subject = models.BigIntegerField(default=0, help_text="how far the index under this key is made")
    completed_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(completed_at__isnull=False), name="generation_retired_complete"
            ),
        )

    def __str__(self) -> str:
        return f"generation {self.number}"


class Entry(models.Model):
    """A subject's digest under one generation's key. `key` is what the edges find it by: its first eight bytes."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="entries")
    subject = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="+")
    digest = models.BinaryField(help_text="HMAC, 32 bytes")
    key = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["subject", "generation"], name="entry_once_a_generation"),
            models.CheckConstraint(condition=~Q(digest=b""), name="entry_has_digest"),
        )

    def __str__(self) -> str:
        return f"entry {self.pk}"


class Due(models.Model):
    """A subject whose identity was written since her entries were made; left by a trigger of the database."""

    subject = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"entry due {self.pk}"


class DocumentCheck(models.Model):
    """One document check, written by an edge host before it was answered; the person reads hers."""

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField()
    subject = models.BigIntegerField(help_text="0: nobody of that document and name is known")
    device = models.BinaryField(help_text="16 bytes, as in the inspector's session")
    venue = models.BigIntegerField()
    checkpoint = models.IntegerField()
    said = models.CharField(max_length=8, choices=[(name, name) for name in (FOUND, UNKNOWN, *STOPPED)])
    alarmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "document_check"
        indexes = (
            models.Index(fields=["subject", "at"], name="document_check_of_person"),
            models.Index(
                fields=["at"], condition=Q(said__in=STOPPED, alarmed_at__isnull=True), name="document_check_alarms"
            ),
        )
        constraints = (
            models.CheckConstraint(condition=Q(said=FOUND, subject__gt=0) | Q(subject=0), name="document_check_found"),
        )

    def __str__(self) -> str:
        return f"document check {self.pk}"


class DocumentBudget(models.Model):
    """What the hosts have claimed of the common half of a device's budget in one hour."""

    pk = models.CompositePrimaryKey("budget", "device", "window")
    budget = models.CharField(max_length=8)
    device = models.BinaryField()
    window = models.IntegerField(help_text="hours since 1970")
    taken = models.IntegerField()

    class Meta:
        db_table = "document_budget"
        constraints = (models.CheckConstraint(condition=Q(taken__gte=0), name="document_budget_counts"),)

    def __str__(self) -> str:
        return f"budget {self.budget} {self.window}"
