"""What the commands print: lines of text in two languages, and plain values for JSON where no result has them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import text
from ..problems import Problem, counted
from ..rules import RULES
from ..rules.results import results_for
from . import sentences
from .analyses import change_sentence
from .show import vintage_line
from .target_sections import rule_shown, shared_reason, votes

if TYPE_CHECKING:
    from ..analysis.attribution import Change
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..importing.importing import Figure, Import

SHOWN = 20  # figures of a kind, and names left out, in the preview of an import
FOLDED = 4  # more figures of one series from one publication become one line
SERIES = ["indicator_id", "region", "measure", "published"]


def check_lines(problems: Sequence[Problem], made: Sequence[Problem], folder: Path, lang: str) -> list[str]:
    """Every problem and every correction made, and how many errors and warnings there are."""
    errors, warnings = counted(problems)
    count = text("check_counts", lang, errors=errors, warnings=warnings).removesuffix(".")
    return [*(problem.line(lang) for problem in [*problems, *made]), f"{folder}: {count}"]


def answer_lines(answer: Assessment, lang: str) -> list[str]:
    """The answer and each of its parts with its sentences and notes; how to add figures where there are too few."""
    lines = []
    for part in (answer, *answer.parts):
        told = [text("illustrative_banner", lang)] if part.illustrative else []
        told += [sentences.headline(part, lang), *sentences.sentences(part, lang)]
        told += dict.fromkeys(sentences.note(note, lang) for note in part.notes)
        lines.append("\n  ".join(told) + "\n")
    return lines + ([sentences.how_to_add(answer, lang)] if answer.status == "not_assessable" else [])


def rule_lines(parts: Sequence[Assessment], lang: str) -> list[str]:
    """Of each part the headline, what every published rule says, and their votes; or why none applies."""
    blocks = []
    for part in parts:
        lines, reason = [sentences.headline(part, lang)], shared_reason(part, lang)
        for rule, result in {} if reason else results_for(part).items():
            category, yes = rule_shown(result, lang)
            verdict = f"{category} → {yes}" if result.category else category
            lines.append(text("rule_line", lang, name=RULES[rule].name(lang), said=verdict))
        blocks.append("\n".join([*lines, reason or votes(part, lang)]) + "\n")
    return blocks


def rules_values(part: Assessment) -> dict[str, Any]:
    """What the rules say about one part, as plain values."""
    names = ("category", "will_meet", "reason")
    rules = {
        rule: {name: getattr(result, name) for name in names} for rule, result in results_for(part).items()
    }
    target = {"target": part.target.target_id, "plan": part.target.plan}
    about = {"definition": part.definition["indicator_id"], "as_of": part.as_of.isoformat()}
    return target | about | {"status": part.status, "probability": part.probability, "rules": rules}


def diff_lines(
    data: Data, figures: pd.DataFrame, changes: Sequence[Change], earlier: str, lang: str
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
        row = change.after.target
        lines.append(f"  {row.plan}/{row.target_id} {row.name_zh if lang == 'zh' else row.name_en}")
        lines += [f"    {change_sentence(part, lang)}" for part in (change.parts or (change,))]
    return [*lines, text("diff_still", lang, count=len(changes) - len(moved))]


def diff_values(
    figures: pd.DataFrame, changes: Sequence[Change], earlier: str, later: dt.date
) -> dict[str, Any]:
    """The same as plain values."""
    days, bases = figures["known_from"].dt.strftime("%Y-%m-%d"), figures["base_period"].astype(object)
    rows = figures.assign(known_from=days, base_period=bases).to_json(orient="records", force_ascii=False)
    targets = [
        {"plan": change.after.target.plan, "target": change.after.target.target_id} | change.to_dict()
        for change in changes
    ]
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
    lines = [
        text("import_head", lang, file=done.file, title=done.source["title"], **about),
        *("  " + text("import_read", lang, **read) for read in done.read),
        text("import_empty", lang, counts=counts, empty=done.empty) if done.empty else counts,
    ]
    for kind, sign in (("added", "  + "), ("changed", "  ~ ")):
        lines += first([sign + _figure_line(figure, lang) for figure in done.of_kind(kind)], sign)
    for key, problems in (("import_refused", done.refused), ("import_warning", done.warnings)):
        lines += ["  " + text(key, lang, problem=problem.line(lang, level=False)) for problem in problems]
    names = [
        "  " + text("import_left_out", lang, name=name, cells=cells, place=place)
        for name, (cells, place) in done.left_out.items()
    ]
    return lines + ([text("import_left", lang), *first(names, "  ")] if names else [])


def _figure_line(figure: Figure, lang: str) -> str:
    row = figure.row
    sign = "" if row["qualifier"] == "=" else row["qualifier"]
    measure = "" if row["measure"] == "level" else f" {row['measure']}"
    before = text("import_held", lang, before=figure.before) if figure.before else ""
    note = f" [{row['note']}]" if row["note"] else ""
    place = text("import_place", lang, file=figure.file, row=figure.line, column=figure.column)
    name = f"{row['indicator_id']} {row['region']} {row['period']}{measure}"
    about = f"({row['status']}, {row['published']}){note} <- {place}{before}"
    return f"{name}: {sign}{row['value']} {row['unit']} {about}"


def import_outcome(done: Import, stopped: bool, lang: str) -> str:
    """How an import ended: stopped by refused cells, written, a preview, or nothing to write."""
    listed = text("import_listed", lang, file=done.refused_file) if done.refused_file else ""
    key = "written" if done.written else "preview" if done.new else "nothing"
    return text(f"import_{'stopped' if stopped else key}", lang, rows=len(done.new), listed=listed)
