import pytest

from genaiops import gateway

CONTEXT = (
    "[cats-1] Cats purr when they are content. A purring cat may also be in pain.\n"
    "They sleep up to sixteen hours a day.\n\n"
    "[dogs-1] Dogs bark at strangers. Barking dogs want attention, e.g. food or play.\n"
    "[dogs-2] A dog's nose holds 300 million receptors."
)


def ask(user, system=""):
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": user})
    return gateway.complete(model="offline/extractive", messages=messages).text


def rag(question, system="", context=CONTEXT):
    return ask(f"Context:\n{context}\n\nQuestion: {question}", system)


def test_the_sentence_that_fits_the_question_is_quoted():
    assert rag("How many receptors are in a nose?") == "A dog's nose holds 300 million receptors."
    assert rag("How long do cats sleep?", "Answer in one sentence.") == (
        "They sleep up to sixteen hours a day."
    )


def test_the_same_prompt_has_the_same_answer():
    asked = "Why does a cat purr?"

    assert len({rag(asked) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    "wish",
    [
        "Answer in one sentence.",
        "Answer with a single sentence.",
        "Use at most 1 sentence.",
        "Use fewer than two sentences.",
        "Reply in one short sentence or less.",
    ],
)
def test_one_sentence_is_given_where_one_is_wished(wish):
    assert rag("Why do dogs bark?", wish).count(".") == 1


@pytest.mark.parametrize(
    ("wish", "count"), [("in exactly three sentences", 3), ("in 2 to 3 sentences", 2)]
)
def test_as_many_sentences_are_given_as_are_wished(wish, count):
    assert rag("How many receptors?", f"Answer {wish}. Cite the source id.").count("[") >= count


def test_ids_are_cited_where_that_is_wished():
    wish = "Answer in one sentence and cite the passage id in brackets."

    assert rag("What do dogs bark at?", wish) == "Dogs bark at strangers. [dogs-1]"
    assert rag("What do dogs bark at?", "One sentence. Do not cite passage ids.").count("[") == 0


def test_what_to_say_without_an_answer_can_be_wished():
    assert rag("Who won the election?") == "The context does not answer this question."
    wish = 'If the context lacks the answer, say "I don\'t know" and nothing else.'
    assert rag("Who won the election?", wish) == "I don't know"
    assert ask("Hello!") == "The context does not answer this question."


@pytest.mark.parametrize(
    "prompt",
    [
        "Context:\n[a] Cats purr.\n[b] Dogs bark.\n\nQuestion: Which animal barks?\n\nAnswer:",
        "## Question\nWhich animal barks?\n\n## Context\nPassage a: Cats purr.\nPassage b: Dogs bark.",
        "**Question:** Which animal barks?\n**Context:**\n[a] Cats purr.\n\n[b] Dogs bark.",
        "<question>Which animal barks?</question><context><doc id='b'>Dogs bark.</doc></context>",
        "Use these.\n\nSources:\n[a]\nCats purr.\n\n[b]\nDogs bark.\n\nQ: Which animal barks?",
        "Context: [a] Cats purr.\n[b] Dogs bark. Question: Which animal barks?",
    ],
)
def test_prompts_of_many_shapes_are_understood(prompt):
    assert ask(prompt, "One sentence; cite the source.") == "Dogs bark. [b]"


def test_context_and_question_may_stand_in_different_messages():
    system = "Answer from the context in one sentence.\n\nContext:\n- Cats purr.\n- Dogs bark."

    assert ask("Which animal barks?", system) == "Dogs bark."


def test_a_wish_after_the_question_is_not_part_of_it():
    assert rag("Which animals purr? Cite the passage id.").endswith("[cats-1]")


def test_passages_without_a_mark_are_numbered():
    asked = rag("What barks?", "One sentence, cite the id.", context="Cats purr.\n\nDogs bark.")

    assert asked == "Dogs bark. [2]"


def test_content_in_parts_is_read():
    text = {"type": "text", "text": "Context: Dogs bark.\nQuestion: What do dogs do?"}
    done = gateway.complete(
        model="offline/extractive", messages=[{"role": "user", "content": [text, {"type": "x"}]}]
    )

    assert done.text == "Dogs bark."


def test_tokens_are_estimated_and_cost_nothing():
    done = gateway.complete(model="offline/extractive", messages="one two three")

    assert done.usage.input_tokens == 4
    assert done.cost_usd == 0.0


def test_a_stream_says_the_same_word_by_word():
    prompt = f"Context:\n{CONTEXT}\n\nQuestion: Why do dogs bark?"
    whole = ask(prompt)

    stream = gateway.stream(model="offline/extractive", messages=prompt)
    pieces = [piece.text for piece in stream if piece.text]

    assert "".join(pieces) == whole == stream.completion.text
    assert len(pieces) == len(whole.split())
