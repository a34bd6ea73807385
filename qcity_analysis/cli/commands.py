"""The commands: figures first (check, list, add, import, new-plan, diff), then answers, then pages and many series."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer import Argument, Option

import qcity_analysis as qc

from ..catalogue import text
from ..errors import QcityError
from ..files import write_whole

from .options import AsOf, Binding, DataDir, Draws, Json, Language, Ledger, PlanName, Region, Seed  # isort: skip
from .options import TargetName, as_text, command, show, spoken  # isort: skip

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
    from ..problems import by_level
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
    errors, warnings = by_level(problems)
    if out is not None:
        write_whole(out, report + "\n")
    print(report if out is None else f"written: {out} ({errors} errors, {warnings} warnings)")
    raise typer.Exit(2 if errors else 0)


@command("list --plan china_14fyp")
def list_targets(
    data: DataDir = None, plan: PlanName = None, as_of: AsOf = None, as_json: Json = False, binding: Binding = None,
) -> None:  # fmt: skip
    """List the plans, their targets, and for how many years figures are published."""
    package, series, held = qc.load(data, as_of), ["indicator_id", "region"], "years_published"
    years = package.observations.groupby(series)["year"].nunique().rename(held)
    table = package.targets_of(plan, binding).join(years, on=series)
    table = table.fillna({held: 0}).astype({held: int})[[*LISTED, held]]
    lines = []
    for row in table.itertuples():
        count = f"{row.years_published} year{'s' * (row.years_published != 1)}"
        about = ", ".join(filter(None, (row.region, row.kind, str(row.deadline), row.binding, count)))
        lines.append(f"{row.plan}  {row.target_id}  [{about}]\n    {row.name_en} / {row.name_zh}")
    show(as_json, lambda: json.loads(table.to_json(orient="records", force_ascii=False)), lambda: lines)


@command(
    "add rd_intensity --region nanjing --period 2023 --value 3.9 "
    '--publisher 南京市统计局 --title "2023年统计公报" --date 2024-03-28 --dry-run'
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


@command("import data/raw/observations.csv --suggest")
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
        undone = text("import_undone", language, rows=record["added"] + record["changed"], **record)
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
    print(*(f"  {path.name}" for path in sorted(folder.iterdir())), sep="\n")
    print(text("np_next_from" if file else "np_next", language, folder=folder, file=file))


@command("diff --from 2022-12-31 --to 2023-12-31")
def diff(
    earlier: Annotated[str, Option("--from", help="The earlier day, e.g. 2022-12-31.")],
    later: Annotated[str | None, Option("--to", help="The later day [default: today].")] = None, plan: PlanName = None,
    draws: Draws = 10_000, language: Language = "en", data: DataDir = None, as_json: Json = False,
) -> None:  # fmt: skip
    """What became known between two days: new and revised figures, and what they did to each target's probability.

    Nothing is written. A day that rests on the publication lag of the indicator is marked as assumed.
    """
    from ..analysis.verdicts import explain_change
    from ..reporting.data_sections import diff_lines, diff_values
    from ..trackrecord.hindcasts import plan_indicators

    known = qc.load(data, later)
    rows = known.targets_of(plan)
    pairs = zip(rows["target_id"], rows["plan"], strict=True)
    changes = [explain_change(known, *pair, earlier, known.as_of, draws=draws) for pair in pairs]
    figures = qc.diff(known, earlier, known.as_of)
    if plan:
        figures = figures[figures["indicator_id"].isin(plan_indicators(known, plan))]
    values = partial(diff_values, figures, changes, earlier, known.as_of)
    show(as_json, values, partial(diff_lines, known, figures, changes, earlier, language))


@command("forecast energy_per_gdp --plan china_14fyp --as-of 2023-03-31")
def forecast(
    target: TargetName, plan: PlanName = None, region: Region = None, as_of: AsOf = None,
    language: Language = "en", draws: Draws = 10_000, seed: Seed = 0,
    model: Annotated[str, Option(help="mixture, ets, theta, arima, ucm, drift or naive.")] = "mixture",
    figure: Annotated[Path | None, Option(help="Save the fan chart here (.png, .svg, .pdf).")] = None,
    record: Annotated[bool, Option("--record", help="Append what is said to the ledger beside the data.")] = False,
    data: DataDir = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Will one target be met? Prints the answer in words; writes only a figure or a record asked for."""
    from matplotlib import rc_context

    from ..analysis.portfolio import portfolio as add_up
    from ..reporting.analyses import regions_lines
    from ..reporting.figures import panels_chart
    from ..reporting.figures.fan import fan_chart
    from ..reporting.sections import answer_lines
    from ..targets import find_target, in_regions
    from ..trackrecord import ledger

    if figure and figure.suffix not in (".png", ".svg", ".pdf"):
        raise QcityError(f"{figure}: a picture is written as .png, .svg or .pdf")
    known, options = qc.load(data, as_of), dict[str, Any](model=model, draws=draws, seed=seed)

    def save(draw: Any, answers: Any, **how: Any) -> None:
        if figure is not None:
            how["metadata"] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(figure.suffix)
            with rc_context({"svg.hashsalt": "qcity"}):  # the same bytes twice
                draw(answers, language).savefig(drawn := io.BytesIO(), format=figure.suffix[1:], **how)
            write_whole(figure, drawn.getvalue())

    if region and (region == "all" or "," in region):
        asked = in_regions(known, find_target(known, target, plan), region)
        answers = [qc.assess(known, one, **options) for one in asked]
        save(panels_chart, answers, bbox_inches="tight")
        lines = partial(regions_lines, answers, add_up(known, answers, seed=seed), language)
        show(as_json, lambda: [a.to_dict() for a in answers], lines)
    answer = qc.assess(known, target, plan=plan, region=region, **options)
    if record:
        ledger.record(answer, ledger.home(known.folder), ledger.data_hash(known.folder))
    save(fan_chart, answer)
    show(as_json, answer.to_dict, lambda: answer_lines(answer, language), answer.status)


@command("outlook rd_intensity --as-of 2024-06-30")
def outlook(
    target: TargetName, plan: PlanName = None, region: Region = None, as_of: AsOf = None,
    since: Annotated[str | None, Option(help="Earlier day to compare with, e.g. 2023-03-31.")] = None,
    language: Language = "en", draws: Draws = 10_000, seed: Seed = 0, data: DataDir = None, as_json: Json = False,
) -> None:  # fmt: skip
    """How fast it would have to move, when it is reached, how far the verdict depends on choices, what changed."""
    from ..analysis.outlook import outlook as look_ahead
    from ..analysis.verdicts import explain_change, sensitivity
    from ..reporting import analyses, sentences

    known, options = qc.load(data, as_of), dict[str, Any](region=region, draws=draws, seed=seed)
    answer = qc.assess(known, target, plan=plan, **options)
    ahead = [(part, look_ahead(known, part, draws=draws)) for part in answer.by_definition()]
    varied = sensitivity(known, answer, draws=draws)
    name, day = answer.target.plan, known.as_of
    change = explain_change(known, target, name, since, day, **options) if since else None

    def plain() -> dict[str, Any]:
        by_definition = {part.definition["indicator_id"]: one.to_dict() for part, one in ahead}
        return {"target": target, "status": answer.status, "probability": answer.probability, "outlook": by_definition,
                "basis": answer.basis, "headline_probability": answer.headline_probability,
                "sensitivity": [one.to_dict() for one in varied],
                "change": change.to_dict() if change else None}  # fmt: skip

    def lines() -> list[str]:
        told = {"": analyses.outlook_blocks(known, ahead, language)}
        told[text("h_sensitivity", language)] = analyses.sensitivity_blocks(varied, language)
        if change:
            heading = text("h_changed", language, earlier=change.before.as_of)
            told[heading] = analyses.change_blocks(known, change, language)
        said = [sentences.headline(answer, language)]
        for name, blocks in told.items():
            said += [name, *(line for one in blocks for line in one.plain())] if blocks else []
        return said

    show(as_json, plain, lines, answer.status)


@command("rules energy_per_gdp --plan china_14fyp --as-of 2023-03-31")
def rules(
    target: TargetName, plan: PlanName = None, region: Region = None, as_of: AsOf = None,
    language: Language = "en", data: DataDir = None, as_json: Json = False,
) -> None:  # fmt: skip
    """What do published progress rules say, beside the probability? Writes nothing."""
    from ..reporting.sections import rule_lines, rules_values

    answer = qc.assess(qc.load(data, as_of), target, plan=plan, region=region)
    parts = answer.by_definition()
    show(as_json, lambda: list(map(rules_values, parts)), lambda: rule_lines(parts, language), answer.status)


@command("portfolio china_14fyp --as-of 2024-06-30")
def portfolio(
    plan: Annotated[str, Argument(help="Name of the plan; `qcity list` shows them.")],
    as_of: AsOf = None, language: Language = "en", draws: Draws = 10_000, seed: Seed = 0,
    data: DataDir = None, as_json: Json = False,
) -> None:  # fmt: skip
    """How many targets of a plan will be met, when what moves one indicator moves others too."""
    from ..analysis.portfolio import portfolio as add_up
    from ..reporting.analyses import portfolio_lines

    known = qc.load(data, as_of)
    whole = add_up(known, list(qc.scorecard(known, plan, draws=draws, seed=seed).answers.values()), seed=seed)
    status = "not_assessable" if whole.targets.empty else "forecast"
    show(as_json, whole.to_dict, lambda: portfolio_lines(whole, language), status)


@command("export --plan china_14fyp --to review.xlsx --as-of 2024-06-30")
def export(
    to: Annotated[Path, Option(help="File to write: .xlsx, .docx or .csv.")],
    plan: Annotated[str | None, Option(help="Name of the plan [default: the first]; see `qcity list`.")] = None,
    name: Annotated[str | None, Argument(metavar="[plan]", help="The plan, without --plan.")] = None,
    as_of: AsOf = None, language: Language = "zh", draws: Draws = 10_000, seed: Seed = 0,
    data: DataDir = None, binding: Binding = None,
) -> None:  # fmt: skip
    """Write the review table of a plan: all its targets by section and by department, with figures and conclusions."""
    from ..reporting.export import export as table_of
    from ..reporting.sentences import plan_title

    known = qc.load(data, as_of)
    plan = plan or name or known.plans()[0]
    card = qc.scorecard(known, plan, binding=binding or "", draws=draws, seed=seed)
    title = text("x_title", language, plan=plan_title(known, plan, language), as_of=known.as_of)
    write_whole(to, table_of(list(card.answers.values()), title, to, language))
    print(text("x_written", language, path=to, count=len(card.answers)))


@command("run --target rd_intensity --language zh")
def run(
    plan: Annotated[list[str] | None, Option(help="Plan; repeat for several [default: all].")] = None,
    target: Annotated[list[str] | None, Option(help="Only these targets; repeatable.")] = None,
    language: Annotated[list[str] | None, Option(help="en, zh [default: both].")] = None,
    as_of: AsOf = None, data: DataDir = None,
    out: Annotated[str, Option(help="Folder of the pages, or an address: s3://bucket/folder.")] = "reports",
    jobs: Annotated[int, Option(min=1, help="Notebooks at a time.")] = 2,
    timeout: Annotated[int, Option(min=1, help="Seconds one notebook may take.")] = 600,
    record: Annotated[bool, Option(help="Append what is said to the ledger.")] = True, ledger: Ledger = None,
    force: Annotated[bool, Option("--force", help="Run again what is unchanged.")] = False,
    only_failed: Annotated[bool, Option("--only-failed", help="Run only what failed last time.")] = False,
    retries: Annotated[int, Option(min=0, help="More tries, after a pause, of what may pass.")] = 1,
    keep: Annotated[int, Option(min=0, help="Past versions of each page to keep beside it.")] = 0,
    notebook: Annotated[Path | None, Option(help="Run only this notebook, with plan, target … given.")] = None,
    parameter: Annotated[list[str] | None, Option("-p", help="Its parameter: name=value, or name value.")] = None,
    log_json: Annotated[bool, Option("--log-json", help="Print progress as JSON, a line each.")] = False,
    notify: Annotated[str, Option(help="Tell this address (Apprise) of failures and new words.")] = "",
) -> None:  # fmt: skip
    """Run the notebooks on the data and write the pages and their index; what is unchanged is not run again.

    A secret address for --notify is better put into the environment, as QCITY_NOTIFY.
    """
    from ..running import report, sharing

    address = notify or os.environ.pop("QCITY_NOTIFY", "")  # taken out: no notebook sees it
    folder = sharing.made_in(out)

    def say(event: str, facts: dict[str, Any]) -> None:
        line = {"time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "event": event} | facts
        shown = json.dumps(line, ensure_ascii=False) if log_json else text(f"run_{event}", spoken(), **facts)
        print(shown.rstrip(), flush=True)

    stray = parameter and not (notebook and all("=" in one for one in parameter))
    if stray or notebook and (only_failed or keep or ledger):
        raise QcityError("-p NAME=VALUE goes with --notebook; --only-failed, --keep, --ledger go without it")
    if notebook is not None:
        given = [one.partition("=")[::2] for one in parameter or []]
        options = {"plan": plan, "target": target, "language": language, "as_of": [as_of] if as_of else None}
        given += [(name, value) for name, values in options.items() for value in values or []]
        made = report.run_own(notebook, given, folder, data, timeout, retries, say)
    else:
        made = report.run_report(
            data, plan or None, tuple(language or ("zh", "en")), folder, as_of=as_of, targets=target or None,
            jobs=jobs, force=force, only_failed=only_failed, keep=keep, timeout=timeout, record=record,
            ledger_dir=ledger, retries=retries, progress=say,
        )  # fmt: skip
    for line in made.summaries(spoken()) if not log_json else []:
        print(line)
    if address and not report.notify(address, made, spoken()):
        say("notify_failed", {})
    if "://" in out:
        say("sent", {"address": out, "files": sharing.publish(folder, out)})
    failed = [run["id"] for run in made.failed]
    say("end", {"index": str(made.index), "seconds": made.seconds, "failed": failed})
    raise typer.Exit(1 if failed else 0)


@command("site reports --zip report.zip")
def site(
    out: Annotated[Path, Argument(help="Folder of the pages.")] = Path("reports"),
    to_zip: Annotated[Path | None, Option("--zip", help="One archive for mail.")] = None,
    pdf: Annotated[Path | None, Option(help="Folder for every page as PDF on A4, printed by a browser.")] = None,
    to: Annotated[str | None, Option(help="Copy to s3://bucket/folder or a folder.")] = None,
) -> None:  # fmt: skip
    """Send a report on: pages and results as one archive, as PDF, or to another place."""
    from ..running import sharing

    if not (to_zip or pdf or to):
        raise QcityError("say what to make: --zip FILE, --pdf FOLDER or --to ADDRESS")
    if to_zip:
        write_whole(to_zip, sharing.zip_site(out, to_zip.stem))
        print(f"written: {to_zip}, {len(sharing.site_files(out))} files")
    if pdf:
        print(f"written: {pdf}, {len(sharing.print_pdf(out, pdf, print))} files")
    if to:
        print(f"written: {to}, {sharing.publish(out, to)} files")


@command("serve reports --port 8000")
def serve(
    out: Annotated[Path, Argument(help="Folder of the pages.")] = Path("reports"),
    port: Annotated[int, Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
) -> None:  # fmt: skip
    """Show a report in the browser of this machine; nobody else can reach it."""
    from ..running.sharing import server

    with server(out, port) as running:
        print(f"http://127.0.0.1:{running.server_port}/   Ctrl-C ends it", flush=True)
        running.serve_forever()


@command("score --plan china_14fyp --json")
def score(
    plan: PlanName = None, data: DataDir = None, as_of: AsOf = None, language: Language = "en",
    out: Annotated[Path | None, Option(help="Also write the scores as JSON to this file.")] = None,
    ledger: Ledger = None, as_json: Json = False,
) -> None:  # fmt: skip
    """How good are the probabilities? Hindcasts on the published series, rules and models, real targets, ledger.

    Without --plan every published series is scored. The first time takes minutes; then it is kept.
    """
    from ..reporting.track_sections import spoken as record_lines

    record = qc.track_record(qc.load(data, as_of), plan, ledger)
    scores, written = record.to_dict(), ""
    if out is not None:
        write_whole(out, as_text(scores) + "\n")
        written = f"\nwritten: {out}"
    show(as_json, lambda: scores, lambda: ["\n\n".join(record_lines(record, language)), written])


@command("panel series.parquet out/ --horizon 5 --workers 2")
def panel(
    source: Annotated[Path, Argument(help="Parquet file: series_id, period, value [, support].")],
    out: Annotated[Path, Argument(help="Folder of the quantiles; a run that was cut short goes on there.")],
    horizon: Annotated[int, Option(min=1, help="Years ahead.")] = 5,
    levels: Annotated[str, Option(help="Quantiles, separated by commas.")] = "0.05,0.25,0.5,0.75,0.95",
    workers: Annotated[int, Option(min=1, help="Processes on this machine.")] = 1,
    scheduler: Annotated[str, Option(help="Address of a Dask scheduler, tcp://host:8786, in place of processes.")] = "",
    rows: Annotated[int, Option(min=1, help="Rows of input in one part, about.")] = 1_000_000,
) -> None:  # fmt: skip
    """Forecast many series from Parquet, part by part; the same bytes whoever works on them.

    A run that was cut short goes on where it was when the same command is given again. A file to try it on:

    \b
    python -c "import pandas as pd; \
    pd.DataFrame({'series_id': 'a', 'period': range(2015, 2024), 'value': range(9)}).to_parquet('series.parquet')"
    """
    from ..forecasting.panel import forecast_files, refused_of

    try:
        wanted = [float(level) for level in levels.split(",")]
    except ValueError:
        allowed = "allowed are numbers separated by commas, as 0.05,0.5,0.95"
        raise QcityError(f"--levels {levels!r}: {allowed}") from None
    forecast_files(source, out, horizon=horizon, levels=wanted, workers=workers, scheduler=scheduler, rows=rows,
                   say=print)  # fmt: skip
    print(f"written: {out}")
    if len(refused := refused_of(out)):
        print(f"series that could not be forecast: {len(refused)}; {out / 'refused.csv'} says why")
