"""Django's registration of `people`."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The app `people`."""

    name = "healthcode.control.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
