"""One folder of each shape for all tests here."""

import pytest

from tests.samplers.reward import tiny


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """Gives the folder of a shape, made when it is first asked for."""
    known = {}

    def folder(shape):
        if shape not in known:
            known[shape] = made(shape, tmp_path_factory)
        return known[shape]

    return folder


def made(shape, tmp_path_factory):
    return getattr(tiny, shape)(tmp_path_factory.mktemp(shape))
