"""The decorator of every view for people who are signed in, and how a refusal looks to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget
from django_htmx.middleware import HtmxDetails

from chat.actions.vanished_rows import act
from chat.errors import NotFound, NotSignedIn, Refusal, Unavailable
from chat.models import User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of someone who is signed in."""

    user: User  # as ``signed_in_page`` has made sure
    htmx: HtmxDetails


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def signed_in_page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Redirect to the sign-in page unless someone is signed in, and turn a ``Refusal`` into a page or words on it."""

    @wraps(view)
    def wrapper(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_sign_in(request)
        try:
            response = act(request.user, lambda: view(cast(SignedInRequest, request), *args, **kwargs))
        except NotSignedIn:
            return redirect_to_sign_in(request)
        except Refusal as refusal:
            response = refusal_response(request, refusal)
        if not response.has_header("Cache-Control"):
            # After signing out, "back" must ask the server whether the page may still be seen.
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return wrapper


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, which says why if a session has ended, and leads back to the reader's page."""
    htmx = cast(SignedInRequest, request).htmx
    sign_in = resolve_url(settings.LOGIN_URL)
    if not htmx:
        had_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        return redirect_to_login(request.get_full_path(), f"{sign_in}?ended=1" if had_session else sign_in)
    try:
        page = htmx.current_url_abs_path
    except ValueError:  # the header is no address
        page = None
    response = redirect_to_login(page or resolve_url(settings.LOGIN_REDIRECT_URL), f"{sign_in}?ended=1")
    return HttpResponseClientRedirect(response["Location"])


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return a page that says why; to a request of htmx, words for the page's place for problems."""
    message = _("This page does not exist, or it is not yours.") if isinstance(refusal, NotFound) else refusal.message
    status: Any = refusal.status
    if not cast(SignedInRequest, request).htmx:
        response = render(request, "refusal.html", {"status": status, "message": message}, status=status)
        if isinstance(refusal, Unavailable):
            response["Retry-After"] = str(refusal.retry_after)
        return response
    # A chat that was deleted in another tab, or an assistant that is gone: the action's own words say more.
    response = render(request, "chat/problem.html", {"message": refusal.message}, status=status)
    return reswap(retarget(response, "#problem"), "innerHTML")
