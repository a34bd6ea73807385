"""Read a large, regular CSV file through Arrow; anything irregular is left to the careful reader in `tables`.

Regular means: as many cells in every line as in the header, one line per row, no empty row. Then the line of each row
is known without following the text, and memory stays a fraction of what lists of Python strings take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

LARGE = 1_000_000  # characters of a file from which reading through Arrow pays


def regular_rows(text: str, header: Sequence[str]) -> pd.DataFrame | None:
    """The rows below the header as text columns in the order of `header`, cells stripped; None when irregular.

    >>> regular_rows("a,b\\n1, x\\n2,y\\n", ["a", "b"])["b"].tolist()
    ['x', 'y']
    >>> regular_rows("a,b\\n1\\n", ["a", "b"]) is None
    True
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    raw = text.encode()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if len(set(header)) < len(header) or raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    names = [str(position) for position in range(len(header))]
    try:
        table = csv.read_csv(
            pa.BufferReader(raw),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines - 1:
        return None
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    if not columns or pc.any(pc.equal(columns[0], "")).as_py():
        return None
    return pa.table(columns, names=list(header)).to_pandas()


def by_value(column: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """`function` of every cell, computed once for each distinct cell; an object series with the same index.

    >>> by_value(pd.Series(["2020", "2020", "2021"]), int).tolist()
    [2020, 2020, 2021]
    """
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    found = pd.Series([function(cell) for cell in distinct], dtype=object)
    return pd.Series(found.to_numpy()[codes], index=column.index, dtype=object)


def codes(frame: pd.DataFrame, *names: str) -> np.ndarray:
    """One whole number for each distinct combination of the columns; empty cells are equal to each other.

    >>> codes(pd.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 1]}), "a", "b").tolist()
    [0, 1, 0]
    """
    found = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        own, distinct = pd.factorize(frame[name], use_na_sentinel=False)
        found = found * max(1, len(distinct)) + own
    return found
