/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all our helpers have in common: one main function that parses options
 * and verb, reads the request from stdin, calls the verb's function, writes
 * the answer in one piece and ends with the result's exit status (result.h).
 *
 * A helper is also a git credential helper by itself: an unknown verb ends
 * with 0 in silence, unless stdin and stderr are terminals.
 */
#ifndef HELPER_H
#define HELPER_H

#include "buf.h"
#include "conn.h"
#include "cred.h"
#include "opt.h"
#include "result.h"

/* Text of a verb like status or list; ENTRIES_MAX entries fit. */
#define HELPER_MAX_TEXT (4 * 1024 * 1024)

/* What sets a verb apart from git's. */
#define HELPER_EXTRA  1 /* announced by capability */
#define HELPER_PERSON 2 /* for a person: no request is read from stdin */

struct helper_verb {
	const char *name;
	const char *help; /* one line */
	/*
	 * Do the work.  ANSWER is empty; it is written for a result of
	 * success or expired.  TEXT, lines of "key=value", is written as it
	 * is for verbs like status.  Messages go to log_warn().
	 */
	enum result (*run)(const struct cred *request, struct cred *answer,
	    struct buf *text);
	unsigned flags; /* HELPER_... */
};

struct helper {
	const char *name; /* of the program */
	const char *summary;
	const struct helper_verb *verbs; /* ends with a NULL name */
	const struct opt *opts;          /* ends with OPT_COMMON */
	opt_fn on_option;                /* for options other than OPT_COMMON */
	const char *footer;
};

/*
 * The whole of main.  Returns the exit status.  A word "name=value" before the
 * verb is the option --name=value, so that the arguments of a rule can be
 * written as PAM's are (coco-stack(5)).
 */
int helper_main(const struct helper *h, int argc, char **argv);

/*
 * Load the connection that the request names.  Returns success; not_found
 * when it names none; else the result that conn_load()'s error means, after
 * printing it.
 */
enum result
helper_connection(const struct cred *request, struct conn **ret_conn);

/*
 * Whether the request is about the connection's server and user: protocol,
 * host and username, where it has them, are those of the connection.  One that
 * is not must get nothing of it.
 */
bool helper_is_meant(const struct cred *request, const struct conn *c);

/*
 * The value of the variable PAT_<ACCOUNT> of inspect-coco, a programmatic
 * access token, ACCOUNT as the connection has it; NULL when there is none.  Its
 * name is appended to RET_NAME, if there is a value.
 */
const char *helper_pat_variable(const struct conn *c, struct buf *ret_name);

/*
 * Whether somebody still waits for the answer.  Asked before something that
 * can be had only once is used up: who started us may have been killed.
 */
bool helper_is_heard(void);

#endif
