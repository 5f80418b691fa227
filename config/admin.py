"""The admin's front hall: the models of one app, shown as rooms."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# Room → the models in it, in the order in which they are listed.
ROOMS = [
    (_("Assistants"), ["Assistant"]),
    (_("Threads"), ["Thread", "Run"]),
    (_("Models"), ["Provider", "Model", "Alias"]),
    (_("People"), ["User", "Group", "ApiKey"]),
]


class EverthreadAdminSite(AdminSite):
    site_header = _("Everthread administration")
    site_title = _("Everthread")
    index_title = _("Rooms")
    site_url = "/"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Django's list of apps, regrouped by ``ROOMS``; what no room names comes last under its own app."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        listed = {model["object_name"]: model for app in apps for model in app["models"]}
        rooms = []
        for title, names in ROOMS:
            models = [listed.pop(name) for name in names if name in listed]
            if models:
                url = models[0]["admin_url"]
                rooms.append(
                    {"name": title, "app_label": "", "app_url": url, "has_module_perms": True, "models": models}
                )
        for app in apps:
            app["models"] = [model for model in app["models"] if model["object_name"] in listed]
        return rooms + [app for app in apps if app["models"]]
