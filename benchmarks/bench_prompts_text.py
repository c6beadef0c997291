"""Templates and differences: 100,000 random templates, and two texts of a million characters.

    python benchmarks/bench_prompts_text.py [--templates 100000]

Each template is built from pieces that try to be more than they are, and rendered with values that
look like variables: the result must be the template with each value in its place, byte for byte. An
answer in the format that a prompt asks for must come back from `parse`. Every attempt to get out of
Jinja must be refused. Of scattered changes the difference must show each, not one block.
"""

import argparse
import json
import random
import sys
import time

from genaiops.errors import PromptError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.jinja import JinjaText
from genaiops.prompts.template import compile_template
from genaiops.prompts.version import make_prompt
from genaiops.prompts.worddiff import diff_words

TEMPLATES, SECONDS = 100_000, 1.0
SCATTERED = "one word in fifty changed"
PIECES = (
    "{{a}}", "{{ b }}", "{{question}}", "{{", "}}", "{", "}", "{%", "%}", "{{> p/1}}", "\\", "$1",
    '{"a": 1}', "text ", "\n", "é", "\x00", "{{a", "b}}", "{{ a.b }}", "{{a|upper}}", "\u2028",
)  # fmt: skip
ESCAPES = (
    "''.__class__", "x['__class__']", "x|attr('__class__')", "x.__init__.__globals__", "self",
    "x.split", "range.__class__", "lipsum()", "cycler.__init__", "namespace(a=1)", "x.format(1)",
    "x|map(attribute='__class__')|list", "9**9**9", "'a' * 10**10", "x|center(10**9)", "[x, x]",
    "'%1000000000d' % 1", "x['__cl' ~ 'ass__']", "joiner()", "x|map('attr', '__class__')|list",
    "get_flashed_messages.__globals__", "url_for.__globals__", "dict(a=1)", "x|pprint",
)  # fmt: skip


def random_text(rng: random.Random) -> str:
    return "".join(rng.choices(PIECES, k=rng.randint(0, 12)))


def expanded(rng: random.Random) -> bool:
    """Whether one random template is anything but its literals and values in order."""
    compiled = compile_template(random_text(rng), included={"p/1": "[{{b}}]"})
    values = {name: random_text(rng) for name in compiled.variables}
    marked = compiled.render({name: f"\uffff{name}\uffff" for name in compiled.variables})
    assert isinstance(marked, str)
    parts = marked.split("\uffff")
    parts[1::2] = [values[name] for name in parts[1::2]]
    return compiled.render(values) != "".join(parts)


def lost(rng: random.Random) -> bool:
    """Whether an answer that was formatted into a text does not come back."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    stored = PromptVersion(
        name="qa", version=1, template="{{answer}}", syntax="mustache", hash="", created_ns=0,
        response_format=schema,
    )  # fmt: skip
    prompt = make_prompt(stored)
    answer = {"text": random_text(rng)}
    return prompt.parse(str(prompt.format(answer=json.dumps(answer)))) != answer


def escaped(expression: str) -> bool:
    try:
        JinjaText.of("{{ " + expression + " }}").render({"x": "value"})
    except PromptError:
        return False
    return True


def million(rng: random.Random) -> tuple[str, str]:
    """Two texts of a million characters that differ in one word of fifty."""
    words = [f"word{rng.randrange(5000)}" for _ in range(120_000)]
    changed = [word if rng.random() > 0.02 else f"other{rng.randrange(5000)}" for word in words]
    old, new = (" ".join(side) for side in (words, changed))
    return old[:1_000_000], new[:1_000_000]


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzzed templates, and large differences.")
    parser.add_argument("--templates", type=int, default=TEMPLATES)
    args = parser.parse_args()
    rng = random.Random(7)
    wrong = sum(expanded(rng) for _ in range(args.templates))
    broken = sum(lost(rng) for _ in range(args.templates // 10))
    out = sum(map(escaped, ESCAPES))
    pairs = {
        SCATTERED: million(rng),
        "nothing in common": ("a b " * 250_000, "c d " * 250_000),
        "one line each, one word changed": (
            "x" * 500_000 + " a " + "y" * 499_997,
            "x" * 500_000 + " b " + "y" * 499_997,
        ),
        "random characters": tuple("".join(rng.choices("ab \n", k=1_000_000)) for _ in range(2)),
    }
    slow = 0
    print(f"{f'values expanded again, {args.templates:,} templates':46}{wrong:10}     promise 0")
    print(f"{'answers that parse does not give back':46}{broken:10}     promise 0")
    print(f"{f'escapes of Jinja, {len(ESCAPES)} attempts':46}{out:10}     promise 0")
    for name, (old, new) in pairs.items():
        began = time.process_time()  # one thread, so this is what it takes on a core of its own
        ops = diff_words(old, new)
        took = time.process_time() - began
        slow += took > SECONDS
        whole = "".join(op.text for op in ops if op.kind != "insert") == old
        whole &= "".join(op.text for op in ops if op.kind != "delete") == new
        slow += not whole or (name == SCATTERED and len(ops) < 5_000)
        print(f"{f'diff of a million: {name}':46}{took:10.2f} s of CPU  promise {SECONDS:g} s")
    if wrong or broken or out or slow:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
