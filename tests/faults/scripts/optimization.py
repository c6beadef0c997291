"""Optimises version 1 of the prompt ``qa``; prints the best text, the calls and those paid for."""

import json

import genaiops


@genaiops.judge
def right(outputs, expected):
    return outputs.split()[0] == expected


rows = [{"inputs": {"question": f"What is {n}?"}, "expected": str(n)} for n in range(20)]
found = genaiops.optimize_prompt("qa/1", rows, [right], model="openai/small", max_calls=120)
print(json.dumps([found.prompt.template, found.prompt.version, found.calls, found.n_paid]))
