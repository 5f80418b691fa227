"""Code is read out of arguments while they are being written, whatever a model makes of them."""

from __future__ import annotations

import json

import pytest

from chat.tools.code_reader import CodeReader, read_code

CODE = 'print("a\\n")\npath = r"\\d"  # 😀 é\n'


def read(*pieces: str) -> str:
    reader = CodeReader()
    return "".join([*(reader.feed(piece) for piece in pieces), reader.rest()])


class TestCode:
    @pytest.mark.parametrize("escaped", [True, False])
    def test_is_the_same_however_its_arguments_are_cut(self, escaped: bool) -> None:
        arguments = json.dumps({"code": CODE}, ensure_ascii=escaped)
        assert read(*arguments) == CODE
        for place in range(len(arguments)):
            assert read(arguments[:place], arguments[place:]) == CODE

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
            ('{"code": ""}', ""),
            ("{}", ""),
            ("", ""),
        ],
    )
    def test_is_what_the_model_meant(self, arguments: str, code: str) -> None:
        assert read_code(arguments) == code
        assert read(*arguments) == code
