"""The sections of the data overview, one call each: what is held, how old it is, what is missing, where it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, join, text
from ..data.load import check
from ..data.vintages import revisions
from ..errors import unknown
from ..problems import Problem
from ..series.annual import ages, counts, coverage, used_sources
from . import sentences, show
from .figures.charts import coverage_chart
from .formatting import text_of
from .show import date_shown, value_shown

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
    total = counts(data, plan)
    late, missing = int((ages(data, plan)["due"] > 0).sum()), total["targets"] - total["covered"]
    words = text("ov_answer", lang, as_of=data.as_of, missing=missing, late=late, **total)
    name = sentences.plan_title(data, plan, lang) if plan else text("ov_all_plans", lang)
    front = {
        "kind": "overview", "lang": lang, "title": text("ov_question", lang, plan=name), "plan": plan,
        "as_of": data.as_of.isoformat(), "answer": words, "short": words, "counts": total,
        "illustrative": bool((data.observations["status"] == "illustrative").any()),
    }  # fmt: skip
    show.section("answer", lang, words, front)


def picture(data: Data, plan: str, lang: str) -> None:
    """Show which years hold a figure for which target, one figure for each plan; the description says it in words."""
    show.section("ov_coverage", lang)
    for name in [plan] if plan else data.plans():
        years = coverage(data, name)
        targets = data.targets[data.targets["plan"] == name]
        names = [text_of(value) for value in targets[f"name_{lang}"]]
        known = (years != "").sum(axis=1).tolist() if len(years.columns) else [0] * len(targets)
        items = [
            text("ov_alt_item", lang, name=name, years=n) for name, n in zip(names, known, strict=True) if n
        ]
        alt = join(items or [text("check_none", lang)], lang)
        if not plan:
            show.markdown(f"### {sentences.plan_title(data, name, lang)}")
        chart = coverage_chart(years, names, [int(year) for year in targets["deadline"]], lang)
        show.picture(chart, text("ov_alt", lang, items=alt, missing=known.count(0)))


def newest(data: Data, plan: str, lang: str) -> None:
    """Show the newest figure of each target that has one, its date and its age; then how many have none."""
    targets, total = data.targets.set_index(["plan", "target_id"]), counts(data, plan)
    rows = ages(data, plan).sort_values(["due", "months"], ascending=False, kind="stable")

    def cells(row: dict[str, Any]) -> list[Any]:
        return [
            text_of(targets.loc[(row["plan"], row["target_id"])][f"name_{lang}"]),
            data.region_name(row["region"], lang),
            text("in_year", lang, year=row["period"], value=value_shown(data, row, lang)),
            _date(row, lang),
            f"{row['months'] / 12:.1f}",
            text("ov_due", lang, count=row["due"]) if row["due"] else text("ov_current", lang),
        ]

    columns = "c_target ov_region ov_newest c_date ov_age ov_waiting"
    _table_of("ov_age", None, rows.to_dict("records"), cells, columns, lang)
    missing = total["targets"] - total["covered"]
    show.markdown(text("ov_without", lang, missing=missing, targets=total["targets"]))


def revised(data: Data, lang: str) -> None:
    """Show every figure that was published more than once, with what it replaced."""
    rows = revisions(data)
    rows = rows[rows["value"] != rows["value_before"]].iloc[::-1]

    def cells(row: dict[str, Any]) -> list[Any]:
        base = "" if pd.isna(row["base_period"]) else row["base_period"]
        shown = f"{value_shown(data, row, lang, '_before')} → {value_shown(data, row, lang)}"
        measure, unbroken = text(f"m_{row['measure']}", lang, base=base), shown.replace(" ", "\u00a0")
        return [_series(data, row, lang), row["period"], measure, unbroken, _date(row, lang)]

    columns = "ov_series c_period c_measure ov_revision c_date"
    _table_of("ov_revisions", "ov_no_revision", rows.to_dict("records"), cells, columns, lang)


def breaks(data: Data, lang: str) -> None:
    """Show where a definition changed: which indicator follows which, from when, and why they do not join."""
    rows = data.indicators[data.indicators["continues"] != ""]
    names = data.indicators.set_index("indicator_id")[f"name_{lang}"]

    def cells(row: dict[str, Any]) -> list[Any]:
        since = "–" if pd.isna(row["break_period"]) else str(row["break_period"])
        reason = text_of(row[f"break_reason_{lang}"]) or text("none_given", lang)
        return [names.get(row["continues"], row["continues"]), row[f"name_{lang}"], since, reason]

    columns = "ov_before ov_after ov_from ov_reason"
    _table_of("ov_breaks", "ov_no_break", rows.to_dict("records"), cells, columns, lang)


def sources(data: Data, lang: str) -> None:
    """Show who published how many figures, in how many documents, and the newest of them."""
    known = used_sources(data)
    rows, rest = known.head(MANY), known.iloc[MANY:]
    if len(rest):
        total = rest[["documents", "figures"]].sum().to_dict() | {"newest": rest["newest"].max()}
        others = {"publisher": text("ov_others", lang, count=len(rest)), "publisher_en": ""}
        rows = pd.concat([rows, pd.DataFrame([total | others])])

    def cells(row: dict[str, Any]) -> list[Any]:
        name = (text_of(row["publisher_en"]) if lang == "en" else "") or row["publisher"]
        return [name, row["documents"], row["figures"], str(row["newest"].date())]

    columns = "c_publisher ov_documents ov_figures ov_last"
    _table_of("ov_sources", None, rows.to_dict("records"), cells, columns, lang)


def warnings(data: Data, lang: str) -> None:
    """Show every warning of the checks as of the day of the data."""
    problems = [problem for problem in check(data.folder, data.as_of) if problem.level == "warning"]

    def cells(problem: Problem) -> list[Any]:
        words = problem.to_dict(lang)
        parts = [str(words[key]).replace("`", "") for key in ("found", "allowed", "remedy")]
        if problem.column == "status":
            parts[0] = text(f"st_{problem.values['cell']}", lang)
        return [_meant(data, problem, lang), *parts]

    columns = "ov_meant check_found check_allowed check_remedy"
    _table_of("check_warnings", "check_none", problems, cells, columns, lang)


def _meant(data: Data, problem: Problem, lang: str) -> str:
    """The figure or target a warning is about, by name, with its line in the files."""
    line = problem.file
    if problem.row is not None:
        line = text("check_place_row", lang, file=line, row=problem.row)
    rows = {"observations.csv": data.observations, "targets.csv": data.targets}.get(problem.file)
    row = rows[rows["row"] == problem.row] if rows is not None else None
    if row is None or row.empty:
        return line
    cells = row.iloc[0].to_dict()
    figure = "period" in cells
    name = f"{_series(data, cells, lang)} {cells['period']}" if figure else cells[f"name_{lang}"]
    return text("ov_place", lang, name=name, place=line)


def as_data(data: Data, plan: str) -> dict[str, Any]:
    """What is held as JSON-able data: counts, coverage by target and year, ages, revisions."""
    years = coverage(data, plan)
    known = {
        f"{name}/{target}": {str(year): kind for year, kind in row.items() if kind}
        for (name, target), row in zip(years.index, years.to_dict("records"), strict=True)
    }
    changed = ["indicator_id", "region", "period", "measure", "value_before", "value", "published"]
    aged = ages(data, plan)[["plan", "target_id", "period", "months", "due"]]
    return {
        "as_of": data.as_of.isoformat(), "plan": plan, "counts": counts(data, plan), "coverage": known,
        "newest": aged.to_dict("records"), "revisions": revisions(data)[changed].to_dict("records"),
    }  # fmt: skip


def _series(data: Data, row: dict[str, Any], lang: str) -> str:
    name = data.indicator(row["indicator_id"])[f"name_{lang}"]
    return text("place_and_series", lang, region=data.region_name(row["region"], lang), name=name)


def _date(row: dict[str, Any], lang: str) -> str:
    return date_shown(row, lang) if row["published_assumed"] else str(row["published"])


def _table_of(
    key: str,
    empty: str | None,
    rows: Iterable[Any],
    cells: Callable[[Any], list[Any]],
    columns: str,
    lang: str,
) -> None:
    """Show a section with one table, its first column the index; without rows the text `empty`, where one is named."""
    made = [cells(row) for row in rows]
    show.section(key, lang, text(empty, lang) if empty and not made else None)
    if made or not empty:
        titles = [text(column, lang) for column in columns.split()]
        show.table(pd.DataFrame(made, columns=titles).set_index(titles[0]))
