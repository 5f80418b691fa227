"""The names of models that the API lists."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from chat.actions.assistants import assistants
from chat.errors import ModelNotFound, NotAllowed, NotFound
from chat.models import Assistant, Model, User
from chat.models.api_objects.objects import model_object
from chat.models.api_objects.shapes import ModelObject
from chat.models.providers import DEFAULT, default_providers, resolve, served_aliases, served_models


def list_models(user: User) -> list[ModelObject]:
    """Return the enabled models, aliases that are no patterns, and the default provider's own model, by name; then the
    assistants that ``user`` may use, each under its id and its name as a model.
    """
    models = {model.name: model for model in served_models.rows()}
    models |= {alias.pattern: alias.model for alias in served_aliases.rows() if "*" not in alias.pattern}
    if (default := default_providers.first()) and default.default_model:
        with suppress(ModelNotFound):  # a provider may have a default that it would not accept by name
            models.setdefault(DEFAULT, resolve(DEFAULT))
            models.setdefault(models[DEFAULT].name, models[DEFAULT])
    usable_assistants = [
        _serialize_assistant(name, assistant)
        for assistant in assistants.list_usable.rows(user.pk)
        for name in (assistants.model_name(assistant), assistant.id)
    ]
    return [*(_serialize(name, model) for name, model in sorted(models.items())), *usable_assistants]


def get(user: User, name: str) -> ModelObject:
    """Return the model or assistant that answers to ``name`` for ``user``, under that name. Raise ``NotFound``."""
    try:
        if assistant := assistants.by_model_name(user, name):
            return _serialize_assistant(name, assistant)
        return _serialize(name, resolve(name))
    except ModelNotFound:
        raise NotFound(f"The model '{name}' does not exist", param="model", code=ModelNotFound.code) from None


def delete(user: User, name: str) -> NoReturn:
    """Raise ``NotFound``, or ``NotAllowed``: staff delete models, in the admin."""
    get(user, name)
    raise NotAllowed(f"The model {name!r} is shared by everyone here. An administrator can remove it in the admin.")


def _serialize(name: str, model: Model) -> ModelObject:
    return model_object(name, owner=model.provider.name, created_at=model.provider.updated_at)


def _serialize_assistant(name: str, assistant: Assistant) -> ModelObject:
    return model_object(name, owner="user", created_at=assistant.created_at)
