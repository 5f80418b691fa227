"""The addresses: the admin, the API, and the chat page with everything else."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("chat.api.urls")),
    path("", include("chat.web.urls")),
]
