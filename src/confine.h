/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Give up for good what coco-tokend does not need, before it reads the first
 * byte of a client: no new privileges, no core dump, no ptrace (THREATS.md
 * T22), and by Landlock no files but the listed ones, no program, no signal
 * to processes outside and no abstract socket of theirs.
 *
 * What is open stays usable; so open, connect and fork (launcher.h) first.
 * Landlock binds the calling thread and what it starts later: call this before
 * there is a second one.  Libraries that are loaded late (NSS, iconv) cannot
 * be, unless their directory is listed.
 *
 * What an older kernel leaves open: before ABI 9 (Linux 7.1) sockets that have
 * a path can be connected to, those of D-Bus among them; before ABI 6 (6.12)
 * signals and abstract sockets; before ABI 3 (6.2) files of ours can be cut
 * short by truncate(2).  TCP is left alone.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include "buf.h"

struct confine {
	/* Files, and directories with all beneath; each list ends with NULL,
	 * and may be NULL. */
	const char *const *read;
	const char *const *write; /* read, make, remove, rename as well */
};

/*
 * Confine this process.  A path that does not exist is left out: what is made
 * there later stays out of reach, unless a directory above is listed.  REPORT
 * gets a line for each such path, and one that says how far it went:
 * "landlock: ABI 7", or "landlock: not available" where the kernel has none,
 * which is no error.  Returns 0, or negative errno with the reason in REPORT;
 * the process must not go on then.
 */
int confine(const struct confine *c, struct buf *report);

#endif
