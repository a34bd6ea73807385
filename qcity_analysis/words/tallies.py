"""Sentences about what is counted so far for a target, and what is still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .asks import level
from .numbers import number, period
from .saying import say
from .texts import join

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


def tally_sentences(a: Assessment, lang: str) -> list[str]:
    """What is counted, what is missing and how many a month that takes; the years that are not known.

    Empty for an assessment that counts nothing.
    """
    tally = a.tally
    if tally is None:
        return []
    said = [_counted(a, lang)] if a.target.kind == "cumulative" else []
    if tally.unknown:
        periods = join([str(year) for year in tally.unknown], lang)
        said.append(say("tally_unknown", lang, periods=periods))
    return said


def _counted(a: Assessment, lang: str) -> str:
    tally = a.tally
    assert tally is not None
    open_ = tally.years - tally.covered
    facts = {
        "through": period(tally.through or "–", lang),
        "count": level(a, tally.count, lang),
        "years": tally.years,
        "covered": number(tally.covered),
        "open": number(open_),
        "needed": level(a, tally.needed, lang),
        "yearly": number(tally.needed / open_),
        "monthly": number(tally.needed / open_ / 12),
        "bound": level(a, a.bound, lang),
        "sofar": number(a.pace_so_far.linear) if a.pace_so_far else "–",
    }
    if not a.target.upward:
        return say("tally_over", lang, **facts)
    return say("tally" if tally.through else "tally_none", lang, **facts)
