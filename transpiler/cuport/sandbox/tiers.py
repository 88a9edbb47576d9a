"""What is said, and refused, where no sandbox stands."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from cuport.diagnostic import CuportError, fail
from cuport.sandbox import best_tier, linux, seccomp

FLAG = "--unsafe-no-sandbox"

ADVICE = {
    "namespaces": "install bubblewrap, or allow unprivileged user namespaces (no network, no sight of other processes)",
    "landlock": "Linux 5.13 or later with Landlock keeps ports out of your files",
    "seccomp": "seccomp is off here: ports may start processes",
}


def advice(walls: Iterable[str]) -> str:
    """What would make a better sandbox than these walls; empty if nothing is missing."""
    standing = {"namespaces" if wall == "bubblewrap" else wall for wall in walls}
    return "; ".join(said for wall, said in ADVICE.items() if wall not in standing)


def require(*, unsafe: bool) -> None:
    """Refuse early, before anything is spent, where ports would not be run. Raises CuportError `sandbox.none`.

    Where Landlock and seccomp are there this takes a few microseconds, else as long as starting a child.
    """
    if unsafe or (sys.platform == "linux" and linux.landlock_abi() > 0 and seccomp.available()):
        return
    if sys.platform != "linux":
        raise refusal("none")
    from cuport.sandbox import confine

    tier, _ = best_tier()
    if confine.grade(tier.split("+")) == "none":
        raise refusal(tier)


def refusal(tier: str) -> CuportError:
    """The error where too little of a sandbox stands to run what nobody has read."""
    if sys.platform != "linux":
        what = f"there is no sandbox for {sys.platform} yet"
        hint = f"run cuport on Linux (a container or virtual machine will do), or trust the ports and say {FLAG}"
    else:
        what = f"the sandbox does not hold here (only: {tier}), so ports are not run"
        hint = f"{advice(tier.split('+'))}; `cuport doctor` tells more; {FLAG} runs ports that you trust"
    return fail("sandbox.none", what, hint=hint)
