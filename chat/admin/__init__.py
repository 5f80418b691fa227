"""The door for staff: Django's admin. A folder a subject; what several subjects need is in ``shared``.

Importing this package registers the models.
"""

from chat.admin.assistants.admin import AssistantAdmin
from chat.admin.conversations.runs import RunAdmin
from chat.admin.conversations.threads import ThreadAdmin
from chat.admin.knowledge.admin import KnowledgeAdmin
from chat.admin.people.api_keys import ApiKeyAdmin
from chat.admin.people.users import UserAdmin
from chat.admin.providers.admin import ProviderAdmin
from chat.admin.providers.models import AliasAdmin, ModelAdmin

__all__ = [
    "AliasAdmin",
    "ApiKeyAdmin",
    "AssistantAdmin",
    "KnowledgeAdmin",
    "ModelAdmin",
    "ProviderAdmin",
    "RunAdmin",
    "ThreadAdmin",
    "UserAdmin",
]
