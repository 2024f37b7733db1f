"""Typed, frozen settings, read from the environment once."""

import os
import sys
from pathlib import Path
from typing import Never, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

Settings = TypeVar("Settings", bound="ServiceSettings")

# EX_CONFIG of sysexits.h: the configuration is not valid, so restarting does not help.
EX_CONFIG = 78


class ServiceSettings(BaseSettings):
    """Base of the settings of a service.

    Instead of `NAME`, every setting may be given as `NAME_FILE`: the path of a file whose content
    is the value, without a final line break. Giving both is an error.
    """

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first (tests), then the environment, then the files it names."""
        return init_settings, env_settings, _NamedFiles(settings_cls)


class _NamedFiles(PydanticBaseSettingsSource):
    """Reads the files that `NAME_FILE` variables name."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        name = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path = os.environ.get(f"{name}_FILE")
        if path is None:
            return None, field_name, False
        if name in os.environ:
            raise SettingsError(f"{name} and {name}_FILE are both set; keep one of them")
        try:
            return Path(path).read_text().rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE cannot be read: {type(error).__name__}") from error

    def __call__(self) -> dict[str, str]:
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


def load_settings(settings: type[Settings]) -> Settings:
    """Reads the environment, or ends the process with one line for each problem.

    The lines name the settings, never their values.
    """
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        problems = [_describe(prefix, problem["loc"], problem["msg"]) for problem in error.errors()]
    except SettingsError as error:
        problems = [str(error)]
    return exit_with_error(*problems)


def exit_with_error(*problems: str) -> Never:
    """Ends the process because its configuration cannot be used, with one line per problem."""
    print("The settings are not usable:", *problems, sep="\n  ", file=sys.stderr)
    sys.exit(EX_CONFIG)


def _describe(prefix: str, location: tuple[int | str, ...], message: str) -> str:
    # The message of a validator of several settings names them itself.
    name = f"{prefix}{'.'.join(map(str, location))}".upper()
    return f"{name}: {message}" if location else message
