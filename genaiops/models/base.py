"""What a model of the user's own looks like: a class with `predict`."""

from collections.abc import Iterator
from typing import Any

__all__ = ["PythonModel"]


class PythonModel:
    """A model in plain Python: derive from it, write `predict`, log it with `log_model`.

    Whatever the instance holds is pickled with it, so a model that wraps others is one of these.
    """

    def load_context(self, context: Any = None) -> None:  # of MLflow; None here
        """Called once after loading: opens what cannot be pickled, such as a connection."""

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's answer to an input that fits its signature.

        Args:
            model_input: In the form in which it was given to `predict` of the loaded model.
            params: What the caller wants different this time.
        """
        raise NotImplementedError(f"{type(self).__name__} has no predict: write one")

    def predict_stream(
        self, model_input: Any, params: dict[str, Any] | None = None
    ) -> Iterator[Any]:
        """The answer piece by piece; in one piece unless it is overridden."""
        yield self.predict(model_input, params)
