"""The page of the sandbox: how it stands, who uses it, which limits it keeps, and a button that tries it."""

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
from chat.sandbox.errors import SandboxError, Unavailable
from chat.sandbox.values import Outcome

log = logging.getLogger(__name__)
FOLDER = "admin/sandbox"
CELL = """\
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
class Trial:
    """What became of the test cell. ``pictures`` are ``data:`` addresses; ``problem``: why it did not run."""

    outcome: Outcome | None = None
    problem: str = ""

    @property
    def pictures(self) -> list[str]:
        images = self.outcome.images if self.outcome else ()
        return [f"data:image/png;base64,{b64encode(image).decode()}" for image in images]


class SandboxPages:
    def __init__(self, site: AdminSite) -> None:
        self.site = site

    @property
    def urls(self) -> list[URLPattern]:
        return [
            path("sandbox/", self._entered(require_safe(self.page)), name="sandbox"),
            path("sandbox/state/", self._entered(require_safe(self.state)), name="sandbox_state"),
            path("sandbox/test/", self._entered(require_POST(self.test)), name="sandbox_test"),
        ]

    def _entered(self, view: View) -> View:
        @wraps(view)
        def entered(request: HttpRequest) -> HttpResponse:
            if not sandbox_status.may_look(request):
                raise PermissionDenied
            return view(request)

        return self.site.admin_view(entered)

    def page(self, request: HttpRequest) -> HttpResponse:
        context = {**self.site.each_context(request), "title": _("Sandbox of the code interpreter"), "cell": CELL}
        return render(request, f"{FOLDER}/page.html", context | _standing(request))

    def state(self, request: HttpRequest) -> HttpResponse:
        """The part that changes; while the sandbox is on its way, the page asks for it again and again."""
        return render(request, f"{FOLDER}/state.html", _standing(request))

    def test(self, request: HttpRequest) -> HttpResponse:
        """Run a cell that is always the same, in a session of its own, and show what came of it."""
        if not sandbox_status.may_run(request):
            raise PermissionDenied
        log.info("%s tries the sandbox", request.user.get_username())
        try:
            trial = Trial(client.try_out(sandbox_status.sandbox(), CELL, owner=str(request.user.pk)))
        except SandboxError as error:
            trial = Trial(problem=error.message)
        return render(request, f"{FOLDER}/trial.html", {"trial": trial})


def _standing(request: HttpRequest) -> dict[str, Any]:
    """What the broker says is asked only where one may answer."""
    state = sandbox_status.state()
    told, problem = None, ""
    if state.state == "ready":
        try:
            told = statistics.of(client.status_now(sandbox_status.sandbox()))
        except Unavailable as error:
            problem = error.message
    return {
        "state": state,
        "word": sandbox_status.WORDS[state.state],
        "tone": sandbox_status.TONES[state.state],
        "outstanding": state.state in sandbox_status.OUTSTANDING,
        "percent": int(state.progress * 100),
        "tiers": statistics.tiers(state),
        "told": told,
        "elsewhere": settings.EVERTHREAD_SANDBOX_SOCKET,
        "problem": problem,
        "may_run": sandbox_status.may_run(request),
    }
