"""Django's registration of `offices`."""

from django.apps import AppConfig


class OfficesConfig(AppConfig):
    """The app `offices`."""

    name = "healthcode.control.offices"
    label = "offices"
    default_auto_field = "django.db.models.BigAutoField"
