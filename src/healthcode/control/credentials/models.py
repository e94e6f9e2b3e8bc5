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
    """One printed sheet. A person has one that works: a reissue recalls the former."""

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
