# SPDX-License-Identifier: ISC
"""The page of occupancyctl report in a real browser: what readers see, and what they do with it."""

import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

import pytest

from browser import DESK, PHONE, browser, needs_chromium
from handmade import Room, write
from harness import SLOW, written_by
from test_calendar import seconds

pytestmark = needs_chromium

START = seconds("2026-09-01T00:00:00Z")
DAYS = 30
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \U0001f63a \x1b[31m \u202e '\"&amp;"


def office(number, name, seats, site="hq", most=None, seed=1, days=DAYS):
    """Somebody is there by day; there is a gap of a day and a half, and hours without data."""
    room = Room(number, name, "Europe/Berlin", START, START + 900, seed=seed, site=site, capacity=seats)
    room.lines, room.buckets, count = [], [], 0
    gap = range(10 * 96, 10 * 96 + 144)
    for i in range(days * 96):
        start = START + 900 * i
        if i == gap[0]:
            room.line(start, start + 900 * len(gap), None, "gap", reason=f"older than backfill: HTTP 503 {HOSTILE}")
        if i in gap:
            continue
        by_day = 8 <= (i // 4 + 2) % 24 < 18 and (i // 96 + 1) % 7 < 5
        count = max(0, min(most or seats, count + room.dice.choice([-1, 0, 1, 1]))) if by_day else 0
        room.record(start, start + 900, None if i % 701 == 700 else count, "no_data" if i % 701 == 700 else "ok")
    return room


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rooms = [office(1, "Meeting Hazel", 4, most=6), office(2, "Lab 2", 12, seed=2), office(3, "Lab 10", 20, seed=3, site="depot"),
             office(4, HOSTILE + "x" * 65536, 8, seed=4, site="<b>Depot</b>", days=2), office(5, "Print hub", 4, most=-1, site="depot")]
    written_by("report", "-o", folder / "report.html", write(folder, *rooms))
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser") / "profile", 60 * SLOW) as it:
        yield it


@pytest.fixture
def tab(chromium, page):
    """The page as it is opened, on a desk; at its end it has said nothing and asked nothing of any network."""
    chromium.screen(DESK)
    chromium.open(page)
    yield chromium
    assert chromium.said == []
    assert [url for url in chromium.asked if not url.startswith("data:image/png")] == [page.as_uri()]


def shown(tab):
    """The time that the series shows, in days since the beginning of the log."""
    text = tab.run("document.querySelector('#closer-span').textContent")
    dates = [seconds(f"{year}-{'JanFebMarAprMayJunJulAugSepOctNovDec'.index(month) // 3 + 1:02d}-{int(day):02d}T{clock or '00:00'}:00Z")
             for day, month, year, clock in re.findall(r"(\d+) (\w{3}) (\d{4})(?: (\d\d:\d\d))?", text)]
    assert len(dates) == 2, text
    return [(date - START) / 86400 for date in dates]


def length(tab):
    first, last = shown(tab)
    return last - first


def pick(tab, name):
    tab.run(f"(() => {{ const s = document.querySelector('#closer-pick'); s.value = [...s.options].find(o => o.textContent === {name!r}).value;"
            " s.dispatchEvent(new Event('change')); })()")
    tab.settle()
    tab.settle()


def inside(tab, share, height=0.3):
    """A place in the series: that part of its width."""
    x, y, wide, high = tab.place("#closer-box")
    return x + 45 + (wide - 55) * share, y + high * height


# What is seen

@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_is_readable_by_day_and_by_night(tab, page, dark):
    """Each text stands out against what it stands on: 4.5 to 1, 3 to 1 if it is large."""
    tab.screen(DESK, dark)
    tab.open(page)
    ground = tab.run("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 60) == dark
    faint = tab.run("""(() => {
        const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                             return .2126 * r + .7152 * g + .0722 * b; };
        const rgb = text => text.match(/[\\d.]+/g).map(Number);
        const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } };
        const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let texts = 0;
        while (walk.nextNode()) {
            const e = walk.currentNode.parentElement, style = getComputedStyle(e);
            if (!walk.currentNode.textContent.trim() || !e.getClientRects().length || e.closest("script, style, svg")) continue;
            const [a, b] = [light(rgb(style.color)), light(behind(e))].sort((x, y) => y - x), size = parseFloat(style.fontSize);
            texts++;
            if ((a + .05) / (b + .05) < (size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5)) found.push([e.outerHTML.slice(0, 90), (a + .05) / (b + .05)]);
        }
        return [texts, found];
    })()""")
    assert faint[0] > 200 and faint[1] == []


@pytest.mark.parametrize("size", [PHONE, {**PHONE, "width": 320}, DESK], ids=["phone", "small", "desk"])
def test_nothing_is_wider_than_the_screen(tab, page, size):
    tab.screen(size)
    tab.open(page)
    assert tab.run("[innerWidth, document.documentElement.scrollWidth]") == [size["width"]] * 2
    assert tab.run("""[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, svg, #closer-box'))
                   .map(e => e.outerHTML.slice(0, 80))""") == []
    assert tab.run("[...document.querySelectorAll('.rooms tbody tr')].every(row => [...row.cells].every(cell => cell.getBoundingClientRect().right <= innerWidth))")


def test_it_is_printed_on_paper(tab):
    tab.screen({**DESK, "width": 695}, media="print")
    assert tab.run("document.documentElement.scrollWidth") <= 695
    assert tab.run("[...document.querySelectorAll('button, input, select, nav, #closer')].filter(e => e.getClientRects().length && !e.closest('th')).length") == 0
    cut = tab.run("[...document.querySelectorAll('table')].filter(t => t.getClientRects().length && t.getBoundingClientRect().right > 696).length")
    assert cut == 0
    paper = tab.pdf()
    assert paper.startswith(b"%PDF") and 1 < len(re.findall(rb"/Type\s*/Page\b", paper)) < 20
    # A4, in points.
    assert re.search(rb"/MediaBox\s*\[\s*0 0 59[45][.\d]* 84[12]", paper), re.findall(rb"/MediaBox[^\]]*", paper)[:1]


def test_without_scripts_all_that_matters_is_there(chromium, page):
    chromium.screen(DESK)
    chromium.open(page, scripts=False)
    chromium.call("Emulation.setScriptExecutionDisabled", value=False)
    text = chromium.run("document.body.innerText")
    for said in ("Meeting Hazel", "Too small", "Never anyone", "Is it complete?", "HTTP 503", "What the numbers mean", "Utilisation"):
        assert said in text
    assert "A closer look" not in text and chromium.run("document.querySelectorAll('.bars path').length") > 0
    assert chromium.said == []


def test_hostile_names_are_texts(tab):
    assert tab.run("document.querySelectorAll('main img:not(.dygraph-rangesel-zoomhandle), main script').length") == 0
    names = tab.run("[...document.querySelectorAll('.rooms b')].map(b => b.textContent)")
    assert any("<script>alert(1)</script>" in name and "\x1b" not in name and "\u202e" not in name for name in names)
    tab.click(".rooms tr[data-room='0'] b a")
    assert tab.run("document.querySelector('#closer-pick').selectedOptions[0].textContent") == \
        tab.run("document.querySelector(\".rooms tr[data-room='0'] b\").textContent")[:80]


# The rooms

def column(tab, number):
    return tab.run(f"[...document.querySelectorAll('.rooms tbody tr')].filter(r => !r.hidden).map(r => r.cells[{number}].textContent)")


def test_the_rooms_are_sorted(tab):
    tab.click(".rooms th:nth-child(2) button")
    assert column(tab, 1) == ["20", "12", "8", "4", "4"]
    assert tab.run("document.querySelector('.rooms th:nth-child(2)').getAttribute('aria-sort')") == "descending"
    tab.key("Enter")
    assert column(tab, 1) == ["4", "4", "8", "12", "20"]
    tab.click(".rooms th:first-child button")
    names = column(tab, 0)
    assert names.index("Lab 2hq") < names.index("Lab 10depot") < names.index("Meeting Hazelhq")
    assert tab.run("document.querySelectorAll('.rooms [aria-sort]').length") == 1


def test_the_rooms_are_sorted_on_a_phone(tab, page):
    tab.screen(PHONE)
    tab.open(page)
    assert tab.run("document.querySelector('#rooms-sort').getClientRects().length") == 1
    tab.run("(() => { const s = document.querySelector('#rooms-sort'); s.value = 1; s.dispatchEvent(new Event('change')); })()")
    assert column(tab, 1) == ["20", "12", "8", "4", "4"]


def test_the_rooms_are_filtered(tab):
    tab.click("#rooms-find")
    tab.call("Input.insertText", text="LAB")
    assert column(tab, 0) == ["Lab 10depot", "Lab 2hq"]
    assert tab.run("document.querySelector('.tools [role=status]').textContent") == "2 of 5 rooms"
    tab.run("(() => { const s = document.querySelector('#rooms-find'); s.value = ''; s.dispatchEvent(new Event('input')); })()")
    assert len(column(tab, 0)) == 5
    tab.run("(() => { const s = document.querySelector('#rooms-which'); s.value = [...s.options].find(o => o.textContent === 'too small').value;"
            " s.dispatchEvent(new Event('change')); })()")
    assert column(tab, 0) == ["Meeting Hazelhq"]


# The series

def test_the_mouse_zooms_down_to_a_bucket_and_back(tab):
    pick(tab, "Lab 2")
    assert length(tab) == pytest.approx(DAYS, abs=1)
    tab.drag(inside(tab, 0.5), inside(tab, 0.6))
    assert length(tab) == pytest.approx(DAYS / 10, abs=1.2) and shown(tab)[0] == pytest.approx(DAYS / 2, abs=1)
    tab.drag(inside(tab, 0.4), inside(tab, 0.45))
    tab.drag(inside(tab, 0.4), inside(tab, 0.6))
    assert length(tab) <= 0.2
    tab.mouse("mouseMoved", *inside(tab, 0.5))
    tab.settle()
    read = tab.run("document.querySelector('#closer-read').textContent")
    start, end = re.search(r"(\d\d:\d\d)\u2013(\d\d:\d\d)$", read).groups()
    minutes = [int(clock[:2]) * 60 + int(clock[3:]) for clock in (start, end)]
    assert (minutes[1] - minutes[0]) % 1440 == 15 and re.match(r"\d+ p", read)
    x, y = inside(tab, 0.5)
    for clicks in (1, 2):
        tab.mouse("mousePressed", x, y, 1, clicks)
        tab.mouse("mouseReleased", x, y, 0, clicks)
    tab.settle()
    assert length(tab) == pytest.approx(DAYS, abs=1)


def test_fingers_zoom_and_swipe(tab, page):
    tab.screen(PHONE)
    tab.open(page)
    left, right = inside(tab, 0.4), inside(tab, 0.6)
    tab.touch((left, inside(tab, 0.1)), (right, inside(tab, 0.9)))
    first, last = shown(tab)
    assert last - first < DAYS / 2
    tab.touch((inside(tab, 0.3), inside(tab, 0.7)))
    assert shown(tab)[0] < first and length(tab) == pytest.approx(last - first, abs=1.1)


def test_the_range_selector_moves_an_end(tab):
    x, y, width, height = tab.place(".dygraph-rangesel-zoomhandle")
    # Dragging a picture is the browser's own drag: the page is told of it as of a mouse.
    box = tab.place("#closer-box")
    tab.run(f"""(() => {{
        const handle = document.querySelector('.dygraph-rangesel-zoomhandle'), at = {x + width / 2};
        handle.dispatchEvent(new DragEvent('dragstart', {{clientX: at, bubbles: true, cancelable: true}}));
        for (const to of [100, 300]) document.dispatchEvent(new MouseEvent('mousemove', {{clientX: at + to, bubbles: true}}));
        document.dispatchEvent(new MouseEvent('mouseup', {{clientX: at + 300, bubbles: true}}));
    }})()""")
    tab.settle()
    assert shown(tab)[0] == pytest.approx(DAYS * 300 / (box[2] - 45), abs=2) and length(tab) < DAYS * 0.8


def test_keys_do_it_all(tab):
    pick(tab, "Lab 2")
    tab.run("document.querySelector('[data-act=in]').focus()")
    tab.key("Tab")
    assert tab.run("document.activeElement.id") == "closer-box"
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.key("+")
    tab.key("+")
    first, last = shown(tab)
    assert last - first == pytest.approx(DAYS / 4, abs=1.1)
    tab.key("ArrowRight")
    assert shown(tab)[0] - first == pytest.approx(DAYS / 16, abs=1.1)
    tab.key("PageUp")
    assert shown(tab)[0] < first
    tab.key("Home")
    assert length(tab) == pytest.approx(DAYS, abs=1)
    for _ in range(3):
        tab.key("ArrowRight", shift=True)
    read = tab.run("document.querySelector('#closer-read').textContent")
    tab.key("ArrowLeft", shift=True)
    back = tab.run("document.querySelector('#closer-read').textContent")
    clock = lambda text: [int(number) for number in re.search(r"(\d\d):(\d\d)\u2013", text).groups()]
    assert (clock(read)[0] * 60 + clock(read)[1] - clock(back)[0] * 60 - clock(back)[1]) % 1440 == 15


def test_each_stop_of_the_tab_key_is_seen(tab):
    """From the top on: where the focus is, an outline says so."""
    tab.run("document.body.focus()")
    seen = set()
    for _ in range(40):
        tab.key("Tab")
        tag, outline, width = tab.run("(() => { const e = document.activeElement, s = getComputedStyle(e); return [e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; })()")
        if tag == "BODY":
            break
        assert outline != "none" and width >= 1, tag
        seen.add(tag)
    assert {"A", "BUTTON", "INPUT", "SELECT"} <= seen


def test_buttons_show_a_week_and_move(tab):
    tab.click("[data-act=week]")
    assert length(tab) in (6, 7, 8)
    first = shown(tab)[0]
    tab.click("[data-act=left]")
    assert shown(tab)[0] == pytest.approx(first - 3.5, abs=1.1)
    tab.click("[data-act=out]")
    assert length(tab) in range(13, 16)
    tab.click("[data-act=all]")
    assert length(tab) == pytest.approx(DAYS, abs=1)


# A copy of what is drawn, to be read.
CANVAS = """const canvas = document.querySelector('#closer-box canvas'), copy = document.createElement('canvas');
            [copy.width, copy.height] = [canvas.width, canvas.height];
            const pen = copy.getContext('2d', {willReadFrequently: true});
            pen.drawImage(canvas, 0, 0);"""


def colours(tab, share):
    """How many pixels of a column of the series are not transparent."""
    return tab.run(f"""(() => {{
        {CANVAS}
        const x = Math.round(45 + (canvas.width - 55) * {share}), data = pen.getImageData(x - 4, 0, 9, 200).data;
        let count = 0;
        for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
        return count;
    }})()""")


def test_gaps_are_hatched_and_seats_a_line(tab):
    pick(tab, "Print hub")
    # Nobody is there, so that what is drawn above the foot is the gap, the line of the seats and the grid.
    assert colours(tab, 10.7 / DAYS) > colours(tab, 20.5 / DAYS) + 100
    over = tab.run("getComputedStyle(document.documentElement).getPropertyValue('--over').trim()")
    wanted = [int(over[i:i + 2], 16) for i in (1, 3, 5)]
    line = tab.run(f"""(() => {{
        {CANVAS}
        const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let i = 0; i < data.length; i += 4) count += {' && '.join(f'Math.abs(data[i + {n}] - {value}) < 24' for n, value in enumerate(wanted))} && data[i + 3] > 200;
        return count;
    }})()""")
    assert line > 300


def test_mean_and_peak_of_the_week(tab):
    pick(tab, "Lab 2")
    figures = lambda: tab.run("[...document.querySelectorAll('#closer-heat td')].map(cell => Number(cell.textContent) || 0)")
    mean = figures()
    tab.click("[data-mode=peak]")
    peak = figures()
    assert len(mean) == len(peak) == 7 * 24 + 1 and max(mean) > 0
    assert all(a <= b for a, b in zip(mean, peak)) and sum(mean) < sum(peak)
    assert tab.run("document.querySelector('[data-mode=peak]').getAttribute('aria-pressed')") == "true"
    assert max(peak) == int(re.search(r"Peak(\d+) on", tab.run("document.querySelector('#closer-figures').textContent")).group(1))
    assert tab.run("document.querySelectorAll('#closer-spread rect').length") == max(peak)


def test_a_site_is_the_sum_of_its_rooms(tab):
    peak = int(tab.run("[...document.querySelectorAll('#people h3')].find(h => h.textContent.startsWith('hq')).textContent.match(/at most (\\d+)/)[1]"))
    pick(tab, "hq")
    assert int(re.search(r"Peak(\d+) on", tab.run("document.querySelector('#closer-figures').textContent")).group(1)) == peak


# All of a person's helpers

def axe():
    """axe-core, which Debian does not have: of AXE, or as npm has it in its cache or can get it."""
    if os.environ.get("AXE"):
        return pathlib.Path(os.environ["AXE"]).read_text()
    if not shutil.which("npm"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", "--prefer-offline", "axe-core"], cwd=folder, timeout=30, check=True, capture_output=True)
            with tarfile.open(next(pathlib.Path(folder).glob("axe-core-*.tgz"))) as archive:
                return archive.extractfile("package/axe.min.js").read().decode()
        except (subprocess.SubprocessError, StopIteration, KeyError):
            return None


def test_axe_finds_nothing(tab, page):
    rules = axe()
    if rules is None:
        pytest.skip("axe-core cannot be had here: AXE names no file, and npm does not get it")
    for size, dark in ((DESK, False), (DESK, True), (PHONE, False)):
        tab.screen(size, dark)
        tab.open(page)
        tab.run(rules)
        found = tab.run("axe.run().then(result => [result.passes.length, result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])])")
        assert found[0] > 20 and found[1] == [], (size, dark, found[1])
