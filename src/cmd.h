/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs of coco-credential.  main() parses the options into a struct cmd;
 * each verb has a function here that does the work and returns the result that
 * becomes the exit status.  What they share is named by the file that has it.
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "client.h"
#include "conn.h"
#include "cred.h"
#include "endpoint.h"
#include "output.h"
#include "result.h"
#include "rotate.h"
#include "stack.h"
#include "strv.h"
#include "walk.h"

/* The default_timeout_s of what gets a token. */
#define CMD_TOKEN_TIMEOUT_S 60

struct cmd {
	/* options */
	const char *connection; /* -c */
	const char *stack_name; /* --stack */
	const char *role;       /* --role */
	enum output_format format;
	bool format_given;
	bool no_newline; /* -n */
	bool json;       /* --json */
	bool no_browser;
	bool paste;
	bool device;
	bool env;            /* --env */
	bool no_daemon;      /* --no-daemon */
	bool for_tokend;     /* --for-tokend */
	bool no_role;        /* not even the connection's own */
	bool watch;          /* --watch */
	int64_t timeout_s;   /* --timeout; 0: the verb's own */
	const char *operand; /* behind import and token-file; NULL: none */
	char **command;      /* behind exec; NULL: none */

	/* the daemon of the sandbox that this is; NULL: it is a host */
	const struct endpoint *inside;

	/* what they lead to, by cmd_select() and cmd_load_stack() */
	struct conn *conn; /* NULL when none is selected */
	struct cred request;
	struct stack stack;
	struct buf stack_file; /* empty: the stack is not loaded */
	int64_t deadline_ms;
	int64_t refused_utc; /* of a get with --for-tokend; 0: none */

	int status; /* exec: the exit status of the command; -1: none */
};

/* --- cmd.c ---------------------------------------------------------------- */

/*
 * Read what selects the credential.  CALLER, the request that came on stdin,
 * may be NULL; then the default connection is selected unless one is named.
 * Fills conn, request, stack_name.  Returns success; not_found in silence when
 * the request contradicts the connection (unsupported for coco-tokend, whose
 * client may know better); else the fault, which was printed.
 */
enum result cmd_select(struct cmd *cmd, const struct cred *caller,
    int64_t default_timeout_s);

/* Read the connection NAME, NULL for the default one, as cmd_select() does.
 * Returns success, or the fault, which was printed. */
enum result cmd_load_connection(struct cmd *cmd, const char *name);

/* Read the stack that cmd_select() found, once.  Returns success, or the fault,
 * which was printed. */
enum result cmd_load_stack(struct cmd *cmd);

/* Both. */
enum result cmd_prepare(struct cmd *cmd, const struct cred *caller,
    int64_t default_timeout_s);

/* Set the deadline anew, as cmd_prepare() did. */
void cmd_restart_clock(struct cmd *cmd, int64_t default_timeout_s);

/* A rotation with what cmd_prepare() found. */
struct rotate cmd_rotation(const struct cmd *cmd);

/* The rule whose helper can log in, the first of ours that mints; or NULL. */
const struct stack_rule *cmd_login_rule(const struct cmd *cmd);

/*
 * To be called before a secret of ANSWER leaves by VERB: write it down
 * (audit_answer()).  RESULT is success, or expired when only a refresh token
 * leaves.  Returns success, or what to end with instead; that was printed.
 */
enum result cmd_audit_answer(const struct cmd *cmd, const char *verb,
    enum result result, const struct cred *answer);

/*
 * Print ANSWER, which has a secret, once the audit log has it: in FORMAT when
 * --format does not say otherwise.  Returns success, error, or what the audit
 * log says; what is not a success was printed.
 */
enum result cmd_print(const struct cmd *cmd, const char *verb,
    enum output_format format, const struct cred *answer);

/* Whether the policy can be used at all; if not, that was printed. */
enum result cmd_check_policy(void);

/* Print the reasons that a walk collected. */
void cmd_print_why(const struct walk *w);

/* Wipe what select and load have made; the options stay. */
void cmd_release(struct cmd *cmd);

/* --- cmd-daemon.c --------------------------------------------------------- */

/*
 * Get the credential into the fresh walk W: from coco-tokend, which is asked
 * QUESTION; where there is none, or it is not for it, by rotate_get().
 */
enum result
cmd_obtain(struct cmd *cmd, const struct cred *question, struct walk *w);

/* Take the credential of an answer of coco-tokend's that is a success into W.
 * Returns success, or error with the reason in W. */
enum result cmd_take_answer(const struct client_answer *answer, struct walk *w);

/* Something was stored or erased: coco-tokend, if there is one, must not give
 * out any more what it had. */
void cmd_tell_daemon(const struct cmd *cmd);

/* --- cmd-token.c ---------------------------------------------------------- */

/*
 * Get a live token, refreshed if need be, into the fresh walk W, whose answer
 * is rid of what only helpers may see.  When there is none, say what was tried
 * and what to do.
 */
enum result cmd_live_token(struct cmd *cmd, struct walk *w);

/* The same, but only look at what the stores have (rotate_look()), and say
 * nothing of what is not there. */
enum result cmd_look_token(struct cmd *cmd, struct walk *w);

/* --- cmd-inside.c --------------------------------------------------------- */

/*
 * In a sandbox (cmd->inside) the functions above read no stack, policy, audit
 * log or, but for exec, connections.toml, and work by these, which ask the
 * daemon and nobody else.
 */

/* cmd_select(): REQUEST becomes what CALLER and the options ask for. */
enum result inside_select(struct cmd *cmd, const struct cred *caller);

/* cmd_obtain() */
enum result inside_obtain(const struct cmd *cmd, const struct cred *question,
    struct walk *w);

/* Say that there is no token, why, and what to do. */
void
inside_explain(const struct cmd *cmd, enum result result, const struct walk *w);

/* Tell the daemon that what CALLER has was refused. */
enum result inside_erase(struct cmd *cmd, const struct cred *caller);

/* status and check, in cmd-inside-status.c */
enum result inside_status(struct cmd *cmd);

/* For the verbs that only a host has: say so. */
enum result inside_refuse(const struct cmd *cmd, const char *verb);

/*
 * Ask METHOD TARGET, with BODY if it is not NULL.  Returns the result; when
 * there is no answer, or none that is meant for us, the reason and what to do
 * are in WHY.
 */
enum result
inside_request(const struct cmd *cmd, const char *method, const char *target,
    const struct buf *body, struct client_answer *ret_answer, struct buf *why);

/* --- the verbs ------------------------------------------------------------ */

/* git's; they read the request from stdin. */
enum result cmd_get(struct cmd *cmd);
enum result cmd_store(struct cmd *cmd);
enum result cmd_erase(struct cmd *cmd);
enum result cmd_capability(struct cmd *cmd);

/* For people; they work on the connection. */
enum result cmd_token(struct cmd *cmd);
enum result cmd_login(struct cmd *cmd);
enum result cmd_logout(struct cmd *cmd);
enum result cmd_status(struct cmd *cmd);
enum result cmd_check(struct cmd *cmd);
enum result cmd_exec(struct cmd *cmd);
enum result cmd_list(struct cmd *cmd);
enum result cmd_fingerprints(struct cmd *cmd);
enum result cmd_import(struct cmd *cmd);
enum result cmd_token_file(struct cmd *cmd);

#endif
