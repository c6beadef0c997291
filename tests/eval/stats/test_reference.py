"""Our numbers against those of established libraries, to 1e-9; see scripts/make_reference.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from genaiops.eval.stats.agreement import agreement_of, cohen_kappa, krippendorff_alpha, phi_of
from genaiops.eval.stats.intervals import mean_t, wilson
from genaiops.eval.stats.multiple import holm
from genaiops.eval.stats.paired import mcnemar_mid_p, sign_flip_p
from genaiops.eval.stats.power import power_of
from genaiops.eval.stats.ppi import ppi_mean
from genaiops.eval.stats.quantiles import poisson_mean, t_quantile, two_sided_t
from genaiops.eval.stats.spread import cluster_variance
from tests.eval.stats.samples import bits, grades, missing, sample

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text())


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("confidence", "df", "expected"), REFERENCE["t_values"]["quantile"])
def test_quantiles_of_t_are_those_of_scipy(confidence, df, expected):
    assert t_quantile(confidence, df) == near(expected)


@pytest.mark.parametrize(("t", "df", "expected"), REFERENCE["t_values"]["two_sided"])
def test_p_values_of_t_are_those_of_scipy(t, df, expected):
    assert two_sided_t(t, df) == near(expected)


@pytest.mark.parametrize(("k", "n", "confidence", "low", "high"), REFERENCE["intervals"]["wilson"])
def test_wilson_is_that_of_statsmodels(k, n, confidence, low, high):
    found = wilson(k, n, confidence=confidence)

    assert (found.low, found.high) == (near(low), near(high))


@pytest.mark.parametrize(("k", "tail", "expected"), REFERENCE["intervals"]["poisson"])
def test_poisson_means_are_quantiles_of_chi_square(k, tail, expected):
    assert poisson_mean(k, tail) == near(expected)


def test_t_intervals_are_those_of_scipy():
    x, other = np.array(sample(1)), np.array(sample(2))
    alone, paired = mean_t(x), mean_t(x - other)

    assert [alone.low, alone.high] == near(REFERENCE["intervals"]["mean_t"])
    assert [paired.low, paired.high] == near(REFERENCE["intervals"]["paired_t"])


def test_the_variance_between_clusters_is_that_of_statsmodels():
    variance, df, groups = cluster_variance(np.array(sample(3)), np.arange(40) // 5)

    assert variance == near(REFERENCE["clustered"]["variance_times"])
    assert (df, groups) == (near(7.0), 8)


def test_paired_tests_are_those_of_scipy_and_statsmodels():
    expected = REFERENCE["paired"]

    gaps = np.array(sample(4, 12)) - np.array(sample(5, 12))
    assert sign_flip_p(gaps) == near(expected["sign_flip"])
    for wins, losses, p in expected["mid_p"]:
        assert mcnemar_mid_p(wins, losses) == near(p)
    assert holm(expected["p_values"]) == near(expected["holm"])


def test_agreement_is_that_of_scikit_learn_and_krippendorff():
    expected = REFERENCE["agreement"]
    a, b = bits(6), [x if i % 4 else 1 - x for i, x in enumerate(bits(6))]
    g, h = grades(7), [min(4.0, x + (i % 3 == 0)) for i, x in enumerate(grades(7))]
    raters = [missing(8), missing(8)[1:] + [2.0], missing(9)]

    assert phi_of(np.array(a), np.array(b)) == near(expected["phi"])
    assert cohen_kappa(a, b) == near(expected["kappa"])
    assert cohen_kappa(g, h, weights="quadratic") == near(expected["kappa_quadratic"])
    for level, alpha in expected["alpha"].items():
        assert krippendorff_alpha(raters, level=level) == near(alpha)
    whole = agreement_of(a, b)
    assert (whole.phi, whole.kappa) == (near(expected["phi"]), near(expected["kappa"]))


@pytest.mark.parametrize(("weight", "estimate", "low", "high"), REFERENCE["ppi"]["mean"])
def test_prediction_powered_means_are_those_of_ppi_python(weight, estimate, low, high):
    y = np.array(sample(10))
    f = np.clip(y + 0.3 * np.array(sample(11)) - 0.1, 0, 1)
    u = np.clip(np.array(sample(10, 400)) + 0.3 * np.array(sample(12, 400)) - 0.1, 0, 1)

    found = ppi_mean(y, f, u, weight=weight)

    assert (found.estimate, found.low, found.high) == (near(estimate), near(low), near(high))


@pytest.mark.parametrize(("detect", "n", "deviation", "expected"), REFERENCE["power"])
def test_power_is_that_of_statsmodels(detect, n, deviation, expected):
    assert power_of(detect, n=n, deviation=deviation) == near(expected)
