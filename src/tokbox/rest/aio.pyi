# Made by tools/async_stub.py of the classes that it names; not edited by hand.
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, BinaryIO, Literal, TextIO

from typing_extensions import Self, Unpack

from tokbox._memory import MemoryPool
from tokbox.enums import ArchiveMode, MediaMode, OutputMode, Role
from tokbox.literals import (
    ArchiveModeName,
    CallbackEvent,
    CallbackGroup,
    LayoutName,
    MediaModeName,
    OutputModeName,
    ProjectStatusName,
    RequestMethod,
    Resolution,
    RoleName,
    ScreenshareLayoutName,
    StorageFallback,
    TokenKind,
)
from tokbox.response_enums import ProjectStatus
from tokbox.rest.http.options import Limits, Options
from tokbox.rest.models.page import Page
from tokbox.rest.raw import APIResponse
from tokbox.rest.resources.archive_types import Archive
from tokbox.rest.resources.archives import TranscriptionProperties
from tokbox.rest.resources.audio_connectors import AudioConnector, WebSocket
from tokbox.rest.resources.broadcast_types import Broadcast
from tokbox.rest.resources.broadcasts import Hls, RtmpTarget
from tokbox.rest.resources.callbacks import Callback
from tokbox.rest.resources.captions import Captions
from tokbox.rest.resources.compositions import Composition
from tokbox.rest.resources.connections import Connection
from tokbox.rest.resources.layouts import Layout
from tokbox.rest.resources.projects import Project
from tokbox.rest.resources.renders import Render
from tokbox.rest.resources.sip import SipAuth, SipCall
from tokbox.rest.resources.storage import AzureStorage, S3Storage
from tokbox.rest.resources.streams import Stream
from tokbox.rest.session_options import (
    ArchiveOptions,
    BroadcastOptions,
    CallOptions,
    CaptionsOptions,
    ClientOptions,
    DialOptions,
    MuteOptions,
    RenderOptions,
    SignalOptions,
    TokenOptions,
)
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.columns import ArrowArray, ArrowStream
from tokbox.tokens.derive import Derived
from tokbox.tokens.findings import Verification
from tokbox.tokens.row_columns import Column, RoleColumn
from tokbox.tokens.rsa import PrivateKeySource
from tokbox.tokens.token import Token
from tokbox.typed import overload

class AsyncArchives:
    async def start(
        self,
        session_id: str,
        *,
        name: str | None = ...,
        output_mode: OutputMode | OutputModeName = ...,
        multi_archive_tag: str | None = ...,
        quantization_parameter: int | None = ...,
        has_transcription: bool = ...,
        transcription_properties: TranscriptionProperties | None = ...,
        timeout: float | None = ...,
        **composition: Unpack[Composition],
    ) -> Archive: ...
    async def stop(self, id: str, /, *, timeout: float | None = ...) -> Archive: ...
    async def delete(self, id: str, /, *, timeout: float | None = ...) -> None: ...
    async def set_storage(
        self,
        target: S3Storage | AzureStorage,
        *,
        fallback: StorageFallback | None = ...,
        certificate: str | None = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def delete_storage(self, *, timeout: float | None = ...) -> None: ...
    async def list(
        self,
        session_id: str | None = ...,
        *,
        offset: int = ...,
        count: int | None = ...,
        timeout: float | None = ...,
    ) -> Page[Archive]: ...
    def iter(
        self,
        session_id: str | None = ...,
        *,
        page_size: int = ...,
        timeout: float | None = ...,
    ) -> AsyncIterator[Archive]: ...
    async def set_layout(
        self,
        id: str,
        /,
        layout: Layout | LayoutName | None = ...,
        *,
        stylesheet: str | None = ...,
        screenshare_type: ScreenshareLayoutName | None = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def add_stream(
        self,
        id: str,
        /,
        stream_id: str,
        *,
        has_audio: bool = ...,
        has_video: bool = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def remove_stream(
        self, id: str, /, stream_id: str, *, timeout: float | None = ...
    ) -> None: ...
    async def get(self, id: str, /, *, timeout: float | None = ...) -> Archive: ...

class AsyncAudioConnectors:
    async def start(
        self,
        session_id: str,
        websocket: WebSocket | str,
        *,
        token: str | None = ...,
        timeout: float | None = ...,
    ) -> AudioConnector: ...
    async def stop(self, id: str, /, *, timeout: float | None = ...) -> None: ...

class AsyncBroadcasts:
    async def start(
        self,
        session_id: str,
        *,
        hls: Hls | bool = ...,
        rtmp: RtmpTarget | Sequence[RtmpTarget] = ...,
        max_duration: int | None = ...,
        multi_broadcast_tag: str | None = ...,
        timeout: float | None = ...,
        **composition: Unpack[Composition],
    ) -> Broadcast: ...
    async def stop(self, id: str, /, *, timeout: float | None = ...) -> Broadcast: ...
    async def list(
        self,
        session_id: str | None = ...,
        *,
        offset: int = ...,
        count: int | None = ...,
        timeout: float | None = ...,
    ) -> Page[Broadcast]: ...
    def iter(
        self,
        session_id: str | None = ...,
        *,
        page_size: int = ...,
        timeout: float | None = ...,
    ) -> AsyncIterator[Broadcast]: ...
    async def set_layout(
        self,
        id: str,
        /,
        layout: Layout | LayoutName | None = ...,
        *,
        stylesheet: str | None = ...,
        screenshare_type: ScreenshareLayoutName | None = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def add_stream(
        self,
        id: str,
        /,
        stream_id: str,
        *,
        has_audio: bool = ...,
        has_video: bool = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def remove_stream(
        self, id: str, /, stream_id: str, *, timeout: float | None = ...
    ) -> None: ...
    async def get(self, id: str, /, *, timeout: float | None = ...) -> Broadcast: ...

class AsyncCallbacks:
    async def create(
        self,
        group: CallbackGroup,
        event: CallbackEvent,
        url: str,
        *,
        timeout: float | None = ...,
    ) -> Callback: ...
    async def list(self, *, timeout: float | None = ...) -> Page[Callback]: ...
    def iter(self, *, timeout: float | None = ...) -> AsyncIterator[Callback]: ...
    async def delete(self, id: str, /, *, timeout: float | None = ...) -> None: ...

class AsyncConnections:
    async def list(
        self, session_id: str, *, timeout: float | None = ...
    ) -> Page[Connection]: ...
    def iter(
        self, session_id: str, *, timeout: float | None = ...
    ) -> AsyncIterator[Connection]: ...

class AsyncLiveCaptions:
    async def start(
        self,
        session_id: str,
        *,
        token: str | None = ...,
        language_code: str | None = ...,
        max_duration: int | None = ...,
        partial_captions: bool | None = ...,
        status_callback_url: str | None = ...,
        timeout: float | None = ...,
    ) -> Captions: ...
    async def stop(self, id: str, /, *, timeout: float | None = ...) -> None: ...
    async def get(self, id: str, /, *, timeout: float | None = ...) -> Captions: ...

class AsyncModeration:
    async def disconnect(
        self, session_id: str, connection_id: str, *, timeout: float | None = ...
    ) -> None: ...
    async def mute_stream(
        self, session_id: str, stream_id: str, *, timeout: float | None = ...
    ) -> None: ...
    async def mute_all(
        self,
        session_id: str,
        *,
        excluded_stream_ids: Iterable[str] = ...,
        timeout: float | None = ...,
    ) -> None: ...
    async def unmute_all(self, session_id: str, *, timeout: float | None = ...) -> None: ...

class AsyncProjects:
    async def create(
        self,
        name: str | None = ...,
        *,
        environment_id: str | None = ...,
        timeout: float | None = ...,
    ) -> Project: ...
    async def list(self, *, timeout: float | None = ...) -> Page[Project]: ...
    def iter(self, *, timeout: float | None = ...) -> AsyncIterator[Project]: ...
    async def set_status(
        self,
        id: str,
        /,
        status: ProjectStatus | ProjectStatusName,
        *,
        timeout: float | None = ...,
    ) -> Project: ...
    async def refresh_secret(
        self, id: str, /, *, timeout: float | None = ...
    ) -> Project: ...
    async def delete(self, id: str, /, *, timeout: float | None = ...) -> None: ...
    async def get(self, id: str, /, *, timeout: float | None = ...) -> Project: ...

class AsyncRenders:
    async def start(
        self,
        session_id: str,
        url: str,
        *,
        token: str | None = ...,
        name: str | None = ...,
        resolution: Resolution | None = ...,
        max_duration: int | None = ...,
        status_callback_url: str | None = ...,
        timeout: float | None = ...,
    ) -> Render: ...
    async def stop(self, id: str, /, *, timeout: float | None = ...) -> None: ...
    async def list(
        self, *, offset: int = ..., count: int | None = ..., timeout: float | None = ...
    ) -> Page[Render]: ...
    def iter(
        self, *, page_size: int = ..., timeout: float | None = ...
    ) -> AsyncIterator[Render]: ...
    async def get(self, id: str, /, *, timeout: float | None = ...) -> Render: ...

class AsyncSignals:
    async def send(
        self,
        session_id: str,
        data: str,
        *,
        type: str | None = ...,
        connection_id: str | None = ...,
        timeout: float | None = ...,
    ) -> None: ...

class AsyncSip:
    async def dial(
        self,
        session_id: str,
        uri: str,
        *,
        token: str | None = ...,
        from_: str | None = ...,
        headers: Mapping[str, str] | None = ...,
        auth: SipAuth | None = ...,
        secure: bool | None = ...,
        video: bool | None = ...,
        observe_force_mute: bool | None = ...,
        streams: Iterable[str] | None = ...,
        timeout: float | None = ...,
    ) -> SipCall: ...
    async def play_dtmf(
        self,
        session_id: str,
        digits: str,
        *,
        connection_id: str | None = ...,
        timeout: float | None = ...,
    ) -> None: ...

class AsyncStreams:
    async def list(
        self, session_id: str, *, timeout: float | None = ...
    ) -> Page[Stream]: ...
    def iter(
        self, session_id: str, *, timeout: float | None = ...
    ) -> AsyncIterator[Stream]: ...
    async def get(
        self, session_id: str, stream_id: str, *, timeout: float | None = ...
    ) -> Stream: ...
    async def set_layout_classes(
        self,
        session_id: str,
        classes: Mapping[str, Sequence[str]],
        *,
        timeout: float | None = ...,
    ) -> None: ...

class AsyncSession:
    def to_dict(self) -> dict[str, str | None]: ...
    @property
    def session_id(self) -> str: ...
    async def start_archive(self, **options: Unpack[ArchiveOptions]) -> Archive: ...
    async def start_broadcast(self, **options: Unpack[BroadcastOptions]) -> Broadcast: ...
    async def list_streams(self, **options: Unpack[CallOptions]) -> Page[Stream]: ...
    async def get_stream(
        self, stream_id: str, **options: Unpack[CallOptions]
    ) -> Stream: ...
    async def set_layout_classes(
        self, classes: Mapping[str, Sequence[str]], **options: Unpack[CallOptions]
    ) -> None: ...
    async def list_connections(
        self, **options: Unpack[CallOptions]
    ) -> Page[Connection]: ...
    async def signal(self, data: str, **options: Unpack[SignalOptions]) -> None: ...
    async def disconnect(
        self, connection_id: str, **options: Unpack[CallOptions]
    ) -> None: ...
    async def mute_stream(self, stream_id: str, **options: Unpack[CallOptions]) -> None: ...
    async def mute_all(self, **options: Unpack[MuteOptions]) -> None: ...
    async def unmute_all(self, **options: Unpack[CallOptions]) -> None: ...
    async def dial(self, uri: str, **options: Unpack[DialOptions]) -> SipCall: ...
    async def play_dtmf(self, digits: str, **options: Unpack[ClientOptions]) -> None: ...
    async def start_captions(self, **options: Unpack[CaptionsOptions]) -> Captions: ...
    async def start_render(self, url: str, **options: Unpack[RenderOptions]) -> Render: ...
    async def start_audio_connector(
        self, websocket: WebSocket | str, **options: Unpack[TokenOptions]
    ) -> AudioConnector: ...
    def token(
        self,
        role: Role | RoleName = ...,
        connection_data: str | None = ...,
        expiration: int | timedelta | str = ...,
        *,
        initial_layout_class_list: Iterable[str] | None = ...,
        kind: TokenKind | None = ...,
    ) -> str: ...
    async def tokens(
        self,
        n: int,
        multithread: bool = ...,
        role: Role | RoleName = ...,
        connection_data: str | None = ...,
        expiration: int | timedelta | str = ...,
        *,
        initial_layout_class_list: Iterable[str] | None = ...,
        kind: TokenKind | None = ...,
    ) -> list[str]: ...
    async def token_batch(
        self,
        n: int,
        *,
        multithread: bool = ...,
        role: Role | RoleName = ...,
        connection_data: str | None = ...,
        expiration: int | timedelta | str = ...,
        initial_layout_class_list: Iterable[str] | None = ...,
        kind: TokenKind | None = ...,
        memory_pool: MemoryPool | None = ...,
    ) -> TokenBatch[str]: ...
    def iter_batches(
        self,
        n: int,
        *,
        multithread: bool = ...,
        role: Role | RoleName = ...,
        connection_data: str | None = ...,
        expiration: int | timedelta | str = ...,
        initial_layout_class_list: Iterable[str] | None = ...,
        kind: TokenKind | None = ...,
        chunk: int = ...,
    ) -> AsyncIterator[TokenBatch[str]]: ...
    async def write_tokens(
        self,
        target: str | os.PathLike[str] | BinaryIO | TextIO,
        n: int,
        *,
        multithread: bool = ...,
        role: Role | RoleName = ...,
        connection_data: str | None = ...,
        expiration: int | timedelta | str = ...,
        initial_layout_class_list: Iterable[str] | None = ...,
        kind: TokenKind | None = ...,
        progress: Callable[[int], object] | None = ...,
    ) -> int: ...

class AsyncTokbox:
    def __init__(
        self, api_key: str, secret: str, api_url: str = ..., **options: Unpack[Options]
    ) -> None: ...
    @classmethod
    def from_private_key(
        cls,
        application_id: str,
        key: PrivateKeySource,
        api_url: str = ...,
        *,
        password: str | bytes | None = ...,
        **options: Unpack[Options],
    ) -> Self: ...
    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = ..., **options: Unpack[Options]
    ) -> Self: ...
    def with_options(self, **limits: Unpack[Limits]) -> Self: ...
    async def aclose(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def project_id(self) -> str: ...
    async def new_session(
        self,
        location: str | None = ...,
        media_mode: MediaMode | MediaModeName = ...,
        archive_mode: ArchiveMode | ArchiveModeName = ...,
        *,
        e2ee: bool = ...,
        archive_name: str | None = ...,
        archive_resolution: Resolution | None = ...,
        timeout: float | None = ...,
    ) -> AsyncSession: ...
    def session(self, session_id: str) -> AsyncSession: ...
    @overload
    async def sign_rows(
        self,
        session_id: Column[str],
        *,
        role: RoleColumn = ...,
        connection_data: Column[str | None] = ...,
        expiration: Column[int | timedelta | str] = ...,
        expires_at: Column[datetime | str | int] | None = ...,
        initial_layout_class_list: Column[str | Iterable[str] | None] = ...,
        kind: TokenKind | None = ...,
        errors: Literal["raise"] = ...,
        multithread: bool = ...,
        memory_pool: MemoryPool | None = ...,
        nonce: Derived | None = ...,
    ) -> TokenBatch[str]: ...
    @overload
    async def sign_rows(
        self,
        session_id: Column[str],
        *,
        role: RoleColumn = ...,
        connection_data: Column[str | None] = ...,
        expiration: Column[int | timedelta | str] = ...,
        expires_at: Column[datetime | str | int] | None = ...,
        initial_layout_class_list: Column[str | Iterable[str] | None] = ...,
        kind: TokenKind | None = ...,
        errors: Literal["null"],
        multithread: bool = ...,
        memory_pool: MemoryPool | None = ...,
        nonce: Derived | None = ...,
    ) -> TokenBatch[str | None]: ...
    @overload
    async def sign_rows(
        self,
        session_id: Column[str],
        *,
        role: RoleColumn = ...,
        connection_data: Column[str | None] = ...,
        expiration: Column[int | timedelta | str] = ...,
        expires_at: Column[datetime | str | int] | None = ...,
        initial_layout_class_list: Column[str | Iterable[str] | None] = ...,
        kind: TokenKind | None = ...,
        errors: str,
        multithread: bool = ...,
        memory_pool: MemoryPool | None = ...,
        nonce: Derived | None = ...,
    ) -> TokenBatch[str] | TokenBatch[str | None]: ...
    def verify(
        self, token: str, *, session_id: str | None = ..., now: float | None = ...
    ) -> Token: ...
    async def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        session_id: str | None = ...,
        now: float | None = ...,
        multithread: bool = ...,
    ) -> Verification: ...
    @property
    def archives(self) -> AsyncArchives: ...
    @property
    def broadcasts(self) -> AsyncBroadcasts: ...
    @property
    def streams(self) -> AsyncStreams: ...
    @property
    def connections(self) -> AsyncConnections: ...
    @property
    def signals(self) -> AsyncSignals: ...
    @property
    def moderation(self) -> AsyncModeration: ...
    @property
    def sip(self) -> AsyncSip: ...
    @property
    def captions(self) -> AsyncLiveCaptions: ...
    @property
    def renders(self) -> AsyncRenders: ...
    @property
    def audio_connectors(self) -> AsyncAudioConnectors: ...
    @property
    def callbacks(self) -> AsyncCallbacks: ...
    @property
    def api_url(self) -> str: ...
    async def request(
        self,
        method: RequestMethod,
        path: str,
        *,
        params: Mapping[str, str | int] | None = ...,
        json: Any = ...,
        form: Mapping[str, str] | None = ...,
        headers: Mapping[str, str] | None = ...,
        timeout: float | None = ...,
    ) -> APIResponse: ...

class AsyncAccount:
    def __init__(
        self,
        account_key: str,
        account_secret: str,
        api_url: str = ...,
        **options: Unpack[Options],
    ) -> None: ...
    def with_options(self, **limits: Unpack[Limits]) -> Self: ...
    async def aclose(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def account_key(self) -> str: ...
    @property
    def projects(self) -> AsyncProjects: ...
    @property
    def api_url(self) -> str: ...
    async def request(
        self,
        method: RequestMethod,
        path: str,
        *,
        params: Mapping[str, str | int] | None = ...,
        json: Any = ...,
        form: Mapping[str, str] | None = ...,
        headers: Mapping[str, str] | None = ...,
        timeout: float | None = ...,
    ) -> APIResponse: ...
