"""Keeping a model with a run: a folder of files that MLflow loads too, whole or not at all."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from genaiops.config import settings
from genaiops.errors import ConfigError, ConflictError
from genaiops.models import examples
from genaiops.models.flavors import written
from genaiops.models.folder import MANIFEST, environment, manifest
from genaiops.models.genaiops_pyfunc import digest_of
from genaiops.models.infer import as_signature
from genaiops.models.signature import ModelSignature
from genaiops.runs.artifacts import list_artifacts, log_artifact
from genaiops.runs.log import active_run_id, set_tag

__all__ = ["TAG", "ModelInfo", "log_model"]

TAG = "genaiops.model."
"""Before a model's name, the tag of a run that holds the digest of its MLmodel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model of a run.

    Attributes:
        model_uri: ``runs:/<run id>/<name>``, as `load_model` takes it.
        flavor: ``sklearn``, ``genaiops_torch`` or ``genaiops_python``.
        digest: SHA-256 of its MLmodel, which has those of all its files.
    """

    model_uri: str
    run_id: str
    name: str
    flavor: str
    digest: str
    signature: ModelSignature | None = None


def log_model(
    model: Any,  # any model
    name: str,
    *,
    signature: Any = None,  # a ModelSignature, or a pydantic model
    input_example: Any = None,  # data of many kinds
) -> ModelInfo:
    """Keeps a model with the active run, in a folder that MLflow loads too.

    Estimators of scikit-learn are written by skops, modules of torch as safetensors with a
    reference to their code, anything else that predicts by cloudpickle.

    Args:
        model: An estimator, a module, a `PythonModel`, a function, or an object with `predict`.
        name: Folder in the run.
        signature: What it takes and gives, of `infer_signature`; or a pydantic model of the input.
        input_example: A few rows that it takes, kept with it; the signature is read from them when
            none is given.

    Raises: ConfigError for what is no model or cannot be written; ConflictError when the run has
        something of that name; StoreError.
    """
    if not name or not name.strip("/ "):
        raise ConfigError(f"a model cannot be named {name!r}: give a name")
    known = as_signature(signature)
    if settings().disabled:
        return ModelInfo(model_uri="", run_id="", name=name, flavor="", digest="", signature=known)
    run_id = active_run_id()
    if list_artifacts(run_id, name):
        raise ConflictError(f"the run {run_id!r} has files under {name!r}: use another name")
    found = written(model)
    if known is None and input_example is not None:
        known = examples.signature_of(model, input_example)
    files = dict(found.files) | environment(found.requirements)
    if input_example is not None:
        files |= examples.files(input_example)
    described = manifest(
        found.flavor,
        found.options,
        files,
        run_id=run_id,
        name=name,
        signature=known,
        requirements=found.requirements,
    )
    if input_example is not None:
        described["saved_input_example_info"] = examples.info(input_example)
    data = json.dumps(described, indent=1, ensure_ascii=False).encode()
    _keep(files, name)
    _keep({MANIFEST: data}, name)  # the last: a folder without it is no model
    digest = digest_of(data)
    set_tag(TAG + name, msgspec.json.encode({"digest": digest, "flavor": found.flavor}).decode())
    return ModelInfo(
        model_uri=f"runs:/{run_id}/{name}",
        run_id=run_id,
        name=name,
        flavor=found.flavor,
        digest=digest,
        signature=known,
    )


def _keep(files: dict[str, bytes], name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="genaiops-model-") as folder:
        for path, data in files.items():
            file = Path(folder, path)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            inner = path.rpartition("/")[0]
            log_artifact(file, f"{name}/{inner}" if inner else name)
            file.unlink()
