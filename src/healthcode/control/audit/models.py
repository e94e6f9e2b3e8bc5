"""Append-only: the `app` role may insert and, within its scope, read; never update or delete."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One act. Identities never stand here, subject numbers do."""

    at = models.DateTimeField(db_index=True)
    name = models.CharField(max_length=48, help_text="a value of EventName")
    officer = models.BigIntegerField(null=True, help_text="who; null for residents and the system itself")
    post = models.BigIntegerField(null=True)
    subject = models.BigIntegerField(null=True, db_index=True, help_text="about whom")
    division = models.CharField(max_length=6, blank=True)
    purpose = models.CharField(max_length=120)
    reference = models.CharField(max_length=64, blank=True, help_text="the work item, batch or venue acted on")
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class PendingLeaf(models.Model):
    """A salted commitment that waits for its number in the ledger. Until then a receipt is a signed promise."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf")
    at = models.DateTimeField()
    salt = models.BinaryField()
    content = models.BinaryField(help_text="canonical JSON of what the commitment binds")
    commitment = models.BinaryField(help_text="32 bytes")

    def __str__(self) -> str:
        return f"leaf of {self.event_id}"
