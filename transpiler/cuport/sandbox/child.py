"""The first code that runs in the child: walls first, then the worker. Standard library only.

Started as `python -I -B -c BOOTSTRAP {"boot": ..., "search": [package root, other roots...]}`. Isolated mode (-I)
ignores PYTHON* variables, the user's site directory and the current directory, so the places where the parent found
cuport and the target's libraries are handed over explicitly.
"""

from __future__ import annotations

import json
import os
from typing import NoReturn

from cuport.sandbox import confine

BOOTSTRAP = """\
import json, sys
root, *rest = json.loads(sys.argv[1])["search"]
sys.path[:0] = [root] if root not in sys.path else []
sys.path += [path for path in rest if path not in sys.path]
from cuport.sandbox.child import start
start(sys.argv[1])
"""


def start(argument: str) -> NoReturn:
    """Confine this process, then run the job. Never comes back."""
    told = json.loads(argument)
    lists = {name: tuple(told["boot"][name]) for name in ("readable", "without")}
    boot = confine.Boot(**{**told["boot"], **lists})
    walls = confine.enter(boot)
    if told.get("probe"):
        walls += confine.lock(boot, may_start_processes=False)
        os.write(boot.handshake, json.dumps({"tier": confine.tier(walls), "walls": walls}).encode())
        os._exit(0)
    from cuport.sandbox import worker  # numpy starts threads, so only after the namespaces

    worker.run(boot, walls)
