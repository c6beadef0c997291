import os
import shutil

from genaiops.gateway.fleet import FOLDER, Fleet
from genaiops.gateway.metrics import Metrics, text_of


def test_counters_are_told_in_prometheus_text_and_added_up_over_processes():
    one, two = Metrics(), Metrics()
    for metrics in (one, two):
        metrics.answered("openai/gpt", 200, 0.03)
        metrics.used("openai/gpt", tokens_in=3, tokens_out=4, usd=0.5)
        metrics.cached("miss")
    one.in_flight = 2
    one.first('a"b\\c\n', 99.0)

    lines = text_of(one.series(), two.series()).decode().splitlines()

    assert 'genaiops_gateway_requests_total{target="openai/gpt",status="200"} 2' in lines
    assert 'genaiops_gateway_cost_usd_total{target="openai/gpt"} 1' in lines
    assert 'genaiops_gateway_tokens_total{target="openai/gpt",type="output"} 8' in lines
    assert 'gen_ai_server_request_duration_seconds_bucket{target="openai/gpt",le="0.02"} 0' in lines
    assert 'gen_ai_server_request_duration_seconds_bucket{target="openai/gpt",le="0.04"} 2' in lines
    assert 'gen_ai_server_request_duration_seconds_count{target="openai/gpt"} 2' in lines
    assert 'gen_ai_server_time_to_first_token_seconds_sum{target="a\\"b\\\\c\\n"} 99' in lines
    assert "genaiops_gateway_in_flight 2" in lines
    assert lines.count("# TYPE gen_ai_server_request_duration_seconds histogram") == 1


def test_names_that_callers_choose_do_not_fill_the_memory():
    metrics = Metrics()

    for number in range(2000):
        metrics.answered(f"openai/{number}", 404, 0.0)

    series = metrics.series()
    assert len(series) < 20_000
    assert 'genaiops_gateway_requests_total{target="other",status="404"} 1500' in (
        text_of(series).decode()
    )


def test_any_worker_tells_what_all_have_counted_and_the_dead_hold_no_requests(tmp_path):
    environment = {FOLDER: str(tmp_path)}
    metrics = Metrics()
    one = Fleet(metrics, environment=environment)
    metrics.in_flight = 1
    metrics.cached("hit")
    one.tell()
    own = tmp_path / str(os.getpid())
    shutil.copy(own, tmp_path / str(os.getppid()))  # a worker that lives
    shutil.copy(own, tmp_path / "99999999")  # one that does not
    (tmp_path / "88888888").write_bytes(b"[half")

    lines = one.text().decode().splitlines()

    assert "genaiops_gateway_in_flight 2" in lines
    assert 'genaiops_gateway_cache_total{outcome="hit"} 3' in lines
    assert Fleet(Metrics(), environment={}).alone


def test_what_one_worker_has_answered_with_the_next_one_knows(tmp_path):
    metrics = Metrics()
    one = Fleet(metrics, environment={FOLDER: str(tmp_path)})
    metrics.cached("hit")

    assert 'genaiops_gateway_cache_total{outcome="hit"} 1' in one.text().decode()

    (tmp_path / str(os.getpid())).rename(tmp_path / "99999999")  # as another process sees it
    other = Fleet(Metrics(), environment={FOLDER: str(tmp_path)})
    assert 'genaiops_gateway_cache_total{outcome="hit"} 1' in other.text().decode()
