"""The addresses of the API: every resource below ``/v1``, and below ``/openai`` for clients made for Azure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.http import Http404
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router, Swagger
from ninja.errors import HttpError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from chat import __version__
from chat.actions.vanished_rows import act
from chat.api import openapi
from chat.api.http.error_responses import error_response, unknown_url_response
from chat.api.http.parser import JsonParser
from chat.api.http.request import ApiRequest
from chat.api.http.validation_errors import ValidationFailed
from chat.api.resources import (
    assistants,
    chat_completions,
    embeddings,
    files,
    messages,
    models,
    runs,
    steps,
    threads,
    uploads,
)
from chat.api.resources.vector_stores import file_batches, search, store_files, stores


class EverthreadAPI(NinjaAPI):
    """django-ninja's API with our errors and our OpenAPI schema."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> Any:
        return ValidationFailed(error_contexts[0])

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return openapi.openapi_schema(self, path_prefix=prefix)


api = EverthreadAPI(
    title="Everthread",
    version=__version__,
    description=openapi.DESCRIPTION,
    parser=JsonParser(),
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": False}),
    openapi_extra={
        "security": [{name: []} for name in openapi.SECURITY],
        "tags": [{"name": name} for name in openapi.TAGS],
    },
)
# Runs come before threads: /threads/runs is no thread.
ROUTERS = [
    module.router
    for module in (
        assistants,
        runs,
        threads,
        messages,
        steps,
        files,
        uploads,
        stores,
        store_files,
        file_batches,
        search,
        models,
        chat_completions,
        embeddings,
    )
]


def survive_deletions(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Have a synchronous ``operation`` done again if an object that it works on is deleted meanwhile."""
    if iscoroutinefunction(operation):
        return operation

    @wraps(operation)
    def wrapper(request: ApiRequest, **arguments: Any) -> Any:
        return act(request.user, lambda: operation(request, **arguments))

    return wrapper


def url_patterns(api: NinjaAPI, routers: Sequence[Router]) -> list[URLPattern | URLResolver]:
    """Return the URL patterns of ``api`` with the operations of ``routers``."""
    for router in routers:
        api.add_router("", router)
    api.add_decorator(survive_deletions)
    for error in (Exception, HttpError, Http404):  # ninja words the last two itself
        api.add_exception_handler(error, error_response)
    patterns, _app, _namespace = api.urls
    # Django's page for what is not found is for people.
    unknown_url = csrf_exempt(unknown_url_response)
    return [
        re_path("^(?:v1|openai|openai/v1)/$", unknown_url),  # where ninja has a page of that kind, too
        path("v1/", include((patterns, "api"))),
        path("openai/v1/", include((patterns, "api"), namespace="azure-v1")),
        path("openai/", include((patterns, "api"), namespace="azure")),
        re_path("^(?:v1|openai)/", unknown_url),
    ]


urlpatterns = url_patterns(api, ROUTERS)
