"""How a model becomes files: by skops, by safetensors with a code reference, or by cloudpickle."""

import copy
import importlib
import json
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.models import genaiops_pyfunc
from genaiops.models.base import PythonModel
from genaiops.models.folder import installed

__all__ = ["Written", "is_torch", "written"]

SKOPS_FILE = "model.skops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A model as files.

    Attributes:
        flavor: ``sklearn``, ``torch`` or ``python``.
        files: By path in the folder.
        options: Of the flavor, for MLmodel.
        requirements: Packages with their versions.
    """

    flavor: str
    files: Mapping[str, bytes]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    requirements: list[str]


def written(model: Any) -> Written:  # any model
    """The files of a model.

    Raises: ConfigError for what is no model, or cannot be written in the way of its kind.
    """
    if isinstance(model, type):
        raise ConfigError(f"{model.__name__} is a class: give an instance of it")
    if is_torch(model):
        return _torch(model)
    if _is_a(model, "sklearn.base", "BaseEstimator"):
        return _sklearn(model)
    if (
        isinstance(model, PythonModel)
        or callable(getattr(model, "predict", None))
        or callable(model)
    ):
        return _python(model)
    raise ConfigError(
        f"a {type(model).__name__} is no model: give an estimator of scikit-learn, a module of "
        "torch, a genaiops.PythonModel, or a function of the input"
    )


def is_torch(model: Any) -> bool:  # anything
    """Whether it is a module of torch, as long as torch is loaded."""
    return _is_a(model, "torch.nn", "Module")


def _is_a(model: Any, module: str, name: str) -> bool:  # anything
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(model, kind)


def _sklearn(model: Any) -> Written:  # an estimator
    skops = needed("skops.io")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, about arrays of the user's
            data: bytes = skops.dumps(model)
            foreign: list[str] = sorted(skops.get_untrusted_types(data=data))
            skops.loads(data, trusted=foreign)  # it writes some functions that it cannot find again
    except Exception as error:  # skops raises whatever the user's objects raise
        raise ConfigError(
            f"the {type(model).__name__} cannot be written by skops ({_first(error)}): use functions "
            "and classes of a module that can be imported, or log a genaiops.PythonModel that "
            "holds it, which is pickled"
        ) from error
    options: dict[str, Any] = {
        "loader_module": "mlflow.sklearn",
        "model_path": SKOPS_FILE,
        "predict_fn": "predict",
        "pickled_model": SKOPS_FILE,
        "serialization_format": "skops",
        "skops_trusted_types": foreign,
        "sklearn_version": sys.modules["sklearn"].__version__,
        "code": None,
    }
    packages = installed("scikit-learn", "skops", "numpy", "scipy", *_packages(model, foreign))
    return Written(
        flavor="sklearn", files={SKOPS_FILE: data}, options=options, requirements=packages
    )


def _python(model: Any) -> Written:  # a PythonModel, or anything that predicts
    pickled = _pickled(model)
    loader = Path(genaiops_pyfunc.__file__).read_bytes()
    streams = hasattr(model, "predict_stream")
    return Written(
        flavor="genaiops_python",
        files={genaiops_pyfunc.PICKLE: pickled, f"code/{loader_name()}": loader},
        options={"streamable": streams, "class": _class_of(model)},
        requirements=installed("cloudpickle", *_packages(model, ())),
    )


def _torch(model: Any) -> Written:  # a torch.nn.Module
    files = {genaiops_pyfunc.WEIGHTS: _weights(model)}
    options: dict[str, Any] = {"class": _class_of(model)}
    try:
        spec = genaiops_pyfunc.described(model)
    except ValueError as error:
        options["pickled_because"] = str(error)
        files[genaiops_pyfunc.SKELETON] = _pickled(_without_weights(model))
    else:
        files[genaiops_pyfunc.ARCHITECTURE] = json.dumps(spec, indent=1).encode()
    files[f"code/{loader_name()}"] = Path(genaiops_pyfunc.__file__).read_bytes()
    packages = installed("torch", "safetensors", "numpy", "cloudpickle", *_packages(model, ()))
    return Written(flavor="genaiops_torch", files=files, options=options, requirements=packages)


def _weights(model: Any) -> bytes:  # of a torch.nn.Module
    """The state by name; of names that share memory the first."""
    save = needed("safetensors.torch").save
    kept: dict[str, Any] = {}
    seen: set[tuple[Any, ...]] = set()
    for name, tensor in model.state_dict().items():
        if not hasattr(tensor, "data_ptr"):
            raise ConfigError(
                f"{name!r} in the state of {type(model).__name__} is no tensor: log a "
                "genaiops.PythonModel that holds the model, which is pickled"
            )
        place = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and place in seen:
            continue
        seen.add(place)
        alone = tensor.untyped_storage().nbytes() == tensor.nbytes
        near = tensor.detach().cpu().contiguous()
        kept[name] = near if alone else near.clone()
    return save(kept)


def _without_weights(model: Any) -> Any:  # a torch.nn.Module
    """A copy whose state has shapes and no memory."""
    memo: dict[int, Any] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        del name
        memo[id(tensor)] = tensor.to("meta") if tensor.grad_fn is None else tensor.detach()
        if _is_a(tensor, "torch.nn", "Parameter"):
            kind = cast("type[Any]", type(tensor))
            memo[id(tensor)] = kind(memo[id(tensor)], requires_grad=tensor.requires_grad)
    try:
        return copy.deepcopy(model, memo)
    except Exception as error:  # whatever the user's attributes raise
        raise ConfigError(
            f"the {type(model).__name__} cannot be copied ({_first(error)}): take what it holds "
            "besides weights out of it"
        ) from error


def _pickled(model: Any) -> bytes:  # anything
    try:
        return needed("cloudpickle").dumps(model)
    except Exception as error:  # whatever the user's objects raise
        raise ConfigError(
            f"the {type(model).__name__} cannot be pickled ({_first(error)}): open connections, "
            "locks and files in load_context, not before"
        ) from error


def loader_name() -> str:
    """The file that MLflow loads a folder by."""
    return f"{genaiops_pyfunc.__name__.rpartition('.')[2]}.py"


def needed(module: str) -> Any:  # a package
    """A package of the extra ``ml``. Raises ConfigError without it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ConfigError(f"models need {package}: pip install 'genaiops[ml]' ({error})") from None


def _class_of(model: Any) -> str:  # any model
    named = callable(model) and hasattr(model, "__qualname__")
    kind = cast("Any", model if named else type(model))
    return f"{kind.__module__}:{kind.__qualname__}"


def _packages(model: Any, types: Any) -> list[str]:  # names of types
    """Top-level packages that the model's own classes come from."""
    modules = {type(model).__module__, *map(str, types)}
    tops = {module.partition(".")[0] for module in modules}
    return sorted(tops & {"lightgbm", "xgboost", "lightning", "transformers", "pandas", "keras"})


def _first(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
