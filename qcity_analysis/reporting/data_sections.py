"""The data: the sections of their overview, one call each, and what the commands on data print, line by line."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..analysis.verdicts import Change
from ..catalogue import text
from ..data.load import Data, check
from ..data.vintages import revisions
from ..importing.importing import Figure, Import
from ..problems import Problem, by_level
from ..series.annual import ages, counts, coverage, used_sources
from . import sentences, show
from .analyses import change_sentence, titled
from .formatting import text_of
from .sentences import series_name
from .show import date_shown, measure_shown, value_shown

LATEST = 12  # years shown of a longer record
SIGNS = {"final": "●", "provisional": "○", "part": "◐"}
MANY = 12  # publishers listed one by one
SHOWN = 20  # figures of a kind, and names left out, in the preview of an import
FOLDED = 4  # more figures of one series from one publication become one line
SERIES = ["indicator_id", "region", "measure", "published"]


def answer(data: Data, plan: str, lang: str) -> None:
    """Show in a few sentences what is held and what is missing, and hand the page its title.

    `plan` is the name of a plan, or empty for all. Raises QcityError for an unknown plan or language.
    """
    total, late = counts(data, plan), int((ages(data, plan)["due"] > 0).sum())
    missing = total["targets"] - total["covered"]
    words = text("ov_answer", lang, as_of=data.as_of, missing=missing, late=late, **total)
    name = sentences.plan_title(data, plan, lang) if plan else text("ov_all_plans", lang)
    front = {
        "kind": "overview", "lang": lang, "title": text("ov_question", lang, plan=name), "plan": plan,
        "as_of": data.as_of.isoformat(), "answer": words, "short": words,
        "illustrative": bool((data.observations["status"] == "illustrative").any()),
    }  # fmt: skip
    show.markdown(words, front)


def picture(data: Data, plan: str, lang: str) -> None:
    """Show which of the last years hold a figure for which target, one table for each plan, with its deadlines."""
    show.section("ov_coverage", lang)
    for plan_id in [plan] if plan else data.plans():
        years, targets = coverage(data, plan_id), data.targets_of(plan_id)
        known = years.loc[:, (years != "").any()].iloc[:, -LATEST:] if len(years.columns) else years
        table = known.replace(SIGNS)
        table.index = pd.Index(targets[f"name_{lang}"].map(text_of), name=text("c_target", lang))
        table[text("ov_deadline", lang)] = [*targets["deadline"]]
        facts = {"held": int((known != "").any(axis=1).sum()), "targets": len(targets)}
        caption = text("ov_caption", lang, plan=sentences.plan_title(data, plan_id, lang), **facts)
        show.html(show.fold(caption, show.table_html(table, caption, kind="signs")))


def newest(data: Data, plan: str, lang: str) -> None:
    """Show the newest figure of each target that has one, its date and its age; then how many have none."""
    targets, total, rows = data.targets.set_index(["plan", "target_id"]), counts(data, plan), []
    aged = ages(data, plan).sort_values(["due", "months"], ascending=False, kind="stable")
    for row in aged.to_dict("records"):
        value = value_shown(row, data.indicator(row["indicator_id"]), lang)
        name = text_of(targets.loc[(row["plan"], row["target_id"])][f"name_{lang}"])
        figure = text("in_year", lang, year=row["period"], value=value)
        due = text("ov_due", lang, count=row["due"]) if row["due"] else text("ov_current", lang)
        where, age = data.region_name(row["region"], lang), f"{row['months'] / 12:.1f}"
        rows.append([name, where, figure, date_shown(row, lang, bare=True), age, due])
    _table("ov_age", "c_target ov_region ov_newest c_date ov_age ov_waiting", rows, lang)
    missing = total["targets"] - total["covered"]
    show.markdown(text("ov_without", lang, missing=missing, targets=total["targets"]))


def revised(data: Data, lang: str) -> None:
    """Show every figure that was published more than once, with what it replaced."""
    twice, rows = revisions(data), []
    for row in twice[twice["value"] != twice["value_before"]].iloc[::-1].to_dict("records"):
        name = series_name(data, row["indicator_id"], row["region"], lang)
        units = data.indicator(row["indicator_id"])
        measure = measure_shown(row["measure"], row["base_period"], lang)
        moved = " → ".join(value_shown(row, units, lang, when) for when in ("_before", ""))
        shown = [measure, moved.replace(" ", "\u00a0"), date_shown(row, lang, bare=True)]
        rows.append([name, row["period"], *shown])
    _table("ov_revisions", "ov_series c_period c_measure ov_revision c_date", rows, lang, "ov_no_revision")


def breaks(data: Data, lang: str) -> None:
    """Show where a definition changed: which indicator follows which, from when, and why they do not join."""
    names, rows = data.indicators.set_index("indicator_id")[f"name_{lang}"], []
    for row in data.indicators[data.indicators["continues"] != ""].to_dict("records"):
        since = "–" if pd.isna(row["break_period"]) else str(row["break_period"])
        reason = text_of(row[f"break_reason_{lang}"]) or text("none_given", lang)
        rows.append([names.get(row["continues"], row["continues"]), row[f"name_{lang}"], since, reason])
    _table("ov_breaks", "ov_before ov_after ov_from ov_reason", rows, lang, "ov_no_break")


def sources(data: Data, lang: str) -> None:
    """Show who published how many figures, in how many documents, and the newest of them."""
    known = used_sources(data)
    rest, name = known.iloc[MANY:], "publisher_en" if lang == "en" else "publisher"
    listed = [known.head(MANY).assign(shown=known[name].where(known[name] != "", known["publisher"]))]
    if len(rest):
        total = rest[["documents", "figures"]].sum().to_dict() | {"newest": rest["newest"].max()}
        listed.append(pd.DataFrame([total | {"shown": text("ov_others", lang, count=len(rest))}]))
    rows = pd.concat(listed)[["shown", "documents", "figures", "newest"]]
    rows = rows.assign(newest=rows["newest"].dt.date.map(str)).astype(object).to_numpy().tolist()
    _table("ov_sources", "c_publisher ov_documents ov_figures ov_last", rows, lang)


def warnings(data: Data, lang: str) -> None:
    """Show every warning of the checks as of the day of the data."""
    rows = []
    for problem in [one for one in check(data.folder, data.as_of) if one.level == "warning"]:
        words = problem.to_dict(lang)
        if problem.column == "status":
            words["found"] = text(f"st_{problem.values['cell']}", lang)
        said = [str(words[key]).replace("`", "") for key in ("found", "allowed", "remedy")]
        rows.append([_meant(data, problem, lang), *said])
    _table("check_warnings", "ov_meant check_found check_allowed check_remedy", rows, lang, "check_none")


def _meant(data: Data, problem: Problem, lang: str) -> str:
    """The figure or target a warning is about, by name, with its line in the files."""
    line, tables = problem.file, {"observations.csv": data.observations, "targets.csv": data.targets}
    if problem.row is not None:
        line = text("check_place_row", lang, file=line, row=problem.row)
    known = tables.get(problem.file, pd.DataFrame(columns=["row"]))
    for row in known[known["row"] == problem.row].to_dict("records"):
        name = row.get(f"name_{lang}") or series_name(data, row["indicator_id"], row["region"], lang)
        return text("ov_place", lang, name=f"{name} {row['period']}" if "period" in row else name, place=line)
    return line


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


def _table(key: str, columns: str, rows: Sequence[Sequence[Any]], lang: str, empty: str = "") -> None:
    """Show a section with one table, folded; without rows the text `empty`, where one is named."""
    show.section(key, lang, text(empty, lang) if empty and not rows else None)
    if rows or not empty:
        frame = titled(rows, columns.split(), lang)
        show.table(frame.set_index(frame.columns[0]), folded=text("rows_shown", lang, count=len(rows)))


def check_lines(problems: Sequence[Problem], made: Sequence[Problem], folder: Path, lang: str) -> list[str]:
    """Every problem and every correction made, and how many errors and warnings there are."""
    errors, warnings = by_level(problems)
    count = text("check_counts", lang, errors=errors, warnings=warnings).removesuffix(".")
    return [*(problem.line(lang) for problem in [*problems, *made]), f"{folder}: {count}"]


def diff_lines(
    data: Data, figures: pd.DataFrame, changes: list[Change], earlier: str, lang: str
) -> list[str]:
    """The figures that became known (rows of `vintages.diff`), and the targets whose answer moved."""
    lines = []
    for kind in ("new", "revised", "corrected", "confirmed"):
        rows = figures[figures["change"] == kind]
        lines += [text(f"diff_{kind}", lang, count=len(rows))] if len(rows) else []
        for _, group in rows.groupby(SERIES, sort=False):
            cells = group.to_dict("records")
            parts = [cells] if len(cells) > FOLDED else [[row] for row in cells]
            lines += [f"  {vintage_line(data, part, lang)}" for part in parts]
    lines = [*(lines or [text("diff_nothing", lang, earlier=earlier, later=data.as_of)]), ""]
    moved = [change for change in changes if change.word != "unchanged" or change.flipped]
    lines += [text("diff_answers", lang, count=len(moved))] if moved else []
    for change in moved:
        target = change.after.target
        lines.append(f"  {target.plan}/{target.target_id} {target.name(lang)}")
        lines += [f"    {change_sentence(part, lang)}" for part in (change.parts or (change,))]
    return [*lines, text("diff_still", lang, count=len(changes) - len(moved))]


def vintage_line(data: Data, rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Rows of `vintages.diff` of one series from one publication as a line: one row with its value and what it
    replaced; of many how many, of which years, and the date of the last.

    >>> rows = qc.diff(qc.load(), "2021-09-30", "2021-12-31").to_dict("records")
    >>> [vintage_line(qc.load(), [row], "en") for row in rows if row["change"] == "revised"][-1]
    'R&D expenditure as a share of GDP, Nanjing, 2020: 3.38 % → 3.48 % (level, final, published 2021-10-27)'
    """
    rows = sorted(rows, key=lambda row: str(row["period"]))
    row, indicator = rows[-1], data.indicator(str(rows[-1]["indicator_id"]))
    facts = {"name": indicator[f"name_{lang}"], "date": date_shown(row, lang), "period": row["period"]}
    facts["region"] = data.region_name(str(row["region"]), lang)
    if len(rows) > 1:
        return text("diff_lines", lang, count=len(rows), start=rows[0]["period"], end=row["period"], **facts)
    facts |= {"value": value_shown(row, indicator, lang), "status": text(f"st_{row['status']}", lang)}
    facts |= {"measure": measure_shown(row["measure"], row["base_period"], lang)}
    if row["change"] in ("revised", "corrected"):
        return text("diff_line_before", lang, before=value_shown(row, indicator, lang, "_before"), **facts)
    return text("diff_line", lang, **facts)


def diff_values(figures: pd.DataFrame, changes: list[Change], earlier: str, later: dt.date) -> dict[str, Any]:
    """The same as plain values."""
    days, bases = figures["known_from"].dt.strftime("%Y-%m-%d"), figures["base_period"].astype(object)
    rows = figures.assign(known_from=days, base_period=bases).to_json(orient="records", force_ascii=False)
    asked = [(change.after.target, change.to_dict()) for change in changes]
    targets = [{"plan": target.plan, "target": target.target_id} | values for target, values in asked]
    return {"earlier": earlier, "later": str(later), "figures": json.loads(rows), "targets": targets}


def import_lines(done: Import, lang: str, everything: bool = False) -> list[str]:
    """What an import does, line by line; of each kind at most SHOWN figures unless `everything` is asked for."""

    def first(lines: list[str], margin: str) -> list[str]:
        if everything or len(lines) <= SHOWN:
            return lines
        return [*lines[:SHOWN], margin + text("import_more", lang, count=len(lines) - SHOWN)]

    sizes = {kind: len(done.of_kind(kind)) for kind in ("added", "changed", "unchanged")}
    counts = text("import_counts", lang, refused=len(done.refused), **sizes)
    about = {"opened": "; ".join(done.opened_as), "folder": done.folder, "source": done.source["source_id"]}
    lines = [text("import_head", lang, file=done.file, title=done.source["title"], **about)]
    lines += ["  " + text("import_read", lang, **read) for read in done.read]
    lines.append(text("import_empty", lang, counts=counts, empty=done.empty) if done.empty else counts)
    for kind, sign in (("added", "  + "), ("changed", "  ~ ")):
        lines += first([sign + _figure_line(figure, lang) for figure in done.of_kind(kind)], sign)
    for key, problems in (("import_refused", done.refused), ("import_warning", done.warnings)):
        lines += ["  " + text(key, lang, problem=problem.line(lang, level=False)) for problem in problems]
    items = done.left_out.items()
    left = ["  " + text("import_left_out", lang, name=n, cells=c, place=p) for n, (c, p) in items]
    return lines + ([text("import_left", lang), *first(left, "  ")] if left else [])


def _figure_line(figure: Figure, lang: str) -> str:
    """One figure of an import: which, its value as it will be typed, where it was read, and what is held."""
    row, at = figure.row, {"file": figure.file, "row": figure.line, "column": figure.column}
    names = [row[key] for key in ("indicator_id", "region", "period")]
    names += [row["measure"]] if row["measure"] != "level" else []
    sign, note = row["qualifier"].removeprefix("="), f" [{row['note']}]" if row["note"] else ""
    value = f"{sign}{row['value']} {row['unit']} ({row['status']}, {row['published']})"
    before = text("import_held", lang, before=figure.before) if figure.before else ""
    return f"{' '.join(names)}: {value}{note} <- {text('import_place', lang, **at)}{before}"


def import_outcome(done: Import, stopped: bool, lang: str) -> str:
    """How an import ended: stopped by refused cells, written, a preview, or nothing to write."""
    listed = text("import_listed", lang, file=done.refused_file) if done.refused_file else ""
    key = "written" if done.written else "preview" if done.new else "nothing"
    return text(f"import_{'stopped' if stopped else key}", lang, rows=len(done.new), listed=listed)
