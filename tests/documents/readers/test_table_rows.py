from __future__ import annotations

from chat.documents.readers.tables.rows import Line, table_sections


def told(*lines: Line) -> list[str]:
    return "".join(section.text for section in table_sections(lines)).splitlines()


class TestTheHeaderOfATable:
    def test_may_have_two_levels_of_which_both_are_kept(self) -> None:
        assert told(
            ["", "Spring", "", "Autumn", ""],
            ["Port", "Boats", "Crew", "Boats", "Crew"],
            ["Gullvik", "1", "2", "3", "4"],
        ) == ["Port: Gullvik | Spring Boats: 1 | Spring Crew: 2 | Autumn Boats: 3 | Autumn Crew: 4"]
        assert told(
            ["Port", "2023", "", "2024", ""],
            ["", "Q1", "Q2", "Q1", "Q2"],
            ["Gullvik", "closed", "open", "closed", "7"],
        ) == ["Port: Gullvik | 2023 Q1: closed | 2023 Q2: open | 2024 Q1: closed | 2024 Q2: 7"]

    def test_may_be_years_in_any_order_dates_or_numbers_in_order(self) -> None:
        assert told(["Port", "2020", "2015"], ["Tarn", "closed", "4"], ["Mole", "1", "2"])[0] == (
            "Port: Tarn | 2020: closed | 2015: 4"
        )
        assert told(["Port", "2024"], ["Tarn", "4"], ["Mole", "1"]) == ["Port: Tarn | 2024: 4", "Port: Mole | 2024: 1"]
        assert told(["Port", "1 May 2024", "2 May 2024"], ["Tarn", "4", "5"]) == [
            "Port: Tarn | 1 May 2024: 4 | 2 May 2024: 5"
        ]
        assert told(["Week", "1", "2", "3"], ["Tarn", "4", "8", "5"]) == ["Week: Tarn | 1: 4 | 2: 8 | 3: 5"]

    def test_may_lack_a_name(self) -> None:
        assert told(["Port", "Boats", "Crew", ""], ["Tarn", "1", "2", "late"], ["Mole", "3", "4", "early"]) == [
            "Port: Tarn | Boats: 1 | Crew: 2 | late",
            "Port: Mole | Boats: 3 | Crew: 4 | early",
        ]

    def test_is_no_row_of_years_above_years(self) -> None:
        assert told(["Gullvik", "2001", "2003"], ["Tarn", "1999", "2004"]) == [
            "Gullvik | 2001 | 2003",
            "Tarn | 1999 | 2004",
        ]

    def test_is_no_line_of_a_form_above_it(self) -> None:
        assert told(
            ["Customer", "Ada"],
            ["Date", "9 March 2024"],
            [],
            ["Article", "Count", "Price"],
            ["Rope", "2", "3.50 kr"],
            ["Paint", "1", "9.00 kr"],
        ) == [
            "Customer | Ada",
            "Date | 9 March 2024",
            "Article: Rope | Count: 2 | Price: 3.50 kr",
            "Article: Paint | Count: 1 | Price: 9.00 kr",
        ]


class TestTablesPartedByBlankRows:
    def test_have_a_header_each(self) -> None:
        assert told(
            ["Port", "Boats"],
            ["Gullvik", "12"],
            ["Tarn", "13"],
            [],
            ["Depths of buoys"],
            ["Buoy", "Depth", "Colour"],
            ["Mole", "4.5", "red"],
            ["", "", ""],
            ["Keeper", "Phone"],
            ["Ada", "none"],
            ["Bo", "yes"],
        ) == [
            "Port: Gullvik | Boats: 12",
            "Port: Tarn | Boats: 13",
            "Depths of buoys",
            "Buoy: Mole | Depth: 4.5 | Colour: red",
            "Keeper: Ada | Phone: none",
            "Keeper: Bo | Phone: yes",
        ]

    def test_may_be_one_that_goes_on(self) -> None:
        assert told(
            ["Port", "2022"], ["Gullvik", "1"], ["Tarn", "2"], [], ["Mole", "5"], ["Gull", "closed"], ["", "4"]
        ) == [
            "Port: Gullvik | 2022: 1",
            "Port: Tarn | 2022: 2",
            "Port: Mole | 2022: 5",
            "Port: Gull | 2022: closed",
            "2022: 4",
        ]


class TestARemark:
    def test_stands_behind_its_row_and_is_in_no_column(self) -> None:
        assert told(["a", "b"], "[of the header]", ["1", "2"], "[of the row]", ["3", "4"]) == [
            "[of the header]",
            "a: 1 | b: 2",
            "[of the row]",
            "a: 3 | b: 4",
        ]
