"""Models of machine learning as files of a run: written, checked, loaded; `genaiops.model` is another thing."""

from genaiops.models.base import PythonModel
from genaiops.models.infer import infer_signature
from genaiops.models.load import LoadedModel, load_model
from genaiops.models.log import ModelInfo, log_model
from genaiops.models.signature import Column, ModelSignature, TensorSpec

__all__ = [
    "Column",
    "LoadedModel",
    "ModelInfo",
    "ModelSignature",
    "PythonModel",
    "TensorSpec",
    "infer_signature",
    "load_model",
    "log_model",
]
