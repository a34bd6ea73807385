"""A plan as a whole in words and tables, in Chinese and English; what is found is in `analysis.portfolio`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .describe import say
from .numbers import percent
from .texts import join, text

if TYPE_CHECKING:
    from ..analysis.portfolio import Portfolio

DECIDING = 0.1  # a target with at least this share of the uncertainty is named
NAMED = 12  # names in one sentence


def portfolio_sentences(found: Portfolio, lang: str) -> list[str]:
    """How many are expected to be met, what is settled, what dependence does, and what decides the total.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2026-06-30")
    >>> portfolio_sentences(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")[0]
    'Of 3 targets 3 can be assessed; 3 are expected to be met.'
    """
    assessed, total = len(found.targets), len(found.targets) + len(found.unassessed)
    if not assessed:
        return [say("plan_none", lang, total=total)]
    low, high = found.interval()
    facts = {
        "total": total,
        "assessed": assessed,
        "expected": amount(found.expected),
        "low": low,
        "high": high,
        "share": percent(found.within(low, high), lang),
    }
    said = [say("plan_expected" if low < high else "plan_expected_sure", lang, **facts)]
    statuses = found.targets["status"].tolist()
    met, missed = statuses.count("met"), statuses.count("missed")
    if met or missed:
        said.append(say("plan_settled", lang, met=met, missed=missed))
    if found.high - found.low > 1e-9:
        said.append(say("plan_definitions", lang, low=amount(found.low), high=amount(found.high)))
    if ((found.targets["probability"] > 0) & (found.targets["probability"] < 1)).sum() > 1:
        said.append(_on_dependence(found, lang))
    names = _deciding(found)[f"name_{lang}"].tolist()
    if names:
        said.append(say("plan_deciders", lang, names=join(names, lang)))
    return said


def unassessed_sentence(found: Portfolio, lang: str, most: int | None = None) -> str:
    """Which targets cannot be assessed, by name; an empty text when all can. Of more than `most` only the number.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2026-06-30")
    >>> unassessed_sentence(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")
    ''
    """
    names = found.unassessed[f"name_{lang}"].tolist()
    if not names:
        return ""
    if most is not None and len(names) > most:
        return say("plan_unassessed_many", lang, count=len(names))
    return say("plan_unassessed", lang, count=len(names), names=join(names, lang))


def amount(value: float) -> str:
    """An expected number of targets with one decimal, none where it is whole.

    >>> amount(3.14), amount(2.0)
    ('3.1', '2')
    """
    return f"{value:.1f}".removesuffix(".0")


def _on_dependence(found: Portfolio, lang: str) -> str:
    (ilow, ihigh), (slow, shigh) = found.interval("independent"), found.interval("stress")
    facts = {"ilow": ilow, "ihigh": ihigh, "slow": slow, "shigh": shigh}
    between = found.dependence
    if not between.pairs:
        return say("plan_no_dependence", lang, **facts)
    mean = f"{between.mean:.2f}".replace("-", "−")
    return say("plan_dependence", lang, **facts, mean=mean, pairs=between.pairs, possible=between.possible)


def _deciding(found: Portfolio) -> pd.DataFrame:
    ordered = found.targets.sort_values("share_of_variance", ascending=False, kind="stable")
    return ordered[ordered["share_of_variance"] >= DECIDING]


def deciding_table(found: Portfolio, lang: str) -> pd.DataFrame:
    """Open targets by how much of the uncertainty they carry: name (index), probability, share, effect; shown text.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2024-06-30")
    >>> table = deciding_table(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")
    >>> table.index[0]
    'Non-fossil share of energy consumption'
    """
    rows = found.targets[found.targets["share_of_variance"] > 0]
    rows = rows.sort_values("share_of_variance", ascending=False, kind="stable")
    shown = [
        [percent(p, lang), percent(share, lang), f"{weight:+.1f}".replace("-", "−")]
        for p, share, weight in zip(
            rows["probability"], rows["share_of_variance"], rows["weight"], strict=True
        )
    ]
    columns = [text(key, lang) for key in ("k_probability", "p_variance", "p_weight")]
    return pd.DataFrame(
        shown, columns=columns, index=pd.Index(rows[f"name_{lang}"], name=text("c_target", lang))
    )


def groups_table(frame: pd.DataFrame, names: list[str], head: str, lang: str) -> pd.DataFrame:
    """Sections or departments with their counts, as shown text; `names` replace those of the frame (index)."""
    keys = ["targets", "met", "missed", "open", "expected", "unassessed"]
    columns = [text(f"p_{key}" if key != "expected" else "p_expected_column", lang) for key in keys]
    shown = [[amount(row[key]) for key in keys] for row in frame.to_dict("records")]
    return pd.DataFrame(shown, columns=columns, index=pd.Index(names, name=text(head, lang)))


def alt_portfolio(found: Portfolio, lang: str) -> str:
    """Alternative text of the chart: the probability of each number met, from the least likely worth naming."""
    counts = found.counts["dependent"]
    items = [
        say("alt_portfolio_item", lang, count=count, share=percent(float(share), lang))
        for count, share in counts.items()
        if share >= 0.005
    ]
    return say("alt_portfolio", lang, items=join(items, lang), expected=amount(found.expected))
