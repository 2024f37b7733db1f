import pytest

from bench.measuring.against_skeleton import MASKLINE, OTHER, SKELETON, SMS_PROXY, Measured
from bench.measuring.counts import Counts
from bench.measuring.encryption import Encryption
from bench.measuring.memory import Kind
from bench.measuring.results import Load, Results
from bench.measuring.run import Run
from bench.measuring.scale import FEW, MANY
from bench.measuring.stats import Spread
from bench.reports.comparison import ratios, side_by_side
from bench.reports.encryption import lines, table
from bench.reports.figures import Figure, bytes_of_a_text, change, of_hot_path, of_scale
from bench.systems.variants import AS_IT_IS, ENCRYPTED, UNSEALED


def run(factor: float) -> Run:
    """Two of its five processes, driver and carrier are not the system's own."""
    cpu = {"gateway": 100.0, "valkey": 20.0, "messaging": 80.0, "carrier": 77.0, "driver": 66.0}
    return Run(
        accepted_per_second=1000.0 * factor,
        delivered_per_second=200.0 * factor,
        to_answer_ms=[2.0 * factor, 10.0 * factor],
        to_carrier_ms=[4.0 * factor, 20.0 * factor],
        cpu_us={name: used * factor for name, used in cpu.items()},
        cores=1.5,
    )


def results(**factors: float) -> Results:
    """Every load of every system, with figures that grow with the system's factor."""
    made = Results()
    for system, factor in factors.items():
        for load in Load:
            made.add(system.replace("_", "-"), load, run(factor))
    return made


def measured(ours: float = 3.0, theirs: float = 1.5) -> Measured:
    made = Measured(results(maskline=ours, skeleton=1.0, sms_proxy=0.5, other_co=theirs))
    for name, factor in ((MASKLINE, ours), (OTHER, theirs)):
        made.conversation_bytes[name] = 300.0 * factor
        made.text_bytes[name] = [
            Kind("outbox", 100.0 * factor, 0.0, None),
            Kind("message", 50.0, 50.0, 72.0),
            Kind("ledger", 0.0, 600.0, 0.5),
        ]
        made.counts[name] = Counts(2.0 * factor, factor, 2.0)
    return made


def test_every_figure_of_the_targets_is_in_the_table() -> None:
    figures = {figure.name: figure.value.median for figure in of_hot_path(measured())}
    assert figures == pytest.approx(
        {
            "inbound callbacks/s against the skeleton": 3.0,
            "delivered/s against the skeleton": 3.0,
            "accepted/s with a 100 ms carrier against a fast one": 1.0,
            "accepted/s against sms-proxy": 6.0,
            "delivered/s against sms-proxy": 6.0,
            "p50 to 200, half of the skeleton's rate, against it": 3.0,
            "p99 to 200, half of the skeleton's rate, against it": 3.0,
            "p99 to carrier, half of the skeleton's rate, against it": 3.0,
            # Without the driver and the carrier.
            "CPU us a text, burst": 600.0,
            "CPU us a text, inbound only": 600.0,
            "Redis round trips a text": 6.0,
            "fsyncs a text": 3.0,
            "gRPC calls a text": 2.0,
            # Without the ledger, which is the messaging service's.
            "bytes a text under way": 350.0,
            "bytes a live conversation": 900.0,
        }
    )
    assert len(of_scale(results(**{"few-live": 1.0, "all-live": 1.0}), 10)) == 2


@pytest.mark.parametrize(
    ("value", "at_most", "reached"),
    [(2.5, False, "aim"), (2.0, False, "must"), (1.99, False, "NO"),
     (1.0, True, "aim"), (1.2, True, "must"), (1.21, True, "NO")],
)  # fmt: skip
def test_a_target_is_reached_from_its_own_side(value: float, at_most: bool, reached: str) -> None:
    must, aim = (1.2, 1.0) if at_most else (2.0, 2.5)
    figure = Figure("figure", Spread.of([value]), must, aim, at_most=at_most)
    assert str(figure).split()[-1] == figure.reached == reached


def test_the_median_decides_and_the_range_is_shown() -> None:
    text = str(Figure("figure", Spread.of([1.0, 3.0, 5.0]), 3.0, 4.0))
    assert "3.00  (1.00 .. 5.00)" in text
    assert text.endswith("must")


def test_two_checkouts_are_compared_in_every_figure() -> None:
    everything = ratios(measured().results, [(MASKLINE, OTHER)])
    one = {"cores in use", "CPU us/text, conversation"}
    assert {
        spread.median for name, [spread] in everything if name.partition(": ")[2] not in one
    } == {2.0}
    # Each load with its CPU time, by process and together.
    assert [name for name, _ in everything if name.startswith(Load.INBOUND)] == [
        f"inbound only: {name}"
        for name in ("accepted/s", *(f"CPU us/text, {role}" for role in
                     ("gateway", "conversation", "messaging", "valkey", "together")),
                     "cores in use")
    ]  # fmt: skip
    counted = "\n".join(change(measured()))
    assert "Redis round trips a text" in counted
    assert "bytes a live conversation" in counted


def test_what_was_not_measured_is_left_empty() -> None:
    made = results(maskline=1.0)
    made.add(SMS_PROXY, Load.BURST, run(2.0))
    table_lines = side_by_side(made, [MASKLINE, SMS_PROXY])
    [burst] = [line for line in table_lines if line.startswith("burst: accepted/s")]
    [inbound] = [line for line in table_lines if line.startswith("inbound only: accepted/s")]
    assert burst.split()[-2:] == ["1000.0", "2000.0"]
    assert inbound.split()[-1] == "1000.0"


def test_bytes_are_shown_with_their_expiry() -> None:
    _, outbox, message, ledger = bytes_of_a_text(measured())
    assert outbox.split()[:4] == ["outbox", "300", "0", "-"]
    assert message.split() == ["message", "50", "50", "72", "h"]
    assert ledger.endswith("less than 1 h")


def encryption(redis_server: str) -> Encryption:
    factors = {AS_IT_IS: 2.0, UNSEALED: 1.0, ENCRYPTED: 6.0}
    sizes = {name: 450.0 * factor for name, factor in factors.items()}
    return Encryption(redis_server, results(**factors), sizes)


def test_every_figure_is_with_encryption_against_without_it() -> None:
    constant = ("cores in use", "conversation")
    assert {
        tuple(spread.median for spread in spreads)
        for name, spreads in lines(encryption("/bin/redis-server"))
        if not name.endswith(constant) or name == "bytes a live conversation"
    } == {(2.0, 3.0)}


def test_the_table_says_when_redis_was_not_encrypted() -> None:
    assert "NOT Redis" not in "\n".join(table(encryption("/bin/redis-server")))
    without = table(encryption(""))
    assert "NOT Redis" in "\n".join(without)
    assert without[-1].startswith("bytes a live conversation")


def test_the_names_of_compared_deployments_have_one_length() -> None:
    """They are a part of every body."""
    for names in ((MASKLINE, OTHER, SKELETON), (FEW, MANY), (AS_IT_IS, UNSEALED, ENCRYPTED)):
        assert len({len(name) for name in names}) == 1
