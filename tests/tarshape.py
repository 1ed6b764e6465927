# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what is in the tar archive on stdin, but times: a line each, sorted."""
import hashlib
import sys
import tarfile

lines = []
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
    for entry in archive:
        text = ""
        if entry.isreg():
            text = hashlib.sha256(archive.extractfile(entry).read()).hexdigest()
        lines.append("%s %s %o %d:%d %s %s" % (
            entry.name.rstrip("/"), entry.type.decode(), entry.mode, entry.uid,
            entry.gid, entry.linkname, text))
print("\n".join(sorted(lines)))
