"""The door for staff: Django's admin, one module a room."""
