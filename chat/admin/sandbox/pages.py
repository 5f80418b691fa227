"""The page of the sandbox: its state, its sessions, its limits, and a button that runs a test cell."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.admin.sandbox import statistics
from chat.admin.shared import sandbox_status
from chat.sandbox import client
from chat.sandbox.errors import SandboxError, SandboxUnavailable
from chat.sandbox.values import Outcome

log = logging.getLogger(__name__)
FOLDER = "admin/sandbox"
TEST_CELL = """\
import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0, 2 * np.pi, 200)
plt.figure(figsize=(5, 3))
plt.plot(x, np.sin(x), label="sin x")
plt.plot(x, np.sin(x) ** 2, label="sin² x")
plt.legend()
plt.show()
print("The mean of sin² is", round(float((np.sin(x[:-1]) ** 2).mean()), 3))
"""

View = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class SandboxTestResult:
    """The result of the test cell. ``problem`` says why it did not run, ``pictures`` are ``data:`` URLs."""

    outcome: Outcome | None = None
    problem: str = ""

    @property
    def pictures(self) -> list[str]:
        images = self.outcome.images if self.outcome else ()
        return [f"data:image/png;base64,{b64encode(image).decode()}" for image in images]


class SandboxPages:
    """The views of the sandbox, added to the URLs of ``site``."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    @property
    def urls(self) -> list[URLPattern]:
        return [
            path("sandbox/", self._permitted(require_safe(self.page_view)), name="sandbox"),
            path("sandbox/state/", self._permitted(require_safe(self.state_view)), name="sandbox_state"),
            path("sandbox/test/", self._permitted(require_POST(self.test_view)), name="sandbox_test"),
        ]

    def _permitted(self, view: View) -> View:
        @wraps(view)
        def permitted(request: HttpRequest) -> HttpResponse:
            if not sandbox_status.may_view(request):
                raise PermissionDenied
            return view(request)

        return self.site.admin_view(permitted)

    def page_view(self, request: HttpRequest) -> HttpResponse:
        context = {**self.site.each_context(request), "title": _("Sandbox of the code interpreter"), "cell": TEST_CELL}
        return render(request, f"{FOLDER}/page.html", context | _status_context(request))

    def state_view(self, request: HttpRequest) -> HttpResponse:
        """Render the part that changes: the page polls it while the sandbox is starting."""
        return render(request, f"{FOLDER}/state.html", _status_context(request))

    def test_view(self, request: HttpRequest) -> HttpResponse:
        """Run the test cell in a session of its own, and render its result."""
        if not sandbox_status.may_test(request):
            raise PermissionDenied
        log.info("%s tries the sandbox", request.user.get_username())
        try:
            result = SandboxTestResult(client.try_out(sandbox_status.sandbox(), TEST_CELL, owner=str(request.user.pk)))
        except SandboxError as error:
            result = SandboxTestResult(problem=error.message)
        return render(request, f"{FOLDER}/test_result.html", {"result": result})


def _status_context(request: HttpRequest) -> dict[str, Any]:
    state = sandbox_status.state()
    broker, problem = None, ""
    # A broker that is off or starting would not answer.
    if state.state == "ready":
        try:
            broker = statistics.broker_statistics(client.status_now(sandbox_status.sandbox()))
        except SandboxUnavailable as error:
            problem = error.message
    return {
        "state": state,
        "label": sandbox_status.LABELS[state.state],
        "css_class": sandbox_status.CSS_CLASSES[state.state],
        "pending": state.state in sandbox_status.PENDING,
        "percent": int(state.progress * 100),
        "tiers": statistics.tier_rows(state),
        "statistics": broker,
        "elsewhere": settings.EVERTHREAD_SANDBOX_SOCKET,
        "problem": problem,
        "may_test": sandbox_status.may_test(request),
    }
