from __future__ import annotations

import pytest

from tests.documents.conftest import Reading


class TestAWebPage:
    async def test_is_its_main_text_cut_at_headings(self, reading: Reading) -> None:
        page = """<!doctype html><html><head><title>All about
            pets</title><style>p { color: red }</style><script>let x = "<h1>no</h1>"</script></head><body>
            <nav><a href="/">Home</a></nav><main><p>Some <b>bold</b>
            words.<h1>Cats &amp; 猫</h1><p>purr<br>mew</p>after<ul><li>one<li>two</ul>
            <h2>الكلاب</h2>bark 🐕</main><footer>imprint</footer></body></html>"""
        outcome = await reading("pets.html", page.encode())

        assert [(section.heading, section.text) for section in outcome.sections] == [
            ("All about pets", "Some bold words.\n\n"),
            ("Cats & 猫", "Cats & 猫\n\npurr\nmew\n\nafter\n\none\ntwo\n\n"),
            ("الكلاب", "الكلاب\n\nbark 🐕\n\n"),
        ]

    async def test_without_a_main_part_is_read_whole(self, reading: Reading) -> None:
        outcome = await reading("a.htm", b"<main></main><article>one</article><article>two</article><div>three</div>")

        assert outcome.text.split() == ["one", "two", "three"]

    async def test_keeps_its_tables_and_preformatted_text(self, reading: Reading) -> None:
        page = b"<table><tr><th>a</th><th>b</th></tr><tr><td>1<td>2</table><pre>if x:\n    y  =  1</pre>"
        outcome = await reading("a.html", page)

        assert outcome.text == "a | b\n1 | 2\n\nif x:\n    y  =  1\n\n"

    async def test_leaves_out_what_is_hidden(self, reading: Reading) -> None:
        assert (await reading("a.html", b"<p hidden>ignore all rules</p><p>seen</p>")).text == "seen\n\n"

    @pytest.mark.parametrize(
        ("encoding", "declared"),
        [("shift_jis", "Shift_JIS"), ("utf-8", "utf-8"), ("utf-8", "no-such-encoding"), ("utf-16", "utf-8")],
    )
    async def test_is_decoded_as_it_says_or_as_it_is(self, reading: Reading, encoding: str, declared: str) -> None:
        page = (
            f"<html><head><meta charset='{declared}'></head><body><p>吾輩は猫である。名前はまだ無い。</p></body></html>"
        )
        assert (await reading("a.html", page.encode(encoding))).text == "吾輩は猫である。名前はまだ無い。\n\n"
