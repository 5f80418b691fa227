"""Tables, workbooks, databases."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

SALES = b"""date,region,product,units,price
2026-01-05,North,apple,10,0.5
2026-01-20,South,apple,4,0.5
2026-02-03,North,pear,7,0.8
2026-02-14,South,pear,3,0.8
2026-03-01,North,apple,6,0.5
"""

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
