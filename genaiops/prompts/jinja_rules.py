"""What a Jinja template in the registry may say: a list; and where it looks at its limits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from genaiops.errors import PromptError

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["FILTERS", "TESTS", "bind", "check", "uses"]

_DEEPEST = 100


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FILTERS = _words("""
    abs capitalize count d default dictsort first float groupby int items join last length
    list lower map max min reject rejectattr replace reverse round select selectattr sort
    string sum title trim truncate unique upper urlencode wordcount
""")
TESTS = _words("""
    boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer
    iterable le lessthan lower lt mapping ne none number odd sameas sequence string true
    undefined upper
""")
_METHODS = _words("""
    capitalize endswith get items keys lower lstrip rstrip split splitlines startswith strip
    title upper values
""")
_NODES = _words("""
    Add And Assign CondExpr Compare Concat Const Div Filter FloorDiv For Getattr Getitem If
    Keyword Mod Mul Name Neg Not Operand Or Output Pair Pos Slice Sub TemplateData Test
    Template Call List Tuple Dict
""")


def check(tree: "nodes.Template") -> None:
    """Raises: PromptError for everything that is not on the list."""
    from jinja2 import nodes

    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        what = type(node).__name__
        if what not in _NODES or depth > _DEEPEST:
            raise PromptError(
                f"the Jinja template has {what!r} in line {node.lineno}, which prompts may not "
                f"use: write it with variables, for, if, filters and tests"
            )
        _check_node(node)
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _check_node(node: "nodes.Node") -> None:
    from jinja2 import nodes

    if isinstance(node, nodes.Call) and not _may_call(node):
        _refuse(node, "calls something")
    if isinstance(node, nodes.Filter) and node.name not in (*FILTERS, "tojson"):
        _refuse(node, f"uses the filter {node.name!r}")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        _refuse(node, f"uses the test {node.name!r}")
    for reached in _reached(node):
        if reached.startswith("_") or reached == "self":
            _refuse(node, f"reaches for {reached!r}")
    if isinstance(node, nodes.For) and node.recursive:
        _refuse(node, "loops recursively")
    literal = isinstance(node, nodes.List | nodes.Dict | nodes.Tuple) and not _is_target(node)
    if literal and node.find(nodes.Name) is not None:
        _refuse(node, "builds a list or a table out of variables")
    if isinstance(node, nodes.Assign) and not isinstance(node.target, nodes.Name):
        _refuse(node, "sets more than one name at once")


def _reached(node: "nodes.Node") -> Iterator[str]:
    """Names by which a template could get at what is no plain value."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        yield node.attr
    elif isinstance(node, nodes.Name) and node.name == "self":
        yield node.name
    elif isinstance(node, nodes.Const) and str(node.value).startswith("__"):
        yield str(node.value)


def _is_target(node: "nodes.Node") -> bool:
    return getattr(node, "ctx", "load") == "store"


def _may_call(node: "nodes.Call") -> bool:
    from jinja2 import nodes

    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return False
    if isinstance(node.node, nodes.Name):
        return node.node.name == "range"
    return isinstance(node.node, nodes.Getattr) and node.node.attr in _METHODS


def _refuse(node: "nodes.Node", what: str) -> None:
    raise PromptError(
        f"the Jinja template {what} in line {node.lineno}, which prompts may not do: "
        f"prepare the value before it is passed"
    )


def uses(tree: "nodes.Template") -> Iterator[tuple[str, bool]]:
    """Each use of a name, in order, and whether it asks first whether the name is there."""
    from jinja2 import nodes

    guards: set[int] = set()
    for node in tree.find_all((nodes.Test, nodes.Filter)):
        if node.name in ("defined", "undefined", "default", "d") and node.node is not None:
            guards.add(id(node.node))
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load":
            yield name.name, id(name) in guards


def bind(tree: "nodes.Template") -> None:
    """Puts a look at the clock into every loop, and at the size into every concatenation."""
    from jinja2 import nodes

    def wrapped(node: nodes.Expr, name: str, *more: nodes.Expr) -> nodes.Filter:
        return nodes.Filter(node, name, list(more), [], None, None, lineno=node.lineno)

    for loop in list(tree.find_all(nodes.For)):
        loop.iter = wrapped(cast("nodes.Expr", loop.iter), "ticking")
    for joined in list(tree.find_all(nodes.Concat)):
        joined.nodes = [wrapped(joined.nodes[0], "concatenated", *joined.nodes[1:])]
    for assigned in list(tree.find_all(nodes.Assign)):
        assigned.node = wrapped(cast("nodes.Expr", assigned.node), "measured")
