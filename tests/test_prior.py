"""The shipped prior: readable, small, fast, and the same after a round trip."""

import json
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
from test_forecasting import frame, many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.features import NAMES, PLAIN, features, plain, units
from qcity_analysis.forecasting.histories import from_frame
from qcity_analysis.forecasting.prior import dot, load, save, shipped


def test_the_shipped_file_is_small_readable_json_with_a_model_card():
    folder = resources.files("qcity_analysis").joinpath("forecasting", "prior")
    text = folder.joinpath("prior.json").read_text("utf-8")
    assert len(text) < 1_000_000
    assert set(json.loads(text)) == {"cells", "features", "gate", "learners", "share", "widen", "staying"}
    assert "cluster" not in text
    card = folder.joinpath("MODEL_CARD.md").read_text("utf-8")
    for bank in ("unsdg", "owid_datasets", "gapminder_ft", "kaya", "CC-BY-4.0", "python -m training"):
        assert bank in card


def test_a_prior_survives_saving_and_loading(tmp_path):
    save(shipped(), tmp_path / "prior.json")
    once = load(tmp_path)
    np.testing.assert_allclose(once.gate.linear, shipped().gate.linear, rtol=0.01)
    save(once, tmp_path / "again.json")
    again = load(tmp_path / "again.json")
    assert np.array_equal(again.learners[0].out, once.learners[0].out)
    assert np.array_equal(again.widen, once.widen)


def test_a_missing_or_foreign_prior_is_refused(tmp_path):
    with pytest.raises(QcityError, match="python -m training"):
        load(tmp_path / "none.json")
    (tmp_path / "prior.json").write_text('{"features": {"age": [0, 1]}}')
    with pytest.raises(QcityError, match="not a prior of this version"):
        load(tmp_path)


def test_cell_weights_sum_to_one_and_follow_the_likelihood():
    prior = shipped()
    h = from_frame(many(20))
    x = plain(features(h, units(h))[0])
    flat = prior.gate.weights(x, np.zeros((20, len(prior.cells))))
    np.testing.assert_allclose(flat.sum(axis=1), 1.0)
    told = np.zeros((20, len(prior.cells)))
    told[:, 3] = 30.0
    assert (prior.gate.weights(x, told)[:, 3] > flat[:, 3]).all()


def test_sliced_products_are_products_and_do_not_depend_on_company():
    rng = np.random.default_rng(0)
    x, matrix = rng.normal(size=(150, 20)), rng.normal(size=(20, 7))
    whole = dot(x, matrix)
    np.testing.assert_allclose(whole, x @ matrix)
    order = rng.permutation(150)
    assert np.array_equal(dot(x[order], matrix), whole[order])
    assert np.array_equal(dot(x[77:78], matrix), whole[77:78])


def test_features_of_a_mirrored_series_are_the_same_but_for_direction():
    values = [3.0, 3.4, 3.3, 3.9, 4.4, 4.2]
    up, down = (from_frame(frame([sign * v for v in values])) for sign in (1, -1))
    (a, turn_a), (b, turn_b) = (features(h, units(h)) for h in (up, down))
    other = [i for i, name in enumerate(NAMES) if name != "rising"]
    np.testing.assert_allclose(a[:, other], b[:, other], atol=1e-9)
    assert (turn_a, turn_b) == (1.0, -1.0)


def test_plain_features_of_a_mirrored_series_are_the_same_but_for_its_mean_change():
    values = [3.0, 3.4, 3.3, 3.9, 4.4, 4.2]
    up, down = (from_frame(frame([sign * v for v in values])) for sign in (1, -1))
    a, b = (plain(features(h, units(h))[0])[0] for h in (up, down))
    signed = PLAIN.index("signed_change")
    assert a[signed] == pytest.approx(-b[signed])
    np.testing.assert_allclose(np.delete(a, signed), np.delete(b, signed), atol=1e-9)
    assert a[PLAIN.index("from_recent_middle")] == pytest.approx(0.0, abs=1e-9)  # 4.2 is the middle one


def test_a_gap_is_bridged_by_a_straight_line_in_the_recent_values():
    h = from_frame(frame([1.0, 2.0, 4.0, 6.0]).drop(index=[2]))
    found, _ = features(h, np.ones(1))
    at = {name: found[0, i] for i, name in enumerate(NAMES)}
    assert (at["ago_1"], at["ago_2"], at["ago_3"], at["ago_4"]) == (-2.0, -4.0, -5.0, -5.0)
    assert (at["change_1"], at["change_3"], at["change_4"]) == (2.0, 1.0, 0.0)


def test_reading_the_prior_and_forecasting_one_series_is_quick():
    code = (
        "import time, pandas as pd\nfrom qcity_analysis.forecasting.forecast import forecast\n"
        "y = pd.Series([1., 2, 2, 3, 4], index=range(2019, 2024))\nforecast(y, 2025)\n"
        "times = []\n"
        "for _ in range(5):\n"
        "    start = time.process_time()\n"
        "    forecast(y, 2028, draws=10_000)\n"
        "    times.append(time.process_time() - start)\n"
        "print(min(times))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(found) < 0.06  # 20 ms on a quiet machine
