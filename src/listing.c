/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "clock.h"
#include "cred.h"
#include "listing.h"
#include "module.h"
#include "num.h"
#include "stackfile.h"
#include "strv.h"
#include "walk.h"

#define ANSWER_MAX (1024 * 1024)

struct listing {
	int64_t deadline_ms;
	bool counting;    /* how many are there? */
	size_t left;      /* so many are still to be asked */
	struct strv seen; /* calls of helpers, as text */
	listing_fn fn;
	void *ctx;
};

/* --- blocks --------------------------------------------------------------- */

bool
listing_next(const char **at, struct listing_block *ret_block)
{
	const char *s = *at + strspn(*at, "\n");
	const char *end = strstr(s, "\n\n");

	if (*s == '\0')
		return false;
	ret_block->s = s;
	ret_block->len = end != NULL ? (size_t)(end - s) : strlen(s);
	*at = s + ret_block->len;
	return true;
}

const char *
listing_value(const struct listing_block *block, const char *key,
    size_t *ret_len)
{
	const char *end = block->s + block->len;
	const char *s = block->s;
	size_t key_len = strlen(key);
	size_t len;

	for (; s < end; s += len + 1) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));

		len = (size_t)((newline != NULL ? newline : end) - s);
		if (len > key_len && s[key_len] == '=' &&
		    memcmp(s, key, key_len) == 0) {
			*ret_len = len - key_len - 1;
			return s + key_len + 1;
		}
	}
	return NULL;
}

bool
listing_is(const struct listing_block *block, const char *key,
    const char *value)
{
	size_t len = 0;
	const char *s = listing_value(block, key, &len);

	return s != NULL && len == strlen(value) && memcmp(s, value, len) == 0;
}

int64_t
listing_number(const struct listing_block *block, const char *key)
{
	size_t len = 0;
	const char *s = listing_value(block, key, &len);
	int64_t n = 0;

	if (s != NULL)
		(void)num_parse(s, len, 0, INT64_MAX, &n);
	return n;
}

/* --- helpers -------------------------------------------------------------- */

/* A helper that did not come to its end may have been stopped within a block,
 * and a user name that is cut is another user's. */
static void
drop_torn(struct buf *text)
{
	size_t len = text->len;

	if (strstr(buf_str(text), "\n\n") != NULL)
		while (len > 1 &&
		    (text->data[len - 1] != '\n' ||
			text->data[len - 2] != '\n'))
			len--;
	else
		while (len > 0 && text->data[len - 1] != '\n')
			len--;
	buf_truncate(text, len);
}

/* Whether it is the first time that a helper is called like that. */
static bool
is_new(struct listing *l, const struct stack_rule *rule)
{
	struct buf call = BUF_INIT(STACK_MAX_TEXT);
	bool is_known;
	size_t i;

	for (i = 0; i < rule->argv.len; i++)
		(void)buf_addf(&call, "%s\n", rule->argv.v[i]);
	is_known = strv_has(&l->seen, buf_str(&call));
	if (!is_known)
		strv_add(&l->seen, buf_str(&call));
	buf_wipe(&call);
	return !is_known;
}

static enum result
ask(const struct listing_report *report, const char *verb, struct buf *text,
    struct buf *why)
{
	const struct cred nothing = CRED_INIT;
	const struct module_call call = { report->rule, verb, NULL, &nothing,
		report->deadline_ms };

	return module_query(&call, text, why);
}

/* Whether the helper of a rule can list.  *RET_RESULT is how it went. */
static bool
can_list(const struct listing_report *report, struct buf *why,
    enum result *ret_result)
{
	struct buf text = BUF_INIT(ANSWER_MAX);
	bool can;

	*ret_result = ask(report, "capability", &text, why);
	can = *ret_result == RESULT_SUCCESS &&
	    strstr(buf_str(&text), "capability coco-list\n") != NULL;
	buf_wipe(&text);
	return can;
}

/* What there is to say of the store of a rule, if it is one. */
static void
ask_rule(struct listing *l, struct listing_report *report)
{
	const struct stack_rule *rule = report->rule;
	struct buf text = BUF_INIT(ANSWER_MAX);
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	bool can = can_list(report, &why, &report->result);

	report->kind = LISTING_SOURCE;
	if (can) {
		report->kind = LISTING_STORE;
		report->result = ask(report, "list", &text, &why);
		if (report->result != RESULT_SUCCESS)
			drop_torn(&text);
	} else if (report->result != RESULT_SUCCESS && module_is_store(rule) &&
	    (!rule->quiet || why.len != 0)) {
		/* silent: it is not installed, and the rule says that this is
		 * fine */
		report->kind = LISTING_STORE;
	}
	/* cppcheck-suppress autoVariables */
	report->text = &text;
	/* cppcheck-suppress autoVariables */
	report->why = &why;
	l->fn(l->ctx, report);
	buf_wipe(&text);
	buf_wipe(&why);
}

static void
list_rule(struct listing *l, const char *stack, const struct stack_rule *rule)
{
	const struct buf nothing = BUF_INIT(0);
	struct listing_report report = { LISTING_FOREIGN, rule, stack,
		RESULT_UNSUPPORTED, &nothing, &nothing, 0 };
	int64_t now;

	if (!is_new(l, rule))
		return;
	if (l->counting) {
		l->left += module_is_ours(rule);
		return;
	}
	if (!module_is_ours(rule)) {
		l->fn(l->ctx, &report);
		return;
	}
	/* a stack that was changed meanwhile may have more */
	if (l->left == 0)
		l->left = 1;
	now = clock_ms();
	report.deadline_ms = now + (l->deadline_ms - now) / (int64_t)l->left;
	l->left--;
	ask_rule(l, &report);
}

static void
list_stack(struct listing *l, const char *name)
{
	const struct buf nothing = BUF_INIT(0);
	struct stack stack = STACK_INIT;
	struct buf file = BUF_INIT(WALK_MAX_WHY);
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	struct listing_report fault = { LISTING_FAULT, NULL, name, RESULT_ERROR,
		&nothing, &why, 0 };
	size_t v;
	size_t i;
	int r;

	r = stackfile_load(name, &stack, &file, &why);
	if (r != 0 && !l->counting) {
		fault.result = result_of_errno(r);
		l->fn(l->ctx, &fault);
	}
	for (v = 0; v < STACK_VERBS; v++)
		for (i = 0; r == 0 && i < stack.verb[v].len; i++)
			list_rule(l, name, &stack.verb[v].rule[i]);
	stack_clear(&stack);
	buf_wipe(&file);
	buf_wipe(&why);
}

void
listing_run(const char *name, int64_t deadline_ms, listing_fn fn, void *ctx)
{
	struct listing l = { deadline_ms, true, 0, STRV_INIT, fn, ctx };
	struct strv names = STRV_INIT;
	int pass;
	size_t i;

	if (name != NULL)
		strv_add(&names, name);
	else
		stackfile_names(&names);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < names.len; i++)
			list_stack(&l, names.v[i]);
		strv_clear(&l.seen);
		l.counting = false;
	}
	strv_clear(&names);
}
