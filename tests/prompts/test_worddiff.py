"""Word-level differences: complete, readable, bounded."""

import random
from itertools import pairwise

from hypothesis import given, strategies as st

from genaiops.prompts.worddiff import Op, diff_words

TEXTS = st.text(alphabet="ab \n.é", max_size=60)


def sides(ops: tuple[Op, ...]) -> tuple[str, str]:
    old = "".join(op.text for op in ops if op.kind != "insert")
    new = "".join(op.text for op in ops if op.kind != "delete")
    return old, new


def test_one_changed_word_is_the_only_difference():
    ops = diff_words("Answer the question briefly.", "Answer the question politely.")

    assert ops == (
        Op("equal", "Answer the question "),
        Op("delete", "briefly"),
        Op("insert", "politely"),
        Op("equal", "."),
    )


def test_a_space_between_two_changed_words_belongs_to_the_change():
    ops = diff_words("say red green now", "say blue yellow now")

    assert ops == (
        Op("equal", "say "),
        Op("delete", "red green"),
        Op("insert", "blue yellow"),
        Op("equal", " now"),
    )


def test_an_added_line_leaves_its_neighbours_alone():
    ops = diff_words("first\nlast\n", "first\nmiddle\nlast\n")

    assert ops == (Op("equal", "first\n"), Op("insert", "middle\n"), Op("equal", "last\n"))


def test_equal_texts_have_no_difference():
    assert diff_words("same", "same") == (Op("equal", "same"),)
    assert diff_words("", "") == ()


def test_an_empty_side_is_one_insertion_or_deletion():
    assert diff_words("", "new") == (Op("insert", "new"),)
    assert diff_words("old", "") == (Op("delete", "old"),)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_back_from_the_operations(old: str, new: str):
    ops = diff_words(old, new)

    assert sides(ops) == (old, new)
    assert all(op.text for op in ops)
    assert all(one.kind != other.kind for one, other in pairwise(ops))


def test_a_megabyte_with_scattered_edits_is_compared_word_by_word():
    rng = random.Random(1)
    words = [rng.choice(["alpha", "beta", "gamma", "delta"]) for _ in range(180_000)]
    changed = [*words]
    for place in range(0, len(words), 9_000):
        changed[place] = "CHANGED"

    ops = diff_words(" ".join(words), " ".join(changed))

    assert sides(ops) == (" ".join(words), " ".join(changed))
    assert {op.text for op in ops if op.kind == "insert"} == {"CHANGED"}


def test_one_long_line_without_a_word_of_its_own_is_compared_word_by_word():
    rng = random.Random(3)
    words = [f"word{rng.randrange(500)}" for _ in range(20_000)]
    changed = [word if rng.random() > 0.02 else "CHANGED" for word in words]

    ops = diff_words(" ".join(words), " ".join(changed))

    assert sides(ops) == (" ".join(words), " ".join(changed))
    inserted = [op.text for op in ops if op.kind == "insert"]
    assert len(inserted) > 300
    assert set(" ".join(inserted).split()) == {"CHANGED"}


def test_two_unrelated_megabytes_fall_back_to_one_block():
    rng = random.Random(2)
    old = "".join(rng.choice("ab \n") for _ in range(500_000))
    new = "".join(rng.choice("cd \n") for _ in range(500_000))

    ops = diff_words(old, new)

    assert sides(ops) == (old, new)
