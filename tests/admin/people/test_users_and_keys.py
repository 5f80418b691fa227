"""Users and their API keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from chat.actions.access import api_keys
from chat.errors import NotSignedIn
from chat.models import ApiKey, Assistant, Message, Thread, User

pytestmark = pytest.mark.django_db
ADD_KEY = "/admin/chat/apikey/add/"
MANAGES = ("view_user", "add_user", "change_user", "delete_user")


def page_of(user: User, page: str = "change") -> str:
    return reverse(f"admin:chat_user_{page}", args=[user.pk])


def filled(user: User, **changes: Any) -> dict[str, Any]:
    return {"username": user.username, "first_name": "", "last_name": "", "email": "", "is_active": "on"} | changes


class TestUsers:
    def test_are_made_by_staff(self, make_staff, enter) -> None:
        data = {"username": "eve", "email": "eve@example.org", "password1": "blue sky 77", "password2": "blue sky 77"}
        enter(make_staff(*MANAGES)).post("/admin/chat/user/add/", data)
        user = User.objects.get(username="eve")
        assert user.check_password("blue sky 77")
        assert user.email == "eve@example.org"
        assert not user.is_staff

    def test_get_no_powers_from_staff_who_are_no_superusers(self, make_staff, enter, ada) -> None:
        data = filled(ada, first_name="Ada", is_staff="on", is_superuser="on", user_permissions=[1])
        enter(make_staff(*MANAGES)).post(page_of(ada), data)
        ada.refresh_from_db()
        assert ada.first_name == "Ada"
        assert not ada.is_staff
        assert not ada.is_superuser
        assert not ada.user_permissions.exists()

    def test_get_them_from_superusers(self, boss, enter, ada) -> None:
        enter(boss).post(page_of(ada), filled(ada, is_staff="on"))
        ada.refresh_from_db()
        assert ada.is_staff

    def test_who_are_staff_are_changed_by_superusers_only(self, make_staff, enter, boss) -> None:
        client = enter(make_staff(*MANAGES))
        passwords = {"password1": "blue sky 77", "password2": "blue sky 77"}
        assert client.post(page_of(boss), filled(boss, first_name="X")).status_code == 403
        assert client.post(f"/admin/chat/user/{boss.pk}/password/", passwords).status_code == 403
        assert client.post(page_of(boss, "delete"), {"post": "yes"}).status_code == 403
        client.post("/admin/chat/user/", {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"})
        client.post("/admin/chat/user/", {"action": "deactivate", "_selected_action": [boss.pk]})
        boss.refresh_from_db()
        assert boss.is_active
        assert boss.check_password("correct horse battery")

    @pytest.mark.parametrize(("reads", "status"), [((), 403), (("read_messages",), 302)])
    def test_get_a_password_from_those_alone_who_may_read_their_chats(
        self, reads, status, make_staff, enter, ada
    ) -> None:
        client = enter(make_staff(*MANAGES, *reads))
        passwords = {"password1": "blue sky 77", "password2": "blue sky 77", "usable_password": "true"}
        assert client.get(page_of(ada)).status_code == 200
        assert client.post(f"/admin/chat/user/{ada.pk}/password/", passwords).status_code == status
        ada.refresh_from_db()
        assert ada.check_password("blue sky 77") is bool(reads)

    @pytest.mark.parametrize(("reads", "email"), [((), ""), (("read_messages",), "eve@example.org")])
    def test_get_a_mail_address_from_those_alone(self, reads, email, make_staff, enter, ada) -> None:
        """A new password can be sent there."""
        client = enter(make_staff(*MANAGES, *reads))
        client.post(page_of(ada), filled(ada, first_name="Ada", email="eve@example.org"))
        ada.refresh_from_db()
        assert (ada.first_name, ada.email) == ("Ada", email)

    def test_who_are_staff_change_their_own(self, make_staff, enter) -> None:
        staff = make_staff(*MANAGES)
        enter(staff).post(page_of(staff), filled(staff, email="staff@example.org"))
        staff.refresh_from_db()
        assert staff.email == "staff@example.org"

    def test_are_deactivated_but_not_oneself(self, boss, enter, ada) -> None:
        data = {"action": "deactivate", "_selected_action": [ada.pk, boss.pk]}
        page = enter(boss).post("/admin/chat/user/", data, follow=True).content.decode()
        assert "1 user was deactivated." in page
        assert list(User.objects.filter(is_active=True)) == [boss]

    def test_are_deleted_with_all_they_own(self, make_staff, enter, run, ada) -> None:
        client = enter(make_staff(*MANAGES))
        page = client.get(page_of(ada, "delete")).content.decode()
        assert "Threads: 1" in page
        assert "the assistant “Helper”, which others use too" in page
        client.post(page_of(ada, "delete"), {"post": "yes"})
        for model in (Thread, Message, Assistant):
            assert not model.objects.exists()
        assert not User.objects.filter(username="ada").exists()

    def test_never_show_a_hash(self, boss, enter, ada) -> None:
        for page in ("change", "delete", "history"):
            assert ada.password not in enter(boss).get(page_of(ada, page)).content.decode()


class TestKeys:
    def test_are_shown_once(self, boss, enter, ada) -> None:
        client = enter(boss)
        page = client.post(ADD_KEY, {"name": "laptop", "owner": ada.pk}, follow=True).content.decode()
        [secret] = re.findall(r"et-[\w-]{43}", page)
        assert api_keys.owner_of(secret) == ada
        key = ApiKey.objects.get()
        for address in (
            "/admin/",
            "/admin/chat/apikey/",
            reverse("admin:chat_apikey_change", args=[key.pk]),
            reverse("admin:chat_apikey_history", args=[key.pk]),
        ):
            text = client.get(address).content.decode()
            assert secret not in text
            assert key.digest not in text

    def test_leave_a_trace_without_the_secret(self, boss, enter) -> None:
        client = enter(boss)
        page = client.post(ADD_KEY, {"name": "laptop", "owner": boss.pk}, follow=True).content.decode()
        [secret] = re.findall(r"et-[\w-]{43}", page)
        entry = LogEntry.objects.get()
        assert entry.object_repr.startswith("laptop")
        assert secret not in f"{entry.object_repr} {entry.change_message}"

    def test_are_made_with_a_limit(self, boss, enter, ada) -> None:
        client = enter(boss)
        assert "0: no limit." in client.get(ADD_KEY).content.decode()
        client.post(ADD_KEY, {"name": "laptop", "owner": ada.pk, "requests_per_minute": 60})
        assert ApiKey.objects.get().requests_per_minute == 60

    def test_cannot_be_changed_but_for_their_limit(self, boss, enter, ada, bob) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        address = reverse("admin:chat_apikey_change", args=[key.pk])
        data = {"name": "mine", "owner": bob.pk, "requests_per_minute": 60}
        page = enter(boss).post(address, data, follow=True).content.decode()
        key.refresh_from_db()
        assert (key.name, key.owner, key.requests_per_minute) == ("laptop", ada, 60)
        assert api_keys.owner_of(secret) == ada
        assert "Copy the key now" not in page
        assert '<td class="field-requests_per_minute">60</td>' in page

    def test_lose_their_limit_when_the_field_is_empty(self, boss, enter, ada) -> None:
        key, _secret = api_keys.create(ada, name="laptop")
        ApiKey.objects.update(requests_per_minute=60)
        enter(boss).post(reverse("admin:chat_apikey_change", args=[key.pk]), {"requests_per_minute": ""})
        key.refresh_from_db()
        assert key.requests_per_minute is None

    def test_that_are_revoked_cannot_be_changed_at_all(self, boss, enter, ada) -> None:
        key, _secret = api_keys.create(ada, name="laptop")
        key.revoke()
        address = reverse("admin:chat_apikey_change", args=[key.pk])
        assert enter(boss).post(address, {"requests_per_minute": 60}).status_code == 403
        assert "Revoke this key" not in enter(boss).get(address).content.decode()

    def test_are_not_limited_by_those_who_may_only_look(self, make_staff, enter, ada) -> None:
        key, _secret = api_keys.create(ada, name="laptop")
        address = reverse("admin:chat_apikey_change", args=[key.pk])
        assert enter(make_staff("view_apikey")).post(address, {"requests_per_minute": 60}).status_code == 403

    def test_are_no_more_than_a_hundred(self, boss, enter, ada) -> None:
        ApiKey.objects.bulk_create(ApiKey(owner=ada, name="one", digest=str(number)) for number in range(100))
        page = enter(boss).post(ADD_KEY, {"name": "laptop", "owner": ada.pk}).content.decode()
        assert "At most 100 keys" in page
        assert ApiKey.objects.count() == 100

    @pytest.mark.parametrize("by", ["the list", "the page"])
    def test_are_revoked(self, by, boss, enter, ada) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        client = enter(boss)
        if by == "the list":
            client.post("/admin/chat/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
        else:
            address = reverse("admin:chat_apikey_revoke", args=[key.pk])
            assert address in client.get(reverse("admin:chat_apikey_change", args=[key.pk])).content.decode()
            client.post(address)
        with pytest.raises(NotSignedIn):
            api_keys.owner_of(secret)
        assert LogEntry.objects.get().get_change_message() == "Revoked."

    def test_are_not_revoked_by_those_who_may_only_look(self, make_staff, enter, ada) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        client = enter(make_staff("view_apikey"))
        assert client.post(reverse("admin:chat_apikey_revoke", args=[key.pk])).status_code == 403
        assert api_keys.owner_of(secret) == ada

    def test_are_listed_by_their_state(self, boss, enter, ada) -> None:
        api_keys.create(ada, name="used")
        api_keys.create(ada, name="gone")[0].revoke()
        client = enter(boss)
        assert "gone (" not in (usable := client.get("/admin/chat/apikey/?state=usable").content.decode())
        assert ">used<" in usable
        assert ">gone<" in client.get("/admin/chat/apikey/?state=revoked").content.decode()

    @pytest.mark.parametrize(("permissions", "owners"), [((), {"staff"}), (("read_messages",), {"ada", "staff"})])
    @pytest.mark.usefixtures("ada", "boss")
    def test_are_no_way_round_the_permission_to_read(self, permissions, owners, make_staff, enter) -> None:
        """A key opens its owner's chats."""
        client = enter(make_staff("view_apikey", "add_apikey", *permissions))
        form = client.get(ADD_KEY).context["adminform"].form
        assert {user.username for user in form.fields["owner"].queryset} == owners
        for owner in User.objects.all():
            client.post(ADD_KEY, {"name": "new", "owner": owner.pk})
        assert {key.owner.username for key in ApiKey.objects.all()} == owners

    def test_of_superusers_are_made_by_superusers(self, boss, enter) -> None:
        enter(boss).post(ADD_KEY, {"name": "new", "owner": boss.pk})
        assert ApiKey.objects.get().owner == boss
