"""Outbox, feed and published side records (`spec/color-table.md`)."""

from __future__ import annotations

from django.db import models


class Outbox(models.Model):
    """An unnumbered message, written in the transaction of the act that caused it. The relay numbers it."""

    lane = models.SmallIntegerField(help_text="0 single decisions, 1 bulk")
    kind = models.SmallIntegerField(help_text="healthcode.table.feed.FeedKind")
    key = models.BigIntegerField()
    payload = models.BinaryField()

    class Meta:
        db_table = "feed_outbox"

    def __str__(self) -> str:
        return f"outbox {self.pk}"


class Published(models.Model):
    """The latest side record by (kind, key), from which snapshots are made."""

    kind = models.SmallIntegerField()
    key = models.BigIntegerField()
    payload = models.BinaryField()

    class Meta:
        db_table = "bridge_published"
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="published_latest_by_key"),)

    def __str__(self) -> str:
        return f"published {self.kind}:{self.key}"


class Edge(models.Model):
    """A host that may hold epoch keys. Struck off: it gets no further epoch."""

    id = models.CharField(primary_key=True, max_length=64)
    public_key = models.BinaryField()
    enrolled_at = models.DateTimeField()
    struck_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "bridge_edge"

    def __str__(self) -> str:
        return self.id
