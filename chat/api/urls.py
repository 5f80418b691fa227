"""The API: its resources, how it reads bodies, and where it is: ``/v1``, and ``/openai`` for clients made for Azure."""

from __future__ import annotations

import json
from typing import Any, cast

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI, Swagger
from ninja.errors import ValidationErrorContext
from ninja.operation import Operation
from ninja.parser import Parser

from chat import __version__
from chat.api import assistants, files, messages, models, runs, steps, threads, uploads, vector_stores
from chat.api.answers import answered
from chat.api.errors import Unfit, named
from chat.api.requests import ApiRequest
from chat.errors import InvalidRequest


class WireParser(Parser):
    """Bodies and queries as the SDKs send them."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = without_nul(json.loads(request.body))
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(
                f"We could not parse the JSON body of your request: {error}. The body must be one JSON object."
            ) from None
        if not isinstance(body, dict):
            raise InvalidRequest(f"The body of your request must be one JSON object, but it is {named(body)}.")
        cast(ApiRequest, request).given = body
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Arrays are sent as ``include[]``, by older SDKs as ``include``."""
        plain = MultiValueDict({name.removesuffix("[]"): values for name, values in data.lists()})
        return super().parse_querydict(plain, list_fields, request)


def without_nul(value: Any) -> Any:
    """``value`` without the one character that PostgreSQL cannot keep."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    return value


class WireAPI(NinjaAPI):
    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> Any:
        return Unfit(error_contexts[0])

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = WireAPI(
    title="Everthread",
    version=__version__,
    description="The Assistants API v2, self-hosted. Keys: [/account/keys/](/account/keys/).",
    parser=WireParser(),
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": False}),
    openapi_extra={
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    },
)
# The runs before the threads: /threads/runs is no thread.
for module in (assistants, runs, threads, messages, steps, files, uploads, vector_stores, models):
    api.add_router("", module.router)
api.add_exception_handler(Exception, answered)
patterns, _app, _namespace = api.urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include((patterns, "api"))),
    path("openai/v1/", include((patterns, "api"), namespace="azure-v1")),
    path("openai/", include((patterns, "api"), namespace="azure")),
]
