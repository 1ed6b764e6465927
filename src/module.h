/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run the helper of one rule of a stack (coco-stack(5)): see that the policy
 * allows it (policy.h), find the executable, check that nobody else can change
 * it (THREATS.md T9), hand it the request, read its answer, say what result
 * that is, and write it down (audit.h).
 *
 * Helpers that are not ours see git's attributes only, and may set neither
 * protocol nor host nor one of our states.
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "result.h"
#include "stack.h"
#include "strv.h"

#define MODULE_MAX_WHY   2048
#define MODULE_MAX_IDENT 8192 /* of module_ident() */

struct module_call {
	const struct stack_rule *rule;
	const char *verb;
	const struct strv *options; /* put before the verb; may be NULL */
	const struct cred *request;
	int64_t deadline_ms; /* clock_ms() */
};

/* Whether the helper of RULE is one of ours. */
bool module_is_ours(const struct stack_rule *rule);

/*
 * Whether it may make a new secret, or may do anything at all: oauth, and
 * every helper that is not ours.  Those run only under the credential's lock
 * (rotate.h).
 */
bool module_mints(const struct stack_rule *rule);

/* Whether it is one of our stores, which keep entries of connections. */
bool module_is_store(const struct stack_rule *rule);

/*
 * Whether to ask it for what it keeps runs a command of its arguments or asks a
 * person: sealed with key-command, passphrase-command or passphrase-terminal.
 */
bool module_disturbs(const struct stack_rule *rule);

/* Append what tells the helper of RULE, with its arguments, from others. */
int module_ident(const struct stack_rule *rule, struct buf *b);

/* Whether the helper of RULE is the store of ours that IDENT says. */
bool module_is_home(const struct stack_rule *rule, const char *ident);

/* The helper as a person would name it. */
const char *module_name(const struct stack_rule *rule);

/*
 * Run it for get, store, erase, or a verb of ours that module_query() is not
 * for.  ANSWER, empty before, is filled for get, login, confirm and import:
 * with the secret for success, with what a refresh needs for expired, with a
 * bare username for not_found.  When the fault is not the helper's to tell (it
 * is missing, not trusted, timed out, died, wrote nonsense, or the policy
 * forbids it), the reason is appended to WHY.
 */
enum result module_run(const struct module_call *call, struct cred *answer,
    struct buf *why);

/* Whether the policy allows it for VERB, and its executable is there and
 * trusted.  Returns 0, or negative errno with the reason in WHY (none for a
 * missing one that the rule tolerates). */
int
module_check(const struct stack_rule *rule, const char *verb, struct buf *why);

/* Run it for a verb that answers with text, as status does; the text is
 * appended to TEXT. */
enum result
module_query(const struct module_call *call, struct buf *text, struct buf *why);

#endif
