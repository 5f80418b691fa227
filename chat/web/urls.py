"""The pages for people; each part brings its own addresses."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("chat.web.health")),
    path("", include("chat.web.chat_urls")),
    path("", include("chat.web.accounts")),
    path("", include("chat.web.key_views")),
]
