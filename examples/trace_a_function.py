"""Trace functions, then read back what they did."""

import genaiops

DOCUMENTS = {
    "walrus": "The walrus operator assigns a value inside an expression.",
    "lambda": "A lambda expression makes an anonymous function.",
}


@genaiops.trace(span_type="retriever")
def retrieve(question: str) -> list[str]:
    return [text for word, text in DOCUMENTS.items() if word in question.lower()]


@genaiops.trace
def answer(question: str) -> str:
    genaiops.update_current_trace(tags={"example": "function"})
    return " ".join(retrieve(question)) or "I do not know."


answer("What does the walrus operator do?")

trace = genaiops.get_trace(genaiops.get_last_active_trace_id())
print(trace.tree())
print(f"{len(trace.spans)} spans, status {trace.status}, answer: {trace.root.outputs}")
