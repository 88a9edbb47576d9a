"""Golden texts, one file each under __snapshots__; `pytest --snapshot-update` writes them anew."""

from __future__ import annotations

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class Text(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"  # not md: formatters rewrite code blocks in Markdown
