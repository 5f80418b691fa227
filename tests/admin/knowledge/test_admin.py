"""Staff make stores, shape them and delete them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from chat.models import Assistant, File, Kind, Model, Provider, VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/chat/vectorstore/", "/admin/chat/vectorstore/add/"
Status = VectorStoreFile.Status


def filled(**changes: Any) -> dict[str, Any]:
    """What a browser sends for the form."""
    return {"name": "Handbook", "description": "", "embedding": "", "expires_after": "", "metadata": ""} | changes


def page_of(store: VectorStore, page: str = "change") -> str:
    return reverse(f"admin:chat_vectorstore_{page}", args=[store.pk])


@pytest.fixture
def embeddings(db) -> Provider:
    """A provider that makes vectors."""
    return Provider.objects.create(name="Cloud", kind=Kind.OPENAI, embedding_model="embed-3")


class TestTheForm:
    def test_makes_a_store_and_leads_to_where_files_are_handed_in(self, boss, enter) -> None:
        data = filled(
            owner=boss.pk, description="For all.", expires_after="30", lends_files="on", metadata='{"a": "b"}'
        )
        page = enter(boss).post(ADD, data, follow=True)
        store = VectorStore.objects.get()
        assert (store.name, store.owner, store.description) == ("Handbook", boss, "For all.")
        assert (store.expires_after, store.lends_files, store.metadata) == (30, True, {"a": "b"})
        assert store.embedder == BUILT_IN
        assert page.redirect_chain == [(page_of(store), 302)]
        assert 'id="upload"' in page.content.decode()

    @pytest.mark.parametrize("days", ["0", "366", "-1", "soon"])
    def test_takes_days_that_the_api_takes(self, days, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(owner=boss.pk, expires_after=days))
        assert page.context["adminform"].form.errors["expires_after"]
        assert not VectorStore.objects.exists()

    def test_changes_nothing_but_what_was_changed(self, boss, enter, handbook) -> None:
        """It may be filled and used while someone looks at the form."""
        used = timezone.now() - timedelta(days=3)
        page = enter(boss).get(page_of(handbook))
        VectorStore.objects.update(version=7, last_active_at=used)
        assert page.context["original"].version == 0
        enter(boss).post(page_of(handbook), filled(name="Handbook of all"))
        handbook.refresh_from_db()
        assert (handbook.name, handbook.version, handbook.last_active_at) == ("Handbook of all", 7, used)

    def test_leaves_the_store_with_its_owner(self, boss, enter, handbook, make_staff) -> None:
        enter(boss).post(page_of(handbook), filled(owner=make_staff().pk))
        handbook.refresh_from_db()
        assert handbook.owner == boss

    def test_offers_owners_among_whom_files_may_be_spread(self, boss, ada, make_staff, enter) -> None:
        """What staff put into someone's store, that one owns; and what that one puts in, staff see."""
        librarian = make_staff("add_vectorstore", "view_vectorstore", "change_vectorstore")
        page = enter(librarian).post(ADD, filled(owner=ada.pk))
        assert page.context["adminform"].form.errors["owner"]
        enter(librarian).post(ADD, filled(owner=boss.pk))
        enter(boss).post(ADD, filled(owner=ada.pk))
        assert set(VectorStore.objects.values_list("owner__username", flat=True)) == {"boss", "ada"}

    def test_shows_those_who_may_only_look_all_and_takes_nothing(self, make_staff, enter, handbook, fill) -> None:
        entry = fill(handbook)
        client = enter(make_staff("view_vectorstore"))
        page = client.get(page_of(handbook)).content.decode()
        for words in ("Handbook", "notes.txt", BUILT_IN, "Try a search"):
            assert words in page
        for words in ('id="upload"', "data-remove", "hx-post", 'name="_save"'):
            assert words not in page
        assert client.post(page_of(handbook), filled()).status_code == 403
        for page_name, place in (("upload", ()), ("retry_all", ()), ("retry", (entry.pk,)), ("remove", (entry.pk,))):
            address = reverse(f"admin:chat_vectorstore_{page_name}", args=[handbook.pk, *place])
            assert client.post(address).status_code == 403
        assert handbook.entries.count() == 1


class TestEmbeddings:
    def test_are_those_of_new_stores_at_first(self, boss, enter, embeddings) -> None:
        client = enter(boss)
        assert client.get(ADD).context["adminform"].form["embedding"].initial == ""
        Provider.objects.update(embeds_new_stores=True)
        assert client.get(ADD).context["adminform"].form["embedding"].initial == f"{embeddings.pk}:embed-3"

    def test_that_are_chosen_are_kept(self, boss, enter, embeddings) -> None:
        client = enter(boss)
        client.post(ADD, filled(owner=boss.pk, embedding=f"{embeddings.pk}:embed-3"))
        store = VectorStore.objects.get()
        assert (store.embedding_provider, store.embedding_model) == (embeddings, "embed-3")
        Provider.objects.update(embedding_model="embed-4", enabled=False)
        client.post(page_of(store), filled(name="Renamed", embedding=f"{embeddings.pk}:embed-3"))
        store.refresh_from_db()
        assert (store.name, store.embedder) == ("Renamed", f"{embeddings.pk}:embed-3")

    def test_that_are_changed_have_all_vectors_made_anew(self, boss, enter, handbook, fill, embeddings) -> None:
        entry = fill(handbook)
        client = enter(boss)
        page = client.post(page_of(handbook), filled(embedding=f"{embeddings.pk}:embed-3"), follow=True)
        assert "1 file is being embedded anew." in page.content.decode()
        assert "found by words alone" in client.get(page_of(handbook)).content.decode()
        entry.refresh_from_db()
        assert (entry.status, entry.needs_vectors, entry.attempt) == (Status.COMPLETED, True, 2)

    def test_that_stay_leave_the_files_alone(self, boss, enter, handbook, fill) -> None:
        entry = fill(handbook)
        page = enter(boss).post(page_of(handbook), filled(name="Other"), follow=True).content.decode()
        assert "embedded anew." not in page
        entry.refresh_from_db()
        assert entry.status == Status.COMPLETED

    @pytest.mark.parametrize("value", ["99:embed-3", "x", "1"])
    def test_that_nobody_offers_are_refused(self, value, boss, enter, embeddings) -> None:
        page = enter(boss).post(ADD, filled(owner=boss.pk, embedding=value))
        assert "Choose one of those that are offered." in page.content.decode()

    def test_of_a_provider_that_is_deleted_are_made_anew(self, boss, enter, handbook, fill, embeddings) -> None:
        VectorStore.objects.update(embedding_provider=embeddings, embedding_model="embed-3")
        entry = fill(handbook)
        VectorStoreFile.objects.update(embedded_by=f"{embeddings.pk}:embed-3")
        address = reverse("admin:chat_provider_delete", args=[embeddings.pk])
        page = enter(boss).post(address, {"post": "yes"}, follow=True).content.decode()
        assert "1 file had its embeddings." in page
        entry.refresh_from_db()
        assert (entry.status, entry.needs_vectors) == (Status.COMPLETED, True)
        assert VectorStore.objects.get().embedder == BUILT_IN

    def test_of_a_provider_have_a_price(self, boss, enter, handbook, fill, embeddings) -> None:
        fill(handbook, "word " * 400)
        client = enter(boss)
        assert "Tokens embedded" not in client.get(page_of(handbook)).content.decode()
        VectorStore.objects.update(embedding_provider=embeddings, embedding_model="embed-3")
        assert "<dd>–</dd>" in client.get(page_of(handbook)).content.decode()
        Model.objects.create(provider=embeddings, name="embed-3", input_price=Decimal(100))
        size = client.get(page_of(handbook)).context["statistics"]
        assert 400 < size.tokens < 600  # a word and a space are five characters
        assert size.cost == Decimal(size.tokens) / 10_000


class TestTheList:
    def test_says_how_each_store_is(self, boss, enter, handbook, fill) -> None:
        client = enter(boss)
        assert "empty" in client.get(LIST).content.decode()
        fill(handbook)
        fill(handbook, status=Status.IN_PROGRESS)
        page = client.get(LIST).content.decode()
        assert '<td class="field-ready_files">1 / 2</td>' in page
        assert "being read" in page
        VectorStoreFile.objects.filter(status=Status.IN_PROGRESS).update(status=Status.FAILED)
        assert "1 file failed" in client.get(LIST).content.decode()
        VectorStoreFile.objects.update(status=Status.COMPLETED)
        assert "ready" in client.get(LIST).content.decode()
        VectorStore.objects.update(expires_after=1, last_active_at=timezone.now() - timedelta(days=2))
        assert "expired" in client.get(LIST).content.decode()

    def test_names_the_assistants_that_use_it(self, boss, ada, enter, handbook) -> None:
        searched = {"file_search": {"vector_store_ids": [handbook.id]}}
        Assistant.objects.create(owner=boss, name="Helpdesk", tool_resources=searched)
        Assistant.objects.create(owner=ada, name="Stranger", tool_resources=searched)
        client = enter(boss)
        for page in (client.get(LIST).content.decode(), client.get(page_of(handbook)).content.decode()):
            assert "Helpdesk" in page
            assert "Stranger" not in page

    def test_keeps_what_chats_made_apart(self, boss, enter, handbook) -> None:
        helper = VectorStore.objects.create(owner=boss, expires_after=7, origin="attachment")
        alike = VectorStore.objects.create(owner=boss, expires_after=7)  # a program made it
        client = enter(boss)
        page = client.get(LIST).content.decode()
        assert helper.id not in page
        assert alike.id in page
        page = client.get(f"{LIST}?origin=chats").content.decode()
        assert helper.id in page
        assert alike.id not in page
        assert "Handbook" not in page.partition('id="result_list"')[2]

    def test_offers_no_deleting_of_many(self, boss, enter, handbook) -> None:
        enter(boss).post(LIST, {"action": "delete_selected", "_selected_action": [handbook.pk], "post": "yes"})
        assert VectorStore.objects.exists()


class TestDeleting:
    @pytest.fixture
    def entry(self, handbook, boss, media) -> VectorStoreFile:
        file = File(owner=boss, filename="leave.txt", content_type="text/plain", bytes=5)
        file.content.save(file.id, ContentFile(b"leave"), save=False)
        file.save()
        return VectorStoreFile.objects.create(store=handbook, file=file)

    def test_says_what_goes_without_listing_every_passage(self, boss, enter, handbook, fill) -> None:
        fill(handbook)
        searched = {"file_search": {"vector_store_ids": [handbook.id]}}
        Assistant.objects.create(owner=boss, name="Helpdesk", tool_resources=searched)
        page = enter(boss).get(page_of(handbook, "delete")).content.decode()
        assert "Files in stores: 1" in page
        assert "Helpdesk" in page
        assert "Passages" not in page

    def test_takes_files_along_that_nothing_else_uses(self, boss, enter, handbook, entry, media) -> None:
        other = VectorStore.objects.create(owner=boss, name="Other")
        shared = File.objects.create(owner=boss, filename="shared.txt", content_type="text/plain", bytes=5)
        for store in (handbook, other):
            VectorStoreFile.objects.create(store=store, file=shared)
        enter(boss).post(page_of(handbook, "delete"), {"post": "yes", "with_files": "on"})
        assert list(VectorStore.objects.all()) == [other]
        assert list(File.objects.all()) == [shared]

    def test_leaves_the_files_when_it_is_told_to(self, boss, enter, handbook, entry) -> None:
        enter(boss).post(page_of(handbook, "delete"), {"post": "yes"})
        assert not VectorStore.objects.exists()
        assert File.objects.get() == entry.file

    def test_needs_the_permission(self, make_staff, enter, handbook) -> None:
        client = enter(make_staff("view_vectorstore", "change_vectorstore"))
        assert client.post(page_of(handbook, "delete"), {"post": "yes"}).status_code == 403
        assert VectorStore.objects.exists()
