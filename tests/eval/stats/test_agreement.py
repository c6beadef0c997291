"""Agreement with people, stopping, power."""

import numpy as np
import pytest

from genaiops.eval.stats.agreement import agreement_of, cohen_kappa, krippendorff_alpha
from genaiops.eval.stats.power import detectable, power_of, rows_for
from genaiops.eval.stats.sequential import Bets, e_values


def test_a_judge_that_always_says_yes_agrees_often_and_is_worth_nothing():
    found = agreement_of([1.0] * 9 + [0.0], [1.0] * 10)

    assert found.agree == 0.9
    assert (found.phi, found.kappa) == (None, 0.0)
    assert (found.sensitivity.estimate, found.specificity.estimate) == (1.0, 0.0)
    assert found.balanced_accuracy == 0.5
    assert "phi undefined" in str(found)


def test_numbers_are_cut_where_people_say_yes_or_no():
    found = agreement_of([1.0, 1.0, 0.0, 0.0], [0.9, 0.6, 0.55, 0.1], threshold=0.58)

    assert found.confusion == {
        (True, True): 2, (True, False): 0, (False, True): 0, (False, False): 2,
    }  # fmt: skip
    assert (found.kappa, found.threshold) == (1.0, 0.58)
    assert found.bias == pytest.approx(0.0375)


def test_calibration_compares_what_the_judge_says_with_what_people_say():
    judged = [0.1] * 10 + [0.9] * 10
    found = agreement_of([0.0] * 10 + [1.0] * 5 + [0.0] * 5, judged)

    assert [(b.judged, b.people, b.n) for b in found.bins] == [
        (pytest.approx(0.1), 0.0, 10),
        (pytest.approx(0.9), 0.5, 10),
    ]
    assert found.calibration_error == pytest.approx(0.25)


def test_grades_get_a_weighted_kappa_and_many_numbers_none():
    assert agreement_of([1, 2, 3, 4], [1, 2, 3, 5], scale=(1, 5)).kappa == pytest.approx(
        cohen_kappa([1, 2, 3, 4], [1, 2, 3, 5], weights="quadratic")
    )
    many = [n / 20 for n in range(1, 20)]
    assert agreement_of(many, many[::-1]).kappa is None


def test_raters_who_share_no_unit_have_no_agreement():
    assert krippendorff_alpha([[1.0, None], [None, 1.0]]) is None
    assert krippendorff_alpha([[1.0, 1.0], [1.0, 1.0]]) is None
    assert cohen_kappa([1.0], [1.0]) is None


def test_evidence_grows_with_a_difference_and_not_without():
    assert e_values(np.full(30, 0.5))[-1] > 20
    assert e_values(np.zeros(30)) == pytest.approx(np.ones(30))


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.97])
def test_bets_hold_the_truth_at_every_look(truth):
    rng = np.random.default_rng(11)
    held, width = 0, 0.0
    for _ in range(60):
        bets = Bets()
        ends = []
        for value in rng.random(100) < truth:
            bets.add(float(value))
            ends.append(bets.look())
        held += all(low <= truth <= high for low, high in ends[::20])
        width += ends[-1][1] - ends[-1][0]
        assert ends[-1][0] >= ends[0][0]
    assert held >= 56
    assert width / 60 < 0.42


def test_bets_on_clusters_hold_the_mean_of_the_rows():
    rng = np.random.default_rng(12)
    bets = Bets()
    for _ in range(400):
        size = int(rng.integers(1, 5))
        bets.add(size * (rng.random() < 0.7) / 4, size / 4)

    low, high = bets.look()

    assert low < 0.7 < high
    assert high - low < 0.35


def test_power_rows_and_detectable_difference_are_one_relation():
    rows = rows_for(0.05, deviation=0.4)

    assert power_of(0.05, n=rows, deviation=0.4) == pytest.approx(0.8)
    assert detectable(rows, deviation=0.4) == pytest.approx(0.05)
    assert rows_for(0.0, deviation=0.4) == float("inf")
