"""Loads a model folder of genaiops where only its libraries are: MLflow imports a copy of this file.

The copy lies in the folder, below ``code``; nothing but the standard library is imported here before
it is needed. What is wrong is a ValueError with one sentence.
"""

import functools
import hashlib
import importlib
import inspect
import io
import json
import os
import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

__all__ = [
    "ARCHITECTURE",
    "PICKLE",
    "SKELETON",
    "WEIGHTS",
    "build",
    "caller",
    "described",
    "digest_of",
    "torch_predict",
    "unpickled",
    "with_weights",
]

ARCHITECTURE, SKELETON, WEIGHTS = "architecture.json", "skeleton.pkl", "model.safetensors"
PICKLE = "python_model.pkl"


def digest_of(data: bytes) -> str:
    """The SHA-256 of a file's content, in hex."""
    return hashlib.sha256(data).hexdigest()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """As ever, and a stand-in for our own base class where genaiops is not installed."""
        try:
            return super().find_class(module_name, global_name)
        except ImportError:
            if (module_name, global_name) == ("genaiops.models.base", "PythonModel"):
                return _Base
            raise


class _Base:
    def load_context(self, context: Any = None) -> None:
        del context


def unpickled(data: bytes) -> Any:  # whatever was pickled
    """What a pickle holds. It runs what the pickle says: check digest and trust before."""
    return _Unpickler(io.BytesIO(data)).load()


def caller(model: Any) -> Any:  # a model, or a function
    """What answers: `predict`, with None for MLflow's context where it asks for one, or itself."""
    call = getattr(model, "predict", model)
    try:
        names = list(inspect.signature(call).parameters)
    except (TypeError, ValueError):  # written in C
        return call
    if names[:1] != ["context"]:
        return call
    return functools.partial(call, None)


# --- torch: classes and their arguments as JSON, weights beside -----------------------------------


def described(module: Any) -> dict[str, Any]:  # a torch.nn.Module
    """Class and arguments of a module, read from its attributes.

    Raises: ValueError when they do not make the same module again.
    """
    spec = _spec(module)
    built = build(json.loads(json.dumps(spec)), trust=True)
    if (why := _difference(module, built)) is not None:
        raise ValueError(why)
    return spec


def build(spec: Mapping[str, Any], *, trust: bool) -> Any:  # a torch.nn.Module
    """A module, with weights as they are at the beginning.

    Args:
        spec: Of `described`.
        trust: Classes outside of torch are imported when nobody has; else they must be there.

    Raises: TypeError for a class that is no module of torch, ValueError for one that may not be
        imported, or takes other arguments.
    """
    where, name = str(spec["module"]), str(spec["class"])
    if not trust and where.partition(".")[0] != "torch" and where not in sys.modules:
        raise ValueError(
            f"the class {name!r} is in {where!r}, which this program has not imported: "
            "import it first, or load with trust=True"
        )
    try:
        found: Any = importlib.import_module(where)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the class {name!r} of {where!r} is not there: {error}") from None
    if not (isinstance(found, type) and issubclass(found, _torch().nn.Module)):
        raise TypeError(f"{where}:{name} is no module of torch, so it is not called")
    parts = {name: build(part, trust=trust) for name, part in spec.get("parts", {}).items()}
    try:
        if found is _torch().nn.Sequential:
            return found(OrderedDict(parts))
        return found(*parts.values(), **spec.get("arguments", {}))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name!r} cannot be made of {spec.get('arguments')}: {error}") from None


def torch_predict(module: Any, data: Any) -> Any:  # a torch.nn.Module; arrays in and out
    """The module's answer without gradients, as numpy arrays; a dict of arrays is its arguments."""
    torch = _torch()
    tensors = [*module.parameters(), *module.buffers()]
    wanted = next((one.dtype for one in tensors if one.is_floating_point()), torch.float32)
    device = tensors[0].device if tensors else "cpu"

    def tensor(value: Any) -> Any:  # an array, a table or a list
        made = torch.as_tensor(value.to_numpy() if hasattr(value, "to_numpy") else value)
        return made.to(device, wanted if made.is_floating_point() else made.dtype)

    with torch.no_grad():
        if isinstance(data, Mapping):
            table = cast("Mapping[Any, Any]", data)
            return _arrays(module(**{str(key): tensor(value) for key, value in table.items()}))
        return _arrays(module(tensor(data)))


def _torch() -> Any:  # the package
    return importlib.import_module("torch")


def _spec(module: Any) -> dict[str, Any]:
    kind = cast("type[Any]", type(module))
    if "<locals>" in kind.__qualname__ or kind.__module__ == "__main__":
        raise ValueError(f"the class {kind.__qualname__!r} cannot be imported elsewhere")
    found: dict[str, Any] = {"module": kind.__module__, "class": kind.__qualname__}
    if kind is _torch().nn.Sequential:
        return found | {"parts": {name: _spec(part) for name, part in module.named_children()}}
    return found | {"arguments": dict(_arguments(module))}


def _arguments(module: Any) -> Iterator[tuple[str, Any]]:
    """What the constructor takes, where an attribute, or Lightning's ``hparams``, has its name."""
    stored: Mapping[str, Any] = getattr(module, "hparams", None) or {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name in ("self", "device", "dtype") or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            continue
        value: Any = stored[name] if name in stored else getattr(module, name, parameter.default)
        if value is parameter.empty:
            raise ValueError(
                f"{type(module).__name__} does not keep its argument {name!r} as an attribute"
            )
        if isinstance(value, _torch().Tensor):  # such as bias: whether there is one
            value = True
        elif value is None and name == "bias":
            value = False
        yield name, _plain(value, f"{type(module).__name__}.{name}")


def _plain(value: Any, what: str) -> Any:
    """The value as JSON has it; a tuple comes back as a list."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{what} is a {type(value).__name__}, which is no JSON") from None
    return value


_TORCHS_OWN = ("training", "_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")


def _difference(one: Any, other: Any) -> str | None:
    """The first thing in which two modules differ besides their weights."""
    pairs = [dict(module.named_modules()) for module in (one, other)]
    if list(pairs[0]) != list(pairs[1]):
        return f"{type(one).__name__} made again has other parts"
    shapes = [{key: value.shape for key, value in m.state_dict().items()} for m in (one, other)]
    if shapes[0] != shapes[1]:
        return f"{type(one).__name__} made again has weights of other shapes"
    for name, module in pairs[0].items():
        mine, theirs = _state(module), _state(pairs[1][name])
        for key in mine.keys() | theirs.keys():
            if _text(mine.get(key)) != _text(theirs.get(key)):
                return f"{name or type(one).__name__}.{key} is another when it is made again"
    return None


def _state(module: Any) -> dict[str, Any]:
    hidden = ("hooks", "_hook", "_hparams", "_log_hyperparams", "_trainer", "_fabric")
    return {
        key: value
        for key, value in cast("dict[str, Any]", vars(module)).items()
        if key not in _TORCHS_OWN and not any(part in key for part in hidden)
    }


def _text(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return repr(value)


def _arrays(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if isinstance(value, Mapping):
        return {key: _arrays(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_arrays(item) for item in cast("Sequence[Any]", value)]
    return value


# --- for MLflow -----------------------------------------------------------------------------------


def _load_pyfunc(path: str) -> "_Model":  # pyright: ignore[reportUnusedFunction]  MLflow calls it
    """The entry point that ``mlflow.pyfunc.load_model`` calls."""
    folder = Path(path)
    manifest = json.loads(folder.joinpath("MLmodel").read_text("utf-8"))
    digests = manifest["metadata"]["genaiops"]["digests"]

    def content(name: str) -> bytes:
        data = folder.joinpath(name).read_bytes()
        if digest_of(data) != digests[name]:
            raise ValueError(f"{name!r} was altered: its SHA-256 is another than MLmodel says")
        return data

    if PICKLE in digests:
        model = _unpickled_for_mlflow(content(PICKLE))
        if hasattr(model, "load_context"):
            model.load_context(None)
        return _Model(model)
    if ARCHITECTURE in digests:
        module = build(json.loads(content(ARCHITECTURE)), trust=True)
    else:
        module = _unpickled_for_mlflow(content(SKELETON))
    with_weights(module, content(WEIGHTS))
    return _Model(functools.partial(torch_predict, module))


def with_weights(module: Any, data: bytes) -> Any:  # a torch.nn.Module
    """The module with the weights of a safetensors file, in evaluation mode."""
    tensors: Any = importlib.import_module("safetensors.torch")
    _make_room(module)
    try:
        missing, unexpected = module.load_state_dict(tensors.load(data), strict=False)
    except RuntimeError as error:  # other shapes
        raise ValueError(f"the weights do not fit: {error}") from None
    if unexpected or (missing := _unshared(module, missing)):
        raise ValueError(f"the weights do not fit: {[*missing, *unexpected][:3]} and others")
    return module.eval()


def _make_room(module: Any) -> None:
    """Puts tensors with memory in the place of those without; what was shared stays shared."""
    torch = _torch()
    made: dict[int, Any] = {}
    for part in module.modules():
        for table in (part._parameters, part._buffers):  # noqa: SLF001  torch offers no other way
            for name, tensor in table.items():
                if tensor is not None and tensor.is_meta:
                    room = torch.empty_like(tensor, device="cpu")
                    if table is part._parameters:  # noqa: SLF001
                        room = torch.nn.Parameter(room, requires_grad=tensor.requires_grad)
                    table[name] = made.setdefault(id(tensor), room)


def _unshared(module: Any, missing: Sequence[str]) -> list[str]:
    """Of these, the ones that share no memory with another tensor: those were not written."""
    state = module.state_dict()
    places = [tensor.data_ptr() for tensor in state.values()]
    return [name for name in missing if places.count(state[name].data_ptr()) < 2]


def _unpickled_for_mlflow(data: bytes) -> Any:
    if os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true").lower() in ("false", "0"):
        raise ValueError("the model is pickled, and MLFLOW_ALLOW_PICKLE_DESERIALIZATION forbids it")
    return unpickled(data)


class _Model:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.call = caller(model)

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """What MLflow calls."""
        return self.call(model_input, params) if params else self.call(model_input)

    def predict_stream(
        self, model_input: Any, params: dict[str, Any] | None = None
    ) -> Iterator[Any]:
        """The same, piece by piece."""
        return self.model.predict_stream(model_input, params)
