"""When a model may be asked, and what a user is told to set."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from cuport.providers import Message, OpenAICompatible, ProviderFault, Reply, Scripted, configured, from_settings
from cuport.settings import Settings


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": "sk-1"}, False),  # somebody else's key; no model was named, so nothing is billed
        ({"CUPORT_MODEL": "m"}, False),
        ({"CUPORT_MODEL": " ", "OPENAI_API_KEY": "sk-1"}, False),
        ({"CUPORT_MODEL": "m", "OPENAI_API_KEY": "sk-1"}, True),
        ({"CUPORT_MODEL": "m", "OPENAI_BASE_URL": "http://localhost:8000/v1"}, True),
        ({"CUPORT_MODEL": "m", "CUPORT_BASE_URL": "http://localhost:8000/v1"}, True),
    ],
)
def test_configured(env, expected):
    assert configured(env) is expected


def test_options_win_over_the_environment():
    settings = Settings(model="chosen", base_url="http://chosen/v1", temperature=0.5, max_tokens=9, model_seed=3)
    provider = from_settings(
        settings, {"CUPORT_MODEL": "m", "OPENAI_BASE_URL": "http://other/v1", "OPENAI_API_KEY": "k"}
    )
    assert isinstance(provider, OpenAICompatible)
    e = provider.endpoint
    assert (e.model, e.base_url, e.temperature, e.max_tokens, e.seed, e.key) == (
        "chosen",
        "http://chosen/v1",
        0.5,
        9,
        3,
        "k",
    )


def test_what_is_missing_is_named():
    found = from_settings(None, {"OPENAI_API_KEY": "sk-1"})
    assert isinstance(found, ProviderFault) and "CUPORT_MODEL" in found.hint
    found = from_settings(None, {"CUPORT_MODEL": "m"})
    assert isinstance(found, ProviderFault) and "OPENAI_API_KEY" in found.hint and "OPENAI_BASE_URL" in found.hint


def test_a_script_is_read_in_order_and_ends():
    script = Scripted(["one", ProviderFault("refused", "no")])
    ask = [Message("user", "?")]
    assert script.complete(ask, deadline=time.monotonic()) == Reply("one", "scripted")
    assert isinstance(script.complete(ask, deadline=time.monotonic()), ProviderFault)
    last = script.complete(ask, deadline=time.monotonic())
    assert isinstance(last, ProviderFault) and last.kind == "exhausted"
    assert script.asked == [tuple(ask)] * 3


def test_importing_providers_does_not_import_the_client():
    program = "import sys, cuport.providers; sys.exit('openai' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
