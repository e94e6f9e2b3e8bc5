"""Venues with their checkpoints and inspectors. Visits are in `visit` (visits.sql), written by the edge alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

VENUE_STATES = [(s, s) for s in ("pending", "approved", "refused", "suspended", "closed")]


class Venue(models.Model):
    """A place with a code (V1). Its number stands in codes and visits."""

    number = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    type = models.CharField(max_length=40, help_text="healthcode.domain.venue")
    address = models.CharField(max_length=160)
    division = models.CharField(max_length=6, db_index=True)
    manager = models.ForeignKey("people.Subject", on_delete=models.PROTECT, related_name="venues")
    state = models.CharField(max_length=16, choices=VENUE_STATES, default="pending")
    edition = models.PositiveIntegerField(default=0, help_text="of its codes; a recall begins a new one")
    registered_at = models.DateTimeField()
    reviewed_by = models.ForeignKey("offices.Officer", null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state="pending") | Q(reviewed_by__isnull=False), name="venue_reviewed_by_someone"
            ),
        )

    def __str__(self) -> str:
        return f"venue {self.number}"


class Checkpoint(models.Model):
    """A gate of a venue: its own code, its own inspectors."""

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="checkpoints")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["venue", "number"], name="checkpoint_number_in_venue"),)

    def __str__(self) -> str:
        return f"checkpoint {self.venue_id}/{self.number}"


class Inspector(models.Model):
    """An appointment at a venue: invited by link, accepted by phone code, ended by dismissal."""

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="inspectors")
    checkpoint = models.ForeignKey(Checkpoint, null=True, on_delete=models.PROTECT, related_name="inspectors")
    label = models.CharField(max_length=40, help_text="what the manager calls this post, never a name of a person")
    invite_hash = models.BinaryField(unique=True)
    invited_at = models.DateTimeField()
    invite_expires_at = models.DateTimeField()
    device = models.BinaryField(null=True, help_text="16 random bytes given to the accepting device")
    subject = models.ForeignKey("people.Subject", null=True, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"inspector {self.pk}"
