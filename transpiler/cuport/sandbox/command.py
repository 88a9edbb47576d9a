"""The command line, user, environment and search path of a child."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import cuport
from cuport.sandbox import bubblewrap
from cuport.sandbox.child import BOOTSTRAP
from cuport.sandbox.confine import Boot
from cuport.sandbox.limits import Limits

Device: TypeAlias = Literal["cpu", "gpu"]

# A range that distributions keep for short-lived service users; nothing else runs under these.
_FIRST_UID, _UIDS = 61184, 4336
_GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "ROCR_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Launch:
    """What is fixed before a job directory exists: where modules are found, and which user the child becomes."""

    search: tuple[str, ...]
    uid: int | None
    device: Device
    without: tuple[str, ...] = ()  # walls to leave out, see `confine.Boot`
    unsafe: bool = False

    def command(
        self,
        folder: str,
        handshake: int,
        limits: Limits,
        *,
        seconds: float,
        data: int = 0,
        largest: int = 0,
        probe: bool = False,
    ) -> list[str]:
        """The child's command line. `seconds` it may take, `data` bytes of inputs, `largest` file it writes."""
        wrapped = "bubblewrap" not in self.without and bubblewrap.works(None if self.uid is None else _FIRST_UID)
        gpu = self.device == "gpu"
        boot = Boot(
            job=folder,
            handshake=handshake,
            readable=self.search,
            own_user=self.uid is not None,
            cores=limits.cores,
            cpu_seconds=limits.processor_seconds(seconds),
            memory_bytes=limits.memory_bytes + 3 * data,
            file_bytes=max(limits.file_bytes, largest),
            processes=limits.processes,
            open_files=limits.open_files,
            scratch_bytes=limits.scratch_bytes,
            without=self.without,
            unsafe=self.unsafe,
            bubblewrap=wrapped,
            gpu=gpu,
        )
        told = json.dumps({"boot": asdict(boot), "search": self.search, "probe": probe})
        command = [sys.executable, "-I", "-B", "-c", BOOTSTRAP, told]
        if not wrapped:
            return command
        return bubblewrap.wrap(command, folder, self.search, gpu=gpu)

    def environment(self, home: Path) -> dict[str, str]:
        """Everything the child finds in its environment. Nothing is inherited: it may hold keys."""
        folder = str(home)
        told = {name: folder for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        gpu = {name: os.environ[name] for name in _GPU_VARIABLES if name in os.environ} if self.device == "gpu" else {}
        fixed = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "port", "LOGNAME": "port"}
        # Each malloc arena reserves 64 MiB of address space, which is limited.
        return {**told, **threads, **gpu, **fixed, "MALLOC_ARENA_MAX": "2"}


def prepare(
    modules: Sequence[str], device: Device = "cpu", *, without: Sequence[str] = (), unsafe: bool = False
) -> Launch:
    """Find what a child needs that imports `modules` beside cuport."""
    search = _search(modules)
    uid = None if "user" in without else _spare_uid((*search, sys.prefix, sys.base_prefix, tempfile.gettempdir()))
    return Launch(tuple(search), uid, device, tuple(without), unsafe)


def _search(modules: Sequence[str]) -> list[str]:
    """Folders that hold cuport (first) and every package the child needs, found without importing them."""
    found = [str(Path(cuport.__file__).resolve().parent.parent)]
    for name in ("numpy", "ml_dtypes", *modules):
        spec = importlib.util.find_spec(name)  # of a top-level name: imports nothing
        for place in (spec.submodule_search_locations or [spec.origin or ""]) if spec else []:
            folder = str(Path(place).parent)
            if place and folder not in found and os.path.isabs(folder):
                found.append(folder)
    return found


def _spare_uid(paths: Sequence[str]) -> int | None:
    """A user id for the child alone, where we are root and Python is readable for everyone; else None."""
    needed = (*paths, cuport.__file__, sys.executable, os.path.realpath(sys.executable))
    if os.geteuid() != 0 or not all(map(_open_to_all, needed)):
        return None
    return _FIRST_UID + secrets.randbelow(_UIDS) if _maps_user(_FIRST_UID + _UIDS) else None


def _open_to_all(path: str) -> bool:
    place = Path(path)
    try:
        return all(p.stat().st_mode & 0o001 for p in place.parents) and bool(place.stat().st_mode & 0o004)
    except OSError:
        return False


def _maps_user(uid: int) -> bool:
    """Whether this user namespace (a container's, perhaps) knows the user id."""
    try:
        rows = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    except (OSError, ValueError):
        return False
    return any(first <= uid < first + count for first, _, count in rows)
