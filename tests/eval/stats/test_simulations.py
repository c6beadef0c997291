"""What the benchmarks promise, with fewer repetitions; the bounds leave room for their noise."""

import pytest

from benchmarks import bench_false_alarms, simulations

NOISE = 0.012


def outside(cells):
    return {
        cell.name: cell.covers
        for cell in cells
        if cell.promised and not 0.935 - NOISE <= cell.covers <= 0.975 + NOISE
    }


def test_intervals_of_rates_hold_what_they_promise_exactly():
    for n in (20, 26, 32, 50, 55, 100, 200, 500):
        cells = simulations.rates(n)
        assert cells.min() >= 0.90
        assert 0.945 <= cells.mean() <= 0.97


def test_intervals_of_means_hold_the_truth_as_often_as_they_say():
    assert outside(simulations.means(3_000, sizes=(20, 50))) == {}


def test_intervals_of_clustered_rows_hold_the_truth_as_often_as_they_say():
    assert outside(simulations.clusters(2_500)) == {}


def test_labels_with_any_judge_hold_the_truth_and_are_never_much_wider_than_labels_only():
    cells = list(simulations.labelled(2_000, sizes=(30, 60), rows=600))

    assert outside(cells) == {}
    assert max(cell.ratio for cell in cells) <= 1.05
    assert min(cell.ratio for cell in cells) < 0.85


def test_labels_in_clusters_hold_the_truth_as_often_as_they_say():
    assert outside(simulations.labelled_clusters(1_000)) == {}


@pytest.mark.parametrize("kind", list(bench_false_alarms.KINDS))
def test_two_equal_runs_are_seldom_told_apart(kind):
    assert bench_false_alarms.alarms(kind, 300) <= 0.055 + 2 * NOISE
