"""How to make files that are broken or meant to harm."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.documents import samples

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPT = "/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{0}>/U<{0}>>>/ID[<00><00>]".format("41" * 32)

BOMB = (
    '<!DOCTYPE d [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {there} "{f"&{here};" * 10}">' for here, there in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
XXE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE d [<!ENTITY a "x"><!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'

NUMBER_OF_CENTRAL_DIRECTORY = b"PK\x01\x02"


def word() -> bytes:
    return samples.word([("Normal", "visible text")])


def deck() -> bytes:
    return samples.slides([("Title", "visible text", "")])


def sheet() -> bytes:
    return samples.workbook({"S": [["a", "b"], ["visible", "text"]]})


def page() -> bytes:
    return samples.pdf([samples.prose(["visible text"])] * 5)


def with_doctype(document: bytes, member: str, doctype: str, needle: str) -> bytes:
    """An Office file with a doctype in ``member`` and its entity where ``needle`` was."""
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        xml = file.read(member).decode()
    declaration, _, rest = xml.partition("?>") if xml.startswith("<?xml") else ("", "", xml)
    head = f"{declaration}?>" if declaration else ""
    last = "&j;" if doctype == BOMB else "&a;"
    return samples.changed(document, {member: head + doctype + rest.replace(needle, f"{needle} {last}", 1)})


def with_type(document: bytes, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        types = file.read("[Content_Types].xml").decode()
    return samples.changed(document, {"[Content_Types].xml": types.replace(old, new)})


def with_holes(name: str) -> bytes:
    """A file of ``tests/documents/files``, a third of which is noise."""
    content = gzip.decompress((Path(__file__).parent / "files" / f"{name}.gz").read_bytes())
    third = len(content) // 3
    return content[:third] + noise(third) + content[2 * third :]


def nested_mail() -> bytes:
    """A message of thousands of parts in each other."""
    heads = (f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(5000))
    return b"From: a@b.example\n" + "".join(heads).encode() + b"\nvisible"


def many_members() -> bytes:
    return samples.changed(word(), {f"m{number}": "" for number in range(25_000)})


def quine_of_zips() -> bytes:
    inner = samples.archive({"zeros": bytes(5 << 20)})
    for _ in range(5):
        inner = samples.archive({f"{number}.zip": inner for number in range(4)})
    return inner


def lying_size() -> bytes:
    """A sheet that unpacks to 3 GB and says that it has 1 kB."""
    start = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row><c t="str"><v>'
    )
    packed = blanks(3000, before=start)
    with zipfile.ZipFile(io.BytesIO(sheet())) as file:
        members = {name: file.read(name) for name in file.namelist() if "sheet1" not in name}
    out = io.BytesIO(samples.archive(members))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_STORED) as file:
        file.writestr("xl/worksheets/sheet1.xml", packed)
    return _as_deflated(out.getvalue(), len(packed), 1024)


def _as_deflated(content: bytes, packed: int, claimed: int) -> bytes:
    """``content`` with its last member said to be deflated from ``claimed`` bytes."""
    changed = bytearray(content)
    central = changed.rindex(NUMBER_OF_CENTRAL_DIRECTORY)
    local = struct.unpack_from("<I", changed, central + 42)[0]
    for place, method, sizes in ((local, 8, 18), (central, 10, 20)):
        struct.pack_into("<H", changed, place + method, zipfile.ZIP_DEFLATED)
        struct.pack_into("<II", changed, place + sizes, packed, claimed)
    return bytes(changed)


def far_cell() -> bytes:
    """Two cells at the corners of a sheet, a rectangle of 17 thousand million cells."""
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'
    return samples.changed(sheet(), {"xl/worksheets/sheet1.xml": xml})


def endless_rows() -> bytes:
    """An OpenDocument sheet of a cell that stands for 17 thousand million, and says so in a line."""
    cell = samples.opendocument_cell("visible", entries='table:number-columns-repeated="16384"')
    content = samples.opendocument_sheet(cell)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        xml = file.read("content.xml").decode()
    row = '<table:table-row table:number-rows-repeated="1048576">'
    return samples.changed(content, {"content.xml": xml.replace("<table:table-row>", row)})


def many_merges() -> bytes:
    """Twenty thousand merged cells over each other and all columns."""
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="str"><v>visible</v></c></row>' for row in range(1, 20_000))
    merged = "".join(f'<mergeCell ref="A{row}:XFD1048576"/>' for row in range(1, 20_000))
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData><mergeCells>{merged}</mergeCells></worksheet>'
    return samples.changed(sheet(), {"xl/worksheets/sheet1.xml": xml})


def nested_controls() -> bytes:
    document = docx.Document()
    text = "<w:sdt><w:sdtContent>" * 120 + "<w:p><w:r><w:t>deep</w:t></w:r></w:p>" + "</w:sdtContent></w:sdt>" * 120
    document.element.body.insert(0, parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent>{text}</w:sdtContent></w:sdt>"))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def endless_nesting() -> bytes:
    return samples.changed(word(), {"word/document.xml": "<a>" * 2_000_000})


def page_count(count: int) -> bytes:
    return page().replace(b"/Count 5", f"/Count {count}".encode())


def loop_of_pages() -> bytes:
    return samples.assemble(["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 9/Kids[2 0 R 2 0 R 2 0 R]>>"])


def loop_of_bookmarks() -> bytes:
    title = "<</Title(again)/Parent 2 0 R/Next 4 0 R/First 4 0 R/Dest[3 0 R/Fit]>>"
    return samples.assemble(
        [
            "<</Type/Catalog/Pages 2 0 R/Outlines<</First 4 0 R/Last 4 0 R/Count 1>>>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>",
            title,
        ]
    )


def one_page(content: str, *, entries: str = "", resources: str = "") -> bytes:
    return samples.assemble(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<{resources}>>>>",
            samples.stream(content, entries=entries),
            samples.stream("", entries="/Type/XObject/Subtype/Image/Width 2000000000/Height 2000000000"
                           "/ColorSpace/DeviceRGB/BitsPerComponent 8"),
            samples.stream("/F Do", entries="/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
                           "/Resources<</XObject<</F 6 0 R>>>>"),
        ]
    )  # fmt: skip


def scattered_words(*, hidden: bool = False) -> bytes:
    """A page of words anywhere on it, in no order; ``hidden``: in white, each with a coloured area somewhere."""
    place = random.Random(4)
    word = "BT /F 4 Tf {x} {y} Td (visible) Tj ET"
    shown = "0 1 0 rg {y} {x} 3 3 re f 1 g " + word if hidden else word
    content = "\n".join(shown.format(x=place.randrange(600), y=place.randrange(780)) for _ in range(20_000))
    return one_page(content, resources="/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>")


def stream_of_zeros() -> bytes:
    """A page whose content unpacks to 4 GB."""
    packed = b"\x78\xda" + blanks(4096)
    return one_page(packed.decode("latin-1"), entries="/Filter/FlateDecode")


def blanks(megabytes: int, *, before: bytes = b"") -> bytes:
    """So many megabytes of spaces after ``before``, as a raw deflate stream; made from one block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * megabytes + packer.flush()


def noise(length: int, *, seed: int = 4) -> bytes:
    return random.Random(seed).randbytes(length)
