"""LLM tracing, evaluation, prompt registry and gateway on an embedded store.

    import genaiops

    @genaiops.trace
    def answer(question): ...

Every public name is resolved on first use, so importing this package loads nothing else.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "genaiops.config": ("configure",),
    "genaiops.errors": (
        "AuthenticationError",
        "BadRequestError",
        "ConfigError",
        "ConflictError",
        "EvalError",
        "FilterError",
        "GenaiopsError",
        "NotFoundError",
        "PromptError",
        "ProviderError",
        "ProviderTimeoutError",
        "RateLimitedError",
        "StoreBusyError",
        "StoreError",
        "StoreVersionError",
    ),
    "genaiops.store.url": ("get_tracking_uri", "set_tracking_uri"),
    "genaiops.tracing": (
        "autolog",
        "extract",
        "flush",
        "get_current_active_span",
        "get_last_active_trace_id",
        "inject",
        "log_expectation",
        "log_feedback",
        "start_span",
        "trace",
        "update_current_trace",
    ),
    "genaiops.query": ("get_trace", "search_traces", "sql"),
    "genaiops.runs": (
        "Client",
        "active_run",
        "add_to_dataset",
        "add_to_review_queue",
        "create_dataset",
        "create_experiment",
        "create_review_queue",
        "delete_experiment",
        "delete_run",
        "download_artifacts",
        "end_run",
        "get_dataset",
        "get_experiment",
        "get_experiment_by_name",
        "get_metric_history",
        "get_run",
        "last_active_run",
        "list_artifacts",
        "load_text",
        "log_artifact",
        "log_artifacts",
        "log_code",
        "log_dict",
        "log_figure",
        "log_image",
        "log_input",
        "log_metric",
        "log_metrics",
        "log_param",
        "log_params",
        "log_review",
        "log_table",
        "log_text",
        "read_artifact",
        "rename_experiment",
        "restore_experiment",
        "restore_run",
        "search_experiments",
        "search_runs",
        "set_experiment",
        "set_experiment_tag",
        "set_tag",
        "set_tags",
        "skip_review",
        "start_run",
    ),
    "genaiops.models": ("PythonModel", "infer_signature", "load_model", "log_model"),
    "genaiops.prompts": (
        "delete_prompt_alias",
        "draft_prompt",
        "get_prompt",
        "load_prompt",
        "prompt_history",
        "protect_prompt_alias",
        "register_prompt",
        "rollback_prompt_alias",
        "search_prompts",
        "set_prompt_alias",
        "set_prompt_tag",
        "set_prompt_version_tag",
        "split_prompt_alias",
        "unprotect_prompt_alias",
    ),
    "genaiops.eval": (
        "Change",
        "EvalResult",
        "aevaluate",
        "agreement_of",
        "evaluate",
        "judge",
        "load_result",
        "make_judge",
        "optimize_prompt",
    ),
}
_MODULES = {
    "anthropic": "genaiops.tracing.autolog.anthropic",
    "gateway": "genaiops.gateway",
    "judges": "genaiops.eval.judges",
    "keras": "genaiops.training.keras",
    "langchain": "genaiops.tracing.autolog.langchain",
    "lightgbm": "genaiops.training.lightgbm",
    "lightning": "genaiops.training.lightning",
    "openai": "genaiops.tracing.autolog.openai",
    "pytorch": "genaiops.training.pytorch",
    "sklearn": "genaiops.training.sklearn",
    "tensorboard": "genaiops.training.tensorboard",
    "transformers": "genaiops.training.transformers",
    "xgboost": "genaiops.training.xgboost",
}
_ORIGIN = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted([*_ORIGIN, *_MODULES, "__version__"])  # noqa: PLE0605  names resolved below # pyright: ignore[reportUnsupportedDunderAll]  names resolved below


def __getattr__(name: str) -> Any:  # the attribute may be anything public
    if name in _ORIGIN:
        value = getattr(importlib.import_module(_ORIGIN[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'genaiops' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
