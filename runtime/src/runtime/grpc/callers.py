"""The callers of a deployment, read from a TOML file: certificates and tokens, each with a role."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from runtime.reloading import ConfigFileError, ReloadingFile, read_bytes

# Stands for every pool, in the file and for requests that are not about a single pool.
EVERY_POOL = "*"

# A deployment has a handful of services and some dozens of clients.
CALLERS_LIMIT = 1000

# Names are logged, so that they have no form in which a phone number could be written with "+".
NAME = r"^[A-Za-z][A-Za-z0-9._-]{0,63}$"

# Enough to tell a deployment's callers apart.
DIGEST_CHARACTERS = 12

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a call."""

    role: str
    pools: frozenset[str] = frozenset()
    # For logs and limits; the entries of one program may share it.
    name: str = ""
    can_look_up_numbers: bool = False

    def has_pool(self, pool: str) -> bool:
        """Whether calls may be about this pool; with EVERY_POOL, about all of them."""
        return pool in self.pools or EVERY_POOL in self.pools


@dataclass(frozen=True, slots=True, repr=False)
class KnownCallers:
    """All callers of a deployment, by certificate name and by the SHA-256 of the token."""

    by_certificate: Mapping[str, Principal]
    by_token: Mapping[str, Principal]

    def find(self, certificate_names: Iterable[str], authorization: str | None) -> Principal | None:
        """The principal of a call; None if it is unknown. A token outranks the certificate."""
        if authorization is not None:
            token = authorization.removeprefix(_SCHEME)
            # By its hash: the time of the look-up reveals nothing about the token.
            principal = self.by_token.get(sha256(token.encode()).hexdigest())
            return principal if authorization.startswith(_SCHEME) else None
        known = (self.by_certificate.get(name) for name in certificate_names)
        return next((principal for principal in known if principal), None)


class _Caller(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    certificate: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    token_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    role: str
    pools: frozenset[str] = frozenset()
    name: Annotated[str, Field(pattern=NAME)] | None = None
    can_look_up_numbers: bool = False

    @model_validator(mode="after")
    def _has_one_credential(self) -> "_Caller":
        if (self.certificate is None) == (self.token_sha256 is None):
            raise ValueError("give either certificate or token_sha256")
        return self

    @property
    def credential(self) -> str | None:
        return self.certificate or self.token_sha256

    @property
    def principal(self) -> Principal:
        return Principal(self.role, self.pools, self._name, self.can_look_up_numbers)

    @property
    def _name(self) -> str:
        """Without a given name, a part of the hash of the credential: it may be public."""
        digest = self.token_sha256 or sha256((self.certificate or "").encode()).hexdigest()
        return self.name or f"caller-{digest[:DIGEST_CHARACTERS]}"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    callers: Annotated[list[_Caller], Field(min_length=1, max_length=CALLERS_LIMIT)]


def reloading_callers(path: Path, roles: Collection[str]) -> ReloadingFile[KnownCallers]:
    """The callers in the file, read again after it changed. Raises ConfigFileError."""
    return ReloadingFile([path], lambda: read_callers(path, roles))


def read_callers(path: Path, roles: Collection[str]) -> KnownCallers:
    """The callers in the file, each with one of the roles. Raises ConfigFileError."""
    try:
        callers = _File.model_validate(tomllib.loads(read_bytes(path).decode())).callers
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        raise ConfigFileError(f"{path}: {'; '.join(problems)}") from None
    except ValueError as error:
        # The messages of the libraries may repeat a part of the file.
        raise ConfigFileError(f"{path} cannot be read: {type(error).__name__}") from None
    _check(path, callers, roles)
    return KnownCallers(
        {caller.certificate: caller.principal for caller in callers if caller.certificate},
        {caller.token_sha256: caller.principal for caller in callers if caller.token_sha256},
    )


def _check(path: Path, callers: list[_Caller], roles: Collection[str]) -> None:
    credentials = [caller.credential for caller in callers]
    for index, caller in enumerate(callers):
        if caller.role not in roles:
            allowed = ", ".join(sorted(roles))
            raise ConfigFileError(f"{path}: callers.{index}.role: one of {allowed}")
        if credentials.index(caller.credential) != index:
            raise ConfigFileError(
                f"{path}: callers.{index}: has the same credential as another caller"
            )
