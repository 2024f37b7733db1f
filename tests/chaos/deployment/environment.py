"""Settings and ports of the processes of a fault run."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

from chaos.deployment.tcp_proxy import LOOPBACK
from chaos.plan import limits
from chaos.plan.conversations import MASKED_NUMBERS, PHONES

from devstack.data_dir import DataDirectory

POOL = "main"
# Below the ports of outgoing connections: a killed process finds its own port again.
FIRST_PORT, LAST_PORT = 15_000, 30_000
OURS = ("GATEWAY_", "CONVERSATION_", "MESSAGING_", "SIMULATOR_")


def environment(folder: DataDirectory) -> dict[str, str]:
    """The settings of all services. Those of the shell are left out."""
    pools = folder.path / "pools.toml"
    numbers = ", ".join(f'"{number}"' for number in MASKED_NUMBERS)
    operator = 'operator_name = "Fault run"\ncontact = "help@example.org"\n'
    pools.write_text(f"[pools.{POOL}]\nmasked_numbers = [{numbers}]\n{operator}")
    shell = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return shell | {
        "SIMULATOR_NUMBERS": ",".join(MASKED_NUMBERS),
        "SIMULATOR_PHONES": ",".join(PHONES),
        "SIMULATOR_RESEND_INTERVAL_SECONDS": str(limits.RESEND_SECONDS),
        "MESSAGING_SEND_TIMEOUT_SECONDS": str(limits.SEND_TIMEOUT_SECONDS),
        "MESSAGING_UNKNOWN_LOOKUPS_SECONDS": ",".join(map(str, limits.LOOKUPS_SECONDS)),
        "MESSAGING_SMS_PER_SECOND": str(limits.SENDS_PER_SECOND),
        "MESSAGING_LOOKUPS_PER_SECOND": str(limits.LOOKUPS_PER_SECOND),
        "CONVERSATION_RECOVERY_INTERVAL_SECONDS": str(limits.RECOVERY_SECONDS),
        "CONVERSATION_POOLS_FILE": str(pools),
    }


def free_ports() -> Iterator[int]:
    """Ports on loopback that nothing listens on."""
    for port in random.sample(range(FIRST_PORT, LAST_PORT), LAST_PORT - FIRST_PORT):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            yield port
