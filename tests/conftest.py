"""For all tests: properties take as long as they take; a loaded machine is no failure."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
