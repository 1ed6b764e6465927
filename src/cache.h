/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answers that coco-tokend has, and how it comes to have them: each
 * question is asked once at a time however many wait for the answer, what came
 * back is kept until it is stale, and failures are kept for a moment so that
 * nobody is asked again and again.
 *
 * A question is a stack and a credential request.  This module neither runs
 * anything nor knows what a socket is: its user gives it a function that begins
 * to find an answer, and calls cache_found() when that has ended.
 *
 * Answers are kept in pages of their own that are locked, not dumped, and
 * wiped (secret.h, THREATS.md T22).
 */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "result.h"

#define CACHE_MAX_WHY 8192

struct cache;
struct cache_entry;

struct cache_limits {
	size_t entries;
	int64_t age_ms;     /* of an answer that does not say when it ends */
	bool refresh_ahead; /* what was used is refreshed before it is stale */
};

/* What somebody who asked is told; valid during the call only. */
struct cache_answer {
	enum result result;
	const char *text; /* success: a credential message */
	size_t len;
	const char *why; /* else: lines for the person; may be "" */
};

typedef void (*cache_answer_fn)(void *ctx, const struct cache_answer *a);

struct cache_ops {
	/* Begin to find the answer for E: run cache_stack() with
	 * cache_request() and call cache_found() in the end.  Returns 0 or
	 * negative errno. */
	int (*find)(void *ctx, struct cache_entry *e);
	/* Only a person can help: a login is needed for E. */
	void (*login_needed)(void *ctx, const struct cache_entry *e);
};

/* What has happened since the start. */
struct cache_counters {
	uint64_t hits;
	uint64_t waits; /* joined a search that was under way */
	uint64_t finds; /* searches begun */
	uint64_t found[RESULT_COUNT];
	uint64_t forgotten;
	uint64_t evicted;
};

struct cache *cache_new(const struct cache_limits *limits,
    const struct cache_ops *ops, void *ctx);
void cache_free(struct cache *c); /* nobody is told; NULL is fine */
void cache_set_limits(struct cache *c, const struct cache_limits *limits);

/*
 * Ask: FN is called before this returns, or later, once.  STACK NULL: the one
 * of the connection.  REQUEST must be addressed and hold no secret.
 */
void cache_ask(struct cache *c, const char *stack, const struct cred *request,
    cache_answer_fn fn, void *ctx);

/* The search for E has ended with RESULT: TEXT is the message that came, WHY
 * the reasons. */
void cache_found(struct cache_entry *e, enum result result,
    const struct buf *text, const struct buf *why);

/* What became of a hint that an answer is of no use any more. */
enum cache_renewal {
	CACHE_RENEW_BEGUN,
	CACHE_RENEW_NOT_CURRENT, /* it is not what would be answered */
	CACHE_RENEW_TOO_YOUNG,
	CACHE_RENEW_TOO_OFTEN
};

/*
 * Somebody says that SECRET, the password or credential of the answer to this
 * question, was refused.  It may be a lie, and a new token may be the end of
 * others (THREATS.md T3, T6).  So one is looked for only if SECRET is what is
 * answered now and is over a minute old, and if that was not done for the same
 * credential within five minutes.
 *
 * Who asks meanwhile waits.  If none is found, the old one is answered as
 * before: it may well be good.
 */
enum cache_renewal cache_renew(struct cache *c, const char *stack,
    const struct cred *request, const char *secret);

/* Somebody stored or erased something at ADDRESS: drop what shares protocol
 * and host, or the connection, with it.  Searches under way are answered and
 * not kept. */
void cache_forget(struct cache *c, const struct cred *address);
void cache_forget_all(struct cache *c);

/*
 * Do what is due: begin to refresh what is used and soon stale, drop what has
 * ended.  Returns the milliseconds until there is more to do, at most a
 * minute, for the wall clock may jump.
 */
int64_t cache_tick(struct cache *c);

/* Whether some answer is live. */
bool cache_is_live(const struct cache *c);

size_t cache_size(const struct cache *c);
const struct cache_counters *cache_counters(const struct cache *c);

/* What cache_new() was given. */
void *cache_context(const struct cache_entry *e);

/* The question of E; NULL stack: the connection's. */
const char *cache_stack(const struct cache_entry *e);
const struct cred *cache_request(const struct cache_entry *e);

/* What find() looks for must have been issued after that: 0, or what was there
 * was refused. */
int64_t cache_refused_utc(const struct cache_entry *e);

/* What status says about an entry; no secret is in it. */
struct cache_state {
	const char *stack;
	const struct cred *request;
	const char *word; /* "live", "stale", "searching" or a result's name */
	int64_t expiry_utc; /* 0: none */
	int64_t retry_ms;   /* until it is asked again after a failure; 0 */
	uint64_t uses;
};

/* Call FN for each entry. */
void cache_each(const struct cache *c,
    void (*fn)(void *ctx, const struct cache_state *s), void *ctx);

#endif
