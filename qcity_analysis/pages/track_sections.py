"""The sections of the track-record notebook, one call each; see `sections` for those of a single target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, join, text
from ..figures.canvas import Picture
from ..figures.reliability import reliability_chart
from ..figures.skills import skill_chart
from ..reporting import describe, track
from ..reporting.formatting import percent
from ..reporting.tables import html_table
from . import track_tables as tables
from .sections import _say, _show, heading

if TYPE_CHECKING:
    from ..data.load import Data
    from ..trackrecord.record import TrackRecord

NATIONAL = ("china_14fyp", "energy_per_gdp", "china")
METHOD = ("known", "targets", "rules", "levels", "bootstrap", "bank")


def answer(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the two sentences on what may be concluded, and hand the page its title."""
    check_language(lang)
    sentences = track.conclusion(record, lang)
    plan = record.plan
    name = describe.plan_title(data, plan, lang) if plan else ""
    front = {
        "kind": "track",
        "lang": lang,
        "title": text("track_title_plan", lang, plan=name) if plan else text("track_question", lang),
        "plan": plan,
        "as_of": record.as_of.isoformat(),
        "model": "mixture",
        "answer": " ".join(sentences) if lang == "en" else "".join(sentences),
        "short": sentences[1],
    }
    _say(f"## {text('h_answer', lang)}\n\n" + "\n\n".join(sentences), {"qcity": front})


def bank(record: TrackRecord, lang: str) -> None:
    """Show the record on held-out indicators: reliability, scores, the rules by years left, and the intervals."""
    held = record.bank
    _say(heading("bank", lang))
    table = pd.DataFrame(held["reliability"])
    _show(Picture(reliability_chart(table, lang), _reliability_words(table, lang)))
    crps = held["relative_crps"]
    more = {"crps": track.score(crps["ratio"]), "crps_low": track.score(crps["low"])}
    _say(track.parts_of_brier(held["all"], "bank_brier", lang, crps_high=track.score(crps["high"]), **more))
    _say(f"### {text('h_bank_rules', lang)}\n\n{track.bank_rules_lead(held, lang)}")
    _show(html_table(tables.rules_by_years(held["rules"]["by_years"], lang), index=True))
    _say(f"### {text('h_bank_coverage', lang)}\n\n{text('s_bank_coverage', lang)}")
    _show(html_table(tables.coverage_table(held["coverage"], lang), index=True))
    _show(html_table(tables.lengths(held["by_length"], lang), index=True))


def own(record: TrackRecord, lang: str) -> None:
    """Show the hindcasts on the package's own series: reliability with counts, scores by years left and by kind."""
    if not record.enough:
        _say(f"## {text('h_own', lang)}\n\n{track.own_conclusion(record, lang)}")
        return
    _say(f"## {text('h_own', lang)}\n\n{track.own_counts(record, lang)}")
    table = record.reliability()
    _show(Picture(reliability_chart(table, lang), _reliability_words(table, lang)))
    _say(track.parts_of_brier(record.overall(), "own_brier", lang))
    _say(f"### {text('h_own_years', lang)}")
    _show(html_table(tables.summaries(record.by("years"), "years", lang), index=True))
    _show(
        html_table(
            tables.coverage_table(record.coverage().reset_index().to_dict("records"), lang), index=True
        )
    )
    _say(f"### {text('h_own_kind', lang)}")
    _show(html_table(tables.summaries(record.by("kind"), "kind", lang), index=True))


def rivals(record: TrackRecord, lang: str) -> None:
    """Show our skill against every rule and every named model on the same questions of the own series."""
    if not record.enough:
        return
    _say(heading("rivals", lang))
    rules = record.rules
    names = [track.rule_name(str(rule), lang) for rule in rules.index]
    items = [
        f"{name} {track.signed_share(row['skill'], lang)}; {track.signed_share(row['fair'], lang)}"
        for name, (_, row) in zip(names, rules.iterrows(), strict=True)
    ]
    _show(Picture(skill_chart(rules, names, lang), text("alt_skill", lang, items=join(items, lang))))
    _say(track.own_rules_verdict(record, lang))
    _show(html_table(tables.rules_by_years(tables.own_rules_rows(record), lang), index=True))
    _show(html_table(tables.rules_table(rules, lang), index=True))
    _say(f"### {text('h_models', lang)}\n\n{text('s_models', lang)}")
    _show(html_table(tables.models_table(record.named_models, lang), index=True))
    _say(track.models_verdict(record, lang))


def earlier(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the plan's national counterpart in full, then every other real target with an outcome."""
    from ..trackrecord.benchmarks import rule_names

    told, rules = record.earlier, rule_names()
    if told.empty:
        return
    place = pd.MultiIndex.from_frame(told[["plan", "target_id", "region"]])
    national = told[place == NATIONAL]
    if len(national):
        _say(
            f"{heading('national', lang)}{'' if lang == 'zh' else ' '}{track.national_sentence(national, lang)}"
        )
        asked = national[national[rules].notna().any(axis=1) | national["probability"].notna()]
        _show(html_table(tables.everyone(asked, rules, lang), index=True))
    _say(heading("earlier", lang))
    for (_, _, region), rows in told[place != NATIONAL].groupby(
        ["plan", "indicator_id", "region"], sort=False
    ):
        shown = rows[rows["probability"].notna() | rows["met"].notna()]
        caption = _caption(data, rows, region, lang)
        _show(html_table(tables.earlier_table(shown, rules, lang), caption, index=True))
    _say(f"{track.earlier_score(told, rules, lang)}\n\n{describe.say('earlier_left_out', lang)}")


def ledger(data: Data, record: TrackRecord, lang: str) -> None:
    """Show what was said in earlier runs and what happened since."""
    _say(f"{heading('ledger', lang)}\n\n" + "\n\n".join(track.ledger_sentences(record, lang)))
    scored = record.ledger[record.ledger["happened"].notna()]
    shown = scored if len(scored) else record.ledger
    if len(shown):
        columns = ["plan", "target_id", f"name_{lang}"]
        found = data.targets[columns].itertuples(index=False, name=None)
        names = {(str(plan), str(target)): str(name) for plan, target, name in found}
        _show(html_table(tables.ledger_table(shown, names, lang, series=_series(data, shown, lang))))


def _series(data: Data, told: pd.DataFrame, lang: str) -> dict[str, str]:
    """The shown name of every definition, and of every series borrowed from, in a ledger."""
    known = data.indicators.set_index("indicator_id")[f"name_{lang}"].to_dict()
    found = {}
    for name in told["definition"].unique():
        region, _, indicator = str(name).rpartition("/")
        shown = str(known.get(indicator, indicator))
        place = {"region": data.region_name(region, lang), "name": shown}
        found[str(name)] = text("place_and_series", lang, **place) if region else shown
    return found


def method(lang: str) -> None:
    """Show how everything was computed, a line each."""
    lines = "\n".join(f"- {describe.say(f'method_{key}', lang)}" for key in METHOD)
    _say(f"## {text('h_method', lang)}\n\n{lines}")


def _caption(data: Data, rows: pd.DataFrame, region: object, lang: str) -> str:
    """Place and name, and what is asked where it is one target."""
    row = rows.iloc[0]
    parts = [data.region_name(str(region), lang), str(row[f"name_{lang}"])]
    return " · ".join(
        [*parts, *([tables.asked_shown(row, lang)] if rows["target_id"].nunique() == 1 else [])]
    )


def _reliability_words(table: pd.DataFrame, lang: str) -> str:
    items = [
        text(
            "alt_reliability_item", lang, said=percent(row["said"], lang), number=int(row["number"]),
            happened=percent(row["happened"], lang),
        )
        for _, row in table.iterrows()
    ]  # fmt: skip
    return text("alt_reliability", lang, items=join(items, lang))
