import pytest

from genaiops.errors import ConfigError, NotFoundError
from genaiops.gateway import config, providers


@pytest.fixture
def write(workdir):
    def write(text):
        (workdir / "gateway.yaml").write_text(text)
        return "gateway.yaml"

    return write


def test_the_example_of_the_documentation_is_understood(write, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    monkeypatch.setenv("TWO", 'sk-"two"}: #')
    file = write(
        "providers:\n"
        "  openai: {api_key: ${OPENAI_API_KEY}}      # ${NOT_SET} in a comment is none\n"
        '  anthropic: {api_key: "${TWO}"}\n'
        '  local: {kind: openai, base_url: "http://127.0.0.1:8000/v1/", timeout_s: 120}\n'
        "models:\n"
        "  fast: openai/gpt-5-mini\n"
    )

    routes = config.load(file)

    fast, claude = routes.resolve("fast"), routes.resolve("anthropic/claude-sonnet-5")
    assert (fast.name, fast.key) == ("openai/gpt-5-mini", "sk-one")
    assert fast.base_url == "https://api.openai.com/v1"
    assert claude.key == 'sk-"two"}: #'
    local = routes.resolve("local/org/model")
    assert (local.model, local.base_url, local.key) == ("org/model", "http://127.0.0.1:8000/v1", "")
    assert local.timeouts.total_s == 120
    assert routes.offers() == [
        "fast", "offline/extractive", "anthropic/<model>", "local/<model>", "openai/<model>"
    ]  # fmt: skip
    assert "sk-one" not in repr(fast) + repr(routes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "providers:\n  openai:\n    api_kee: x\n",
            r":3: unknown key 'api_kee': use one of api_key",
        ),
        ("provider: {}\n", r":1: unknown key 'provider': use one of models, providers"),
        ("models:\n  fast: openai/x\n", r":2: model 'fast' is 'openai/x': use one of offline/"),
        ("models:\n  fast: {targets: []}\n", r":2: model 'fast' must be the text"),
        ("models:\n  fast: offline/magic\n", r":2: provider 'offline' has no model 'magic'"),
        ("providers:\n  mine: {}\n", r":2: provider 'mine' is of unknown kind 'mine': set kind to"),
        ("providers:\n  openai: {}\n", r":2: provider 'openai' needs an api_key"),
        ("\nproviders:\n  openai: {api_key: ${NOPE}}\n", r":3: \$\{NOPE\} is not set: export NOPE"),
        ("providers:\n  x: {kind: openai, base_url: ftp://x}\n", r":2: base_url is not an address"),
        ("providers:\n  x: {kind: openai, timeout_s: -1}\n", r":2: providers.x.timeout_s: "),
        ("providers: [\n", r":2: this is not YAML"),
        ("a: !!python/object:os.system {}\n", r":1: this is not YAML"),
        ("- 1\n", r":1: the file: "),
    ],
)
def test_a_mistake_is_named_with_its_line(write, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        config.load(write(text))

    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"nothing.yaml cannot be read: No such file"):
        config.load("nothing.yaml")


def test_an_empty_file_serves_what_needs_no_key(write):
    assert config.load(write("")).offers() == ["offline/extractive"]


def test_without_a_file_the_environment_says_what_is_served(monkeypatch):
    assert config.from_environment().offers() == ["offline/extractive"]

    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")

    assert config.from_environment().resolve("openai/gpt-5").key == "sk-one"
    with pytest.raises(NotFoundError, match="'anthropic/x' is not served: use one of"):
        config.from_environment().resolve("anthropic/x")


def test_an_address_that_is_none_is_named_without_showing_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    monkeypatch.setenv("OPENAI_BASE_URL", "user:secret@host")

    with pytest.raises(ConfigError, match="OPENAI_BASE_URL is not an address") as caught:
        config.from_environment()

    assert "secret" not in str(caught.value)


def test_every_kind_of_provider_is_described_by_its_own_name():
    for kind in providers.kinds():
        assert providers.provider(kind).name == kind


def test_a_server_of_ones_own_is_served_where_its_address_is_given(monkeypatch):
    assert "ollama/<model>" not in config.from_environment().offers()

    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:11434/v1/")

    target = config.from_environment().resolve("ollama/qwen3")
    assert target.base_url == "http://127.0.0.1:11434/v1"
    assert target.provider.headers(target.key) == {}


def test_azure_needs_an_address_besides_its_key(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-one")
    assert "azure/<model>" not in config.from_environment().offers()

    monkeypatch.setenv("AZURE_BASE_URL", "https://mine.example/openai/v1")

    target = config.from_environment().resolve("azure/gpt-5")
    assert target.provider.headers(target.key) == {"api-key": "az-one"}
