"""Django's registration of `population`."""

from django.apps import AppConfig


class PopulationConfig(AppConfig):
    """The app `population`."""

    name = "healthcode.control.population"
    label = "population"
    default_auto_field = "django.db.models.BigAutoField"
