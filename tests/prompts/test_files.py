"""Prompts as files: pulled, edited, compared, pushed, and never lost."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, strategies as st

import genaiops
from genaiops.cli.main import cli
from genaiops.errors import ConflictError, PromptError
from genaiops.prompts.files import diff_prompts, pull_prompts, push_prompts
from genaiops.prompts.markdown import PromptFile, read_markdown, write_markdown

CHAT = [{"role": "system", "content": "Be {{tone}}."}, {"role": "user", "content": "{{q}}"}]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["prompts", *arguments])


def states(changes: list[object]) -> dict[str, str]:
    return {change.name: change.state for change in changes}  # pyright: ignore


@pytest.fixture
def folder(workdir: Path) -> Path:
    """Two prompts, pulled."""
    genaiops.register_prompt("qa/answer", "Answer {{q}}", commit_message="first")
    genaiops.register_prompt("chat", CHAT, model_config={"model": "m"}, tags={"team": "a"})
    pull_prompts(workdir / "prompts")
    return workdir / "prompts"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_prompt_is_a_markdown_file_in_its_folder(folder: Path):
    digest = genaiops.load_prompt("chat").hash

    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.md")) == [
        "chat.md",
        "qa/answer.md",
    ]
    assert (folder / "chat.md").read_text("utf-8") == (
        f'---\nname: "chat"\nversion: 1\nhash: "{digest}"\nsyntax: "mustache"\n'
        'tags: {"team": "a"}\nmodel_config: {"model": "m"}\n---\n'
        "<!-- system -->\nBe {{tone}}.\n<!-- user -->\n{{q}}\n"
    )


def test_an_edited_file_becomes_the_next_version(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Answer briefly:")

    pushed = run("push", "prompts", "-m", "shorter")
    again = run("push", "prompts")

    assert pushed.stdout == "changed here: qa/answer → version 2\n"
    assert (again.stdout, again.stderr) == ("", "nothing to push\n")
    prompt = genaiops.load_prompt("qa/answer")
    assert (prompt.version, prompt.template) == (2, "Answer briefly: {{q}}")
    assert prompt.commit_message == "shorter"
    assert "version: 2" in (folder / "qa/answer.md").read_text("utf-8")


def test_a_newer_version_comes_with_the_next_pull(folder: Path):
    genaiops.register_prompt("qa/answer", "Newer {{q}}")

    assert states(diff_prompts(folder)) == {"chat": "same", "qa/answer": "changed there"}
    assert run("pull", "prompts").stdout == "changed there: qa/answer → version 2\n"
    assert (folder / "qa/answer.md").read_text("utf-8").endswith("---\nNewer {{q}}\n")


def test_what_changed_on_both_sides_is_a_conflict_that_names_both(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Mine")
    edit(folder / "chat.md", "Be {{tone}}", "Always be {{tone}}")
    genaiops.register_prompt("qa/answer", "Theirs {{q}}")

    with pytest.raises(
        ConflictError,
        match=r"answer.md changes version 1 of 'qa/answer', and the store has version 2",
    ):
        push_prompts(folder)
    assert genaiops.load_prompt("chat").version == 1
    pulled = run("pull", "prompts")
    assert pulled.exit_code == 1
    assert "conflict: prompts/qa/answer.md changes version 1" in pulled.stdout
    assert "Mine" in (folder / "qa/answer.md").read_text("utf-8")

    pushed = push_prompts(folder, ours=True)
    assert {change.name: change.done for change in pushed} == {"chat": 2, "qa/answer": 3}


def test_a_conflict_settled_for_the_file_is_said_so_with_its_own_reason(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Mine")
    genaiops.register_prompt("qa/answer", "Theirs {{q}}", commit_message="by someone else")

    pushed = run("push", "prompts", "--ours", "-m", "mine")

    newest = genaiops.load_prompt("qa/answer")
    assert (newest.version, newest.commit_message) == (3, "mine")
    assert pushed.stdout == "settled against version 2: qa/answer → version 3\n"


def test_a_conflict_can_be_settled_for_the_store(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Mine")
    genaiops.register_prompt("qa/answer", "Theirs {{q}}")

    assert run("pull", "prompts", "--theirs").exit_code == 0
    assert "Theirs" in (folder / "qa/answer.md").read_text("utf-8")


def test_the_same_change_on_both_sides_is_none(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Same")
    genaiops.register_prompt("qa/answer", "Same {{q}}")

    assert states(diff_prompts(folder)) == {"chat": "same", "qa/answer": "same"}


def test_a_version_registered_between_the_look_and_the_push_is_a_conflict(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    edit(folder / "qa/answer.md", "Answer", "Mine")
    from genaiops.prompts import files

    found = files._compared(folder, "")
    genaiops.register_prompt("qa/answer", "Theirs")
    monkeypatch.setattr(files, "_compared", lambda *_: found)

    with pytest.raises(ConflictError, match="got version 2 from someone else"):
        push_prompts(folder)


def test_a_new_file_is_a_new_prompt(folder: Path):
    (folder / "new.md").write_text("---\nname: other/new\n---\nHello\n\nthere\n", "utf-8")
    (folder / "README.md").write_text("# Prompts\n", "utf-8")
    (folder / "taken.md").write_text('---\nname: "qa/taken"\n---\nmine\n', "utf-8")

    assert states(push_prompts(folder, prefix="other/")) == {"other/new": "new here"}
    assert genaiops.load_prompt("other/new").template == "Hello\n\nthere"
    genaiops.register_prompt("qa/taken", "theirs")
    assert states(diff_prompts(folder))["qa/taken"] == "conflict"


def test_files_that_include_each_other_are_pushed_in_order(folder: Path):
    (folder / "a.md").write_text("---\nname: a\n---\n{{> b}} a\n", "utf-8")
    (folder / "b.md").write_text("---\nname: b\n---\n{{> c}} b\n", "utf-8")
    (folder / "c.md").write_text("---\nname: c\n---\nc\n", "utf-8")

    push_prompts(folder)

    assert genaiops.load_prompt("a").format() == "c b a"
    assert (folder / "a.md").read_text("utf-8").endswith("---\n{{> b/1}} a\n")
    assert set(states(diff_prompts(folder)).values()) == {"same"}


def test_diff_shows_what_a_push_would_change_and_can_fail_a_check(folder: Path):
    assert run("diff", "prompts", "--check").exit_code == 0
    edit(folder / "qa/answer.md", "Answer", "Explain")

    shown = run("diff", "prompts", "--check")

    assert shown.exit_code == 1
    assert "changed here: qa/answer" in shown.stdout
    assert "[-Answer-]{+Explain+} {{q}}" in shown.stdout
    assert run("diff", "nowhere").exit_code == 2
    assert run("diff", "a", "b", "c", "d").exit_code == 2


@pytest.mark.parametrize(
    "written", [lambda file: file.replace(b"\n", b"\r\n"), lambda file: b"\xef\xbb\xbf" + file,
                lambda file: b"\xef\xbb\xbf\r\n" + file.replace(b"\n", b"\r\n")],
    ids=["line ends", "mark of order", "both"],
)  # fmt: skip
def test_what_an_editor_on_windows_adds_changes_nothing(
    folder: Path, written: Callable[[bytes], bytes]
):
    path = folder / "chat.md"
    path.write_bytes(written(path.read_bytes()))

    assert states(diff_prompts(folder))["chat"] == "same"
    edit(path, "Be", "Stay")
    assert states(push_prompts(folder))["chat"] == "changed here"


@pytest.mark.parametrize("held", ["", "# Notes", '---\nname: "other"\n---\nMine'])
def test_pull_never_takes_the_place_of_another_file(folder: Path, held: str):
    path = folder / "chat.md"
    path.write_text(held)
    genaiops.register_prompt("a/new", "x")

    with pytest.raises(PromptError, match=r"chat.md' is where 'chat' of the store belongs"):
        pull_prompts(folder)

    assert path.read_text() == held
    assert not (folder / "a").exists()


def test_every_name_has_a_file_of_its_own(folder: Path):
    names = ["a", "a.md/b", "a.md", "é" * 200, f"{'é' * 150}/{'😀' * 49}"]
    for name in names:
        genaiops.register_prompt(name, f"of {name}")

    pulled = states(pull_prompts(folder))

    assert pulled | dict.fromkeys(names, "new there") == pulled
    assert set(states(diff_prompts(folder)).values()) == {"same"}


def test_a_file_that_cannot_be_written_registers_nothing(folder: Path, workdir: Path):
    path = folder / "qa/answer.md"
    edit(path, "Answer", "Explain")
    path.rename(workdir / "answer.md")
    path.symlink_to(workdir / "answer.md")

    with pytest.raises(PromptError, match="leads elsewhere"):
        push_prompts(folder)

    assert genaiops.load_prompt("qa/answer", max_age_s=0).version == 1


def test_a_file_pulled_from_elsewhere_is_a_conflict_that_says_so(folder: Path):
    edit(folder / "qa/answer.md", "Answer", "Explain")
    edit(folder / "qa/answer.md", 'hash: "', 'hash: "0')

    with pytest.raises(ConflictError, match="pulled from no version of 'qa/answer' that the store"):
        push_prompts(folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("---\nversion: 1\n---\nx", "has no name"),
        ("---\nname: x\nx", "no line '---' that ends"),
        ("---\nname: x\ncolour: red\n---\nx", "line 3: 'colour: red' is none of the facts"),
        ("---\nname: x\ntags: [1\n---\nx", "tags is no JSON"),
        ("---\nname: x\ntags: 3\n---\nx", "tags is a int"),
        ('---\nname: x\ntags: {"a": null}\n---\nx', "the tag 'a' is None"),
        ("---\nname: a b\n---\nx", "holds a space"),
        ("---\nname: x\n---\n", "is empty"),
        ("---\nname: x\n---\n<!-- + -->\n", "begins with a part"),
        ("---\nname: x\nresponse_format: {}\n---\nx", "JSON schema"),
        ("---\nname: qa/answer\n---\nx", "both hold"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, text: str, why: str):
    (folder / "zz.md").write_text(text, "utf-8")

    with pytest.raises(PromptError, match=why) as caught:
        diff_prompts(folder)
    assert "zz.md" in str(caught.value)


def test_a_fact_in_single_quotes_is_read_as_yaml_has_it():
    file = read_markdown("---\nname: 'it''s'\ncommit_message: it's new\n---\nx\n", "a.md")

    assert (file.name, file.commit_message) == ("it's", "it's new")


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, workdir: Path):
    genaiops.register_prompt("out/side", "x")
    (workdir / "elsewhere").mkdir()
    (folder / "out").symlink_to(workdir / "elsewhere")

    with pytest.raises(PromptError, match="leads elsewhere"):
        pull_prompts(folder)
    assert list((workdir / "elsewhere").iterdir()) == []


def test_files_are_the_same_for_git(folder: Path):
    before = (folder / "qa/answer.md").read_bytes()

    pull_prompts(folder)

    assert (folder / "qa/answer.md").read_bytes() == before
    assert subprocess.run(["test", "-x", str(folder / "chat.md")], check=False).returncode == 1


TEXTS = st.text(
    st.one_of(st.sampled_from("<!-- user + {}\\\n -->\r\x85"), st.characters(codec="utf-8")),
    max_size=40,
) | st.sampled_from(["<!-- user -->", "a\n<!-- \\\\user -->\n", "---\n---", "\n", "", "<!-- + -->"])
PARTS = st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": TEXTS})}
)
MESSAGES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "system"]),
        "content": st.one_of(TEXTS, st.lists(PARTS, max_size=3), st.none()),
    },
    optional={"name": TEXTS, "tool_calls": st.lists(PARTS, max_size=1)},
)


@given(
    TEXTS | st.lists(MESSAGES, min_size=1, max_size=3),
    st.none() | st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3),
    st.none() | TEXTS.filter(bool),
)
def test_whatever_is_written_is_read_again(
    template: object, config: dict[str, str] | None, message: str | None
):
    file = PromptFile(
        name="a/b",
        version=3,
        hash="x",
        template=template,  # pyright: ignore
        model_config=config,
        commit_message=message,
    )

    assert read_markdown(write_markdown(file), "") == file
