"""Files that are broken or meant to harm, by what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.documents import harm, samples

Case = tuple[str, Callable[[], bytes], str, str]
"""A name, a maker, the expected code, and words of the message."""

REFUSED: dict[str, Case] = {
    "an empty file": ("a.pdf", bytes, "invalid_file", "is empty"),
    "only white space": ("a.txt", lambda: b" \n\t\r\n" * 1000, "invalid_file", "contains no text"),
    "zero bytes": ("a.txt", lambda: bytes(5000), "invalid_file", "not a text file"),
    "random bytes as text": ("a.md", lambda: harm.noise(50_000), "invalid_file", "not a text file"),
    "random bytes as source": ("a.py", lambda: harm.noise(50_000, seed=5), "invalid_file", "not a text file"),
    "random bytes as PDF": ("a.pdf", lambda: harm.noise(50_000), "invalid_file", "is not a PDF"),
    "random bytes after a PDF's mark": (
        "a.pdf",
        lambda: b"%PDF-1.7\n" + harm.noise(50_000),
        "invalid_file",
        "not a PDF",
    ),
    "random bytes as slides": ("a.pptx", lambda: harm.noise(50_000), "invalid_file", "not a PowerPoint file"),
    "random bytes after a zip's mark": ("a.docx", lambda: b"PK\x03\x04" + harm.noise(9000), "invalid_file", "broken"),
    "a picture called text": (
        "a.txt",
        lambda: b"\x89PNG\r\n\x1a\n" + harm.noise(9000),
        "invalid_file",
        "not a text file",
    ),
    "a web page called PDF": ("a.pdf", lambda: b"<!DOCTYPE html><p>404", "invalid_file", "it is a web page"),
    "rich text of endless groups": ("a.rtf", lambda: b"{\\rtf1 " + b"{" * 2_000_000, "invalid_file", "rich text file"),
    "random bytes as rich text": ("a.rtf", lambda: harm.noise(9000), "invalid_file", "not a rich text file"),
    "old Word called new": ("a.docx", lambda: harm.OLE + harm.noise(9000), "unsupported_file", "Save it as .docx"),
    "old Word": ("a.doc", lambda: harm.OLE + harm.noise(9000), "unsupported_file", "Save it as .docx"),
    "a program": ("a.exe", lambda: b"MZ" + harm.noise(900), "unsupported_file", "[.exe] are not supported"),
    "a Word document with a password": (
        "a.docx",
        lambda: harm.OLE + bytes(1 << 20) + "EncryptedPackage".encode("utf-16-le") + bytes(99),
        "invalid_file",
        "The Word document is protected by a password.",
    ),
    "a zip archive with a password": (
        "a.docx",
        lambda: harm.word().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
        "invalid_file",
        "protected by a password",
    ),
    "a PDF with a password": (
        "a.pdf",
        lambda: samples.pdf([samples.prose(["secret"])], extra=harm.ENCRYPT),
        "invalid_file",
        "The PDF is protected by a password.",
    ),
    "a PDF cut off early": ("a.pdf", lambda: harm.page()[:300], "invalid_file", "broken or not a PDF"),
    "a PDF with pages in a ring": ("a.pdf", harm.loop_of_pages, "invalid_file", "PDF"),
    "a PDF with too many pages": ("a.pdf", lambda: harm.page_count(99_999), "invalid_file", "too large"),
    "a PDF whose content unpacks to gigabytes": ("a.pdf", harm.stream_of_zeros, "invalid_file", "too much memory"),
    "a Word document cut off": ("a.docx", lambda: harm.word()[:-200], "invalid_file", "broken"),
    "a Word document with holes": (
        "a.docx",
        lambda: harm.word()[:9000] + bytes(9000) + harm.word()[18000:],
        "invalid_file",
        "broken",
    ),
    "a Word document without a document": (
        "a.docx",
        lambda: samples.archive({"[Content_Types].xml": samples.content_types({"/x": "application/xml"})}),
        "unsupported_file",
        "of a kind that cannot be read",
    ),
    "a Word document that only says so": (
        "a.docx",
        lambda: samples.archive(
            {
                "[Content_Types].xml": samples.content_types(
                    {"/x": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"}
                )
            }
        ),
        "invalid_file",
        "not a Word document",
    ),
    "a Word document of endless elements": ("a.docx", harm.endless_nesting, "invalid_file", "not a Word document"),
    "old Word with holes": ("a.doc", lambda: harm.with_holes("reede.doc"), "invalid_file", "not a Word document"),
    "an OpenDocument text with an entity bomb": (
        "a.odt",
        lambda: samples.changed(
            samples.open_text(""), {"content.xml": f"{harm.BOMB}<office:text xmlns:office='urn:o'>&j;</office:text>"}
        ),
        "invalid_file",
        "broken or not",
    ),
    "an OpenDocument text of deep elements": (
        "a.odt",
        lambda: samples.open_text("<text:section>" * 9000 + "</text:section>" * 9000),
        "invalid_file",
        "broken or not",
    ),
    "an OpenDocument text without content": (
        "a.odt",
        lambda: samples.archive({"mimetype": "application/vnd.oasis.opendocument.text"}),
        "invalid_file",
        "broken or not",
    ),
    "an OpenDocument text that is a zip bomb": (
        "a.odt",
        lambda: samples.changed(samples.open_text(""), {"content.xml": bytes(200 << 20)}),
        "invalid_file",
        "too large",
    ),
    "an e-book without a spine": (
        "a.epub",
        lambda: samples.archive({"mimetype": "application/epub+zip"}),
        "invalid_file",
        "broken or not an e-book",
    ),
    "an e-book with an entity bomb": (
        "a.epub",
        lambda: samples.changed(samples.book({}, titles={}), {"text/book.opf": f"{harm.BOMB}<package>&j;</package>"}),
        "invalid_file",
        "broken or not an e-book",
    ),
    "mail of endless nesting": ("a.eml", harm.nested_mail, "invalid_file", "broken or not an e-mail message"),
    "text called mail": ("a.eml", lambda: b"just words\n", "invalid_file", "not an e-mail message"),
    "text called a notebook": ("a.ipynb", lambda: b"just words\n", "invalid_file", "not a notebook"),
    "a notebook of brackets": ("a.ipynb", lambda: b"[" * 1_000_000, "invalid_file", "not a notebook"),
    "JSON of nothing but brackets": ("a.json", lambda: b"[" * 90_000 + b"]" * 90_000, "invalid_file", "no text"),
    "an empty zip archive": (
        "a.docx",
        lambda: samples.archive({}),
        "unsupported_file",
        "a zip archive, not a document",
    ),
    "a zip archive called text": ("a.txt", lambda: samples.archive({"a": "b"}), "unsupported_file", "a zip archive"),
    "zip archives in zip archives": ("a.docx", harm.quine_of_zips, "unsupported_file", "a zip archive"),
    "a flat zip bomb": (
        "a.docx",
        lambda: samples.changed(harm.word(), {"word/media/zeros": bytes(200 << 20)}),
        "invalid_file",
        "too large",
    ),
    "a zip bomb of moderate parts": (
        "a.pptx",
        lambda: samples.changed(harm.deck(), {f"ppt/media/{number}": bytes(9 << 20) for number in range(40)}),
        "invalid_file",
        "too large",
    ),
    "a zip archive of 25,000 members": ("a.docx", harm.many_members, "invalid_file", "up to 20,000 parts"),
    "a sheet that lies about its size": ("a.xlsx", harm.lying_size, "invalid_file", "not a spreadsheet"),
    "an OpenDocument sheet that is one huge rectangle": (
        "a.ods",
        harm.endless_rows,
        "invalid_file",
        "up to 64 million characters",
    ),
    "an OpenDocument sheet with an entity bomb": (
        "a.ods",
        lambda: samples.opendocument_sheet(samples.opendocument_cell("&j;"), prolog=harm.BOMB),
        "invalid_file",
        "not a spreadsheet",
    ),
    "an old workbook that only says so": (
        "a.xls",
        lambda: harm.OLE + harm.noise(9000) + "Workbook\0".encode("utf-16-le") + bytes(99),
        "unsupported_file",
        "Save it as .xlsx",
    ),
    "an old workbook with a password": (
        "a.xls",
        lambda: harm.OLE + bytes(999) + "EncryptedPackage".encode("utf-16-le") + "Workbook\0".encode("utf-16-le"),
        "invalid_file",
        "The spreadsheet is protected by a password.",
    ),
    "old Word called an old workbook": ("a.xls", lambda: harm.OLE + harm.noise(9000), "unsupported_file", "old Office"),
    "a sheet with an entity bomb": (
        "a.xlsx",
        lambda: harm.with_doctype(harm.sheet(), "xl/worksheets/sheet1.xml", harm.BOMB, "visible"),
        "invalid_file",
        "not a spreadsheet",
    ),
    "a sheet with external entities": (
        "a.xlsx",
        lambda: harm.with_doctype(harm.sheet(), "xl/worksheets/sheet1.xml", harm.XXE, "visible"),
        "invalid_file",
        "not a spreadsheet",
    ),
    "a sheet of endless elements": (
        "a.xlsx",
        lambda: samples.changed(harm.sheet(), {"xl/worksheets/sheet1.xml": "<a>" * 1_000_000}),
        "invalid_file",
        "not a spreadsheet",
    ),
    "a workbook cut off": ("a.xlsx", lambda: harm.sheet()[:-100], "invalid_file", "broken"),
    "a workbook with broken XML": (
        "a.xlsx",
        lambda: samples.changed(harm.sheet(), {"xl/workbook.xml": "<workbook><sheets"}),
        "invalid_file",
        "spreadsheet",
    ),
    "a Word document with an entity bomb": (
        "a.docx",
        lambda: harm.with_doctype(harm.word(), "word/document.xml", harm.BOMB, "visible text"),
        "invalid_file",
        "broken or not a",
    ),
    "slides with an entity bomb": (
        "a.pptx",
        lambda: harm.with_doctype(harm.deck(), "ppt/slides/slide1.xml", harm.BOMB, "visible text"),
        "invalid_file",
        "broken or not a",
    ),
    "a web page of 30 MB": ("a.html", lambda: b"<p>word</p>" * 3_000_000, "invalid_file", "up to 20 MB"),
    "100 MB in one line": ("a.txt", lambda: b"x" * 100_000_000, "invalid_file", "up to 64 million characters"),
    "a cell of gigabytes": (
        "a.csv",
        lambda: b'a,b\n1,"x",' + b"2" * 80_000_000,
        "invalid_file",
        "up to 64 million characters",
    ),
}

READ: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "an OpenDocument text with external entities": (
        "a.odt",
        lambda: samples.changed(
            samples.open_text(""),
            {"content.xml": harm.XXE + samples.open_content("<text:p>visible &a;</text:p>")},
        ),
        "visible",
    ),
    "an OpenDocument table of a million million repeated cells": (
        "a.odt",
        lambda: samples.open_text(
            "<table:table><table:table-row table:number-rows-repeated='1000000'><table:table-cell"
            " table:number-columns-repeated='1000000' table:number-columns-spanned='1000000'"
            " table:number-rows-spanned='99999999999'><text:p>visible</text:p></table:table-cell>"
            "</table:table-row></table:table>"
        ),
        "visible",
    ),
    "an e-book with a spine of 400,000 items": (
        "a.epub",
        lambda: samples.book({"a": "<p>visible</p>"}, titles={}, spine=["a"] * 400_000),
        "visible",
    ),
    "an e-book with ways out of it": (
        "a.epub",
        lambda: samples.book({"a": "<p>visible</p>"}, titles={}, spine=["a", "../../../../etc/passwd", "/etc/passwd"]),
        "visible",
    ),
    "mail of a million headers": (
        "a.eml",
        lambda: b"From: a@b.example\n" + b"X: y\n" * 300_000 + b"\nvisible",
        "visible",
    ),
    "mail with a boundary that never comes": (
        "a.eml",
        lambda: b"From: a\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nvisible" + b"\n--y" * 90_000,
        "visible",
    ),
    "JSON in 50,000 objects": ("a.json", lambda: b'{"a":' * 50_000 + b'"visible"' + b"}" * 50_000, "visible"),
    "JSON of one endless string": ("a.json", lambda: b'["' + b"visible " * 2_000_000 + b'"]', "visible"),
    "JSON with a number of 100,000 digits": ("a.json", lambda: b'["visible",' + b"9" * 100_000 + b"]", "visible"),
    "old slides with holes": ("a.ppt", lambda: harm.with_holes("quay.ppt"), ""),
    "rich text that is a picture": ("a.rtf", lambda: b"{\\rtf1{\\pict " + b"00" * 9000, ""),
    "rich text called Word": ("a.docx", lambda: b"{\\rtf1 visible text}", "visible text"),
    "rich text that is cut off": ("a.rtf", lambda: b"{\\rtf1 {{visible text{\\footnote x", "visible text"),
    "rich text with wrong lengths": ("a.rtf", lambda: b"{\\rtf1 visible\\bin-5 \\uc-3\\u99999999 \\f999 x}", "visible"),
    "rich text that closes more than it opened": (
        "a.rtf",
        lambda: b"{\\rtf1 x" + b"}" * 90_000 + b"visible",
        "visible",
    ),
    "rich text of a million cells in a row": (
        "a.rtf",
        lambda: b"{\\rtf1 " + b"\\cellx9" * 300_000 + b"x\\cell" * 300_000 + b"\\row visible}",
        "visible",
    ),
    "a PDF without its end": ("a.pdf", lambda: harm.page().partition(b"startxref")[0], "visible text"),
    "a PDF with rubbish before it": ("a.pdf", lambda: b"rubbish\n" * 20 + harm.page(), "visible text"),
    "a PDF called text": ("a.txt", harm.page, "visible text"),
    "a PDF that says it has a few thousand pages more": ("a.pdf", lambda: harm.page_count(3000), "visible text"),
    "a PDF with bookmarks in a ring": ("a.pdf", harm.loop_of_bookmarks, ""),
    "a PDF with a picture of a thousand million pixels": (
        "a.pdf",
        lambda: harm.one_page("/I Do", resources="/XObject<</I 5 0 R>>"),
        "",
    ),
    "a PDF with 20,000 words all over a page": ("a.pdf", harm.scattered_words, "visible"),
    "a PDF with 20,000 white words on as many areas": ("a.pdf", lambda: harm.scattered_words(hidden=True), "visible"),
    "a PDF with a form in itself": ("a.pdf", lambda: harm.one_page("/F Do", resources="/XObject<</F 6 0 R>>"), ""),
    "a Word document with external entities": (
        "a.docx",
        lambda: harm.with_doctype(harm.word(), "word/document.xml", harm.XXE, "visible text"),
        "visible text",
    ),
    "a Word document with rules from elsewhere": (
        "a.docx",
        lambda: harm.with_doctype(harm.word(), "word/document.xml", harm.REMOTE, "visible text"),
        "visible text",
    ),
    "slides with external entities": (
        "a.pptx",
        lambda: harm.with_doctype(harm.deck(), "ppt/slides/slide1.xml", harm.XXE, "visible text"),
        "visible text",
    ),
    "a Word document of deep controls": ("a.docx", harm.nested_controls, "deep"),
    "XML with an entity bomb": ("a.xml", f"{harm.BOMB}<d>&j; visible</d>".encode, "visible"),
    "XML with external entities": ("a.xml", f"{harm.XXE}<d>&a; visible</d>".encode, "visible"),
    "JSON of 100,000 brackets": ("a.json", lambda: b"[" * 100_000, "[[["),
    "text with a few zero bytes": ("a.txt", lambda: b"visible\x00text" + b" and more" * 99, "visibletext"),
    "text in halves of characters": (
        "a.txt",
        lambda: "visible \ud800 text".encode("utf-8", "surrogatepass"),
        "visible",
    ),
    "text cut off in a character": ("a.txt", lambda: "visible 世界 界".encode()[:-1], "visible 世界"),
    "a PDF's mark in the middle of a text": ("a.md", lambda: b"# visible\n\n    %PDF-1.7 is the mark\n", "visible"),
    "a sheet of two cells at its corners": ("a.xlsx", harm.far_cell, "1"),
    "a sheet of merged cells over each other": ("a.xlsx", harm.many_merges, "visible"),
    "a quotation mark that is never closed": ("a.csv", lambda: b'a,b\n1,"' + b"2,3\n" * 100_000, "a: 2 | b: 3"),
    "a quotation mark in every line": ("a.csv", lambda: b"a,b\n" + b'"x,y\n' * 100_000, "b: y"),
    "a web page of 20,000 elements in each other": ("a.html", lambda: b"<div>" * 20_000 + b"visible", "visible"),
    "a web page whose cells go over 1,000 rows": (
        "a.html",
        lambda: b"<table>" + b"<tr><td rowspan=1000 colspan=99>visible<td>" * 20_000,
        "visible",
    ),
    "a web page of 5,000 tables in each other": (
        "a.html",
        lambda: b"<table><tr><td rowspan=9 colspan=9>" * 5000 + b"visible",
        "visible",
    ),
    "a web page whose style sheet has no end": (
        "a.html",
        lambda: b"<style>" + b"/*{.a{display:none" * 50_000 + b"</style>visible",
        "visible",
    ),
    "a web page of hidden elements in each other": (
        "a.html",
        lambda: b"visible" + b"<p hidden><i hidden>" * 9000,
        "visible",
    ),
    "Markdown of comments without end": ("a.md", lambda: b"visible" + b"<!--" * 200_000, "visible"),
    "Markdown of tags without end": ("a.md", lambda: b"visible" + (b"<a href=" + b" " * 9000) * 50, "visible"),
    "Markdown of links to one long address": (
        "a.md",
        lambda: b"visible [a][b]" + b"[a][b]" * 50_000 + b"\n\n[b]: " + b"x" * 499,
        "visible",
    ),
    "LaTeX of commands without end": ("a.tex", lambda: b"visible" + b"\\c \\'{" * 200_000, "visible"),
    "XML of declarations without end": ("a.xml", lambda: b"<d>visible" + b"<!ENTITY &" * 100_000, "visible"),
    "a text of a million empty pages": ("a.txt", lambda: b"visible" + b"\f" * 1_000_000, "visible"),
    "a web page of a million line breaks": ("a.html", lambda: b"visible" + b"<br>" * 1_000_000, "visible"),
}


def passwords() -> list[str]:
    """Lines of the file that external entities ask for."""
    return Path("/etc/passwd").read_text(errors="replace").splitlines()
