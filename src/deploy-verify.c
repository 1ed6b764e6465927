/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verify: that a deployment is as it was made, that tokens come by it, and that
 * no lasting secret of this host is in the target.
 */
#include "coco.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "deploy-search.h"
#include "esc.h"
#include "io.h"
#include "jsonout.h"
#include "lock.h"
#include "log.h"
#include "result.h"

#define TOKEN_MS   60000
#define MAX_TOKEN  65536
#define MAX_OUTPUT 4194304
#define TELL_MS    250

/* What came of a step. */
enum outcome {
	OUTCOME_NONE, /* there was nothing to try */
	OUTCOME_GOOD,
	OUTCOME_BAD
};

static const char *const outcome_names[] = { [OUTCOME_NONE] = "not_tried",
	[OUTCOME_GOOD] = "good",
	[OUTCOME_BAD] = "bad" };

struct step {
	enum outcome outcome;
	int status; /* of OUTCOME_BAD */
	struct buf text;
};

#define STEP_INIT                                         \
	{                                                 \
		OUTCOME_NONE, 0, BUF_INIT(TARGET_MAX_WHY) \
	}

struct verdict {
	struct step state;
	struct step token;
	struct step token_file;
	struct search search;
	int status;
	const char *text;
};

static void __attribute__((format(printf, 4, 5))) settle(struct step *step,
    enum outcome outcome, int status, const char *fmt, ...)
{
	va_list ap;

	step->outcome = outcome;
	step->status = status;
	buf_clear(&step->text);
	va_start(ap, fmt);
	(void)buf_addv(&step->text, fmt, ap);
	va_end(ap);
}

/* --- whether it is in order ----------------------------------------------- */

/* Returns an exit status when nothing can be known. */
static int
look_at_state(struct job *j, struct verdict *v)
{
	struct step *step = &v->state;
	bool gets_tokens = false;
	int r;

	r = job_recall(j, &gets_tokens);
	if (r != 0)
		return r;
	if (!gets_tokens) {
		if (j->has_no_daemon)
			settle(step, OUTCOME_BAD,
			    result_exit(RESULT_UNAVAILABLE), CLIENT_NO_DAEMON);
		else
			settle(step, OUTCOME_BAD, result_exit(RESULT_EXPIRED),
			    "it gets no tokens any more: see coco-deploy "
			    "apply");
		return 0;
	}
	r = job_plan(j);
	if (r != 0)
		settle(step, OUTCOME_BAD, r, "it cannot be put in order");
	else if (j->d.applied_utc == 0)
		settle(step, OUTCOME_BAD, result_exit(RESULT_ERROR),
		    "apply was interrupted: do it again");
	else if (j->plan.len != 0)
		settle(step, OUTCOME_BAD, result_exit(RESULT_ERROR),
		    "not as it was put there: %zu changes to make, see "
		    "coco-deploy plan",
		    j->plan.len);
	else
		settle(step, OUTCOME_GOOD, 0, "as it was put there");
	return 0;
}

/* --- a token -------------------------------------------------------------- */

/* Whether B is one line that could be a token; a newline behind it is gone
 * then. */
static bool
is_token(struct buf *b)
{
	size_t i;

	if (b->len != 0 && b->data[b->len - 1] == '\n')
		buf_truncate(b, b->len - 1);
	for (i = 0; i < b->len; i++)
		if (b->data[i] <= ' ' || b->data[i] > '~')
			return false;
	return b->len != 0;
}

static void
try_token(const struct job *j, struct step *step)
{
	static const char *const words[] = { "token", NULL };
	struct buf token = BUF_INIT(MAX_TOKEN);
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int status = 0;
	int r;

	r = job_run_client(j, words, TOKEN_MS, &token, &why, &status);
	/* hints behind it are for who is inside */
	buf_truncate(&why, strcspn(buf_str(&why), "\n"));
	if (r != 0)
		settle(step, OUTCOME_BAD, result_exit(result_of_errno(r)),
		    "none: %s", why.len != 0 ? buf_str(&why) : strerror(-r));
	else if (status >= 125 && status <= 127)
		settle(step, OUTCOME_BAD, result_exit(RESULT_ERROR),
		    "none: %s cannot be run there", buf_str(&j->client));
	else if (status != 0)
		settle(step, OUTCOME_BAD, result_exit(result_of_exit(status)),
		    "none: %s", buf_str(&why));
	/* what it said may have the token */
	else if (!is_token(&token))
		settle(step, OUTCOME_BAD, result_exit(RESULT_ERROR),
		    "what came is no token");
	else
		settle(step, OUTCOME_GOOD, 0, "one came, as %u:%u", j->user.uid,
		    j->user.gid);
	buf_wipe(&token);
	buf_wipe(&why);
}

/* What is wrong with the token file, or NULL. */
static const char *
fault_of(const struct job *j, struct place *p)
{
	if (p->kind == PLACE_ABSENT)
		return "it is not there";
	if (p->kind != PLACE_FILE)
		return p->kind == PLACE_ODD ? p->odd : "a directory";
	if (p->mode != 0600)
		return "its mode is not 0600";
	if (p->uid != j->user.uid)
		return "it is somebody else's";
	if (p->content.len == 0)
		return "it is empty";
	if (p->content.data[p->content.len - 1] == '\n')
		return "it ends with a newline";
	return is_token(&p->content) ? NULL : "what is in it is no token";
}

static void
look_at_token_file(const struct job *j, struct step *step)
{
	const char *path = buf_str(&j->token_file);
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct places places = PLACES_INIT;
	struct strv roots = STRV_INIT;
	const char *fault = NULL;
	struct place *p;
	int r;

	r = places_add(&places, path, &p);
	if (r == 0)
		r = target_read(&j->target, &roots, &j->user, &places, &why);
	if (r != 0)
		fault = why.len != 0 ? buf_str(&why) : strerror(-r);
	else
		fault = fault_of(j, p);
	if (fault != NULL)
		settle(step, OUTCOME_BAD, result_exit(RESULT_UNAVAILABLE),
		    "%s: %s", path, fault);
	else
		settle(step, OUTCOME_GOOD, 0, "%s: one is in it, for %u alone",
		    path, j->user.uid);
	places_wipe(&places);
	buf_wipe(&why);
}

static void
look_at_token(const struct job *j, struct verdict *v)
{
	if (j->target.kind == TARGET_DIRECTORY)
		settle(&v->token, OUTCOME_NONE, 0,
		    "not tried: nothing runs there");
	else if (j->d.exposed)
		settle(&v->token, OUTCOME_NONE, 0,
		    "not tried: the secret itself was handed out");
	else if (j->has_no_daemon ||
	    v->state.status == result_exit(RESULT_EXPIRED))
		settle(&v->token, OUTCOME_NONE, 0,
		    "not tried: it gets none any more");
	else if (j->target.engine.is_stopped)
		settle(&v->token, OUTCOME_NONE, 0,
		    "not tried: the container does not run");
	else
		try_token(j, &v->token);
	if (v->token.outcome != OUTCOME_NONE &&
	    j->layout.way == LAYOUT_TOKEN_FILE)
		look_at_token_file(j, &v->token_file);
}

/* --- the search ----------------------------------------------------------- */

static void
show_progress(uint64_t bytes)
{
	static int64_t told_ms;
	struct buf b = BUF_INIT(64);

	if (clock_ms() - told_ms < TELL_MS)
		return;
	told_ms = clock_ms();
	(void)buf_addf(&b, "\rsearched %" PRIu64 ".%" PRIu64 " GiB ",
	    bytes >> 30, (bytes & 0x3fffffff) * 10 >> 30);
	(void)io_write_all(STDERR_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
}

/* Where the secret of an exposed connection is on purpose: what we wrote. */
static void
allow_exposed(const struct job *j, struct search *s)
{
	size_t i;

	for (i = 0; j->d.exposed && i < j->d.traces.len; i++)
		if (j->d.traces.v[i].kind == TRACE_FILE ||
		    j->d.traces.v[i].kind == TRACE_TOML)
			search_expose(s, j->d.connection,
			    j->d.traces.v[i].path);
}

static int
run_search(struct job *j, struct search *s)
{
	static const char blank[] = "\r                       \r";
	bool is_seen = isatty(STDERR_FILENO) == 1;
	int r;

	r = deploy_search_start(s);
	if (r != 0)
		return r;
	/* nothing is changed from here on, and it may take long */
	lock_release(j->lock);
	j->lock = -1;
	s->progress = is_seen ? show_progress : NULL;
	allow_exposed(j, s);
	deploy_search(j, s);
	if (is_seen)
		(void)io_write_all(STDERR_FILENO, blank, sizeof(blank) - 1);
	return 0;
}

/* --- the verdict ---------------------------------------------------------- */

static void
judge(struct verdict *v, bool strict)
{
	const struct search *s = &v->search;
	bool is_whole = s->set.unknown.len == 0 && s->missed.len == 0;

	if (s->found != 0)
		v->text = "secrets of this host are where they should not be";
	else if (s->failed.len != 0)
		v->text = "not everything could be searched";
	else if (v->state.outcome == OUTCOME_BAD)
		v->text = "the deployment is not in order";
	else if (v->token.outcome == OUTCOME_BAD ||
	    v->token_file.outcome == OUTCOME_BAD)
		v->text = "no token comes through";
	else if (!is_whole)
		v->text = "nothing was found of what could be looked for";
	else
		v->text = "no secret of this host is in the target";
	if (s->found != 0 || s->failed.len != 0 || (strict && !is_whole))
		v->status = result_exit(RESULT_ERROR);
	else if (v->state.outcome == OUTCOME_BAD)
		v->status = v->state.status;
	else if (v->token.outcome == OUTCOME_BAD)
		v->status = v->token.status;
	else if (v->token_file.outcome == OUTCOME_BAD)
		v->status = v->token_file.status;
}

static void
add_line(struct buf *b, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	(void)buf_addf(b, "%-16s ", name);
	(void)esc_visible(b, text, strlen(text));
	(void)buf_addc(b, '\n');
}

static void
add_lines(struct buf *b, const char *name, const struct strv *texts)
{
	size_t i;

	for (i = 0; i < texts->len; i++)
		add_line(b, name, texts->v[i]);
}

static void
add_find(struct buf *b, const struct search_find *f)
{
	struct buf line = BUF_INIT(MAX_OUTPUT);

	(void)buf_addf(&line, "%s, %s, in %s%s%s, %s", f->secret,
	    hunt_form_name(f->form), f->place, f->path[0] != '\0' ? ": " : "",
	    f->path, f->part);
	add_line(b, f->is_exposed ? "on purpose" : "FOUND", buf_str(&line));
	buf_wipe(&line);
}

static void
print_lines(const struct verdict *v, struct buf *b)
{
	const struct search *s = &v->search;
	size_t i;

	add_line(b, "deployment", buf_str(&v->state.text));
	add_line(b, "token", buf_str(&v->token.text));
	add_line(b, "token file", buf_str(&v->token_file.text));
	add_lines(b, "searched", &s->searched);
	add_lines(b, "not searched", &s->failed);
	add_lines(b, "not searched", &s->missed);
	add_lines(b, "not searched for", &s->set.unknown);
	for (i = 0; i < s->len; i++)
		add_find(b, &s->v[i]);
	if (s->len == SEARCH_MAX_FINDS)
		(void)buf_addf(b, "%-16s %" PRIu64 " in all\n", "FOUND",
		    s->found);
	add_line(b, "result", v->text);
}

static void
put_step(struct jsonout *out, const char *name, const struct step *step)
{
	jsonout_begin(out, name);
	jsonout_put(out, "{");
	jsonout_text(out, "outcome", outcome_names[step->outcome]);
	jsonout_text(out, "text", buf_str(&step->text));
	jsonout_put(out, "}");
}

static void
put_finds(struct jsonout *out, const struct search *s)
{
	size_t i;

	jsonout_begin(out, "found");
	jsonout_put(out, "[");
	for (i = 0; i < s->len; i++) {
		jsonout_begin(out, NULL);
		jsonout_put(out, "{");
		jsonout_text(out, "secret", s->v[i].secret);
		jsonout_text(out, "form", hunt_form_name(s->v[i].form));
		jsonout_text(out, "place", s->v[i].place);
		jsonout_text(out, "path", s->v[i].path);
		jsonout_text(out, "part", s->v[i].part);
		jsonout_flag(out, "on_purpose", s->v[i].is_exposed);
		jsonout_put(out, "}");
	}
	jsonout_put(out, "]");
}

static void
print_json(const struct job *j, const struct verdict *v, struct buf *b)
{
	const struct search *s = &v->search;
	struct jsonout out = JSONOUT_INIT(b);

	jsonout_put(&out, "{");
	jsonout_text(&out, "id", j->d.id);
	jsonout_text(&out, "target", j->d.target);
	jsonout_text(&out, "connection", j->d.connection);
	put_step(&out, "deployment", &v->state);
	jsonout_number(&out, "changes", (int64_t)j->plan.len);
	put_step(&out, "token", &v->token);
	put_step(&out, "token_file", &v->token_file);
	jsonout_texts(&out, "searched", &s->searched);
	jsonout_texts(&out, "search_failed", &s->failed);
	jsonout_texts(&out, "not_searched", &s->missed);
	jsonout_texts(&out, "not_searched_for", &s->set.unknown);
	put_finds(&out, s);
	jsonout_number(&out, "found_count", (int64_t)s->found);
	jsonout_number(&out, "bytes", (int64_t)s->bytes);
	jsonout_flag(&out, "ok", v->status == 0);
	jsonout_flag(&out, "whole",
	    s->failed.len == 0 && s->missed.len == 0 &&
		s->set.unknown.len == 0);
	jsonout_text(&out, "result", v->text);
	jsonout_put(&out, "}\n");
}

static int
print_verdict(const struct job *j, const struct verdict *v)
{
	struct buf b = BUF_INIT(MAX_OUTPUT * 4);
	int r;

	if (j->o->json)
		print_json(j, v, &b);
	else
		print_lines(v, &b);
	r = deploy_print(&b, 0);
	buf_wipe(&b);
	return r != 0 ? r : v->status;
}

int
deploy_verify(const struct deploy_options *o)
{
	struct verdict v = { .state = STEP_INIT,
		.token = STEP_INIT,
		.token_file = STEP_INIT,
		.search = SEARCH_INIT };
	struct job j = { .o = o };
	int r;

	r = job_open(&j, o, o->words[0], JOB_RECORD);
	if (r == 0)
		r = look_at_state(&j, &v);
	if (r == 0) {
		look_at_token(&j, &v);
		r = run_search(&j, &v.search);
	}
	if (r == 0) {
		judge(&v, o->strict);
		if (!o->json)
			job_tell_notes(&j);
		r = print_verdict(&j, &v);
	}
	search_wipe(&v.search);
	buf_wipe(&v.state.text);
	buf_wipe(&v.token.text);
	buf_wipe(&v.token_file.text);
	job_close(&j);
	return r;
}
