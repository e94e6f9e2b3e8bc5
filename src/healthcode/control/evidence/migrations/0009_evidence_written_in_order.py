"""Rows lie in the order of their transactions: a BRIN index costs writers next to nothing. Built beside their work."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("evidence", "0008_evidence_written_in")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS evidence_written_in ON evidence_evidence"
            " USING brin (written_in) WITH (pages_per_range = 32, autosummarize = on)",
            "DROP INDEX CONCURRENTLY IF EXISTS evidence_written_in",
        ),
    ]
