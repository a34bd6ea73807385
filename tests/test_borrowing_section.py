"""What the track record says about borrowing is what the shipped evidence says."""

import pytest

from qcity_analysis.forecasting.comparators import evidence, learned
from qcity_analysis.reporting import track_sections


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_shows_shares_and_errors_of_the_shipped_file(lang):
    table = track_sections.borrowing_table(evidence(), lang)
    assert f"{evidence()['published']['crps']:.2f}" == table.iloc[0, 2]
    assert f"{round(100 * learned().published)}" in table.iloc[0, 1]
    least = min(evidence()["expected"]["by_indicator"].values())
    assert table.iloc[1, 3].startswith(f"{least:.2f}")


def test_the_section_says_when_it_helps_and_when_it_does_not(monkeypatch, shown):
    track_sections.borrowing("en")
    assert "both reduce the error" in shown[-1]
    worse = evidence() | {"expected": evidence()["expected"] | {"crps": 1.02}}
    monkeypatch.setattr(track_sections, "evidence", lambda: worse)
    track_sections.borrowing("zh")
    assert "证据不一致" in shown[-1]
