"""The Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Everthread")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import chat.checks  # noqa: F401 -- registers the checks; models must be loaded first
