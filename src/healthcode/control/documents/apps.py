"""Django's registration of `documents`."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The app `documents`."""

    name = "healthcode.control.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"
