"""The names of models that the API lists."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from chat.errors import ModelNotFound, NotAllowed, NotFound
from chat.models import Alias, Model, Provider
from chat.models.api_objects.objects import model_object
from chat.models.api_objects.shapes import ModelObject
from chat.models.providers import DEFAULT, resolve


def list_models() -> list[ModelObject]:
    """Return the enabled models, aliases that are no patterns, and the default provider's own model, by name."""
    usable = Model.objects.filter(enabled=True, provider__enabled=True).select_related("provider")
    models = {model.name: model for model in usable}
    aliases = Alias.objects.filter(model__in=usable).select_related("model__provider")
    models |= {alias.pattern: alias.model for alias in aliases if "*" not in alias.pattern}
    if Provider.objects.filter(is_default=True, enabled=True).exclude(default_model="").exists():
        with suppress(ModelNotFound):  # a provider may have a default that it would not accept by name
            models.setdefault(DEFAULT, resolve(DEFAULT))
            models.setdefault(models[DEFAULT].name, models[DEFAULT])
    return [_serialize(name, model) for name, model in sorted(models.items())]


def get(name: str) -> ModelObject:
    """Return the model that answers to ``name``, under that name. Raise ``NotFound``."""
    try:
        return _serialize(name, resolve(name))
    except ModelNotFound:
        raise NotFound(f"The model '{name}' does not exist", param="model", code=ModelNotFound.code) from None


def delete(name: str) -> NoReturn:
    """Raise ``NotFound``, or ``NotAllowed``: staff delete models, in the admin."""
    get(name)
    raise NotAllowed(f"The model {name!r} is shared by everyone here. An administrator can remove it in the admin.")


def _serialize(name: str, model: Model) -> ModelObject:
    return model_object(name, owner=model.provider.name, created_at=model.provider.updated_at)
