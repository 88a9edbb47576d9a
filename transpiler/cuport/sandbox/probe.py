"""Which walls this machine can raise, found by raising them around an empty child."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from cuport.sandbox.command import prepare
from cuport.sandbox.job import State
from cuport.sandbox.limits import Limits
from cuport.sandbox.process import run
from cuport.sandbox.tiers import advice


def best_tier() -> tuple[str, str]:
    """The tier's name as it stands in evidence, and what would make it better (empty if nothing is missing)."""
    if sys.platform != "linux":
        return "none", f"there is no sandbox for {sys.platform} yet: run cuport on Linux, in a container for example"
    launch, limits = prepare(()), Limits(start_seconds=30)
    with tempfile.TemporaryDirectory(prefix="cuport-") as name:
        folder = Path(name)
        for inner in ("out", "tmp"):
            (folder / inner).mkdir()
        for file in ("outputs.bin", "status.bin", "records.jsonl"):
            (folder / "out" / file).touch()
        if launch.uid is not None:
            folder.chmod(0o755)
        ended = run(
            lambda handshake: launch.command(name, handshake, limits, seconds=30, probe=True),
            lambda: [State.WAITING],
            limits,
            cwd=folder,
            environment=launch.environment(folder / "tmp"),
            uid=launch.uid,
            build=False,
        )
    hello = ended.hello or {}
    if ended.hello is None:
        return "none", "the sandboxed process does not start here"
    return str(hello["tier"]), advice(hello.get("walls", ()))
