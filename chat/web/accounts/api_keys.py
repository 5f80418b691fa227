"""Views of the user's own API keys: create, list, revoke."""

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
from chat.web.decorators import SignedInRequest, signed_in_page


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in_page
def own_keys(request: SignedInRequest) -> HttpResponse:
    """Return the list. A POST creates a key with ``name``."""
    return create(request) if request.method == "POST" else list_page(request)


@sensitive_variables("secret")
def create(request: SignedInRequest) -> HttpResponse:
    """Create a key and return the list with its secret, which is shown nowhere else: so there is no redirect."""
    name = request.POST.get("name", "")
    try:
        key, secret = api_keys.create(request.user, name=name)
    except InvalidRequest as refusal:
        return list_page(request, status=refusal.status, problem=refusal.message, name=name)
    return list_page(request, new_key=key, secret=secret)


def list_page(request: SignedInRequest, *, status: int = 200, **more: object) -> HttpResponse:
    own = list(api_keys.of_user(request.user))
    context = {
        "usable_keys": [key for key in own if key.revoked_at is None],
        "revoked_keys": [key for key in own if key.revoked_at is not None],
        "max_name_length": api_keys.MAX_NAME,
        "api_address": request.build_absolute_uri("/v1"),
    }
    return render(request, "keys/list.html", context | more, status=status)


@require_POST
@signed_in_page
def revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    key = api_keys.revoke(request.user, pk)
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
    return redirect("keys")


urlpatterns = [
    path("account/keys/", own_keys, name="keys"),
    path("account/keys/<int:pk>/revoke/", revoke, name="key-revoke"),
]
