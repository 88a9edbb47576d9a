"""The environment that the programs we start get: ours, without what looks like a key."""

from __future__ import annotations

import os
import re

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|_AUTH|^CUPORT_", re.IGNORECASE)
_IN_VALUE = re.compile(r"://[^/\s:@]+:[^/\s@]+@|\bsk-[\w-]{16,}|\bhf_\w{16,}|\bAKIA\w{12,}|\bgh[pousr]_\w{16,}")


def without_secrets() -> dict[str, str]:
    """Every variable but those whose name says that they hold a secret, or whose value has the shape of one."""
    return {k: v for k, v in os.environ.items() if not SECRET.search(k) and not _IN_VALUE.search(v)}
