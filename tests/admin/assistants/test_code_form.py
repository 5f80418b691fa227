"""Staff let an assistant run code, and give it files: its own owner's, and nothing that is private to somebody else."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.actions.files import files
from chat.models import Assistant, Audience, File, Model, ToolUse, User
from chat.sandbox.state import State, write_state
from tests.admin.assistants.test_admin import ADD, WEATHER, filled, page_of
from tests.admin.assistants.test_file_search_form import error, search

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
CODE = {"type": "code_interpreter"}


def upload(name: str = "sales.csv", content: bytes = b"a,b\n1,2\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def file_of(owner: User, name: str = "sales.csv") -> File:
    return files.create(owner, upload=upload(name))


def resources(*chosen: File) -> dict[str, Any]:
    return {"code_interpreter": {"file_ids": [file.id for file in chosen]}}


def offered(page: Any) -> list[str]:
    """The labels of all files that one may choose."""
    labels: list[str] = []
    for _value, label in page.context["adminform"].form.fields["code_files"].choices:
        labels += [each for _id, each in label] if isinstance(label, list) else [label]
    return labels


@pytest.fixture
def client(boss: User, enter: Callable[[User], Client], scripted) -> Client:
    return enter(boss)


class TestTheSwitch:
    def test_lets_it_run_code(self, boss, client) -> None:
        client.post(ADD, filled(boss, run_code="on", search_in_files="on", functions=json.dumps([WEATHER])))
        assistant = Assistant.objects.get()
        assert [tool["type"] for tool in assistant.tools] == ["code_interpreter", "file_search", "function"]
        assert client.get(page_of(assistant)).context["adminform"].form.initial["run_code"] is True

    def test_takes_it_away_and_leaves_the_files(self, boss, client) -> None:
        file = file_of(boss)
        assistant = Assistant.objects.create(
            owner=boss, name="A", tools=[search(), CODE], tool_resources=resources(file)
        )
        client.post(page_of(assistant), filled(boss, search_in_files="on", code_files=[file.id]))
        assistant.refresh_from_db()
        assert (assistant.tools, assistant.tool_resources) == ([search()], resources(file))

    def test_keeps_its_place(self, boss, client) -> None:
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[search(), CODE])
        client.post(page_of(assistant), filled(boss, search_in_files="on", run_code="on"))
        assistant.refresh_from_db()
        assert assistant.tools == [search(), CODE]

    def test_counts_as_a_tool(self, boss, client) -> None:
        functions = json.dumps([{"name": f"f{number}"} for number in range(127)])
        data = filled(boss, run_code="on", functions=functions)
        assert error(client.post(ADD, data | {"search_in_files": "on"}), "functions") == "At most 126, please."
        assert client.post(ADD, data).status_code == 302

    def test_takes_the_name_from_functions(self, boss, client) -> None:
        data = filled(boss, functions='[{"name": "code_interpreter"}]')
        assert "a tool that is built in" in error(client.post(ADD, data | {"run_code": "on"}), "functions")
        assert client.post(ADD, data).status_code == 302

    def test_says_that_a_model_cannot_call_tools(self, boss, client, scripted) -> None:
        Model.objects.create(provider=scripted, name="plain", tool_use=ToolUse.NONE)
        warning = "The model “plain” cannot call tools"
        assert warning in client.post(ADD, filled(boss, model="plain", run_code="on"), follow=True).content.decode()
        assert warning in client.get(page_of(Assistant.objects.get())).content.decode()
        client.post(ADD, filled(boss, name="Second", model="plain"))
        assert warning not in client.post(ADD, filled(boss, run_code="on"), follow=True).content.decode()


class TestTheNoteOnTheSandbox:
    @pytest.fixture
    def folder(self, settings, tmp_path: Path) -> Path:
        settings.EVERTHREAD_DATA_DIR = tmp_path
        (tmp_path / "sandbox").mkdir()
        return tmp_path / "sandbox"

    def test_says_why_no_code_runs_and_where_to_look(self, client, folder) -> None:
        write_state(folder, State("refused", "Nothing here isolates."))
        page = client.get(ADD).content.decode()
        assert "Nothing here isolates." in page
        assert 'href="/admin/sandbox/"' in page

    def test_leads_nobody_where_they_may_not_look(self, make_staff, enter, folder) -> None:
        page = enter(make_staff("add_assistant", "view_assistant")).get(ADD).content.decode()
        assert "The code interpreter is not running" in page
        assert "/admin/sandbox/" not in page


class TestFiles:
    def test_are_uploaded_for_the_owner(self, boss, ada, client) -> None:
        data = filled(ada, run_code="on", new_code_files=[upload("one.csv"), upload("two.csv")])
        assert client.post(ADD, data).status_code == 302
        assistant = Assistant.objects.get()
        files = [File.objects.get(id=id) for id in assistant.tool_resources["code_interpreter"]["file_ids"]]
        assert [(file.filename, file.owner, file.purpose) for file in files] == [
            ("one.csv", ada, "assistants"),
            ("two.csv", ada, "assistants"),
        ]

    def test_are_shown_chosen_and_taken_away(self, boss, client) -> None:
        sales, other = file_of(boss, "kept.csv"), file_of(boss, "other.csv")
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[CODE], tool_resources=resources(sales))
        page = client.get(page_of(assistant))
        assert [label.split(" ")[0] for label in offered(page)] == ["kept.csv", "other.csv"]
        assert page.context["adminform"].form.initial["code_files"] == [sales.id]
        client.post(page_of(assistant), filled(boss, run_code="on", code_files=[sales.id, other.id]))
        assistant.refresh_from_db()
        assert assistant.tool_resources == resources(sales, other)
        client.post(page_of(assistant), filled(boss, run_code="on", code_files=[other.id]))
        assistant.refresh_from_db()
        assert assistant.tool_resources == resources(other)
        client.post(page_of(assistant), filled(boss, run_code="on"))
        assistant.refresh_from_db()
        assert assistant.tool_resources == {}

    def test_do_not_touch_the_knowledge(self, boss, client, handbook) -> None:
        knowledge = {"file_search": {"vector_store_ids": [handbook.id]}}
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[CODE], tool_resources=knowledge)
        client.post(page_of(assistant), filled(boss, store=handbook.id, new_code_files=[upload()]))
        assistant.refresh_from_db()
        assert assistant.tool_resources == knowledge | resources(File.objects.get(filename="sales.csv"))

    def test_are_twenty_at_most(self, boss, client) -> None:
        present = [file_of(boss) for _number in range(19)]
        assistant = Assistant.objects.create(owner=boss, name="A", tool_resources=resources(*present))
        data = filled(boss, code_files=[file.id for file in present])
        page = client.post(page_of(assistant), data | {"new_code_files": [upload(), upload()]})
        assert error(page, "new_code_files") == "At most 20 files, please."
        assert File.objects.count() == 19
        assert client.post(page_of(assistant), data | {"new_code_files": [upload()]}).status_code == 302

    def test_must_not_be_empty_or_too_large(self, boss, client, settings) -> None:
        assert "empty" in error(client.post(ADD, filled(boss, new_code_files=[upload("a", b"")])), "new_code_files")
        settings.EVERTHREAD_MAX_UPLOAD_MB = 0
        assert "at most 0 MB" in error(client.post(ADD, filled(boss, new_code_files=[upload()])), "new_code_files")
        assert not File.objects.exists()

    def test_leave_nothing_behind_when_the_disk_is_full(self, boss, client, media, monkeypatch) -> None:
        save = FileSystemStorage._save

        def full(storage: FileSystemStorage, name: str, content: Any) -> str:
            if File.objects.exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            return save(storage, name, content)

        monkeypatch.setattr(FileSystemStorage, "_save", full)
        page = client.post(ADD, filled(boss, new_code_files=[upload("one"), upload("two")]), follow=True)
        assert "full" in page.content.decode()
        assert not File.objects.exists()
        assert not Assistant.objects.exists()
        assert [path for path in media.rglob("*") if path.is_file()] == []

    def test_of_others_are_not_offered_nor_taken(self, boss, ada, make_staff, enter) -> None:
        hers = file_of(ada)
        client = enter(make_staff("view_assistant", "add_assistant"))
        assert offered(client.get(ADD)) == []
        assert error(client.post(ADD, filled(ada, code_files=[hers.id])), "code_files")
        assert not Assistant.objects.exists()

    def test_that_were_made_by_code_are_not_offered(self, boss, client) -> None:
        file = file_of(boss)
        File.objects.filter(pk=file.pk).update(purpose="assistants_output")
        assert offered(client.get(ADD)) == []

    def test_are_the_owner_s(self, boss, ada, client) -> None:
        file = file_of(boss)
        assistant = Assistant.objects.create(owner=boss, name="A", tool_resources=resources(file))
        page = client.post(page_of(assistant), filled(ada, code_files=[file.id]))
        assert "“sales.csv” belongs to boss, but the assistant to ada." in error(page, "code_files")
        assert client.post(page_of(assistant), filled(ada)).status_code == 302

    def test_stay_as_they_are_when_nobody_touched_them(self, boss, client) -> None:
        file = file_of(boss)
        listed = {"code_interpreter": {"file_ids": ["file-gone", file.id]}}
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[CODE], tool_resources=listed)
        client.post(page_of(assistant), filled(boss, run_code="on", code_files=[file.id]))
        assistant.refresh_from_db()
        assert assistant.tool_resources == listed

    def test_stay_with_the_owner_of_the_original(self, ada, client) -> None:
        assistant = Assistant.objects.create(owner=ada, name="A", tools=[CODE], tool_resources=resources(file_of(ada)))
        client.post("/admin/chat/assistant/", {"action": "duplicate", "_selected_action": [assistant.pk]})
        assert Assistant.objects.exclude(pk=assistant.pk).get().tool_resources == {}


class TestPrivateFiles:
    @pytest.fixture
    def staff(self, make_staff) -> User:
        return make_staff("view_assistant", "change_assistant")

    @pytest.fixture
    def hers(self, ada) -> Assistant:
        """An assistant that Ada's program made, with files that nobody else sees."""
        tool_resources = resources(file_of(ada, "diary.csv"), file_of(ada, "debts.csv"))
        file_of(ada, "letters.txt")
        return Assistant.objects.create(
            owner=ada, name="Hers", tools=[CODE], tool_resources=tool_resources, audience=Audience.OWNER
        )

    def test_are_only_counted(self, staff, enter, hers) -> None:
        page = enter(staff).get(page_of(hers))
        assert offered(page) == ["2 private files of the owner"]
        for name in ("diary", "debts", "letters"):
            assert name not in page.content.decode()

    def test_stay_when_the_form_is_saved_and_can_be_taken_away(self, staff, enter, hers, ada) -> None:
        client, before = enter(staff), hers.tool_resources
        data = filled(ada, name="Renamed", audience="owner", run_code="on")
        client.post(page_of(hers), data | {"code_files": ["kept"]})
        hers.refresh_from_db()
        assert (hers.name, hers.tool_resources) == ("Renamed", before)
        client.post(page_of(hers), data)
        hers.refresh_from_db()
        assert hers.tool_resources == {}

    def test_get_company(self, staff, enter, hers, ada) -> None:
        data = filled(ada, audience="owner", run_code="on", code_files=["kept"], new_code_files=[upload("more.csv")])
        assert enter(staff).post(page_of(hers), data).status_code == 302
        hers.refresh_from_db()
        assert [
            file.filename for file in files.get_present(ada, hers.tool_resources["code_interpreter"]["file_ids"])
        ] == [
            "diary.csv",
            "debts.csv",
            "more.csv",
        ]

    def test_are_not_opened_to_others_by_sharing_the_assistant(self, staff, enter, hers, ada) -> None:
        data = filled(ada, audience="everyone", run_code="on")
        page = enter(staff).post(page_of(hers), data | {"code_files": ["kept"]})
        assert "Its code has private files of its owner." in error(page, "audience")
        hers.refresh_from_db()
        assert hers.audience == Audience.OWNER
        assert enter(staff).post(page_of(hers), data).status_code == 302

    def test_are_not_opened_by_a_new_owner(self, staff, enter, hers) -> None:
        page = enter(staff).post(page_of(hers), filled(staff, audience="owner", code_files=["kept"]))
        assert "belong to somebody else" in error(page, "code_files")
        assert "diary" not in page.content.decode()

    def test_are_named_to_those_who_may_read_them(self, client, hers) -> None:
        labels = offered(client.get(page_of(hers)))
        assert [label.split(" ")[0] for label in labels] == ["diary.csv", "debts.csv", "letters.txt"]

    def test_are_counted_for_those_who_may_only_look(self, make_staff, enter, hers) -> None:
        client = enter(make_staff("view_assistant"))
        page = client.get(page_of(hers)).content.decode()
        assert "2 private files of the owner" in page
        assert "diary" not in page
        Assistant.objects.update(audience=Audience.EVERYONE)
        assert "diary.csv" in client.get(page_of(hers)).content.decode()
