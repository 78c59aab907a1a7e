"""Tables in files: read, signed and written in chunks, so that memory does not grow.

::

    read -> Chunk (some thousand rows) -> columns -> tokens -> the chunk with its tokens
    one thread                            another             the main thread writes

`csv`, `ndjson`, `lines` and `parquet` are the formats; what is not asked for of a
row is handed on as it stands.
"""
