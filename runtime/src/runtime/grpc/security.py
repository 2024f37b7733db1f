"""Security of a gRPC server: TLS credentials and the authorization interceptor."""

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
    """TLS, interceptors and whether reflection is served."""

    credentials: grpc.ServerCredentials | None = None
    interceptors: tuple[grpc.aio.ServerInterceptor, ...] = ()
    serves_reflection: bool = False

    @property
    def authenticates(self) -> bool:
        """Whether only known callers are admitted."""
        return bool(self.interceptors)


INSECURE = ServerSecurity()


def server_security(
    settings: ServerSettings, permissions: Permissions, roles: Collection[str], *, domain: str
) -> ServerSecurity:
    """The security that the settings ask for. Logs a warning if anybody may call.

    The file of callers may name only these `roles`. Raises ConfigFileError.
    """
    files, callers_file = settings.tls_files, settings.callers_file
    credentials = None if files is None else server_credentials(files)
    if callers_file is None:
        log.warning("everybody_may_call", setting=settings.env_names("callers_file"))
        return ServerSecurity(credentials, (), settings.serves_reflection)
    callers = reloading_callers(callers_file, roles)
    authorization = AuthorizationInterceptor(permissions, callers.current, domain)
    return ServerSecurity(credentials, (authorization,), settings.serves_reflection)
