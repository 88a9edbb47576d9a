"""Golden prompts."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.snapshots import Text

from cuport.providers import Message


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Text)


def as_markdown(messages: list[Message]) -> str:
    """A conversation for reading: each turn under its role."""
    return "\n".join(f"<!-- {m.role} -->\n{m.content}" for m in messages)
