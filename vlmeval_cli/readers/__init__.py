"""From a file to rows: :func:`~vlmeval_cli.readers.opening.open_source` recognises its layout."""

from vlmeval_cli.readers.base import BadRow, Layout, Row, Source
from vlmeval_cli.readers.opening import FileSource, open_source

__all__ = ["BadRow", "FileSource", "Layout", "Row", "Source", "open_source"]
