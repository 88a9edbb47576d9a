"""What `cuport inspect` shows of each program, as golden text reviewed by hand: kernels, parameters, roles, launches.

`pytest tests/corpus --snapshot-update` writes the texts anew.
"""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from tests.corpus.programs import Entry, entries
from tests.snapshots import Text

from cuport.batch.inspection import Inspection
from cuport.cuda import read
from cuport.review.inspection import print_inspection
from cuport.sandbox.contract import contract_of


def shown(entry: Entry) -> str:
    source = read(entry.path)
    contracts = {k.python_name: contract_of(k) for k in source.kernels}
    inspection = Inspection(
        source, {n: c.def_line for n, c in contracts.items()}, {n: c.extras for n, c in contracts.items()}
    )
    text = io.StringIO()
    print_inspection(Console(file=text, width=10_000, highlight=False, emoji=False), inspection)
    said = [
        f"{d.severity}: {d.message}" for d in (*source.diagnostics, *(d for k in source.kernels for d in k.diagnostics))
    ]
    return "\n".join([text.getvalue().replace(f"{entry.path.parent}/", ""), *said, ""])


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e.name)
def test_inspection(entry: Entry, snapshot: SnapshotAssertion) -> None:
    assert shown(entry) == snapshot.use_extension(Text)


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e.name)
def test_every_kernel_and_launch_is_found(entry: Entry) -> None:
    """Against counts that know no grammar: heads and `<<<` in the preprocessed text."""
    source = read(entry.path)
    assert not [d for k in source.kernels for d in k.diagnostics if d.code == "read.syntax-error"]
    code = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', source.text)
    instantiated = len(re.findall(r"(?<!<)\btemplate\s+__global__", code))
    assert len(source.kernels) == code.count("__global__") - instantiated
    found = {(k.name, site) for k in source.kernels for site in k.launches}
    through_a_table = code.count("<<<") if entry.name == "unary_ops_macro" else 0
    assert len(found) >= code.count("<<<") - through_a_table
