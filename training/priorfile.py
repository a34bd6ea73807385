"""The file of a prior, as readable JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from qcity_analysis.forecasting.prior import NAMES, PLAIN, TERMS, Prior


def save(prior: Prior, path: Path | str) -> None:
    """Write a prior as readable JSON, one row of numbers a line; `prior.read_prior` reads it."""
    centre = np.stack([prior.mean, prior.spread], axis=1)
    content = {
        "cells": _fields(prior.cells),
        "features": dict(zip(NAMES, _nested(centre), strict=True)),
        "gate": {"features": list(PLAIN)} | _fields(prior.gate),
        "learners": [_fields(learner) for learner in prior.learners],
        "share": prior.share,
        "widen": _nested(prior.widen),
        "staying": dict(zip(TERMS, _nested(prior.staying), strict=True)),
    }
    Path(path).write_text(_rows(content) + "\n", encoding="utf-8", newline="\n")


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: _nested(getattr(record, field.name)) for field in fields(record)}


def _nested(value: Any) -> Any:
    """An array as lists of numbers of three significant digits: more than the data can tell."""
    return [_nested(v) for v in value] if np.ndim(value) else float(f"{float(value):.3g}")


def _rows(content: Any, depth: int = 0) -> str:
    """JSON with a line for each innermost list."""
    pad = " " * (depth + 1)
    if isinstance(content, dict):
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {_rows(v, depth + 1)}" for k, v in content.items())
        return "{\n" + inner + "\n" + pad[:-1] + "}"
    if isinstance(content, list) and content and isinstance(content[0], (list, dict)):
        return "[\n" + ",\n".join(pad + _rows(v, depth + 1) for v in content) + "\n" + pad[:-1] + "]"
    return json.dumps(content)
