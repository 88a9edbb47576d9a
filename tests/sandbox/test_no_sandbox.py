"""Where no sandbox holds, nothing runs unless the user says so."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from tests.cli.programs import SCALE as PROGRAM
from tests.sandbox.launches import SCALE, scale_case

from cuport import doctor
from cuport.cli.main import cli
from cuport.diagnostic import CuportError
from cuport.sandbox import linux, probe, tiers
from cuport.sandbox.confine import grade
from cuport.sandbox.launch import build, execute
from cuport.settings import load

GOOD = "def scale(x, out, n):\n    out[:n] = 2 * x[:n]\n"
ALL = ("bubblewrap", "namespaces", "landlock", "seccomp")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a sandbox")


@pytest.mark.parametrize(
    ("walls", "expected"),
    [
        ("user namespaces landlock seccomp rlimits", "full"),
        ("bubblewrap landlock seccomp rlimits", "full"),
        ("landlock seccomp rlimits", "reduced"),
        ("bubblewrap seccomp rlimits", "reduced"),
        ("namespaces seccomp rlimits", "none"),
        ("namespaces landlock rlimits", "none"),
        ("user rlimits", "none"),
        ("process rlimits", "none"),
        ("not started", "none"),
    ],
)
def test_grades(walls: str, expected: str) -> None:
    assert grade(walls.split()) == expected


@LINUX
@pytest.mark.parametrize("without", [ALL, ("landlock", "bubblewrap"), ("seccomp",)])
def test_a_port_is_not_even_loaded(numpy_target: SimpleNamespace, without: tuple[str, ...]) -> None:
    code = "raise ValueError('it was loaded')\n"
    for go in (execute, build):
        with pytest.raises(CuportError) as caught:
            go(numpy_target, code, SCALE, [scale_case(3)], without=without)
        (said,) = caught.value.diagnostics
        assert said.code == "sandbox.none" and "does not hold" in said.message and "loaded" not in said.message
        assert "--unsafe-no-sandbox" in said.hint and "doctor" in said.hint


@LINUX
def test_the_user_may_say_so_and_the_evidence_tells(numpy_target: SimpleNamespace) -> None:
    execution = execute(numpy_target, GOOD, SCALE, [scale_case(3)], without=ALL, unsafe=True)
    assert execution.outputs[0].failure is None
    assert grade(execution.sandbox.split("+")) == "none"


@pytest.mark.parametrize("command", ["translate", "verify"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_commands_refuse_before_they_begin(
    command: str, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prog.cu").write_text(PROGRAM)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(linux, "landlock_abi", lambda: 0)
    monkeypatch.setattr(tiers, "best_tier", lambda: ("process+rlimits", ""))
    result = CliRunner().invoke(cli, [command, str(tmp_path / "prog.cu")])
    assert isinstance(result.exception, CuportError)
    (said,) = result.exception.diagnostics
    assert said.code == "sandbox.none" and "--unsafe-no-sandbox" in said.hint
    assert ("does not hold" if platform == "linux" else f"no sandbox for {platform} yet") in said.message
    assert list(tmp_path.iterdir()) == [tmp_path / "prog.cu"]


def test_the_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "best_tier", lambda: ("process+rlimits", tiers.advice([])))
    found = doctor._sandbox()
    assert found.state == "missing" and "refuse" in found.detail
    assert "bubblewrap" in found.advice and "Landlock" in found.advice and "--unsafe-no-sandbox" in found.advice


def test_other_systems_have_no_tier_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    tier, advice = probe.best_tier()
    assert tier == "none" and "darwin" in advice


def test_a_projects_own_file_cannot_switch_the_sandbox_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUPORT_UNSAFE_NO_SANDBOX", raising=False)
    (tmp_path / "cuport.toml").write_text("seed = 1\nunsafe-no-sandbox = true\n")
    with pytest.raises(CuportError) as caught:
        load(tmp_path)
    assert caught.value.diagnostics[0].code == "settings.unsafe"
    assert caught.value.diagnostics[0].span is not None and caught.value.diagnostics[0].span.line == 2
    (tmp_path / "cuport.toml").write_text("seed = 1\n")
    assert load(tmp_path, unsafe_no_sandbox=True).unsafe_no_sandbox
    assert not load(tmp_path).unsafe_no_sandbox
