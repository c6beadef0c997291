"""How each other library scores rows with three yes-or-no judges, in its simplest documented way.

    python eval_peers.py mlflow 100

Imports nothing of genaiops: it runs in the interpreter of an environment that has the library, and
prints CPU milliseconds a judge call and scores as JSON.
"""

import json
import os
import resource
import sys
import tempfile
import warnings

from bench_eval_speed import JUDGES, cpu_s, rows

warnings.simplefilter("ignore")
QUESTIONS = {name: text.split("{{")[0] + "the answer right?" for name, text in JUDGES.items()}


def mlflow(n: int) -> tuple[float, int]:
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    os.environ["MLFLOW_GENAI_EVAL_MAX_WORKERS"] = "4"  # with more it loses scores on SQLite
    import mlflow
    from mlflow.genai.judges import make_judge

    mlflow.set_tracking_uri(f"sqlite:///{tempfile.mkdtemp()}/mlflow.db")
    text = " Question: {{ inputs }} Answer: {{ outputs }}"
    judges = [
        make_judge(
            name=name,
            instructions=asked + text,
            model="openai:/gpt-4o-mini",
            feedback_value_type=str,
        )
        for name, asked in QUESTIONS.items()
    ]
    data = [
        {"inputs": {"question": row["question"]}, "outputs": row["answer"]} for row in rows(n + 2)
    ]
    mlflow.genai.evaluate(data=data[:2], scorers=judges)
    began = cpu_s()
    frame = mlflow.genai.evaluate(data=data[2:], scorers=judges).result_df
    used = cpu_s() - began
    return used, sum(int(frame[f"{name}/value"].notna().sum()) for name in QUESTIONS)


def ragas(n: int) -> tuple[float, int]:
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    from langchain_openai import ChatOpenAI
    from ragas import EvaluationDataset, evaluate
    from ragas.llms import LangchainLLMWrapper
    from ragas.metrics import AspectCritic

    model = LangchainLLMWrapper(ChatOpenAI(model="gpt-4o-mini"))
    critics = [
        AspectCritic(name=name, definition=asked, llm=model) for name, asked in QUESTIONS.items()
    ]
    data = EvaluationDataset.from_list(
        [{"user_input": row["question"], "response": row["answer"]} for row in rows(n + 2)]
    )
    evaluate(EvaluationDataset(data.samples[:2]), metrics=critics, show_progress=False)
    began = cpu_s()
    scored = evaluate(
        EvaluationDataset(data.samples[2:]), metrics=critics, show_progress=False
    ).to_pandas()
    return cpu_s() - began, sum(int(scored[name].notna().sum()) for name in QUESTIONS)


if __name__ == "__main__":
    name, count = sys.argv[1], int(sys.argv[2])
    used, found = {"mlflow": mlflow, "ragas": ragas}[name](count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": used / (3 * count) * 1e3, "scores": found, "rss_mb": peak}), flush=True)
