"""Incoming batches. A file is imported whole or not at all; the same file or row twice changes nothing."""

from __future__ import annotations

from django.db import models

BATCH_KINDS = [("leads", "leads"), ("results", "results")]


class Batch(models.Model):
    """One imported file: who sent it, its digest, its signature where the source signs instead of a reviewer."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=BATCH_KINDS)
    unit = models.ForeignKey("offices.Unit", on_delete=models.PROTECT, related_name="batches")
    file_name = models.CharField(max_length=120)
    file_digest = models.BinaryField(help_text="SHA-256 of the file as received")
    signature = models.BinaryField(null=True, help_text="by the source unit over the digest")
    rows = models.PositiveIntegerField()
    imported_at = models.DateTimeField()
    imported_by = models.BigIntegerField(null=True, help_text="officer; null when a system imported it")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "unit", "file_digest"], name="batch_once_per_file"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class BatchRow(models.Model):
    """The key of every imported row, so that a row sent again in another file is recognised."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="row_keys")
    kind = models.CharField(max_length=16, choices=BATCH_KINDS)
    key = models.BinaryField(help_text="keyed hash of source unit and the source's own row id")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="batch_row_once"),)

    def __str__(self) -> str:
        return f"row of {self.batch_id}"


UPLOAD_STATES = [(s, s) for s in ("received", "importing", "imported", "refused")]


class Upload(models.Model):
    """A file as handed in, sealed under a key of its own, until the worker has imported or refused it whole."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=BATCH_KINDS)
    unit = models.ForeignKey("offices.Unit", on_delete=models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=120)
    file_digest = models.BinaryField()
    content_sealed = models.BinaryField()
    signature = models.BinaryField(null=True)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=UPLOAD_STATES, default="received")
    rows_done = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="what was imported, or each problem by row and column")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"upload {self.id}"
