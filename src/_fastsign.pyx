# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""The interface between Python and the kernels.

It validates sizes, releases the GIL and calls C. tokbox.tokens determines the claims of a
token; src/kernels signs it.

A `BatchPlan` is a prepared batch. `BatchPlan.strings` signs it to a list of str,
`BatchPlan.fill` to a buffer. Both divide the batch into slices, which a thread pool signs
without the GIL. The calling thread checks for signals between slices.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.sequence cimport PySequence_Fast_GET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memchr, memcpy, memset
from libc.time cimport time

from arenas cimport *
from fastsign cimport *
from objects cimport *
from pages cimport fs_fresh, fs_fresh_close, fs_fresh_open, fs_fresh_prefault, fs_prefault
from text cimport fs_text
from thread_pool cimport *
from tokbox._memory cimport (
    ListColumn,
    Memory,
    MemoryPool,
    IntColumn,
    PyList_New,
    PyListObject,
    PyObject,
    PyUnicode_New,
    StringColumn,
    StringSlice,
    owned,
    tokbox_text,
)

from itertools import islice
from os import environ, urandom
from threading import Thread

from tokbox.enums import Role

include "core/gil.pxi"
include "core/jobs.pxi"
include "core/claims.pxi"
include "core/key.pxi"
include "core/batch.pxi"
include "core/rows.pxi"
include "core/verify.pxi"


### Kernels ###

fs_init()

cdef fs_engine engine


def select_kernel(name: str | None) -> None:
    """Select the kernels called *name*, or the best ones if None, for new keys.

    Raises ValueError if no usable kernel has that name.
    """
    cdef bytes wanted = b"" if name is None else name.encode()
    if fs_engine_select(&engine, wanted):
        usable = ", ".join(row["name"] for row in kernels()["sha1"] if row["usable"])
        raise ValueError(f"there is no kernel {name!r} on this CPU; there are: {usable}")


cdef list _describe_backends(int hash):
    cdef size_t i = 0
    cdef const fs_hash_backend *backend = fs_backend(hash, 0)
    backends = []
    while backend != NULL:
        state = fs_backend_state(backend)
        backends.append(
            {
                "name": backend.name.decode(),
                "lanes": backend.lanes,
                "usable": state == 1,
                "why_not": {1: None, 0: "not on this CPU", -1: "wrong answer"}[state],
            }
        )
        i += 1
        backend = fs_backend(hash, i)
    return backends


def kernels() -> dict:
    """Return all compiled kernels, best first, and the selected ones."""
    return {
        "sha1": _describe_backends(1),
        "sha256": _describe_backends(256),
        "active": {
            "sha1": engine.sha1.many_name.decode(),
            "sha1_single": engine.sha1.one_name.decode(),
            "sha256": engine.sha256.many_name.decode(),
            "sha256_single": engine.sha256.one_name.decode(),
            "base64": fs_codec_name(engine.codec).decode(),
        },
    }


select_kernel(None)
try:
    select_kernel(environ.get("TOKBOX_KERNEL") or None)
except ValueError as error:
    raise ImportError(f"TOKBOX_KERNEL: {error}") from None


def hash_many(int bits, list messages not None) -> list:
    """Compute the SHA-1 (*bits* = 1) or SHA-256 (256) of many messages of one length.

    For tests with published vectors.
    """
    cdef size_t n = len(messages), length = len(messages[0]) if messages else 0
    cdef size_t room = length + 72, blocks = 0, i
    cdef fs_hash *hash = &engine.sha1 if bits == 1 else &engine.sha256
    cdef int words = 5 if bits == 1 else 8, j
    cdef uint8_t *padded = <uint8_t *>malloc(n * room + 1)
    cdef const uint8_t **tails = <const uint8_t **>malloc(n * sizeof(uint8_t *) + 1)
    cdef fs_state *digests = <fs_state *>malloc(n * sizeof(fs_state) + 1)
    cdef bytes message
    try:
        if padded == NULL or tails == NULL or digests == NULL:
            raise MemoryError
        for i in range(n):
            message = messages[i]
            if <size_t>PyBytes_GET_SIZE(message) != length:
                raise ValueError("the messages must have one length")
            memcpy(padded + i * room, PyBytes_AS_STRING(message), length)
            blocks = fs_pad(padded + i * room, length, length)
            tails[i] = padded + i * room
        hash.mac_many(fs_initial(bits), NULL, tails, blocks, digests, n)
        return [
            b"".join([int(digests[i][j]).to_bytes(4, "big") for j in range(words)])
            for i in range(n)
        ]
    finally:
        free(padded)
        free(tails)
        free(digests)


### Text ###

def decode_base64(str text not None) -> bytes | None:
    """Decode base64 in either alphabet, without padding. Returns None if the text is
    invalid or empty, or has unused bits that are not 0."""
    cdef Py_ssize_t length
    cdef const char *characters = _utf8(text, &length)
    cdef bytes raw
    cdef size_t done
    if characters == NULL:
        return None
    raw = PyBytes_FromStringAndSize(NULL, length // 4 * 3 + max(length % 4 - 1, 0))
    done = fs_base64_raw(engine.codec, <uint8_t *>PyBytes_AS_STRING(raw),
                         <const uint8_t *>characters, length)
    return raw if done else None


def has_surrogate(str text not None) -> bool:
    """Return True if *text* has a lone surrogate, which UTF-8 cannot encode."""
    return tokbox_has_surrogate(text)


def session_owner(str session_id not None) -> str | None:
    """Return the owner in a valid session ID: an API key or an application ID.

    None means that the ID is invalid or needs slow-path validation.
    """
    cdef uint8_t raw[FS_SESSION_BYTES]
    cdef const uint8_t *owner
    cdef Py_ssize_t length
    cdef size_t owner_length
    cdef const char *utf8 = _utf8(session_id, &length)
    if utf8 == NULL:
        return None
    owner_length = fs_session_owner(engine.codec, <const uint8_t *>utf8, length, raw, &owner)
    return (<const char *>owner)[:owner_length].decode("ascii") if owner_length else None



def quote_plus(str text not None) -> bytes:
    """Encode *text* as a form value, like `urllib.parse.quote_plus`.

    Raises UnicodeEncodeError if it has a lone surrogate.
    """
    cdef Py_ssize_t length
    cdef const char *utf8 = PyUnicode_AsUTF8AndSize(text, &length)
    cdef uint8_t *out = <uint8_t *>malloc(3 * length + 1)
    if out == NULL:
        raise MemoryError
    try:
        return PyBytes_FromStringAndSize(
            <char *>out, fs_quote_plus(engine.codec, out, <const uint8_t *>utf8, length)
        )
    finally:
        free(out)
