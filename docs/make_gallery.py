"""Write docs/gallery.html: one figure of each kind, from the shipped data, as pages show them.

python docs/make_gallery.py
"""

from __future__ import annotations

from pathlib import Path

import qcity_analysis as qc
from qcity_analysis.analysis.portfolio import portfolio
from qcity_analysis.assessment.assess import assess, scorecard
from qcity_analysis.catalogue import text
from qcity_analysis.reporting import analyses, page, sentences, show
from qcity_analysis.reporting.figures import Picture, portfolio_chart, waterfall_chart
from qcity_analysis.reporting.figures.fan import fan_chart

HERE, PLAN, DAY = Path(__file__).parent, "china_14fyp", "2024-06-30"
TARGETS = ["rd_intensity", "energy_per_gdp", "national_standards", "little_giants_national"]


def drivers(data: qc.Data, lang: str) -> str:
    """What the growth of R&D spending came from, as in notebook 06."""
    whole = assess(data, "rd_spending", plan=PLAN, draws=10).levels()
    part = qc.annual_series(data, "rd_intensity", "china").known()
    years = whole.index.intersection(part.index)
    years = years[years >= 2020][[0, -1]]
    table = qc.rules.factors(*({"part": part[year], "rest": whole[year] / part[year]} for year in years))
    names = {"part": data.indicator("rd_intensity")[f"name_{lang}"], "rest": text("w_rest", lang)}
    chart = waterfall_chart(whole[years[0]], table["additive"].drop("total").rename(names), years, "", lang)
    return Picture(chart, str(chart.get_label())).svg()


def main() -> None:
    """Make every figure and write the page."""
    data, shown = qc.load(as_of=DAY), ""
    for lang in ("en", "zh"):
        for target in TARGETS:
            plan = PLAN if target == "energy_per_gdp" else "nanjing_quality_city"
            answer = assess(data, target, plan=plan, draws=500)
            shown += show.card(answer, lang)
            for part in answer.by_definition():
                if part.series is not None and len(part.series.observations):
                    shown += Picture(
                        fan_chart(part, lang), sentences.alt_text(part, lang)
                    )._repr_mimebundle_()["text/html"]
        whole = portfolio(data, scorecard(data, PLAN, draws=500))
        picture = Picture(portfolio_chart(whole, lang), analyses.alt_portfolio(whole, lang))
        shown += picture._repr_mimebundle_()["text/html"] + drivers(data, lang)
    style = "".join((page.TEMPLATES / name).read_text("utf-8") for name in ("style.css", "parts.css"))
    head = f'<meta charset="utf-8"><title>Figures</title><style>{style}</style>'
    body = f"<body><main><h1>Figures</h1>{shown}</main></body>"
    whole_page = f'<!DOCTYPE html><html lang="en"><head>{head}</head>{body}</html>\n'
    (HERE / "gallery.html").write_text(whole_page, "utf-8")


if __name__ == "__main__":
    main()
