"""Evaluates the rows of one batch: ``evaluation.py BATCH ROWS LOG``; prints the table."""

import os
import sys

import genaiops
from genaiops.eval.judges import ExactMatch

batch, n, log = sys.argv[1], int(sys.argv[2]), sys.argv[3]
JUDGES = [
    genaiops.make_judge("good", "Is {{outputs}} right?", model="openai/judge"),
    genaiops.make_judge(
        "kind", "Is {{outputs}} kind to who asks {{inputs}}?", model="openai/judge"
    ),
    ExactMatch(),
]


def answer(question):
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{question}\n".encode())
    os.close(file)
    return f"The answer to {question}."


rows = [
    {
        "id": f"{batch}-{i}",
        "question": f"<{batch}-{i}>",
        "expected": f"The answer to <{batch}-{i}>.",
    }
    for i in range(n)
]
result = genaiops.evaluate(rows, answer, judges=JUDGES, name=f"batch {batch}")
print(str(result).replace(result.run_id, "RUN"))
