"""Where ports run: the calling contract, and a process of their own that never sees an expected value."""

from __future__ import annotations


def best_tier() -> tuple[str, str]:
    """The best sandbox this machine offers, and what to do for a better one; see `cuport.sandbox.probe`."""
    from cuport.sandbox import probe

    return probe.best_tier()
