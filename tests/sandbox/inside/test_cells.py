"""What a cell does in a session."""

from __future__ import annotations

import threading
import time

import pytest

from chat.sandbox.sessions.probe import Report
from chat.sandbox.sessions.session import Session
from chat.sandbox.values import Tier
from tests.sandbox.brokers import until
from tests.sandbox.conftest import MakeSession
from tests.sandbox.saying import complaint, said, sizes


@pytest.fixture
def tier(tiers: Report) -> Tier:
    """Any that works here: what happens inside the interpreter is the same in each."""
    return tiers.tier or "ns"


class TestACell:
    def test_keeps_what_it_defines_for_the_next_one(self, session: Session):
        said(session, "import math\ndef area(r):\n    return math.pi * r * r\nx = 2")

        assert said(session, "round(area(x), 2)") == "12.57\n"

    def test_shows_the_value_of_a_last_expression(self, session: Session):
        assert said(session, "1\n'two'") == "'two'\n"

    @pytest.mark.parametrize("code", ["x = 5", "5;", "'é' ;  # quiet", "None", "for i in [1]: i"])
    def test_shows_nothing_of_anything_else(self, session: Session, code: str):
        assert said(session, code) == ""

    def test_keeps_the_last_value_under_a_name(self, session: Session):
        said(session, "6 * 7")

        assert said(session, "_ + 1") == "43\n"

    def test_keeps_output_and_errors_in_order(self, session: Session):
        code = "import sys\nfor i in range(3):\n    print(i, end=' ')\n    print('!', file=sys.stderr)\n'end'"

        assert said(session, code) == "0 !\n1 !\n2 !\n'end'\n"

    def test_says_what_it_printed_before_it_failed(self, session: Session):
        assert complaint(session, "print('before', end='')\n1/0").startswith("before\nTraceback")

    def test_is_the_main_program(self, session: Session):
        assert said(session, "if __name__ == '__main__':\n    print('yes')") == "yes\n"

    def test_may_be_indented_as_a_whole(self, session: Session):
        assert said(session, "    a = 1\n    a + 1") == "2\n"

    def test_may_be_fenced(self, session: Session):
        assert said(session, "```python\n6 * 7\n```") == "42\n"

    def test_may_be_empty(self, session: Session):
        assert said(session, "") == said(session, "# nothing") == ""

    def test_has_its_last_variables_when_it_failed(self, session: Session):
        complaint(session, "kept = 1\nraise ValueError('no')")

        assert said(session, "kept") == "1\n"

    def test_prints_again_after_one_that_closed_its_output(self, session: Session):
        said(session, "import sys, os\nsys.stdout.close()")
        said(session, "import io, sys\nsys.stdout = io.StringIO()")

        assert said(session, "print('here')") == "here\n"

    def test_shows_the_ends_of_a_long_value(self, session: Session):
        shown = said(session, "'a' * 10_000_000")

        assert shown.startswith("'aaa")
        assert shown.endswith("aaa'\n")
        assert "characters left out" in shown
        assert len(shown) < 100_000

    def test_shows_letters_that_no_encoding_has(self, session: Session):
        assert said(session, "print('\\ud800')\n['\\udfff', '🙂']") == "\\ud800\n['\\udfff', '🙂']\n"

    def test_can_wait_for_coroutines(self, session: Session):
        code = "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 7\nvalue = await f()\nvalue"

        assert said(session, code) == "7\n"
        assert said(session, "asyncio.run(f()) + value") == "14\n"

    def test_can_await_one_thing_in_several_places(self, session: Session):
        code = "import asyncio\nqueue = asyncio.Queue()\nawait queue.put(3)\nawait queue.get()"

        assert said(session, code) == "3\n"


class TestAFailure:
    def test_is_told_with_the_lines_of_the_cell_and_none_of_ours(self, session: Session):
        said(session, "def half(x):\n    return x / 0")

        told = complaint(session, "a = 1\nhalf(a)")

        assert [line for line in told.splitlines() if line.strip("~^ ")] == [
            "Traceback (most recent call last):",
            '  File "<cell 2>", line 2, in <module>',
            "    half(a)",
            '  File "<cell 1>", line 2, in half',
            "    return x / 0",
            "ZeroDivisionError: division by zero",
        ]

    def test_is_told_with_what_caused_it(self, session: Session):
        told = complaint(session, "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('bad') from e")

        assert "KeyError: 'a'" in told
        assert "direct cause" in told
        assert "chat" not in told

    def test_of_the_syntax_shows_where(self, session: Session):
        told = complaint(session, "x = 1\ny = (2")

        assert 'File "<cell 1>", line 2' in told
        assert "SyntaxError: '(' was never closed" in told

    def test_is_told_however_deep(self, session: Session):
        told = complaint(session, "def f(n):\n    return f(n + 1)\nf(0)")

        assert "RecursionError" in told
        assert len(told) < 20_000

    def test_that_cannot_be_put_in_words_is_told_by_its_name(self, session: Session):
        told = complaint(session, "class Odd(Exception):\n    def __str__(self):\n        raise Exception\nraise Odd")

        assert "Odd" in told

    def test_to_show_a_value_is_told_too(self, session: Session):
        told = complaint(session, "class A:\n    def __repr__(self):\n        return 1 / 0\nA()")

        assert "ZeroDivisionError" in told
        assert "display.py" not in told

    @pytest.mark.parametrize("code", ["exit()", "import sys; sys.exit()", "raise SystemExit(0)"])
    def test_it_is_not_to_leave(self, session: Session, code: str):
        assert said(session, f"x = 1\n{code}") == ""
        assert said(session, "x") == "1\n"

    def test_to_leave_with_a_reason_is_told(self, session: Session):
        assert "SystemExit: no file" in complaint(session, "import sys\nsys.exit('no file')")
        assert said(session, "1") == "1\n"

    def test_of_memory_ends_only_the_cell(self, session: Session):
        assert "MemoryError" in complaint(session, "x = 7\nbytearray(1 << 40)")
        assert said(session, "x") == "7\n"

    def test_in_a_library_names_the_library_and_no_folder_of_the_machine(self, session: Session) -> None:
        told = complaint(session, "import pandas as pd\npd.DataFrame({'a': [1]})['b']")
        assert 'File "pandas/core/frame.py", line' in told
        assert "site-packages" not in told


class TestAWarning:
    def test_names_its_line_in_a_cell(self, session: Session):
        assert said(session, "import warnings\nwarnings.warn('careful')") == "<cell 1>:2: UserWarning: careful\n"

    def test_of_a_library_names_no_folder_of_the_server(self, session: Session):
        told = said(session, "import numpy\nnumpy.mean([]);")

        assert "RuntimeWarning: Mean of empty slice\n" in told
        assert "/" not in told

    def test_is_short(self, session: Session):
        assert len(said(session, "import warnings\nwarnings.warn('x' * 10_000)")) < 600


class TestWhatCannotBeDone:
    def test_is_to_open_a_browser(self, session: Session):
        told = complaint(session, "import plotly.graph_objects as go\ngo.Figure().show()")

        assert "There is no browser here. Write HTML into /mnt/data" in told

    def test_is_to_find_a_file_by_its_whole_name_in_c_where_the_kernel_does_not_know_the_folder(
        self, make_session: MakeSession
    ):
        session = make_session("landlock")
        told = complaint(session, "import h5py\nh5py.File('/mnt/data/a.h5', 'w')")

        assert "by relative names only" in told
        assert "relative" not in complaint(session, "open('/mnt/data/none')")
        assert said(session, "h5py.File('a.h5', 'w').close()") == ""

    @pytest.mark.parametrize(
        "code",
        ["!pip install requests", "import os\n%pip install requests\n1", "!python -m pip install x", "  !pip3 list"],
    )
    def test_installing_is_explained(self, session: Session, code: str):
        told = complaint(session, code)

        assert "There is no network and nothing can be installed. These libraries are here: numpy, pandas" in told

    def test_a_missing_library_is_explained(self, session: Session):
        told = complaint(session, "import torch")

        assert "ModuleNotFoundError: No module named 'torch'\nNothing can be installed here." in told

    @pytest.mark.parametrize("code", ["!ls /mnt/data", "files = !ls"])
    def test_a_shell_is_explained(self, session: Session, code: str):
        assert "no other programs can be run here" in complaint(session, code)

    @pytest.mark.parametrize("code", ["%%time\nx = 1", "%timeit 1 + 1", "x = 1\n%who"])
    def test_magic_is_explained(self, session: Session, code: str):
        assert "commands of notebooks" in complaint(session, code)

    def test_a_program_is_explained(self, session: Session):
        told = complaint(session, "import subprocess\nsubprocess.run(['ls'])")

        assert "PermissionError" in told
        assert "No other programs or processes can be started here." in told

    def test_the_network_is_explained(self, session: Session):
        told = complaint(session, "import urllib.request\nurllib.request.urlopen('http://example.org')")

        assert "There is no network here. Work with the files in /mnt/data." in told

    def test_asking_the_user_is_explained(self, session: Session):
        assert "nobody can type while code runs" in complaint(session, "name = input('Name? ')")


class TestHabitsOfNotebooks:
    def test_drawing_inline_is_what_happens_anyway(self, session: Session):
        code = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);"

        outcome = session.run(code)

        assert (outcome.status, outcome.logs, len(outcome.images)) == ("ok", "", 1)

    def test_a_percent_sign_in_a_program_is_left_alone(self, session: Session):
        assert said(session, "x = '''\n%matplotlib inline\n!ls\n'''\n17 \\\n%5, x.count('\\n')") == "(2, 3)\n"

    def test_display_is_there(self, session: Session):
        code = "from IPython.display import display as show, Markdown\nshow(1, 'a')\ndisplay(Markdown('**b**'), None)"

        assert said(session, code) == "1\n'a'\n**b**\n"

    def test_display_is_there_after_all_variables_were_deleted(self, session: Session):
        said(session, "x = 1\nglobals().clear()")

        assert said(session, "display(2)\nlen('abc')") == "2\n3\n"

    def test_nothing_else_takes_us_for_a_notebook(self, session: Session):
        code = "import sympy\nsympy.init_printing()\nfrom sympy.abc import x\nx**2 + 1"

        assert said(session, code) == "x**2 + 1\n"


class TestStopping:
    def stopped(self, session: Session, code: str):
        stop = threading.Event()
        threading.Timer(1.0, stop.set).start()
        return session.run(code, stop=stop)

    def test_interrupts_the_cell_and_keeps_the_session(self, session: Session):
        outcome = self.stopped(session, "import time\nx = 1\nprint('on')\nwhile True:\n    time.sleep(0.01)")

        assert outcome.status == "interrupted"
        assert outcome.logs.startswith("on\nTraceback")
        assert outcome.logs.endswith("KeyboardInterrupt\n")
        assert said(session, "x") == "1\n"

    def test_interrupts_a_busy_loop(self, session: Session):
        assert self.stopped(session, "while True: pass").status == "interrupted"

    def test_interrupts_waiting_for_a_coroutine(self, session: Session):
        assert self.stopped(session, "import asyncio\nawait asyncio.sleep(60)").status == "interrupted"
        assert said(session, "await asyncio.sleep(0, 5)") == "5\n"

    def test_does_not_tear_a_picture(self, session: Session):
        code = "from PIL import Image\nimage = Image.effect_noise((1000, 1000), 90)\nwhile True:\n    display(image)"

        outcome = self.stopped(session, code)

        assert outcome.status == "interrupted"
        assert said(session, "2 + 2") == "4\n"

    def test_comes_through_where_the_last_cell_had_caught_it(self, session: Session):
        said(session, "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN);")

        assert self.stopped(session, "while True: pass").status == "interrupted"

    def test_at_the_limit_of_time_is_an_interruption_too(self, session: Session):
        outcome = session.run("x = 3\nwhile True: pass", seconds=0.3)

        assert outcome.status == "interrupted"
        assert outcome.logs.endswith(
            "KeyboardInterrupt\nThe time limit of 0.3 seconds was reached, so the code was interrupted. "
            "Variables are kept.\n"
        )
        assert said(session, "x") == "3\n"

    def test_is_not_what_an_alarm_does_that_the_last_cell_forgot(self, session: Session):
        said(session, "import signal\nsignal.signal(signal.SIGALRM, lambda *_: 1 / 0)\nsignal.setitimer(0, 0.2);")
        time.sleep(0.3)

        assert said(session, "import time\ntime.sleep(0.3)\n'still here'") == "'still here'\n"


class TestThreads:
    def test_that_a_cell_leaves_do_not_disturb_the_next(self, session: Session):
        said(
            session,
            "import threading, time\n"
            "def tick():\n"
            "    while True:\n"
            "        time.sleep(0.001); ticks.append(1)\n"
            "ticks = []\n"
            "threading.Thread(target=tick, daemon=True).start()",
        )

        assert said(session, "time.sleep(0.1)\nlen(ticks) > 3") == "True\n"

    def test_show_no_picture_between_two_cells(self, session: Session):
        said(
            session,
            "import pathlib, threading, time\nfrom PIL import Image\n"
            "def late():\n"
            "    while not pathlib.Path('begin').exists():\n"
            "        time.sleep(0.001)\n"
            "    display(Image.new('L', (2, 2)))\n"
            "    pathlib.Path('end').touch()\n"
            "threading.Thread(target=late).start()",
        )
        session.put("begin", b"")
        until(lambda: "end" in [file.name for file in session.files()])  # between its requests the session rests

        assert session.run("x = 1").images == ()

    def test_may_show_pictures_while_the_cell_does(self, session: Session):
        outcome = session.run(
            "import threading\nfrom PIL import Image\n"
            "image = Image.effect_noise((600, 600), 90)\n"
            "threads = [threading.Thread(target=display, args=(image,)) for _ in range(6)]\n"
            "for thread in threads: thread.start()\n"
            "display(image)\n"
            "for thread in threads: thread.join()"
        )

        assert (outcome.status, sizes(outcome.images)) == ("ok", [(600, 600)] * 7)
