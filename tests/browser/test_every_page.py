"""What holds on every page: no faults that axe finds, nothing wider than the screen, targets that a finger can hit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_page import PHONE
from tests.live import LiveServer

pytestmark = pytest.mark.browser
AXE = (Path(axe_playwright_python.__path__[0]) / "axe.min.js").read_text()
MAKE = "import runpy; runpy.run_module('tests.browser.every_page', run_name='__main__')"
# Of Django's admin and of Select2 in it, which are not ours to mend.
NOT_OURS = [[".select2"], [".help-tooltip"]]
OPTIONS = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}
RUN_AXE = f"""axe.run({{ exclude: {json.dumps(NOT_OURS)} }}, {json.dumps(OPTIONS)}).then(results =>
  results.violations.flatMap(rule => rule.nodes.map(node => rule.id + ": " + node.html.slice(0, 200))))"""
# In rows of text a link is as high as its line; what is disabled is no target; a label is hit in place of its field.
SMALL = """[...document.querySelectorAll("button, a[href], summary, select, textarea, input:not([type=hidden])")]
  .filter(e => !e.disabled && !e.closest("label") && getComputedStyle(e).display !== "inline")
  .filter(e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .map(e => [e.outerHTML.slice(0, 200), e.getBoundingClientRect()])
  .filter(([, box]) => box.right > 0 && box.width && (box.width < 43.5 || box.height < 43.5))
  .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
WIDTHS = """[document.documentElement, ...document.querySelectorAll("#scroller, #changelist .results")]
  .map(e => e.scrollWidth - (e === document.documentElement ? screen.width : e.clientWidth))"""


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One of its own: the others' tests would meet its rows."""
    with LiveServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def addresses(server: LiveServer) -> list[str]:
    return json.loads(server.shell(MAKE).splitlines()[-1])


def is_wider(page: Page, *, lists_too: bool) -> bool:
    """Return whether something must be scrolled sideways. On a phone the lists of the admin may, by themselves."""
    whole, *parts = page.evaluate(WIDTHS)
    return whole > 0 or (lists_too and any(width > 0 for width in parts))


def test_every_page_is_sound_at_a_desk(open_page, server, addresses) -> None:
    # Without motion: the colours of what is fading in are neither those before nor those after.
    desk = {"screen": {"width": 1280, "height": 800}, "reduced_motion": "reduce", "bypass_csp": True}
    page, faults = open_page(server, **desk).page, {}
    for address in addresses:
        if page.goto(address).status == 403:
            continue
        page.evaluate(AXE)
        faults[address] = page.evaluate(RUN_AXE)
        if is_wider(page, lists_too=True):
            faults[address].append("wider than the screen")
    assert {address: found for address, found in faults.items() if found} == {}


def test_every_page_suits_a_phone(open_page, server, addresses) -> None:
    page, faults = open_page(server, screen=PHONE["viewport"], **PHONE).page, {}
    for address in addresses:
        page.goto(address)
        faults[address] = [] if "/admin/" in address else page.evaluate(SMALL)
        if is_wider(page, lists_too=False):
            faults[address].append("wider than the screen")
    assert {address: found for address, found in faults.items() if found} == {}
