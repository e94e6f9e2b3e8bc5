"""Incoming batches. A file is imported whole or not at all; the same file or row twice changes nothing."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from healthcode.control.exchange.schema import KINDS

BATCH_KINDS = [(kind, kind) for kind in KINDS]


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

    # No foreign key in the database: it would ask a million times for the one batch that this transaction has made.
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, related_name="row_keys", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=16, choices=BATCH_KINDS)
    key = models.BinaryField(help_text="keyed hash of source unit and the source's own row id")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="batch_row_once"),)

    def __str__(self) -> str:
        return f"row of {self.batch_id}"


UPLOAD_STATES = [(s, s) for s in ("received", "imported", "refused", "cancelled")]


class Upload(models.Model):
    """A file as handed in, until the worker has imported or refused it whole. Its content is in `UploadPart`."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=BATCH_KINDS)
    unit = models.ForeignKey("offices.Unit", on_delete=models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=120)
    file_digest = models.BinaryField()
    size = models.BigIntegerField(default=0, help_text="bytes of the file")
    signature = models.BinaryField(null=True)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=UPLOAD_STATES, default="received")
    rows_done = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="what was imported, or the first problems by row and column")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="uploads")

    def __str__(self) -> str:
        return f"upload {self.id}"


class UploadPart(models.Model):
    """A piece of a file's content, sealed under the file's own key; removed when the file is imported or refused."""

    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["upload", "number"], name="upload_part_once"),)

    def __str__(self) -> str:
        return f"part {self.number} of {self.upload_id}"


class UploadFaults(models.Model):
    """All listed faults of a refused file: row, column, code and parameters; never the content of a cell."""

    upload = models.OneToOneField(Upload, primary_key=True, on_delete=models.PROTECT, related_name="faults")
    lines = models.BinaryField(help_text="JSON, compressed")

    def __str__(self) -> str:
        return f"faults of {self.upload_id}"


class UploadProgress(models.Model):
    """How far the import is: written beside its transaction, so that others see it."""

    upload = models.OneToOneField(
        Upload, primary_key=True, on_delete=models.PROTECT, related_name="progress", db_constraint=False
    )
    step = models.CharField(max_length=16)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"progress of {self.upload_id}"


class UploadCancellation(models.Model):
    """Somebody wants the import to end. The worker looks, ends, and nothing remains."""

    upload = models.OneToOneField(Upload, primary_key=True, on_delete=models.PROTECT, related_name="cancellation")
    officer = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"cancellation of {self.upload_id}"


VERDICTS = [("approve", "approve"), ("return", "return")]


class Rollback(models.Model):
    """An officer asks that a batch be taken back. Append-only."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rollbacks")
    requester = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    requested_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "requester", "batch"], name="rollback_with_its_requester"),
            models.CheckConstraint(condition=~Q(reason=""), name="rollback_has_reason"),
        )

    def __str__(self) -> str:
        return f"rollback {self.pk}"


class RollbackReview(models.Model):
    """The second pair of eyes on a rollback: never the requester's. `done_at` when the worker has carried it out."""

    rollback = models.OneToOneField(Rollback, on_delete=models.PROTECT, related_name="review")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    requester = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("offices.Officer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=VERDICTS)
    reason = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(requester=F("reviewer")), name="rollback_four_eyes"),
            models.CheckConstraint(condition=~Q(verdict="return") | ~Q(reason=""), name="rollback_return_has_reason"),
        )

    def __str__(self) -> str:
        return f"review of rollback {self.rollback_id}"
