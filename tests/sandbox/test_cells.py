"""What a cell does in a session, in both tiers."""

from __future__ import annotations

import io
import threading
import time

import pytest
from PIL import Image

from chat.sandbox.errors import FileRefused
from chat.sandbox.session import Session
from chat.sandbox.values import Limits


def said(session: Session, code: str) -> str:
    """What a cell that ends well prints and shows."""
    outcome = session.run(code)
    assert outcome.status == "ok", outcome.logs
    return outcome.logs


def complaint(session: Session, code: str) -> str:
    """The traceback of a cell that fails."""
    outcome = session.run(code)
    assert outcome.status == "error", outcome.logs
    return outcome.logs


def sizes(images: tuple[bytes, ...]) -> list[tuple[int, int]]:
    return [Image.open(io.BytesIO(image)).size for image in images]


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


class TestWhatCannotBeDone:
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


class TestATable:
    def test_is_shown_as_wide_as_is_useful(self, session: Session):
        code = "import pandas as pd\npd.DataFrame({f'a column {n}': [n * 1000.5] for n in range(8)})"

        lines = said(session, code).splitlines()

        assert len(lines) == 2
        assert lines[0].split("  ")[-1] == "a column 7"

    def test_is_cut_when_it_is_long(self, session: Session):
        lines = said(session, "import pandas as pd\npd.DataFrame({'a': range(10_000)})").splitlines()

        assert "9999" in lines[-3]
        assert len(lines) < 70
        assert "[10000 rows x 1 columns]" in lines

    def test_can_be_shown_in_the_middle(self, session: Session):
        code = "import pandas as pd\ndisplay(pd.Series([1, 2], name='s'))\nprint('after')"

        assert said(session, code) == "0    1\n1    2\nName: s, dtype: int64\nafter\n"


class TestAFigure:
    def test_is_shown_once_however_it_is_asked_for(self, session: Session):
        for last in ("plt.show()", "fig", "ax", "display(fig)", "fig.show()", "pass", "plt.show()\nfig = None"):
            outcome = session.run(f"import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\n{last}")

            assert (outcome.status, outcome.logs, len(outcome.images)) == ("ok", "", 1), last

    def test_is_a_new_one_in_the_next_cell(self, session: Session):
        session.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])")

        assert session.run("1").images == ()
        assert said(session, "len(plt.gcf().axes)") == "0\n"

    def test_that_is_empty_is_not_shown(self, session: Session):
        assert session.run("import matplotlib.pyplot as plt\nplt.figure()\n1;").images == ()

    def test_that_was_closed_is_not_shown(self, session: Session):
        code = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('/mnt/data/a.png')\nplt.close()"

        assert session.run(code).images == ()
        assert session.get("a.png", offset=0).startswith(b"\x89PNG")

    def test_that_was_saved_is_shown_too(self, session: Session):
        code = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('/mnt/data/a.png', dpi=50)"

        assert len(session.run(code).images) == 1
        assert [entry.name for entry in session.files()] == ["a.png"]

    def test_that_was_half_drawn_when_the_cell_failed_is_gone(self, session: Session):
        assert session.run("import matplotlib.pyplot as plt\nplt.plot([1])\n1/0").images == ()
        assert session.run("plt.show()").images == ()

    def test_is_shown_whatever_backend_the_code_asks_for(self, session: Session):
        code = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()"

        outcome = session.run(code)

        assert (outcome.logs, len(outcome.images)) == ("", 1)

    def test_is_kept_within_bounds(self, session: Session):
        code = "import matplotlib.pyplot as plt\nplt.figure(figsize=(300, 10), dpi=300).text(0, 0, 'x')\nplt.show()"

        ((width, _),) = sizes(session.run(code).images)

        assert width <= 4200

    def test_that_would_be_too_large_is_made_smaller(self, session: Session):
        code = (
            "import numpy as np, matplotlib.pyplot as plt\n"
            "noise = np.random.default_rng(0).random((3000, 3000, 3))\n"
            "plt.figure(figsize=(20, 20), dpi=150).figimage(noise)\n"
        )

        outcome = session.run(code)

        assert len(outcome.images) == 1, outcome.logs

    def test_is_one_of_a_bounded_number(self, make_session, tier):
        session = make_session(tier, limits=Limits(images=3))
        code = "import matplotlib.pyplot as plt\nfor i in range(5):\n    plt.figure(); plt.plot([i])\n    plt.show()"

        outcome = session.run(code)

        assert (len(outcome.images), outcome.logs) == (3, "Only the first 3 pictures of a cell are shown.\n")
        assert len(session.run("plt.plot([1])").images) == 1


class TestAnImage:
    @pytest.mark.parametrize("last", ["image", "image.show()", "display(image)"])
    def test_is_shown(self, session: Session, last: str):
        outcome = session.run(f"from PIL import Image\nimage = Image.new('RGB', (30, 20), 'red')\n{last}")

        assert (outcome.logs, sizes(outcome.images)) == ("", [(30, 20)])

    @pytest.mark.parametrize("mode", ["CMYK", "F", "P", "HSV", "1", "I;16"])
    def test_of_any_mode_is_shown(self, session: Session, mode: str):
        assert sizes(session.run(f"from PIL import Image\nImage.new({mode!r}, (3, 2))").images) == [(3, 2)]

    def test_that_is_large_is_shown_smaller(self, session: Session):
        code = "from PIL import Image\nImage.effect_noise((5000, 2500), 90)"

        ((width, height),) = sizes(session.run(code).images)

        assert width == 2 * height <= 2048

    def test_of_a_file_is_shown_as_notebooks_do(self, session: Session):
        said(session, "from PIL import Image\nImage.new('L', (4, 4)).save('/mnt/data/a.png')")

        outcome = session.run("from IPython.display import Image\nImage(filename='/mnt/data/a.png')")

        assert sizes(outcome.images) == [(4, 4)]


class TestStopping:
    def stopped(self, session: Session, code: str):
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        return session.run(code, stop=stop)

    def test_interrupts_the_cell_and_keeps_the_session(self, session: Session):
        outcome = self.stopped(session, "import time\nx = 1\nprint('on')\nwhile True:\n    time.sleep(0.01)")

        assert outcome.status == "interrupted"
        assert outcome.logs.startswith("on\nTraceback")
        assert "KeyboardInterrupt" in outcome.logs
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

    def test_show_no_picture_after_their_cell(self, session: Session):
        said(
            session,
            "import threading, time\nfrom PIL import Image\n"
            "def late():\n"
            "    time.sleep(0.2); display(Image.new('L', (2, 2)))\n"
            "threading.Thread(target=late).start()",
        )
        time.sleep(0.3)

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


class TestFiles:
    def test_go_in_and_out_whole(self, session: Session):
        data = bytes(range(256)) * 10_000

        session.put("folder/a b é.bin", data)

        assert said(session, "import os\nos.path.getsize('/mnt/data/folder/a b é.bin')") == f"{len(data)}\n"
        assert b"".join(session.get("folder/a b é.bin", offset=at) for at in range(0, len(data), 1 << 20)) == data
        assert session.get("folder/a b é.bin", offset=len(data)) == b""

    def test_are_listed_with_their_size(self, session: Session):
        session.put("b.txt", b"12345")
        session.put("a.txt", b"")
        said(
            session,
            "import os; os.makedirs('c'); open('c/d', 'w').write('x')",
        )

        assert [(entry.name, entry.size) for entry in session.files()] == [("a.txt", 0), ("b.txt", 5), ("c/d", 1)]

    def test_are_replaced_when_put_again(self, session: Session):
        session.put("a.txt", b"long before")
        session.put("a.txt", b"short")

        assert session.get("a.txt", offset=0) == b"short"

    def test_can_be_removed(self, session: Session):
        session.put("a.txt", b"x")

        session.remove("a.txt")

        assert session.files() == []
        with pytest.raises(FileRefused):
            session.remove("a.txt")

    def test_that_are_not_there_are_refused(self, session: Session):
        with pytest.raises(FileRefused, match="No such file"):
            session.get("nope.txt", offset=0)

    def test_that_are_folders_are_refused(self, session: Session):
        session.put("a/b", b"x")

        with pytest.raises(FileRefused):
            session.get("a", offset=0)
        with pytest.raises(FileRefused):
            session.put("a", b"x")

    def test_that_are_links_or_pipes_are_neither_listed_nor_read(self, session: Session):
        session.run("import os\nos.symlink('/etc/passwd', 'link')")
        session.run("import os\nos.mkfifo('pipe')")

        assert session.files() == []
        for name in ("link", "pipe"):
            with pytest.raises(FileRefused):
                session.get(name, offset=0)

    def test_a_missing_one_is_called_by_the_name_that_the_cell_used(self, session: Session):
        told = complaint(session, "open('/mnt/data/data.csv')")

        assert told.endswith("FileNotFoundError: [Errno 2] No such file or directory: '/mnt/data/data.csv'\n")

    def test_of_the_cells_own_do_not_stand_for_libraries(self, session: Session):
        session.put("statistics.py", b"raise Exception('mine')")

        assert said(session, "import statistics\nstatistics.mean([1, 3])") == "2\n"


class TestTheFolder:
    @pytest.mark.parametrize(
        "code",
        [
            "import os; os.getcwd()",
            "import os; os.path.abspath('.')",
            "import pathlib; str(pathlib.Path.cwd())",
            "import pathlib; str(pathlib.Path('.').resolve())",
            "import os; os.chdir('/mnt/data'); os.getcwdb().decode()",
            "import os; os.makedirs('/mnt/data/a/b'); os.chdir('a/b'); os.path.abspath('../..')",
        ],
    )
    def test_is_called_the_same_in_both_tiers(self, session: Session, code: str):
        assert said(session, code) == "'/mnt/data'\n"

    @pytest.mark.parametrize(
        "code",
        [
            "import io; io.open('/mnt/data/x', 'w').close()",
            "import os; os.close(os.open('/mnt/data/x', os.O_CREAT | os.O_WRONLY))",
            "import pathlib; pathlib.Path('/mnt/data/x').touch()",
            "import pathlib; pathlib.Path('/mnt/data', 'x').write_bytes(b'')",
            "open(file='/mnt/data/x', mode='w').close()",
            "open(b'/mnt/data/x', 'wb').close()",
            "import os; open('y', 'w').close(); os.rename('/mnt/data/y', '/mnt/data/x')",
            "import shutil; open('y', 'w').close(); shutil.move('/mnt/data/y', '/mnt/data/x');",
            "import shutil, os; open('y', 'w').close(); shutil.copy2('y', '/mnt/data/x'); os.remove('/mnt/data/y')",
            "import numpy as np; np.array([], 'u1').tofile('/mnt/data/x')",
            "import logging; logging.FileHandler('/mnt/data/x').close()",
            "import codecs; codecs.open('/mnt/data/x', 'w', 'utf-8').close()",
            "import bz2; bz2.open('/mnt/data/y', 'w').close(); import os; os.replace('/mnt/data/y', 'x')",
        ],
    )
    def test_can_be_written_to_in_every_way(self, session: Session, code: str):
        said(session, code)

        assert [entry.name for entry in session.files()] == ["x"]

    def test_can_hold_databases_of_any_kind(self, session: Session):
        said(session, "import shelve\nwith shelve.open('/mnt/data/kept') as kept:\n    kept['a'] = [1]")

        assert said(session, "dict(shelve.open('/mnt/data/kept'))") == "{'a': [1]}\n"

    def test_can_be_looked_through_in_every_way(self, session: Session):
        session.put("a/b.txt", b"x")
        code = (
            "import os, glob, pathlib\n"
            "print(os.listdir('/mnt/data'), [e.name for e in os.scandir('/mnt/data/a')], glob.glob('/mnt/data/*/*'))\n"
            "print(list(os.walk('/mnt/data')), sorted(map(str, pathlib.Path('/mnt/data').rglob('*'))))\n"
            "print(os.path.exists('/mnt/data/a/b.txt'), os.path.isdir('/mnt/data/a'), os.access('/mnt/data', os.W_OK))"
        )

        assert said(session, code) == (
            "['a'] ['b.txt'] ['/mnt/data/a/b.txt']\n"
            "[('/mnt/data', ['a'], []), ('/mnt/data/a', [], ['b.txt'])] ['/mnt/data/a', '/mnt/data/a/b.txt']\n"
            "True True True\n"
        )
