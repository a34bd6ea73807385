"""What is held for each target: by year, how new, how often revised. Counts and dates only; nothing is judged here."""

from __future__ import annotations

import pandas as pd

from ..data.load import Data
from ..data.vintages import ASSUMED_LAG_MONTHS, is_whole, newest_vintages, revisions

HELD = ("part", "provisional", "final")  # a bound or part of a year; a provisional figure; a final one
PROVISIONAL = ("preliminary", "estimate", "illustrative")


def coverage(data: Data, plan: str | None = None) -> pd.DataFrame:
    """What is held for each target in each year: "final", "provisional", "part" or "" (nothing).

    Index: plan and target_id in the order of the plan; columns: every year from the first figure to the last year or
    deadline. "part" is a bound or a figure of part of a year, "provisional" one that is not final. A target is served
    by its indicator and by the definitions that continue it, in its own region.

    >>> import qcity_analysis as qc
    >>> table = coverage(qc.load(as_of="2023-12-31"), "nanjing_quality_city")
    >>> table.loc[("nanjing_quality_city", "rd_intensity"), [2019, 2020, 2021]].tolist()
    ['', 'final', 'provisional']
    """
    rows = served(data, plan)
    rows = rows[rows["year"].notna()]
    level = rows["status"].isin(PROVISIONAL).map({True: 1, False: 2})
    part = ~is_whole(rows["period"]) | rows["qualifier"].isin([">=", "<="])
    rank = level.where(~part, 0)
    keys = [rows["plan"], rows["target_id"], rows["year"].astype(int)]
    best = rank.groupby(keys).max().map(lambda k: HELD[int(k)])
    targets = _targets(data, plan)
    index = pd.MultiIndex.from_frame(targets[["plan", "target_id"]])
    if best.empty:
        return pd.DataFrame(index=index)
    last = max(int(rows["year"].max()), int(targets["deadline"].max()))
    years = range(int(rows["year"].min()), last + 1)
    table = best.unstack("year").reindex(index=index, columns=years)
    return table.astype(object).fillna("").rename_axis(columns=None)


def served(data: Data, plan: str | None = None) -> pd.DataFrame:
    """The newest vintage of every figure that serves a target, with `plan` and `target_id`; one row per pair.

    >>> import qcity_analysis as qc
    >>> found = served(qc.load(as_of="2023-12-31"), "nanjing_quality_city")
    >>> found.loc[found["target_id"] == "rd_intensity", "period"].tolist()
    ['2009', '2012', '2015', '2020', '2021', '2022']
    """
    targets = _targets(data, plan)[["plan", "target_id", "indicator_id", "region"]]
    newer = data.indicators[["indicator_id", "continues"]].rename(columns={"indicator_id": "newer"})
    continued = targets.merge(newer, left_on="indicator_id", right_on="continues")
    continued = continued.assign(indicator_id=continued["newer"]).drop(columns=["newer", "continues"])
    pairs = pd.concat([targets, continued]).drop_duplicates()
    figures = newest_vintages(data.observations)
    return pairs.merge(figures, on=["indicator_id", "region"]).reset_index(drop=True)


def ages(data: Data, plan: str | None = None) -> pd.DataFrame:
    """The newest figure of each target that has one: plan, target_id, the figure's columns, and `months`, `due`.

    `months` is the age of the figure: from the end of its year to the day of the data. `due` is how many further years
    should have come out by then, the publication lag allowed for.

    >>> import qcity_analysis as qc
    >>> found = ages(qc.load(as_of="2024-12-31"), "nanjing_quality_city").set_index("target_id")
    >>> int(found.loc["rd_intensity", "year"]), int(found.loc["rd_intensity", "due"])
    (2022, 1)
    """
    rows = served(data, plan).sort_values(["year", "known_from", "row"], kind="stable")
    newest = rows.drop_duplicates(["plan", "target_id"], keep="last")
    newest = _targets(data, plan)[["plan", "target_id"]].merge(newest, on=["plan", "target_id"])
    lags = data.indicators.set_index("indicator_id")["publication_lag_months"]
    lag = newest["indicator_id"].map(lags).astype(float).fillna(ASSUMED_LAG_MONTHS)
    today = 12 * data.as_of.year + data.as_of.month - 1
    months = today - 12 * (newest["year"].astype(int) + 1) + 1
    due = ((months - lag) // 12).clip(lower=0).astype(int)
    return newest.assign(months=months, due=due)


def used_sources(data: Data) -> pd.DataFrame:
    """Publishers by number of figures: publisher, publisher_en, documents, figures, newest (the last date known).

    >>> import qcity_analysis as qc
    >>> used_sources(qc.load()).columns.tolist()
    ['publisher', 'publisher_en', 'documents', 'figures', 'newest']
    """
    rows = data.observations.merge(data.sources[["source_id", "publisher", "publisher_en"]], on="source_id")
    if rows.empty:
        return pd.DataFrame(columns=["publisher", "publisher_en", "documents", "figures", "newest"])
    grouped = rows.groupby("publisher", sort=False)
    table = grouped.agg(
        publisher_en=("publisher_en", "first"),
        documents=("source_id", "nunique"),
        figures=("source_id", "size"),
        newest=("known_from", "max"),
    )
    return table.sort_values(["figures", "documents"], ascending=False, kind="stable").reset_index()


def counts(data: Data, plan: str | None = None) -> dict[str, int]:
    """How much there is: figures, series, sources, targets, targets with a figure, revisions.

    >>> import qcity_analysis as qc
    >>> counts(qc.load(as_of="2026-01-01"), "china_14fyp")["targets"]
    3
    """
    rows = data.observations
    return {
        "figures": len(newest_vintages(rows)),
        "series": len(rows[["indicator_id", "region"]].drop_duplicates()),
        "sources": rows["source_id"].nunique(),
        "targets": len(_targets(data, plan)),
        "covered": len(ages(data, plan)),
        "revisions": len(revisions(data)),
    }


def _targets(data: Data, plan: str | None) -> pd.DataFrame:
    return data.targets[data.targets["plan"] == plan] if plan else data.targets
