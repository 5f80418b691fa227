"""What people ask for every day, as cells with what they must say. The answers were worked out without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent

SALES = b"""date,region,product,units,price
2026-01-05,North,apple,10,0.5
2026-01-20,South,apple,4,0.5
2026-02-03,North,pear,7,0.8
2026-02-14,South,pear,3,0.8
2026-03-01,North,apple,6,0.5
"""


@dataclass(frozen=True, slots=True)
class Task:
    """``files`` are in ``/mnt/data`` before; ``pictures`` is how many are shown."""

    name: str
    code: str
    says: str
    pictures: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)


def task(name: str, code: str, says: str, *, pictures: int = 0, **files: bytes) -> Task:
    named = {name.replace("_csv", ".csv"): data for name, data in files.items()}
    return Task(name, dedent(code).strip(), dedent(says).strip(), pictures, named)


TABLES = (
    task(
        "total by group",
        """
        import pandas as pd
        sales = pd.read_csv("/mnt/data/sales.csv")
        sales["revenue"] = sales.units * sales.price
        sales.groupby("region")["revenue"].sum()
        """,
        """
        region
        North    13.6
        South     4.4
        Name: revenue, dtype: float64
        """,
        sales_csv=SALES,
    ),
    task(
        "pivot table",
        """
        import pandas as pd
        sales = pd.read_csv("sales.csv")
        sales.pivot_table(index="product", columns="region", values="units", aggfunc="sum")
        """,
        """
        region   North  South
        product              
        apple       16      4
        pear         7      3
        """,
        sales_csv=SALES,
    ),
    task(
        "merge of two tables",
        """
        import pandas as pd
        people = pd.DataFrame({"id": [1, 2, 3], "name": ["Ada", "Bob", "Cy"]})
        ages = pd.DataFrame({"id": [3, 1], "age": [41, 36]})
        people.merge(ages, on="id", how="left").to_dict("records")
        """,
        "[{'id': 1, 'name': 'Ada', 'age': 36.0}, {'id': 2, 'name': 'Bob', 'age': nan}, "
        "{'id': 3, 'name': 'Cy', 'age': 41.0}]",
    ),
    task(
        "monthly sums",
        """
        import pandas as pd
        sales = pd.read_csv("/mnt/data/sales.csv", parse_dates=["date"])
        monthly = sales.set_index("date")["units"].resample("MS").sum()
        print({f"{month:%b}": int(units) for month, units in monthly.items()})
        """,
        "{'Jan': 14, 'Feb': 10, 'Mar': 6}",
        sales_csv=SALES,
    ),
    task(
        "missing values and duplicates",
        """
        import numpy as np, pandas as pd
        table = pd.DataFrame({"a": [1, 1, np.nan, 4], "b": ["x", "x", "y", None]})
        print(table.isna().sum().to_dict(), len(table.drop_duplicates()), table["a"].fillna(table["a"].mean()).tolist())
        """,
        "{'a': 1, 'b': 1} 3 [1.0, 1.0, 2.0, 4.0]",
    ),
    task(
        "CSV of an unknown dialect",
        """
        import csv
        with open("/mnt/data/odd.csv", newline="") as file:
            dialect = csv.Sniffer().sniff(file.read(200))
            file.seek(0)
            rows = list(csv.DictReader(file, dialect=dialect))
        print(repr(dialect.delimiter), rows[1])
        """,
        "';' {'name': 'pear', 'note': 'a; b'}",
        odd_csv=b'name;note\napple;"plain"\npear;"a; b"\n',
    ),
    task(
        "workbook written and read",
        """
        import pandas as pd
        with pd.ExcelWriter("/mnt/data/book.xlsx") as book:
            pd.DataFrame({"n": [1, 2, 3]}).to_excel(book, sheet_name="numbers", index=False)
            pd.DataFrame({"w": ["a", "b"]}).to_excel(book, sheet_name="words", index=False)
        import openpyxl
        again = openpyxl.load_workbook("/mnt/data/book.xlsx")
        again["numbers"]["B1"] = "=SUM(A2:A4)"
        again.save("/mnt/data/book.xlsx")
        print(pd.read_excel("book.xlsx", sheet_name=None)["words"].w.tolist(), again.sheetnames)
        """,
        "['a', 'b'] ['numbers', 'words']",
    ),
    task(
        "JSON flattened",
        """
        import json, pandas as pd
        with open("/mnt/data/people.json", "w") as file:
            json.dump([{"name": "Ada", "home": {"city": "London"}}, {"name": "Bo", "home": {"city": "Oslo"}}], file)
        pd.json_normalize(json.load(open("/mnt/data/people.json")))["home.city"].tolist()
        """,
        "['London', 'Oslo']",
    ),
    task(
        "table as Markdown",
        """
        import pandas as pd
        print(pd.DataFrame({"x": [1, 2], "y": [3, 4]}).to_markdown(index=False))
        """,
        """
        |   x |   y |
        |----:|----:|
        |   1 |   3 |
        |   2 |   4 |
        """,
    ),
    task(
        "query of a database",
        """
        import sqlite3
        base = sqlite3.connect("/mnt/data/shop.db")
        base.execute("create table item (name text, price real)")
        base.executemany("insert into item values (?, ?)", [("tea", 3.5), ("cup", 8.0), ("pot", 21.0)])
        base.commit()
        base.close()
        sqlite3.connect("/mnt/data/shop.db").execute("select count(*), avg(price) from item where price > 5").fetchone()
        """,
        "(2, 14.5)",
    ),
)

TIMES = (
    task(
        "days between dates",
        """
        from datetime import date, timedelta
        print((date(2026, 12, 25) - date(2026, 2, 28)).days, date(2024, 2, 28) + timedelta(days=2))
        """,
        "300 2024-03-01",
    ),
    task(
        "time zones and summer time",
        """
        from datetime import datetime
        from zoneinfo import ZoneInfo
        start = datetime(2026, 3, 29, 0, 30, tzinfo=ZoneInfo("UTC"))
        print([start.replace(hour=hour).astimezone(ZoneInfo("Europe/Berlin")).isoformat() for hour in (0, 1)])
        print(datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("America/New_York")).astimezone(ZoneInfo("Asia/Tokyo")))
        """,
        """
        ['2026-03-29T01:30:00+01:00', '2026-03-29T03:30:00+02:00']
        2026-07-01 22:00:00+09:00
        """,
    ),
    task(
        "working days with pandas",
        """
        import pandas as pd
        days = pd.bdate_range("2026-02-01", "2026-02-28")
        print(len(days), days[0].day_name(), pd.Timestamp("2026-08-26").quarter)
        """,
        "20 Monday 3",
    ),
    task(
        "calendar",
        """
        import calendar
        print(calendar.isleap(2028), calendar.monthrange(2028, 2), calendar.day_name[calendar.weekday(2000, 1, 1)])
        """,
        "True (calendar.TUESDAY, 29) Saturday",
    ),
)

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

NUMBERS = (
    task(
        "equation",
        "from sympy import Eq, solve, symbols\nx = symbols('x')\nsolve(Eq(3*x + 11, 14), x)",
        "[1]",
    ),
    task(
        "derivative and integral",
        """
        from sympy import diff, exp, integrate, oo, sin, symbols
        x = symbols("x")
        print(diff(sin(x) * x**2, x), integrate(exp(-(x**2)), (x, -oo, oo)))
        """,
        "x**2*cos(x) + 2*x*sin(x) sqrt(pi)",
    ),
    task(
        "system of equations, both ways",
        """
        import numpy as np
        from sympy import Matrix, symbols, linsolve
        print(np.linalg.solve([[2, 1], [1, 3]], [3, 5]), linsolve((Matrix([[2, 1], [1, 3]]), Matrix([3, 5])), *symbols("x y")))
        """,
        "[0.8 1.4] {(4/5, 7/5)}",
    ),
    task(
        "eigenvalues",
        "import numpy as np\nnp.linalg.eigvalsh([[2, 1], [1, 2]]).round(6).tolist()",
        "[1.0, 3.0]",
    ),
    task(
        "statistics",
        """
        import statistics as s
        data = [2, 4, 4, 4, 5, 5, 7, 9]
        print(s.mean(data), s.median(data), s.mode(data), s.pstdev(data), s.quantiles(data, n=4))
        """,
        "5 4.5 4 2.0 [4.0, 4.5, 6.5]",
    ),
    task(
        "t-test and correlation",
        """
        from scipy import stats
        first, second = [5.1, 4.9, 5.6, 5.8, 6.0], [4.1, 4.4, 4.0, 4.6, 4.9]
        print(round(stats.ttest_ind(first, second).statistic, 3), round(stats.pearsonr(first, second)[0], 3))
        """,
        "4.111 0.614",
    ),
    task(
        "minimum, root and integral",
        """
        from scipy import integrate, optimize
        lowest = optimize.minimize(lambda p: (p[0] - 3) ** 2 + (p[1] + 1) ** 2, [0, 0])
        print(lowest.x.round(3).tolist(), round(optimize.brentq(lambda x: x**3 - 2, 0, 2), 6))
        print(round(integrate.quad(lambda x: x**2, 0, 3)[0], 9))
        """,
        """
        [3.0, -1.0] 1.259921
        9.0
        """,
    ),
    task(
        "regression",
        """
        import numpy as np
        from sklearn.linear_model import LinearRegression
        x = np.arange(10).reshape(-1, 1)
        model = LinearRegression().fit(x, 3 * x.ravel() + 2)
        print(round(model.coef_[0], 6), round(model.intercept_, 6), np.polyfit(x.ravel(), 3 * x.ravel() + 2, 1).round(6))
        """,
        "3.0 2.0 [3. 2.]",
    ),
    task(
        "clusters",
        """
        from sklearn.cluster import KMeans
        labels = KMeans(2, n_init=5, random_state=0).fit_predict([[0, 0], [0, 1], [9, 9], [9, 8]])
        print(labels[0] == labels[1], labels[2] == labels[3], labels[0] != labels[2])
        """,
        "True True True",
    ),
    task(
        "exact money",
        """
        from decimal import Decimal, ROUND_HALF_UP
        from fractions import Fraction
        print((Decimal("19.99") * 3 * Decimal("1.19")).quantize(Decimal("0.01"), ROUND_HALF_UP), Fraction(1, 3) + Fraction(1, 6))
        """,
        "71.36 1/2",
    ),
    task(
        "numbers of chance, again the same",
        """
        import random, numpy as np
        random.seed(42)
        first = [random.randint(1, 6) for _ in range(5)]
        random.seed(42)
        print(first == [random.randint(1, 6) for _ in range(5)], first, np.random.default_rng(0).integers(0, 10, 5).tolist())
        """,
        "True [6, 1, 1, 6, 3] [8, 6, 5, 2, 3]",
    ),
    task(
        "primes",
        """
        def primes(limit):
            sieve = bytearray([1]) * (limit + 1)
            sieve[:2] = b"\\0\\0"
            for number in range(2, int(limit**0.5) + 1):
                if sieve[number]:
                    sieve[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
            return [number for number, is_prime in enumerate(sieve) if is_prime]
        len(primes(100_000)), primes(30)
        """,
        "(9592, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29])",
    ),
)

TEXTS = (
    task(
        "pattern",
        r"""
        import re
        text = "Mail ada@example.org or bob.b@test.co.uk, not @nobody. Call 030-1234."
        print(re.findall(r"[\w.]+@[\w-]+(?:\.[\w-]+)+", text), re.sub(r"\d(?=\d{2})", "*", "030-1234"))
        """,
        "['ada@example.org', 'bob.b@test.co.uk'] *30-**34",
    ),
    task(
        "words counted",
        """
        from collections import Counter
        text = "the cat and the dog and the bird"
        print(Counter(text.split()).most_common(2), len(text), sum(map(str.isalpha, text)))
        """,
        "[('the', 3), ('and', 2)] 32 25",
    ),
    task(
        "umlauts, accents and emoji",
        """
        import unicodedata
        print("Größe".casefold(), unicodedata.normalize("NFD", "é").encode("ascii", "ignore").decode(), "👍".encode())
        open("/mnt/data/naïve 文.txt", "w").write("ok")
        """,
        """
        grösse e b'\\xf0\\x9f\\x91\\x8d'
        2
        """,
    ),
    task(
        "difference of two texts",
        """
        import difflib
        print("\\n".join(difflib.unified_diff(["one", "two"], ["one", "three"], lineterm="", n=0)[2:] if False else
              [line for line in difflib.ndiff(["one", "two"], ["one", "three"]) if line[0] in "+-"]))
        """,
        """
        - two
        + three
        """,
    ),
    task(
        "hash and base64",
        """
        import base64, hashlib
        print(base64.b64encode("héllo".encode()).decode(), hashlib.sha256(b"abc").hexdigest()[:16], hashlib.md5(b"").hexdigest()[:8])
        """,
        "aMOpbGxv ba7816bf8f01cfea d41d8cd9",
    ),
    task(
        "XML and HTML",
        """
        import html, xml.etree.ElementTree as tree
        open("/mnt/data/a.xml", "w").write("<shop><item price='3'>tea</item><item price='4'>cup</item></shop>")
        root = tree.parse("/mnt/data/a.xml").getroot()
        print(sum(int(item.get("price")) for item in root), html.unescape("&lt;b&gt; &amp;"))
        """,
        "7 <b> &",
    ),
)

FILES = (
    task(
        "zip archive",
        """
        import zipfile
        with zipfile.ZipFile("/mnt/data/all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/one.txt", "1" * 1000)
            archive.writestr("two.txt", "2")
        with zipfile.ZipFile("/mnt/data/all.zip") as archive:
            archive.extractall("/mnt/data/out")
            print(archive.namelist(), archive.getinfo("a/one.txt").compress_size < 100)
        import os
        print(os.path.getsize("/mnt/data/out/a/one.txt"))
        """,
        """
        ['a/one.txt', 'two.txt'] True
        1000
        """,
    ),
    task(
        "tar and gzip",
        """
        import gzip, shutil, tarfile, pathlib
        pathlib.Path("/mnt/data/in").mkdir()
        pathlib.Path("/mnt/data/in/x.txt").write_text("hello")
        with tarfile.open("/mnt/data/in.tar.gz", "w:gz") as archive:
            archive.add("/mnt/data/in", arcname="in")
        with gzip.open("/mnt/data/y.gz", "wt") as file:
            file.write("y" * 10)
        shutil.make_archive("/mnt/data/copy", "zip", "/mnt/data/in")
        print(tarfile.open("/mnt/data/in.tar.gz").getnames(), gzip.open("y.gz", "rt").read(), pathlib.Path("copy.zip").exists())
        """,
        "['in', 'in/x.txt'] yyyyyyyyyy True",
    ),
    task(
        "folders walked",
        """
        import glob, os, pathlib, shutil
        for name in ("a/1.txt", "a/b/2.txt", "c.csv"):
            path = pathlib.Path("/mnt/data") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        print(sorted(glob.glob("/mnt/data/**/*.txt", recursive=True)))
        print([str(path) for path in sorted(pathlib.Path("/mnt/data").rglob("*.csv"))], os.getcwd())
        shutil.move("/mnt/data/c.csv", "/mnt/data/a/d.csv"); os.rename("/mnt/data/a", "/mnt/data/z")
        shutil.rmtree("/mnt/data/z/b")
        print([(folder, files) for folder, _, files in os.walk("/mnt/data")])
        """,
        """
        ['/mnt/data/a/1.txt', '/mnt/data/a/b/2.txt']
        ['/mnt/data/c.csv'] /mnt/data
        [('/mnt/data', []), ('/mnt/data/z', ['1.txt', 'd.csv'])]
        """,
    ),
    task(
        "scratch files",
        """
        import tempfile
        with tempfile.NamedTemporaryFile("w+", suffix=".txt") as file, tempfile.TemporaryDirectory() as folder:
            file.write("x"); file.seek(0)
            open(f"{folder}/y", "w").write("z")
            print(file.read())
        """,
        "x",
    ),
    task(
        "objects kept in a file",
        """
        import pickle, numpy as np
        from dataclasses import dataclass
        @dataclass
        class Point:
            x: int
            y: int
        with open("/mnt/data/point.pkl", "wb") as file:
            pickle.dump(Point(1, 2), file)
        np.save("/mnt/data/grid.npy", np.eye(2)); np.savetxt("/mnt/data/grid.txt", np.eye(2))
        with open("/mnt/data/point.pkl", "rb") as file:
            print(pickle.load(file), np.load("/mnt/data/grid.npy").trace(), np.loadtxt("/mnt/data/grid.txt").sum())
        """,
        "Point(x=1, y=2) 2.0 2.0",
    ),
    task(
        "Word document",
        """
        import docx
        document = docx.Document()
        document.add_heading("Report", 1)
        document.add_paragraph("All is well.")
        document.add_table(rows=1, cols=2).cell(0, 1).text = "cell"
        document.save("/mnt/data/report.docx")
        again = docx.Document("/mnt/data/report.docx")
        print([paragraph.text for paragraph in again.paragraphs], again.tables[0].cell(0, 1).text)
        """,
        "['Report', 'All is well.'] cell",
    ),
    task(
        "slides",
        """
        from pptx import Presentation
        slides = Presentation()
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = "Plan"
        slide.placeholders[1].text = "First this"
        slides.save("/mnt/data/plan.pptx")
        print([shape.text for shape in Presentation("/mnt/data/plan.pptx").slides[0].shapes])
        """,
        "['Plan', 'First this']",
    ),
    task(
        "text of a PDF",
        """
        import matplotlib.pyplot as plt
        from pypdf import PdfReader
        plt.rcParams["pdf.fonttype"] = 42
        figure = plt.figure(); figure.text(0.1, 0.5, "Readable words"); figure.savefig("/mnt/data/page.pdf"); plt.close()
        reader = PdfReader("/mnt/data/page.pdf")
        print(len(reader.pages), reader.pages[0].extract_text())
        """,
        "1 Readable words",
    ),
    task(
        "formatted workbook with a chart",
        """
        import xlsxwriter, openpyxl
        with xlsxwriter.Workbook("/mnt/data/chart.xlsx") as book:
            sheet = book.add_worksheet("data")
            sheet.write_column("A1", [1, 4, 9], book.add_format({"bold": True}))
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=data!$A$1:$A$3"})
            sheet.insert_chart("C1", chart)
        print([row[0] for row in openpyxl.load_workbook("/mnt/data/chart.xlsx")["data"].iter_rows(values_only=True)])
        """,
        "[1, 4, 9]",
    ),
)

PROGRAMS = (
    task(
        "sorting, written by hand",
        """
        def merge_sort(items):
            if len(items) < 2:
                return items
            middle = len(items) // 2
            left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
            merged = []
            while left and right:
                merged.append((left if left[0] <= right[0] else right).pop(0))
            return merged + left + right
        print(merge_sort([5, 2, 9, 1, 5, 6]))
        """,
        "[1, 2, 5, 5, 6, 9]",
    ),
    task(
        "shortest way in a graph",
        """
        import heapq
        graph = {"a": {"b": 4, "c": 1}, "c": {"b": 2, "d": 7}, "b": {"d": 1}, "d": {}}
        best, queue = {}, [(0, "a", ["a"])]
        while queue:
            cost, node, way = heapq.heappop(queue)
            if node not in best:
                best[node] = (cost, way)
                for there, more in graph[node].items():
                    heapq.heappush(queue, (cost + more, there, [*way, there]))
        best["d"]
        """,
        "(4, ['a', 'c', 'b', 'd'])",
    ),
    task(
        "sets and permutations",
        """
        from itertools import combinations, permutations
        print(sorted({1, 2, 3} ^ {3, 4}), len(list(permutations(range(5)))), list(combinations("abc", 2)))
        """,
        "[1, 2, 4] 120 [('a', 'b'), ('a', 'c'), ('b', 'c')]",
    ),
    task(
        "classes with inheritance",
        """
        from abc import ABC, abstractmethod
        class Shape(ABC):
            @abstractmethod
            def area(self): ...
            def __repr__(self):
                return f"{type(self).__name__}({self.area():.2f})"
        class Circle(Shape):
            def __init__(self, radius):
                self.radius = radius
            def area(self):
                return 3.14159 * self.radius**2
        [Circle(1), Circle(2)]
        """,
        "[Circle(3.14), Circle(12.57)]",
    ),
    task(
        "several things at once",
        """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        async def square(number):
            await asyncio.sleep(0.01)
            return number * number
        async def main():
            return await asyncio.gather(*(square(number) for number in range(4)))
        with ThreadPoolExecutor(4) as pool:
            print(asyncio.run(main()), list(pool.map(str, range(3))))
        """,
        "[0, 1, 4, 9] ['0', '1', '2']",
    ),
    task(
        "simulation",
        """
        import numpy as np
        x, y = np.random.default_rng(7).random((2, 1_000_000))
        print(abs(4 * np.mean(x**2 + y**2 <= 1) - np.pi) < 0.01)
        """,
        "True",
    ),
    task(
        "a module of one's own",
        """
        open("/mnt/data/mine.py", "w").write("def double(x):\\n    return 2 * x\\n")
        import mine
        mine.double(21)
        """,
        "42",
    ),
)

TASKS = (*TABLES, *TIMES, *PICTURES, *NUMBERS, *TEXTS, *FILES, *PROGRAMS)
