"""The admin, with an index of our own, and what is done with each connection of the database."""

from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created

from config.read_only import watch


class EverthreadAdminConfig(AdminConfig):
    default_site = "config.admin.EverthreadAdminSite"

    def ready(self) -> None:
        super().ready()
        connection_created.connect(watch)
