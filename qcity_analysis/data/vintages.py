"""What became known between two days: new figures, revisions, corrections; and the vintages of one figure.

What a day knew is decided by `Data.at` alone; here two days are compared. What it did to the answers is in
`attainment.changes`.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ..errors import QcityError
from .datapackage import Data, to_date
from .wholeyears import codes

KEY = [
    "indicator_id",
    "region",
    "period",
    "measure",
    "base_period",
]  # what makes two rows vintages of one figure
SAID = ["value", "decimals", "qualifier", "status"]
COLUMNS = ["change", *KEY, *SAID, *(f"{name}_before" for name in SAID)]
COLUMNS += ["unit", "published", "known_from", "published_assumed", "source_id", "row"]


def diff(data: Data, earlier: str | dt.date, later: str | dt.date) -> pd.DataFrame:
    """Every figure whose newest vintage on the later day is not the one known on the earlier day.

    One row per figure, in the order in which they became known. `change` is "new" (no vintage was known), "revised"
    (another value or qualifier), "confirmed" (published again with the same value, perhaps another status) or
    "corrected" (the same row, set right by a correction); `value`, `qualifier` and `status` are those of the later
    day, `value_before` and so on those of the earlier one; `published_assumed` is true where the day rests on the
    indicator's publication lag. The other columns are those of the data contract. Raises QcityError when the days are
    not in order, or when `data` were loaded for an earlier day than `later`.

    >>> import qcity_analysis as qc
    >>> found = diff(qc.load(), "2021-09-30", "2021-12-31")
    >>> found[found["region"] == "nanjing"][["period", "change", "value_before", "value"]].values.tolist()
    [['2015', 'new', nan, 2.96], ['2020', 'revised', 3.38, 3.48]]
    """
    first, last = to_date(earlier), to_date(later)
    if first >= last:
        raise QcityError(f"the earlier day must come before the later one; found {first} and {last}")
    after = data.at(last)
    old, new = newest_vintages(after.at(first).observations), newest_vintages(after.observations)
    both = new.merge(old[[*KEY, *SAID, "row"]], on=KEY, how="left", suffixes=("", "_before"))
    same = both[["value", "qualifier"]].to_numpy() == both[["value_before", "qualifier_before"]].to_numpy()
    found = both.assign(
        change=np.select(
            [both["row_before"].isna(), both["row"].eq(both["row_before"]), same.all(axis=1)],
            ["new", "corrected", "confirmed"],
            "revised",
        )
    )
    moved = (found["change"] != "corrected") | ~same.all(axis=1) | (found["status"] != found["status_before"])
    found = found[moved].sort_values(["known_from", "row"], kind="stable")
    return found[COLUMNS].reset_index(drop=True)


def newest_vintages(observations: pd.DataFrame) -> pd.DataFrame:
    """The newest vintage of every figure, in the order of the file; of one day's the later row.

    >>> import qcity_analysis as qc
    >>> rows = qc.load().observations
    >>> len(newest_vintages(rows)) == len(rows.drop_duplicates(KEY))
    True
    """
    order = np.lexsort((observations["row"].to_numpy(), observations["known_from"].to_numpy()))
    figure = codes(observations, *KEY)[order]
    last = ~pd.Series(figure).duplicated(keep="last").to_numpy()
    return observations.iloc[np.sort(order[last])].reset_index(drop=True)


def revisions(data: Data) -> pd.DataFrame:
    """Every figure of which more than one vintage is known, one row per vintage after the first, oldest first.

    Columns as those of the observations, and `value_before`, `known_from_before`: the vintage it replaced.

    >>> import qcity_analysis as qc
    >>> found = revisions(qc.load(as_of="2021-12-31"))
    >>> found.loc[found["region"] == "nanjing", ["period", "value_before", "value"]].values.tolist()
    [['2020', 3.38, 3.48]]
    """
    rows = data.observations
    ordered = rows.iloc[np.lexsort((rows["row"].to_numpy(), rows["known_from"].to_numpy()))]
    figure = codes(ordered, *KEY)
    before = {f"{name}_before": ordered[name].groupby(figure).shift() for name in ("value", "known_from")}
    return ordered.assign(**before)[before["known_from_before"].notna()].reset_index(drop=True)
