"""What a model is told of the code interpreter, and what a step keeps of its calls."""

from __future__ import annotations

import json

import pytest

from chat.models import Assistant, File, Run, SandboxFile, Thread, User
from chat.tools.code_interpreter import (
    MOST_LOGS,
    MOST_TOLD,
    CodeReader,
    code_call,
    declare,
    describe_call,
    image,
    images,
    interrupt_open_calls,
    logs,
    mounted_files,
    read_code,
)


def a_file(owner: User, name: str) -> File:
    return File.objects.create(owner=owner, filename=name, content_type="text/plain", bytes=1)


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


def run_with(thread: Thread, *files: File) -> Run:
    resources = {"code_interpreter": {"file_ids": [file.id for file in files]}}
    return Run.objects.create(thread=thread, assistant=thread.assistant, model="m", tool_resources=resources)


class TestTheFolder:
    def test_has_the_files_that_were_given_by_their_names(self, thread: Thread, ada: User) -> None:
        file = a_file(ada, "Zahlen 2026.csv")
        assert mounted_files(run_with(thread, file)) == {"Zahlen 2026.csv": file}

    def test_has_both_of_two_files_with_one_name(self, thread: Thread, ada: User) -> None:
        first, second = a_file(ada, "a.csv"), a_file(ada, "a.csv")
        assert mounted_files(run_with(thread, first, second)) == {"a.csv": first, f"a-{second.id[-6:]}.csv": second}

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("..", "file"),
            ("a/b\\c.txt", "a_b_c.txt"),
            ("a\nb", "a_b"),
            ("x" * 250 + ".csv", "x" * 200 + ".csv"),
            ("数" * 100 + ".csv", "数" * 66 + ".csv"),
            ("a." + "é" * 200, "a." + "é" * 19),
        ],
    )
    def test_has_them_under_names_that_it_can_hold(self, thread: Thread, ada: User, name: str, shown: str) -> None:
        assert list(mounted_files(run_with(thread, a_file(ada, name)))) == [shown]

    def test_has_what_cells_left_rather_than_what_was_given(self, thread: Thread, ada: User) -> None:
        run = run_with(thread, a_file(ada, "a.csv"))
        changed = a_file(ada, "a.csv")
        SandboxFile.objects.create(thread=thread, name="a.csv", file=changed, run=run)
        assert mounted_files(run) == {"a.csv": changed}

    def test_has_no_file_of_a_stranger(self, thread: Thread, ada: User, bob: User) -> None:
        assert mounted_files(run_with(thread, a_file(bob, "secret.csv"))) == {}

    def test_has_the_files_of_a_shared_assistant(self, thread: Thread, assistant: Assistant, bob: User) -> None:
        Assistant.objects.filter(pk=assistant.pk).update(owner=bob)
        file = a_file(bob, "prices.csv")
        assert mounted_files(run_with(thread, file)) == {"prices.csv": file}


class TestTheDeclaration:
    def test_names_the_files(self) -> None:
        assert "In /mnt/data now: 'a.csv', 'b.csv'." in declare(["b.csv", "a.csv"]).description

    def test_names_the_libraries_and_what_of_them_is_other_than_models_expect(self) -> None:
        description = declare([]).description

        assert "tabulate, statsmodels" in description
        assert "pandas is version 3" in description
        assert "plotly: fig.write_html() only" in description

    def test_names_only_those_of_the_small_set(self, settings) -> None:
        settings.EVERTHREAD_SANDBOX_LIBRARIES = "small"

        description = declare([]).description

        assert "tabulate. Nothing" in description
        assert "pandas is version 3" in description
        assert "plotly" not in description

    def test_is_short(self) -> None:
        assert len(declare([]).description) < 2400

    def test_names_only_some_of_very_many(self) -> None:
        described = declare([f"{number:03}.csv" for number in range(100)]).description
        assert "'000.csv'" in described
        assert "'099.csv'" not in described
        assert "and 60 more." in described


class TestWhatTheModelIsTold:
    def test_is_what_was_printed_shown_and_written(self) -> None:
        files = [{"name": "a.csv", "file_id": "file-a", "bytes": 3}]
        made = code_call("call_1", "…", outputs=[*logs("42\n"), image("file-1")], files=files, note="[Anew.]")
        assert describe_call(made["code_interpreter"]) == (
            "[Anew.]\n42\n[The picture is shown above.]\n[Written to /mnt/data: a.csv]"
        )

    def test_is_something_also_of_code_that_is_silent(self) -> None:
        assert describe_call(code_call("call_1", "x = 1")["code_interpreter"]) == "[The code ran and printed nothing.]"

    def test_has_beginning_and_end_of_a_long_output(self) -> None:
        said = describe_call(code_call("call_1", "…", outputs=logs("a" + "x" * 50_000 + "z"))["code_interpreter"])
        assert MOST_TOLD < len(said) < MOST_TOLD + 100
        assert said.startswith("a")
        assert said.endswith("z")


class TestAStep:
    def test_keeps_only_so_much_of_an_output(self) -> None:
        [output] = logs("x" * 1_000_000)
        assert len(output["logs"]) < MOST_LOGS + 100

    def test_lists_no_output_of_silent_code(self) -> None:
        assert logs("") == []

    def test_that_ends_leaves_nothing_running(self) -> None:
        calls = [
            code_call("a", "1", status="ok"),
            code_call("b", "2", status="running"),
            code_call("c", "3", status="waiting"),
        ]
        closed = interrupt_open_calls({"type": "tool_calls", "tool_calls": calls})["tool_calls"]
        assert [each["code_interpreter"]["status"] for each in closed] == ["ok", "interrupted", "interrupted"]

    def test_of_a_message_stays_as_it_is(self) -> None:
        details = {"type": "message_creation", "message_creation": {"message_id": "msg_1"}}
        assert interrupt_open_calls(details) == details

    def test_knows_its_pictures(self) -> None:
        calls = [code_call("a", "1", outputs=[*logs("x"), image("file-1")]), {"type": "function", "function": {}}]
        assert images([*calls, code_call("b", "2", outputs=[image("file-2")])]) == ["file-1", "file-2"]


CODE = 'print("a\\n")\npath = r"\\d"  # 😀 é\n'


def read_pieces(*pieces: str) -> str:
    reader = CodeReader()
    return "".join([*(reader.feed(piece) for piece in pieces), reader.rest()])


class TestCode:
    @pytest.mark.parametrize("escaped", [True, False])
    def test_is_the_same_however_its_arguments_are_cut(self, escaped: bool) -> None:
        arguments = json.dumps({"code": CODE}, ensure_ascii=escaped)
        assert read_pieces(*arguments) == CODE
        for place in range(len(arguments)):
            assert read_pieces(arguments[:place], arguments[place:]) == CODE

    def test_is_told_as_soon_as_it_comes(self) -> None:
        reader = CodeReader()
        assert [reader.feed(piece) for piece in ('{"co', 'de": "x =', " 1", '\\nprint(x)"}')] == [
            "",
            "x =",
            " 1",
            "\nprint(x)",
        ]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ('{"code": "1 + 1"}', "1 + 1"),
            ('{ "language": "python", "code": "1 + 1" }', "1 + 1"),
            ('{"input": "1 + 1"}', "1 + 1"),
            ('{"script": "1 + 1"}', "1 + 1"),
            ('"1 + 1"', "1 + 1"),
            ("1 + 1", "1 + 1"),
            ("x = {'a': 1}", "x = {'a': 1}"),
            ('{"code": "a\nb"}', "a\nb"),
            ('{"code": "re.match(\'\\d\')"}', "re.match('\\d')"),
            ('{"code": "import re\\nre.match(r\\"\\d+\\", x)"}', 'import re\nre.match(r"\\d+", x)'),
            ('{"timeout": 5, "language": "python", "code": "1 + 1"}', "1 + 1"),
            ('{"code": "1 + ', "1 + "),
            ('{"code": "\\ud83d!"}', "?!"),
            ('{"code": "\\u0000"}', "\ufffd"),
            ('{"timeout": 5, "code": "\\ud83d\\u0000"}', "?\ufffd"),
            ('{"code": "# C:\\users\\n1 + 1"}', "# C:\\users\n1 + 1"),
            ('{"code": "r\'\\underline\\u12\'"}', "r'\\underline\\u12'"),
            ('{"code": "\\ud83d\\users"}', "?\\users"),
            (f'{{"a": "{"x" * 3000}", "code": "1 + 1"}}', "1 + 1"),
            ("[" * 100_000, "[" * 100_000),
            ('{"code": ""}', ""),
            ("{}", ""),
            ("", ""),
        ],
    )
    def test_is_what_the_model_meant(self, arguments: str, code: str) -> None:
        assert read_code(arguments) == code
        assert read_pieces(*arguments) == code
