"""Results and cache: one SQLite file, content-addressed."""

from cuport.store.codec import CodecError, decode, encode
from cuport.store.database import SCHEMA_VERSION, Store
from cuport.store.keys import digest, tools_digest, versions

__all__ = ["SCHEMA_VERSION", "CodecError", "Store", "decode", "digest", "encode", "tools_digest", "versions"]
