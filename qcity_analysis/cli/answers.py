"""Commands that ask about targets: forecast, outlook, rules, portfolio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from .options import (
    AsOf,
    DataDir,
    Json,
    Language,
    PlanName,
    Region,
    Seed,
    TargetName,
    command,
    print_answer,
)

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


@command("forecast energy_per_gdp --plan china_14fyp --as-of 2023-03-31")
def forecast(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    language: Language = "en",
    model: Annotated[str, Option(help="mixture, ets, theta, arima, ucm, drift or naive.")] = "mixture",
    draws: Annotated[int, Option(min=100, help="Simulated paths.")] = 10_000,
    seed: Seed = 0,
    figure: Annotated[Path | None, Option(help="Save the fan chart here (.png, .svg, .pdf).")] = None,
    record: Annotated[
        bool, Option("--record", help="Append what is said to the ledger beside the data.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Will one target be met? Prints the answer in words; writes only a figure or a record asked for."""
    from ..assessment.assess import assess
    from ..data.load import load

    known = load(data, as_of=as_of)
    answer = assess(known, target, plan=plan, region=region, model=model, draws=draws, seed=seed)
    if record:
        from ..trackrecord import ledger

        ledger.record(answer, ledger.home(known.folder), ledger.data_hash(known.folder))
    if figure is not None:
        from ..reporting.figures.fan import fan_chart

        fan_chart(answer, language).savefig(figure)
    print_answer(as_json, answer.to_dict, lambda: _forecast_lines(answer, language), answer.status)


def _forecast_lines(answer: Assessment, language: str) -> list[str]:
    from ..catalogue import text
    from ..reporting import sentences

    lines = []
    for part in (answer, *answer.parts):
        banner = [text("illustrative_banner", language)] if part.illustrative else []
        said = [*banner, sentences.headline(part, language), *sentences.sentences(part, language)]
        notes = dict.fromkeys(sentences.note(note, language) for note in part.notes)
        lines.append("\n  ".join([*said, *notes]) + "\n")
    return [*lines, *([sentences.how_to_add(answer, language)] if answer.status == "not_assessable" else [])]


@command("outlook rd_intensity --as-of 2024-06-30")
def outlook(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    since: Annotated[str | None, Option(help="Earlier day to compare with, e.g. 2023-03-31.")] = None,
    language: Language = "en",
    draws: Annotated[int, Option(min=100, help="Simulated paths of each variant.")] = 10_000,
    seed: Seed = 0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """How fast it would have to move, when it is reached, how far the verdict depends on choices, what changed."""
    from ..analysis.attribution import explain_change
    from ..analysis.outlook import outlook as look_ahead
    from ..analysis.sensitivity import sensitivity
    from ..assessment.assess import assess
    from ..data.load import load
    from ..reporting.analyses import change_lines, outlook_lines, sensitivity_lines

    known = load(data, as_of=as_of)
    answer = assess(known, target, plan=plan, region=region, draws=draws, seed=seed)
    ahead = [(part, look_ahead(known, part, draws=draws)) for part in answer.by_definition()]
    varied = sensitivity(known, answer, draws=draws)
    change = None
    if since is not None:
        options = {"region": region, "draws": draws, "seed": seed}
        change = explain_change(known, target, answer.target.plan, since, known.as_of, **options)

    def plain() -> dict[str, Any]:
        return {
            "target": target,
            "status": answer.status,
            "probability": answer.probability,
            "outlook": {part.definition["indicator_id"]: one.to_dict() for part, one in ahead},
            "sensitivity": [one.to_dict() for one in varied],
            "change": change.to_dict() if change is not None else None,
        }

    def lines() -> list[str]:
        shown = outlook_lines(known, answer, ahead, language) + sensitivity_lines(varied, language)
        return shown + (change_lines(known, change, language) if change is not None else [])

    print_answer(as_json, plain, lines, answer.status)


@command("rules energy_per_gdp --plan china_14fyp --as-of 2023-03-31")
def rules(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    language: Language = "en",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """What do published progress rules say, beside the probability? Writes nothing."""
    from ..assessment.assess import assess
    from ..data.load import load
    from ..rules.results import judged

    answer = assess(load(data, as_of=as_of), target, plan=plan, region=region)
    parts = judged(answer)
    print_answer(
        as_json,
        lambda: [_plain_rules(part) for part in parts],
        lambda: ["\n".join(_rule_lines(part, language)) + "\n" for part in parts],
        answer.status,
    )


def _rule_lines(part: Assessment, language: str) -> list[str]:
    from ..catalogue import text
    from ..reporting import sentences
    from ..reporting.target_sections import rule_shown, shared_reason, votes
    from ..rules import RULES
    from ..rules.results import results_for

    lines = [sentences.headline(part, language)]
    if reason := shared_reason(part, language):
        return [*lines, reason]
    for rule, result in results_for(part).items():
        category, yes = rule_shown(result, language)
        verdict = f" → {yes}" if result.category else ""
        name = RULES[rule].name(language)
        lines.append(text("rule_line", language, name=name, said=category + verdict))
    return [*lines, votes(part, language)]


def _plain_rules(part: Assessment) -> dict[str, Any]:
    from ..rules.results import results_for

    return {
        "target": part.target.target_id,
        "plan": part.target.plan,
        "definition": part.definition["indicator_id"],
        "as_of": part.as_of.isoformat(),
        "status": part.status,
        "probability": part.probability,
        "rules": {
            rule: {"category": result.category, "will_meet": result.will_meet, "reason": result.reason}
            for rule, result in results_for(part).items()
        },
    }


@command("portfolio china_14fyp --as-of 2024-06-30")
def portfolio(
    plan: Annotated[str, Argument(help="Name of the plan; `qcity list` shows them.")],
    as_of: AsOf = None,
    language: Language = "en",
    draws: Annotated[int, Option(min=100, help="Simulated paths of each target.")] = 10_000,
    seed: Seed = 0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """How many targets of a plan will be met, when what moves one indicator moves others too."""
    from ..analysis.portfolio import portfolio as add_up
    from ..assessment.assess import scorecard
    from ..data.load import load
    from ..reporting.analyses import portfolio_lines

    known = load(data, as_of=as_of)
    whole = add_up(known, scorecard(known, plan, draws=draws, seed=seed)[1], seed=seed)
    status = "not_assessable" if whole.targets.empty else "forecast"
    print_answer(as_json, whole.to_dict, lambda: portfolio_lines(whole, language), status)
