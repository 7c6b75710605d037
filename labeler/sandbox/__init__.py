"""Runs programs written by models where they can harm nothing: see `base`."""
