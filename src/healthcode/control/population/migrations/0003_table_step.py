"""A run ends by making and offering a table."""

from django.db import migrations, models

STEPS = ["export", "evaluate", "compare", "commit", "patch", "table", "done"]


class Migration(migrations.Migration):
    dependencies = [
        ("population", "0002_no_table_step"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="populationrun",
            name="population_run_step_known",
        ),
        migrations.AlterField(
            model_name="populationrun",
            name="step",
            field=models.CharField(choices=[(step, step) for step in STEPS], default="export", max_length=12),
        ),
        migrations.AlterField(
            model_name="populationrun",
            name="valid_from",
            field=models.DateTimeField(help_text="from when its table holds; null: at once", null=True),
        ),
        migrations.AddConstraint(
            model_name="populationrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__in", STEPS)), name="population_run_step_known"
            ),
        ),
    ]
