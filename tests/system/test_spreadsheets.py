# SPDX-License-Identifier: ISC
"""occupancyctl export for spreadsheets: what is in a workbook, and what LibreOffice makes of it and of CSV."""

import re
import resource
import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from handmade import Room, local, write
from harness import rfc3339, uuid_of
from test_calendar import seconds
from test_export import HOSTILE, THREE_DAYS, export, guarded, hostile, log, run, shown  # noqa: F401: fixtures among them

XLSX = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
# Days from the origin of a sheet's dates to 1970.
ORIGIN = 25569


def column_of(reference):
    """0 for A1, 27 for AB7."""
    number = 0
    for letter in re.match("[A-Z]+", reference).group():
        number = number * 26 + ord(letter) - 64
    return number - 1


def sheets_of(path):
    """Of each sheet its cells: {row: {column: text or float}}, and whether its first row stays when one scrolls."""
    found = []
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/sheet"))
        for name in names:
            tree = ElementTree.fromstring(archive.read(name))
            assert tree.find(".//m:pane", XLSX).attrib["state"] == "frozen" and not tree.findall(".//m:f", XLSX)
            rows = {}
            for cell in tree.iterfind(".//m:c", XLSX):
                text = "".join(t.text or "" for t in cell.iterfind(".//m:t", XLSX)) if cell.get("t") == "inlineStr" else None
                row = rows.setdefault(int(re.search(r"\d+", cell.attrib["r"]).group()), {})
                row[column_of(cell.attrib["r"])] = float(cell.find("m:v", XLSX).text) if text is None else text
            found.append(rows)
    return found


def office(folder, path, *options):
    """The rows of a document as LibreOffice has them: for each cell its kind and value."""
    done = subprocess.run(["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", *options, "--convert-to",
                           "fods", "--outdir", folder / "office", path], capture_output=True, text=True, timeout=180)
    result = folder / "office" / f"{path.stem}.fods"
    assert result.exists(), done.stdout + done.stderr
    office, text, tables = ("{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}" % name for name in ("office", "text", "table"))
    rows = []
    for row in ElementTree.parse(result).iter(f"{tables}table-row"):
        cells = []
        for cell in row.iter(f"{tables}table-cell"):
            assert f"{tables}formula" not in cell.attrib
            kind = cell.get(f"{office}value-type")
            value = {"float": lambda: float(cell.get(f"{office}value")), "percentage": lambda: float(cell.get(f"{office}value")),
                     "date": lambda: f"{cell.get(f'{office}date-value')}T00:00:00"[:19], None: lambda: None,
                     "string": lambda: "".join("".join(p.itertext()) for p in cell.iter(f"{text}p"))}[kind]()
            cells += [(kind, value)] * min(int(cell.get(f"{tables}number-columns-repeated", 1)), 16)
        rows += [cells] * min(int(row.get(f"{tables}number-rows-repeated", 1)), 2)
    return [row for row in rows if any(kind for kind, _ in row)]


needs_office = pytest.mark.skipif(not shutil.which("soffice"), reason="soffice is not installed: libreoffice-calc")


def days(zone, instant):
    """As a sheet has what the clock shows."""
    return (instant + local(zone, instant).utcoffset().total_seconds()) / 86400 + ORIGIN


def test_a_workbook_holds_every_bucket(hostile, tmp_path):
    start = seconds("2026-03-28T03:10:00Z")
    log = tmp_path / "log"
    log.mkdir()
    rooms = [Room(1, "lab", "Europe/Berlin", start, start + THREE_DAYS), Room(2, "lobby", "America/Denver", start, start + 86400)]
    path = tmp_path / "counts.xlsx"
    export("-o", path, write(log, *rooms))
    (sheet,) = sheets_of(path)
    assert list(sheet.pop(1).values()) == ["Time (UTC)", "Local time", "Site", "Room", "Device", "Interval", "Count", "Status"]
    expected = [{0: days("UTC", b.start), 1: days(room.zone, b.start), 2: "hq", 3: room.name, 4: room.uuid, 5: room.interval,
                 **({} if b.count is None else {6: b.count}), 7: b.status} for room in rooms for b in room.buckets]
    assert list(sheet) == list(range(2, len(expected) + 2))
    for cells, wanted in zip(sheet.values(), expected):
        assert cells.keys() == wanted.keys()
        assert all(abs(cells[at] - value) < 1e-8 if isinstance(value, (int, float)) else cells[at] == value
                   for at, value in wanted.items()), (cells, wanted)

    export("--wide", "--every", "1d", "-o", path, log)
    (sheet,) = sheets_of(path)
    assert list(sheet.pop(1).values()) == ["Date", "lab", "lobby"]
    means = {(int(days(room.zone, at)), column): figures and float(figures["mean"])
             for column, room in enumerate(rooms, 1) for at, figures, _ in room.coarser(86400)}
    assert [cells[0] for cells in sheet.values()] == sorted({date for date, _ in means})
    for cells in sheet.values():
        for column in (1, 2):
            mean = means.get((cells[0], column))
            assert (column in cells) == (mean is not None) and (mean is None or abs(cells[column] - mean) < 0.000001)

    export("-o", path, hostile)
    (sheet,) = sheets_of(path)
    assert {cells[4]: cells[3] for row, cells in sheet.items() if row > 1} == {
        uuid_of(n): shown(name) for n, name in enumerate(HOSTILE, 1)}


@pytest.mark.long
def test_what_a_sheet_cannot_hold_is_continued_on_another(tmp_path):
    start, end = seconds("2024-03-01T00:00:00Z"), seconds("2026-05-04T00:00:00Z")
    room = Room(1, "lobby", "UTC", start - 120, start, "MINUTELY")
    room.line(start, end, None, "gap")
    log = tmp_path / "log"
    log.mkdir()
    path = tmp_path / "counts.xlsx"
    export("-o", path, write(log, room, files=1))
    minutes = (end - start) // 60 + len(room.buckets)
    with zipfile.ZipFile(path) as archive:
        counts = [archive.read(f"xl/worksheets/sheet{n}.xml").count(b"<row ") for n in (1, 2)]
    assert counts[0] == 1048576 and sum(counts) == minutes + 2


def test_a_workbook_needs_a_file_and_room_for_it(log, tmp_path):
    done = run("--format", "xlsx", log)
    assert done.returncode == 64 and b"this format needs a file: -o FILE" in done.stderr
    path = tmp_path / "counts.xlsx"
    path.write_text("before")
    for limit in (2000, 20000):
        done = run("-o", path, log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        assert done.returncode == 74 and b"counts.xlsx" in done.stderr, done
        assert path.read_text() == "before" and not list(tmp_path.glob(".counts*"))


@needs_office
@pytest.mark.parametrize("form, options", [
    ("xlsx", []), ("excel", ["--infilter=CSV:44,34,76,1,,1033,false,true"]),
    ("excel-semicolon", ["--infilter=CSV:59,34,76,1,,1031,false,true"])])
def test_libreoffice_keeps_every_value_and_time(form, options, hostile, tmp_path):
    start = seconds("2026-10-24T18:10:00Z")
    log = tmp_path / "log"
    log.mkdir()
    room = Room(1, "lab", "Europe/Berlin", start, start + THREE_DAYS)
    path = tmp_path / ("counts.xlsx" if form == "xlsx" else "counts.csv")
    how = ["-o", path] if form == "xlsx" else ["-o", path, "--dialect", form]

    export(*how, write(log, room))
    rows = office(tmp_path, path, *options)[1:]
    assert len(rows) == len(room.buckets)
    for row, bucket in zip(rows, room.buckets):
        assert row[0] == ("date", rfc3339(bucket.start).rstrip("Z"))
        assert row[1] == ("date", local("Europe/Berlin", bucket.start).replace(tzinfo=None).isoformat())
        assert row[3] == ("string", "lab") and row[6] == (("float", bucket.count) if bucket.count is not None else (None, None))

    export("--every", "1h", *how, log)
    for row, (at, figures, known) in zip(office(tmp_path, path, *options)[1:], room.coarser(3600), strict=True):
        assert row[0] == ("date", rfc3339(at).rstrip("Z")) and abs(row[7][1] - known) <= 0.0001
        assert row[6] == (None, None) if figures is None else abs(row[6][1] - figures["mean"]) < 0.000001

    # Names are text, whatever they look like; LibreOffice makes one blank of several when it writes its own format.
    export(*how, hostile)
    found = {row[4][1]: row[3] for row in office(tmp_path, path, *options)[1:]}
    name_of = shown if form == "xlsx" else lambda name: guarded(shown(name))
    for number, name in enumerate(HOSTILE, 1):
        kind, text = found[uuid_of(number)]
        assert kind == "string" and text.split() == name_of(name).split(), (name, text)
