"""Text in other encodings, with other delimiters, and compressed."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import tables
from tests.support.cli import SESSION, Result
from tokbox.cli.tables import codecs, formats
from tokbox.tokens.verification.verify import decode

Cli = Callable[..., Result]

COLUMNS = ("--session-id", "col:session", "--connection-data", "col:user")


def unpack(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    return bytes(codecs._zstd().decompress(path.read_bytes()))


def pack(text: bytes, suffix: str) -> bytes:
    return gzip.compress(text) if suffix == "gz" else bytes(codecs._zstd().compress(text))


def data(rows: list[dict[str, Any]]) -> list[str]:
    return [decode(row["token"]).connection_data for row in rows]


@pytest.mark.parametrize(
    ("option", "delimiter"), [(";", ";"), ("tab", "\t"), (r"\t", "\t"), ("|", "|")]
)
def test_a_delimiter_separates_fields_and_the_token(
    cli: Cli, tmp_path: Path, option: str, delimiter: str
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = ["user,session", f'"a{delimiter},",{SESSION}', f"b,{SESSION}"]
    head, *rest = (line.rpartition(",") for line in lines)
    texts = [delimiter.join((user, session)) for user, _, session in (head, *rest)]
    source.write_text("\n".join(texts), newline="")
    ends = (str(source), "-o", str(output), "--delimiter", option)
    assert cli("sign", "-q", *ends, *COLUMNS) == Result(0, "", "")
    header, first, second = output.read_text().split("\n")
    assert header == delimiter.join(("user", "session", "token"))
    assert first.startswith(texts[1] + delimiter + "T1==")
    token = second.removeprefix(texts[2] + delimiter)
    assert decode(token).connection_data == "b"
    result = cli("verify", str(output), "--delimiter", option)
    assert result == Result(0, "tokens  2\nvalid   2\n", "")


def test_the_name_of_the_token_column_is_quoted_for_its_delimiter(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"session;user\n{SESSION};a\n")
    more = ("--delimiter", ";", "--token-column", "a;b")
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS, *more).code == 0
    assert output.read_text().startswith('session;user;"a;b"\n')


@pytest.mark.parametrize("value", ["", ",,", '"', "\n", "é", "\0"])
def test_an_invalid_delimiter_is_refused(cli: Cli, value: str) -> None:
    result = cli("sign", "-q", "in.csv", *COLUMNS, "--delimiter", value)
    assert result.code == 2
    assert "is not a delimiter: use tab, or one ASCII character" in result.err


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_header_with_another_delimiter_leads_to_the_option(
    cli: Cli, tmp_path: Path, mark: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"session{mark}user\n")
    result = cli("sign", "-q", str(source), *COLUMNS)
    assert result.code == 2
    assert "use --delimiter" in result.err


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-be", "UTF-8"])
@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_text_in_an_encoding_is_signed_and_written_as_utf8(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, suffix: str
) -> None:
    # Blocks end within characters.
    monkeypatch.setattr(formats, "_BYTES", 201)
    source, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    rows = [{"session": SESSION, "user": f"{'é' * i} café"} for i in range(9)]
    tables.write(source, rows, ("session", "user"))
    text = source.read_text(encoding="utf-8")
    if suffix == "ndjson":
        text = text.replace(r"\u00e9", "é")
    source.write_bytes(text.encode(encoding))
    ends = (str(source), "-o", str(output))
    assert cli("sign", "-q", *ends, *COLUMNS, "--encoding", encoding) == Result(0, "", "")
    found = tables.read(output)
    assert [row["user"] for row in found] == data(found) == [row["user"] for row in rows]


def test_text_that_is_not_in_its_encoding_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"session,user\n,caf\x81\n")
    result = cli("sign", "-q", str(source), *COLUMNS, "--encoding", "cp1252")
    assert result.code == 2
    assert (
        "INPUT must be text in cp1252: there is an error after about 0 bytes" in result.err
    )


@pytest.mark.parametrize("encoding", ["nonsense", "hex", "undefined"])
def test_an_encoding_that_does_not_exist_is_refused(cli: Cli, encoding: str) -> None:
    result = cli("sign", "-q", "in.csv", *COLUMNS, "--encoding", encoding)
    assert result.code == 2
    assert f"'{encoding}' is not an encoding" in result.err


def test_tokens_in_an_encoding_are_verified(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "tokens.txt"
    assert cli("tokens", SESSION, "-n", "3", "-o", str(source)).code == 0
    source.write_bytes(source.read_text().encode("utf-16"))
    result = cli("verify", str(source), "--encoding", "utf-16")
    assert result == Result(0, "tokens  3\nvalid   3\n", "")


@pytest.mark.parametrize("suffix", ["gz", "zst"])
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_suffixes_select_the_compression(
    cli: Cli, tmp_path: Path, suffix: str, kind: str
) -> None:
    plain = tmp_path / f"plain.{kind}"
    rows = tables.rows(3)
    tables.write(plain, [*rows, {**rows[0], "role": "boss"}])
    source = tmp_path / f"in.{kind}.{suffix}"
    source.write_bytes(pack(plain.read_bytes(), suffix))
    output, rejects = tmp_path / f"out.{kind}.{suffix}", tmp_path / f"rejects.csv.{suffix}"
    more = ("--role", "col:role", "--rejects", str(rejects))
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS, *more)
    assert result.code == 4
    plain.write_bytes(unpack(output))
    assert data(tables.read(plain)) == ["u-0", "u-1", "u-2"]
    assert unpack(rejects).startswith(b"row,field,value,reason,original\n4,role,boss,")
    result = cli("verify", str(output))
    assert result == Result(0, "tokens  3\nvalid   3\n", "")


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_tokens_are_compressed_by_the_suffix(cli: Cli, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"tokens.txt.{suffix}"
    assert cli("tokens", SESSION, "-n", "5", "-o", str(output)).code == 0
    assert unpack(output).count(b"\n") == 5
    result = cli("verify", str(output))
    assert result == Result(0, "tokens  5\nvalid   5\n", "")


def test_equal_rows_give_equal_compressed_files(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(3))
    derived = ("--nonce", "derived", "--run-id", "r", "--row-key", "col:user")
    found = []
    for name in ("a.csv.gz", "b.csv.gz"):
        output = tmp_path / name
        more = (*derived, "--issued-at", "1700000000")
        assert cli("sign", "-q", source, "-o", str(output), *COLUMNS, *more).code == 0
        found.append(output.read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_compressed_file_that_is_damaged_is_refused(
    cli: Cli, tmp_path: Path, suffix: str, cut: bool
) -> None:
    source, output = tmp_path / f"in.csv.{suffix}", tmp_path / "out.csv"
    plain = tables.write(tmp_path / "in.csv", tables.rows(100))
    packed = pack(Path(plain).read_bytes(), suffix)
    source.write_bytes(packed[:-20] if cut else b"session,user\n")
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert result.code == 2
    assert "INPUT must be a complete compressed file, like its suffix" in result.err
    assert not output.exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in.csv", "-o", "out.csv.gz", "--resume"), "--resume needs files that are not"),
        (("in.csv.gz", "-o", "out.csv", "--resume"), "--resume needs files that are not"),
        (
            ("in.csv", "-o", "out.csv", "--rejects", "r.zst", "--resume"),
            "--resume needs files that are not",
        ),
        (
            ("in.csv", "-o", "out.csv", "--encoding", "latin-1", "--resume"),
            "and input in UTF-8",
        ),
        (("in.parquet.gz",), "Parquet files have their own compression"),
        (("in.parquet", "-o", "out.zst"), "Parquet files have their own compression"),
        (
            ("in", "-o", "out.gz", "--format", "parquet"),
            "Parquet files have their own compression",
        ),
        (
            ("in.csv.gz", "-o", "out.ndjson.gz"),
            "has the suffix of ndjson, and its content is csv",
        ),
        (("in.ndjson", "--delimiter", ";"), "--delimiter is only for CSV"),
        (("in.parquet", "--encoding", "latin-1"), "only for CSV, NDJSON and text"),
        (
            ("in", "-o", "out", "--engine", "ray", "--delimiter", ";"),
            "--delimiter needs --engine local",
        ),
        (
            ("in", "-o", "out", "--engine", "ray", "--encoding", "latin-1"),
            "--encoding needs --engine local",
        ),
    ],
)
def test_options_that_do_not_fit_the_files_are_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: Any, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("sign", "-q", *args, *COLUMNS)
    assert result.code == 2
    assert words in result.err
    assert [*tmp_path.iterdir()] == []


def test_the_module_of_zstd_is_that_of_python_where_it_has_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(codecs, "load", lambda *given: asked.append(given))
    for version in ((3, 13), (3, 14)):
        monkeypatch.setattr(sys, "version_info", version)
        codecs._zstd()
    assert asked == [
        ("backports.zstd", "backports.zstd", "cli"),
        ("compression.zstd", "backports.zstd", "cli"),
    ]


def test_a_text_is_read_in_chunks_of_the_given_size() -> None:
    text = "é" * 1000
    file = codecs.to_utf8(io.BytesIO(text.encode("latin-1")), "latin-1")
    chunks = [*iter(lambda: file.read(7), b"")]
    assert max(map(len, chunks)) == 7
    assert b"".join(chunks) == text.encode()
