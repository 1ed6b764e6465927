/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of a sandbox share: sandbox.c has the listeners and decides
 * who is heard, sandbox-ask.c puts questions and decides what may leave,
 * sandbox-api.c and sandbox-oauth.c are the endpoints, sandbox-file.c the token
 * file.
 */
#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include "cred.h"
#include "crypt.h"
#include "httpd.h"
#include "loop.h"
#include "reply.h"
#include "result.h"
#include "sandbox.h"

#define SANDBOX_MAX_FROM 96

/* The name of the unix socket in the grant's directory. */
#define SANDBOX_SOCKET "tokend.sock"

/* Lines for the audit log: so many in an hour. */
struct sandbox_budget {
	int64_t since_ms;
	unsigned used;
	unsigned omitted; /* since the last line that was written */
};

/* Requests: so many at once, and so many in a second after that. */
struct sandbox_rate {
	int64_t left; /* thousandths of a request, at that time */
	int64_t at_ms;
};

/* A token that a line of the audit log tells of: the hash of what was asked
 * for, and of what was given. */
struct sandbox_told {
	uint64_t question;
	uint64_t answer;
};

struct sandbox_file {
	struct loop_timer *timer; /* NULL: no file was asked for */
	bool there;
	unsigned char hash[CRYPT_SHA256_SIZE]; /* of what is in it */
	int64_t expiry_utc;
};

struct sandbox {
	struct tokend *tokend;
	struct grant grant;
	/* by unix socket and by TCP, apart: who may only come by TCP takes
	 * nothing from the other.  NULL: not served now */
	struct httpd *http[2];
	int dir;    /* -1: none */
	bool ended; /* revoked, and only its file is left */
	struct sandbox_file file;
	struct sandbox_rate requests;  /* of who may ask */
	struct sandbox_rate strangers; /* of all others */
	struct sandbox_told *told;     /* the last answer to each question */
	size_t told_len;
	struct sandbox_budget use;
	struct sandbox_budget news;
	struct sandbox_budget refusal;
	int64_t exposure_ms; /* when the operator last heard of T2 */
	uint64_t uses;
};

/* Whether somebody who has been heard may have something: the grant is neither
 * paused nor over. */
bool sandbox_is_open(const struct sandbox *s);

/*
 * Whether the request of X may be dealt with: whoever asks too much is answered
 * here, for all share one thread (THREATS.md T21).  Who IS_KNOWN, by the
 * capability or the socket, has a rate of its own, so that strangers take
 * nothing from it.
 */
bool
sandbox_has_time(struct sandbox *s, struct httpd_exchange *x, bool is_known);

/* --- questions (sandbox-ask.c) -------------------------------------------- */

/*
 * A question to the host for a sandbox.  It names the sandbox by its id, for
 * that may be gone when the answer comes.
 */
struct sandbox_ask {
	struct tokend *tokend;
	char id[GRANT_ID_SIZE + 1];
	struct httpd_exchange *x; /* NULL: it is for the token file */
	const char *verb;         /* for the audit log */
	char from[SANDBOX_MAX_FROM];
	struct cred question; /* of the few that the grant allows */
	struct cred wanted;   /* what the caller said */
	/* ANSWER is what may leave, empty unless RESULT is success; the ask is
	 * freed after that */
	void (*fn)(struct sandbox_ask *ask, enum result result,
	    const struct cred *answer);
};

/* A question of S for the caller of X. */
struct sandbox_ask *
sandbox_ask_new(struct sandbox *s, struct httpd_exchange *x, const char *verb,
    void (*fn)(struct sandbox_ask *ask, enum result result,
	const struct cred *answer));

/*
 * Make QUESTION ask for C as ROLE (NULL: none).  Who and where C was when it
 * was granted is part of it: what connections.toml says now must be the same,
 * or there is no answer.
 */
void sandbox_set_question(struct cred *question,
    const struct grant_connection *c, const char *role);

/* Put the question; A is freed when it was answered, which may be at once.
 * STACK NULL: the connection's. */
void sandbox_ask_begin(struct sandbox_ask *a, const char *stack);

/*
 * Write down what leaves, or why nothing does.  Where the policy demands a line
 * for each answer there is none without: then whoever asks too often has to
 * wait.  Returns RESULT, or unavailable.
 */
enum result sandbox_record(struct sandbox *s, const struct sandbox_ask *a,
    enum result result, const struct cred *answer);

/* Nothing is asked, the caller is told RESULT. */
void sandbox_ask_refuse(struct sandbox_ask *a, enum result result);

/* Write down that who is at the other end of FD (-1: gone) was refused, and
 * why. */
void sandbox_refused(struct sandbox *s, int fd, const char *why);

/* --- endpoints ------------------------------------------------------------ */

/*
 * Append the token of ANSWER in the form of RFC 6749 5.1, which is that of
 * inspect-coco as well, with SCOPE unless that is NULL.  Returns 0 or -EMSGSIZE
 * (sandbox-oauth.c).
 */
int
sandbox_token_json(const struct cred *answer, const char *scope, struct buf *b);

/* POST /oauth/token-request, which looks at the capability itself
 * (sandbox-oauth.c). */
void sandbox_oauth(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);

/* Whether Q, on the unix socket if IS_UNIX says so, shows the capability where
 * it must, and no wrong one anywhere (sandbox-api.c). */
bool sandbox_is_authorised(const struct sandbox *s, bool is_unix,
    const struct httpd_request *q);

/* Who may ask is told that the grant is paused, and what the host can do. */
void sandbox_answer_paused(struct sandbox *s, struct httpd_exchange *x,
    const struct httpd_request *q);

/* Whether X has come by the unix socket, where no stranger comes. */
bool sandbox_is_by_unix(const struct httpd_exchange *x);

/* Answer what was refused in the form of the path of Q. */
void sandbox_answer_refused(struct httpd_exchange *x,
    const struct httpd_request *q, int status);

/* The endpoints (sandbox-api.c). */
extern const struct reply_route sandbox_routes[];
extern const size_t sandbox_routes_count;

/* --- token file (sandbox-file.c) ------------------------------------------ */

/* Begin to look after it. */
void sandbox_file_start(struct sandbox *s);

/* Look now: something has changed. */
void sandbox_file_look(struct sandbox *s);

/* Remove it and look no more. */
void sandbox_file_stop(struct sandbox *s);

#endif
