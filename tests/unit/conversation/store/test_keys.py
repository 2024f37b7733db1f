"""Every Redis key is in its pool's slot, and no two are the same."""

import inspect

from redis.crc import key_slot

from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import KeyParts, Keys, parse_key


def spelled(keys: Keys | DeploymentKeys, about: str) -> dict[str, str]:
    """Every key by its name in the code; `about` is every argument of those that take any."""
    keys_by_name = {}
    for name, member in vars(type(keys)).items():
        if isinstance(member, property):
            keys_by_name[name] = getattr(keys, name)
        elif inspect.isfunction(member) and not name.startswith("_"):
            arguments = len(inspect.signature(member).parameters) - 1
            keys_by_name[name] = member(keys, *[about] * arguments)
    return keys_by_name


def slots(keys: Keys | DeploymentKeys) -> set[int]:
    return {key_slot(key.encode()) for key in spelled(keys, "x").values()}


def test_all_keys_of_a_pool_are_in_one_slot_and_those_of_the_deployment_in_another() -> None:
    for keys in (Keys("main"), Keys("other"), DeploymentKeys()):
        assert len(slots(keys)) == 1
    assert len(slots(Keys("main")) | slots(Keys("other")) | slots(DeploymentKeys())) == 3


def test_no_two_keys_are_the_same() -> None:
    pools = (Keys("main"), Keys("other"), DeploymentKeys())
    every = [key for keys in pools for key in spelled(keys, "x").values()]
    assert len(set(every)) == len(every) > 2 * 20
    for keys in pools:
        first, second = spelled(keys, "x"), spelled(keys, "y")
        different = {name for name in first if first[name] != second[name]}
        properties = {name for name in first if isinstance(getattr(type(keys), name), property)}
        assert different == set(first) - properties


def test_every_key_begins_with_its_pool_and_version() -> None:
    assert all(key.startswith("ml1:{main}:") for key in spelled(Keys("main"), "x").values())
    shared = spelled(DeploymentKeys(), "x").values()
    assert all(key.startswith("ml1:{deployment/}:") for key in shared)


def test_a_redis_key_is_parsed_into_its_pool_and_kind() -> None:
    keys = Keys("main")
    assert parse_key(keys.settings) == KeyParts("main", "settings")
    assert parse_key(keys.conversation("c:1\n2")) == KeyParts("main", "conversation")
    assert parse_key(keys.dead_letter_request("x")).kind != parse_key(keys.dead).kind
    assert parse_key(DeploymentKeys().blind_index_key) == KeyParts("deployment/", "blind-index-key")
    assert parse_key("maskline:v1:messaging:{x}:message") == parse_key("else") == KeyParts("", "")
