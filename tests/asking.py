"""Targets asked of made-up packages: one of a package, or many of one, each of an indicator of its own."""

from __future__ import annotations

from packages import STEADY, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.reporting import sentences
from qcity_analysis.series.annual import annual_series

LATE = "2026-06-30"
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
PERCENT = {"support": "percent", "unit": "%"}
SHARE = indicator("widgets", **PERCENT)


def answer(folder, goal=None, as_of="2024-12-31", draws=2000, **tables):
    """The answer to one target of `widgets`."""
    return assess(loaded(folder, as_of, targets=[target(**(goal or {}))], **tables), "goal", draws=draws)


def packed(folder, cases, as_of="2024-12-31", **tables):
    """Cases (cells of the target, figures, perhaps cells of the indicator) in one package: `w0`, `w1` ..."""
    made = {"indicators": [], "targets": [], "observations": []}
    for k, (goal, rows, *cells) in enumerate(cases):
        made["indicators"].append(indicator(f"w{k}", **(cells[0] if cells else {})))
        made["targets"].append(target(f"w{k}", indicator_id=f"w{k}", **goal))
        made["observations"] += [row | {"indicator_id": f"w{k}", "unit": ""} for row in rows]
    return loaded(folder, as_of, **(made | tables))


def answers(folder, cases, as_of="2024-12-31", draws=500, **tables):
    """The answers to the cases of `packed`."""
    data = packed(folder, cases, as_of, **tables)
    return [assess(data, f"w{k}", draws=draws) for k in range(len(cases))]


def series_of(folder, *rows, as_of="2024-12-31", **options):
    """The annual series of `widgets`; `indicators` may be given, and cells of `widgets` as `cells`."""
    made = options.pop("indicators", None) or [indicator("widgets", **options.pop("cells", {}))]
    data = loaded(folder, as_of, observations=list(rows), indicators=made)
    return annual_series(data, "widgets", "testville", **options)


def many_series(folder, *cases):
    """The annual series of cases (figures, perhaps cells of the indicator and options) of one package."""
    data = packed(folder, [({}, rows, *more[:1]) for rows, *more in cases])
    options = [more[1] if len(more) > 1 else {} for _, *more in cases]
    return [annual_series(data, f"w{k}", "testville", **more) for k, more in enumerate(options)]


def run(first, values, measure="level", **cells):
    """One figure a year from `first` on, its unit that of the indicator."""
    cells |= {"measure": measure, "unit": ""}
    return [figure(year, value, **cells) for year, value in enumerate(values, first)]


def new(period, value, **cells):
    return figure(period, value, **({"measure": "count_new"} | cells))


def total(period, value, **cells):
    return figure(period, value, **({"measure": "count_total"} | cells))


def codes(found):
    """The codes of the notes of an answer or a series."""
    return [note.code for note in found.notes]


def reason(found):
    return found.reason.code if found.reason else None


def why(found, lang):
    """The reason why there is no answer, in words."""
    return sentences.reason(found.reason, lang)


def spoken(found, lang):
    """Everything the page says of an answer in words."""
    notes = [sentences.note(note, lang) for note in found.notes]
    return "\n".join([sentences.headline(found, lang), *sentences.sentences(found, lang), *notes])


def two_definitions(folder, levels):
    """The answer where a newer definition continues the steady one from 2021 on."""
    why = {"break_reason_zh": "改口径", "break_reason_en": "Revised."}
    newer = indicator("widgets_new", continues="widgets", break_period=2021, **why)
    rows = [*figures(STEADY), *figures(levels, indicator_id="widgets_new")]
    return answer(folder, indicators=[indicator("widgets"), newer], observations=rows)


def borrowing(folder, own, **goal):
    """The answer where another region has six levels."""
    theirs = dict(enumerate([40.0, 42.0, 43.0, 45.0, 47.0, 50.0], 2018))
    rows = [*figures(own), *figures(theirs, region="otherland")]
    lender = [indicator("widgets", comparators="otherland/widgets")]
    return answer(folder, goal, observations=rows, indicators=lender)
