"""Hand-made assessments for tests of figures and pages: every situation a reader can meet, no forecast."""

import datetime as dt
from types import SimpleNamespace as Bag

import numpy as np
import pandas as pd

from qcity_analysis.series.evidence import Evidence
from qcity_analysis.targets import Target

COLUMNS = ["period", "value", "qualifier", "measure", "base_period", "status", "published", "source_id", "note",
           "decimals"]  # fmt: skip
SOURCE = {"publisher": "江苏省统计局", "publisher_en": "Jiangsu Bureau of Statistics", "title": "统计公报",
    "title_en": "Statistical communiqué", "source_date": "2023-02-28"}  # fmt: skip
NAMES = {"name_zh": "全社会研发经费支出占地区生产总值比例", "name_en": "R&D expenditure as a share of GDP"}


def rows(*cells, measure="level"):
    """Published figures from (period, value[, status[, qualifier]])."""
    found = []
    for period, value, *rest in cells:
        status, qualifier = [*rest, *("final", "=")[len(rest) :]]
        made = [str(period), value, qualifier, measure, pd.NA, status, "2023-02-28", "bulletin", ""]
        made.append(len(f"{value:.10g}".partition(".")[2]))
        found.append(dict(zip(COLUMNS, made, strict=True)) | SOURCE)
    return pd.DataFrame(found, columns=[*COLUMNS, *SOURCE])


def series(levels, base_year=None, unit="%", **frames):
    """An annual series with gaps between the years given."""
    years = list(range(min(levels), max(levels) + 1)) if levels else []
    values, empty = pd.Series([levels.get(y, np.nan) for y in years], index=years, dtype=float), rows()
    made = dict(indicator_id="rd_intensity", region="nanjing", values=values, unit=unit, support="percent",
        base_year=base_year, notes=(), earlier=pd.Series(dtype=float), breaks=(),
        observations=rows(*levels.items()), bounds=empty, superseded=empty, unused=empty,
        decimals={}, shared=(), evidence=Evidence())  # fmt: skip
    return Bag(**(made | frames))


def fan(start, first, last, drift, width):
    """A fan that widens with the square root of the distance."""
    years = np.arange(first, last + 1)
    steps = (years - first + 1)[:, None]
    values = start + drift * steps + width * np.sqrt(steps) * np.array([-1.64, -0.67, 0, 0.67, 1.64])
    return pd.DataFrame(values, index=years, columns=[0.05, 0.25, 0.5, 0.75, 0.95])


def target(**changes):
    """A target of the plan; R&D share of 4 % by default."""
    made = dict(plan="nanjing_quality_city", target_id="rd_intensity", region="nanjing", section="一",
        indicator_id="rd_intensity", kind="level", direction="at_least", threshold=4.0, unit="%", unit_zh="%",
        base_year=None, deadline=2025, wording="达到4%左右", wording_en="about 4 %", commitment="about",
        tolerance=0.2, departments="市科技局", departments_en="Science and Technology Bureau", source_id="plan",
        note="", note_en="", decimals=0)  # fmt: skip
    return Target(**(made | NAMES | changes))


def assessment(**changes):
    """A forecast of the R&D share from six published figures with gaps."""
    made = dict(target=target(), as_of=dt.date(2023, 12, 31), status="forecast", reason=None,
        probability=0.57, probability_error=0.005, word="about_as_likely_as_not", threshold=4.0,
        tolerance=0.2, series=series({2009: 2.85, 2012: 2.92, 2015: 2.96, 2020: 3.48, 2021: 3.6, 2022: 3.82}),
        forecast=None, fan=fan(3.82, 2023, 2025, 0.08, 0.12), expected=4.06, median=4.06, bound=3.8,
        region_names={"zh": "南京", "en": "Nanjing"}, definition={"indicator_id": "rd_intensity"} | NAMES,
        interval=(3.7, 4.4), pace_so_far=Bag(linear=0.075, compound=2.3, from_year=2009, to_year=2022),
        pace_needed=Bag(linear=0.06, compound=1.55, from_year=2022, to_year=2025),
        needed_path=pd.Series({2022: 3.82, 2023: 3.88, 2024: 3.94, 2025: 4.0}), borrowed=None, parts=(),
        outcome=None, role="main", model="mixture", draws=10_000, seed=0, notes=(), illustrative=False,
        likelihood="", period=None, tally=None, settled_in=None, stated=None)  # fmt: skip
    made |= changes
    return Bag(levels=made["series"].values.dropna, **made)


def unassessable(**changes):
    """A target without any published figure."""
    names = "probability probability_error word fan expected interval pace_so_far pace_needed needed_path"
    reason = Bag(code="no_observation", values={})
    made = {"status": "not_assessable", "series": series({}), "reason": reason}
    return assessment(**(dict.fromkeys(names.split()) | made | changes))


def borrowed(region="jiangsu", **changes):
    """What the energy target would look like if the city moved like another place."""
    energy = target(name_zh="单位工业增加值能耗", name_en="Energy use per unit of industrial value added",
        threshold=-18.0, kind="relative_change", direction="at_most", base_year=2020,
        tolerance=0.0)  # fmt: skip
    lender = Bag(region=region, indicator_id="energy_intensity_industry",
        region_names={"zh": "江苏", "en": "Jiangsu"},
        indicator_names={"zh": "单位工业增加值能耗", "en": "Energy use per unit of value added"})  # fmt: skip
    made = dict(target=energy, series=series({2020: 100.0, 2021: 96.9, 2022: 94.1}, base_year=2020),
        threshold=82.0, tolerance=0.0, fan=fan(94.1, 2023, 2025, -3.0, 1.6), borrowed=lender, role="borrowed",
        needed_path=pd.Series({2022: 94.1, 2023: 89.9, 2024: 85.8, 2025: 82.0}))  # fmt: skip
    return assessment(**(made | changes))
