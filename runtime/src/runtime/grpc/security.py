"""How a gRPC server lets callers in: encryption, and who may do what."""

from collections.abc import Collection
from dataclasses import dataclass

import grpc
import structlog

from runtime.grpc.authorization import AuthorizationInterceptor, Permissions
from runtime.grpc.callers import reloading_callers
from runtime.settings.server import ServerSettings
from runtime.tls import server_credentials

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServerSecurity:
    """What stands between a server and its callers."""

    credentials: grpc.ServerCredentials | None = None
    interceptors: tuple[grpc.aio.ServerInterceptor, ...] = ()
    serves_reflection: bool = False

    @property
    def tells_callers_apart(self) -> bool:
        """Whether only known callers get in."""
        return bool(self.interceptors)


INSECURE = ServerSecurity()


def server_security(
    settings: ServerSettings, rights: Permissions, roles: Collection[str], *, domain: str
) -> ServerSecurity:
    """The door that the settings ask for, with a warning where it stands open.

    `roles` are all that the file of callers may name. Raises UnusableFile.
    """
    files, callers_file = settings.tls_files, settings.callers_file
    credentials = None if files is None else server_credentials(files)
    if callers_file is None:
        log.warning("everybody_may_call", setting=settings.spelled("callers_file"))
        return ServerSecurity(credentials, (), settings.serves_reflection)
    callers = reloading_callers(callers_file, roles)
    guard = AuthorizationInterceptor(rights, callers.current, domain)
    return ServerSecurity(credentials, (guard,), settings.serves_reflection)
