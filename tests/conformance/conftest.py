"""The deployment under test: the one that the environment names, or one of this suite's own.

It ends with the last test of this folder, since idle processes take time from other tests.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from conformance.kit.client import Client
from conformance.kit.numbers import People
from conformance.kit.own_deployment import own_deployment
from conformance.kit.own_pool import OwnPool
from conformance.kit.simulator import Simulator
from conformance.kit.target import Target, given_target


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    given = given_target()
    if given is not None:
        yield given
        return
    with own_deployment(tmp_path_factory.mktemp("conformance")) as started:
        yield started


@pytest.fixture(scope="package")
def client(target: Target) -> Iterator[Client]:
    """A caller who may do everything."""
    with closing(Client(target, target.token)) as caller:
        yield caller


@pytest.fixture(scope="package")
def simulator(target: Target) -> Iterator[Simulator]:
    with closing(Simulator(target.simulator_url)) as carrier:
        yield carrier


@pytest.fixture(scope="package")
def _pool(client: Client, simulator: Simulator) -> Iterator[OwnPool]:
    people = People(client, taken=simulator.phones())
    pool = OwnPool(client, people)
    pool.prepare()
    yield pool
    people.opt_in_again()


@pytest.fixture
def own(_pool: OwnPool) -> Iterator[OwnPool]:
    """The suite's pool. What a case puts into `cleanup` is undone after it."""
    with ExitStack() as cleanup:
        _pool.cleanup = cleanup
        yield _pool
