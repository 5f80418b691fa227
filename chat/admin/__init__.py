"""The door for staff: one module a room, each registered with Django's admin by being imported here."""

from chat.admin import assistants, keys, knowledge, models, people, providers, runs, threads

__all__ = ["assistants", "keys", "knowledge", "models", "people", "providers", "runs", "threads"]
