"""The tables of the track record, every cell shown text in the language asked for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..catalogue import text
from ..reporting.formatting import number, percent, typed, with_sign, with_unit
from ..reporting.track import change_shown, rule_name, score, signed_share

if TYPE_CHECKING:
    from ..trackrecord.record import TrackRecord

Row = dict[str, Any]


def rules_by_years(rows: list[Row], lang: str) -> pd.DataFrame:
    """By years left: number of questions, the hardest rule to beat as it stands and calibrated, with both scores.

    `rows` as `training.record` keeps them: years, raw and calibrated, each with rival, brier, ours, number.
    """
    made = {}
    for row in rows:
        cells = [f"{row['raw']['number']:,.0f}"]
        for kind in ("raw", "calibrated"):
            values = {"brier": score(row[kind]["brier"]), "ours": score(row[kind]["ours"])}
            cells += [rule_name(str(row[kind]["rival"]), lang), text("two_scores", lang, **values)]
        made[_years(row["years"], lang)] = cells
    return _table(made, ("tc_number", "tc_raw", "tc_two", "tc_fair", "tc_two"), "tc_years", lang)


def own_rules_rows(record: TrackRecord) -> list[Row]:
    """The rows of `rules_by_years` for the package's own series."""
    raw, fair = record.toughest["raw"], record.toughest["calibrated"]
    both = [years for years in raw.index if years in fair.index]
    return [{"years": y, "raw": raw.loc[y].to_dict(), "calibrated": fair.loc[y].to_dict()} for y in both]


def coverage_table(rows: list[Row], lang: str) -> pd.DataFrame:
    """By years ahead: number of forecasts, how often the intervals hold, CRPS against a random walk where known."""
    made, crps = {}, any("crps_ratio" in row for row in rows)
    for row in rows:
        cells = [f"{row['number']:,.0f}"]
        for name in ("in50", "in90"):
            held, low, high = (_percent(row[key], lang) for key in (name, f"{name}_low", f"{name}_high"))
            cells.append(text("score_with_interval", lang, value=held, low=low.rstrip(" %"), high=high))
        if crps:
            cells.append(_with_ends(row, "crps_ratio", "crps_", lang))
        made[_years(row["years"], lang)] = cells
    return _table(
        made, ("tc_forecasts", "tc_in50", "tc_in90", *(["tc_crps"] if crps else [])), "tc_years", lang
    )


def summaries(table: pd.DataFrame, column: str, lang: str) -> pd.DataFrame:
    """Scores by group: questions, indicators, share met, Brier with its interval and its parts, log score."""
    made = {}
    for name, row in table.iterrows():
        shown = text(f"kind_{name}", lang) if column == "kind" else str(name)
        brier = _with_ends(row, "brier", "brier_", lang)
        number = [f"{row['number']:,.0f}", int(row["indicators"]), percent(row["met"], lang)]
        made[shown] = [*number, brier, *_parts(row)]
    keys = [*("tc_number", "tc_indicators", "tc_met", "tc_brier"), "tc_reliability", "tc_resolution"]
    keys += ["tc_uncertainty", "tc_log"]
    return _table(made, keys, "tc_kind" if column == "kind" else "tc_years", lang)


def lengths(rows: list[Row], lang: str) -> pd.DataFrame:
    """By points of history: questions, share met, Brier with its interval and its parts, log score."""
    made = {}
    for row in rows:
        brier = _with_ends(row, "brier", "brier_", lang)
        number = [f"{row['number']:,}", percent(row["met"], lang)]
        made[f"{row['from']}–{row['to']}"] = [*number, brier, *_parts(row)]
    keys = ("tc_number", "tc_met", "tc_brier", "tc_reliability", "tc_resolution", "tc_uncertainty", "tc_log")
    return _table(made, keys, "tc_length", lang)


def rules_table(rules: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Every rule: share of questions answered, its Brier score as it stands and calibrated, our skill with interval."""
    made = {}
    for rule, row in rules.iterrows():
        made[rule_name(str(rule), lang)] = [
            _percent(row["answered"], lang),
            score(row["brier"]),
            score(row["fair_brier"]),
            score(row["ours"]),
            _skill(row, "skill", "", lang),
            _skill(row, "fair", "fair_", lang),
        ]
    keys = ("tc_answered", "tc_rule_brier", "tc_fair_brier", "tc_ours", "tc_skill_raw", "tc_skill_fair")
    return _table(made, keys, "tc_rule", lang)


def models_table(models: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Every named model: origins asked, questions, both Brier scores, our skill and the ratio of CRPS."""
    made = {}
    for name, row in models.iterrows():
        skill = _skill(row, "skill", "", lang)
        crps = _with_ends(row, "crps_ratio", "crps_", lang)
        asked = text("origins_failed", lang, origins=int(row["origins"]), failed=int(row["failed"]))
        scores = [score(row["brier"]), score(row["ours"])]
        made[text(f"model_{name}", lang)] = [asked, f"{row['number']:,.0f}", *scores, skill, crps]
    keys = ("tc_origins", "tc_number", "tc_brier", "tc_ours", "tc_skill", "tc_crps_model")
    return _table(made, keys, "tc_model", lang)


def earlier_table(rows: pd.DataFrame, rules: list[str], lang: str) -> pd.DataFrame:
    """Real targets of one plan: day asked, last figure, what we would have said, rules yes and no, the outcome.

    Where there are several targets, what each asks stands in a column of its own.
    """
    several = rows["target_id"].nunique() > 1
    made = []
    for _, row in rows.iterrows():
        votes = row[rules].dropna()
        ballots = (
            text("yes_no", lang, yes=int(votes.sum()), no=int(len(votes) - votes.sum()))
            if len(votes)
            else "–"
        )
        said = "–" if pd.isna(row["expected"]) else _level(row, float(row["expected"]), lang)
        last = "–" if pd.isna(row["last_year"]) else str(int(row["last_year"]))
        asked = [asked_shown(row, lang)] if several else []
        made.append([*asked, last, _said(row, lang), said, ballots, outcome_shown(row, lang)])
    keys = ("tc_last", "tc_said", "tc_expected", "tc_rules", "tc_outcome")
    columns = [text(key, lang) for key in (*(["tc_target"] if several else []), *keys)]
    days = pd.Index([str(day) for day in rows["as_of"]], name=text("tc_as_of", lang))
    return pd.DataFrame(made, columns=columns, index=days)


def asked_shown(row: pd.Series, lang: str) -> str:
    """Years and the change or level a target asks for: "2010–2015 · −16 %"; "about" with its tolerance."""
    base, deadline = row["base_year"], int(row["deadline"])
    years = f"{int(base)}–{deadline}" if pd.notna(base) else str(deadline)
    if pd.isna(row["threshold"]):  # a direction, or better every year: the years say all there is
        return years
    relative = row["kind"] == "relative_change"
    unit = str(row["unit_zh" if lang == "zh" else "unit"])
    amount = with_unit(typed(float(row["threshold"])), unit, lang)
    asked = with_unit(with_sign(typed(float(row["threshold"]))), "%", lang) if relative else amount
    if row["tolerance"] > 0:
        slack = with_unit(
            typed(float(row["tolerance"])), text("points", lang) if relative or unit == "%" else unit, lang
        )
        asked = text("asked_about", lang, value=asked, slack=slack)
    return f"{years} · {asked}"


def everyone(rows: pd.DataFrame, rules: list[str], lang: str) -> pd.DataFrame:
    """One real target in full: we and each rule down, each day and definition across."""
    several = rows["definition"].nunique() > 1
    columns, cells = [], []
    for _, row in rows.iterrows():
        mark = text("definition_b" if str(row["definition"]).endswith("_b") else "definition_a", lang)
        columns.append(f"{row['as_of']} · {mark}" if several else f"{row['as_of']}")
        answers = ["–" if pd.isna(row[rule]) else text("yes" if row[rule] else "no", lang) for rule in rules]
        cells.append([_said(row, lang), *answers, outcome_shown(row, lang)])
    names = [text("we", lang), *(rule_name(rule, lang) for rule in rules), text("tc_outcome", lang)]
    index = pd.Index(names, name=text("tc_who", lang))
    return pd.DataFrame(np.array(cells, dtype=object).T, columns=columns, index=index)


def outcome_shown(row: pd.Series, lang: str) -> str:
    """What came at the deadline: met or missed with the figure; or that none was published."""
    if pd.isna(row["met"]):
        return text("no_outcome", lang)
    value = _level(row, float(row["outcome"]), lang)
    return text("outcome_met" if row["met"] else "outcome_missed", lang, value=value)


def ledger_table(
    told: pd.DataFrame,
    names: dict[tuple[str, str], str],
    lang: str,
    most: int = 40,
    series: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """What was said of each target, newest first: day, as of, probability, what happened. At most `most` rows.

    `names` gives the shown name of a (plan, target_id), `series` that of a definition or of a "region/indicator"
    borrowed from.
    """
    rows = []
    for row in told.sort_values("asked_at", ascending=False, kind="stable").head(most).to_dict("records"):
        happened = text("pending", lang)
        if not pd.isna(row["happened"]):
            happened = text("status_met" if row["happened"] else "status_missed", lang)
            happened += "" if row["in_advance"] else text("after_the_fact", lang)
        name = names.get((row["plan"], row["target_id"]), row["target_id"])
        if row["role"] != "main":
            name = text(
                f"said_{row['role']}", lang, name=name, by=series.get(row["definition"], row["definition"])
            )
        day = row["asked_at"].strftime("%Y-%m-%d")
        rows.append(
            [name, day, row["as_of"], percent(row["probability"], lang), happened, score(row["error"])]
        )
    keys = ("tc_target", "tc_day", "tc_as_of", "tc_probability", "tc_outcome", "tc_error")
    return pd.DataFrame(rows, columns=[text(key, lang) for key in keys])


def _said(row: pd.Series, lang: str) -> str:
    if pd.isna(row["probability"]):
        return text("status_not_assessable", lang)
    return percent(float(row["probability"]), lang)


def _level(row: pd.Series, value: float, lang: str) -> str:
    """A level as people read it: of a relative target the change on the base year."""
    return change_shown(value - 100, lang) if row["kind"] == "relative_change" else number(value)


def _years(years: Any, lang: str) -> str:
    return text("all_years", lang) if years == "all" else str(int(years))


def _percent(share: Any, lang: str) -> str:
    if share is None or pd.isna(share):
        return "–"
    return f"{100 * float(share):.0f}{'' if lang == 'zh' else ' '}%"


def _parts(row: Any) -> list[str]:
    """Murphy's parts and the log score."""
    return [
        *(score(row[key], 4) for key in ("reliability", "resolution", "uncertainty")),
        score(row["log_score"]),
    ]


def _skill(row: Any, column: str, prefix: str, lang: str) -> str:
    """A skill in percent with its interval, where there is one."""
    value, low, high = (signed_share(row[name], lang) for name in (column, f"{prefix}low", f"{prefix}high"))
    return (
        value
        if "–" in (low, high)
        else text("share_with_interval", lang, value=value, low=low.rstrip(" %"), high=high)
    )


def _with_ends(row: Any, column: str, prefix: str, lang: str) -> str:
    """A score with its interval, where there is one."""
    value, low, high = (score(row[name]) for name in (column, f"{prefix}low", f"{prefix}high"))
    return value if "–" in (low, high) else text("score_with_interval", lang, value=value, low=low, high=high)


def _table(made: dict[str, list[Any]], keys: Any, head: str, lang: str) -> pd.DataFrame:
    index = pd.Index(list(made), name=text(head, lang))
    return pd.DataFrame(list(made.values()), columns=[text(key, lang) for key in keys], index=index)
