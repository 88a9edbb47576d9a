"""Every probe at the best tier of this machine, past the screen. blocked or contained; LEAKED fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adversarial.sandbox import probes
from tests.adversarial.sandbox.probe import Probe, run

from cuport.sandbox.confine import grade
from cuport.verdict import Status


@pytest.mark.parametrize("probe", probes.ALL, ids=lambda p: p.name)
def test_nothing_gets_out(probe: Probe, tmp_path: Path) -> None:
    trial = run(probe, tmp_path)
    if grade(trial.tier.split("+")) != "full":
        pytest.skip(f"the sandbox here is {trial.tier}")
    assert trial.result in ("blocked", "contained"), f"{trial.result} in {trial.tier}: {trial.why}"
    assert trial.verdict is not None and trial.verdict.status is not Status.ACCEPTED, trial.verdict
    for text in _foreign(trial):
        assert len(text) <= 2300, "foreign text is cut"
        assert all(c in "\n\t" or c.isprintable() for c in text), repr(text)


def _foreign(trial) -> list[str]:  # type: ignore[no-untyped-def]
    failures = [o.failure.message for o in trial.execution.outputs if o.failure is not None]
    said = [d.message for d in trial.verdict.diagnostics]
    return [*failures, *trial.execution.notes, trial.verdict.reason, *said]


def test_the_honest_port_is_accepted(tmp_path: Path) -> None:
    """Else that no probe is accepted would say nothing."""
    honest = Probe("honest", "pass", code="def scale(n, a, x):\n    x[:n] = a * x[:n] + 1\n")
    trial = run(honest, tmp_path)
    assert trial.verdict is not None and trial.verdict.status is Status.ACCEPTED, trial.verdict
    assert trial.leaks == []


def test_a_leak_would_be_seen(tmp_path: Path) -> None:
    """The same look around, where there is no wall and the port does what it wants."""
    bad = Probe("bad", "socket.create_connection(('127.0.0.1', WORLD['tcp']), 2); open(WORLD['open'] + '/new', 'w')")
    trial = run(bad, tmp_path, without=("namespaces", "bubblewrap", "landlock", "seccomp"))
    assert trial.result == "LEAKED" and "TCP" in trial.why and "/new" in trial.why


def test_there_are_enough_and_each_has_its_name() -> None:
    assert len({probe.name for probe in probes.ALL}) == len(probes.ALL) >= 60
