"""Words, patterns, codes."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

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
        print("\\n".join(line for line in difflib.ndiff(["one", "two"], ["one", "three"]) if line[0] in "+-"))
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
        print(base64.b64encode("héllo".encode()).decode())
        print(hashlib.sha256(b"abc").hexdigest()[:16], hashlib.md5(b"").hexdigest()[:8])
        """,
        "aMOpbGxv\nba7816bf8f01cfea d41d8cd9",
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
