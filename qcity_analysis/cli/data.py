"""Commands on published figures: check, list, add, import, new-plan, diff."""

from __future__ import annotations

import datetime as dt
import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

import qcity_analysis as qc

from ..catalogue import text
from ..errors import QcityError
from ..files import write_whole

from .options import AsOf, Binding, DataDir, Draws, Json, Language, PlanName  # isort: skip
from .options import as_text, command, show  # isort: skip

LISTED = ["plan", "target_id", "region", "kind", "deadline", "binding", "name_zh", "name_en"]


@command("check --format html --out check.html")
def check(
    data: DataDir = None, as_of: AsOf = None, language: Language = "en",
    format: Annotated[Literal["text", "json", "html"], Option(help="Form of the list.")] = "text",
    out: Annotated[Path | None, Option(help="Write to this file instead of printing.")] = None,
    as_json: Annotated[bool, Option("--json", help="The same as --format json.")] = False,
) -> None:  # fmt: skip
    """Check a data package: every problem at once, with file, row, column and remedy.

    Errors must be corrected before the data can be used; warnings are figures to look at. HTML holds both languages.
    """
    from ..data import corrections, load, vintages
    from ..problems import counted
    from ..reporting.data_sections import check_lines
    from ..reporting.page import check_page

    folder = load.find_folder(data)
    problems, made = qc.check(folder, as_of=as_of), corrections.listed(folder)
    if as_json or format == "json":
        report = as_text([problem.to_dict() for problem in [*problems, *made]])
    elif format == "html":
        day = vintages.to_date(as_of or dt.date.today())
        report = check_page(problems, folder, day, first=language, corrections=made)
    else:
        report = "\n".join(check_lines(problems, made, folder, language))
    errors, warnings = counted(problems)
    if out is None:
        print(report)
    else:
        write_whole(out, report + "\n")
        print(f"written: {out} ({errors} errors, {warnings} warnings)")
    raise typer.Exit(2 if errors else 0)


@command("list --plan china_14fyp")
def list_targets(
    data: DataDir = None, plan: PlanName = None, as_of: AsOf = None, as_json: Json = False,
    binding: Binding = None,
) -> None:  # fmt: skip
    """List the plans, their targets, and for how many years figures are published."""
    package, series = qc.load(data, as_of), ["indicator_id", "region"]
    years = package.observations.groupby(series)["year"].nunique().rename("years_published")
    table = package.targets_of(plan, binding).join(years, on=series)
    table = table.fillna({"years_published": 0}).astype({"years_published": int})
    table = table[[*LISTED, "years_published"]]
    lines = []
    for row in table.itertuples():
        count = f"{row.years_published} year{'s' * (row.years_published != 1)}"
        about = ", ".join(filter(None, (row.region, row.kind, str(row.deadline), row.binding, count)))
        lines.append(f"{row.plan}  {row.target_id}  [{about}]\n    {row.name_en} / {row.name_zh}")
    show(as_json, lambda: json.loads(table.to_json(orient="records", force_ascii=False)), lambda: lines)


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
) -> None:  # fmt: skip
    """Add one published figure with its source; nothing is written if the data would not pass the checks."""
    from ..data.write import add_figure

    figure = {"indicator_id": indicator, "region": region, "period": period, "value": value, "measure": measure,
              "qualifier": qualifier, "status": status, "base_period": base_period}  # fmt: skip
    row = add_figure(data, figure, {"publisher": publisher, "title": title, "date": date}, dry_run)
    print(("would add: " if dry_run else "added: ") + ", ".join(f"{k}={v}" for k, v in row.items() if v))


@command("import yearbook.xlsx --map yearbook.yaml --write")
def import_file(
    file: Annotated[Path | None, Argument(help="CSV, .xlsx, .xls, or SDMX file.")] = None,
    mapping: Annotated[Path | None, Option("--map", help="YAML file: which names are which indicators.")] = None,
    suggest: Annotated[bool, Option("--suggest", help="Print a starter mapping for the file.")] = False,
    write: Annotated[bool, Option("--write", help="Write what the preview shows.")] = False,
    skip_refused: Annotated[bool, Option("--skip-refused", help="Write the rest, list refused cells.")] = False,
    undo: Annotated[bool, Option("--undo", help="Take the last import back.")] = False,
    encoding: Annotated[str, Option(help="With --suggest: of a text file, as cp949 or latin-1.")] = "",
    everything: Annotated[bool, Option("--all", help="Show every figure in the preview.")] = False,
    data: DataDir = None, language: Language = "en", as_json: Json = False,
) -> None:  # fmt: skip
    """Import the figures of a file: preview first, then with --write all of it or nothing.

    Start with `qcity import FILE --suggest > map.yaml`, complete map.yaml, look at the preview of
    `qcity import FILE --map map.yaml`, then add --write. `qcity import --undo` restores the files as they were.
    """
    from ..data import load
    from ..data import write as files
    from ..importing.importing import starter
    from ..reporting.data_sections import import_lines, import_outcome

    if undo:
        record = files.undo(load.find_folder(data))
        rows = record["added"] + record["changed"]
        undone = text("import_undone", language, file=record["file"], at=record["at"], rows=rows)
        print(as_text(record) if as_json else undone)
        return
    if file is None:
        raise QcityError("name the file to import, or --undo; `qcity import --help` shows an example")
    if suggest:
        print(starter(file, data, encoding), end="")
        return
    if mapping is None:
        hint = f"`qcity import {file} --suggest > MAP.yaml` writes a starter"
        raise QcityError(f"{file}: name its mapping with --map MAP.yaml; {hint}")
    bring = partial(qc.import_figures, file, mapping, data=data, skip_refused=skip_refused)
    done = bring()
    stopped = bool(done.refused) and not skip_refused
    if not as_json:
        print("\n".join(import_lines(done, language, everything)))
        asked = bool(done.new) and sys.stdin.isatty() and sys.stdout.isatty()
        write = write or (not stopped and asked and typer.confirm(text("import_ask", language)))
    if write and not stopped:
        done = bring(write=True)
    print(as_text(done.to_dict()) if as_json else import_outcome(done, stopped, language))
    raise typer.Exit(2 if stopped else 0)


@command("new-plan green_city_2030")
def new_plan(
    name: Annotated[str, Argument(help="Identifier of the plan: lower-case letters, digits and underscores.")],
    file: Annotated[Path | None, Option("--from", help="File of figures to take regions and indicators from.")] = None,
    encoding: Annotated[str, Option(help="Of that file, where it is text as cp949 or latin-1.")] = "",
    out: Annotated[Path | None, Option(help="Folder to make [default: one of that name here].")] = None,
    language: Language = "en",
) -> None:  # fmt: skip
    """Make a plan: its tables with one worked example, or with what a file of figures holds, and a guide.

    Nothing that is there is overwritten. The plan is then used with `--data FOLDER`, or by setting QCITY_DATA.
    """
    from ..data.write import new_plan as make
    from ..importing.importing import plan_from
    from ..reporting.page import plan_readme

    about = (name, out or Path(name), plan_readme(name), dt.date.today())
    folder = plan_from(file, *about, encoding) if file else make(*about)
    print(text("np_made", language, folder=folder))
    for path in sorted(folder.iterdir()):
        print(f"  {path.name}")
    print(text("np_next_from" if file else "np_next", language, folder=folder, file=file))


@command("diff --from 2022-12-31 --to 2023-12-31")
def diff(
    earlier: Annotated[str, Option("--from", help="The earlier day, e.g. 2022-12-31.")],
    later: Annotated[str | None, Option("--to", help="The later day [default: today].")] = None,
    plan: PlanName = None, draws: Draws = 10_000, language: Language = "en", data: DataDir = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """What became known between two days: new and revised figures, and what they did to each target's probability.

    Nothing is written. A day that rests on the publication lag of the indicator is marked as assumed.
    """
    from ..analysis.verdicts import explain_change
    from ..reporting.data_sections import diff_lines, diff_values
    from ..trackrecord.hindcasts import plan_indicators

    known = qc.load(data, later)
    rows = known.targets_of(plan)
    changes = [
        explain_change(known, target, name, earlier, known.as_of, draws=draws)
        for name, target in zip(rows["plan"], rows["target_id"], strict=True)
    ]
    figures = qc.diff(known, earlier, known.as_of)
    if plan:
        figures = figures[figures["indicator_id"].isin(plan_indicators(known, plan))]
    values = partial(diff_values, figures, changes, earlier, known.as_of)
    show(as_json, values, partial(diff_lines, known, figures, changes, earlier, language))
