from __future__ import annotations

import pytest

from chat.documents.charsets import guess, meant_by, utf16_name
from tests.documents.conftest import Reading

LETTERS = {
    "da": "Færgen sejler hver dag undtagen lørdag. Afgiften på tolv kroner betales på kajen, også af små både.",
    "de": "Die Fähre fährt täglich außer samstags. Die Gebühr beträgt zwölf Kronen, für größere Schiffe mehr.",
    "es": "El muelle está cerrado desde la primera helada; la señal roja indica que ningún barco entrará mañana.",
    "fi": "Lautta lähtee päivittäin yhdeksältä. Sää määrää, pääseekö sillä takaisin ennen pimeän tuloa.",
    "fr": "L'écluse est fermée dès la première gelée ; le péage est dû à l'entrée, où le gardien vérifie le reçu.",
    "it": "Il molo è chiuso perché la diga è più alta: chi entrerà dovrà pagare già la metà del pedaggio.",
    "nl": "De sluis is gesloten vanaf de eerste vorst; één veerman coördineert alle drieëntwintig schepen.",
    "pt": "O cais não está aberto à noite; a eclusa só funciona após a maré, e as embarcações pagarão três coroas.",
    "sv": "Färjan går varje dag utom på lördagar. Avgiften för små båtar är åtta kronor, och för större tolv.",
    "cs": "Přístav je zavřený při vánici, poplatek činí dvanáct korun za noc a lodě čekají u žlutého mola.",
    "pl": "Śluza jest zamknięta od pierwszego mrozu, opłata wynosi dwanaście złotych, także dla łodzi rybackich.",
    "hu": "A zsilip az első fagytól zárva van, a díj tizenkét korona, és a hajók a sárga mólónál várnak őrökre.",
    "ru": "Шлюз закрыт с первого мороза, плата двенадцать рублей, рыбацкие лодки стоят у северного причала.",
    "uk": "Шлюз зачинений від першого морозу, плата дванадцять гривень, човни чекають біля північної пристані її.",
    "el": "Η δεξαμενή είναι κλειστή από τον πρώτο παγετό και το τέλος είναι δώδεκα κορώνες για κάθε πλοίο.",
    "tr": "Havuz ilk dondan itibaren kapalıdır, ücret on liradır ve balıkçı tekneleri iskelede bekler. Geçiş güçtür.",
    "he": "השער נסגר מן הכפור הראשון והמחיר שנים עשר שקלים לכל ספינה שנכנסת לנמל",
    "ar": "تغلق البوابة منذ أول صقيع والرسم اثنا عشر دينارا لكل سفينة تدخل الميناء",
    "lt": "Šliuzas uždarytas nuo pirmųjų šalnų, mokestis dvylika kronų, žvejų valtys laukia šiaurinėje prieplaukoje.",
    "lv": "Slūžas ir slēgtas no pirmā sala, maksa ir divpadsmit kronas, zvejnieku laivas gaida pie ziemeļu piestātnes.",
    "th": "ประตูน้ำปิดตั้งแต่น้ำค้างแข็งครั้งแรก ค่าผ่านทางสิบสองบาท เรือประมงรออยู่ที่ท่าเรือ",
    "ja": "水門は初霜の日から閉まる。料金は十二円である。漁船は北の桟橋で待つこと。",
    "zh": "船闸从初霜之日起关闭，费用为十二元。渔船在北码头等候。",
    "zh_TW": "船閘從初霜之日起關閉，費用為十二元。漁船在北碼頭等候。",
    "ko": "수문은 첫 서리가 내린 날부터 닫힌다. 요금은 십이 원이다. 어선은 북쪽 부두에서 기다린다.",
}
ENCODINGS = {
    "cp1252": ("da", "de", "es", "fr", "it", "nl", "pt", "sv"),
    "mac-roman": ("de", "es", "fr"),
    "cp1250": ("cs", "pl", "hu"),
    "iso8859-2": ("cs", "pl", "hu"),
    "cp1251": ("ru", "uk"),
    "koi8-r": ("ru",),
    "koi8-u": ("uk",),
    "cp866": ("ru",),
    "cp1253": ("el",),
    "cp1254": ("tr",),
    "cp1255": ("he",),
    "cp1256": ("ar",),
    "cp1257": ("lt", "lv"),
    "cp874": ("th",),
    "shift_jis": ("ja",),
    "euc_jp": ("ja",),
    "iso2022_jp": ("ja",),
    "gbk": ("zh",),
    "gb18030": ("zh",),
    "big5": ("zh_TW",),
    "euc_kr": ("ko",),
    "utf-16-le": ("de", "ru", "ar", "th", "ja", "zh", "ko"),
    "utf-16-be": ("de", "ru", "ar", "th", "ja", "zh", "ko"),
}


class TestTextWithoutAMark:
    @pytest.mark.parametrize(
        ("encoding", "language"), [(name, language) for name, languages in ENCODINGS.items() for language in languages]
    )
    async def test_is_read_in_the_encoding_that_its_letters_are_in(
        self, reading: Reading, encoding: str, language: str
    ) -> None:
        text = f"FERRY 12\n{LETTERS[language]}\n"
        outcome = await reading("a.txt", text.encode(encoding))

        assert outcome.text == text
        assert outcome.summary.warnings == ()

    async def test_is_judged_by_its_lines_that_are_not_ascii(self, reading: Reading) -> None:
        text = (
            "The lock opens at dawn and the toll is due there.\n" * 2000
            + LETTERS["cs"]
            + "\nThe end is plain.\n" * 2000
        )
        assert (await reading("a.txt", text.encode("iso8859-2"))).text == text

    async def test_of_a_table_is_read_by_its_few_letters(self, reading: Reading) -> None:
        rows = "Kund;Gata;Pris\nBjörn Åström AB;Lågvägen 9;8 €\nMüller & Söhne;Hafenstraße 4;12 €\n"
        assert (
            "Kund: Björn Åström AB | Gata: Lågvägen 9 | Pris: 8 €"
            in (await reading("a.csv", rows.encode("cp1252"))).text
        )

    async def test_that_could_be_anything_is_read_with_a_notice(self, reading: Reading) -> None:
        (warning,) = (await reading("a.txt", b"BOX \x9a\nTILL \xb1\nBUOY \xd5\n")).summary.warnings
        assert "save it as UTF-8" in warning


class TestUtf16:
    @pytest.mark.parametrize(
        "content",
        [b"", b"8=FIX.4.2\x019=65\x0135=A\x0149=TERN\x0156=MOLE\x01" * 40, b"a\x00\x00\x00b" * 99, bytes(500)],
    )
    def test_is_not_seen_where_it_is_not(self, content: bytes) -> None:
        assert utf16_name(content) is None


class TestALabel:
    @pytest.mark.parametrize(
        ("label", "codec"),
        [("ISO-8859-1", "cp1252"), ("x-sjis", "cp932"), ("windows-1250", "windows-1250"), ("UTF-16LE", "utf-8"),
         ("base64", None), ("no-such", None), ("a\x00b", None)],
    )  # fmt: skip
    def test_means_what_browsers_take_it_for(self, label: str, codec: str | None) -> None:
        assert meant_by(label) == codec


class TestAGuess:
    def test_of_japanese_has_backslashes_and_no_yen_signs(self) -> None:
        assert guess((LETTERS["ja"] + "C:\\港").encode("cp932"))[0] == "cp932"

    def test_of_nothing_is_uncertain(self) -> None:
        assert guess(b"A \x9a\nB \xb1\n")[1] < 0.05
