#!/usr/bin/env python
"""Everthread's commands: ``python manage.py serve`` starts it, ``python manage.py help`` lists the rest."""

import errno
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    os.umask(0o077)  # what commands make, the database above all, is for their user alone
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a setting is wrong: its sentence says how to write it, a traceback would bury it
    except DatabaseError as error:
        from chat.data_folder import problem_of

        if problem := problem_of(error):
            sys.exit(problem)
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"The disk is full ({error.filename or 'no file named'}). Free some space and try again.")


if __name__ == "__main__":
    main()
