"""What this machine offers to each station of the road."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from cuport.oracle.gpu import find_gpu
from cuport.oracle.libraries import CCCL_HINT, find_cccl
from cuport.providers import configured
from cuport.sandbox import best_tier
from cuport.sandbox.confine import grade
from cuport.sandbox.tiers import FLAG
from cuport.settings import load
from cuport.store.keys import compiler_version
from cuport.targets import all_targets, missing


@dataclass(frozen=True)
class Finding:
    what: str
    state: Literal["ok", "limited", "missing"]
    detail: str
    advice: str = ""
    needed: bool = False  # without it nothing can be judged


def findings() -> list[Finding]:
    """Everything `cuport doctor` prints, in road order."""
    return [_compiler(), _thrust(), *_targets(), _gpu(), _sandbox(), _model(), _cache()]


def _compiler() -> Finding:
    version = compiler_version()
    if version:
        return Finding("C++ compiler", "ok", version)
    advice = "install g++ (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++)"
    return Finding("C++ compiler", "missing", "none found: the original cannot run", advice, needed=True)


def _thrust() -> Finding:
    if (found := find_cccl()) is not None:
        return Finding("thrust", "ok", f"CCCL {found[1]} in {found[0]}")
    return Finding("thrust", "limited", "no CCCL headers: programs that include <thrust/...> do not build", CCCL_HINT)


def _targets() -> list[Finding]:
    found = []
    for target in all_targets().values():
        lacking = missing(target)
        if lacking:
            advice = f"pip install 'cuport[{target.extra}]'"
            found.append(Finding(f"target {target.name}", "missing", f"needs {', '.join(lacking)}", advice))
        else:
            said = ", ".join(f"{m} {_version(m)}" for m in target.requires)
            found.append(Finding(f"target {target.name}", "ok", said))
    if found and all(f.state == "missing" for f in found):
        return [Finding(f.what, f.state, f.detail, f.advice, needed=True) for f in found]
    return found


def _gpu() -> Finding:
    gpu = find_gpu()
    if isinstance(gpu, str):
        return Finding("GPU", "limited", f"{gpu}; the original and the ports run on the CPU")
    said = (
        f"{gpu.name} ({gpu.architecture}), nvcc {gpu.nvcc_version}: the original runs there too; ports run on the CPU"
    )
    return Finding("GPU", "ok", said)


def _sandbox() -> Finding:
    tier, advice = best_tier()
    if grade(tier.split("+")) == "none":
        detail = f"{tier}: too little, translate and verify refuse to run ports"
        return Finding("sandbox", "missing", detail, f"{advice}; or trust your ports and say {FLAG}")
    return Finding("sandbox", "limited" if advice else "ok", tier, advice)


def _model() -> Finding:
    if configured(os.environ) or load().base_url:
        return Finding("model", "ok", "an OpenAI-compatible endpoint is configured: --translator auto asks it first")
    advice = "set OPENAI_API_KEY (and OPENAI_BASE_URL for another endpoint), and --model"
    return Finding("model", "limited", "none configured: ports come from the rules", advice)


def _cache() -> Finding:
    folder = load().cache_dir
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if os.access(place, os.W_OK):
        return Finding("cache", "ok", str(folder))
    return Finding("cache", "limited", f"{folder} cannot be written: nothing is kept", "set CUPORT_CACHE_DIR")


def _version(module: str) -> str:
    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        return "(version unknown)"
