# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py WORLD MODULE [NAME... | -NAME...]: attack, a line each; all of them,
these, or all but those.

RULE <tab> failed, succeeded or broken <tab> name: title <tab> why
"""

import importlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import attack                                               # noqa: E402


def run(function, world):
    try:
        why = function(world)
    except attack.Succeeded as got:
        return "succeeded", str(got)
    except attack.Broken as fault:
        return "broken", str(fault)
    except Exception as fault:          # pylint: disable=broad-except
        return "broken", f"{type(fault).__name__}: {fault}"
    return ("failed", why) if why else ("broken", "it says nothing")


def main(path, module, *names):
    world = attack.World(path)
    importlib.import_module(module)
    left_out = [n[1:] for n in names if n.startswith("-")]
    names = [n for n in names if not n.startswith("-")]
    chosen = [a for a in attack.ATTACKS if a[0] == module
              and (not names or a[2] in names) and a[2] not in left_out]
    if len(chosen) < max(1, len(names)):
        sys.exit(f"run.py: no such attack: {module} {' '.join(names)}")
    for _, rule, name, title, function in chosen:
        verdict, why = run(function, world)
        why = " ".join(why.split())[:300]
        print(f"{rule}\t{verdict}\t{name}\t{title}\t{why}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
