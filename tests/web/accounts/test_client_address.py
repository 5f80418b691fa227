from __future__ import annotations

from django.test import RequestFactory

from chat.web.accounts.client_address import client_address


class TestTheClientsAddress:
    def test_is_the_other_end_of_the_connection(self, rf: RequestFactory, settings) -> None:
        settings.TLS = False
        request = rf.get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
        assert client_address(request) == "192.0.2.7"

    def test_behind_a_proxy_is_what_the_proxy_saw_not_what_the_client_claims(
        self, rf: RequestFactory, settings
    ) -> None:
        settings.TLS = True
        request = rf.get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="10.0.0.1, 198.51.100.1")
        assert client_address(request) == "198.51.100.1"
