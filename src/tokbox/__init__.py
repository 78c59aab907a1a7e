"""Sessions, signed tokens and archives for OpenTok / Vonage Video servers.

The public modules are :mod:`tokbox`, :mod:`tokbox.types`, :mod:`tokbox.errors`,
:mod:`tokbox.webhooks`, :mod:`tokbox.transport`, :mod:`tokbox.emulator` and
:mod:`tokbox.integrations`. Names are imported at their first use, so a program that only
signs tokens does not import HTTP.
"""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from tokbox import (
        emulator as emulator,
        errors as errors,
        integrations as integrations,
        transport as transport,
        types as types,
        webhooks as webhooks,
    )
    from tokbox.enums import (
        DAYS_30 as DAYS_30,
        HOURS_1 as HOURS_1,
        HOURS_2 as HOURS_2,
        HOURS_24 as HOURS_24,
        WEEKS_1 as WEEKS_1,
        ArchiveMode as ArchiveMode,
        MediaMode as MediaMode,
        OutputMode as OutputMode,
        Role as Role,
        StreamMode as StreamMode,
    )
    from tokbox.errors import (
        APIError as APIError,
        ArchiveStatusError as ArchiveStatusError,
        ArchivingNeedsMediaRouterWarning as ArchivingNeedsMediaRouterWarning,
        AuthenticationError as AuthenticationError,
        BadSignatureError as BadSignatureError,
        ClockSkewError as ClockSkewError,
        ClosedError as ClosedError,
        ConflictError as ConflictError,
        ConnectError as ConnectError,
        ExpiredTokenError as ExpiredTokenError,
        InsecureTransportWarning as InsecureTransportWarning,
        InvalidArrowError as InvalidArrowError,
        InvalidClaimsError as InvalidClaimsError,
        InvalidInputError as InvalidInputError,
        MalformedTokenError as MalformedTokenError,
        MalformedWebhookError as MalformedWebhookError,
        MissingDependencyError as MissingDependencyError,
        MissingKeyError as MissingKeyError,
        NotFoundError as NotFoundError,
        NotYetValidTokenError as NotYetValidTokenError,
        ProtocolError as ProtocolError,
        RateLimitError as RateLimitError,
        RequestTimeoutError as RequestTimeoutError,
        ServerError as ServerError,
        ShortSecretWarning as ShortSecretWarning,
        TLSError as TLSError,
        TokboxError as TokboxError,
        TokenError as TokenError,
        TransportError as TransportError,
        UnverifiedWebhookError as UnverifiedWebhookError,
        WebhookError as WebhookError,
        WrongAlgorithmError as WrongAlgorithmError,
        WrongClaimsError as WrongClaimsError,
        WrongKeyError as WrongKeyError,
        WrongPurposeError as WrongPurposeError,
        WrongSessionError as WrongSessionError,
    )
    from tokbox.rest.account import Account as Account
    from tokbox.rest.aio import AsyncAccount as AsyncAccount, AsyncTokbox as AsyncTokbox
    from tokbox.rest.client import Tokbox as Tokbox
    from tokbox.rest.resources.archives import (
        TranscriptionProperties as TranscriptionProperties,
    )
    from tokbox.rest.resources.audio_connectors import (
        AudioTransport as AudioTransport,
        WebSocket as WebSocket,
    )
    from tokbox.rest.resources.broadcasts import Hls as Hls, RtmpTarget as RtmpTarget
    from tokbox.rest.resources.layouts import Layout as Layout
    from tokbox.rest.resources.sip import SipAuth as SipAuth
    from tokbox.rest.resources.storage import (
        AzureStorage as AzureStorage,
        S3Storage as S3Storage,
    )
    from tokbox.rest.sessions import Session as Session
    from tokbox.tokens.derive import Derived as Derived
    from tokbox.tokens.rs256.keys import PrivateKey as PrivateKey, PublicKey as PublicKey
    from tokbox.tokens.signer import Signer as Signer
    from tokbox.tokens.token import Token as Token
    from tokbox.tokens.verification.verify import (
        decode as decode,
        decode_many as decode_many,
    )

    __version__: str
else:
    from tokbox.lazy import attach

    _HOMES = {
        "tokbox.enums": (
            "DAYS_30 HOURS_1 HOURS_2 HOURS_24 WEEKS_1 ArchiveMode MediaMode OutputMode "
            "Role StreamMode"
        ),
        "tokbox.errors": (
            "APIError ArchiveStatusError ArchivingNeedsMediaRouterWarning "
            "AuthenticationError BadSignatureError ClockSkewError ClosedError "
            "ConflictError ConnectError ExpiredTokenError InsecureTransportWarning "
            "InvalidArrowError InvalidClaimsError InvalidInputError "
            "MalformedTokenError MalformedWebhookError MissingDependencyError "
            "MissingKeyError NotFoundError NotYetValidTokenError ProtocolError "
            "RateLimitError RequestTimeoutError ServerError ShortSecretWarning TLSError "
            "TokboxError "
            "TokenError TransportError UnverifiedWebhookError WebhookError "
            "WrongAlgorithmError WrongClaimsError WrongKeyError WrongPurposeError "
            "WrongSessionError"
        ),
        "tokbox.rest.account": "Account",
        "tokbox.rest.aio": "AsyncAccount AsyncTokbox",
        "tokbox.rest.client": "Tokbox",
        "tokbox.rest.resources.archives": "TranscriptionProperties",
        "tokbox.rest.resources.audio_connectors": "AudioTransport WebSocket",
        "tokbox.rest.resources.broadcasts": "Hls RtmpTarget",
        "tokbox.rest.resources.layouts": "Layout",
        "tokbox.rest.resources.sip": "SipAuth",
        "tokbox.rest.resources.storage": "AzureStorage S3Storage",
        "tokbox.rest.sessions": "Session",
        "tokbox.tokens.derive": "Derived",
        "tokbox.tokens.rs256.keys": "PrivateKey PublicKey",
        "tokbox.tokens.signer": "Signer",
        "tokbox.tokens.token": "Token",
        "tokbox.tokens.verification.verify": "decode decode_many",
    }
    _get, __dir__, __all__ = attach(
        __name__, _HOMES, "emulator errors integrations transport types webhooks"
    )
    __all__ += ["__version__"]

    def __getattr__(name: str) -> object:
        if name != "__version__":
            return _get(name)
        from importlib.metadata import version

        return version("tokbox")
