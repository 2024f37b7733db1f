"""Who may call, as a file says it: certificates and tokens, each with a role."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from runtime.reloading import ConfigFileError, ReloadingFile, read_bytes

# Stands for every pool, in the file and for requests that are about no single one.
EVERY_POOL = "*"

# A deployment has a handful of services, and clients by the dozen.
CALLERS_LIMIT = 1000

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a call."""

    role: str
    pools: frozenset[str] = frozenset()

    def has_pool(self, pool: str) -> bool:
        """Whether calls may be about this pool, or with EVERY_POOL about all of them."""
        return pool in self.pools or EVERY_POOL in self.pools


@dataclass(frozen=True, slots=True, repr=False)
class KnownCallers:
    """All callers of a deployment, by what they show."""

    by_certificate: Mapping[str, Principal]
    by_token: Mapping[str, Principal]

    def who(self, names: Iterable[str], authorization: str | None) -> Principal | None:
        """The caller with one of these certificate names; who shows a token is who it says."""
        if authorization is not None:
            token = authorization.removeprefix(_SCHEME)
            # Looked up by its hash: how long that takes tells nothing of the token.
            known = self.by_token.get(sha256(token.encode()).hexdigest())
            return known if authorization.startswith(_SCHEME) else None
        return next((self.by_certificate[one] for one in names if one in self.by_certificate), None)


class _Caller(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    certificate: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    token_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    role: str
    pools: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _shows_one_thing(self) -> "_Caller":
        if (self.certificate is None) == (self.token_sha256 is None):
            raise ValueError("give either certificate or token_sha256")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    callers: Annotated[list[_Caller], Field(min_length=1, max_length=CALLERS_LIMIT)]


def reloading_callers(path: Path, roles: Collection[str]) -> ReloadingFile[KnownCallers]:
    """The callers in the file, followed; raises UnusableFile."""
    return ReloadingFile([path], lambda: read_callers(path, roles))


def read_callers(path: Path, roles: Collection[str]) -> KnownCallers:
    """The callers in the file, each in one of the roles; raises UnusableFile."""
    try:
        listed = _File.model_validate(tomllib.loads(read_bytes(path).decode())).callers
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigFileError(f"{path}: {'; '.join(problems)}") from None
    except ValueError as error:
        # What the libraries say of a wrong file may repeat a part of it.
        raise ConfigFileError(f"{path} cannot be read: {type(error).__name__}") from None
    _check(path, listed, roles)
    return KnownCallers(
        {one.certificate: _principal(one) for one in listed if one.certificate},
        {one.token_sha256: _principal(one) for one in listed if one.token_sha256},
    )


def _check(path: Path, listed: list[_Caller], roles: Collection[str]) -> None:
    shown = [one.certificate or one.token_sha256 for one in listed]
    for number, one in enumerate(listed):
        if one.role not in roles:
            raise ConfigFileError(
                f"{path}: callers.{number}.role: one of {', '.join(sorted(roles))}"
            )
        if shown.index(shown[number]) != number:
            raise ConfigFileError(f"{path}: callers.{number}: shows what another caller shows")


def _principal(one: _Caller) -> Principal:
    return Principal(one.role, one.pools)
