"""The real client against a real server on loopback: every way an endpoint can answer, and one that is none."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from tests.providers import server as s

from cuport.providers import Endpoint as Settings
from cuport.providers import Message, OpenAICompatible, ProviderFault, Reply
from cuport.providers.redact import redact

KEY = "sk-test-0123456789abcdefXYZ"
ASK = [Message("system", "Port kernels."), Message("user", "Port saxpy.")]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def serve() -> Iterator[object]:
    opened: list[s.Endpoint] = []

    def start(*behaviours: s.Behaviour) -> s.Endpoint:
        opened.append(s.Endpoint(behaviours).__enter__())
        return opened[-1]

    yield start
    for endpoint in opened:
        endpoint.__exit__()


def ask(endpoint: s.Endpoint | str, *, seconds: float = 30.0, retries: int = 0, **kw: object) -> Reply | ProviderFault:
    url = endpoint if isinstance(endpoint, str) else endpoint.url
    settings = Settings("tested-model", url, **{"key": KEY, "retries": retries, **kw})  # type: ignore[arg-type]
    answer = OpenAICompatible(settings).complete(ASK, deadline=time.monotonic() + seconds)
    assert KEY not in repr(answer)
    return answer


def fault(answer: Reply | ProviderFault, kind: str) -> ProviderFault:
    assert isinstance(answer, ProviderFault), answer
    assert answer.kind == kind, answer
    assert answer.diagnostic.code == f"llm.{kind}"
    assert answer.message and answer.hint, "a fault says what happened and what to do"
    assert "\n" not in answer.message and len(answer.message) < 600
    return answer


class TestGoodReply:
    def test_text_model_and_tokens(self, serve):
        answer = ask(serve(s.says("```python\npass\n```")))
        assert answer == Reply("```python\npass\n```", "tested-model-0613", 1200, 340)

    def test_what_is_sent(self, serve):
        endpoint = serve(s.says("ok"))
        ask(endpoint, temperature=0.0, seed=7, max_tokens=900)
        asked = endpoint.asked[0]
        assert asked.path == "/v1/chat/completions"
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert asked.body == {
            "model": "tested-model",
            "messages": [
                {"role": "system", "content": "Port kernels."},
                {"role": "user", "content": "Port saxpy."},
            ],
            "temperature": 0.0,
            "seed": 7,
            "max_tokens": 900,
        }

    def test_parameters_that_are_not_set_are_not_sent(self, serve):
        endpoint = serve(s.says("ok"))
        ask(endpoint)
        assert set(endpoint.asked[0].body) == {"model", "messages"}

    def test_a_server_without_a_key(self, serve):
        endpoint = serve(s.says("ok"))
        assert isinstance(ask(endpoint, key=""), Reply)

    def test_content_in_parts(self, serve):
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        assert ask(serve(s.document(s.completion(parts)))).text == "ab"  # type: ignore[arg-type]

    def test_json_under_another_content_type(self, serve):
        body = json.dumps(s.completion("ok")).encode()
        assert ask(serve(s.sends(body, "text/plain"))).text == "ok"

    @pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "12"}, {"prompt_tokens": -4}, [1], "many"])
    def test_usage_that_says_nothing_counts_as_nothing(self, serve, usage):
        assert ask(serve(s.document(s.completion("ok") | {"usage": usage}))).prompt_tokens == 0

    def test_lone_surrogates_do_not_reach_a_port(self, serve):
        answer = ask(serve(s.says("x = '\ud800'")))
        assert answer.text.encode("utf-8") == b"x = '?'"

    def test_it_works_inside_a_running_event_loop(self, serve):
        import asyncio

        endpoint = serve(s.says("ok"))

        async def inside() -> Reply | ProviderFault:
            return ask(endpoint)

        assert isinstance(asyncio.run(inside()), Reply)

    def test_threads_share_a_provider(self, serve):
        endpoint = serve(s.says("ok"))
        provider = OpenAICompatible(Settings("m", endpoint.url, KEY))
        answers: list[object] = []
        threads = [
            threading.Thread(target=lambda: answers.append(provider.complete(ASK, deadline=time.monotonic() + 30)))
            for _ in range(4)
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(answers) == 4 and all(isinstance(a, Reply) for a in answers)


class TestStatus:
    def test_401_names_the_variable(self, serve):
        found = fault(ask(serve(s.fails(401, f"Incorrect API key provided: {KEY}."))), "unauthorized")
        assert "401" in found.message and "Incorrect API key" in found.message
        assert "OPENAI_API_KEY" in found.hint

    def test_401_without_a_key_says_to_set_one(self, serve):
        assert fault(ask(serve(s.fails(401, "no key")), key=""), "unauthorized").hint.startswith("set OPENAI_API_KEY")

    def test_403(self, serve):
        assert "tested-model" in fault(ask(serve(s.fails(403, "not for you"))), "forbidden").hint

    def test_404_of_a_model(self, serve):
        found = fault(ask(serve(s.fails(404, "The model `tested-model` does not exist"))), "unknown-model")
        assert "CUPORT_MODEL" in found.hint

    def test_404_of_a_path(self, serve):
        without_v1 = serve(s.says("never")).url.removesuffix("/v1")
        assert "/v1" in fault(ask(without_v1), "not-found").hint

    def test_405_of_a_web_site(self, serve):
        page = s.sends(b"<html><body>405 Not Allowed</body></html>", "text/html", 405)
        found = fault(ask(serve(page)), "not-found")
        assert "/v1" in found.hint and "<" not in found.message

    def test_redirects_are_not_followed_with_the_key(self, serve):
        elsewhere = serve(s.says("stolen"))
        endpoint = serve(s.error(307, {}, Location=f"{elsewhere.url}/chat/completions"))
        fault(ask(endpoint), "not-found")
        assert not elsewhere.asked

    def test_400_of_a_parameter(self, serve):
        found = fault(ask(serve(s.fails(400, "Unsupported value: 'temperature'"))), "bad-request")
        assert "temperature" in found.message and "CUPORT_TEMPERATURE" in found.hint

    def test_400_of_a_prompt_that_is_too_long(self, serve):
        said = "This model's maximum context length is 4096 tokens"
        fault(ask(serve(s.fails(400, said, "context_length_exceeded"))), "context-length")

    def test_413(self, serve):
        fault(ask(serve(s.error(413, {"detail": "Payload Too Large"}))), "context-length")

    def test_the_token_limit_under_its_new_name(self, serve):
        refuses = s.fails(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        endpoint = serve(refuses, s.says("ok"))
        assert isinstance(ask(endpoint, max_tokens=900), Reply)
        assert endpoint.asked[1].body["max_completion_tokens"] == 900
        assert "max_tokens" not in endpoint.asked[1].body

    @pytest.mark.parametrize("status", [500, 502, 503, 529])
    def test_5xx(self, serve, status):
        found = fault(ask(serve(s.fails(status, "overloaded"))), "server-error")
        assert str(status) in found.message and "overloaded" in found.message

    def test_5xx_once_is_retried(self, serve):
        endpoint = serve(s.fails(500, "oops", retry_after="0.01"), s.says("ok"))
        assert isinstance(ask(endpoint, retries=1), Reply)
        assert len(endpoint.asked) == 2

    @pytest.mark.parametrize(
        "body",
        [
            {"error": "model is loading"},
            {"detail": "model is loading"},
            {"message": "model is loading"},
            {"error": {"message": {"detail": "model is loading"}}},
            {"detail": [{"msg": "model is loading"}]},
        ],
    )
    def test_the_words_of_servers_in_all_their_shapes(self, serve, body):
        assert "model is loading" in fault(ask(serve(s.error(503, body))), "server-error").message


class TestRateLimit:
    def test_429_then_an_answer_waits_as_told(self, serve):
        endpoint = serve(s.fails(429, "slow down", retry_after="0.3"), s.says("ok"))
        assert isinstance(ask(endpoint, retries=1), Reply)
        first, second = endpoint.asked
        assert second.at - first.at >= 0.3

    def test_429_without_retry_after_is_retried_too(self, serve):
        endpoint = serve(s.fails(429, "slow down"), s.says("ok"))
        assert isinstance(ask(endpoint, retries=1), Reply)

    def test_429_for_ever(self, serve):
        endpoint = serve(s.fails(429, "slow down", retry_after="0.01"))
        found = fault(ask(endpoint, retries=2), "rate-limited")
        assert len(endpoint.asked) == 3
        assert "slow down" in found.message

    @pytest.mark.parametrize("wait", ["50", formatdate(time.time() + 3600, usegmt=True)], ids=["seconds", "date"])
    def test_a_wait_past_the_deadline_is_not_slept(self, serve, wait):
        endpoint = serve(s.fails(429, "slow down", retry_after=wait), s.says("late"))
        fault(ask(endpoint, retries=2, seconds=20), "rate-limited")
        assert len(endpoint.asked) == 1

    def test_an_empty_account(self, serve):
        said = "You exceeded your current quota, please check your plan and billing details."
        assert "credit" in fault(ask(serve(s.fails(429, said, "insufficient_quota"))), "rate-limited").hint

    def test_the_deadline_inside_a_wait_still_says_429(self, serve):
        endpoint = serve(s.fails(429, "slow down"))  # the client's own backoff starts at half a second
        fault(ask(endpoint, retries=5, seconds=1.0), "rate-limited")


class TestConnection:
    def test_nobody_listens(self):
        found = fault(ask(f"http://127.0.0.1:{s.free_port()}/v1"), "unreachable")
        assert "OPENAI_BASE_URL" in found.hint and "127.0.0.1" in found.message

    def test_tls_to_a_server_without(self, serve):
        fault(ask(serve(s.says("ok")).url.replace("http:", "https:")), "unreachable")

    @pytest.mark.parametrize(
        "url", ["localhost:8000", "ftp://host/v1", "http://", "/v1", "http://[::1", "http://h:port/"]
    )
    def test_an_address_that_is_none(self, url):
        assert "http://" in fault(ask(url), "bad-url").hint

    @pytest.mark.parametrize("behaviour", [s.closes, s.resets, s.promises_more(b'{"choices": [')])
    def test_the_connection_breaks(self, serve, behaviour):
        fault(ask(serve(behaviour)), "cut-off")

    @pytest.mark.parametrize("behaviour", [s.closes, s.promises_more(b'{"choices": [')])
    def test_a_broken_connection_is_tried_again(self, serve, behaviour):
        endpoint = serve(behaviour, s.says("ok"))
        assert isinstance(ask(endpoint, retries=1), Reply)
        assert len(endpoint.asked) == 2

    @pytest.mark.parametrize("behaviour", [s.hangs, s.trickles])
    def test_the_deadline_holds(self, serve, behaviour):
        found = fault(ask(serve(behaviour), seconds=0.6, retries=2), "timeout")
        assert "CUPORT_MODEL_TIMEOUT" in found.hint

    def test_a_deadline_in_the_past_asks_nobody(self, serve):
        endpoint = serve(s.says("ok"))
        fault(ask(endpoint, seconds=-1), "timeout")
        assert not endpoint.asked

    def test_a_flood_is_stopped(self, serve):
        fault(ask(serve(s.floods)), "too-long")


class TestNoCompletion:
    def test_an_html_page(self, serve):
        page = s.sends(b"<!DOCTYPE html><html><title>Welcome</title></html>", "text/html")
        found = fault(ask(serve(page)), "garbage")
        assert "HTML" in found.message and "/v1" in found.hint

    @pytest.mark.parametrize("body", [b"OK", b"\xff\xfe\x00\x80", b"data: {}\n\n", b"{]", b"\x1b[31mred\x1b[0m"])
    def test_no_json(self, serve, body):
        found = fault(ask(serve(s.sends(body))), "garbage")
        assert found.message.isprintable()

    def test_nothing(self, serve):
        fault(ask(serve(s.sends(b""))), "garbage")

    def test_json_that_stops(self, serve):
        whole = json.dumps(s.completion("x" * 500)).encode()
        for cut in (len(whole) // 3, len(whole) // 2, len(whole) - 1):
            fault(ask(serve(s.sends(whole[:cut]))), "cut-off")

    @pytest.mark.parametrize("body", [b"[" * 200_000, b'{"choices":' + b"9" * 5000 + b"}"])
    def test_json_that_breaks_decoders(self, serve, body):
        assert ask(serve(s.sends(body))).kind in ("garbage", "cut-off")  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        "body",
        [
            [],
            None,
            "text",
            42,
            {},
            {"choices": None},
            {"choices": "x"},
            {"choices": [None]},
            {"choices": [{}]},
            {"choices": [{"message": []}]},
            {"choices": [{"message": {"content": 3}}]},
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}}]},
            {"object": "list", "data": []},
        ],
    )
    def test_json_that_is_no_completion(self, serve, body):
        fault(ask(serve(s.document(body))), "malformed")

    def test_no_choices(self, serve):
        fault(ask(serve(s.document(s.completion("") | {"choices": []}))), "empty")

    @pytest.mark.parametrize("text", ["", " \n\t", None])
    def test_no_text(self, serve, text):
        found = fault(ask(serve(s.says(text))), "empty")
        assert found.prompt_tokens == 1200, "it was paid for"

    def test_the_token_limit(self, serve):
        found = fault(ask(serve(s.says("```python\nimport jax", finish="length"))), "truncated")
        assert found.partial == "```python\nimport jax"
        assert "CUPORT_MAX_TOKENS" in found.hint and found.completion_tokens == 340

    def test_a_refusal(self, serve):
        found = fault(ask(serve(s.says(None, refusal="I can't help with that."))), "refused")
        assert "can't help" in found.message

    def test_a_content_filter(self, serve):
        fault(ask(serve(s.says("half an", finish="content_filter"))), "refused")

    def test_an_error_under_status_200(self, serve):
        fault(ask(serve(s.document({"error": {"message": "upstream died", "code": 502}}))), "server-error")
        fault(ask(serve(s.document({"error": {"message": "slow", "code": 429}}))), "rate-limited")


class TestKeys:
    def test_an_echoed_key_is_redacted_in_messages(self, serve):
        for status in (400, 401, 403, 404, 429, 500):
            found = ask(serve(s.echoes_the_key(status)))
            assert isinstance(found, ProviderFault)
            assert "0123456789abcdef" not in str(found.diagnostic)
            assert "[redacted]" in found.message

    def test_an_echoed_key_does_not_reach_a_port(self, serve):
        assert ask(serve(s.says(f"KEY = '{KEY}'"))).text == "KEY = '[redacted]'"

    def test_nor_a_truncated_reply_nor_a_model_name(self, serve):
        answer = ask(serve(s.document(s.completion(KEY, finish="length") | {"model": KEY})))
        assert KEY not in repr(answer) + answer.partial + answer.model  # type: ignore[union-attr]

    def test_no_log_holds_it(self, serve, caplog):
        caplog.set_level(logging.DEBUG)
        ask(serve(s.fails(429, KEY, retry_after="0.01"), s.fails(401, KEY)), retries=1)
        assert caplog.records and KEY not in caplog.text

    def test_no_repr_holds_it(self):
        settings = Settings("m", "http://user:secret-word@host/v1?key=abc", KEY)
        provider = OpenAICompatible(settings)
        assert KEY not in repr(settings) + repr(provider)
        assert "secret-word" not in repr(provider) and "abc" not in repr(provider)

    def test_a_password_in_the_address_is_not_shown(self):
        found = ask(f"http://user:secret-word@127.0.0.1:{s.free_port()}/v1?key=abcdefgh")
        assert isinstance(found, ProviderFault)
        assert "secret-word" not in repr(found) and "abcdefgh" not in repr(found)

    def test_a_short_placeholder_key_does_not_eat_the_reply(self, serve):
        assert ask(serve(s.says("none of these")), key="none").text == "none of these"

    @pytest.mark.parametrize("key", ["sk-line\nbreak-key", "sk-with space-key", "sk-ümlaut-key", "sk-\x1b[0m-key"])
    def test_a_key_that_no_header_can_carry(self, serve, key):
        endpoint = serve(s.says("ok"))
        found = fault(ask(endpoint, key=key), "unauthorized")
        assert "OPENAI_API_KEY" in found.hint and "-key" not in found.message
        assert not endpoint.asked

    def test_a_key_in_another_spelling(self):
        key = 'sk-"quoted"/and\\more'
        for spelt in (key, repr(key), json.dumps(key), "sk-%22quoted%22%2Fand%5Cmore", repr(key.encode())):
            assert "quoted" not in redact(f"header {spelt} is wrong", [key])
