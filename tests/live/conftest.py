"""Fixtures of the live tests that cost too much to be made twice."""
import pytest

import detect_build


@pytest.fixture(scope="session")
def samples():
    """Backups of every kind, made once by the real tools (tests/lib/detect_build.py)."""
    made = detect_build.Samples()
    yield made
    made.remove()
