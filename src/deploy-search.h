/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What verify searches in a target, and where it gets that from.  The
 * fingerprints stay on this host, and so do the programs that have them: bytes
 * come out of the container, nothing of the search goes into it (THREATS.md
 * T4).
 *
 * What is not found, and cannot be: what a container keeps compressed,
 * encrypted, in the memory of its processes, or where only some of them can see
 * it.  The search is for what was left by mistake.
 */
#ifndef DEPLOY_SEARCH_H
#define DEPLOY_SEARCH_H

#include "deploy.h"
#include "secretsearch.h"

/* Fill in the fingerprints of this host's secrets, by coco-credential.  Returns
 * 0 or an exit status, after a message. */
int deploy_search_start(struct search *s);

/* Search all of the target of J.  What goes wrong is noted in S. */
void deploy_search(const struct job *j, struct search *s);

/* --- what the parts share ------------------------------------------------- */

/* Search what FD gives until its end, as PART.  Returns 0 or negative errno. */
int deploy_search_fd(struct search *s, const char *part, int fd);

/* Search the tree NAME of the directory DIR; its paths begin with TOP, "" for
 * the root.  TELL_MOUNTS: those that are passed are noted.  Returns 0 or
 * negative errno when it could not be opened or searched. */
int deploy_search_tree(struct search *s, int dir, const char *name,
    const char *top, bool tell_mounts);

/* Open the root of the container as its processes see it.  Returns -1, after
 * noting WHAT as not searched, when it is not to be seen from here. */
int deploy_search_root(const struct job *j, struct search *s, const char *what);

/* Search what is mounted in the container and that inspect does not tell of. */
void deploy_search_unlisted(const struct job *j, struct search *s);

/* Search arguments and environments of the container's processes. */
void deploy_search_processes(const struct job *j, struct search *s);

#endif
