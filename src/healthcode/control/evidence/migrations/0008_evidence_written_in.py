"""The transaction that inserted a row, so that evidence can leave for the lake part by part.

Expands only: no row is rewritten. Rows from before keep NULL; whoever holds the table for the moment of the change has
committed by then, so that NULL means "before every transaction that the column names".
"""

from django.db import migrations, models

COLUMN = """
ALTER TABLE evidence_evidence ADD COLUMN written_in bigint NULL;
ALTER TABLE evidence_evidence ALTER COLUMN written_in SET DEFAULT ((pg_current_xact_id())::text)::bigint;
"""


class Migration(migrations.Migration):
    dependencies = [("evidence", "0007_publications_known")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(COLUMN, "ALTER TABLE evidence_evidence DROP COLUMN written_in"),
            ],
            state_operations=[
                migrations.AddField(
                    model_name="evidence",
                    name="written_in",
                    field=models.BigIntegerField(
                        db_default=models.Func(
                            template="((pg_current_xact_id())::text)::bigint", output_field=models.BigIntegerField()
                        ),
                        editable=False,
                        help_text="the transaction that inserted it; null: before there was this column."
                        " What leaves for the lake",
                        null=True,
                    ),
                ),
            ],
        ),
    ]
