import json
import math
import subprocess
import sys
from pydoc_data.topics import topics

import pytest

from genaiops.demo.corpus import (
    Bm25Index,
    Passage,
    normalise,
    passages,
    passages_of,
    tokenize,
)


def test_passages_are_of_a_size_a_model_can_quote() -> None:
    sizes = sorted(len(passage.text.split()) for passage in passages())

    assert len(sizes) >= 350
    assert sizes[0] >= 5
    assert sizes[-1] <= 200
    assert 90 <= sizes[len(sizes) // 2] <= 150
    assert sum(size < 40 for size in sizes) <= 0.05 * len(sizes)


def test_ids_are_unique_and_say_topic_and_place() -> None:
    found = passages()

    assert len({passage.id for passage in found}) == len(found)
    for topic in {passage.topic for passage in found}:
        ids = [passage.id for passage in found if passage.topic == topic]
        assert ids == [f"{topic}#{place}" for place in range(len(ids))]


def test_every_passage_is_text_of_its_topic() -> None:
    texts = {name: normalise(text) for name, text in topics.items()}

    for passage in passages():
        for paragraph in passage.text.split("\n\n"):
            assert normalise(paragraph) in texts[passage.topic], passage.id


def test_no_line_of_the_reference_is_lost() -> None:
    kept = normalise(" ".join(passage.text for passage in passages()))
    underlines = set("*=-~^")

    for name, text in topics.items():
        for line in text.split("\n"):
            if not set(line.strip()) <= underlines:
                assert normalise(line) in kept, (name, line)


def test_text_shared_by_topics_stands_once_under_the_shortest() -> None:
    guarantee = 'guarantees that if the "__enter__()" method returns without an error'

    holders = [p.id for p in passages() if guarantee in normalise(p.text)]

    assert guarantee in normalise(topics["compound"])
    assert [holder.split("#")[0] for holder in holders] == ["with"]


def test_code_stays_with_the_sentence_that_introduces_it() -> None:
    code = "Like this, again and again:\n\n   play()\n\n" + "   stop(1, 2, 3)\n" * 20
    reference = {"toy": f"Toys\n****\n\n{'word ' * 100}\n\n{code}"}

    found = passages_of(reference)

    assert [passage.id for passage in found] == ["toy#0", "toy#1"]
    assert found[1].text == code.strip()


def test_an_overlong_paragraph_is_cut_between_sentences() -> None:
    sentence = f"It goes {'on and ' * 38}on."

    pieces = passages_of({"long": "  ".join([sentence] * 5)})

    assert [piece.text.count("It goes") for piece in pieces] == [2, 2, 1]
    assert all(piece.text.endswith("on.") for piece in pieces)


def test_an_overlong_table_is_cut_between_rows() -> None:
    table = "\n".join(f"| row {number} | of three words |" for number in range(60))

    pieces = passages_of({"table": table})

    assert len(pieces) > 1
    assert "\n".join(piece.text for piece in pieces) == table


def test_two_processes_cut_the_same_passages_and_rank_them_the_same() -> None:
    program = (
        "import json; from genaiops.demo.corpus import Bm25Index, passages;"
        "found = Bm25Index(passages()).search('how do I raise an exception from another', 20);"
        "print(json.dumps([[p.id for p in passages()], [[p.id, s] for p, s in found]]))"
    )

    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert json.loads(runs[0]) == json.loads(runs[1])


def test_tokens_are_lower_case_identifiers_without_stop_words() -> None:
    assert tokenize("How does object.__init__(self) differ from __new__ in 3.12?") == [
        "object",
        "__init__",
        "self",
        "differ",
        "__new__",
        "3",
        "12",
    ]


def toy_index() -> Bm25Index:
    return Bm25Index(
        [
            Passage("a#0", "a", "cat cat dog"),
            Passage("b#0", "b", "dog"),
            Passage("c#0", "c", "bird bird"),
        ]
    )


def test_scores_are_those_of_bm25_worked_by_hand() -> None:
    # Mean length 2. Lengths 3 and 1 damp by 1.2 * (0.25 + 0.75 * 3 / 2) = 1.65 and by
    # 1.2 * (0.25 + 0.75 * 1 / 2) = 0.75. cat is in one of three passages, dog in two.
    cat = math.log(1 + 2.5 / 1.5) * 2 * 2.2 / (2 + 1.65)
    dog_in_a = math.log(1 + 1.5 / 2.5) * 1 * 2.2 / (1 + 1.65)
    dog_in_b = math.log(1 + 1.5 / 2.5) * 1 * 2.2 / (1 + 0.75)

    found = toy_index().search("Cat and dog, dog!")

    assert [passage.id for passage, _ in found] == ["a#0", "b#0"]
    assert [score for _, score in found] == pytest.approx([cat + dog_in_a, dog_in_b])
    assert [score for _, score in found] == pytest.approx([1.572561, 0.590862], abs=1e-6)


def test_equal_scores_are_ordered_by_id() -> None:
    index = Bm25Index([Passage(name, "t", "same words") for name in ("t#2", "t#0", "t#1")])

    assert [passage.id for passage, _ in index.search("words", k=2)] == ["t#0", "t#1"]


def test_passages_without_a_word_of_the_query_are_not_found() -> None:
    assert toy_index().search("fish") == []
    assert toy_index().search("") == []
    assert Bm25Index([]).search("cat") == []


def test_asking_for_no_passages_is_refused() -> None:
    with pytest.raises(ValueError, match="k is 0; ask for at least 1 passage"):
        toy_index().search("cat", k=0)
