"""The admin of providers, with buttons that try one out and list its models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from chat.actions.knowledge import staff
from chat.admin.providers import connection_tests
from chat.admin.providers.form import ProviderForm
from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.served_models import list_models, warning_for
from chat.errors import ProviderError
from chat.models import Model, Provider
from chat.models.providers import DEFAULT, unlisted

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class ProviderCounts(TypedDict):
        model_count: int

    CountedProvider = WithAnnotations[Provider, ProviderCounts]


@admin.register(Provider)
class ProviderAdmin(StrictLookupAdmin):
    form = ProviderForm
    list_display = ("name", "kind", "base_url", "is_default", "enabled", "default_model", "model_count")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "base_url")

    class Media:
        js = ("js/admin.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        providers: QuerySet[Provider] = super().get_queryset(request)
        return providers.annotate(model_count=Count("models"))

    def get_urls(self) -> list[Any]:
        admin_view = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", admin_view(self.test_view), name="chat_provider_test"),
            path("<int:pk>/models/", admin_view(self.models_view), name="chat_provider_models"),
            *super().get_urls(),
        ]

    def get_form(self, request: HttpRequest, obj: Provider | None = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **options)
        form.by_superuser = request.user.is_superuser  # a class of this request alone
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        forget_key = ("forget_key",) if obj and obj.encrypted_key else ()
        send_variable = ("send_variable",) if obj and obj.key_variable and request.user.is_superuser else ()
        return (
            (None, {"fields": ("name", "kind", "enabled", "make_default")}),
            (
                gettext_lazy("Server"),
                {"fields": ("base_url", "api_key", *forget_key, "key_variable", *send_variable, "timeout")},
            ),
            (gettext_lazy("Names"), {"fields": ("default_model", "accepts_any_name")}),
            (gettext_lazy("Embeddings"), {"fields": ("embedding_model", "embed_new_stores")}),
        )

    @admin.display(description=gettext_lazy("models"), ordering="model_count")
    def model_count(self, provider: CountedProvider) -> str:
        address = f"{reverse('admin:chat_model_changelist')}?provider__id__exact={provider.pk}"
        return format_html('<a href="{}">{}</a>', address, provider.model_count)

    @method_decorator(sensitive_post_parameters("api_key"))
    def changeform_view(self, *args: Any, **options: Any) -> Any:
        return super().changeform_view(*args, **options)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.cleaned_data["make_default"] and not obj.is_default:
            obj.make_default()
        staff.embed_new_stores(obj, enabled=form.cleaned_data["embed_new_stores"])
        if obj.is_default and obj.default_model and (warning := warning_for(DEFAULT)):
            messages.warning(request, warning)

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:
        super().delete_model(request, obj)
        self._warn_after_deletion(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        super().delete_queryset(request, queryset)
        self._warn_after_deletion(request)

    def _warn_after_deletion(self, request: HttpRequest) -> None:
        self._warn_without_default(request)
        if count := staff.reindex_all():
            warning = ngettext(
                "%(count)d file had its embeddings. The model that is built in makes new ones.",
                "%(count)d files had its embeddings. The model that is built in makes new ones.",
                count,
            )
            messages.warning(request, warning % {"count": count})

    def _warn_without_default(self, request: HttpRequest) -> None:
        if not Provider.objects.filter(is_default=True).exists():
            messages.warning(request, _("There is no default provider now. Make another one the default."))

    # --- views that ask the provider itself --------------------------------------------------------------------

    @method_decorator(require_POST)
    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask it one question, have it embed that if it can, and go back to its page with messages on both."""
        provider = self._get_provider(request, pk)
        try:
            names = connection_tests.list_models_or_none(provider)
            model = connection_tests.choose_model(provider, names or [])
            answer = connection_tests.ask_question(provider, model=model)
        except ProviderError as error:
            messages.error(request, error.for_staff)
        else:
            messages.success(request, connection_tests.describe_answer(answer))
            if names is not None:
                note = ngettext("It lists %(count)d model.", "It lists %(count)d models.", len(names))
                messages.info(request, note % {"count": len(names)})
        if provider.embedding_model:
            self._test_embeddings(request, provider)
        return HttpResponseRedirect(reverse("admin:chat_provider_change", args=[pk]))

    def _test_embeddings(self, request: HttpRequest, provider: Provider) -> None:
        try:
            messages.success(request, connection_tests.try_embeddings(provider))
        except ProviderError as error:
            messages.error(request, error.for_staff)

    @method_decorator(require_POST)
    def models_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the models that it serves; with ``name``s posted, add rows for these."""
        provider = self._get_provider(request, pk)
        if not request.user.has_perm("chat.add_model"):
            raise PermissionDenied
        if names := request.POST.getlist("name"):
            return self._add_models(request, provider, names)
        try:
            names = list_models(provider)
        except ProviderError as error:
            messages.error(request, error.for_staff)
            return HttpResponseRedirect(reverse("admin:chat_provider_change", args=[pk]))
        known = set(Model.objects.filter(name__in=names).values_list("name", flat=True))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": provider,
            "title": _("Models of %(provider)s") % {"provider": provider},
            "listed": [(name, name in known) for name in names],
            "media": self.media,
        }
        return TemplateResponse(request, "admin/chat/provider/models.html", context)

    def _add_models(self, request: HttpRequest, provider: Provider, names: list[str]) -> HttpResponse:
        with transaction.atomic():
            known = set(Model.objects.filter(name__in=names).values_list("name", flat=True))
            rows = [unlisted(provider, name) for name in dict.fromkeys(names) if name not in known and len(name) <= 256]
            for row in rows:
                row.save()
                self.log_addition(request, row, [{"added": {}}])
        added = ngettext("%(count)d model was added.", "%(count)d models were added.", len(rows)) % {"count": len(rows)}
        messages.success(request, added + " " + _("Set their limits and prices here."))
        return HttpResponseRedirect(f"{reverse('admin:chat_model_changelist')}?provider__id__exact={provider.pk}")

    def _get_provider(self, request: HttpRequest, pk: int) -> Provider:
        provider: Provider | None = self.get_object(request, str(pk))
        if not self.has_change_permission(request, provider):
            raise PermissionDenied
        if provider is None:
            raise Http404
        return provider
