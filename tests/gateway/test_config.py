import pytest

from genaiops.errors import ConfigError, NotFoundError
from genaiops.gateway import config, providers
from genaiops.store.keys import digest


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
        ("provider: {}\n", r":1: unknown key 'provider': use one of cache, guardrails, ke"),
        ("models:\n  fast: openai/x\n", r":2: model 'fast' is 'openai/x': use one of offline/"),
        ("models:\n  fast: {targets: []}\n", r":2: model 'fast' must be the text"),
        ("models:\n  fast: offline/magic\n", r":2: provider 'offline' has no model 'magic'"),
        ("providers:\n  mine: {}\n", r":2: provider 'mine' is of unknown kind 'mine': set kind to"),
        ("providers:\n  openai: {}\n", r":2: provider 'openai' needs an api_key"),
        ("\nproviders:\n  openai: {api_key: ${NOPE}}\n", r":3: \$\{NOPE\} is not set: export NOPE"),
        ("providers:\n  x: {kind: openai, base_url: ftp://x}\n", r":2: base_url is not an address"),
        (
            "providers:\n  x: {kind: openai, timeout_s: -1}\n",
            r":2: providers.x.timeout_s must be greater than 0",
        ),
        ("providers: [\n", r":2: this is not YAML"),
        ("a: !!python/object:os.system {}\n", r":1: this is not YAML"),
        ("- 1\n", r":1: this must be a table"),
        ("cache: {ttl: 5}\n", r":1: unknown key 'ttl': use one of max_mb, semantic, shared, ttl_s"),
        ("cache:\n  ttl_s: 0\n", r":2: cache.ttl_s must be greater than 0, not 0"),
        ("redis: host:6379\n", r":1: redis: this is not an address|:1: this is not an address"),
        ("redis:\n  urls: x\n", r":2: unknown key 'urls': use one of url, when_away"),
        ("keys:\n - {name: a, key: gk_0123456789abcdef}\n", r":2: the key 'a' must not stand in"),
        ("keys:\n - name: a\n   key: ${SHORT}\n", r":3: the key 'a' is shorter than 16"),
        ("keys:\n - name: a\n   key: ${file:none}\n", r":3: \$\{file:none\} cannot be read: No"),
        ("keys:\n - {name: a, key: ${LONG}}\n - {name: b, key: ${LONG}}\n", r":3: the key 'b' is"),
        (
            "keys:\n - name: a\n   key: x\n   limits: {rpm: 0}\n",
            r":4: keys.0.limits.rpm must be at least 1, not 0",
        ),
        (
            "keys:\n - name: a\n   key: x\n   limit: {}\n",
            r":4: unknown key 'limit': use one of admin, bud",
        ),
        ("keys:\n - {name: a b, key: ${LONG}}\n", r":2: 'a b' is no name of a key"),
        (
            "guardrails:\n - {judge: pii, when: now, action: mask}\n",
            r":2: guardrails.0.when must be 'before' or 'after', not 'now'",
        ),
        (
            "guardrails:\n - {judge: pi, when: after, action: mask}\n",
            r":2: there is no judge 'pi': u",
        ),
        (
            "guardrails:\n - {judge: correctness, when: after, action: flag}\n",
            r":2: judge 'correctness' needs expected, which a gateway does not know",
        ),
        (
            "guardrails:\n\n - {judge: 'nowhere:fn', when: after, action: flag}\n",
            r":3: 'nowhere:fn' cannot be imported: No module named 'nowhere'",
        ),
        (
            "guardrails:\n - {judge: 'json:x', when: after, action: flag}\n",
            r":2: 'json:x' cannot be",
        ),
        (
            "guardrails:\n - {judge: 'json:__doc__', when: after, action: flag}\n",
            r":2: 'json:__doc__' is no function",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(write, monkeypatch, text, said):
    monkeypatch.setenv("SHORT", "0123456789")
    monkeypatch.setenv("LONG", "0123456789abcdef")
    monkeypatch.setenv("GENAIOPS_JUDGE_MODEL", "offline/extractive")

    with pytest.raises(ConfigError, match=said) as caught:
        config.load(write(text))

    assert "\n" not in str(caught.value)


def test_keys_cache_guardrails_and_redis_are_understood(write, workdir, monkeypatch):
    monkeypatch.setenv("TEAM_A_KEY", "gk_0123456789abcdef")
    (workdir / "secret").write_text("gk_fedcba9876543210\n")
    file = write(
        "providers: {openai: {api_key: k}}\n"
        "models: {fast: openai/gpt}\n"
        "keys:\n"
        "  - {name: a, key: ${TEAM_A_KEY}, models: [fast], budget: {usd: 50, every: day},\n"
        "     limits: {rpm: 600, tpm: 200000, concurrent: 50}, expires: 2030-01-01}\n"
        "  - {name: b, key: ${file:secret}}\n"
        f"  - {{name: c, key: 'sha256:{digest('other')}', expires: 2030-01-01T01:00:00+01:00}}\n"
        "cache: {ttl_s: 60, semantic: {model: openai/embed, threshold: 0.9}}\n"
        "guardrails:\n"
        "  - {judge: pii, when: before, action: mask, options: {kinds: [email]}}\n"
        "redis: {url: redis://127.0.0.1:6379, when_away: refuse}\n"
    )

    rules = config.load(file).rules

    one, two, three = (rules.keys[digest(key)] for key in (
        "gk_0123456789abcdef", "gk_fedcba9876543210", "other"
    ))  # fmt: skip
    assert (one.budget_usd, one.budget_every, one.rpm, one.models) == (50, "day", 600, ("fast",))
    assert one.expires_ns == three.expires_ns == 1_893_456_000_000_000_000
    assert not two.limited
    assert rules.cache is not None
    assert (rules.cache.ttl_s, rules.cache.max_mb, rules.cache.shared) == (60, 256, False)
    assert rules.guardrails[0].options == {"kinds": ["email"]}
    assert rules.redis is not None
    assert rules.redis.when_away == "refuse"
    assert "6379" not in repr(rules)


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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "keys: [{name: a, key: 'sha256:%s', models: [fst]}]" % ("0" * 64),
            "the key 'a' names 'fst'",
        ),
        (
            "keys: [{name: a, key: 'sha256:%s', models: ['opnai/*']}]" % ("0" * 64),
            "names 'opnai/*'",
        ),
        ("guardrails: [{judge: pii, when: after, action: flag, models: [x]}]", "guardrail 'pii'"),
        ("cache: {semantic: {model: fast2, threshold: 0.9}}", "the cache names 'fast2'"),
        ("cache: {semantic: {model: offline/extractive, threshold: 0.9}}", "makes no embeddings"),
        ("models: {p: {prompt: 'a@b@c', targets: [offline/extractive]}}", "gateway.yaml:1: "),
        ("proxy: sometimes", "gateway.yaml:1: proxy must be true or false"),
    ],
)
def test_names_that_mean_nothing_are_told_before_anything_starts(write, text, told):
    with pytest.raises(ConfigError, match=r"^gateway.yaml:1: ") as caught:
        config.load(write(text))

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("&a [*a]", ":1: this holds itself"),
        ("- a", ":1: this must be a table: use keys of cache, guardrails, keys"),
        ("providers: {a/b: {kind: openai, base_url: 'http://x'}}", "'a/b' cannot be the name"),
        ("providers: {'': {kind: openai, base_url: 'http://x'}}", "'' cannot be the name"),
    ],
)
def test_a_file_of_the_wrong_shape_is_told_in_one_sentence(write, text, told):
    with pytest.raises(ConfigError, match=r"^gateway.yaml") as caught:
        config.load(write(text))

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
