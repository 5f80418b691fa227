"""Archives, folders, documents."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

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
        print(tarfile.open("/mnt/data/in.tar.gz").getnames(), gzip.open("y.gz", "rt").read())
        pathlib.Path("copy.zip").exists()
        """,
        "['in', 'in/x.txt'] yyyyyyyyyy\nTrue",
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
        print([(folder, sorted(files)) for folder, _, files in os.walk("/mnt/data")])
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
        plt.figure().text(0.1, 0.5, "Readable words"); plt.savefig("/mnt/data/page.pdf"); plt.close()
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
