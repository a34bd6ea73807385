"""New items counted over time: what published counts say about the yearly rate, and what may still come.

The counts of year t, over an exposure e_t (8 months are 8/12 of a year), are Gamma–Poisson (negative binomial):

    y_t ~ Poisson(rate · exp(growth · (t − t₀)) · e_t · g_t),    g_t ~ Gamma(mean 1, sd = spread)

g_t is shared by all months of a year. Priors: Jeffreys' for the rate given the spread, density
(rate (1 + rate · spread²))^−½, which for a spread of 0 is the Poisson's rate^−½; growth normal with scale 0.15 a year;
spread half-normal with scale 0.4, up to 0.9 (beyond that the expected number would be infinite after one year of
counts). The scales leave room beyond what 227 national counts of patents and trademarks do over ten years (growth: a
standard deviation of 0.09; spread below 0.4 for 95 %); counts of one city vary more, and several years overrule the
priors. The posterior is computed on a grid (no sampler), then drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

GROWTH = 0.15  # scale of the normal prior of yearly log growth
SPREAD = 0.4  # scale of the half-normal prior of the standard deviation of yearly shocks
SPREADS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9])
RATE_STEPS = np.linspace(-12.0, 8.0, 161)  # standard errors of the log rate; long to the left for few items
GROWTH_STEPS = np.linspace(-6.0, 6.0, 49)
TRIES = 200  # draws of a bounded year before the bound itself is taken


@dataclass(frozen=True)
class Count:
    """A number of new items: `parts` (each year it covers with the share of that year), `count`, and `qualifier`, "="
    for the number itself, ">=" or "<=" for a bound. As published, or in steps of the process (see `counts.unit_of`).
    """

    parts: tuple[tuple[int, float], ...]
    count: float
    qualifier: str = "="

    @property
    def exposure(self) -> float:
        """Years covered."""
        return sum(share for _, share in self.parts)


@dataclass(frozen=True)
class Rates:
    """Draws from the posterior: `level` (new items a year in the year `origin`), `growth` (log, a year), `spread`."""

    level: np.ndarray
    growth: np.ndarray
    spread: np.ndarray
    origin: float

    def mean(self, year: int) -> np.ndarray:
        """Expected new items of a whole year, one for each draw, before its shock."""
        return np.asarray(self.level * np.exp(self.growth * (year - self.origin)))


def posterior(counts: Sequence[Count], draws: int, rng: np.random.Generator) -> Rates:
    """Draws of rate, growth and spread given published counts: with numbers, as bounds leave a rate without an end."""
    middle = np.array([sum(y * e for y, e in c.parts) / c.exposure for c in counts])
    number = np.array([c.count for c in counts], dtype=float)
    origin = float(np.sum(middle * (number + 0.5)) / (number + 0.5).sum())
    blocks = [_log_posterior(counts, spread, middle - origin, number, origin) for spread in SPREADS]
    log_prior = np.log(np.gradient(SPREADS)) - 0.5 * (SPREADS / SPREAD) ** 2
    table = np.stack([block[0] + prior for block, prior in zip(blocks, log_prior, strict=True)])
    chance = np.exp(table - table.max()).ravel()
    cell = np.searchsorted(np.cumsum(chance) / chance.sum(), rng.random(draws), side="right")
    c, b, a = np.unravel_index(np.minimum(cell, chance.size - 1), table.shape)
    centre_b, step_b, step_a = np.array([block[1] for block in blocks])[c].T
    jitter, centre_a = rng.random((2, draws)) - 0.5, np.stack([block[2] for block in blocks])[c, b]
    growth = centre_b + step_b * (GROWTH_STEPS[b] + jitter[0] * np.diff(GROWTH_STEPS)[0])
    level = np.exp(centre_a + step_a * (RATE_STEPS[a] + jitter[1] * np.diff(RATE_STEPS)[0]))
    return Rates(level, growth, SPREADS[c], origin)


def _log_posterior(
    counts: Sequence[Count], spread: float, middle: np.ndarray, number: np.ndarray, origin: float
) -> tuple[np.ndarray, tuple[float, float, float], np.ndarray]:
    """Log posterior over growth × rate for one spread (with the size of a grid step), and where the grid lies: centre
    and step of growth, step and centres of the log rate.
    """
    exposure = np.array([c.exposure for c in counts])
    weight = 1 / (1 / (number + 0.5) + spread**2)
    shown = np.log((number + 0.5) / exposure)
    apart = middle - np.sum(weight * middle) / weight.sum()
    precision = 1 / GROWTH**2 + np.sum(weight * apart**2)
    centre_b, step_b = float(np.sum(weight * apart * shown) / precision), float(1 / np.sqrt(precision))
    growth = centre_b + step_b * GROWTH_STEPS
    # expected items for a rate of 1, (parts, growth)
    at = [np.stack([share * np.exp(growth * (year - origin)) for year, share in c.parts]) for c in counts]
    total = sum(one.sum(axis=0) for one in at)
    centre_a = np.log((number.sum() + 0.5) / total)
    step_a = math.sqrt(1 / (number.sum() + 0.5) + spread**2 / len(counts))
    log_rate = centre_a[:, None] + step_a * RATE_STEPS
    # Jeffreys' prior times the rate, for a grid of log rates
    density = 0.5 * log_rate - 0.5 * np.log1p(np.exp(log_rate) * spread**2)
    density = density - 0.5 * ((growth / GROWTH) ** 2)[:, None]
    for one, mean in zip(counts, at, strict=True):
        whole = mean.sum(axis=0)  # the shock of several parts of years together: moments matched
        shape = whole**2 / (mean**2).sum(axis=0) / spread**2 if spread else np.full(len(whole), np.inf)
        density = density + log_chance(one, np.exp(log_rate) * whole[:, None], shape[:, None])
    return density + math.log(step_a) + math.log(step_b), (centre_b, step_b, step_a), centre_a


def log_chance(seen: Count, mean: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Log probability of a count, or of being within its bound, under a negative binomial (Poisson for shape inf)."""
    from scipy.special import betainc, gammainc, gammaln

    y, k = seen.count, np.where(np.isinf(shape), 1.0, shape)
    poisson = bool(np.isinf(shape).all())
    if seen.qualifier == "=":
        if poisson:
            return np.asarray(y * np.log(mean) - mean - gammaln(y + 1))
        front = gammaln(y + k) - gammaln(k) - gammaln(y + 1)
        return np.asarray(front - k * np.log1p(mean / k) + y * (np.log(mean) - np.log(mean + k)))
    least = y if seen.qualifier == ">=" else y + 1  # P(at least `least`), or its complement
    above = np.ones_like(mean)
    if least > 0:
        above = gammainc(least, mean) if poisson else betainc(least, k, mean / (mean + k))
    return np.asarray(np.log(np.maximum(above if seen.qualifier == ">=" else 1 - above, 1e-300)))


def new_items(
    counts: Sequence[Count], rates: Rates, first: int, last: int, rng: np.random.Generator,
    rounds: Collection[int] | None = None,
) -> np.ndarray:  # fmt: skip
    """New items of each year from `first` to `last` for each draw, (draws, years), given what was published.

    A year to date is that plus what its remaining months may bring; a number for several years is shared out; a bound
    is kept; a year without any figure is drawn; outside the `rounds`, where there are any, nothing happens.
    """
    table, covered = np.zeros((len(rates.level), last + 1 - first)), set()
    for count in counts:
        drawn = _shared_out(count, rates, rng) if len(count.parts) > 1 else [_alone(count, rates, rng)]
        for (year, _), items in zip(count.parts, drawn, strict=True):
            if first <= year <= last:
                table[:, year - first] += items
                covered.add(year)  # the rest of a partial year is already in it
    for year in range(first, last + 1):
        if year not in covered and (rounds is None or year in rounds):
            table[:, year - first] = rng.poisson(rates.mean(year) * _shocks(rates, rng))
    return table


def _shocks(rates: Rates, rng: np.random.Generator, seen: float = 0.0, expected: object = 0.0) -> np.ndarray:
    """The shock of a year for each draw, given `seen` items where `expected` were to be seen; 1 without spread."""
    k = 1 / np.maximum(rates.spread, 1e-9) ** 2
    drawn = rng.standard_gamma(k + seen) / (k + np.asarray(expected, dtype=float))
    return np.where(rates.spread == 0, 1.0, drawn)


def _alone(count: Count, rates: Rates, rng: np.random.Generator) -> np.ndarray:
    """All items of one year of which a part, or a bound, is known."""
    ((year, share),) = count.parts
    mean, items = rates.mean(year), np.full(len(rates.level), float(count.count))
    if count.qualifier == "=" and share >= 1:
        return items
    if count.qualifier == "=":
        return items + rng.poisson(mean * (1 - share) * _shocks(rates, rng, count.count, mean * share))
    shock, left = np.ones(len(mean)), np.ones(len(mean), dtype=bool)
    for _ in range(TRIES):
        tried = _shocks(rates, rng)
        drawn = rng.poisson(mean * share * tried)
        good = left & ((drawn >= count.count) if count.qualifier == ">=" else (drawn <= count.count))
        items[good], shock[good] = drawn[good], tried[good]
        if not (left := left & ~good).any():
            break
    return items + (rng.poisson(mean * (1 - share) * shock) if share < 1 else 0)


def _shared_out(count: Count, rates: Rates, rng: np.random.Generator) -> list[np.ndarray]:
    """A number for several years, shared out by what each would bring; the rest of a last partial year is added."""
    shares = [share for _, share in count.parts]
    means = [rates.mean(year) * _shocks(rates, rng) for year, _ in count.parts]
    weights = np.stack([mean * share for mean, share in zip(means, shares, strict=True)], axis=1)
    steps = max(1, round(count.count))  # in whole steps of the process, the number itself being kept
    drawn = rng.multinomial(steps, weights / weights.sum(axis=1, keepdims=True)).T * (count.count / steps)
    each = zip(drawn, means, shares, strict=True)
    return [items + (rng.poisson(mean * (1 - share)) if share < 1 else 0) for items, mean, share in each]
