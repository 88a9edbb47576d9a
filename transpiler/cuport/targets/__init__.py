"""Targets, found by discovery: every module or package beside this file that has a `TARGET`, and every entry point of
the group "cuport.targets". There is no list to keep."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pkgutil
from functools import lru_cache

from cuport.diagnostic import Diagnostic, fail
from cuport.targets.base import Target

ENTRY_POINTS = "cuport.targets"


@lru_cache(maxsize=1)
def all_targets() -> dict[str, Target]:
    """Every target that is known, by name, whether its libraries are installed or not. Never raises for one of them."""
    return dict(_discover()[0])


@lru_cache(maxsize=1)
def broken_targets() -> tuple[Diagnostic, ...]:
    """What could not be loaded as a target, and why (`target.broken`)."""
    return tuple(_discover()[1])


def target(name: str) -> Target:
    """The target of this name. Raises CuportError `target.unknown`."""
    known = all_targets()
    if name not in known:
        raise fail("target.unknown", f"there is no target `{name}`", hint=f"known: {', '.join(sorted(known))}")
    return known[name]


def missing(target: Target) -> tuple[str, ...]:
    """The modules that the target needs and this environment lacks; empty if it can be used here."""
    return tuple(name for name in target.requires if not _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@lru_cache(maxsize=1)
def _discover() -> tuple[dict[str, Target], list[Diagnostic]]:
    found: dict[str, Target] = {}
    broken: list[Diagnostic] = []

    def add(origin: str, candidate: Target | None) -> None:
        if candidate is not None and candidate.name not in found:
            found[candidate.name] = candidate
        elif candidate is not None:
            broken.append(Diagnostic("target.broken", f"{origin}: a target `{candidate.name}` is there already"))

    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if info.name == "base":
            continue
        origin = f"{__name__}.{info.name}"
        try:
            add(origin, getattr(importlib.import_module(origin), "TARGET", None))
        except Exception as error:
            broken.append(Diagnostic("target.broken", f"{origin}: {type(error).__name__}: {error}"))
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            add(entry.value, entry.load())
        except Exception as error:
            broken.append(Diagnostic("target.broken", f"{entry.value}: {type(error).__name__}: {error}"))
    return found, broken
