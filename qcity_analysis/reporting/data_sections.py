"""The sections of the data overview, one call each: what is held, how old it is, what is missing, where it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, join, text
from ..data.load import check
from ..data.vintages import revisions
from ..errors import unknown
from ..problems import Problem
from ..series.coverage import ages, counts, coverage, used_sources
from . import sentences, show
from .figures.charts import coverage_chart
from .formatting import text_of
from .sentences import date_shown, value_shown

if TYPE_CHECKING:
    from ..data.load import Data

MANY = 12  # publishers listed one by one


def answer(data: Data, plan: str, lang: str) -> None:
    """Show in a few sentences what is held and what is missing, and hand the page its title.

    `plan` is the name of a plan, or empty for all. Raises QcityError for an unknown plan or language.
    """
    check_language(lang)
    if plan and plan not in data.plans():
        raise unknown("plan", plan, data.plans())
    held = counts(data, plan)
    late, missing = int((ages(data, plan)["due"] > 0).sum()), held["targets"] - held["covered"]
    said = text("ov_answer", lang, as_of=data.as_of, missing=missing, late=late, **held)
    name = sentences.plan_title(data, plan, lang) if plan else text("ov_all_plans", lang)
    front = {
        "kind": "overview",
        "lang": lang,
        "title": text("ov_question", lang, plan=name),
        "plan": plan,
        "as_of": data.as_of.isoformat(),
        "answer": said,
        "short": said,
        "illustrative": bool((data.observations["status"] == "illustrative").any()),
        "counts": held,
    }
    show.section("answer", lang, said, front)


def picture(data: Data, plan: str, lang: str) -> None:
    """Show which years hold a figure for which target, one figure for each plan; the description says it in words."""
    show.section("ov_coverage", lang)
    for name in [plan] if plan else data.plans():
        table = coverage(data, name)
        targets = data.targets[data.targets["plan"] == name]
        names = [text_of(value) for value in targets[f"name_{lang}"]]
        years = (table != "").sum(axis=1).tolist() if len(table.columns) else [0] * len(targets)
        items = [
            text("ov_alt_item", lang, name=n, years=y) for n, y in zip(names, years, strict=True) if y
        ] or [text("check_none", lang)]
        if not plan:
            show.markdown(f"### {sentences.plan_title(data, name, lang)}")
        chart = coverage_chart(table, names, [int(year) for year in targets["deadline"]], lang)
        show.picture(chart, text("ov_alt", lang, items=join(items, lang), missing=years.count(0)))


def newest(data: Data, plan: str, lang: str) -> None:
    """Show the newest figure of each target that has one, its date and its age; then how many have none."""
    show.section("ov_age", lang)
    rows = ages(data, plan).sort_values(["due", "months"], ascending=False, kind="stable")
    targets = data.targets.set_index(["plan", "target_id"])
    cells = [
        [
            text_of(targets.loc[(row["plan"], row["target_id"])][f"name_{lang}"]),
            data.region_name(row["region"], lang),
            text("in_year", lang, year=row["period"], value=value_shown(data, row, lang)),
            _date(row, lang),
            f"{row['months'] / 12:.1f}",
            text("ov_due", lang, count=row["due"]) if row["due"] else text("ov_current", lang),
        ]
        for row in rows.to_dict("records")
    ]
    _table(cells, ("c_target", "ov_region", "ov_newest", "c_date", "ov_age", "ov_waiting"), lang)
    held = counts(data, plan)
    missing = held["targets"] - held["covered"]
    show.markdown(text("ov_without", lang, missing=missing, targets=held["targets"]))


def revised(data: Data, lang: str) -> None:
    """Show every figure that was published more than once, with what it replaced."""
    rows = revisions(data)
    rows = rows[rows["value"] != rows["value_before"]]
    if rows.empty:
        show.section("ov_revisions", lang, text("ov_no_revision", lang))
        return
    show.section("ov_revisions", lang)
    cells = []
    for row in rows.iloc[::-1].to_dict("records"):
        base = "" if pd.isna(row["base_period"]) else row["base_period"]
        change = f"{value_shown(data, row, lang, '_before')} → {value_shown(data, row, lang)}"
        measure, unbroken = text(f"m_{row['measure']}", lang, base=base), change.replace(" ", "\u00a0")
        cells.append([_series(data, row, lang), row["period"], measure, unbroken, _date(row, lang)])
    _table(cells, ("ov_series", "c_period", "c_measure", "ov_revision", "c_date"), lang)


def breaks(data: Data, lang: str) -> None:
    """Show where a definition changed: which indicator follows which, from when, and why they do not join."""
    rows = data.indicators[data.indicators["continues"] != ""]
    if rows.empty:
        show.section("ov_breaks", lang, text("ov_no_break", lang))
        return
    show.section("ov_breaks", lang)
    names = data.indicators.set_index("indicator_id")[f"name_{lang}"]
    cells = [
        [
            names.get(row["continues"], row["continues"]),
            row[f"name_{lang}"],
            "–" if pd.isna(row["break_period"]) else str(row["break_period"]),
            text_of(row[f"break_reason_{lang}"]) or text("none_given", lang),
        ]
        for row in rows.to_dict("records")
    ]
    _table(cells, ("ov_before", "ov_after", "ov_from", "ov_reason"), lang)


def sources(data: Data, lang: str) -> None:
    """Show who published how many figures, in how many documents, and the newest of them."""
    rows = used_sources(data)
    show.section("ov_sources", lang)
    cells = [
        [
            (text_of(row["publisher_en"]) if lang == "en" else "") or row["publisher"],
            row["documents"],
            row["figures"],
            str(row["newest"].date()),
        ]
        for row in rows.head(MANY).to_dict("records")
    ]
    rest = rows.iloc[MANY:]
    if len(rest):
        others, total = text("ov_others", lang, count=len(rest)), rest[["documents", "figures"]].sum()
        cells.append([others, *total, str(rest["newest"].max().date())])
    _table(cells, ("c_publisher", "ov_documents", "ov_figures", "ov_last"), lang)


def warnings(data: Data, lang: str) -> None:
    """Show every warning of the checks as of the day of the data."""
    problems = [p for p in check(data.folder, data.as_of) if p.level == "warning"]
    if not problems:
        show.section("check_warnings", lang, text("check_none", lang))
        return
    show.section("check_warnings", lang)
    cells = []
    for problem in problems:
        said = problem.to_dict(lang)
        parts = [str(said[key]).replace("`", "") for key in ("found", "allowed", "remedy")]
        if problem.column == "status":
            parts[0] = text(f"st_{problem.values['cell']}", lang)
        cells.append([_meant(data, problem, lang), *parts])
    _table(cells, ("ov_meant", "check_found", "check_allowed", "check_remedy"), lang)


def _meant(data: Data, problem: Problem, lang: str) -> str:
    """The figure or target a warning is about, by name, with its place in the files."""
    place = problem.file
    if problem.row is not None:
        place = text("check_place_row", lang, file=place, row=problem.row)
    rows = {"observations.csv": data.observations, "targets.csv": data.targets}.get(problem.file)
    row = rows[rows["row"] == problem.row] if rows is not None else None
    if row is None or row.empty:
        return place
    cells = row.iloc[0].to_dict()
    figure = "period" in cells
    name = f"{_series(data, cells, lang)} {cells['period']}" if figure else cells[f"name_{lang}"]
    return text("ov_place", lang, name=name, place=place)


def as_data(data: Data, plan: str) -> dict[str, Any]:
    """What is held as JSON-able data: counts, coverage by target and year, ages, revisions."""
    table = coverage(data, plan)
    held = {
        f"{name}/{target}": {str(year): kind for year, kind in row.items() if kind}
        for (name, target), row in zip(table.index, table.to_dict("records"), strict=True)
    }
    changed = ["indicator_id", "region", "period", "measure", "value_before", "value", "published"]
    return {
        "as_of": data.as_of.isoformat(),
        "plan": plan,
        "counts": counts(data, plan),
        "coverage": held,
        "newest": ages(data, plan)[["plan", "target_id", "period", "months", "due"]].to_dict("records"),
        "revisions": revisions(data)[changed].to_dict("records"),
    }


def _series(data: Data, row: dict[str, Any], lang: str) -> str:
    name = data.indicator(row["indicator_id"])[f"name_{lang}"]
    return text("place_and_series", lang, region=data.region_name(row["region"], lang), name=name)


def _date(row: dict[str, Any], lang: str) -> str:
    return date_shown(row, lang) if row["published_assumed"] else str(row["published"])


def _table(cells: list[list[Any]], keys: tuple[str, ...], lang: str) -> None:
    columns = [text(key, lang) for key in keys]
    show.table(pd.DataFrame(cells, columns=columns).set_index(columns[0]))
