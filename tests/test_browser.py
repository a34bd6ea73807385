"""Every kind of page in a real browser: short, legible, accessible, printable, offline, and safe from hostile names."""

import re

import pytest
from packages import figures, indicator, package, target

import qcity_analysis as qc
from qcity_analysis.running.report import run_report

WIDTHS = {1200: (900, 3), 390: (844, 5)}  # height of a screen, and how many a target's page may take
HOSTILE = "<script>document.title='gone'</script>\"'><img src=x onerror=alert(1)>"
UNSEEN = re.compile(r"<(details|pre|code|style)\b.*?</\1>|<[^>]+>", re.S)
TARGETS = ["rd_intensity", "energy_intensity", "grid_inspection_coverage", "national_standards"]
SMALL = """() => [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && [...e.childNodes].some(
  n => n.nodeType === 3 && n.data.trim())).map(e => [parseFloat(getComputedStyle(e).fontSize) * (e.ownerSVGElement
  ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1), e.textContent])
  .filter(([size]) => size < 10.9)"""
WIDE = """() => [...document.querySelectorAll("body *")].filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0
  && ["auto", "scroll"].includes(getComputedStyle(e).overflowX)).map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A report of some targets of the shipped data, and a whole one of a package whose names are hostile."""
    shown, bad = tmp_path_factory.mktemp("shown"), tmp_path_factory.mktemp("bad")
    names = dict.fromkeys(("name_zh", "name_en"), HOSTILE)
    words = {f"{name}{end}": HOSTILE for name in ("wording", "departments", "note") for end in ("", "_en")}
    rows = figures({year: 10 + 1.2 * (year - 2015) for year in range(2015, 2023)})
    made = {"indicators": [indicator("widgets", **names)], "targets": [target(**names, **words)]}
    package(bad / "data", observations=rows, regions=[{"region": "testville", **names}], **made)
    day = {"as_of": "2024-06-30", "languages": ("zh", "en")}
    assert not run_report(None, ["nanjing_quality_city"], out_dir=shown, targets=TARGETS, **day).failed
    assert not run_report(bad / "data", out_dir=bad / "out", **day).failed
    return shown, bad / "out"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "light"), (1200, "dark")])
def test_pages_are_short_legible_accessible_offline_and_safe(browser, reports, width, scheme):
    from axe_core_python.sync_playwright import Axe

    screen, most = WIDTHS[width]
    page = browser.new_page(viewport={"width": width, "height": screen}, color_scheme=scheme)
    faults, known = [], qc.load()
    ids = [*known.indicators["indicator_id"], *known.targets["target_id"], "depends_on_definition"]
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("dialog", lambda box: faults.append(box.message) or box.dismiss())
    ours = ("file:", "data:")
    page.on("request", lambda sent: None if sent.url.startswith(ours) else faults.append(sent.url))
    paths = sorted(path for folder in reports for path in folder.glob("**/*.html"))
    assert len(paths) == 2 * (len(TARGETS) + 1 + 4) + 2  # a scorecard; a whole report; two indexes
    for path in paths:
        page.goto(path.as_uri())
        faults += [(path.name, "size")] if path.stat().st_size > 400_000 else []
        height = page.evaluate("document.documentElement.scrollHeight")
        if path.name.split(".")[0] in (*TARGETS, "goal") and height > most * screen:
            faults.append((path.name, f"{height / screen:.1f} screens"))
        faults += [(path.name, small) for small in page.evaluate(SMALL)] if width < 600 else []
        faults += [(path.name, wide) for wide in page.evaluate(WIDE)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((path.name, "scrolls to the side"))
        found = Axe().run(page)["violations"]
        faults += [(path.name, one["id"], one["nodes"][0]["html"][:120]) for one in found]
        faults += [(path.name, "hostile")] if page.title() == "gone" else []
        seen = UNSEEN.sub(" ", path.read_text("utf-8"))
        faults += [(path.name, name) for name in ids if "_" in name and re.search(rf"\b{name}\b", seen)]
    page.close()
    assert faults == []


@pytest.mark.slow
def test_a_target_s_page_prints_on_three_sheets_and_a_scorecard_filters_and_sorts(browser, reports):
    folder = reports[0] / "nanjing_quality_city"
    page = browser.new_page()
    for name in TARGETS:
        page.goto((folder / f"{name}.en.html").as_uri())
        sheets = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "15mm"))
        assert len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 3, name
    page.goto((folder / "scorecard.zh.html").as_uri())
    rows = page.locator("ul.rows > li")
    every = rows.count()
    page.select_option("select[name=section]", index=1)
    kept = [row for row in rows.all() if row.evaluate("row => !row.hidden")]
    assert 0 < len(kept) < every and page.locator("a[href$='.html']").count() >= 4
    assert len({row.get_attribute("data-section") for row in kept}) == 1
    page.close()
