"""Loading a model by its URI; what is pickled only when the caller trusts it."""

import functools
import importlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from genaiops.errors import ConfigError, NotFoundError
from genaiops.models import genaiops_pyfunc as own
from genaiops.models.enforce import enforced
from genaiops.models.flavors import needed
from genaiops.models.folder import Folder
from genaiops.models.log import TAG
from genaiops.models.signature import Column, ModelSignature
from genaiops.models.tables import columns_of
from genaiops.runs.artifacts import download_artifacts
from genaiops.runs.read import get_run

__all__ = ["LoadedModel", "load_model"]

_RUNS, _REGISTRY = "runs:/", "models:/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model that checks what it is given.

    Attributes:
        model_uri: Where it came from.
        signature: What it takes and gives, None when it was logged without.
    """

    model_uri: str
    signature: ModelSignature | None
    raw: Any
    call: Callable[..., Any]

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's answer.

        Args:
            data: What its signature says: a data frame, a dict of columns, a list of dicts, an
                array, a dict of arrays.
            params: Passed on to a `PythonModel`; other models take none.

        Raises: ConfigError that names the column which is missing, one too many, or of another
            type.
        """
        inputs = None if self.signature is None else self.signature.inputs
        checked = enforced(data, inputs)
        return self.call(checked, params) if params else self.call(checked)

    def predict_stream(self, data: Any, params: dict[str, Any] | None = None) -> Iterator[Any]:
        """The answer of a `PythonModel` piece by piece. Raises ConfigError as `predict`."""
        inputs = None if self.signature is None else self.signature.inputs
        checked = enforced(data, inputs)
        stream: Any = getattr(self.raw, "predict_stream", None)
        return iter([self.predict(data, params)]) if stream is None else stream(checked, params)

    def get_raw_model(self) -> Any:
        """The estimator, module or object that was logged."""
        return self.raw


def load_model(uri: str, *, trust: bool = False) -> LoadedModel:
    """Loads a model, once the digests of its files were checked.

    Args:
        uri: ``runs:/<run id>/<name>``, or a folder; one that MLflow wrote will do.
        trust: Allows what runs code while it is loaded: pickles, types that skops does not know,
            classes that this program has not imported. A folder of MLflow has no digests to check.

    Raises: NotFoundError, ConfigError when trust is needed, StoreError when a file was altered.
    """
    name = str(uri)
    if name.startswith(_REGISTRY):
        raise ConfigError(f"{name!r} is in a model registry, which there is not yet: use {_RUNS}…")
    if not name.startswith(_RUNS):
        return _loaded(Folder.open(Path(name), name), trust=trust)
    run_id, _, path = name.removeprefix(_RUNS).partition("/")
    if not path.strip("/"):
        raise ConfigError(f"{name!r} names no model: use {_RUNS}<run id>/<name>")
    digest = _logged_digest(run_id, path.strip("/"))
    with tempfile.TemporaryDirectory(prefix="genaiops-model-") as folder:
        where = download_artifacts(name, folder)
        return _loaded(Folder.open(where, name, digest=digest), trust=trust)


def _logged_digest(run_id: str, path: str) -> str | None:
    """Of MLmodel, as the run's tag has it; None for a model that genaiops did not log."""
    tag = get_run(run_id).data.tags.get(TAG + path)
    if tag is None:
        return None
    try:
        return str(msgspec.json.decode(tag)["digest"])
    except (msgspec.DecodeError, KeyError, TypeError):
        raise ConfigError(
            f"the tag {TAG + path!r} of run {run_id!r} was overwritten: the digest of the model "
            "stood in it; log the model again"
        ) from None


def _loaded(folder: Folder, *, trust: bool) -> LoadedModel:
    flavors = folder.flavors
    if "sklearn" in flavors:
        raw, call = _sklearn(folder, trust=trust)
    elif own.WEIGHTS in folder.digests:
        raw, call = _torch(folder, trust=trust)
    elif own.PICKLE in folder.digests:
        raw, call = _python(folder, trust=trust)
    else:
        raw, call = _by_mlflow(folder, trust=trust)
    return LoadedModel(model_uri=folder.uri, signature=folder.signature, raw=raw, call=call)


_Found = tuple[Any, Callable[..., Any]]
"""The model, and what answers."""


def _sklearn(folder: Folder, *, trust: bool) -> _Found:
    options = folder.flavors["sklearn"]
    file = options.get("pickled_model", "model.pkl")
    if options.get("serialization_format") != "skops":
        _trusted(folder, file, trust=trust)
        needed("sklearn")
        model = own.unpickled(folder.content(file))
    else:
        model = _by_skops(folder, folder.content(file), trust=trust)
    return model, functools.partial(_predicted, model, _names(folder.signature))


def _by_skops(folder: Folder, data: bytes, *, trust: bool) -> Any:  # an estimator
    skops = needed("skops.io")
    try:
        foreign: list[str] = sorted(skops.get_untrusted_types(data=data))
        if trust or not foreign:
            return skops.loads(data, trusted=foreign)
    except Exception as error:  # a file of somebody else may break anything in there
        raise ConfigError(f"{folder.uri!r} cannot be loaded by skops: {error}") from error
    raise ConfigError(
        f"{folder.uri!r} holds types that skops does not know as safe: {', '.join(foreign[:5])}; "
        "load it with trust=True if you know where it is from"
    )


def _names(signature: ModelSignature | None) -> list[str]:
    inputs = () if signature is None else signature.inputs or ()
    return [column.name for column in inputs if isinstance(column, Column) and column.name]


def _predicted(model: Any, names: list[str], data: Any) -> Any:  # an estimator, a table
    return model.predict(_framed(data, names))


def _framed(data: Any, names: list[str]) -> Any:  # a table of any form
    """Dicts of columns, lists of dicts, and arrays for named columns as data frames."""
    if hasattr(data, "iloc"):
        return data
    if hasattr(data, "dtype"):
        return needed("pandas").DataFrame(data, columns=names) if names else data
    columns = columns_of(data)
    if columns is None:
        return data
    frame = {name: values for name, (values, _) in columns.items()}
    return needed("pandas").DataFrame(frame, columns=names or None)


def _torch(folder: Folder, *, trust: bool) -> _Found:
    needed("torch")
    needed("safetensors.torch")
    weights = folder.content(own.WEIGHTS)
    try:
        if own.ARCHITECTURE in folder.digests:
            spec = json.loads(folder.content(own.ARCHITECTURE))
            module = own.build(spec, trust=trust)
        else:
            _trusted(folder, own.SKELETON, trust=trust)
            module = _unpickled(folder, own.SKELETON)
        module = own.with_weights(module, weights)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ConfigError(f"{folder.uri!r} cannot be loaded: {error}") from error
    return module, functools.partial(own.torch_predict, module)


def _python(folder: Folder, *, trust: bool) -> _Found:
    _trusted(folder, own.PICKLE, trust=trust)
    model = _unpickled(folder, own.PICKLE)
    if hasattr(model, "load_context"):
        model.load_context(None)
    return model, own.caller(model)


def _by_mlflow(folder: Folder, *, trust: bool) -> _Found:
    """Any other flavor, by MLflow itself."""
    names = ", ".join(sorted(folder.flavors))
    if not trust:
        raise ConfigError(
            f"{folder.uri!r} is a model of MLflow ({names}), which runs code of the folder when it "
            "loads: load it with trust=True if you know where it is from"
        )
    try:
        pyfunc = importlib.import_module("mlflow.pyfunc")
    except ImportError:
        raise ConfigError(
            f"{folder.uri!r} ({names}) is loaded by MLflow: pip install mlflow"
        ) from None
    model = pyfunc.load_model(str(folder.path))
    return model, model.predict


def _trusted(folder: Folder, file: object, *, trust: bool) -> None:
    if not trust:
        raise ConfigError(
            f"{file!r} of {folder.uri!r} is a pickle, which can run any code when it is loaded: "
            "load it with trust=True if you know where it is from"
        )


def _unpickled(folder: Folder, file: str) -> Any:  # whatever was pickled
    data = folder.content(file)
    try:
        return own.unpickled(data)
    except (ImportError, AttributeError) as error:
        raise NotFoundError(
            f"{file!r} of {folder.uri!r} needs code that is not there ({error}): install or import "
            "what the model was made with"
        ) from error
