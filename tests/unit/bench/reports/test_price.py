from pathlib import Path

import pytest

from bench.measuring.measure import Figures
from bench.measuring.price import Measured, Price, Round
from bench.measuring.repetitions import repetitions_within
from bench.options import PARTS, QUICK, Options, chosen
from bench.reports.price import lines, table
from bench.systems.maskline import Deployment
from bench.systems.variants import AS_IT_IS, ENCRYPTED, UNSEALED, Variant, variants
from devstack.data_dir import DataDirectory
from devstack.processes import ServiceProcess

CPU_US = {"gateway": 100.0, "conversation": 300.0, "messaging": 500.0, "valkey": 100.0}
BESIDE = {"driver": 1e6, "carrier": 1e6}


def measured(factor: float) -> Measured:
    figures = Figures(
        accepted_per_second=1000.0 * factor,
        delivered_per_second=800.0 * factor,
        to_answer_ms=(2.0 * factor, 10.0 * factor),
        to_carrier_ms=(4.0 * factor, 20.0 * factor),
        cpu_us={name: used * factor for name, used in CPU_US.items()} | BESIDE,
    )
    return Measured(figures, figures)


def made(as_it_is: float, unsealed: float, encrypted: float) -> Round:
    factors = {AS_IT_IS: as_it_is, UNSEALED: unsealed, ENCRYPTED: encrypted}
    return {way: measured(factor) for way, factor in factors.items()}


def price(*repetitions: Round, redis_server: str = "/bin/redis-server") -> Price:
    return Price(
        redis_server, list(repetitions), {AS_IT_IS: 900.0, UNSEALED: 450.0, ENCRYPTED: 1800.0}
    )


def test_every_figure_is_with_encryption_against_without_it() -> None:
    result = lines(price(made(2.0, 1.0, 6.0)))
    assert len(result) == 12
    *figures, size = result
    assert {(line.at_rest.median, line.links.median) for line in figures} == {(2.0, 3.0)}
    assert (size.as_it_is, size.at_rest.median, size.links.median) == (900.0, 2.0, 2.0)
    [together] = [line.as_it_is for line in figures if line.name == "CPU us/text: together"]
    # Without the driver and the carrier.
    assert together == 2000.0


def test_ratios_are_taken_inside_rounds() -> None:
    """A machine that slows down by a hundred between two repetitions changes no ratio."""
    repetitions = [made(2.0, 1.0, 4.0), made(0.02, 0.01, 0.06), made(2.0, 1.0, 5.0)]
    accepted, *_ = lines(price(*repetitions))
    assert accepted.at_rest.median == pytest.approx(2.0)
    links = accepted.links
    assert (links.least, links.median, links.most) == pytest.approx((2.0, 2.5, 3.0))


def test_the_table_says_when_redis_was_not_encrypted() -> None:
    assert "NOT Redis" not in "\n".join(table(price(made(1, 1, 1))))
    without = table(price(made(1, 1, 1), redis_server=""))
    assert "NOT Redis" in "\n".join(without)
    assert without[-1].startswith("bytes a live conversation")


def processes(variant: Variant, folder: Path) -> dict[str, ServiceProcess]:
    deployment = Deployment(variant, DataDirectory(folder), "http://127.0.0.1:1")
    return {process.name: process for process in deployment.processes()}


def test_the_three_differ_in_what_is_encrypted_and_in_nothing_else(tmp_path: Path) -> None:
    as_it_is, unsealed, encrypted = (
        processes(variant, tmp_path / variant.name) for variant in variants("/bin/redis-server")
    )
    started = (as_it_is, unsealed, encrypted)
    modules = [variant["conversation_service"].command[-1] for variant in started]
    assert modules == ["conversation_service", "bench.systems.unsealed", "conversation_service"]
    servers = [variant["valkey"].command for variant in started]
    assert {command[0] for command in servers} == {"/bin/redis-server"}
    assert ["--tls-port" in command for command in servers] == [False, False, True]
    for variant in (as_it_is, unsealed):
        settings = {name for process in variant.values() for name in process.environment}
        assert not any(name.partition("_")[2].startswith("TLS_") for name in settings)
    for prefix in ("MESSAGING", "CONVERSATION"):
        environment = encrypted[f"{prefix.lower()}_service"].environment
        assert environment[f"{prefix}_REDIS_URL"].startswith("rediss://")
        for setting in ("TLS_CERTIFICATE_FILE", "TLS_CA_FILE", "REDIS_CA_FILE", "CALLERS_FILE"):
            assert Path(environment[f"{prefix}_{setting}"]).is_file()
    assert "GATEWAY_TLS_CERTIFICATE_FILE" in encrypted["gateway"].environment


def test_without_a_redis_server_with_tls_only_redis_is_not_encrypted(tmp_path: Path) -> None:
    _, _, encrypted = variants("")
    started = processes(encrypted, tmp_path)
    environment = started["conversation_service"].environment
    assert environment["CONVERSATION_REDIS_URL"].startswith("redis://")
    assert "CONVERSATION_REDIS_CA_FILE" not in environment
    assert "CONVERSATION_TLS_CA_FILE" in environment
    assert "--tls-port" not in started["valkey"].command


@pytest.mark.parametrize(
    ("seconds", "made"),
    # The longest round counts, not the last.
    [((10, 10, 10), [0, 1, 2]), ((40, 40, 40), [0, 1]), ((10, 50, 10), [0, 1]), ((60, 1, 1), [0])],
)
def test_no_round_starts_that_would_end_late(seconds: tuple[float, ...], made: list[int]) -> None:
    now = [0.0]

    def make(number: int) -> int:
        now[0] += seconds[number]
        return number

    assert repetitions_within(100, 3, make, lambda: now[0]) == made


def test_a_chosen_number_of_rounds_has_no_time_limit() -> None:
    assert chosen((), 7, is_quick=False).seconds_for_repetitions == float("inf")
    assert chosen((), 7, is_quick=False).repetitions == 7
    assert chosen((), None, is_quick=False) == Options()
    assert chosen((), None, is_quick=True) == QUICK
    assert Options().parts == PARTS
    assert chosen(("price",), None, is_quick=True).parts == ("price",)
