"""Scripts stand first on the path of their siblings, so none may have the name of a library."""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_script_has_the_name_of_an_installed_library():
    libraries = {*packages_distributions(), *sys.stdlib_module_names, "vllm"}
    scripts = {
        path.stem
        for folder in ("benchmarks", "data/policy")
        for path in ROOT.glob(f"{folder}/*.py")
    }
    assert scripts
    assert scripts & libraries == set()
