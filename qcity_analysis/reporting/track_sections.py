"""The sections of the track-record notebook, one call each, and their tables: every cell shown text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..catalogue import check_language, join, say, text
from ..forecasting.annual import borrowing_evidence, learned
from . import sentences, show, track
from .figures.charts import reliability_chart, skill_chart
from .formatting import number, percent, typed, with_sign, with_unit
from .track import change_shown, rule_name, score, signed_share

if TYPE_CHECKING:
    from ..data.load import Data
    from ..trackrecord.record import TrackRecord

METHOD = ("known", "targets", "rules", "levels", "bootstrap", "bank")
BORROWED = ("published", "expected")
NONE = "–"

Row = dict[str, Any]


def answer(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the two sentences on what may be concluded, and hand the page its title."""
    check_language(lang)
    concluded = track.conclusion(record, lang)
    plan = record.plan
    name = sentences.plan_title(data, plan, lang) if plan else ""
    front = {
        "kind": "track",
        "lang": lang,
        "title": text("track_title_plan", lang, plan=name) if plan else text("track_question", lang),
        "plan": plan,
        "as_of": record.as_of.isoformat(),
        "model": "mixture",
        "answer": (" " if lang == "en" else "").join(concluded),
        "short": concluded[1],
    }
    show.section("answer", lang, "\n\n".join(concluded), front)


def bank(record: TrackRecord, lang: str) -> None:
    """Show the record on held-out indicators: reliability, scores, the rules by years left, and the intervals."""
    held = record.bank
    show.section("bank", lang)
    _reliability(pd.DataFrame(held["reliability"]), lang)
    crps = held["relative_crps"]
    ends = {"crps": score(crps["ratio"]), "crps_low": score(crps["low"]), "crps_high": score(crps["high"])}
    show.markdown(track.parts_of_brier(held["all"], "bank_brier", lang, **ends))
    show.markdown(f"### {text('h_bank_rules', lang)}\n\n{track.bank_rules_lead(held, lang)}")
    show.table(rules_by_years(held["rules"]["by_years"], lang))
    show.markdown(f"### {text('h_bank_coverage', lang)}\n\n{text('s_bank_coverage', lang)}")
    show.table(coverage_table(held["coverage"], lang))
    show.table(lengths(held["by_length"], lang))


def borrowing(lang: str) -> None:
    """Show how far forecasts move towards comparators, and what that did to their error on held-out indicators."""
    shown = borrowing_evidence()
    facts = {"indicators": shown["indicators"], "cases": f"{shown['cases']:,}"}
    show.section("borrowing", check_language(lang), **facts)
    show.table(borrowing_table(shown, lang), index=False)
    helps = all(shown[key]["crps"] < 1 for key in BORROWED)  # both kinds reduce the error
    show.markdown(text("borrow_verdict_helps" if helps else "borrow_verdict_mixed", lang, **facts))


def borrowing_table(shown: dict[str, Any], lang: str) -> pd.DataFrame:
    """One row for what comparators published, one for what is expected of them; shown text.

    >>> borrowing_table(borrowing_evidence(), "en").shape
    (2, 5)
    """
    shares, rows = {"published": [learned().published], "expected": list(learned().expected)}, []
    for key in BORROWED:
        by_indicator = shown[key]["by_indicator"].values()
        nothing = _percent(0, lang)  # which `percent` would call less than one
        moved = [percent(share, lang) if share else nothing for share in shares[key]]
        least, most = f"{min(by_indicator):.2f}", f"{max(by_indicator):.2f}"
        held = percent(shown[key]["interval_90_holds"], lang)
        error = f"{shown[key]['crps']:.2f}"
        rows.append([text(f"r_borrow_{key}", lang), join(moved, lang), error, f"{least}–{most}", held])
    heads = ("what", "share", "error", "range", "holds")
    return pd.DataFrame(rows, columns=[text(f"c_borrow_{head}", lang) for head in heads])


def own(record: TrackRecord, lang: str) -> None:
    """Show the hindcasts on the package's own series: reliability with counts, scores by years left and by kind."""
    if not record.enough:
        show.section("own", lang, track.own_conclusion(record, lang))
        return
    show.section("own", lang, track.own_counts(record, lang))
    _reliability(record.reliability(), lang)
    show.markdown(track.parts_of_brier(record.overall(), "own_brier", lang))
    show.markdown(f"### {text('h_own_years', lang)}")
    show.table(summaries(record.by("years"), "years", lang))
    show.table(coverage_table(record.coverage().reset_index().to_dict("records"), lang))
    show.markdown(f"### {text('h_own_kind', lang)}")
    show.table(summaries(record.by("kind"), "kind", lang))


def benchmarks(record: TrackRecord, lang: str) -> None:
    """Show our skill against every rule and every named model on the same questions of the own series."""
    if not record.enough:
        return
    show.section("rivals", lang)
    rules = record.rules
    names = [rule_name(str(rule), lang) for rule in rules.index]
    items = [
        f"{name} {signed_share(row['skill'], lang)}; {signed_share(row['fair'], lang)}"
        for name, (_, row) in zip(names, rules.iterrows(), strict=True)
    ]
    show.picture(skill_chart(rules, names, lang), text("alt_skill", lang, items=join(items, lang)))
    show.markdown(track.own_rules_verdict(record, lang))
    raw, fair = record.toughest["raw"], record.toughest["calibrated"]
    both = [years for years in raw.index if years in fair.index]
    rows = [{"years": y, "raw": raw.loc[y].to_dict(), "calibrated": fair.loc[y].to_dict()} for y in both]
    show.table(rules_by_years(rows, lang))
    show.table(rules_table(rules, lang))
    show.markdown(f"### {text('h_models', lang)}\n\n{text('s_models', lang)}")
    show.table(models_table(record.named_models, lang))
    show.markdown(track.models_verdict(record, lang))


def earlier(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the plan's national counterpart in full, then every other real target with an outcome."""
    from ..data.load import pages
    from ..trackrecord.benchmarks import rule_names

    told, rules = record.earlier, rule_names()
    if told.empty:
        return
    place = pd.MultiIndex.from_frame(told[["plan", "target_id", "region"]])
    counterpart = place == tuple(pages(data.folder).get("national", {}).get(key, "") for key in place.names)
    national = told[counterpart]
    if len(national):
        gap = "" if lang == "zh" else " "
        said = f"{text('s_national', lang)}{gap}{track.national_sentence(national, lang)}"
        show.section("national", lang, said)
        asked = national[national[rules].notna().any(axis=1) | national["probability"].notna()]
        show.table(everyone(asked, rules, lang))
    show.section("earlier", lang)
    others = told[~counterpart].groupby(["plan", "indicator_id", "region"], sort=False)
    for (_, _, region), rows in others:
        shown = rows[rows["probability"].notna() | rows["met"].notna()]
        row = rows.iloc[0]
        caption = [data.region_name(str(region), lang), str(row[f"name_{lang}"])]
        if rows["target_id"].nunique() == 1:
            caption.append(asked_shown(row, lang))
        show.table(earlier_table(shown, rules, lang), " · ".join(caption))
    show.markdown(f"{track.earlier_score(told, rules, lang)}\n\n{say('earlier_left_out', lang)}")


def ledger(data: Data, record: TrackRecord, lang: str) -> None:
    """Show what was said in earlier runs and what happened since."""
    lines = track.ledger_sentences(record, lang)
    show.section("ledger", lang, "\n\n".join([text("s_ledger", lang), *lines]))
    scored = record.ledger[record.ledger["happened"].notna()]
    shown = scored if len(scored) else record.ledger
    if len(shown):
        targets = data.targets[["plan", "target_id", f"name_{lang}"]].astype(str)
        names = {(plan, target): name for plan, target, name in targets.itertuples(index=False, name=None)}
        show.table(ledger_table(shown, names, lang, series=_series(data, shown, lang)), index=False)


def _series(data: Data, told: pd.DataFrame, lang: str) -> dict[str, str]:
    """The shown name of every definition, and of every series borrowed from, in a ledger."""
    known = data.indicators.set_index("indicator_id")[f"name_{lang}"].to_dict()
    names = {}
    for series in map(str, told["definition"].unique()):
        region, _, indicator = series.rpartition("/")
        names[series] = shown = str(known.get(indicator, indicator))
        if region:
            place = data.region_name(region, lang)
            names[series] = text("place_and_series", lang, region=place, name=shown)
    return names


def method(lang: str) -> None:
    """Show how everything was computed, a line each."""
    show.section("method", lang, "\n".join(f"- {say(f'method_{key}', lang)}" for key in METHOD))


def _reliability(table: pd.DataFrame, lang: str) -> None:
    items = [
        text("alt_reliability_item", lang, said=said, number=int(row["number"]), happened=happened)
        for _, row in table.iterrows()
        for said, happened in [(percent(row["said"], lang), percent(row["happened"], lang))]
    ]
    show.picture(reliability_chart(table, lang), text("alt_reliability", lang, items=join(items, lang)))


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


def coverage_table(rows: list[Row], lang: str) -> pd.DataFrame:
    """By years ahead: number of forecasts, how often the intervals hold, CRPS against a random walk where known."""
    made, crps = {}, ["tc_crps"] if any("crps_ratio" in row for row in rows) else []
    for row in rows:
        cells = [f"{row['number']:,.0f}"]
        for name in ("in50", "in90"):
            held, low, high = (_percent(row[key], lang) for key in (name, f"{name}_low", f"{name}_high"))
            cells.append(text("score_with_interval", lang, value=held, low=low.rstrip(" %"), high=high))
        made[_years(row["years"], lang)] = cells + [
            _with_ends(row, "crps_ratio", "crps_", lang) for _ in crps
        ]
    return _table(made, ("tc_forecasts", "tc_in50", "tc_in90", *crps), "tc_years", lang)


BRIER = ("tc_brier", "tc_reliability", "tc_resolution", "tc_uncertainty", "tc_log")


def summaries(table: pd.DataFrame, column: str, lang: str) -> pd.DataFrame:
    """Scores by group: questions, indicators, share met, Brier with its interval and its parts, log score."""
    made = {}
    for name, row in table.iterrows():
        shown = text(f"kind_{name}", lang) if column == "kind" else str(name)
        asked = [f"{row['number']:,.0f}", int(row["indicators"]), percent(row["met"], lang)]
        made[shown] = [*asked, *_brier(row, lang)]
    head = "tc_kind" if column == "kind" else "tc_years"
    return _table(made, ("tc_number", "tc_indicators", "tc_met", *BRIER), head, lang)


def lengths(rows: list[Row], lang: str) -> pd.DataFrame:
    """By points of history: questions, share met, Brier with its interval and its parts, log score."""
    made = {
        f"{row['from']}–{row['to']}": [f"{row['number']:,}", percent(row["met"], lang), *_brier(row, lang)]
        for row in rows
    }
    return _table(made, ("tc_number", "tc_met", *BRIER), "tc_length", lang)


def rules_table(rules: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Every rule: share of questions answered, its Brier score as it stands and calibrated, our skill with interval."""
    made = {}
    for rule, row in rules.iterrows():
        scores = [score(row[name]) for name in ("brier", "fair_brier", "ours")]
        skills = [_skill(row, "skill", "", lang), _skill(row, "fair", "fair_", lang)]
        made[rule_name(str(rule), lang)] = [_percent(row["answered"], lang), *scores, *skills]
    keys = ("tc_answered", "tc_rule_brier", "tc_fair_brier", "tc_ours", "tc_skill_raw", "tc_skill_fair")
    return _table(made, keys, "tc_rule", lang)


def models_table(models: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Every named model: origins asked, questions, both Brier scores, our skill and the ratio of CRPS."""
    made = {}
    for name, row in models.iterrows():
        asked = text("origins_failed", lang, origins=int(row["origins"]), failed=int(row["failed"]))
        scores = [f"{row['number']:,.0f}", score(row["brier"]), score(row["ours"])]
        skill, crps = _skill(row, "skill", "", lang), _with_ends(row, "crps_ratio", "crps_", lang)
        made[text(f"model_{name}", lang)] = [asked, *scores, skill, crps]
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
        yes = int(votes.sum())
        ballots = text("yes_no", lang, yes=yes, no=int(len(votes) - votes.sum())) if len(votes) else NONE
        expected = NONE if pd.isna(row["expected"]) else _level(row, float(row["expected"]), lang)
        last = NONE if pd.isna(row["last_year"]) else str(int(row["last_year"]))
        asked = [asked_shown(row, lang)] if several else []
        made.append([*asked, last, _chance(row, lang), expected, ballots, outcome_shown(row, lang)])
    keys = [
        *(["tc_target"] if several else []),
        "tc_last",
        "tc_said",
        "tc_expected",
        "tc_rules",
        "tc_outcome",
    ]
    days = pd.Index([str(day) for day in rows["as_of"]], name=text("tc_as_of", lang))
    return pd.DataFrame(made, columns=[text(key, lang) for key in keys], index=days)


def asked_shown(row: pd.Series, lang: str) -> str:
    """Years and the change or level a target asks for: "2010–2015 · −16 %"; "about" with its tolerance."""
    base, deadline = row["base_year"], int(row["deadline"])
    years = f"{int(base)}–{deadline}" if pd.notna(base) else str(deadline)
    if pd.isna(row["threshold"]):  # a direction, or better every year: the years say all there is
        return years
    relative, unit = row["kind"] == "relative_change", str(row["unit_zh" if lang == "zh" else "unit"])
    amount = typed(float(row["threshold"]))
    asked = with_unit(with_sign(amount), "%", lang) if relative else with_unit(amount, unit, lang)
    if row["tolerance"] > 0:
        step = text("points", lang) if relative or unit == "%" else unit
        slack = with_unit(typed(float(row["tolerance"])), step, lang)
        asked = text("asked_about", lang, value=asked, slack=slack)
    return f"{years} · {asked}"


def everyone(rows: pd.DataFrame, rules: list[str], lang: str) -> pd.DataFrame:
    """One real target in full: we and each rule down, each day and definition across."""
    several = rows["definition"].nunique() > 1
    columns, cells = [], []
    for _, row in rows.iterrows():
        first = row["definition"] == rows["definition"].min()  # a later definition is named after it
        mark = text("definition_a" if first else "definition_b", lang)
        columns.append(f"{row['as_of']} · {mark}" if several else f"{row['as_of']}")
        answers = [NONE if pd.isna(row[rule]) else text("yes" if row[rule] else "no", lang) for rule in rules]
        cells.append([_chance(row, lang), *answers, outcome_shown(row, lang)])
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
    names: Mapping[tuple[str, str], str],
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
            by = series.get(row["definition"], row["definition"])
            name = text(f"said_{row['role']}", lang, name=name, by=by)
        day, chance = row["asked_at"].strftime("%Y-%m-%d"), percent(row["probability"], lang)
        rows.append([name, day, row["as_of"], chance, happened, score(row["error"])])
    keys = ("tc_target", "tc_day", "tc_as_of", "tc_probability", "tc_outcome", "tc_error")
    return pd.DataFrame(rows, columns=[text(key, lang) for key in keys])


def _chance(row: pd.Series, lang: str) -> str:
    if pd.isna(row["probability"]):
        return text("status_not_assessable", lang)
    return percent(float(row["probability"]), lang)


def _level(row: pd.Series, value: float, lang: str) -> str:
    """A level as people read it: of a relative target the change on the base year."""
    return change_shown(value - 100, lang) if row["kind"] == "relative_change" else number(value)


def _years(years: Any, lang: str) -> str:
    return text("all_years", lang) if years == "all" else str(int(years))


def _percent(share: Any, lang: str) -> str:
    return NONE if share is None or pd.isna(share) else with_unit(f"{100 * float(share):.0f}", "%", lang)


def _brier(row: Any, lang: str) -> list[str]:
    """The Brier score with its interval, Murphy's parts of it, and the log score."""
    parts = [score(row[key], 4) for key in ("reliability", "resolution", "uncertainty")]
    return [_with_ends(row, "brier", "brier_", lang), *parts, score(row["log_score"])]


def _skill(row: Any, column: str, prefix: str, lang: str) -> str:
    """A skill in percent with its interval, where there is one."""
    value, low, high = (signed_share(row[name], lang) for name in (column, f"{prefix}low", f"{prefix}high"))
    if NONE in (low, high):
        return value
    return text("share_with_interval", lang, value=value, low=low.rstrip(" %"), high=high)


def _with_ends(row: Any, column: str, prefix: str, lang: str) -> str:
    """A score with its interval, where there is one."""
    value, low, high = (score(row[name]) for name in (column, f"{prefix}low", f"{prefix}high"))
    return (
        value if NONE in (low, high) else text("score_with_interval", lang, value=value, low=low, high=high)
    )


def _table(made: dict[str, list[Any]], keys: Iterable[str], head: str, lang: str) -> pd.DataFrame:
    index = pd.Index(list(made), name=text(head, lang))
    return pd.DataFrame(list(made.values()), columns=[text(key, lang) for key in keys], index=index)
