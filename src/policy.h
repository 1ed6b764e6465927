/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The administrator's policy, /etc/coco/policy.toml (coco-policy(5)): which
 * helpers a stack may run, how strong a store must be, whether there must be an
 * audit log, and what may be granted to sandboxes.  It is above every file of
 * the user's (THREATS.md T9).
 *
 *	helpers        = ["file", "oauth", "/usr/bin/git-credential-x"]
 *	commands       = false
 *	store_strength = "encrypted"
 *	audit          = "required"
 *
 *	[grants]
 *	max_ttl        = "8h"
 *	expose         = false
 *
 * No file: everything is allowed.  A file that cannot be trusted, read or
 * understood: nothing is.  It is read once in a process, when it is needed, and
 * by coco-tokend again when it is told to reload.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "path.h"
#include "stack.h"
#include "strv.h"

#define POLICY_FILE     PATH_SYSCONFDIR "/policy.toml"
#define POLICY_MAX_TEXT 65536 /* bytes of the file */
#define POLICY_MAX_WHY  2048

/* How well a store keeps its secrets, weakest first. */
enum policy_strength {
	POLICY_PLAIN,
	POLICY_ENCRYPTED,
	POLICY_KEYRING
};

enum policy_audit {
	POLICY_AUDIT_OFF,
	POLICY_AUDIT_ON,
	POLICY_AUDIT_REQUIRED
};

/* What may be granted. */
struct policy_grants {
	int64_t max_ttl; /* seconds; 0: any */
	bool expose;
	bool tcp;
	bool unauthenticated;
	int64_t max;  /* grants of one daemon; -1: any number */
	bool limited; /* the lists are what is allowed */
	struct strv connections;
	struct strv hosts;
};

struct policy {
	bool limited;        /* HELPERS is the list of what is allowed */
	struct strv helpers; /* names and absolute paths */
	bool commands;       /* "!command" rules are allowed */
	enum policy_strength strength;
	enum policy_audit audit;
	struct policy_grants grants;
};

/* What holds where there is no file. */
#define POLICY_INIT                                                          \
	{                                                                    \
		false, STRV_INIT, true, POLICY_PLAIN, POLICY_AUDIT_ON,       \
		{                                                            \
			0, true, true, true, -1, false, STRV_INIT, STRV_INIT \
		}                                                            \
	}

/* A grant as the policy sees it. */
struct policy_grant {
	struct strv connections; /* their names */
	struct strv hosts;       /* in any case, ports as they are compared */
	int64_t ttl;             /* seconds */
	bool expose;
	bool tcp; /* some listener is no unix socket */
	bool unauthenticated;
	size_t others; /* grants that there are besides */
};

/*
 * Understand LEN bytes of a policy file.  RET_POLICY must be initialised; the
 * caller ends with policy_clear().  Returns 0, or -EBADMSG or -EMSGSIZE with
 * "LINE:COLUMN: reason" appended to WHY; columns are code points from 1.
 */
int policy_parse(const char *text, size_t len, struct policy *ret_policy,
    struct buf *why);

void policy_clear(struct policy *p);

/* How well the store of RULE keeps them; plain for one that is not ours. */
enum policy_strength policy_strength_of(const struct stack_rule *rule);

/*
 * Whether P lets the helper of RULE be run for VERB ("get", "login", ...).
 * Returns 0, or -EACCES with the reason appended to WHY.
 */
int policy_permits(const struct policy *p, const struct stack_rule *rule,
    const char *verb, struct buf *why);

/*
 * Whether P lets G be made, or go on after a change.  Returns 0, or -EACCES
 * with the reason appended to WHY, which names the file and the key.
 */
int policy_permits_grant(const struct policy *p, const struct policy_grant *g,
    struct buf *why);

/*
 * The policy of this machine.  *RET_POLICY lives as long as the process.
 * Returns 0, or -EACCES when there is one that cannot be used, with the reason
 * appended to WHY ("/etc/coco/policy.toml:3:1: unknown key ..."); then nothing
 * may be run.
 */
int policy_get(const struct policy **ret_policy, struct buf *why);

/* Read it anew, for a process that lives long.  Returns as policy_get(); what
 * that has returned before is no more. */
int policy_reload(struct buf *why);

/* Whether the policy of this machine lets a secret lie on a disk as it is. */
bool policy_allows_plain(void);

/* policy_permits() by the policy of this machine. */
int
policy_check(const struct stack_rule *rule, const char *verb, struct buf *why);

#endif
