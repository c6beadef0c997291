"""A gateway process in front of a stand-in provider that speaks both dialects."""

import pytest

from tests.gateway.clients.standin import stand_in
from tests.gateway.conftest import KEY, gateway_process

MODELS = ["openai/gpt-x", "anthropic/claude-x"]


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    with stand_in() as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        environment = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": url,
            "GENAIOPS_TRACKING_URI": "./.genaiops",
        }
        with gateway_process(tmp_path_factory.mktemp("clients"), **environment) as gateway:
            yield gateway, server.requests


@pytest.fixture
def url(served):
    served[1].clear()
    return served[0].url


@pytest.fixture
def asked(served):
    """What the stand-in was asked: path, headers and body."""
    return served[1]


@pytest.fixture(params=MODELS)
def model(request):
    return request.param
