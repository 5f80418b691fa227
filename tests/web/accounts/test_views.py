"""Signing in and out, signing up, passwords."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from chat.models import User
from chat.web.accounts.reset_mail import sender

PASSWORD = "correct horse battery"
NEW = "blue sky over 77 fields"

database = pytest.mark.django_db
SIGN_IN = "/sign-in/"


def sign_in(client: Client, *, name: str = "ada", password: str = PASSWORD, address: str = SIGN_IN, **more: str) -> Any:
    return client.post(address, {"username": name, "password": password, **more})


@database
class TestSigningIn:
    def test_leads_to_the_chats(self, client, ada) -> None:
        assert client.get(SIGN_IN).status_code == 200
        assert sign_in(client)["Location"] == "/"
        assert client.session["_auth_user_id"] == str(ada.pk)

    def test_leads_back_to_where_one_was(self, client, ada) -> None:
        assert sign_in(client, next="/threads/x/?y=1")["Location"] == "/threads/x/?y=1"

    @pytest.mark.parametrize(
        "address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", SIGN_IN]
    )
    def test_leads_nowhere_else(self, address, client, ada) -> None:
        assert "evil" not in client.get(SIGN_IN, {"next": address}).content.decode()
        assert sign_in(client, next=address)["Location"] == "/"

    def test_is_not_asked_twice(self, client, ada) -> None:
        client.force_login(ada)
        assert client.get(SIGN_IN)["Location"] == "/"
        assert client.get(SIGN_IN, {"next": SIGN_IN})["Location"] == "/"

    def test_says_that_something_did_not_fit_but_not_what(self, client, ada) -> None:
        wrong_password = sign_in(client, password="x").context["form"].non_field_errors()
        wrong_name = sign_in(client, name="nobody").context["form"].non_field_errors()
        assert wrong_password == wrong_name

    def test_is_not_for_the_inactive(self, client, ada) -> None:
        ada.is_active = False
        ada.save()
        assert sign_in(client).status_code == 200
        assert "_auth_user_id" not in client.session

    def test_wants_the_token_of_the_form(self, ada) -> None:
        assert sign_in(Client(enforce_csrf_checks=True)).status_code == 403

    def test_offers_only_what_there_is(self, client, settings) -> None:
        page = client.get(SIGN_IN).content.decode()
        assert "/sign-up/" not in page
        assert "/password/forgotten/" not in page
        settings.EVERTHREAD_SIGN_UP = settings.EVERTHREAD_HAS_MAIL = True
        page = client.get(SIGN_IN).content.decode()
        assert "/sign-up/" in page
        assert "/password/forgotten/" in page


@database
class TestTooManyTries:
    @pytest.fixture(autouse=True)
    def few(self, settings) -> None:
        settings.AXES_FAILURE_LIMIT = 3

    @pytest.mark.parametrize("address", [SIGN_IN, "/admin/login/"])
    def test_lock_the_name_whatever_the_password(self, address, client, make_user) -> None:
        make_user("ada", is_staff=True)
        for _ in range(3):
            answer = sign_in(client, password="wrong", address=address)
        assert answer.status_code == 429
        assert "Wait 15 minutes" in answer.content.decode()
        assert sign_in(client, address=address).status_code == 429
        assert "_auth_user_id" not in client.session

    def test_do_not_lock_others(self, client, ada, bob) -> None:
        for _ in range(3):
            sign_in(client, password="wrong")
        assert sign_in(client, name="bob")["Location"] == "/"

    def test_are_forgotten_after_a_success(self, client, ada) -> None:
        for _ in range(2):
            sign_in(client, password="wrong")
        sign_in(client)
        client.logout()
        assert sign_in(client, password="wrong").status_code == 200


@database
class TestSigningOut:
    def test_leads_to_the_sign_in_page(self, client, ada) -> None:
        client.force_login(ada)
        assert client.post("/sign-out/")["Location"] == SIGN_IN
        assert "_auth_user_id" not in client.session

    def test_cannot_be_done_by_a_link(self, client, ada) -> None:
        client.force_login(ada)
        assert client.get("/sign-out/").status_code == 405
        assert "_auth_user_id" in client.session


@database
class TestSigningUp:
    def filled(self, **changes: str) -> dict[str, str]:
        return {"username": "eve", "email": "", "password1": NEW, "password2": NEW} | changes

    def test_is_closed_unless_a_setting_opens_it(self, client) -> None:
        assert client.get("/sign-up/").status_code == 404
        assert client.post("/sign-up/", self.filled()).status_code == 404
        assert not User.objects.exists()

    def test_makes_an_account_without_powers_and_signs_in(self, client, settings) -> None:
        settings.EVERTHREAD_SIGN_UP = True
        answer = client.post("/sign-up/", self.filled(is_staff="on", is_superuser="on"))
        assert answer["Location"] == "/"
        made = User.objects.get()
        assert (made.is_staff, made.is_superuser) == (False, False)
        assert client.session["_auth_user_id"] == str(made.pk)

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"password1": "12345678", "password2": "12345678"}, "too common"),
            ({"password2": "another"}, "didn’t match"),
            ({"username": "ADA"}, "already exists"),
            ({"username": "a b"}, "valid username"),
        ],
    )
    def test_says_what_is_wrong(self, changes, problem, client, ada, settings) -> None:
        settings.EVERTHREAD_SIGN_UP = True
        assert problem in client.post("/sign-up/", self.filled(**changes)).content.decode()
        assert User.objects.count() == 1

    def test_leads_nowhere_else(self, client, settings) -> None:
        settings.EVERTHREAD_SIGN_UP = True
        assert client.post("/sign-up/", self.filled(next="https://evil.example/"))["Location"] == "/"

    def test_is_not_for_the_signed_in(self, client, ada, settings) -> None:
        settings.EVERTHREAD_SIGN_UP = True
        client.force_login(ada)
        assert client.get("/sign-up/")["Location"] == "/"


@database
class TestChangingThePassword:
    def test_wants_the_old_one(self, client, ada) -> None:
        client.force_login(ada)
        data = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
        assert client.post("/password/", data).status_code == 200
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)

    def test_signs_out_every_other_browser(self, client, ada) -> None:
        other = Client()
        for browser in (client, other):
            browser.force_login(ada)
        data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        assert client.post("/password/", data)["Location"] == "/password/changed/"
        assert client.get("/password/changed/").status_code == 200
        assert other.get("/password/")["Location"].startswith(SIGN_IN)

    def test_is_for_the_signed_in(self, client) -> None:
        assert client.get("/password/")["Location"] == f"{SIGN_IN}?next=/password/"


def sent_mails() -> list[mail.EmailMessage]:
    """What has been sent once the thread that sends has nothing left to do."""
    sender.submit(lambda: None).result()
    return mail.outbox


@pytest.mark.django_db(transaction=True)
class TestAForgottenPassword:
    @pytest.fixture(autouse=True)
    def ready(self, settings, make_user) -> User:
        cache.clear()
        settings.EVERTHREAD_HAS_MAIL, settings.EVERTHREAD_URL = True, "https://chat.example.org"
        user: User = make_user("ada", email="ada@example.org")
        return user

    def ask(self, client: Client, address: str = "ada@example.org") -> Any:
        return client.post("/password/forgotten/", {"email": address}, follow=True)

    def test_cannot_be_replaced_without_a_mail_server(self, client, settings) -> None:
        settings.EVERTHREAD_HAS_MAIL = False
        for address in ("forgotten/", "forgotten/sent/", "new/", "new/MQ/token/"):
            assert client.get(f"/password/{address}").status_code == 404

    def test_is_replaced_by_a_link_that_works_once(self, client) -> None:
        assert client.get("/password/forgotten/").status_code == 200
        assert "Look into your mail" in self.ask(client).content.decode()
        [message] = sent_mails()
        assert message.to == ["ada@example.org"]
        link = re.findall(r"https://chat\.example\.org(/password/new/\S+)", message.body)[0]
        form = client.get(link, follow=True)
        answer = client.post(form.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW}, follow=True)
        assert "Your password is set" in answer.content.decode()
        assert User.objects.get().check_password(NEW)
        assert "This link is used up" in client.get(link, follow=True).content.decode()

    def test_is_no_way_to_find_out_who_has_an_account(self, client) -> None:
        known, unknown = self.ask(client), self.ask(client, "nobody@example.org")
        assert known.content == unknown.content

    def test_does_not_fill_the_mailbox(self, client) -> None:
        for _ in range(3):
            self.ask(client)
        assert len(sent_mails()) == 1

    def test_is_looked_up_after_the_answer(self, client) -> None:
        """Else its time would tell whether there is an account."""
        answered = threading.Event()
        sender.submit(answered.wait, 60)
        self.ask(client)
        assert mail.outbox == []
        answered.set()
        assert len(sent_mails()) == 1

    def test_gets_a_link_to_the_site_whatever_the_host_of_the_request(self, client) -> None:
        client.post("/password/forgotten/", {"email": "ada@example.org"}, headers={"host": "testserver:6666"})
        [message] = sent_mails()
        assert "https://chat.example.org/password/new/" in message.body
        assert "6666" not in message.body
