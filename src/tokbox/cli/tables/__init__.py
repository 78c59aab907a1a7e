"""Tables in files: read, signed and written in pieces, so that memory does not grow.

::

    read -> Piece (some thousand rows) -> columns -> tokens -> the piece with its tokens
    one thread                            another             the main thread writes

`csv`, `ndjson`, `lines` and `parquet` are the formats; what is not asked for of a
row is handed on as it stands.
"""
