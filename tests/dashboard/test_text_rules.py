"""User text never becomes HTML or Markdown, and pages write no SQL: rules of the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
SOURCES = sorted(DASHBOARD.rglob("*.py"))
SCRIPTS = sorted(DASHBOARD.rglob("*.js"))
STYLES = [file for file in sorted(DASHBOARD.rglob("*.css")) if file.name != "page.css"]
RICH = {
    "markdown", "html", "write", "caption", "title", "header", "subheader", "error", "warning",
    "info", "success", "exception", "toast", "badge", "latex", "iframe", "image", "table", "metric",
}  # fmt: skip
BANNED = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML|setHTMLUnsafe|DOMParser|srcdoc|eval"
    r"|createContextualFragment)\b|document\.write|new Function|\.src\s*="
)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call of an attribute, with the attribute's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_rich_text_is_only_ever_a_literal(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))

    for name, call in calls(tree):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in RICH and isinstance(owner, ast.Name) and owner.id == "st":
            assert all(isinstance(item, ast.Constant) for item in call.args), ast.unparse(call)
        assert not {"unsafe_allow_html", "unsafe_allow_javascript"} & {
            keyword.arg for keyword in call.keywords
        }


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_labels_of_widgets_are_not_stored_text(file: Path) -> None:
    widgets = {"button", "download_button", "selectbox", "multiselect", "text_input", "text_area",
               "toggle", "radio", "segmented_control", "pills", "expander", "tabs", "form_submit_button"}  # fmt: skip
    for name, call in calls(ast.parse(file.read_text(encoding="utf-8"))):
        if name not in widgets or not call.args:
            continue
        assert ours(call.args[0]), ast.unparse(call)[:120]


def ours(label: ast.expr) -> bool:
    """Whether a label is a text of ours: literals, numbers, and stored text without its Markdown."""
    match label:
        case ast.Constant() | ast.Name(id="label"):  # a name bound to literals in a loop beside it
            return True
        case ast.IfExp():
            return ours(label.body) and ours(label.orelse)
        case ast.JoinedStr():
            return all(ours(part) for part in label.values)
        case ast.FormattedValue():
            return ours(label.value)
        case ast.Call(func=ast.Name(id="len" | "count" | "literal")):
            return True
        case _:
            return False


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_scripts_put_text_in_as_text_and_stay_short(file: Path) -> None:
    source = file.read_text(encoding="utf-8")

    assert not BANNED.search(source)
    assert len(source.splitlines()) <= 250


@pytest.mark.parametrize("file", STYLES, ids=lambda file: file.name)
def test_styles_take_sizes_of_text_from_the_one_scale(file: Path) -> None:
    sizes = re.findall(r"font-size:\s*([^;}]+)", file.read_text(encoding="utf-8"))

    assert all(re.fullmatch(r"var\(--t-[a-z]+\)( !important)?", size.strip()) for size in sizes)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_pages_write_no_sql(file: Path) -> None:
    assert not re.search(r"\bSELECT\b|\bINSERT INTO\b", file.read_text(encoding="utf-8"))
