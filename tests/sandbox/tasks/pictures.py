"""Diagrams and images."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

PICTURES = (
    task(
        "line",
        """
        import numpy as np, matplotlib.pyplot as plt
        x = np.linspace(0, 2 * np.pi, 100)
        plt.plot(x, np.sin(x), label="$\\\\sin x$")
        plt.legend(); plt.title("Wave"); plt.show()
        """,
        "",
        pictures=1,
    ),
    task(
        "bars",
        "import matplotlib.pyplot as plt\nplt.bar(['a', 'b', 'c'], [3, 1, 2])\nplt.ylabel('count')\nplt.show()",
        "",
        pictures=1,
    ),
    task(
        "histogram",
        """
        import numpy as np, matplotlib.pyplot as plt
        counts, edges, _ = plt.hist(np.arange(100) % 10, bins=5)
        print(counts)
        """,
        "[20. 20. 20. 20. 20.]",
        pictures=1,
    ),
    task(
        "scatter with colours",
        """
        import numpy as np, matplotlib.pyplot as plt
        points = np.random.default_rng(1).normal(size=(2, 50))
        plt.scatter(*points, c=points[0], cmap="viridis"); plt.colorbar(); plt.show()
        """,
        "",
        pictures=1,
    ),
    task(
        "subplots",
        """
        import matplotlib.pyplot as plt
        figure, axes = plt.subplots(2, 2, figsize=(6, 6))
        for number, axis in enumerate(axes.flat):
            axis.plot([0, number])
        plt.tight_layout()
        axes
        """,
        "",
        pictures=1,
    ),
    task(
        "pie",
        "import matplotlib.pyplot as plt\nplt.pie([1, 2, 3], labels=list('abc'), autopct='%d%%')\nplt.show()",
        "",
        pictures=1,
    ),
    task(
        "plot of a data frame",
        "import pandas as pd\npd.DataFrame({'a': [1, 3, 2], 'b': [2, 2, 4]}).plot(kind='area')",
        "",
        pictures=1,
    ),
    task(
        "seaborn",
        """
        import pandas as pd, seaborn as sns
        import matplotlib.pyplot as plt
        table = pd.DataFrame({"kind": ["a", "a", "b", "b"], "size": [1, 2, 3, 5]})
        sns.boxplot(data=table, x="kind", y="size")
        plt.show()
        """,
        "",
        pictures=1,
    ),
    task(
        "two figures and a file",
        """
        import os, matplotlib.pyplot as plt
        for name in ("one", "two"):
            plt.figure(); plt.plot([1, 2]); plt.savefig(f"/mnt/data/{name}.pdf")
        print(sorted(os.listdir("/mnt/data")))
        """,
        "['one.pdf', 'two.pdf']",
        pictures=2,
    ),
    task(
        "image drawn, turned and made small",
        """
        from PIL import Image, ImageDraw, ImageFilter
        image = Image.new("RGB", (200, 100), "white")
        ImageDraw.Draw(image).rectangle((0, 0, 99, 99), fill=(255, 0, 0))
        image.save("/mnt/data/half.jpg", quality=90)
        turned = Image.open("/mnt/data/half.jpg").rotate(90, expand=True).filter(ImageFilter.BLUR)
        turned.thumbnail((50, 50))
        print(turned.size, turned.getpixel((12, 45))[0] > 200, turned.getpixel((12, 45))[1] < 60)
        turned
        """,
        "(25, 50) True True",
        pictures=1,
    ),
)
