"""What the connector is told from outside: the environment and `.env`, read here and nowhere else.

Names begin with CONNECTOR_; with a profile they begin with CONNECTOR_<PROFILE>_ (several orgs on a machine).
What belongs to the machine rather than to one org (state, mappings, CA, logs) is taken from the plain name
when the profile does not set it; what opens an org never is. A secret NAME can be given as NAME_FILE instead.
Order: command line, environment, `.env` in the working folder, default.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connector.errors import ConfigurationError, Problem

PREFIX = "CONNECTOR_"
SECRETS = (
    "salesforce_client_secret",
    "salesforce_jwt_key",
    "salesforce_refresh_token",
    "alert_webhook",
    "alert_webhook_secret",
    "alert_mail_password",
)
OF_ONE_ORG = ("salesforce_", "account_engagement_")
LARGEST_SECRET = 65_536
LARGEST_PORT = 65_535

Flow = Literal["client_credentials", "jwt", "refresh_token"]
LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
Days = Annotated[int | None, Field(ge=1)]


@dataclass(frozen=True)
class SalesforceAccess:
    """What opens one org; complete for its `flow`. `prefix` begins the variables' names in messages."""

    url: str
    flow: Flow
    client_id: str
    client_secret: SecretStr | None
    username: str | None
    jwt_key: SecretStr | None
    refresh_token: SecretStr | None
    api_version: str
    prefix: str = PREFIX

    def variable(self, field: str) -> str:
        """The environment name of a field: client_secret → CONNECTOR_SALESFORCE_CLIENT_SECRET."""
        return f"{self.prefix}SALESFORCE_{field.upper()}"


@dataclass(frozen=True)
class AccountEngagementAccess:
    """Where Account Engagement answers, and the business units to read (at least one)."""

    url: str
    business_unit_ids: tuple[str, ...]
    prefix: str = PREFIX
    calls_at_once: int = 4
    """Calls of ours at one time in each business unit."""


class Settings(BaseSettings):
    """Every setting, checked and frozen; secrets show as stars wherever they are printed."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True, env_file_encoding="utf-8"
    )

    profile: str | None = None
    salesforce_url: str | None = None
    salesforce_auth: Flow | None = None
    salesforce_client_id: str | None = None
    salesforce_client_secret: SecretStr | None = None
    salesforce_client_secret_file: Path | None = None
    salesforce_username: str | None = None
    salesforce_jwt_key: SecretStr | None = None
    salesforce_jwt_key_file: Path | None = None
    salesforce_refresh_token: SecretStr | None = None
    salesforce_refresh_token_file: Path | None = None
    salesforce_api_version: str = "62.0"
    account_engagement_url: str = "https://pi.pardot.com"
    account_engagement_business_unit_ids: Annotated[tuple[str, ...], NoDecode] = ()
    account_engagement_time_zone: str | None = None
    account_engagement_calls_at_once: Annotated[int, Field(ge=1, le=5)] = 4
    api_day_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    api_day_reserve: Annotated[float, Field(ge=0, lt=1)] = 0.2
    api_day_calls: Annotated[int | None, Field(ge=1)] = None
    ca_file: Path | None = None
    state: Path = Path("state")
    mappings: Path | None = None
    companies: Path | None = None
    targets: Path | None = None
    writes: Literal["on", "off"] = "on"
    bulk_writes: Literal["on", "off"] = "on"
    keep_journal_days: Days = 365
    keep_landed_days: Days = 7
    keep_copies_days: Days = 90
    erase_vanished_days: Annotated[int, Field(ge=0)] = 0
    memory_mb: Annotated[int, Field(ge=128)] = 768
    evaluate_all_below: Annotated[int, Field(ge=0)] = 20_000
    health_address: str = "127.0.0.1:9464"
    alert_webhook: SecretStr | None = None
    alert_webhook_file: Path | None = None
    alert_webhook_secret: SecretStr | None = None
    alert_webhook_secret_file: Path | None = None
    alert_mail_to: Annotated[tuple[str, ...], NoDecode] = ()
    alert_mail_from: str | None = None
    alert_mail_server: str | None = None
    alert_mail_encryption: Literal["starttls", "tls", "none"] = "starttls"
    alert_mail_user: str | None = None
    alert_mail_password: SecretStr | None = None
    alert_mail_password_file: Path | None = None
    log_format: LogFormat = "auto"
    log_level: LogLevel = "warning"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the framework's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load_settings composes the sources, because a profile changes the prefix for some names only.
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        prefix = prefix_of(values.get("profile"))
        found = dict(values)
        for name in SECRETS:
            path = values.get(f"{name}_file")
            if path and values.get(name):
                variable = f"{prefix}{name.upper()}"
                msg = f"{variable} and {variable}_FILE are both set: keep one of them."
                raise ValueError(msg)
            if path:
                found[name] = _secret_in(Path(path), f"{prefix}{name.upper()}_FILE")
        return found

    @field_validator("salesforce_url", "account_engagement_url")
    @classmethod
    def _https_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        text = value.strip().rstrip("/")
        text = text if "://" in text else f"https://{text}"
        parts = urlsplit(text)
        if parts.scheme != "https" or not parts.hostname:
            msg = "must be a host name or begin with https:// (tokens never travel unencrypted)"
            raise ValueError(msg)
        return f"https://{parts.netloc}"

    @field_validator("salesforce_api_version")
    @classmethod
    def _version(cls, value: str) -> str:
        text = value.strip().lower().removeprefix("v")
        if not re.fullmatch(r"\d{2,3}(\.0)?", text):
            msg = "must be an API version such as 62.0"
            raise ValueError(msg)
        return text if text.endswith(".0") else f"{text}.0"

    @field_validator("account_engagement_business_unit_ids", "alert_mail_to", mode="before")
    @classmethod
    def _business_units(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("account_engagement_business_unit_ids")
    @classmethod
    def _business_unit_shape(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for unit in value:
            if not re.fullmatch(r"0Uv[A-Za-z0-9]{15}", unit):
                msg = (
                    f"holds {unit!r}, which is no business unit id: give 18 characters that begin with 0Uv "
                    "(Setup → Business Unit Setup), separated by commas"
                )
                raise ValueError(msg)
        return tuple(dict.fromkeys(value))

    @field_validator("alert_webhook")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value().strip() if value else "https://x")
        if not parts.hostname or not (parts.scheme == "https" or is_this_machine(parts.hostname)):
            msg = "must be an address that begins with https://"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _whole_mail(self) -> Settings:
        if self.alert_mail_to and not (self.alert_mail_from and self.alert_mail_server):
            msg = f"{self.prefix}ALERT_MAIL_TO is set: set {self.prefix}ALERT_MAIL_FROM and …_ALERT_MAIL_SERVER too."
            raise ValueError(msg)
        host = (self.alert_mail_server or "localhost").rpartition(":")[0] or self.alert_mail_server or "localhost"
        if self.alert_mail_encryption == "none" and not is_this_machine(host):
            msg = f"{self.prefix}ALERT_MAIL_ENCRYPTION is none: only a mail server on this machine is spoken to openly."
            raise ValueError(msg)
        return self

    @field_validator("alert_mail_server")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        found = re.fullmatch(r"[\w.-]+(:(\d{1,5}))?", value.strip()) if value else None
        if value and (found is None or int(found[2] or 0) > LARGEST_PORT):
            msg = "must be HOST or HOST:PORT, such as smtp.example.com:587"
            raise ValueError(msg)
        return value.strip() if value else None

    @field_validator("account_engagement_time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            msg = f"holds {value!r}, which is no time zone: give a name such as Asia/Tokyo"
            raise ValueError(msg)
        return value

    @field_validator("health_address")
    @classmethod
    def _address(cls, value: str) -> str:
        text = value.strip()
        if text.lower() == "off":
            return "off"
        found = re.fullmatch(r"[\w.-]+:(\d{1,5})", text)
        if found is None or int(found[1]) > LARGEST_PORT:
            msg = "must be HOST:PORT, such as 127.0.0.1:9464, or off"
            raise ValueError(msg)
        return text

    @field_validator("log_format", "log_level", "salesforce_auth", "writes", "bulk_writes", mode="before")
    @classmethod
    def _word(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("ca_file", "state", "mappings", "companies", "targets")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("ca_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            msg = f"names {value}, which is no file: give the PEM file of the certificate authority"
            raise ValueError(msg)
        return value

    @property
    def switch_folders(self) -> tuple[Path, ...]:
        """Where the switch that stops all writes may lie: a profile's folder, and the one that holds all profiles."""
        within = self.profile is not None and self.state.name == self.profile.lower()
        return (self.state, self.state.parent) if within else (self.state,)

    @property
    def prefix(self) -> str:
        """CONNECTOR_ or CONNECTOR_<PROFILE>_."""
        return prefix_of(self.profile)

    def salesforce(self) -> SalesforceAccess:
        """What opens the org. ConfigurationError names every variable that is missing for the chosen flow."""
        flow = self.salesforce_auth or self._configured_flow()
        needed = ("salesforce_url", "salesforce_client_id", *NEEDED[flow])
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise _missing(self.prefix, missing, flow)
        return SalesforceAccess(
            url=self.salesforce_url or "",
            flow=flow,
            client_id=self.salesforce_client_id or "",
            client_secret=self.salesforce_client_secret,
            username=self.salesforce_username,
            jwt_key=self.salesforce_jwt_key,
            refresh_token=self.salesforce_refresh_token,
            api_version=self.salesforce_api_version,
            prefix=self.prefix,
        )

    def account_engagement(self) -> AccountEngagementAccess | None:
        """Where Account Engagement is; None when no business unit is named."""
        units = self.account_engagement_business_unit_ids
        at_once = self.account_engagement_calls_at_once
        return AccountEngagementAccess(self.account_engagement_url, units, self.prefix, at_once) if units else None

    def _configured_flow(self) -> Flow:
        if self.salesforce_refresh_token:
            return "refresh_token"
        return "jwt" if self.salesforce_jwt_key else "client_credentials"


def is_this_machine(host: str) -> bool:
    """Whether a host name means this machine, by its name alone."""
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


NEEDED: Mapping[Flow, tuple[str, ...]] = {
    "client_credentials": ("salesforce_client_secret",),
    "jwt": ("salesforce_username", "salesforce_jwt_key"),
    "refresh_token": ("salesforce_refresh_token",),
}


def load_settings(profile: str | None, overrides: Mapping[str, str]) -> Settings:
    """All settings of a profile. `overrides` are the command line's words by field name (`state`, …).

    Raises ConfigurationError that names each variable, what is wrong with it, and what to do.
    """
    if profile is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", profile):
        raise ConfigurationError(f"The profile {profile!r} must be a word of letters, digits, - and _.")
    values = {**_values_for(profile), **{name: value for name, value in overrides.items() if value}}
    try:
        return Settings(**{**values, "profile": profile})
    except ValidationError as error:
        raise _refusal(prefix_of(profile), error) from None


def prefix_of(profile: str | None) -> str:
    """How the variables of a profile begin."""
    return f"{PREFIX}{profile.upper().replace('-', '_')}_" if profile else PREFIX


def _values_for(profile: str | None) -> dict[str, Any]:
    plain = _read(PREFIX)
    if profile is None:
        return plain
    shared = {name: value for name, value in plain.items() if not name.startswith(OF_ONE_ORG)}
    # Each profile keeps a store, a lock and a budget of its own.
    shared["state"] = str(Path(shared.get("state", "state")) / profile.lower())
    return {**shared, **_read(prefix_of(profile))}


def _read(prefix: str) -> dict[str, Any]:
    options: dict[str, Any] = {"env_prefix": prefix, "case_sensitive": False, "env_ignore_empty": True}
    known = set(Settings.model_fields) - {"profile"}
    found = {
        **DotEnvSettingsSource(Settings, env_file=".env", **options)(),
        **EnvSettingsSource(Settings, **options)(),
    }
    return {name: value for name, value in found.items() if name in known}


def _secret_in(path: Path, variable: str) -> str:
    try:
        text = path.expanduser().read_bytes()[: LARGEST_SECRET + 1].decode()
    except OSError as error:
        msg = f"{variable} names {path}, which cannot be read ({error.strerror}): give a readable file."
        raise ValueError(msg) from None
    except UnicodeDecodeError:
        msg = f"{variable} names {path}, which is not a text file: give the file that holds the secret."
        raise ValueError(msg) from None
    if not text.strip() or len(text) > LARGEST_SECRET:
        msg = f"{variable} names {path}, which is empty or too long: give the file that holds the secret."
        raise ValueError(msg)
    return text.strip()


def _missing(prefix: str, names: list[str], flow: Flow) -> ConfigurationError:
    variables = [f"{prefix}{name.upper()}" for name in names]
    problems = [Problem(variable, 0, 0, "is not set.", _nearest(variable)) for variable in variables]
    words = ", ".join(variables)
    hints = " ".join(problem.suggestion for problem in problems if problem.suggestion)
    sentence = (
        f"Not set: {words}. Signing in to Salesforce by {flow} needs it: set it in the environment or in "
        ".env (secrets also by the same name with _FILE)."
    )
    return ConfigurationError(f"{sentence} {hints}".strip(), problems)


def _nearest(variable: str) -> str | None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    strangers = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    near = difflib.get_close_matches(variable, strangers, n=1, cutoff=0.9)
    return f"{near[0]} is set, but is no setting: was {variable} meant?" if near else None


def _refusal(prefix: str, error: ValidationError) -> ConfigurationError:
    problems = []
    for detail in error.errors(include_url=False, include_context=False):
        sentence = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
        if detail["loc"]:
            variable = f"{prefix}{str(detail['loc'][0]).upper()}"
            problems.append(Problem(variable, 0, 0, f"{sentence}."))
        else:
            problems.append(Problem(sentence.split(" ", 1)[0], 0, 0, sentence.split(" ", 1)[1]))
    sentences = " ".join(f"{problem.file} {problem.sentence}" for problem in problems)
    return ConfigurationError(sentences, problems)
