"""The admin, with an index of our own."""

from django.contrib.admin.apps import AdminConfig


class EverthreadAdminConfig(AdminConfig):
    default_site = "config.admin.EverthreadAdminSite"
