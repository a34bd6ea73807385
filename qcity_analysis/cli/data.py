"""Commands on published figures: check, list, add, new-plan, diff."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from ..errors import QcityError, did_you_mean, unknown
from ..problems import Problem, counted
from .options import AsOf, DataDir, Json, Language, PlanName, command, print_json, save

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.attribution import Change
    from ..data.load import Data

FORMATS = ("text", "json", "html")
SERIES = ["indicator_id", "region", "measure", "published"]
FOLDED = 4  # more figures of one series from one publication become one line


@command("check --format html --out check.html")
def check(
    data: DataDir = None,
    as_of: AsOf = None,
    format: Annotated[str, Option(help="text, json or html.")] = "text",
    out: Annotated[Path | None, Option(help="Write to this file instead of printing.")] = None,
    language: Language = "en",
    as_json: Annotated[bool, Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check a data package: every problem at once, with file, row, column and remedy.

    Errors must be corrected before the data can be used; warnings are figures to look at. HTML holds both languages.
    """
    from ..data.load import check as check_package
    from ..data.load import find_folder

    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS)
        raise QcityError(f"unknown format {format!r}.{hint} Known: {', '.join(FORMATS)}.")
    folder = find_folder(data)
    problems = check_package(folder, as_of=as_of)
    report = _check_report("json" if as_json else format, problems, folder, as_of, language)
    errors, warnings = counted(problems)
    if out is None:
        print(report)
    else:
        save(out, report + "\n")
        print(f"written: {out} ({errors} errors, {warnings} warnings)")
    raise typer.Exit(2 if errors else 0)


def _check_report(format: str, problems: list[Problem], folder: Path, as_of: str | None, lang: str) -> str:
    from ..catalogue import text
    from ..data.corrections import listed
    from ..data.vintages import to_date
    from ..reporting.page import check_page

    made = listed(folder)
    if format == "json":
        rows = [problem.to_dict() for problem in [*problems, *made]]
        return json.dumps(rows, ensure_ascii=False, indent=2)
    if format == "html":
        day = dt.date.today() if as_of is None else to_date(as_of)
        return check_page(problems, folder, day, first=lang, corrections=made)
    errors, warnings = counted(problems)
    count = f"{errors} errors, {warnings} warnings"
    if lang != "en":
        count = text("check_counts", lang, errors=errors, warnings=warnings)
    return "\n".join([*(problem.line(lang) for problem in [*problems, *made]), f"{folder}: {count}"])


def _targets(known: Data, plan: str | None) -> pd.DataFrame:
    """The targets of a plan, or all. Raises QcityError when there is no such plan."""
    if plan and plan not in known.plans():
        raise unknown("plan", plan, known.plans())
    return known.targets[known.targets["plan"] == plan] if plan else known.targets


@command("list --plan china_14fyp")
def list_targets(
    data: DataDir = None, plan: PlanName = None, as_of: AsOf = None, as_json: Json = False
) -> None:
    """List the plans, their targets, and for how many years figures are published."""
    from ..data.load import load

    package = load(data, as_of=as_of)
    targets = _targets(package, plan)
    years = package.observations.groupby(["indicator_id", "region"])["year"].nunique()
    columns = ["plan", "target_id", "region", "kind", "deadline", "name_zh", "name_en"]
    keys = zip(targets["indicator_id"], targets["region"], strict=True)
    table = targets[columns].assign(years_published=[int(years.get(key, 0)) for key in keys])
    if as_json:
        print_json(json.loads(table.to_json(orient="records", force_ascii=False)))
        return
    for row in table.itertuples():
        about = f"[{row.region}, {row.kind}, {row.deadline}, {row.years_published} years]"
        print(f"{row.plan}  {row.target_id}  {about}\n    {row.name_en} / {row.name_zh}")


@command(
    "add rd_intensity --region nanjing --period 2023 --value 3.9 "
    '--publisher 南京市统计局 --title "2023年统计公报" --date 2024-03-28'
)
def add(
    indicator: Annotated[str, Argument(help="Name of the indicator, as in indicators.csv.")],
    region: Annotated[str, Option(help="Region the figure is about.")],
    period: Annotated[str, Option(help="2023, or a year to date as 2024-Q3, 2024-08.")],
    value: Annotated[str, Option(help="The figure, digits and a point.")],
    publisher: Annotated[str, Option(help="Who published it.")],
    title: Annotated[str, Option(help="In which document.")],
    date: Annotated[str, Option(help="When: 2024-03-28, 2024-03 or 2024.")],
    measure: Annotated[str, Option(help="level, change_pct, cumulative_change_pct, ...")] = "level",
    qualifier: Annotated[str, Option(help="=, ~, >= or <=")] = "=",
    status: Annotated[str, Option(help="final, preliminary, estimate or illustrative")] = "final",
    base_period: Annotated[str, Option(help="Base year of a cumulative change.")] = "",
    data: DataDir = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Check, but write nothing.")] = False,
) -> None:
    """Add one published figure with its source; nothing is written if the data would not pass the checks."""
    from ..data.write import add_figure

    row = add_figure(
        data, indicator_id=indicator, region=region, period=period, value=value, publisher=publisher, title=title,
        date=date, measure=measure, qualifier=qualifier, status=status, base_period=base_period, dry_run=dry_run,
    )  # fmt: skip
    print(("would add: " if dry_run else "added: ") + ", ".join(f"{k}={v}" for k, v in row.items() if v))


@command("new-plan green_city_2030")
def new_plan(
    name: Annotated[
        str, Argument(help="Identifier of the plan: lower-case letters, digits and underscores.")
    ],
    out: Annotated[Path | None, Option(help="Folder to make [default: one of that name here].")] = None,
    language: Language = "en",
) -> None:
    """Make an empty plan: its tables with one worked example, and a guide to fill them in.

    Nothing that is there is overwritten. The plan is then used with `--data FOLDER`, or by setting QCITY_DATA.
    """
    from ..catalogue import text
    from ..data.write import new_plan as make
    from ..reporting.page import plan_readme

    folder = make(name, out or Path(name), plan_readme(name), dt.date.today())
    print(text("np_made", language, folder=folder))
    for path in sorted(folder.iterdir()):
        print(f"  {path.name}")
    print(text("np_next", language, folder=folder))


@command("diff --from 2022-12-31 --to 2023-12-31")
def diff(
    earlier: Annotated[str, Option("--from", help="The earlier day, e.g. 2022-12-31.")],
    later: Annotated[str | None, Option("--to", help="The later day [default: today].")] = None,
    plan: PlanName = None,
    draws: Annotated[int, Option(min=100, help="Simulated paths.")] = 10_000,
    language: Language = "en",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """What became known between two days: new and revised figures, and what they did to each target's probability.

    Nothing is written. A day that rests on the publication lag of the indicator is marked as assumed.
    """
    from ..analysis.attribution import explain_change
    from ..data.load import load
    from ..data.vintages import diff as compare

    known = load(data, as_of=later)
    rows = _targets(known, plan)
    changes = [
        (name, target, explain_change(known, target, name, earlier, known.as_of, draws=draws))
        for name, target in zip(rows["plan"], rows["target_id"], strict=True)
    ]
    figures = compare(known, earlier, known.as_of)
    figures = figures[figures["indicator_id"].isin(_indicators_of(known, plan))] if plan else figures
    if as_json:
        days = figures["known_from"].dt.strftime("%Y-%m-%d")
        plain = figures.assign(known_from=days, base_period=figures["base_period"].astype(object))
        listed: dict[str, Any] = {"earlier": earlier, "later": str(known.as_of)}
        listed["figures"] = json.loads(plain.to_json(orient="records", force_ascii=False))
        listed["targets"] = [{"plan": name, "target": t} | change.to_dict() for name, t, change in changes]
        print_json(listed)
        return
    print(
        "\n".join([*_figure_lines(known, figures, earlier, language), "", *_change_lines(changes, language)])
    )


def _indicators_of(known: Data, plan: str) -> set[str]:
    """The indicators of a plan, their other definitions and their comparators."""
    asked = set(known.targets.loc[known.targets["plan"] == plan, "indicator_id"])
    rows = known.indicators
    asked |= set(rows.loc[rows["continues"].isin(asked), "indicator_id"])
    named = rows.loc[rows["indicator_id"].isin(asked), "comparators"]
    return asked | {part.strip().rpartition("/")[2] for cell in named for part in cell.split(";")}


def _figure_lines(known: Data, figures: pd.DataFrame, earlier: str, language: str) -> list[str]:
    from ..catalogue import text
    from ..reporting.sentences import vintage_line, vintages_line

    lines = []
    for kind in ("new", "revised", "corrected", "confirmed"):
        rows = figures[figures["change"] == kind]
        if len(rows):
            lines.append(text(f"diff_{kind}", language, count=len(rows)))
        for _, group in rows.groupby(SERIES, sort=False):
            cells = group.to_dict("records")
            if len(cells) > FOLDED:
                lines.append(f"  {vintages_line(known, cells, language)}")
            else:
                lines += [f"  {vintage_line(known, row, language)}" for row in cells]
    return lines or [text("diff_nothing", language, earlier=earlier, later=known.as_of)]


def _change_lines(changes: list[tuple[str, str, Change]], language: str) -> list[str]:
    """The targets whose answer moved, each with its sentence; the others counted."""
    from ..catalogue import text
    from ..reporting.analyses import change_sentence

    moved = [each for each in changes if each[2].word != "unchanged" or each[2].flipped]
    lines = [text("diff_answers", language, count=len(moved))] if moved else []
    for plan, target, change in moved:
        row = change.after.target
        lines.append(f"  {plan}/{target} {row.name_zh if language == 'zh' else row.name_en}")
        lines += [f"    {change_sentence(part, language)}" for part in (change.parts or (change,))]
    return [*lines, text("diff_still", language, count=len(changes) - len(moved))]
