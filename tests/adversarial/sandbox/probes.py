"""All probes, by what they are after."""

from __future__ import annotations

from tests.adversarial.sandbox.answers import ANSWERS
from tests.adversarial.sandbox.misusing import BOMBS, LEFT_OVER
from tests.adversarial.sandbox.probe import Probe
from tests.adversarial.sandbox.reaching import FILES, NETWORK, PROCESSES

GROUPS: dict[str, list[Probe]] = {
    "Network": NETWORK,
    "Files and devices": FILES,
    "Other processes and the kernel": PROCESSES,
    "Limits": BOMBS,
    "Left behind, started": LEFT_OVER,
    "Answers": ANSWERS,
}
ALL: list[Probe] = [probe for group in GROUPS.values() for probe in group]
