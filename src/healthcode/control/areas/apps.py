"""Django's registration of `areas`."""

from django.apps import AppConfig


class AreasConfig(AppConfig):
    """The app `areas`."""

    name = "healthcode.control.areas"
    label = "areas"
    default_auto_field = "django.db.models.BigAutoField"
