"""Evaluate two ways to find documents on the same rows, and compare the runs."""

import genaiops

DOCUMENTS = {
    "walrus": "The walrus operator assigns a value inside an expression.",
    "lambda": "A lambda expression makes a function that has no name.",
    "yield": "A yield expression turns a function into a generator.",
    "with": "The with statement wraps a block in a context manager.",
}
QUESTIONS = {
    "walrus": "Which operator assigns inside an expression?",
    "lambda": "How do I make a function that has no name?",
    "yield": "What turns a function into a generator?",
    "with": "What does the with statement wrap?",
}
ROWS = [
    {"id": name, "question": text, "expected": DOCUMENTS[name], "relevant_ids": [name]}
    for name, text in QUESTIONS.items()
]


def by_name(question: str) -> dict[str, object]:
    names = [name for name in DOCUMENTS if name in question]
    return {"outputs": " ".join(DOCUMENTS[name] for name in names), "retrieved_ids": names}


def by_words(question: str) -> dict[str, object]:
    words = set(question.lower().strip("?").split())
    name = max(DOCUMENTS, key=lambda name: len(words & set(DOCUMENTS[name].lower().split())))
    return {"outputs": DOCUMENTS[name], "retrieved_ids": [name]}


judges = [genaiops.judges.RecallAtK(1), genaiops.judges.TokenF1()]
before = genaiops.evaluate(ROWS, by_name, judges=judges, name="by name")
after = genaiops.evaluate(ROWS, by_words, judges=judges, name="by words")
print(after)
print(after.compare(before))
