"""The admin, with our own index page."""

from django.contrib.admin.apps import AdminConfig


class EverthreadAdminConfig(AdminConfig):
    default_site = "config.admin.EverthreadAdminSite"
