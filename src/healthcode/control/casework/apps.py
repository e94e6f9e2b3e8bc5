"""Django's registration of `casework`."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    """The app `casework`."""

    name = "healthcode.control.casework"
    label = "casework"
    default_auto_field = "django.db.models.BigAutoField"
