"""Probabilities of targets computed the slow way, apart from the library's own: by sampling, integration and loops."""

import numpy as np
import pandas as pd
from scipy import integrate, stats

import qcity_analysis as qc


def chance_of_level(levels, bound, deadline, least, support):
    """From the forecast distribution itself, without paths."""
    frame = pd.DataFrame({"series_id": "a", "period": list(levels), "value": list(levels.values())})
    panel = qc.forecast_panel(frame.assign(support=support), horizon=deadline - max(levels))
    direction = "at_least" if least else "at_most"
    asked = {"series_id": "a", "period": deadline, "threshold": bound, "direction": direction}
    return float(panel.probability(pd.DataFrame([asked]))[0])


def new_items_in(counts, spans, draws=300_000):
    """New items in `spans` (year, share still open) and the weight of each draw: importance sampling from the prior.

    Negative binomial counts (year, share of it covered, new items) with log-linear growth; a year that is
    partly counted keeps its shock.
    """
    rng = np.random.default_rng(20)
    middle = np.mean([year for year, _, _ in counts])
    rate = (sum(items for *_, items in counts) + 0.5) / sum(share for _, share, _ in counts)
    log_rate = rng.uniform(np.log(rate) - 9, np.log(rate) + 4, draws)
    growth = rng.normal(0, 0.15, draws)
    spread = np.abs(rng.normal(0, 0.4, draws))
    shape = 1 / np.maximum(spread, 1e-3) ** 2
    log_weight = 0.5 * log_rate - 0.5 * np.log1p(np.exp(log_rate) * spread**2)
    log_weight = np.where(spread > 0.95, -np.inf, log_weight)
    for year, share, items in counts:
        mean = share * np.exp(log_rate + growth * (year - middle))
        log_weight += stats.nbinom.logpmf(items, shape, shape / (shape + mean))
    weight = np.exp(log_weight - log_weight.max())
    seen = {year: (share, items) for year, share, items in counts}
    total = np.zeros(draws)
    for year, open_ in spans:
        mean = np.exp(log_rate + growth * (year - middle))
        share, items = seen.get(year, (0.0, 0))
        shock = rng.gamma(shape + items, 1 / (shape + mean * share))
        total += rng.poisson(np.minimum(mean * open_ * shock, 1e9))
    return total, weight / weight.sum()


def chance_of_count(counts, spans, missing):
    """The probability of at least `missing` new items in the spans."""
    total, weight = new_items_in(counts, spans)
    return float(weight[total >= missing].sum())


def chance_of_none(events, exposure, ahead):
    """No event ahead, the rate integrated over its posterior."""
    posterior = stats.gamma(events + 0.5, scale=1 / exposure)

    def none(root):
        return 2 * root * posterior.pdf(root**2) * np.exp(-ahead * root**2)

    return integrate.quad(none, 0, posterior.ppf(1 - 1e-12) ** 0.5)[0]


def paths_of(levels, deadline, support, draws, rng):
    series = pd.Series(levels, dtype=float)
    return qc.forecast(series, deadline, support=support, draws=draws, rng=rng).paths


def chance_of_every_year(levels, first, deadline, digits, up, support, draws=4000):
    """Every year better than the one before, path by path."""
    met = 0
    for path in paths_of(levels, deadline, support, draws, 77):
        row = [levels[year] for year in sorted(levels) if year >= first]
        row += [round(float(level), digits) for level in path]
        steps = [later - before for before, later in zip(row[:-1], row[1:], strict=True)]
        met += all((step if up else -step) > 1e-9 for step in steps)
    return met / draws


def chance_of_rank(field, own, best, deadline, support, draws=4000):
    """At most `best` − 1 others strictly ahead, counted draw by draw."""
    ends = {}
    for k, (name, levels) in enumerate(field.items()):
        ends[name] = paths_of(levels, deadline, support, draws, 900 + k)[:, -1]
    if support == "count":
        ends = {name: np.array([round(float(level)) for level in end]) for name, end in ends.items()}
    ahead = [sum(ends[name][k] > ends[own][k] for name in field if name != own) for k in range(draws)]
    return sum(others < best for others in ahead) / draws
