"""The door for staff: Django's admin. Importing this package registers the models.

assistants      the form of an assistant: model, functions, knowledge, files for its code
conversations   threads and runs, with the timeline, the steps and the files of each
jobs            jobs of Procrastinate, on PostgreSQL
knowledge       vector stores: upload, files, passages, statistics, search tester
people          users and API keys
providers       providers, models and aliases, and the tests of a provider
sandbox         the page of the code interpreter's sandbox
shared          base classes, permissions, notes of who looked, form fields, formats
"""

from django.apps import apps

from chat.admin.assistants.admin import AssistantAdmin
from chat.admin.conversations.runs import RunAdmin
from chat.admin.conversations.threads import ThreadAdmin
from chat.admin.knowledge.admin import KnowledgeAdmin
from chat.admin.people.api_keys import ApiKeyAdmin
from chat.admin.people.groups import GroupAdmin
from chat.admin.people.users import UserAdmin
from chat.admin.providers.admin import ProviderAdmin
from chat.admin.providers.models import AliasAdmin, ModelAdmin

if apps.is_installed("procrastinate.contrib.django"):
    import chat.admin.jobs.admin  # noqa: F401 -- it registers its page, of tables that there are on PostgreSQL alone

__all__ = [
    "AliasAdmin",
    "ApiKeyAdmin",
    "AssistantAdmin",
    "GroupAdmin",
    "KnowledgeAdmin",
    "ModelAdmin",
    "ProviderAdmin",
    "RunAdmin",
    "ThreadAdmin",
    "UserAdmin",
]
