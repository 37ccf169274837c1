"""A Spark on this machine: skipped where Java or Spark is missing, but never where CI is set."""

import importlib.util
import os
import shutil

import pytest

_IS_THERE = shutil.which("java") is not None and importlib.util.find_spec("pyspark") is not None

#: Marks a test that needs Spark.
needs_spark = pytest.mark.skipif(
    not _IS_THERE and "CI" not in os.environ, reason="Java or Spark is not installed"
)
