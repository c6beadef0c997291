"""Nonsense in a gateway.yaml: one sentence that names the file, the line and what is allowed."""

import copy
import datetime
import json
import math
import re

import pytest

from genaiops.errors import ConfigError
from genaiops.gateway import config
from tests.gateway.fake import chat
from tests.gateway.test_app import BODY, error, post
from tests.gateway.test_operating import FAST, reload, rewrite

FULL = {
    "providers": {
        "openai": {"api_key": "k", "base_url": "http://127.0.0.1:1/v1", "timeout_s": 5},
        "mine": {"kind": "openai", "base_url": "http://127.0.0.1:2/v1"},
    },
    "models": {
        "fast": {
            "targets": [{"model": "openai/gpt", "weight": 2}],
            "route": "latency",
            "fallback": ["slow"],
            "retries": 1,
            "timeouts": {"connect_s": 1, "first_event_s": 1, "idle_s": 1, "total_s": 1},
            "cooldown": {"failures": 1, "seconds": 1},
            "prompt": "a/b@production",
        },
        "slow": {"targets": [{"model": "mine/qwen"}]},
    },
    "keys": [
        {
            "name": "team",
            "key": "sha256:" + "0" * 64,
            "models": ["fast"],
            "budget": {"usd": 5, "every": "day"},
            "limits": {"rpm": 5, "tpm": 5, "concurrent": 5},
            "expires": datetime.date(2030, 1, 1),
            "admin": True,
        }
    ],
    "cache": {
        "ttl_s": 5,
        "max_mb": 5,
        "shared": True,
        "semantic": {"model": "openai/embed", "threshold": 0.9},
    },
    "guardrails": [
        {
            "judge": "pii",
            "when": "before",
            "action": "mask",
            "models": ["fast"],
            "options": {"kinds": ["email"]},
            "window": 100,
        }
    ],
    "redis": {"url": "redis://127.0.0.1:6379", "when_away": "local"},
    "proxy": True,
}
NONSENSE = (
    None, True, -1, 10**400, float("nan"), "", "a\nb", "5", "${MISSING}", "${file:/dev/zero}", [[1]],
    {"": {}}, datetime.date(1, 1, 1), "x" * 200,
)  # fmt: skip
WRONG_ANYWHERE = ([[1]], {"": {}}, "${MISSING}", "${file:/dev/zero}")


def written(value, lines, path=(), indent=0, places=None):
    """YAML with one key on a line, and on which line each path stands."""
    places = {} if places is None else places
    pad = "  " * indent
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            places[(*path, key)] = len(lines) + 1
            scalar = not isinstance(inner, dict | list) or not inner
            lines.append(f"{pad}{json.dumps(key)}: {_scalar(inner) if scalar else ''}")
            if not scalar:
                written(inner, lines, (*path, key), indent + 1, places)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            places[(*path, number)] = len(lines) + 1
            scalar = not isinstance(inner, dict | list) or not inner
            lines.append(f"{pad}- {_scalar(inner) if scalar else ''}")
            if not scalar:
                written(inner, lines, (*path, number), indent + 1, places)
    return places


def _scalar(value):
    if isinstance(value, float) and math.isnan(value):
        return ".nan"
    if value == float("inf"):
        return ".inf"
    if isinstance(value, datetime.date):
        return value.isoformat().rjust(10, "0")
    return json.dumps(value, ensure_ascii=False)


def paths(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, dict | list) else ():
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))
        else:
            yield (*path, key)


def replaced(path, value):
    """The section, and besides it no more than what it refers to."""
    made = {path[0]: copy.deepcopy(FULL[path[0]])}
    if path[0] in ("models", "cache"):
        made["providers"] = copy.deepcopy(FULL["providers"])
    elif path[0] in ("keys", "guardrails"):
        made["models"] = {"fast": "offline/extractive"}
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return made


@pytest.fixture
def load(workdir, monkeypatch):
    monkeypatch.delenv("MISSING", raising=False)

    def load(text):
        (workdir / "gateway.yaml").write_text(text, "utf-8")
        return config.load("gateway.yaml")

    return load


def test_the_file_without_nonsense_is_fine(load):
    lines = []
    written(FULL, lines)

    assert load("\n".join(lines)).names() == ["fast", "slow", "offline/extractive"]


@pytest.mark.parametrize("section", sorted(FULL))
def test_nonsense_in_any_field_names_its_line_and_what_is_right(load, section):
    tried = refused = 0
    for path in paths(FULL):
        if path[0] != section:
            continue
        for value in NONSENSE:
            lines = []
            places = written(replaced(path, value), lines)
            tried += 1
            try:
                load("\n".join(lines))
            except ConfigError as caught:
                said = str(caught)
            else:
                assert value not in WRONG_ANYWHERE, (path, value)
                continue
            refused += 1
            found = re.match(r"gateway\.yaml:(\d+): ", said)
            assert found, (path, value, said)
            places[path[0],] = places.get((path[0],), 1)
            entry = [at for place, at in places.items() if place[:2] == path[:2]] or [1]
            referring = path[0] in ("providers", "models") or len(path) == 1
            assert min(entry) <= int(found[1]) <= max(entry) + 1 or referring, (path, value, said)
            assert "\n" not in said
            assert not re.search(r"[Ii]nput should|instance of|valid dict|~ENV~|__|Error", said)
            assert len(said) < 700, said
    assert refused > tried / 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cache: {}\nproxy: true\ncache: {ttl_s: 5}\n", ":3: the key 'cache' is there already in line 1"),
        ("models:\n  on: offline/extractive\n", ":2: 'on' is no text for a key: put it in quotes"),
        ("models:\n  5: offline/extractive\n", ":2: '5' is no text for a key"),
        ("keys:\n- expires: 2020-13-45\n", ":2: this is not YAML: '2020-13-45' is neither a number"),
        ("cache: {ttl_s: %s}\n" % ("9" * 5000), ":1: this is not YAML: '9999"),
        ("providers:\n\topenai: {}\n", ":2: this is not YAML: found character '\\t' that cannot"),
        ("providers: {openai: {api_key: \x00}}\n", ":1: this is not YAML: it holds a character"),
        ("providers: &p\n  x: *p\n", ":1: this holds itself"),
        ("x: " + "[" * 1500, ": this is nested too deeply"),
        ("proxy: ${MISSING}\n", ":1: ${MISSING} is not filled in at proxy: it may be the value of"),
        ("models: {m: '${MISSING}'}\n", ":1: ${MISSING} is not filled in at models.m"),
        ("cache: {ttl_s: 1e9}\n", ":1: cache.ttl_s must be a number, not '1e9'"),
        ("cache: {ttl_s: 99999999}\n", ":1: cache.ttl_s must be at most 31536000, not 99999999"),
        ("providers: {a: {kind: azure, api_key: k}}\n", ":1: provider 'a' needs a base_url"),
        (
            "guardrails: [{judge: regex_match, when: after, action: mask, options: {pattern: a}}]\n",
            ":1: judge 'regex_match' cannot mask: use reject or flag",
        ),
        (
            "guardrails: [{judge: pii, when: after, action: mask, options: {kind: a}}]\n",
            ":1: judge 'pii' does not take these options: use kinds",
        ),
        ("redis: redis://h:6379?foo=bar\n", ":1: redis: this is not an address: use redis://host"),
        ("redis: redis://user:secret@h:x\n", ":1: redis: this is not an address: use redis://host"),
    ],
)  # fmt: skip
def test_what_yaml_lets_pass_is_a_mistake_with_a_line(load, text, told):
    with pytest.raises(ConfigError) as caught:
        load(text)

    assert str(caught.value).startswith(f"gateway.yaml{told}"), str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["[%s]", "{%s}", "{<<: [%s]}"])
def test_aliases_that_make_gigabytes_are_refused_before_they_do(load, pattern):
    lines = ["a0: &a0 {k: v}"]
    for n in range(1, 12):
        inner = [f"*a{n - 1}"] * 10
        if pattern == "{%s}":
            inner = [f"k{number}: {alias}" for number, alias in enumerate(inner)]
        lines.append(f"a{n}: &a{n} {pattern % ', '.join(inner)}")

    with pytest.raises(ConfigError, match=r"^gateway.yaml: its aliases make more than 100000"):
        load("\n".join(lines))


def test_anchors_and_merges_that_stay_small_are_fine(load):
    routes = load(
        "providers:\n  a: &a {kind: openai, base_url: 'http://127.0.0.1:1/v1', timeout_s: 7}\n"
        "  b:\n    <<: *a\n    base_url: http://127.0.0.1:2/v1\n"
    )

    b = routes.resolve("b/x")
    assert (b.base_url, b.timeouts.total_s) == ("http://127.0.0.1:2/v1", 7)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"proxy: true\nmodels: {\xff: x}\n", "gateway.yaml:2: this is not UTF-8 text"),
        ("proxy: true\n".encode("utf-16"), "gateway.yaml:1: this is not UTF-8 text"),
        (b"#" * (4 << 20) + b"\n", "gateway.yaml is larger than 4 MiB"),
    ],
)
def test_a_file_that_is_no_text_is_told(workdir, data, told):
    (workdir / "gateway.yaml").write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        config.load("gateway.yaml")

    assert str(caught.value).startswith(told)


def test_devices_are_not_read_to_their_end():
    with pytest.raises(ConfigError, match=r"^/dev/zero is larger than 4 MiB"):
        config.load("/dev/zero")


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("${file:/dev/zero}", "is no file that holds a secret: name a regular file"),
        ("${file:/}", "is no file that holds a secret: name a regular file"),
        ("${file:nothing}", "cannot be read: No such file or directory"),
        ("${file:big}", "is larger than 64 KiB: name a file with one secret"),
        ("${file:empty}", "is empty"),
        ("${file:latin}", "cannot be read: it is not UTF-8 text"),
        ("${file:two}", "holds a line break or a character beyond ASCII"),
        ("${file:with space}", "refers to nothing: write ${NAME} or ${file:PATH}"),
        ("${NAME:-default}", "refers to nothing: write ${NAME} or ${file:PATH}"),
        ("$NAME", "refers to nothing: write ${NAME} or ${file:PATH}"),
        ("${MISSING}", "${MISSING} is not set: export MISSING"),
    ],
)  # fmt: skip
def test_a_secret_that_is_none_is_told_and_not_shown(load, workdir, reference, told):
    (workdir / "big").write_bytes(b"s" * 65_537)
    (workdir / "empty").write_text("\n")
    (workdir / "latin").write_bytes(b"\xe9-secret")
    (workdir / "two").write_text("first-secret\nsecond-secret\n")

    for text in (
        f"providers:\n  openai:\n    api_key: '{reference}'\n",
        f"keys:\n - name: a\n   key: '{reference}'\n",
    ):
        with pytest.raises(ConfigError) as caught:
            load(text)
        said = str(caught.value)
        assert re.match(r"gateway\.yaml:[23]: ", said)
        assert told in said
        assert "-secret" not in said


def test_a_quoted_day_and_an_empty_section_are_fine(load):
    key = "sha256:" + "0" * 64
    routes = load(
        f"models:\nguardrails:\nkeys: [{{name: a, key: '{key}', expires: '2030-01-01'}}]\n"
    )

    [policy] = routes.rules.keys.values()
    assert policy.expires_ns == 1_893_456_000_000_000_000


def test_a_key_from_the_environment_that_no_header_can_carry_is_told(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\r\nx-other: two")

    with pytest.raises(ConfigError, match=r"^OPENAI_API_KEY holds a line break") as caught:
        config.from_environment()

    assert "sk-one" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "\t\n", "\x00", "models:\n  5: x\n", "proxy: 5\n"]
)
def test_a_reload_of_nonsense_keeps_what_is_in_force(inside, provider, text):
    gateway = inside(FAST)
    provider.say(chat())

    rewrite(gateway, text)
    answer = reload(gateway)

    assert answer[0] == 400
    assert "gateway.yaml" in error(answer)["message"]
    assert error(answer)["message"].endswith("what was in force before still is")
    assert post(gateway, BODY | {"model": "fast"})[0] == 200
