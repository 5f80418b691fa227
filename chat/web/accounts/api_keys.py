"""A person's own API keys: make them, look at them, revoke them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from chat.actions.access import api_keys
from chat.errors import InvalidRequest
from chat.web.decorators import PersonRequest, door


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@door
def own_keys(request: PersonRequest) -> HttpResponse:
    """The list; a POST makes a key of the ``name`` given."""
    return create(request) if request.method == "POST" else listed(request)


@sensitive_variables("secret")
def create(request: PersonRequest) -> HttpResponse:
    """No redirect: this answer is the only place where the secret ever is."""
    name = request.POST.get("name", "")
    try:
        key, secret = api_keys.create(request.user, name=name)
    except InvalidRequest as refusal:
        return listed(request, status=refusal.status, problem=refusal.message, name=name)
    return listed(request, made=key, secret=secret)


def listed(request: PersonRequest, *, status: int = 200, **more: object) -> HttpResponse:
    own = list(api_keys.of(request.user))
    context = {
        "usable": [key for key in own if key.revoked_at is None],
        "revoked": [key for key in own if key.revoked_at is not None],
        "longest": api_keys.MAX_NAME,
        "api": request.build_absolute_uri("/v1"),
    }
    return render(request, "keys/list.html", context | more, status=status)


@require_POST
@door
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    key = api_keys.revoke(request.user, pk)
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
    return redirect("keys")


urlpatterns = [
    path("account/keys/", own_keys, name="keys"),
    path("account/keys/<int:pk>/revoke/", revoke, name="key-revoke"),
]
