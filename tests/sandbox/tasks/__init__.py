"""What people ask for every day, as cells with what they must say. The answers were worked out without them."""

from __future__ import annotations

from tests.sandbox.tasks.files import FILES
from tests.sandbox.tasks.letters import LETTERS
from tests.sandbox.tasks.numbers import NUMBERS
from tests.sandbox.tasks.pictures import PICTURES
from tests.sandbox.tasks.programs import PROGRAMS
from tests.sandbox.tasks.shelf import SHELF as SHELF
from tests.sandbox.tasks.tables import TABLES
from tests.sandbox.tasks.task import Task as Task
from tests.sandbox.tasks.texts import TEXTS
from tests.sandbox.tasks.times import TIMES

TASKS = (*TABLES, *TIMES, *PICTURES, *LETTERS, *NUMBERS, *TEXTS, *FILES, *PROGRAMS)
