"""How a view of the chat page is entered, and what a refusal looks like to a person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget
from django_htmx.middleware import HtmxDetails

from chat.errors import NotFound, Refusal, Unavailable
from chat.models import User

log = logging.getLogger(__name__)
P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """A request of someone who is signed in."""

    user: User  # as ``door`` has made sure
    htmx: HtmxDetails


View = Callable[Concatenate[PersonRequest, P], HttpResponseBase]


def door(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Lets signed-in people in, and turns a ``Refusal`` into a page, or into words beside the composer."""

    @wraps(view)
    def entered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return sent_to_sign_in(request)
        try:
            answer = view(cast(PersonRequest, request), *args, **kwargs)
        except Refusal as refusal:
            answer = refused(request, refusal)
        except OperationalError:
            log.warning("the database did not answer %s", request.path, exc_info=True)
            answer = refused(request, Unavailable(_("The server is busy for a moment. Try again.")))
        if not answer.has_header("Cache-Control"):
            # After signing out, "back" must ask the server whether the page may still be seen.
            patch_cache_control(answer, private=True, no_cache=True)
        return answer

    return entered


def sent_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back from there to the page that the reader sees now."""
    htmx = cast(PersonRequest, request).htmx
    if not htmx:
        return redirect_to_login(request.get_full_path())
    answer = redirect_to_login(htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL))
    return HttpResponseClientRedirect(answer["Location"])


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A page of its own; for a request of the page's script, words in its place for problems."""
    message = _("This page does not exist, or it is not yours.") if isinstance(refusal, NotFound) else refusal.message
    status: Any = refusal.status
    if not cast(PersonRequest, request).htmx:
        return render(request, "refusal.html", {"status": status, "message": message}, status=status)
    # A chat that was deleted in another tab, or an assistant that is gone: the action's own words say more.
    answer = render(request, "chat/problem.html", {"message": refusal.message}, status=status)
    return reswap(retarget(answer, "#problem"), "innerHTML")
