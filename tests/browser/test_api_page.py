"""The page that describes the API, which keeps to the same content security policy as every other."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


class TestTheApiPage:
    def test_sends_real_requests_with_a_key(self, open_page, server):
        page = open_page(server).page
        page.goto("/v1/docs")
        page.get_by_role("button", name="Authorize").first.click()
        page.locator(".auth-container input").fill(server.key)
        page.locator(".auth-btn-wrapper").get_by_role("button", name="Apply credentials").click()
        page.locator(".auth-btn-wrapper").get_by_role("button", name="Close").click()

        operation = page.locator("#operations-Assistants-create_assistant")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.locator("textarea").fill(json.dumps({"model": "gpt-4o", "name": "Made on the page"}))
        operation.get_by_role("button", name="Execute").click()
        answer = operation.locator(".live-responses-table .response")
        expect(answer.locator(".response-col_status")).to_contain_text("200")
        expect(answer).to_contain_text("Made on the page")
