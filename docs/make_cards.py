"""Write docs/card_en.png and docs/card_zh.png: the answer card of the README, as a notebook shows it.

python docs/make_cards.py    (needs the package playwright and a chromium or google-chrome on the path)
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

import qcity_analysis as qc
from qcity_analysis.reporting import page

HERE, DAY, TARGET = Path(__file__).parent, "2023-03-31", "energy_per_gdp"
WIDTH = 720


def main() -> None:
    """Draw the card in both languages and save what a browser makes of it."""
    data, style = qc.load(as_of=DAY), (page.TEMPLATES / "style.css").read_text("utf-8")
    browsers = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=next(filter(None, browsers)), args=["--no-sandbox"])
        for lang in ("en", "zh"):
            answer = qc.assess(data, TARGET, language=lang)
            shown = browser.new_page(viewport={"width": WIDTH, "height": 400}, device_scale_factor=1.5)
            shown.set_content(
                f'<style>{style}</style><main id="card" lang="{lang}">{answer._repr_html_()}</main>'
            )
            path = HERE / f"card_{lang}.png"
            shown.locator("#card").screenshot(path=path)
            print(path)
        browser.close()


if __name__ == "__main__":
    main()
