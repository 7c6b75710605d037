"""A run is one YAML file, checked when it is loaded; one module per part of it."""

from labeler.config.load import load_config
from labeler.config.run import RunConfig, RunOptions, contract

__all__ = ["RunConfig", "RunOptions", "contract", "load_config"]
