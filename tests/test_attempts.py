"""Wrong tokens: how many are answered, from where, and that nobody with a right one is kept out."""

from __future__ import annotations

import logging
from dataclasses import replace
from ipaddress import ip_network

import pytest

from governance_console.attempts import KEPT, Attempts, Wait, network_of
from governance_console.limits import Bounds
from governance_console.settings import Settings
from tests.conftest import TOKEN
from tests.console import running
from tests.test_ingest import LENIENT, problem

BOUNDS = Bounds(failed_signins=3, failed_signin_sec=10, all_failed_signins=5, all_failed_signin_sec=2)
FEW = Bounds(failed_signins=3, failed_signin_sec=1000, all_failed_signins=8, all_failed_signin_sec=1000)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_address_may_fail_so_often_and_time_pays_it_back() -> None:
    clock = Clock()
    attempts = Attempts(BOUNDS, clock)
    assert [attempts.failed("192.0.2.1") for _ in range(3)] == [None, None, None]
    assert attempts.failed("192.0.2.1") == Wait(10.0, True)
    clock.now += 4
    assert attempts.failed("192.0.2.1") == Wait(6.0, False)  # asking again makes it no longer, and is told once
    assert attempts.failed("192.0.2.2") is None
    clock.now += 6
    assert attempts.failed("192.0.2.1") is None
    assert attempts.failed("192.0.2.1") == Wait(10.0, True)
    clock.now += 1000
    assert [attempts.failed("192.0.2.1") for _ in range(3)] == [None, None, None]


def test_over_all_addresses_there_is_a_bound_too() -> None:
    clock = Clock()
    attempts = Attempts(BOUNDS, clock)
    assert [attempts.failed(f"192.0.2.{number}") for number in range(5)] == [None] * 5
    assert attempts.failed("192.0.2.99") == Wait(2.0, True)
    assert attempts.failed("192.0.2.100") == Wait(2.0, False)
    clock.now += 2
    assert attempts.failed("192.0.2.100") is None


def test_what_is_kept_is_bounded_whatever_comes() -> None:
    clock = Clock()
    attempts = Attempts(replace(BOUNDS, all_failed_signins=10**9, all_failed_signin_sec=0.001), clock)
    for number in range(KEPT * 3):
        attempts.failed(f"10.0.{number // 256}.{number % 256}")
    assert len(attempts) == KEPT
    clock.now += 100
    attempts.failed("192.0.2.1")
    assert len(attempts) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_one_client_is_a_64_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("way", ["bearer", "session", "who", "metrics"])
async def test_guesses_are_refused_after_a_few_and_right_tokens_never(
    settings: Settings, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = replace(
        settings,
        operator_token=TOKEN,
        agent_tokens={"a": "agent-token"},
        metrics_token="metrics-token",
        trusted_proxies=(ip_network("127.0.0.1"),),
    )
    async with running(known, bounds=FEW) as console:

        async def guess(token: str, address: str) -> int:
            headers = {"X-Forwarded-For": address}
            match way:
                case "bearer":
                    answer = await console.post("/api/events", LENIENT, token=token, headers=headers)
                case "session":
                    answer = await console.post("/api/session", {"token": token}, headers=headers)
                case "who":
                    answer = await console.get("/api/session", token=token, headers=headers)
                case _:
                    answer = await console.get("/metrics", token=token, headers=headers)
            if answer.status == 429:
                assert 0 < int(answer.headers["Retry-After"]) <= 1000
                assert "wait" in problem(answer, 429)["detail"]
                assert token not in answer.text
            return answer.status

        wrong = 200 if way == "who" else 401
        assert [await guess("wrong", "192.0.2.1") for _ in range(5)] == [wrong, wrong, wrong, 429, 429]
        right = {"bearer": (TOKEN, "agent-token"), "metrics": ("metrics-token",)}.get(way, (TOKEN,))
        for token in right:
            assert await guess(token, "192.0.2.1") in (200, 201)
        assert [await guess("wrong", "2001:db8::1"), await guess("wrong", "2001:db8::2")] == [wrong, wrong]
        assert [await guess("wrong", f"2001:db8:{number}::1") for number in range(1, 5)] == [wrong, wrong, wrong, 429]
        for token in right:
            assert await guess(token, "2001:db8:ffff::1") in (200, 201)
        assert (await console.get("/healthz")).status == 200
        metrics = (await console.get("/metrics", token="metrics-token")).text
        assert "governance_failed_signins_total 11.0" in metrics
        assert 'governance_limited_total{limit="signins"} 3.0' in metrics
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [vars(record)["client"] for record in told] == ["192.0.2.1", "2001:db8:4::1"]
    assert "wrong" not in "".join(repr(vars(record)).replace("wrong tokens", "") for record in told)
