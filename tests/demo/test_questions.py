from pydoc_data.topics import topics

from genaiops.demo.corpus import Bm25Index, Passage, normalise, passages
from genaiops.demo.questions import Question, questions, relevant_passages


def test_there_are_at_least_sixty_questions_over_many_topics() -> None:
    asked = questions()

    assert len(asked) >= 60
    assert len({question.topic for question in asked}) >= 40
    assert len({question.tags["area"] for question in asked}) >= 10


def test_ids_and_wordings_are_unique() -> None:
    asked = questions()

    assert len({question.id for question in asked}) == len(asked)
    assert len({question.question for question in asked}) == len(asked)
    assert all(question.id.replace("-", "").isalnum() for question in asked)


def test_expected_answers_are_one_or_two_sentences() -> None:
    for question in questions():
        assert question.expected.endswith("."), question.id
        assert 3 <= len(question.expected.split()) <= 45, question.id

    assert sum(question.tags.get("sentences") == "two" for question in questions()) >= 4


def test_every_phrase_is_found_in_its_topic_on_this_python() -> None:
    for question in questions():
        assert question.phrase in normalise(topics[question.topic]), question.id


def test_every_question_has_passages_that_answer_it() -> None:
    for question in questions():
        relevant = relevant_passages(question, passages())

        assert 1 <= len(relevant) <= 3, (question.id, relevant)


def test_no_question_gives_its_phrase_away() -> None:
    for question in questions():
        assert question.phrase not in question.question, question.id


def test_relevance_ignores_line_breaks_and_the_topic_a_text_stands_under() -> None:
    question = Question(
        id="q", question="What?", expected="That.", topic="with", phrase="the exception is\n gone"
    )
    found = [
        Passage("compound#0", "compound", "Then the  exception\nis gone."),
        Passage("with#0", "with", "The exception stays."),
    ]

    assert relevant_passages(question, found) == ["compound#0"]


def test_bm25_finds_most_but_not_all_of_the_passages() -> None:
    index = Bm25Index(passages())

    recalls: list[float] = []
    for question in questions():
        relevant = set(relevant_passages(question, passages()))
        found = {passage.id for passage, _ in index.search(question.question, k=5)}
        recalls.append(len(relevant & found) / len(relevant))

    assert 0.75 <= sum(recalls) / len(recalls) <= 0.95
