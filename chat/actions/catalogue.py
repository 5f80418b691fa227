"""The names under which models answer, as programs list them."""

from __future__ import annotations

from chat.errors import NotAllowed
from chat.models import Alias, Model, Provider
from chat.models.objects import Object, model_object
from chat.models.providers import DEFAULT, resolve


def listed() -> list[Object]:
    """Rows, aliases that are no patterns, and the default provider's own model."""
    usable = Model.objects.filter(enabled=True, provider__enabled=True).select_related("provider")
    models = {model.name: model for model in usable}
    aliases = Alias.objects.filter(model__in=usable).select_related("model__provider")
    models |= {alias.pattern: alias.model for alias in aliases if "*" not in alias.pattern}
    if Provider.objects.filter(is_default=True, enabled=True).exclude(default_model="").exists():
        models.setdefault(DEFAULT, resolve(DEFAULT))
        models.setdefault(models[DEFAULT].name, models[DEFAULT])
    return [shown(name, model) for name, model in sorted(models.items())]


def get(name: str) -> Object:
    """The model that answers to ``name``, under that name. Raises ``ModelNotFound``."""
    return shown(name, resolve(name))


def delete(name: str) -> Object:
    """Raises ``ModelNotFound``, or ``NotAllowed``: staff delete models, in the admin."""
    resolve(name)
    raise NotAllowed(f"The model {name!r} is shared by everyone here. An administrator can remove it in the admin.")


def shown(name: str, model: Model) -> Object:
    return model_object(name, owner=model.provider.name, created_at=model.provider.updated_at)
