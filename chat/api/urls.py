"""The API: its resources, how it reads bodies, and where it is: ``/v1``, and ``/openai`` for clients made for Azure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.urls import URLPattern, URLResolver, include, path
from ninja import NinjaAPI, Router, Swagger
from ninja.errors import HttpError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from chat import __version__
from chat.api import openapi
from chat.api.http.error_responses import answered
from chat.api.http.json_parser import WireParser
from chat.api.http.validation_errors import Unfit
from chat.api.resources import assistants, files, messages, models, runs, steps, threads, uploads
from chat.api.resources.vector_stores import file_batches, search, store_files, stores


class WireAPI(NinjaAPI):
    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> Any:
        return Unfit(error_contexts[0])

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return openapi.documentation_of(self, path_prefix=prefix)


api = WireAPI(
    title="Everthread",
    version=__version__,
    description=openapi.DESCRIPTION,
    parser=WireParser(),
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": False}),
    openapi_extra={
        "security": [{name: []} for name in openapi.SECURITY],
        "tags": [{"name": name} for name in openapi.TAGS],
    },
)
# The runs before the threads: /threads/runs is no thread.
RESOURCES = [
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
    )
]


def mounted(api: NinjaAPI, routers: Sequence[Router]) -> list[URLPattern | URLResolver]:
    """The addresses of ``api`` with what the routers have."""
    for router in routers:
        api.add_router("", router)
    for error in (Exception, HttpError, Http404):  # ninja has its own words for the last two
        api.add_exception_handler(error, answered)
    patterns, _app, _namespace = api.urls
    return [
        path("v1/", include((patterns, "api"))),
        path("openai/v1/", include((patterns, "api"), namespace="azure-v1")),
        path("openai/", include((patterns, "api"), namespace="azure")),
    ]


urlpatterns = mounted(api, RESOURCES)
