/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stack files and their evaluation: Linux-PAM's line form and Linux-PAM's
 * evaluator (pam.conf(5); libpam's dispatch), with the verb as type column and
 * our results as return values.  Pure: texts come from a callback, results
 * from the caller.  See coco-stack(5).
 *
 *	verb control helper [argument...]
 *
 * One deliberate difference: a file with any syntax error, a jump past the end
 * or a missing include is refused whole, before any helper runs.  And a helper
 * that answers "unsupported" is skipped, unless the rule names that result.
 *
 *	r = stack_parse("oauth", load, ctx, &stack, &why);
 *	stack_eval_init(&e, &stack.verb[STACK_GET]);
 *	for (rule = stack_eval_next(&e); rule != NULL; rule = ...)
 *		action = stack_eval_feed(&e, run(rule));
 *	result = stack_eval_result(&e);
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "result.h"
#include "strv.h"

#define STACK_MAX_TEXT  65536 /* bytes of one file */
#define STACK_MAX_RULES 256   /* of one verb, includes counted */
#define STACK_MAX_DEPTH 16    /* of includes and substacks; libpam's limit */
#define STACK_MAX_NAME  64

enum stack_verb {
	STACK_GET,
	STACK_STORE,
	STACK_ERASE,
	STACK_VERBS
};

/* What to do after a result; a positive number skips so many rules. */
enum stack_action {
	STACK_IGNORE = 0,
	STACK_OK = -1,
	STACK_DONE = -2,
	STACK_BAD = -3,
	STACK_DIE = -4,
	STACK_RESET = -5
};

enum stack_kind {
	STACK_NAME,    /* a helper of our libexec directory */
	STACK_PATH,    /* an executable by its absolute path */
	STACK_SHELL,   /* "!command", as git defines it */
	STACK_SUBSTACK /* no helper: the next deeper rules follow */
};

struct stack_rule {
	enum stack_kind kind;
	struct strv argv; /* name, path or command, then arguments */
	bool quiet;       /* "-verb": say nothing if it is missing */
	int level;        /* depth of substacks */
	int action[RESULT_COUNT];
	char *file; /* where it is written, for messages */
	int line;
};

struct stack_rules {
	struct stack_rule *rule;
	size_t len;
};

struct stack {
	struct stack_rules verb[STACK_VERBS];
};

#define STACK_INIT                      \
	{                               \
		{                       \
			{               \
				NULL, 0 \
			}               \
		}                       \
	}

/*
 * Give the text of the stack NAME (a valid name).  Returns 0, -ENOENT when
 * there is none, or another error with the reason in WHY.  FILE gets what to
 * call it in messages.
 */
typedef int (*stack_load_fn)(void *ctx, const char *name, struct buf *text,
    struct buf *file, struct buf *why);

/*
 * Read the stack NAME and all that it includes.  Returns 0; -EBADMSG for a
 * syntax error and -EMSGSIZE for a limit, "file:line:column: reason" in WHY;
 * or what LOAD returned.  The caller ends with stack_clear().
 */
int stack_parse(const char *name, stack_load_fn load, void *ctx,
    struct stack *ret_stack, struct buf *why);

void stack_clear(struct stack *s);

/* Whether NAME is a stack name: 1 to STACK_MAX_NAME of [A-Za-z0-9_-]. */
bool stack_is_name(const char *name);

/* Whether an argument of RULE, which is a helper of ours, is an option whose
 * name begins with NAME, in any form that helpers take. */
bool stack_has_option(const struct stack_rule *rule, const char *name);

/* The name that the control of RULE has ("required"); NULL for one that can be
 * written in brackets only. */
const char *stack_control_name(const struct stack_rule *rule);

/* "get", "store", "erase". */
const char *stack_verb_name(enum stack_verb v);

/* Whether the rule at AT may skip COUNT modules without leaving its
 * (sub)stack; a substack counts as one module. */
bool stack_can_jump(const struct stack_rules *rules, size_t at, int count);

/* Evaluation of the rules of one verb. */
struct stack_eval {
	const struct stack_rules *rules;
	size_t next; /* rule to look at next */
	int prev_level;
	int impression; /* -1, 0, 1 */
	enum result status;
	struct {
		int impression;
		enum result status;
	} saved[STACK_MAX_DEPTH + 1]; /* at the start of each level */
};

void stack_eval_init(struct stack_eval *e, const struct stack_rules *rules);

/* The rule whose helper is to be run now, or NULL at the end. */
const struct stack_rule *stack_eval_next(struct stack_eval *e);

/* Tell the result of that helper.  Returns the action that it led to. */
int stack_eval_feed(struct stack_eval *e, enum result result);

/* The result of the stack.  When nobody decided, it is not_found: PAM's
 * "permission denied". */
enum result stack_eval_result(const struct stack_eval *e);

#endif
