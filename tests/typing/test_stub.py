"""The stub that type checkers and editors read names what the package resolves."""

import ast
from pathlib import Path

import genaiops


def test_the_stub_names_every_public_name_and_nothing_else() -> None:
    stub = Path(genaiops.__file__).with_suffix(".pyi").read_text("utf-8")

    named = {
        alias.asname
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert named | {"__version__"} == set(dir(genaiops))
