"""The admin's index: the models of one app, grouped by subject."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# Subject → its models, in the order in which they are listed.
SUBJECTS = {
    "assistants": (_("Assistants"), ["Assistant"]),
    "knowledge": (_("Knowledge"), ["VectorStore"]),
    "threads": (_("Threads"), ["Thread", "Run"]),
    "models": (_("Models"), ["Provider", "Model", "Alias"]),
    "code": (_("Code"), ["Sandbox"]),
    "jobs": (_("Jobs"), ["ProcrastinateJob"]),
    "people": (_("People"), ["User", "Group", "ApiKey"]),
}


class EverthreadAdminSite(AdminSite):
    site_header = _("Everthread administration")
    site_title = _("Everthread")
    index_title = _("Rooms")
    site_url = "/"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Django's list of apps, regrouped by ``SUBJECTS``; other models come last under their own app."""
        apps = super().get_app_list(request, app_label)
        listed = {model["object_name"]: model for app in apps for model in app["models"]} | self._pages(request)
        groups = []
        for slug, (title, names) in SUBJECTS.items():
            models = [listed.pop(name) for name in names if name in listed]
            if models:
                groups.append(
                    {
                        "name": title,
                        "app_label": slug,
                        "app_url": f"{reverse('admin:index', current_app=self.name)}#{slug}",
                        "has_module_perms": True,
                        "models": models,
                    }
                )
        for app in apps:
            app["models"] = [model for model in app["models"] if model["object_name"] in listed]
        return groups + [app for app in apps if app["models"]]

    def _pages(self, request: HttpRequest) -> dict[str, dict[str, Any]]:
        """Return the pages that are listed among the models, in the form of Django's list."""
        from chat.admin.shared import sandbox_status  # the admin is built before the models it shows

        if not sandbox_status.may_view(request):
            return {}
        sandbox = {"object_name": "Sandbox", "name": _("Sandbox"), "view_only": True}
        return {"Sandbox": sandbox | {"admin_url": sandbox_status.page_url(), "add_url": None}}

    def get_urls(self) -> list[Any]:
        from chat.admin.sandbox.pages import SandboxPages

        return [*SandboxPages(self).urls, *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the subjects, and today's runs to those who may see runs."""
        from chat.admin.conversations import runs  # the admin is built before the models it shows

        today = runs.runs_today() if request.user.has_perm("chat.view_run") else None
        return super().index(request, {**(extra_context or {}), "today": today})

    def app_index(  # type: ignore[override]  # it leads to another page
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the index: there is one app only."""
        return HttpResponseRedirect(reverse("admin:index", current_app=self.name))
