"""Every number the judge decides by, and one digest over them for whoever stores verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class JudgeSettings:
    """The defaults are the settings that verdicts are given under; other values are for experiments.

    Shares are of written elements over the cases that may reject.
    """

    revision: int = 1  # of the rules themselves
    evidence_width: float = 0.01  # a bound above this share of the output's scale is no evidence
    least_evidence: float = 0.5  # share of written elements that must be evidence
    most_unstable: float = 0.01  # share on which the original may leave its own bound, or change with the schedule
    shadow_misfit: float = 0.01  # share of one buffer from which the shadow does not describe the original at all
    gross_doubt: float = 0.5  # share of the elements in doubt that may be plainly different
    gross_least: int = 16  # fewer elements in doubt say nothing
    most_between: float = 0.01  # without a bound: share between "as near as builds of the original" and "different"
    plain_near: float = 8.0  # without a bound: units of rounding that agree
    plain_far: float = 0.01  # without a bound: share of the scale that differs
    suspect_ratio: float = 64.0  # a rejected port whose errors stay below this many bounds is told apart in words

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


DEFAULT = JudgeSettings()
VERSION = DEFAULT.digest
