"""The Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Everthread")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These register themselves; models must be loaded first.
        import chat.checks
        import chat.sockets.signals  # noqa: F401
