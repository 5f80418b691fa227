"""Each library once, at what people reach for it. One session runs them all: to import them takes seconds.

Names of files are relative: in the tier without namespaces a library that opens files in C finds no others.
"""

from __future__ import annotations

from tests.sandbox.tasks.task import task

SHELF = (
    task(
        "statsmodels",
        """
        import numpy as np, statsmodels.api as sm
        x = np.arange(10.0)
        print(sm.OLS(2 * x + 1, sm.add_constant(x)).fit().params.round(6))
        """,
        "[1. 2.]",
    ),
    task(
        "skimage",
        """
        import numpy as np
        from skimage import measure
        image = np.zeros((20, 20), int); image[2:5, 2:5] = 1; image[10:15, 10:15] = 1
        print(measure.label(image).max(), [int(region.area) for region in measure.regionprops(measure.label(image))])
        """,
        "2 [9, 25]",
    ),
    task(
        "cv2",
        """
        import cv2, numpy as np
        image = np.zeros((100, 100), np.uint8); image[30:70, 30:70] = 255
        cv2.imwrite("edges.png", cv2.Canny(image, 50, 150))
        print((cv2.imread("edges.png", cv2.IMREAD_GRAYSCALE) > 0).sum() > 100)
        """,
        "True",
    ),
    task(
        "networkx",
        """
        import networkx as nx, matplotlib.pyplot as plt
        graph = nx.path_graph(5)
        print(nx.shortest_path(graph, 0, 4))
        nx.draw(graph, with_labels=True); plt.show()
        """,
        "[0, 1, 2, 3, 4]",
        pictures=1,
    ),
    task(
        "nltk",
        "import nltk\nprint(nltk.stem.PorterStemmer().stem('running'), nltk.edit_distance('kitten', 'sitting'))",
        "run 3",
    ),
    task(
        "plotly",
        """
        import os, plotly.express as px
        px.bar(x=["a", "b"], y=[1, 2]).write_html("bar.html")
        print(os.path.getsize("bar.html") > 1_000_000)
        """,
        "True",
    ),
    task(
        "wordcloud",
        """
        from wordcloud import WordCloud
        WordCloud(width=200, height=100).generate_from_frequencies({"東京": 3, "data": 2, "한국": 1}).to_image()
        """,
        "",
        pictures=1,
    ),
    task("qrcode", "import qrcode\nqrcode.make('https://example.org').get_image()", "", pictures=1),
    task(
        "reportlab and pdfplumber",
        """
        import pdfplumber
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen import canvas
        pdfmetrics.registerFont(TTFont("SimHei", "SimHei.ttf"))
        page = canvas.Canvas("page.pdf")
        page.setFont("SimHei", 20); page.drawString(50, 700, "日本語 简体中文 한국어")
        page.save()
        with pdfplumber.open("page.pdf") as pdf:
            print(pdf.pages[0].extract_text())
        """,
        "日本語 简体中文 한국어",
    ),
    task(
        "reportlab of joined letters",
        """
        import pdfplumber
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.platypus import Paragraph, SimpleDocTemplate
        pdfmetrics.registerFont(TTFont("Hindi", "NotoSansDevanagari.ttf"))
        def width(shaping):
            style = ParagraphStyle("a", fontName="Hindi", shaping=shaping)
            SimpleDocTemplate("hindi.pdf").build([Paragraph("क्षत्रिय", style)])
            with pdfplumber.open("hindi.pdf") as pdf:
                return max(char["x1"] for char in pdf.pages[0].chars)
        print(width(shaping=1) < width(shaping=0))
        """,
        "True",
    ),
    task(
        "bs4, html5lib and lxml",
        """
        from bs4 import BeautifulSoup
        print(*(BeautifulSoup("<p>one<p>two", parser).find_all("p")[1].text for parser in ("html5lib", "lxml")))
        """,
        "two two",
    ),
    task(
        "markdown, jinja2 and yaml",
        """
        import jinja2, markdown, yaml
        print(jinja2.Template("{{ a|join('-') }}").render(yaml.safe_load("a: [1, 2]")), markdown.markdown("*b*"))
        """,
        "1-2 <p><em>b</em></p>",
    ),
    task(
        "pyarrow",
        """
        import pandas as pd
        frame = pd.DataFrame({"city": ["Kyoto", None], "n": [1, 2]})
        frame.to_parquet("a.parquet"); frame.to_feather("a.feather")
        print(pd.read_parquet("a.parquet").equals(frame), len(pd.read_feather("a.feather")))
        """,
        "True 2",
    ),
    task(
        "h5py",
        """
        import h5py
        with h5py.File("a.h5", "w") as file: file["x"] = [1, 2, 3]
        with h5py.File("a.h5") as file: print(file["x"][:].sum())
        """,
        "6",
    ),
    task(
        "odfdo and python_calamine",
        """
        import pandas as pd
        from odfdo import Document, Table
        document, table = Document("spreadsheet"), Table("Sheet")
        document.body.clear(); table.set_values([["a", "b"], [1, "x"]]); document.body.append(table)
        document.save("a.ods")
        print(pd.read_excel("a.ods").to_dict("records"))
        """,
        "[{'a': 1, 'b': 'x'}]",
    ),
    task(
        "xlrd",
        """
        import xlrd
        try:
            xlrd.open_workbook(file_contents=b"no workbook")
        except xlrd.XLRDError as error:
            print("Unsupported format" in str(error))
        """,
        "True",
    ),
    task(
        "pytz and tqdm",
        "import pytz, tqdm\nprint(pytz.timezone('Asia/Tokyo'), sum(tqdm.tqdm([1, 2], disable=True)))",
        "Asia/Tokyo 3",
    ),
)
