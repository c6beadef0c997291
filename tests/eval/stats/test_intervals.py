"""Intervals and paired comparison: closed forms, symmetry, coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from genaiops.eval.stats import difference, holm, interval
from genaiops.eval.stats.intervals import bounded, cluster_t, rate, unbounded, wilson
from genaiops.eval.stats.paired import mcnemar_mid_p, sign_flip_p
from genaiops.eval.stats.quantiles import t_quantile, two_sided_t, z_quantile

scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=30)


def test_t_quantiles_match_their_closed_forms():
    assert t_quantile(0.95, 1) == pytest.approx(math.tan(math.pi / 2 * 0.95), rel=1e-11)
    assert t_quantile(0.95, 2) == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)), rel=1e-11)
    assert t_quantile(0.95, 1e7) == pytest.approx(z_quantile(0.95), rel=1e-6)
    assert two_sided_t(0.0, 5) == 1.0
    assert two_sided_t(math.inf, 5) == 0.0


def test_wilson_matches_the_worked_example():
    found = wilson(15, 20)

    assert (found.low, found.high) == (
        pytest.approx(0.5313, abs=1e-4),
        pytest.approx(0.8881, abs=1e-4),
    )


def test_the_method_follows_from_the_values_and_is_named():
    assert interval([0, 1, 1]).method == "Wilson"
    assert interval([0.2, 0.4, 0.5]).method == "t in Wilson's form"
    assert interval([0, 1, 1, 1], clusters="aabb").method == "Wilson, 2 clusters"
    assert interval([0.1, 1, 1, 1], clusters="aabb").method == "t in Wilson's form, 2 clusters"
    assert interval([0, 1, 1, 1], clusters="abcd").method == "Wilson"
    assert interval([3.0, 4.5], scale=None).method == "t, corrected for skewness"
    assert interval([0, 1, 1], scale=None).method == "Wilson"
    assert interval([0.5]).low is not None
    assert interval([3.0], scale=None).low is None
    assert interval([0, 1, 1], clusters="aaa").low is None


def test_many_samples_at_once_give_what_each_gives_alone():
    rng = np.random.default_rng(3)
    x, codes = rng.random((5, 12)), np.arange(12) // 3
    for made, ends in ((bounded, bounded(x, codes)), (unbounded, unbounded(x, codes))):
        alone = [made(row, codes) for row in x]
        assert pytest.approx(np.array(ends)) == np.array(alone).T


def test_a_few_failures_lengthen_the_interval_of_a_rate_beyond_wilson():
    assert rate(98, 100).high > wilson(98, 100).high
    assert rate(2, 100).low < wilson(2, 100).low
    assert rate(50, 100) == wilson(50, 100)
    assert (rate(100, 100).high, rate(0, 100).low) == (1.0, 0.0)


def test_skewed_values_get_a_lopsided_interval():
    found = interval([1.0, 1.1, 0.9, 1.2, 1.0, 9.0], scale=None)

    assert found.high - found.estimate > found.estimate - found.low


def test_a_scale_moves_the_interval_with_it():
    unit, grades = interval([0, 1, 1, 1]), interval([1, 5, 5, 5], scale=(1.0, 5.0))

    assert grades.low == pytest.approx(1 + 4 * unit.low)
    assert grades.estimate == pytest.approx(4.0)


def test_equal_values_are_not_taken_for_certainty():
    found = interval([0.4] * 5)

    assert found.low < 0.3
    assert found.high > 0.5

    without_scale = interval([40.0] * 5, scale=None)

    assert (without_scale.estimate, without_scale.low, without_scale.high) == (40.0, None, None)
    assert without_scale.method == "all values are equal: no interval"


@settings(deadline=None, max_examples=50)
@given(scores)
def test_the_interval_holds_the_estimate_and_stays_in_the_scale(values):
    found = interval(values)

    assert 0.0 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1.0


@settings(deadline=None, max_examples=50)
@given(scores, st.data())
def test_swapping_two_runs_only_turns_the_sign(a, data):
    b = data.draw(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=len(a), max_size=len(a))
    )
    forth, back = difference(a, b), difference(b, a)

    assert forth.estimate == pytest.approx(-back.estimate)
    assert forth.low == pytest.approx(-back.high)
    assert forth.p == pytest.approx(back.p)


def test_mcnemar_mid_p_matches_the_binomial():
    assert mcnemar_mid_p(0, 0) == 1.0
    assert mcnemar_mid_p(5, 5) == 1.0
    assert mcnemar_mid_p(1, 9) == pytest.approx((2 * 11 - 10) / 1024)
    assert mcnemar_mid_p(6, 0) == pytest.approx(1 / 64)


def test_holm_adjusts_for_the_number_of_judges_and_keeps_their_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_scores_that_cannot_be_paired_are_refused():
    with pytest.raises(ValueError, match="make no pairs"):
        difference([1.0], [])


def test_clusters_of_one_size_give_the_textbook_standard_error():
    x, codes = np.array([0.1, 0.3, 0.2, 0.8, 0.7, 0.9]), np.array([0, 0, 1, 1, 2, 2])
    sums = np.array([x[i : i + 2].sum() - 2 * x.mean() for i in (0, 2, 4)])
    error = math.sqrt(3 / 2 * (sums**2).sum()) / 6

    found = cluster_t(x, codes)

    assert found.high - found.estimate == pytest.approx(t_quantile(0.95, 2) * error)


def test_a_permutation_of_few_units_is_exact_and_of_many_close_to_it():
    assert sign_flip_p(np.ones(5)) == 2 / 32
    assert sign_flip_p(np.zeros(9)) == 1.0
    assert difference([0.5, 0.5], [0.25, 0.5]).p == 1.0
    gaps = np.sin(np.arange(1, 16)) + 0.35
    many = np.concatenate([gaps, np.full(8, 1e-12)])
    assert sign_flip_p(many) == pytest.approx(sign_flip_p(gaps), abs=0.01)


def test_clusters_are_flipped_whole():
    a, b = [0.9, 0.8, 0.7, 0.9, 0.8, 0.9], [0.1] * 6
    found = difference(a, b, clusters="aabbcc")

    assert found.p == 2 / 8
    assert found.method == "sign-flip permutation, 3 clusters"
    assert difference(a, b, clusters="aaaaaa").p is None


def test_equal_differences_are_not_taken_for_certainty():
    found = difference([0.5] * 10, [0.25] * 10)

    assert found.low < 0.25 < found.high
