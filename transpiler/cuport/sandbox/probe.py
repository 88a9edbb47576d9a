"""Which walls this machine can raise, found by raising them around an empty child."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cuport.sandbox.command import prepare
from cuport.sandbox.job import State
from cuport.sandbox.limits import Limits
from cuport.sandbox.process import run

_ADVICE = {
    "namespaces": "install bubblewrap, or allow unprivileged user namespaces (no network, no sight of other processes)",
    "landlock": "Linux 5.13 or later with Landlock keeps ports out of your files",
    "seccomp": "seccomp is off here: ports may start processes",
}


def best_tier() -> tuple[str, str]:
    """The tier's name as it stands in evidence, and what would make it better (empty if nothing is missing)."""
    launch, limits = prepare(()), Limits(start_seconds=30)
    with tempfile.TemporaryDirectory(prefix="cuport-") as name:
        folder = Path(name)
        for inner in ("out", "tmp"):
            (folder / inner).mkdir()
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
    walls = {"namespaces" if wall == "bubblewrap" else wall for wall in hello.get("walls", ())}
    if ended.hello is None:
        return "none", "the sandboxed process does not start here"
    return str(hello["tier"]), "; ".join(advice for wall, advice in _ADVICE.items() if wall not in walls)
