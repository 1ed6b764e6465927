/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cache.h"
#include "clock.h"
#include "mem.h"
#include "secret.h"

/* How long a failure is kept.  One that may pass by itself is tried again
 * after a pause that doubles; what only a person can change is looked at now
 * and then, for a change is told to us (cache_forget()) by our own programs
 * only. */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
#define PERMANENT_MS 10000
#define NOT_FOUND_MS 1000

/* An answer that is stale when it comes is for those who wait for it, and for
 * who comes with them. */
#define STALE_MS 1000

#define KEY_MAX (CRED_MAX_MESSAGE + 256)

/* How long a failure is remembered after it may be tried again, so that the
 * pauses grow for who asks again and again. */
#define REMEMBER_MS 120000

/* A token that could not be refreshed is given out until so long before its
 * end. */
#define LAST_S 5

#define TICK_MAX_MS 60000

/* THREATS.md T6: how old an answer must be before it is replaced because
 * somebody says that it was refused, and how often that may be. */
#define RENEW_AGE_S    60
#define RENEW_EVERY_MS 300000

struct waiter {
	cache_answer_fn fn;
	void *ctx;
	struct waiter *next;
};

struct cache_entry {
	struct cache *cache;
	struct cache_entry *prev; /* used more recently */
	struct cache_entry *next;
	char *key;
	char *stack; /* NULL: the connection's */
	struct cred request;

	/* what is known */
	struct secret text; /* empty: nothing */
	int64_t expiry_utc;
	int64_t issued_utc;
	int64_t until_ms; /* without an expiry, or stale as it came; 0 */
	int64_t came_utc; /* the other clock stands still in suspend */
	bool used;        /* since it came */

	/* the last failure */
	enum result failure;
	struct buf why;
	int64_t retry_ms; /* not before that; 0: no failure */
	unsigned tries;

	/* a search under way */
	bool searching;
	int64_t refused_utc; /* what is known was refused; 0: was not */
	bool telling;        /* its end is being told */
	bool forgotten;      /* not in the tree: who asks now asks anew */
	struct waiter *waiters;
	struct waiter **last;

	uint64_t uses;
};

/* A credential that was renewed a short time ago.  Not a part of its entry,
 * which may be one of several for it, and may be dropped. */
struct renewal {
	struct renewal *next;
	char *credential;
	int64_t began_ms;
};

struct cache {
	struct cache_limits limits;
	const struct cache_ops *ops;
	void *ctx;
	void *tree; /* tsearch(3), by key */
	struct cache_entry *first;
	struct cache_entry *end;
	size_t count;
	struct renewal *renewals; /* the latest first */
	struct cache_counters counters;
};

static int
compare(const void *a, const void *b)
{
	const struct cache_entry *x = a;
	const struct cache_entry *y = b;

	return strcmp(x->key, y->key);
}

/* The list is in order of use. */
static void
unlink_entry(struct cache_entry *e)
{
	struct cache *c = e->cache;

	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		c->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		c->end = e->prev;
}

static void
link_first(struct cache_entry *e)
{
	struct cache *c = e->cache;

	e->prev = NULL;
	e->next = c->first;
	if (c->first != NULL)
		c->first->prev = e;
	else
		c->end = e;
	c->first = e;
}

static void
destroy(struct cache_entry *e)
{
	struct waiter *w;

	if (!e->forgotten)
		(void)tdelete(e, &e->cache->tree, compare);
	unlink_entry(e);
	e->cache->count--;
	for (w = e->waiters; w != NULL; w = e->waiters) {
		e->waiters = w->next;
		free(w);
	}
	secret_free(&e->text);
	cred_wipe(&e->request);
	buf_wipe(&e->why);
	free(e->stack);
	free(e->key);
	free(e);
}

/* What is known is not true any more. */
static void
forget(struct cache_entry *e)
{
	if (e->forgotten)
		return;
	e->cache->counters.forgotten++;
	if (!e->searching) {
		destroy(e);
		return;
	}
	(void)tdelete(e, &e->cache->tree, compare);
	e->forgotten = true;
	/* those who are being told asked before */
	if (!e->telling)
		secret_free(&e->text);
}

/* The least recently used ones that nobody waits for have to go. */
static void
make_room(struct cache *c)
{
	struct cache_entry *prev;
	struct cache_entry *e;

	for (e = c->end; e != NULL && c->count >= c->limits.entries; e = prev) {
		prev = e->prev;
		if (e->searching)
			continue;
		c->counters.evicted++;
		destroy(e);
	}
}

/* Append what tells the question from others. */
static int
format_key(const char *stack, const struct cred *request, struct buf *b)
{
	int r = buf_addf(b, "%s\n", stack != NULL ? stack : "");

	return r == 0 ? cred_format(request, b) : r;
}

static struct cache_entry *
look_up(struct cache *c, const struct buf *key)
{
	struct cache_entry probe;
	void *node;

	probe.key = key->data;
	node = tfind(&probe, &c->tree, compare);
	return node != NULL ? *(struct cache_entry **)node : NULL;
}

static struct cache_entry *
make_entry(struct cache *c, const struct buf *key, const char *stack,
    const struct cred *request)
{
	struct cache_entry *e;

	make_room(c);
	e = xcalloc(1, sizeof(*e));
	e->cache = c;
	e->key = xstrdup(buf_str(key));
	e->stack = stack != NULL ? xstrdup(stack) : NULL;
	cred_merge(&e->request, request);
	e->why = (struct buf)BUF_INIT(CACHE_MAX_WHY);
	e->last = &e->waiters;
	e->failure = RESULT_NOT_FOUND;
	if (tsearch(e, &c->tree, compare) == NULL)
		abort();
	c->count++;
	return e;
}

static struct cache_entry *
find_or_make(struct cache *c, const char *stack, const struct cred *request)
{
	struct buf key = BUF_INIT(KEY_MAX);
	struct cache_entry *e;

	if (format_key(stack, request, &key) != 0) {
		buf_wipe(&key);
		return NULL;
	}
	e = look_up(c, &key);
	if (e != NULL)
		unlink_entry(e);
	else
		e = make_entry(c, &key, stack, request);
	link_first(e);
	buf_wipe(&key);
	return e;
}

static bool
has_text(const struct cache_entry *e)
{
	return secret_len(&e->text) != 0;
}

/* Whether the wall clock, too, has not gone on, or back, by too much. */
static bool
is_young(const struct cache_entry *e)
{
	int64_t age_s = clock_utc() - e->came_utc;

	return age_s >= -1 && age_s <= e->cache->limits.age_ms / 1000;
}

/* Whether what is known is good enough not to look for more. */
static bool
is_fresh(const struct cache_entry *e)
{
	if (!has_text(e) || e->refused_utc != 0)
		return false;
	if (e->until_ms != 0 && clock_ms() < e->until_ms)
		return is_young(e);
	return e->expiry_utc != 0 &&
	    !clock_is_stale(e->expiry_utc, e->issued_utc, clock_utc());
}

/* Whether it is at least not dead. */
static bool
is_alive(const struct cache_entry *e)
{
	return is_fresh(e) ||
	    (has_text(e) && e->expiry_utc != 0 &&
		clock_utc() < e->expiry_utc - LAST_S &&
		e->issued_utc <= clock_utc());
}

static void
tell(struct cache_entry *e, bool with_text, cache_answer_fn fn, void *ctx)
{
	struct cache_answer a = { RESULT_SUCCESS, NULL, 0, "" };

	if (with_text) {
		a.text = secret_data(&e->text);
		a.len = secret_len(&e->text);
		e->used = true;
		e->uses++;
	} else {
		a.result = e->failure;
		a.why = buf_str(&e->why);
	}
	fn(ctx, &a);
}

static void
begin(struct cache_entry *e)
{
	struct buf nothing = BUF_INIT(1);
	int r;

	e->searching = true;
	e->cache->counters.finds++;
	r = e->cache->ops->find(e->cache->ctx, e);
	if (r != 0)
		cache_found(e, RESULT_UNAVAILABLE, &nothing, &nothing);
}

static void
wait_for(struct cache_entry *e, cache_answer_fn fn, void *ctx)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->fn = fn;
	w->ctx = ctx;
	*e->last = w;
	e->last = &w->next;
}

void
cache_ask(struct cache *c, const char *stack, const struct cred *request,
    cache_answer_fn fn, void *ctx)
{
	static const struct cache_answer bad = { RESULT_ERROR, NULL, 0, "" };
	struct cache_entry *e = find_or_make(c, stack, request);

	if (e == NULL) {
		fn(ctx, &bad);
	} else if (is_fresh(e) || (!e->searching && e->retry_ms > clock_ms())) {
		c->counters.hits++;
		tell(e, is_alive(e), fn, ctx);
	} else {
		wait_for(e, fn, ctx);
		if (e->searching)
			c->counters.waits++;
		else
			begin(e);
	}
}

/* Failures of many keys at once must not come back all at once. */
static int64_t
jitter(int64_t ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(random))
		random = (uint32_t)clock_ms();
	return ms - ms / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static int64_t
pause_after(struct cache_entry *e, enum result result)
{
	int64_t pause = RETRY_MIN_MS;
	unsigned i;

	e->tries++;
	if (result == RESULT_NOT_FOUND || result == RESULT_QUIT)
		return NOT_FOUND_MS;
	if (result != RESULT_UNAVAILABLE && result != RESULT_ERROR)
		return PERMANENT_MS;
	for (i = 1; i < e->tries && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	return jitter(pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
}

/* IS_HINT: the search was begun because of what somebody said.  Had nobody said
 * anything, what is known would still be answered. */
static void
fail(struct cache_entry *e, enum result result, const struct buf *why,
    bool is_hint)
{
	bool is_news = e->retry_ms == 0 || e->failure != result;

	e->failure = result;
	buf_clear(&e->why);
	(void)buf_add(&e->why, buf_str(why), why->len);
	e->retry_ms = clock_ms() + pause_after(e, result);
	/* what the server has refused is not given out to its last second */
	if (!is_hint && result != RESULT_UNAVAILABLE && result != RESULT_ERROR)
		secret_free(&e->text);
	if (result == RESULT_EXPIRED && is_news)
		e->cache->ops->login_needed(e->cache->ctx, e);
}

/* Whether git's helpers talk to one client in rounds (RFC 4559), or mean what
 * they say for this once: it is of no use to others.  Answers for connections
 * are ephemeral because they are not to be stored. */
static bool
is_for_one(const struct cache_entry *e, const struct cred *answer)
{
	return cred_flag(answer, CRED_CONTINUE) ||
	    (cred_flag(answer, CRED_EPHEMERAL) &&
		cred_get(&e->request, CRED_CONNECTION) == NULL);
}

/* Keep what came.  Returns the result after all. */
static enum result
keep(struct cache_entry *e, const struct buf *text)
{
	struct buf why = BUF_INIT(1024);
	struct cred answer = CRED_INIT;
	enum result result = RESULT_ERROR;
	int r;

	/* a refresh token is nothing that this process may have */
	if (cred_parse(buf_str(text), text->len, &answer, &why) == 0 &&
	    cred_has_secret(&answer) &&
	    cred_get(&answer, CRED_OAUTH_REFRESH_TOKEN) == NULL) {
		secret_free(&e->text);
		r = is_for_one(e, &answer) ?
		    -EMSGSIZE :
		    secret_new(buf_str(text), text->len, &e->text);
		result = r == -EMSGSIZE ? RESULT_UNSUPPORTED :
					  result_of_errno(r);
		e->came_utc = clock_utc();
		e->expiry_utc = cred_number(&answer, CRED_PASSWORD_EXPIRY_UTC);
		e->issued_utc = cred_number(&answer, CRED_ISSUED_UTC);
		e->until_ms = 0;
		if (e->expiry_utc == 0)
			e->until_ms = clock_ms() + e->cache->limits.age_ms;
		else if (!is_fresh(e))
			e->until_ms = clock_ms() + STALE_MS;
	}
	cred_wipe(&answer);
	buf_wipe(&why);
	return result;
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL || strcmp(a, b) == 0;
}

/*
 * E has become another token: what other questions about the credential have
 * may be dead from now on, for single-use refresh tokens take the access token
 * with them (snowflake.md 1.7).  A question without a role may be about any.
 */
static void
forget_older(struct cache_entry *e)
{
	const char *name = cred_get(&e->request, CRED_CONNECTION);
	const char *role = cred_get(&e->request, CRED_ROLE);
	struct cache_entry *next;
	struct cache_entry *o;
	const char *other;

	for (o = e->cache->first; name != NULL && o != NULL; o = next) {
		next = o->next;
		other = cred_get(&o->request, CRED_CONNECTION);
		if (o != e && other != NULL && strcmp(name, other) == 0 &&
		    is_same_text(role, cred_get(&o->request, CRED_ROLE)) &&
		    has_text(o) && o->issued_utc < e->issued_utc)
			forget(o);
	}
}

void
cache_found(struct cache_entry *e, enum result result, const struct buf *text,
    const struct buf *why)
{
	struct waiter *w = e->waiters;
	struct waiter *next;
	bool is_hint = e->refused_utc != 0;
	bool with_text;

	e->refused_utc = 0;
	if (result == RESULT_SUCCESS)
		result = keep(e, text);
	if (result == RESULT_SUCCESS)
		forget_older(e);
	e->cache->counters.found[result]++;
	if (result == RESULT_SUCCESS) {
		e->retry_ms = 0;
		e->tries = 0;
		e->used = false;
	} else {
		fail(e, result, why, is_hint);
	}
	e->waiters = NULL;
	e->last = &e->waiters;
	/* it stays `searching' so that nothing that is called ends it */
	e->telling = true;
	with_text = is_alive(e);
	for (; w != NULL; w = next) {
		next = w->next;
		tell(e, with_text, w->fn, w->ctx);
		free(w);
	}
	e->telling = false;
	e->searching = false;
	if (e->forgotten)
		destroy(e);
	else if (e->waiters != NULL)
		begin(e);
}

static void
drop_renewal(struct renewal **at)
{
	struct renewal *old = *at;

	*at = old->next;
	free(old->credential);
	free(old);
}

/* Append what several questions about one credential have in common. */
static int
format_credential(const struct cred *request, struct buf *b)
{
	static const enum cred_attr connected[] = { CRED_CONNECTION,
		CRED_ROLE };
	static const enum cred_attr other[] = { CRED_PROTOCOL, CRED_HOST };
	bool is = cred_get(request, CRED_CONNECTION) != NULL;
	const char *value;
	size_t i;
	int r = buf_addc(b, is ? 'c' : 'h');

	for (i = 0; r == 0 && i < 2; i++) {
		value = cred_get(request, is ? connected[i] : other[i]);
		r = buf_addf(b, "\n%s", value != NULL ? value : "");
	}
	return r;
}

/* Note that CREDENTIAL is renewed now.  Returns false when it was a short time
 * ago. */
static bool
note_renewal(struct cache *c, const char *credential)
{
	struct renewal **at = &c->renewals;
	struct renewal *new;

	while (*at != NULL) {
		if (clock_ms() - (*at)->began_ms >= RENEW_EVERY_MS) {
			drop_renewal(at);
			continue;
		}
		if (strcmp((*at)->credential, credential) == 0)
			return false;
		at = &(*at)->next;
	}
	new = xcalloc(1, sizeof(*new));
	new->credential = xstrdup(credential);
	new->began_ms = clock_ms();
	new->next = c->renewals;
	c->renewals = new;
	return true;
}

/* Whether SECRET is what E answers. */
static bool
is_current(const struct cache_entry *e, const char *secret)
{
	struct buf why = BUF_INIT(1024);
	struct cred with_password = CRED_INIT;
	struct cred with_credential = CRED_INIT;
	struct cred answer = CRED_INIT;
	bool is = false;

	cred_set(&with_password, CRED_PASSWORD, secret);
	cred_set(&with_credential, CRED_CREDENTIAL, secret);
	if (cred_parse(secret_data(&e->text), secret_len(&e->text), &answer,
		&why) == 0)
		is = cred_same_secret(&with_password, &answer) ||
		    cred_same_secret(&with_credential, &answer);
	cred_wipe(&with_password);
	cred_wipe(&with_credential);
	cred_wipe(&answer);
	buf_wipe(&why);
	return is;
}

enum cache_renewal
cache_renew(struct cache *c, const char *stack, const struct cred *request,
    const char *secret)
{
	struct buf key = BUF_INIT(KEY_MAX);
	enum cache_renewal done = CACHE_RENEW_NOT_CURRENT;
	struct cache_entry *e = NULL;
	int64_t since_utc;

	if (format_key(stack, request, &key) == 0)
		e = look_up(c, &key);
	buf_clear(&key);
	/* what is not fresh is looked for anyway */
	if (e == NULL || e->searching || !is_fresh(e) ||
	    !is_current(e, secret) || format_credential(request, &key) != 0)
		goto out;
	since_utc = e->issued_utc != 0 ? e->issued_utc : e->came_utc;
	if (clock_utc() - since_utc <= RENEW_AGE_S) {
		done = CACHE_RENEW_TOO_YOUNG;
	} else if (!note_renewal(c, buf_str(&key))) {
		done = CACHE_RENEW_TOO_OFTEN;
	} else {
		e->refused_utc = since_utc;
		begin(e);
		done = CACHE_RENEW_BEGUN;
	}
out:
	buf_wipe(&key);
	return done;
}

/* Whether they have both and they are the same. */
static bool
same(const struct cred *a, const struct cred *b, enum cred_attr attr)
{
	const char *x = cred_get(a, attr);
	const char *y = cred_get(b, attr);

	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* A question that names only a connection may be about anything. */
static bool
is_touched(const struct cache_entry *e, const struct cred *address)
{
	return cred_get(&e->request, CRED_HOST) == NULL ||
	    same(&e->request, address, CRED_CONNECTION) ||
	    (same(&e->request, address, CRED_PROTOCOL) &&
		same(&e->request, address, CRED_HOST));
}

void
cache_forget(struct cache *c, const struct cred *address)
{
	struct cache_entry *next;
	struct cache_entry *e;

	for (e = c->first; e != NULL; e = next) {
		next = e->next;
		if (address == NULL || is_touched(e, address))
			forget(e);
	}
}

void
cache_forget_all(struct cache *c)
{
	cache_forget(c, NULL);
}

/* What is due for E; returns the milliseconds until it is looked at again. */
static int64_t
tick_one(struct cache_entry *e)
{
	int64_t stale_utc = clock_stale_at(e->expiry_utc, e->issued_utc);
	int64_t left_s;

	if (e->searching)
		return TICK_MAX_MS;
	if (has_text(e) && !is_fresh(e)) {
		if (e->used && e->retry_ms <= clock_ms() &&
		    e->expiry_utc != 0 && e->cache->limits.refresh_ahead) {
			begin(e);
			return TICK_MAX_MS;
		}
		if (!is_alive(e))
			secret_free(&e->text);
	}
	if (!has_text(e) && e->retry_ms + REMEMBER_MS <= clock_ms()) {
		destroy(e);
		return TICK_MAX_MS;
	}
	if (!has_text(e) && e->retry_ms <= clock_ms())
		return TICK_MAX_MS;
	if (e->retry_ms > clock_ms())
		return e->retry_ms - clock_ms();
	left_s = stale_utc - clock_utc();
	if (e->expiry_utc == 0 || left_s > TICK_MAX_MS / 1000)
		return TICK_MAX_MS;
	return left_s > 0 ? left_s * 1000 : 1000;
}

int64_t
cache_tick(struct cache *c)
{
	int64_t pause = TICK_MAX_MS;
	struct cache_entry *next;
	struct cache_entry *e;
	int64_t ms;

	for (e = c->first; e != NULL; e = next) {
		next = e->next;
		ms = tick_one(e);
		if (ms < pause)
			pause = ms;
	}
	return pause;
}

struct cache *
cache_new(const struct cache_limits *limits, const struct cache_ops *ops,
    void *ctx)
{
	struct cache *c = xcalloc(1, sizeof(*c));

	c->limits = *limits;
	c->ops = ops;
	c->ctx = ctx;
	return c;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	while (c->first != NULL)
		destroy(c->first);
	while (c->renewals != NULL)
		drop_renewal(&c->renewals);
	free(c);
}

void
cache_set_limits(struct cache *c, const struct cache_limits *limits)
{
	c->limits = *limits;
}

bool
cache_is_live(const struct cache *c)
{
	const struct cache_entry *e;

	for (e = c->first; e != NULL; e = e->next)
		if (is_alive(e))
			return true;
	return false;
}

size_t
cache_size(const struct cache *c)
{
	return c->count;
}

const struct cache_counters *
cache_counters(const struct cache *c)
{
	return &c->counters;
}

void *
cache_context(const struct cache_entry *e)
{
	return e->cache->ctx;
}

const char *
cache_stack(const struct cache_entry *e)
{
	return e->stack;
}

const struct cred *
cache_request(const struct cache_entry *e)
{
	return &e->request;
}

int64_t
cache_refused_utc(const struct cache_entry *e)
{
	return e->refused_utc;
}

static const char *
word_of(const struct cache_entry *e)
{
	if (e->searching)
		return "searching";
	if (is_fresh(e))
		return "live";
	if (is_alive(e))
		return "stale";
	return has_text(e) ? "expired" : result_name(e->failure);
}

void
cache_each(const struct cache *c,
    void (*fn)(void *ctx, const struct cache_state *s), void *ctx)
{
	const struct cache_entry *e;

	for (e = c->first; e != NULL; e = e->next) {
		const struct cache_state s = { e->stack, &e->request,
			word_of(e), has_text(e) ? e->expiry_utc : 0,
			e->retry_ms > clock_ms() ? e->retry_ms - clock_ms() : 0,
			e->uses };

		fn(ctx, &s);
	}
}
