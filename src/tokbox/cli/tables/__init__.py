"""Tables in files: read, signed and written in chunks, so that memory does not grow.

::

    read -> Chunk (some thousand rows) -> columns -> tokens -> the chunk with its tokens
    one thread                            another             the main thread writes

`csv`, `ndjson`, `text` and `parquet` are the formats. All columns of a row that are not
read are copied as they are.
"""
