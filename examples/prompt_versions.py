"""Register two versions of a prompt, call the one that an alias names, and take it back."""

import genaiops

NAME = "docs/answer"
CONTEXT = "The walrus operator assigns a value inside an expression."

genaiops.register_prompt(NAME, "Question: {{question}}\nContext: {{context}}")
short = genaiops.register_prompt(
    NAME,
    "Answer in one sentence.\nQuestion: {{question}}\nContext: {{context}}",
    commit_message="One sentence is enough",
)
genaiops.set_prompt_alias(NAME, "production", 1)
genaiops.set_prompt_alias(NAME, "production", short.version, reason="shorter answers")

prompt = genaiops.load_prompt(f"{NAME}@production")
text = prompt.format(question="What does the walrus operator do?", context=CONTEXT)
done = genaiops.gateway.complete(
    model="offline/extractive", messages=[{"role": "user", "content": text}]
)
print(done.text)

(span,) = genaiops.get_trace(done.trace_id).spans
print(f"the span knows its prompt: {span.prompt_name}@{span.prompt_version}")
genaiops.rollback_prompt_alias(NAME, "production")
print(f"rolled back to version {genaiops.load_prompt(f'{NAME}@production').version}")
