#!/usr/bin/env python
"""Everthread's commands: ``python manage.py serve`` starts it, ``python manage.py help`` lists the rest."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a setting is wrong: its sentence says how to write it, a traceback would bury it


if __name__ == "__main__":
    main()
