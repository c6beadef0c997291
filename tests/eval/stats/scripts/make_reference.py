"""Writes reference.json: what established libraries say about the samples in test_reference.py.

They are not among the dependencies of development. In an environment of its own:

    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 scikit-learn==1.9.1 \
        ppi-python==0.2.3 krippendorff
    PYTHONPATH=tests/eval/stats python tests/eval/stats/scripts/make_reference.py > tests/eval/stats/reference.json
"""

import json
from importlib.metadata import version

import krippendorff
import numpy as np
import ppi_py
import statsmodels.api as sm
from samples import bits, grades, missing, sample
from scipy import stats
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import normal_power
from statsmodels.stats.proportion import proportion_confint


def t_values():
    dfs = [1, 2, 2.5, 3, 7.25, 19, 59, 400, 1e4, 1e6, 1e8]
    return {
        "quantile": [
            [c, df, float(stats.t.ppf(0.5 + c / 2, df))] for c in (0.8, 0.95, 0.99) for df in dfs
        ],
        "two_sided": [
            [t, df, float(2 * stats.t.sf(t, df))] for t in (0.1, 1.7, 4.2, 30.0) for df in dfs
        ],
    }


def intervals():
    x = np.array(sample(1))
    t = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    return {
        "wilson": [
            [k, n, c, *map(float, proportion_confint(k, n, 1 - c, "wilson"))]
            for k, n in ((0, 20), (3, 20), (47, 50), (500, 500), (321, 777))
            for c in (0.9, 0.95)
        ],
        "poisson": [
            [k, a, float(stats.chi2.ppf(a, 2 * k) / 2)] for k in (1, 2, 3, 9) for a in (0.05, 0.1)
        ],
        "mean_t": [float(t.low), float(t.high)],
        "paired_t": [float(v) for v in stats.ttest_rel(x, sample(2)).confidence_interval(0.95)],
    }


def clustered():
    """The variance of statsmodels' cluster-robust covariance of a mean, for clusters of one size."""
    x, codes = np.array(sample(3)), np.arange(40) // 5
    fit = sm.OLS(x, np.ones(40)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    return {"variance_times": float(fit.cov_params()[0, 0]) * 8 / 7}


def paired():
    a, b = np.array(sample(4, 12)), np.array(sample(5, 12))
    flipped = stats.permutation_test(
        (a - b,), np.sum, permutation_type="samples", n_resamples=np.inf
    )
    mid = []
    for wins, losses in ((0, 6), (3, 9), (12, 30), (200, 260)):
        p = stats.binomtest(wins, wins + losses).pvalue
        mid.append([wins, losses, float(p - stats.binom.pmf(wins, wins + losses, 0.5))])
    p_values = [0.01, 0.04, 0.03, 0.2, 0.005]
    return {
        "sign_flip": float(flipped.pvalue),
        "mid_p": mid,
        "p_values": p_values,
        "holm": multipletests(p_values, method="holm")[1].tolist(),
    }


def agreement():
    a, b = bits(6), [x if i % 4 else 1 - x for i, x in enumerate(bits(6))]
    g, h = grades(7), [min(4.0, x + (i % 3 == 0)) for i, x in enumerate(grades(7))]
    raters = [missing(8), missing(8)[1:] + [2.0], missing(9)]
    table = np.array([[np.nan if x is None else x for x in r] for r in raters])
    return {
        "phi": float(matthews_corrcoef(a, b)),
        "kappa": float(cohen_kappa_score(a, b)),
        "kappa_quadratic": float(cohen_kappa_score(g, h, weights="quadratic")),
        "alpha": {
            level: float(krippendorff.alpha(table, level_of_measurement=level))
            for level in ("nominal", "ordinal", "interval")
        },
    }


def ppi():
    y = np.array(sample(10))
    f = np.clip(y + 0.3 * np.array(sample(11)) - 0.1, 0, 1)
    u = np.clip(np.array(sample(10, 400)) + 0.3 * np.array(sample(12, 400)) - 0.1, 0, 1)
    found = []
    for weight in (0.0, 0.35, 1.0):
        low, high = ppi_py.ppi_mean_ci(y, f, u, alpha=0.05, lam=weight)
        estimate = ppi_py.ppi_mean_pointestimate(y, f, u, lam=weight)
        found.append(
            [
                weight,
                float(np.ravel(estimate)[0]),
                float(np.ravel(low)[0]),
                float(np.ravel(high)[0]),
            ]
        )
    return {"mean": found}


def power():
    return [
        [d, n, s, float(normal_power(d / s, n, 0.05))]
        for d, n, s in ((0.03, 500, 0.4), (0.1, 60, 0.5), (0.01, 100, 1.0))
    ]


if __name__ == "__main__":
    names = ("numpy", "scipy", "statsmodels", "scikit-learn", "ppi-python", "krippendorff")
    parts = {
        part.__name__: part()
        for part in (t_values, intervals, clustered, paired, agreement, ppi, power)
    }
    print(json.dumps({"versions": {name: version(name) for name in names}, **parts}, indent=1))
