"""What is shown of tables, figures and images."""

from __future__ import annotations

import pytest

from chat.sandbox.sessions.probe import Report
from chat.sandbox.sessions.session import Session
from chat.sandbox.values import Limits, Tier
from tests.sandbox.saying import said, sizes


@pytest.fixture
def tier(tiers: Report) -> Tier:
    """Any that works here: what happens inside the interpreter is the same in each."""
    return tiers.tier or "ns"


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
