"""Projects, applications and accounts."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tokbox.emulator.store.database import PRIVATE_KEY, Store
from tokbox.emulator.store.keys import new_private_key, public_key_of, read_public_key
from tokbox.errors import InvalidInputError, ShortSecretWarning, warn_caller
from tokbox.exact import exact_text
from tokbox.secrecy import NoPickle, safe_repr
from tokbox.tokens.claims import check_project

__all__ = [
    "DEFAULT_ACCOUNT_KEY",
    "DEFAULT_ACCOUNT_SECRET",
    "DEFAULT_API_KEY",
    "DEFAULT_APPLICATION_ID",
    "DEFAULT_SECRET",
    "Account",
    "Accounts",
    "Application",
    "Project",
    "is_application",
]

#: The default project, application and account. The secrets are public by design: they are
#: valid only in a local emulator. They have 40 hexadecimal digits, as those of the service.
DEFAULT_API_KEY = "12345678"
DEFAULT_SECRET = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105
DEFAULT_APPLICATION_ID = "00000000-0000-4000-8000-000012345678"
DEFAULT_ACCOUNT_KEY = "87654321"
DEFAULT_ACCOUNT_SECRET = "fedcba9876543210fedcba9876543210fedcba98"  # noqa: S105

#: The minimum length of an HS256 key, in bytes (RFC 7518, 3.2).
_MIN_SECRET = 32
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@safe_repr
@dataclass(frozen=True, slots=True)
class Project(NoPickle):
    """A project (OpenTok environment); its secret is excluded from repr and pickling."""

    api_key: str
    secret: str = field(repr=False)
    account_key: str = ""
    status: str = "ACTIVE"
    name: str = ""
    environment: str = "standard"
    created_ms: int = 0

    @property
    def id(self) -> str:
        """The API key, which identifies the project in paths."""
        return self.api_key


@safe_repr
@dataclass(frozen=True, slots=True)
class Application:
    """An application (Vonage environment), which signs with its own private key."""

    application_id: str
    #: ``None`` until the key of the default application is generated.
    public_key: RSAPublicKey | None = field(repr=False)
    created_ms: int = 0

    @property
    def id(self) -> str:
        """The application ID, which identifies the application in paths."""
        return self.application_id


@safe_repr
@dataclass(frozen=True, slots=True)
class Account(NoPickle):
    """An account, which manages projects."""

    account_key: str
    secret: str = field(repr=False)

    @property
    def id(self) -> str:
        """The account key, which identifies the account in the request log."""
        return self.account_key


class Accounts:
    """The projects, applications and accounts that may make requests.

    They are given at the start or created by requests. Changes of a project by requests
    (its secret, its status) are stored; secrets that were given at the start are not.
    """

    def __init__(
        self,
        store: Store,
        projects: Mapping[str, str] | None = None,
        applications: Mapping[str, str | bytes | None] | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        """Validate keys and secrets as a signer does; use the defaults for those not given.

        Secrets that some SDKs refuse cause a :class:`ShortSecretWarning`. Raises
        :class:`InvalidInputError`. Neither contains a secret.
        """
        self._store = store
        if projects is None:
            projects = {DEFAULT_API_KEY: DEFAULT_SECRET}
        if not projects:
            raise InvalidInputError("projects", {}, "name at least one project", show=False)
        if accounts is None:
            accounts = {DEFAULT_ACCOUNT_KEY: DEFAULT_ACCOUNT_SECRET}
        self._secrets = _check_secrets(projects, "project")
        self._accounts = {
            key: Account(key, secret)
            for key, secret in _check_secrets(accounts, "account").items()
        }
        if applications is None:
            applications = {DEFAULT_APPLICATION_ID: None}
        #: True if the emulator generates the key of the default application.
        self._makes_key = applications.get(DEFAULT_APPLICATION_ID, "") is None
        self._keys: dict[str, RSAPublicKey | None] = {}
        for given_id, pem in applications.items():
            application_id = exact_text(given_id) or ""
            if not _UUID.fullmatch(application_id):
                raise InvalidInputError(
                    "applications", given_id, "name applications by a UUID"
                )
            if pem is None and application_id != DEFAULT_APPLICATION_ID:
                raise InvalidInputError("applications", application_id, "come with a key")
            self._keys[application_id] = (
                None if pem is None else read_public_key(pem, application_id)
            )

    def register(self, now_ms: int) -> None:
        """Insert the projects that were given at the start, unless they are stored."""
        self._store.setting("opened_ms", str(now_ms))
        owner = next(iter(self._accounts), "")
        for api_key in self._secrets:
            self._store.add_project(api_key, owner, now_ms)

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The API keys of all projects that are not deleted, oldest first."""
        rows = self._store.project_rows()
        return tuple(row["api_key"] for row in rows if self._project(row) is not None)

    @property
    def application_ids(self) -> tuple[str, ...]:
        """The IDs of all applications."""
        return tuple(self._keys)

    def find(self, project_id: str) -> Project | Application | None:
        """Find a project or an application."""
        if is_application(project_id):
            return self.application(project_id)
        return self.project(project_id)

    def account(self, account_key: str) -> Account | None:
        """Find an account."""
        return self._accounts.get(account_key)

    def project(self, api_key: str) -> Project | None:
        """Find a project that is not deleted."""
        row = self._store.project_row(api_key)
        return None if row is None else self._project(row)

    def projects_of(self, account: Account) -> list[Project]:
        """List the projects of an account, oldest first."""
        projects = map(self._project, self._store.project_rows())
        return [
            project
            for project in projects
            if project is not None and project.account_key == account.account_key
        ]

    def is_taken(self, key: str) -> bool:
        """Return whether a project, deleted or not, or an account has this key."""
        return key in self._accounts or self._store.project_row(key) is not None

    def save(self, project: Project) -> None:
        """Store a project that a request has created or changed.

        Its secret is stored only if it differs from the one given at the start.
        """
        given = self._secrets.get(project.api_key)
        kept = given is None or not hmac.compare_digest(
            project.secret.encode(), given.encode()
        )
        secret = project.secret if kept else None
        self._store.save_project({**asdict(project), "secret": secret})

    def _project(self, row: dict[str, Any]) -> Project | None:
        # A project without a stored secret was given at the start, perhaps at an earlier
        # one.
        secret = row["secret"] or self._secrets.get(row["api_key"])
        if secret is None or row["status"] == "DELETED":
            return None
        return Project(**{**row, "secret": secret})

    def application(self, application_id: str) -> Application | None:
        """Find an application."""
        if application_id not in self._keys:
            return None
        key = self._keys[application_id]
        if key is None and (pem := self._store.find_setting(PRIVATE_KEY)) is not None:
            key = self._keys[application_id] = public_key_of(pem)
        created_ms = int(self._store.setting("opened_ms", "0"))
        return Application(application_id, key, created_ms)

    def private_key(self) -> str:
        """Return the private key of the default application as PEM, generated once.

        Raises :class:`RuntimeError` if other applications were given: the emulator has only
        their public keys.
        """
        if not self._makes_key:
            raise RuntimeError("only the default application's private key is known")
        pem = self._store.find_setting(PRIVATE_KEY)
        return self._store.setting(PRIVATE_KEY, new_private_key()) if pem is None else pem


def is_application(project_id: str) -> bool:
    """Return True for an application ID (a UUID), False for an API key (a number)."""
    return not project_id.isdecimal()


def _check_secrets(secrets: Mapping[str, str], owner: str) -> dict[str, str]:
    """Validate keys and secrets; the error for an invalid secret contains its key."""
    checked = {}
    for key, secret in secrets.items():
        try:
            api_key, exact_secret = check_project(key, secret, owner=owner)
        except InvalidInputError as error:
            # Keys are validated first, so *key* is valid here and not a misplaced secret.
            if error.field == "secret":
                error._rule += f" (of {owner} {key})"
            raise
        checked[api_key] = exact_secret.decode()
        if len(exact_secret) < _MIN_SECRET:
            warn_caller(
                f"the secret of {owner} {api_key} has fewer than {_MIN_SECRET} bytes, the "
                "minimum for HS256 (RFC 7518, 3.2): OpenTok's SDKs for Java (jose4j) and "
                "PHP (php-jwt 7) will refuse it; use 40 hexadecimal digits, as secrets of "
                "the service have",
                ShortSecretWarning,
            )
    return checked
