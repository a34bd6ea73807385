"""Small made-up data packages written to a folder, and targets asked of them: one of a package, or many of one."""

import csv
from functools import partial

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.load import load
from qcity_analysis.data.schema import TABLES
from qcity_analysis.reporting import sentences
from qcity_analysis.series.annual import annual_series

NUMERIC_DEFAULTS = {"qualifier": "=", "measure": "level", "status": "final", "source_id": "bulletin"}
STEADY = {2016: 10.0, 2017: 11.0, 2018: 11.8, 2019: 13.1, 2020: 13.9, 2021: 15.2, 2022: 16.1}
LATE = "2026-06-30"
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
PERCENT = {"support": "percent", "unit": "%"}


def columns(name):
    """The columns of one table of the contract, in order."""
    return [column.name for column in TABLES[name].columns]


def indicator(name, **cells):
    """A made-up indicator: a positive quantity where more is better."""
    made = {"indicator_id": name, "name_zh": f"指标{name}", "name_en": f"Indicator {name}"}
    return made | {"unit": "points", "support": "positive", "better": "higher"} | cells


def target(name="goal", **cells):
    """A made-up target of the plan `made_up`: at least 20 points of `widgets` in testville by 2025."""
    made = {
        "plan": "made_up", "target_id": name, "region": "testville", "indicator_id": "widgets",
        "name_zh": "目标", "name_en": "Goal", "kind": "level", "direction": "at_least", "threshold": 20,
        "unit": "points", "deadline": 2025, "commitment": "firm", "source_id": "bulletin",
    }  # fmt: skip
    return made | cells


def figure(period, value, **cells):
    """A made-up published figure of `widgets` in testville, published in February of the next year."""
    unit = "%" if str(cells.get("measure", "level")).endswith("change_pct") else "points"
    made = {"indicator_id": "widgets", "region": "testville", "period": str(period), "value": value}
    return NUMERIC_DEFAULTS | made | {"unit": unit, "published": f"{int(str(period)[:4]) + 1}-02-28"} | cells


change = partial(figure, measure="change_pct")  # a made-up yearly change in percent
new, total = partial(figure, measure="count_new"), partial(figure, measure="count_total")


def figures(levels, **cells):
    """One figure a year."""
    return [figure(year, value, **cells) for year, value in levels.items()]


def changes(percents, **cells):
    """One yearly change a year."""
    return [change(year, value, **cells) for year, value in percents.items()]


def run(first, values, measure="level", **cells):
    """One figure a year from `first` on, its unit that of the indicator."""
    return figures(dict(enumerate(values, first)), **cells | {"measure": measure, "unit": ""})


def write_table(path, rows, header):
    """Rows as a CSV file with that header; missing cells are empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def package(folder, **tables):
    """A data package in `folder`, valid unless the rows given are not; what is not given is minimal."""
    made = {
        "observations": figures(STEADY), "indicators": [indicator("widgets")], "targets": [target()],
        "sources": [dict(source_id="bulletin", publisher="Office of Testville", title="Bulletin", date="2024")],
        "regions": [dict(region="testville", name_zh="测试城", name_en="Testville"),
                    dict(region="otherland", name_zh="别州", name_en="Otherland")],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (made | {name: rows for name, rows in tables.items() if rows is not None}).items():
        write_table(folder / TABLES[name].file, rows, columns(name))
    return folder


def loaded(folder, as_of="2024-12-31", **tables):
    """The package of `package`, loaded as of a day."""
    return load(package(folder, **tables), as_of=as_of)


def contents(folder):
    """Every file below a folder with its bytes, to see that nothing was written."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


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
    data = loaded(folder, as_of, observations=rows, indicators=made)
    return annual_series(data, "widgets", "testville", **options)


def many_series(folder, *cases):
    """The annual series of cases (figures, perhaps cells of the indicator and options) of one package."""
    data = packed(folder, [({}, rows, *more[:1]) for rows, *more in cases])
    options = [more[1] if len(more) > 1 else {} for _, *more in cases]
    return [annual_series(data, f"w{k}", "testville", **more) for k, more in enumerate(options)]


def codes(found):
    """The codes of the notes of an answer or a series."""
    return [note.code for note in found.notes]


def the_note(found, code):
    (one,) = [note for note in found.notes if note.code == code]
    return one


def reason(found):
    return found.reason.code if found.reason else None


def why(found, lang):
    """The reason why there is no answer, in words."""
    return sentences.reason(found.reason, lang)


def spoken(found, lang):
    """Everything the page says of an answer in words."""
    notes = [sentences.note(note, lang) for note in found.notes]
    return "\n".join([sentences.headline(found, lang), *sentences.sentences(found, lang), *notes])


def two_definitions(folder, levels, goal=None, older=STEADY, **how):
    """The answer where a newer definition continues the steady one, or another, from 2021 on."""
    why = {"break_reason_zh": "改口径", "break_reason_en": "Revised."}
    newer = indicator("widgets_new", continues="widgets", break_period=2021, **why)
    rows = [*figures(older), *figures(levels, indicator_id="widgets_new")]
    return answer(folder, goal, indicators=[indicator("widgets"), newer], observations=rows, **how)


def borrowing(folder, own, **goal):
    """The answer where another region has six levels."""
    theirs = dict(enumerate([40.0, 42.0, 43.0, 45.0, 47.0, 50.0], 2018))
    rows = [*figures(own), *figures(theirs, region="otherland")]
    lender = [indicator("widgets", comparators="otherland/widgets")]
    return answer(folder, goal, observations=rows, indicators=lender)
