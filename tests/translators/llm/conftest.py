"""Golden prompts, one text file each under __snapshots__; `pytest --snapshot-update` writes them anew."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from cuport.providers import Message


class Text(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"  # not md: formatters rewrite code blocks in Markdown


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Text)


def as_markdown(messages: list[Message]) -> str:
    """A conversation for reading: each turn under its role."""
    return "\n".join(f"<!-- {m.role} -->\n{m.content}" for m in messages)
