"""Views of accounts: sign in and out, sign up where that is open, change or reset a password.

Django's own views with our pages. Wrong passwords are counted by django-axes, behind ``authenticate``. The templates'
names differ from Django's, whose own the admin goes on using.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import login, views
from django.contrib.auth.forms import UserCreationForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from chat.models import User
from chat.web.accounts.reset_mail import ResetForm

BACKEND = "django.contrib.auth.backends.ModelBackend"

if TYPE_CHECKING:
    UserForm = UserCreationForm[User]
    SignUpFormView = FormView["SignUpForm"]
    View = FormView[Any]
else:
    UserForm, SignUpFormView, View = UserCreationForm, FormView, object


class SignIn(views.LoginView):
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return where to go on; not this page, which would be a loop for someone who is signed in."""
        address = super().get_redirect_url()
        return "" if address.partition("?")[0] == self.request.path else address

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        offers = {"sign_up": settings.EVERTHREAD_SIGN_UP, "has_mail": settings.EVERTHREAD_HAS_MAIL}
        return super().get_context_data(**context) | offers | {"ended": "ended" in self.request.GET}


class SignUpForm(UserForm):
    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")
        help_texts = {"email": _("Optional: without it you cannot get a new password by mail.")}


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class SignUp(views.RedirectURLMixin, SignUpFormView):
    """The sign-up page; 404 without ``EVERTHREAD_SIGN_UP``."""

    template_name = "registration/sign_up.html"
    form_class = SignUpForm

    def dispatch(self, request: HttpRequest, *args: Any, **parts: Any) -> HttpResponseBase:
        if not settings.EVERTHREAD_SIGN_UP:
            raise Http404
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **parts)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        login(self.request, form.save(), backend=BACKEND)
        return HttpResponseRedirect(self.get_success_url())

    def get_default_redirect_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {self.redirect_field_name: self.get_redirect_url()}


class PasswordChange(views.PasswordChangeView):
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("password-change-done")


class PasswordChangeDone(views.PasswordChangeDoneView):
    template_name = "registration/password_changed.html"


# --- a forgotten password ---------------------------------------------------------------------------------------


class WithMail(View):
    """A view that is there only where a mail server is set."""

    def dispatch(self, request: HttpRequest, *args: Any, **parts: Any) -> HttpResponseBase:
        if not settings.EVERTHREAD_HAS_MAIL:
            raise Http404
        return super().dispatch(request, *args, **parts)


class PasswordReset(WithMail, views.PasswordResetView):
    template_name = "registration/reset_request.html"
    subject_template_name = "registration/reset_subject.txt"
    email_template_name = "registration/reset_mail.txt"
    form_class = ResetForm
    success_url = reverse_lazy("password-reset-sent")


class PasswordResetSent(WithMail, views.PasswordResetDoneView):
    template_name = "registration/reset_sent.html"


class PasswordResetConfirm(WithMail, views.PasswordResetConfirmView):
    template_name = "registration/reset_confirm.html"
    success_url = reverse_lazy("password-reset-done")


class PasswordResetDone(WithMail, views.PasswordResetCompleteView):
    template_name = "registration/reset_done.html"


urlpatterns = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.LogoutView.as_view(), name="sign-out"),
    path("sign-up/", SignUp.as_view(), name="sign-up"),
    path("password/", PasswordChange.as_view(), name="password-change"),
    path("password/changed/", PasswordChangeDone.as_view(), name="password-change-done"),
    path("password/forgotten/", PasswordReset.as_view(), name="password-reset"),
    path("password/forgotten/sent/", PasswordResetSent.as_view(), name="password-reset-sent"),
    path("password/new/<uidb64>/<token>/", PasswordResetConfirm.as_view(), name="password-reset-confirm"),
    path("password/new/", PasswordResetDone.as_view(), name="password-reset-done"),
]
