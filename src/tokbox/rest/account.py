"""The client of an account, which only manages projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokbox.lazy import set_module
from tokbox.rest.base import DEFAULT_URL, Client, option_classes
from tokbox.rest.http.auth import AccountAuth
from tokbox.rest.resources.projects import Projects
from tokbox.secrecy import strip_traceback
from tokbox.suggestions import refuse_unknown_options
from tokbox.tokens.claims import check_project
from tokbox.tokens.signer import Signer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.http.options import Options

__all__ = ["Account"]


@set_module("tokbox")
@strip_traceback
@refuse_unknown_options(option_classes)
class Account(Client):
    """Client of an OpenTok account, which manages its projects.

    *account_key* and *account_secret* are those of the account, not of a project. Options,
    errors, thread safety and ``close()`` are as in ``Tokbox``. For example, to create a
    project and use it::

        with Account(account_key, account_secret) as account:
            project = account.projects.create("rooms")
        tb = Tokbox(project.id, project.secret)

    Raises ``InvalidInputError`` for an invalid argument.
    """

    __slots__ = ()

    _level = "account"

    def __init__(
        self,
        account_key: str,
        account_secret: str,
        api_url: str = DEFAULT_URL,
        **options: Unpack[Options],
    ) -> None:
        fields = ("account_key", "account_secret")
        check_project(account_key, account_secret, fields, "account")
        signer = Signer(account_key, account_secret)
        self._assemble(signer, api_url, options)

    def _auth(self) -> AccountAuth:
        return AccountAuth(self.account_key, self._signer._jwt)

    @property
    def account_key(self) -> str:
        """Return the account's key."""
        return self._signer.project_id

    @property
    def projects(self) -> Projects:
        """The projects of the account."""
        return Projects(self._requester)

    def __repr__(self) -> str:
        return f"Account({self.account_key!r}, api_url={self.api_url!r})"
