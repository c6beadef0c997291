"""Labels by people joined with verdicts of a judge."""

import numpy as np
import pytest

from genaiops.eval.stats.intervals import interval, rate
from genaiops.eval.stats.ppi import corrected


def sample(n=60, others=400, *, right=0.9, seed=1):
    rng = np.random.default_rng(seed)
    y = (rng.random(n + others) < 0.7).astype(float)
    f = np.where(rng.random(n + others) < right, y, 1.0 - y)
    return y[:n].tolist(), f[:n].tolist(), f[n:].tolist()


def test_a_good_judge_makes_the_interval_shorter_and_says_by_how_much():
    y, f, u = sample()

    found, alone = corrected(y, f, u), rate(int(sum(y)), len(y))

    assert found.judge_helps
    assert found.gain > 1.5
    assert found.interval.method == "PPI++, 60 labels"
    assert found.interval.high - found.interval.low < 0.9 * (alone.high - alone.low)


def test_a_useless_judge_is_left_out_and_that_is_said():
    y, _, u = sample()
    other = np.random.default_rng(5).permutation(y).tolist()

    found, alone = corrected(y, other, u), rate(int(sum(y)), len(y))

    assert not found.judge_helps
    assert (found.interval.low, found.interval.high) == (alone.low, alone.high)
    assert found.interval.method == "labels only, Wilson: the judge adds nothing"
    assert found.gain == 1.0


@pytest.mark.parametrize(
    ("labels", "others", "why"),
    [
        ([1.0, 0.0, 1.0], [1.0] * 20, "3 are too few to use the judge"),
        ([1.0] * 20, [1.0] * 20, "people always agree"),
        ([1.0, 0.0] * 10, [], "every row has a label"),
    ],
)
def test_labels_stand_alone_where_a_judge_cannot_be_used(labels, others, why):
    found = corrected(labels, labels, others)

    assert found.interval.method.endswith(why)
    assert found.interval.low == interval(labels).low


def test_a_biased_judge_does_not_move_the_estimate():
    y, f, u = sample(n=120, others=2_000)
    shifted = corrected(y, [min(x + 0.2, 1.2) for x in f], [min(x + 0.2, 1.2) for x in u])

    assert shifted.interval.estimate == pytest.approx(corrected(y, f, u).interval.estimate)


def test_grades_and_values_without_a_scale_are_corrected_too():
    rng = np.random.default_rng(3)
    y = rng.integers(1, 6, 500).astype(float)
    f = np.clip(y + rng.integers(-1, 2, 500), 1, 5)

    grades = corrected(y[:80].tolist(), f[:80].tolist(), f[80:].tolist(), scale=(1.0, 5.0))
    free = corrected(y[:80].tolist(), f[:80].tolist(), f[80:].tolist(), scale=None)

    assert grades.judge_helps
    assert free.judge_helps
    assert 1.0 <= grades.interval.low < y.mean() < grades.interval.high <= 5.0
    assert free.interval.low < y.mean() < free.interval.high


def test_clusters_widen_what_labels_say():
    rng = np.random.default_rng(4)
    documents = np.repeat(np.arange(100), 6)
    chance = np.where(rng.random(100) < 0.7, 0.95, 0.05)[documents]
    y = (rng.random(600) < chance).astype(float)
    f = np.where(rng.random(600) < 0.9, y, 1.0 - y)
    parts = (y[:120].tolist(), f[:120].tolist(), f[120:].tolist())
    codes = documents.tolist()

    plain = corrected(*parts)
    clustered = corrected(*parts, clusters=(codes[:120], codes[120:]))

    assert clustered.interval.method == "PPI++, 120 labels in 20 clusters"
    assert clustered.interval.estimate == pytest.approx(plain.interval.estimate, abs=0.02)
    width = plain.interval.high - plain.interval.low
    assert clustered.interval.high - clustered.interval.low > 1.3 * width
    few = corrected(*(part[:60] for part in parts), clusters=(codes[:60], codes[120:180]))
    assert few.interval.method.endswith("10 are too few to use the judge")
