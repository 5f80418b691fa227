"""What people keep for themselves is not the staff's: it is neither listed nor searched without a permission of its
own, and with it, that someone looked is noted.
"""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from chat.models import Assistant, Audience, User, VectorStore, VectorStoreFile
from tests.admin.conftest import SECRET_WORDS

pytestmark = pytest.mark.django_db
LIST = "/admin/chat/vectorstore/"
SEES = ("view_vectorstore", "change_vectorstore", "delete_vectorstore", "add_vectorstore", "view_assistant")
SEES += ("change_assistant", "add_assistant", "view_user", "delete_user")
NAME = "wet-diary.txt"


@pytest.fixture
def entry(private: VectorStore, fill) -> VectorStoreFile:
    return fill(private, SECRET_WORDS, name=NAME, attributes={"mood": "gloomy"})


@pytest.fixture
def staff(make_staff) -> User:
    return make_staff(*SEES)


def pages(entry: VectorStoreFile) -> list[str]:
    """All that shows something of the store."""
    named = [(name, ()) for name in ("change", "history", "delete", "files", "search")]
    named += [(name, (entry.pk,)) for name in ("passages", "download")]
    query = {"search": "?q=diary"}
    return [
        reverse(f"admin:chat_vectorstore_{name}", args=[entry.store.pk, *places]) + query.get(name, "")
        for name, places in named
    ]


def buttons(entry: VectorStoreFile) -> list[str]:
    store = entry.store.pk
    named = [("upload", ()), ("retry_all", ()), ("retry", (entry.pk,)), ("remove", (entry.pk,)), ("delete", ())]
    return [reverse(f"admin:chat_vectorstore_{name}", args=[store, *places]) for name, places in named]


def shared(owner: User, store: VectorStore, **fields: object) -> Assistant:
    searched = {"file_search": {"vector_store_ids": [store.id]}}
    fields = {"audience": Audience.EVERYONE, **fields}
    return Assistant.objects.create(owner=owner, name="Helpdesk", tool_resources=searched, **fields)


class TestAPrivateStore:
    def test_is_on_no_page_and_found_by_no_search(self, staff, enter, entry, ada) -> None:
        client = enter(staff)
        for address in (LIST, f"{LIST}?q=Diary", f"{LIST}?q={entry.store_id}", f"{LIST}?owner__id__exact={ada.pk}"):
            assert "Diary of Ada" not in client.get(address).content.decode()
        for address in pages(entry):
            answer = client.get(address, follow=True)
            text = b"".join(answer).decode()
            for words in (SECRET_WORDS, "Diary of Ada", NAME, "gloomy"):
                assert words not in text, address
        assert "Diary of Ada" not in client.get("/admin/chat/assistant/add/").content.decode()

    def test_answers_like_one_that_does_not_exist(self, staff, enter, entry) -> None:
        client = enter(staff)
        absent = [address.replace(f"/{entry.store.pk}/", "/999/", 1) for address in pages(entry)]
        for there, nowhere in zip(pages(entry), absent, strict=True):
            one, other = client.get(there), client.get(nowhere)
            assert (one.status_code, one.headers.get("Location")) == (other.status_code, other.headers.get("Location"))

    def test_cannot_be_changed(self, staff, enter, entry) -> None:
        client = enter(staff)
        for address in buttons(entry):
            assert client.post(address, {"post": "yes"}).status_code in (302, 404)
        client.post(pages(entry)[0], {"name": "Mine", "embedding": "", "metadata": "", "expires_after": ""})
        store = VectorStore.objects.get()
        assert (store.name, store.entries.get()) == ("Diary of Ada", entry)

    def test_is_counted_when_its_owner_is_deleted_and_not_named(self, staff, enter, entry, ada) -> None:
        page = enter(staff).get(reverse("admin:chat_user_delete", args=[ada.pk])).content.decode()
        assert "Vector stores: 1" in page
        assert "Diary" not in page

    def test_of_ones_own_is_there(self, make_staff, enter, fill) -> None:
        staff = make_staff(*SEES)
        own = fill(VectorStore.objects.create(owner=staff, name="My own"), SECRET_WORDS)
        client = enter(staff)
        assert "My own" in client.get(LIST).content.decode()
        assert SECRET_WORDS in client.get(pages(own)[4]).content.decode().replace("<mark>", "").replace("</mark>", "")
        assert not LogEntry.objects.exists()

    def test_stays_private_when_only_its_owner_uses_the_assistant(self, staff, enter, entry, ada) -> None:
        shared(ada, entry.store, audience=Audience.OWNER)
        assert "Diary of Ada" not in enter(staff).get(LIST).content.decode()

    def test_stays_private_when_somebody_else_names_it(self, staff, enter, entry) -> None:
        shared(staff, entry.store)
        assert "Diary of Ada" not in enter(staff).get(LIST).content.decode()


class TestKnowledge:
    def test_is_what_others_use_too(self, staff, enter, entry, ada) -> None:
        shared(ada, entry.store)
        client = enter(staff)
        assert "Diary of Ada" in client.get(LIST).content.decode()
        for address in pages(entry)[:6]:
            assert client.get(address).status_code == 200
        assert not LogEntry.objects.exists()

    def test_is_what_was_made_in_the_admin(self, staff, enter, handbook, fill) -> None:
        entry = fill(handbook)
        client = enter(staff)
        assert "Handbook" in client.get(LIST).content.decode()
        assert "thirty days" in client.get(pages(entry)[4] + "&q=leave").content.decode()

    def test_is_what_the_store_s_origin_says_whatever_the_log_does(self, staff, enter, handbook, private) -> None:
        LogEntry.objects.all().delete()
        handbook.name, handbook.expires_after = "", 7
        handbook.save()
        page = enter(staff).get(LIST).content.decode()
        assert handbook.id in page
        assert "Diary of Ada" not in page

    def test_needs_the_permission_to_look(self, make_staff, enter, handbook, fill) -> None:
        entry = fill(handbook)
        client = enter(make_staff("view_assistant", "read_messages"))
        for address in [LIST, *pages(entry)]:
            assert client.get(address).status_code == 403
        for address in buttons(entry):
            assert client.post(address).status_code == 403

    def test_is_closed_to_people_who_are_no_staff(self, ada, enter, handbook, fill) -> None:
        client = enter(ada)
        for address in [LIST, *pages(fill(handbook))]:
            assert client.get(address)["Location"].startswith("/admin/login/")


class TestWithThePermission:
    @pytest.fixture
    def reader(self, make_staff, enter) -> Client:
        return enter(make_staff(*SEES, "read_messages"))

    def test_it_is_there_and_that_someone_looked_is_noted(self, reader, entry) -> None:
        assert "Diary of Ada" in reader.get(LIST).content.decode()
        assert not LogEntry.objects.exists()
        page = reader.get(pages(entry)[0]).content.decode()
        assert NAME in page
        assert "These files are ada’s own." in page
        noted = LogEntry.objects.get()
        assert (noted.user.username, noted.object_id, noted.object_repr) == (
            "staff",
            str(entry.store.pk),
            entry.store_id,
        )
        assert "Looked at the files." in reader.get(pages(entry)[1]).content.decode()

    @pytest.mark.parametrize("which", [3, 4, 5])
    def test_each_way_in_is_noted_and_once_for_a_visit(self, which, reader, entry) -> None:
        for _time in range(3):
            reader.get(pages(entry)[which])
        assert LogEntry.objects.count() == 1

    def test_a_store_may_be_made_for_anybody(self, reader, ada) -> None:
        data = {"name": "For Ada", "owner": ada.pk, "embedding": "", "metadata": "", "expires_after": ""}
        reader.post(f"{LIST}add/", data)
        assert VectorStore.objects.get().owner == ada
