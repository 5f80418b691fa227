"""The addresses of the pages for people. Each shelf brings its own."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("chat.web.health")),
    path("", include("chat.web.pages.urls")),
    path("", include("chat.web.accounts.views")),
    path("", include("chat.web.accounts.api_keys")),
]
