/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions of sandboxes, and what of the answers may leave.
 */
#include "coco.h"

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cache.h"
#include "cidr.h"
#include "clock.h"
#include "fnv.h"
#include "grants.h"
#include "journal.h"
#include "mem.h"
#include "policy.h"
#include "sandbox-priv.h"
#include "sock.h"

/* What lives longer than this is no short-lived token (THREATS.md T2). */
#define MAX_LIFE_S 3600

/* A sandbox must not be able to fill the disk, nor to push what others have
 * done out of the log (THREATS.md T21).  Where each answer needs its line there
 * are more. */
#define MAX_LINES          240
#define MAX_LINES_REQUIRED 3600
#define LINES_TIME_MS      3600000

/* How often the operator hears that a sandbox asks for what it may not have. */
#define EXPOSURE_MS 60000

/* --- the audit log -------------------------------------------------------- */

/* Who is at the other end of FD (-1: gone). */
static void
find_from(int fd, char from[SANDBOX_MAX_FROM])
{
	struct buf address = BUF_INIT(CIDR_MAX);
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	(void)snprintf(from, SANDBOX_MAX_FROM, "unknown");
	if (fd < 0) {
		(void)snprintf(from, SANDBOX_MAX_FROM, "gone");
	} else if (sock_is_unix(fd)) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) ==
		    0)
			(void)snprintf(from, SANDBOX_MAX_FROM,
			    "unix uid %lu pid %ld", (unsigned long)peer.uid,
			    (long)peer.pid);
	} else if (getpeername(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    cidr_format_address((const struct sockaddr *)&sa, &address) == 0) {
		(void)snprintf(from, SANDBOX_MAX_FROM, "%s", buf_str(&address));
	}
	buf_wipe(&address);
}

/* Whether there may be one more line. */
static bool
is_in_budget(struct sandbox_budget *budget, unsigned most)
{
	int64_t now = clock_ms();

	if (budget->since_ms == 0 || now - budget->since_ms > LINES_TIME_MS) {
		budget->since_ms = now;
		budget->used = 0;
	}
	if (budget->used >= most) {
		budget->omitted++;
		return false;
	}
	budget->used++;
	return true;
}

void
sandbox_refused(struct sandbox *s, int fd, const char *why)
{
	char from[SANDBOX_MAX_FROM];
	const struct audit a = { .event = "refuse",
		.result = RESULT_DENIED,
		.verb = why,
		.grant = s->grant.id,
		.from = from,
		.omitted = s->refusal.omitted };

	if (!is_in_budget(&s->refusal, MAX_LINES))
		return;
	find_from(fd, from);
	s->refusal.omitted = 0;
	if (audit_event(&a, NULL) != 0)
		journal(JOURNAL_WARNING, "grant %s: no line in the audit log",
		    s->grant.id);
}

/* Whether the policy demands a line for each answer. */
static bool
is_line_required(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	const struct policy *policy;
	bool is;

	is = policy_get(&policy, &why) != 0 ||
	    policy->audit == POLICY_AUDIT_REQUIRED;
	buf_wipe(&why);
	return is;
}

/*
 * Whether ANSWER is another one than the question of ASK had last.  That is
 * always written down; there are no more of these than tokens that were made.
 */
static bool
is_news(struct sandbox *s, const struct sandbox_ask *ask,
    const struct cred *answer)
{
	static const enum cred_attr asks[] = { CRED_CONNECTION, CRED_ROLE,
		CRED_HOST };
	struct sandbox_told told = { FNV_START, FNV_START };
	size_t i;

	for (i = 0; i < ARRAY_LEN(asks); i++)
		told.question = fnv_field(told.question,
		    cred_get(&ask->question, asks[i]));
	told.answer = fnv_field(told.answer, cred_get(answer, CRED_PASSWORD));
	told.answer = fnv_field(told.answer, cred_get(answer, CRED_CREDENTIAL));
	for (i = 0; i < s->told_len; i++)
		if (s->told[i].question == told.question)
			break;
	if (i == s->told_len)
		s->told = xreallocarray(s->told, ++s->told_len, sizeof(told));
	else if (s->told[i].answer == told.answer)
		return false;
	s->told[i] = told;
	return true;
}

/* Whether there is to be a line for what ASK has led to. */
static bool
has_line(struct sandbox *s, const struct sandbox_ask *ask, enum result result,
    const struct cred *answer, bool is_required)
{
	if (result != RESULT_SUCCESS)
		return is_in_budget(&s->refusal, MAX_LINES);
	return (is_news(s, ask, answer) &&
		   is_in_budget(&s->news, MAX_LINES_REQUIRED)) ||
	    is_in_budget(&s->use, is_required ? MAX_LINES_REQUIRED : MAX_LINES);
}

enum result
sandbox_record(struct sandbox *s, const struct sandbox_ask *ask,
    enum result result, const struct cred *answer)
{
	struct sandbox_budget *budget = result == RESULT_SUCCESS ? &s->use :
								   &s->refusal;
	const struct audit a = { .event = "use",
		.result = result,
		.verb = ask->verb,
		.request = &ask->question,
		.answer = answer,
		.grant = s->grant.id,
		.from = ask->from,
		.omitted = budget->omitted };
	bool is_required = is_line_required();
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	enum result may;

	if (!has_line(s, ask, result, answer, is_required))
		return result == RESULT_SUCCESS && is_required ?
		    RESULT_UNAVAILABLE :
		    result;
	budget->omitted = 0;
	may = audit_release(&a, &why);
	if (may != RESULT_SUCCESS)
		journal_lines(JOURNAL_ERROR, buf_str(&why));
	buf_wipe(&why);
	return result == RESULT_SUCCESS ? may : result;
}

/* --- what may leave ------------------------------------------------------- */

/* Whether the secret in ANSWER is one of those that a sandbox may have. */
static bool
is_short_lived(const struct cred *answer)
{
	int64_t expiry = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);

	return expiry != 0 && expiry - clock_utc() <= MAX_LIFE_S;
}

/* Rid ANSWER of what is nobody's business in there. */
static void
strip(struct cred *answer)
{
	cred_clear_list(answer, CRED_STATE);
	cred_clear_list(answer, CRED_CAPABILITY);
	cred_clear_list(answer, CRED_WWWAUTH);
	cred_set(answer, CRED_OAUTH_REFRESH_TOKEN, NULL);
	cred_set(answer, CRED_CONTINUE, NULL);
	cred_set(answer, CRED_QUIT, NULL);
}

/* The operator may wonder why there is nothing; once a minute is enough. */
static void
tell_once(struct sandbox *s, const char *what)
{
	if (s->exposure_ms != 0 && clock_ms() - s->exposure_ms < EXPOSURE_MS)
		return;
	s->exposure_ms = clock_ms();
	journal(JOURNAL_WARNING, "grant %s: %s", s->grant.id, what);
}

/* What came for S, as the sandbox may see it. */
static enum result
judge(struct sandbox *s, const struct cache_answer *came,
    struct cred *ret_answer)
{
	struct buf why = BUF_INIT(1024);
	enum result result = came->result;

	if (result == RESULT_SUCCESS &&
	    (cred_parse(came->text, came->len, ret_answer, &why) != 0 ||
		!cred_has_secret(ret_answer)))
		result = RESULT_ERROR;
	buf_wipe(&why);
	if (s == NULL || !sandbox_is_open(s))
		return RESULT_DENIED;
	if (result == RESULT_SUCCESS && !s->grant.expose &&
	    !is_short_lived(ret_answer)) {
		tell_once(s,
		    "what the host has lives longer than an hour; such a "
		    "secret needs a grant with --expose");
		return RESULT_DENIED;
	}
	if (result == RESULT_UNSUPPORTED)
		tell_once(s,
		    "the connection has changed since it was made, or its "
		    "answer is not one for a sandbox: make a new grant");
	/* what would hold a refresh token, and what stops git, is no answer
	 * for a sandbox */
	return result == RESULT_UNSUPPORTED || result == RESULT_QUIT ?
	    RESULT_DENIED :
	    result;
}

static void
end_ask(struct sandbox_ask *a)
{
	cred_wipe(&a->question);
	cred_wipe(&a->wanted);
	free(a);
}

static void
on_answer(void *ctx, const struct cache_answer *came)
{
	struct cred answer = CRED_INIT;
	struct sandbox_ask *a = ctx;
	struct sandbox *s = grants_find(a->tokend->grants, a->id);
	enum result result;

	result = judge(s, came, &answer);
	/* the token file says itself when it has become another one */
	if (s != NULL && a->x != NULL)
		result = sandbox_record(s, a, result, &answer);
	if (result != RESULT_SUCCESS)
		cred_wipe(&answer);
	else
		s->uses++;
	strip(&answer);
	a->fn(a, result, &answer);
	cred_wipe(&answer);
	end_ask(a);
}

/* --- questions ------------------------------------------------------------ */

struct sandbox_ask *
sandbox_ask_new(struct sandbox *s, struct httpd_exchange *x, const char *verb,
    void (*fn)(struct sandbox_ask *ask, enum result result,
	const struct cred *answer))
{
	struct sandbox_ask *a = xcalloc(1, sizeof(*a));

	a->tokend = s->tokend;
	memcpy(a->id, s->grant.id, sizeof(a->id));
	a->x = x;
	a->verb = verb;
	a->fn = fn;
	if (x != NULL)
		find_from(httpd_fd(x), a->from);
	else
		(void)snprintf(a->from, sizeof(a->from), "coco-tokend");
	return a;
}

void
sandbox_set_question(struct cred *question, const struct grant_connection *c,
    const char *role)
{
	cred_set(question, CRED_PROTOCOL, c->protocol);
	cred_set(question, CRED_HOST, c->host);
	/* "" says that there is to be none, as when it was granted; who grants
	 * without saying where the connection leads leaves all that open */
	cred_set(question, CRED_USERNAME,
	    c->username == NULL && c->host != NULL ? "" : c->username);
	cred_set(question, CRED_CONNECTION, c->name);
	cred_set(question, CRED_ROLE, role != NULL ? role : "");
	/* whatever the caller can take: what it cannot is left out later, and
	 * all share one answer */
	cred_add(question, CRED_CAPABILITY, "authtype");
}

void
sandbox_ask_begin(struct sandbox_ask *a, const char *stack)
{
	cache_ask(a->tokend->cache, stack, &a->question, on_answer, a);
}

void
sandbox_ask_refuse(struct sandbox_ask *a, enum result result)
{
	struct sandbox *s = grants_find(a->tokend->grants, a->id);
	struct cred nothing = CRED_INIT;

	if (s != NULL)
		(void)sandbox_record(s, a, result, &nothing);
	a->fn(a, result, &nothing);
	end_ask(a);
}
