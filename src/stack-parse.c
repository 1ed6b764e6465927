/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader of stack files; stack.c evaluates what it makes of them.
 */
#include "coco.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "esc.h"
#include "mem.h"
#include "num.h"
#include "stack.h"

/* One file being read: a cursor that knows where it is. */
struct reader {
	const char *text;
	size_t len;
	size_t at;
	int line;
	size_t line_start; /* for the column */
	const char *file;
	struct buf *why;
};

/* What reading goes on in: shared by a file and its includes. */
struct context {
	stack_load_fn load;
	void *load_ctx;
	struct stack *stack;
	struct buf *why;
	int only;  /* append rules of this verb only; -1: of all */
	int level; /* of substacks */
	int depth; /* of files */
};

static int parse_file(struct context *c, const char *name);

/* The controls with a name, as pam.conf(5) defines them. */
static const struct {
	const char *name;
	int success;
	int other;
} controls[] = {
	{ "required", STACK_OK, STACK_BAD },
	{ "requisite", STACK_OK, STACK_DIE },
	{ "sufficient", STACK_DONE, STACK_IGNORE },
	{ "optional", STACK_OK, STACK_IGNORE },
};

static const struct {
	const char *name;
	int action;
} actions[] = {
	{ "ignore", STACK_IGNORE },
	{ "ok", STACK_OK },
	{ "done", STACK_DONE },
	{ "bad", STACK_BAD },
	{ "die", STACK_DIE },
	{ "reset", STACK_RESET },
};

/* Report an error at byte AT of the current line. */
static int __attribute__((format(printf, 4, 5)))
fail(struct reader *r, size_t at, int error, const char *fmt, ...)
{
	struct buf text = BUF_INIT(1024);
	va_list ap;

	va_start(ap, fmt);
	(void)buf_addv(&text, fmt, ap);
	va_end(ap);
	(void)buf_addf(r->why, "%s:%d:%zu: ", r->file, r->line,
	    at - r->line_start + 1);
	(void)esc_visible(r->why, buf_str(&text), text.len);
	buf_wipe(&text);
	return error;
}

static bool
at_end(const struct reader *r)
{
	return r->at >= r->len;
}

static char
peek(const struct reader *r)
{
	return at_end(r) ? '\n' : r->text[r->at];
}

/* Whether a backslash before the line end, which joins lines, is next. */
static bool
at_join(const struct reader *r)
{
	return r->at + 1 < r->len && r->text[r->at] == '\\' &&
	    r->text[r->at + 1] == '\n';
}

static void
next_line(struct reader *r)
{
	r->line++;
	r->line_start = r->at;
}

/* Pass blanks and joined lines; a comment reaches to the end of its line. */
static void
skip_blanks(struct reader *r)
{
	for (;;) {
		if (at_join(r)) {
			r->at += 2;
			next_line(r);
		} else if (!at_end(r) && (peek(r) == ' ' || peek(r) == '\t')) {
			r->at++;
		} else {
			break;
		}
	}
	if (peek(r) == '#')
		while (peek(r) != '\n')
			r->at++;
}

static void
skip_newline(struct reader *r)
{
	if (!at_end(r)) {
		r->at++;
		next_line(r);
	}
}

/* A word up to a blank or the line's end; empty when there is none. */
static void
read_word(struct reader *r, struct buf *word)
{
	buf_clear(word);
	while (!at_join(r) && strchr(" \t\n", peek(r)) == NULL) {
		(void)buf_addc(word, peek(r));
		r->at++;
	}
}

/* What is in brackets: blanks and all, "\]" stands for "]" (pam.conf(5)). */
static int
read_bracketed(struct reader *r, struct buf *word)
{
	size_t start = r->at++;

	buf_clear(word);
	while (peek(r) != ']') {
		if (at_join(r)) {
			r->at += 2;
			next_line(r);
			continue;
		}
		if (peek(r) == '\n')
			return fail(r, start, -EBADMSG, "\"[\" without \"]\"");
		if (peek(r) == '\\' && r->at + 1 < r->len &&
		    r->text[r->at + 1] == ']')
			r->at++;
		(void)buf_addc(word, peek(r));
		r->at++;
	}
	r->at++;
	return 0;
}

static int
parse_verb(struct reader *r, const struct buf *word, size_t at,
    enum stack_verb *ret_verb, bool *ret_quiet)
{
	const char *s = buf_str(word);
	bool quiet = s[0] == '-';
	size_t v;

	if (quiet)
		s++;
	for (v = 0; v < STACK_VERBS; v++) {
		if (strcasecmp(s, stack_verb_name((enum stack_verb)v)) == 0) {
			*ret_verb = (enum stack_verb)v;
			*ret_quiet = quiet;
			return 0;
		}
	}
	return fail(r, at, -EBADMSG,
	    "\"%s\" is no verb; it must be get, store or erase", s);
}

static int
parse_action(struct reader *r, size_t at, const char *s, size_t len,
    int *ret_action)
{
	int64_t n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(actions); i++) {
		if (strlen(actions[i].name) == len &&
		    strncasecmp(actions[i].name, s, len) == 0) {
			*ret_action = actions[i].action;
			return 0;
		}
	}
	if (num_parse(s, len, 1, STACK_MAX_RULES, &n) == 0) {
		*ret_action = (int)n;
		return 0;
	}
	return fail(r, at, -EBADMSG,
	    "\"%.*s\" is no action; it must be ignore, "
	    "ok, done, bad, die, reset or a number from 1",
	    (int)len, s);
}

/* One "result=action" of a control in brackets. */
static int
parse_pair(struct reader *r, size_t at, const char *s, size_t len, int *set,
    int *ret_default)
{
	const char *equals = memchr(s, '=', len);
	size_t name = equals != NULL ? (size_t)(equals - s) : len;
	char lower[32];
	enum result result = RESULT_SUCCESS;
	size_t i;

	if (equals == NULL || name == 0 || name >= sizeof(lower))
		return fail(r, at, -EBADMSG,
		    "\"%.*s\" is not of the form result=action", (int)len, s);
	for (i = 0; i < name; i++)
		lower[i] = ascii_lower(s[i]);
	if (name == 7 && memcmp(lower, "default", 7) == 0)
		return parse_action(r, at, equals + 1, len - name - 1,
		    ret_default);
	if (!result_parse(lower, name, &result))
		return fail(r, at, -EBADMSG, "\"%.*s\" is no result", (int)name,
		    s);
	return parse_action(r, at, equals + 1, len - name - 1, &set[result]);
}

/* "[result=action ...]": an action for each result that is named, the default
 * (bad, if none is given) for the rest, but "unsupported" is skipped. */
static int
parse_pairs(struct reader *r, size_t at, const struct buf *word,
    int action[RESULT_COUNT])
{
	const int unset = STACK_MAX_RULES + 1;
	int set[RESULT_COUNT];
	int fallback = STACK_BAD;
	const char *s = buf_str(word);
	size_t len;
	size_t i;
	int e = 0;

	for (i = 0; i < RESULT_COUNT; i++)
		set[i] = unset;
	set[RESULT_UNSUPPORTED] = STACK_IGNORE;
	for (s += strspn(s, " \t"); e == 0 && *s != '\0';
	     s += len + strspn(s + len, " \t")) {
		len = strcspn(s, " \t");
		e = parse_pair(r, at, s, len, set, &fallback);
	}
	for (i = 0; i < RESULT_COUNT; i++)
		action[i] = set[i] != unset ? set[i] : fallback;
	return e;
}

/* Fill in what the control number I means. */
static void
expand_control(size_t i, int action[RESULT_COUNT])
{
	size_t k;

	for (k = 0; k < RESULT_COUNT; k++)
		action[k] = controls[i].other;
	action[RESULT_SUCCESS] = controls[i].success;
	action[RESULT_IGNORE] = STACK_IGNORE;
	action[RESULT_UNSUPPORTED] = STACK_IGNORE;
}

static bool
named_control(const char *s, int action[RESULT_COUNT])
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(controls); i++) {
		if (strcasecmp(s, controls[i].name) == 0) {
			expand_control(i, action);
			return true;
		}
	}
	return false;
}

const char *
stack_control_name(const struct stack_rule *rule)
{
	int action[RESULT_COUNT];
	size_t i;

	for (i = 0; i < ARRAY_LEN(controls); i++) {
		expand_control(i, action);
		if (memcmp(action, rule->action, sizeof(action)) == 0)
			return controls[i].name;
	}
	return NULL;
}

/* The helper of a rule: a name, an absolute path, or "!" and the rest of the
 * line as git's shell command. */
static int
parse_helper(struct reader *r, struct stack_rule *rule)
{
	struct buf word = BUF_INIT(STACK_MAX_TEXT);
	size_t at = r->at;
	int e = 0;

	if (peek(r) == '!') {
		for (r->at++; peek(r) != '\n'; r->at++)
			(void)buf_addc(&word, peek(r));
		rule->kind = STACK_SHELL;
	} else {
		read_word(r, &word);
		rule->kind = buf_str(&word)[0] == '/' ? STACK_PATH : STACK_NAME;
	}
	if (word.len == 0)
		e = fail(r, at, -EBADMSG, "a helper is missing");
	else if (rule->kind == STACK_NAME && !stack_is_name(buf_str(&word)))
		e = fail(r, at, -EBADMSG,
		    "\"%s\" is no helper: it must be a "
		    "name, an absolute path, or !command",
		    buf_str(&word));
	else
		strv_add(&rule->argv, buf_str(&word));
	buf_wipe(&word);
	return e;
}

static int
parse_arguments(struct reader *r, struct stack_rule *rule)
{
	struct buf word = BUF_INIT(STACK_MAX_TEXT);
	int e = 0;

	for (skip_blanks(r); e == 0 && peek(r) != '\n'; skip_blanks(r)) {
		if (peek(r) == '[')
			e = read_bracketed(r, &word);
		else
			read_word(r, &word);
		if (e == 0)
			strv_add(&rule->argv, buf_str(&word));
	}
	buf_wipe(&word);
	return e;
}

static void
clear_rule(struct stack_rule *rule)
{
	strv_clear(&rule->argv);
	free(rule->file);
	memset(rule, 0, sizeof(*rule));
}

/* Append RULE, which is taken, unless it is of a verb that is not wanted. */
static int
add_rule(const struct context *c, struct reader *r, enum stack_verb v,
    struct stack_rule *rule)
{
	struct stack_rules *rules = &c->stack->verb[v];

	if (c->only >= 0 && c->only != (int)v) {
		clear_rule(rule);
		return 0;
	}
	if (rules->len == STACK_MAX_RULES)
		return fail(r, r->at, -EMSGSIZE, "more than %d rules",
		    STACK_MAX_RULES);
	rules->rule = xreallocarray(rules->rule, rules->len + 1,
	    sizeof(*rules->rule));
	rules->rule[rules->len++] = *rule;
	memset(rule, 0, sizeof(*rule));
	return 0;
}

/* "verb include NAME" or "verb substack NAME". */
static int
parse_include(struct context *c, struct reader *r, enum stack_verb v,
    struct stack_rule *rule)
{
	struct context inner = *c;
	struct buf name = BUF_INIT(STACK_MAX_TEXT);
	size_t at = r->at;
	int e = 0;

	read_word(r, &name);
	skip_blanks(r);
	if (!stack_is_name(buf_str(&name)))
		e = fail(r, at, -EBADMSG, "\"%s\" is no stack name",
		    buf_str(&name));
	else if (peek(r) != '\n')
		e = fail(r, r->at, -EBADMSG, "one stack name is enough");
	else if (c->depth + 1 > STACK_MAX_DEPTH)
		e = fail(r, at, -EMSGSIZE, "more than %d files deep",
		    STACK_MAX_DEPTH);
	if (e != 0 || (c->only >= 0 && c->only != (int)v))
		goto out;
	if (rule->kind == STACK_SUBSTACK) {
		e = add_rule(c, r, v, rule);
		inner.level++;
	}
	inner.depth++;
	inner.only = (int)v;
	if (e == 0)
		e = parse_file(&inner, buf_str(&name));
	if (e == -ENOENT)
		e = fail(r, at, -EBADMSG, "there is no stack \"%s\"",
		    buf_str(&name));
out:
	buf_wipe(&name);
	return e;
}

/* The control column.  *RET_INCLUDE tells that a stack's name follows. */
static int
parse_control(struct reader *r, struct stack_rule *rule, bool *ret_include)
{
	struct buf word = BUF_INIT(STACK_MAX_TEXT);
	size_t at = r->at;
	int e = 0;

	*ret_include = false;
	if (peek(r) == '[') {
		e = read_bracketed(r, &word);
		if (e == 0)
			e = parse_pairs(r, at, &word, rule->action);
		goto out;
	}
	read_word(r, &word);
	if (strcasecmp(buf_str(&word), "substack") == 0)
		rule->kind = STACK_SUBSTACK;
	if (rule->kind == STACK_SUBSTACK ||
	    strcasecmp(buf_str(&word), "include") == 0)
		*ret_include = true;
	else if (!named_control(buf_str(&word), rule->action))
		e = fail(r, at, -EBADMSG, "\"%s\" is no control",
		    buf_str(&word));
out:
	buf_wipe(&word);
	return e;
}

/* One rule; the cursor is at its first word. */
static int
parse_rule(struct context *c, struct reader *r)
{
	struct buf word = BUF_INIT(STACK_MAX_TEXT);
	struct stack_rule rule;
	enum stack_verb v = STACK_GET;
	size_t at = r->at;
	bool include;
	int e;

	memset(&rule, 0, sizeof(rule));
	rule.level = c->level;
	rule.line = r->line;
	rule.file = xstrdup(r->file);
	read_word(r, &word);
	e = parse_verb(r, &word, at, &v, &rule.quiet);
	skip_blanks(r);
	if (e == 0)
		e = parse_control(r, &rule, &include);
	skip_blanks(r);
	if (e == 0 && include) {
		e = parse_include(c, r, v, &rule);
	} else if (e == 0) {
		e = parse_helper(r, &rule);
		if (e == 0)
			e = parse_arguments(r, &rule);
		if (e == 0)
			e = add_rule(c, r, v, &rule);
	}
	clear_rule(&rule);
	buf_wipe(&word);
	return e;
}

static int
check_text(struct reader *r)
{
	size_t i;

	for (i = 0; i < r->len; i++)
		if (((unsigned char)r->text[i] < 0x20 && r->text[i] != '\n' &&
			r->text[i] != '\t') ||
		    r->text[i] == 0x7f)
			return fail(r, 0, -EBADMSG, "a control byte");
	return 0;
}

static int
parse_file(struct context *c, const char *name)
{
	struct buf text = BUF_INIT(STACK_MAX_TEXT);
	struct buf file = BUF_INIT(STACK_MAX_TEXT);
	struct reader r = { NULL, 0, 0, 1, 0, NULL, c->why };
	int e;

	e = c->load(c->load_ctx, name, &text, &file, c->why);
	if (e != 0)
		goto out;
	r.text = buf_str(&text);
	r.len = text.len;
	r.file = buf_str(&file);
	e = check_text(&r);
	while (e == 0 && !at_end(&r)) {
		skip_blanks(&r);
		if (peek(&r) != '\n')
			e = parse_rule(c, &r);
		if (e == 0)
			skip_newline(&r);
	}
out:
	buf_wipe(&text);
	buf_wipe(&file);
	return e;
}

/* Refuse jumps that lead past the end of their (sub)stack. */
static int
check_jumps(const struct stack_rules *rules, struct buf *why)
{
	const struct stack_rule *rule;
	size_t i;
	size_t k;

	for (i = 0; i < rules->len; i++) {
		rule = &rules->rule[i];
		for (k = 0; k < RESULT_COUNT; k++) {
			if (rule->action[k] <= 0 ||
			    stack_can_jump(rules, i, rule->action[k]))
				continue;
			(void)buf_addf(why,
			    "%s:%d:1: a jump over %d rules "
			    "leads past the end",
			    rule->file, rule->line, rule->action[k]);
			return -EBADMSG;
		}
	}
	return 0;
}

int
stack_parse(const char *name, stack_load_fn load, void *ctx,
    struct stack *ret_stack, struct buf *why)
{
	struct stack stack = STACK_INIT;
	struct context c = { load, ctx, &stack, why, -1, 0, 1 };
	size_t v;
	int e;

	e = parse_file(&c, name);
	for (v = 0; e == 0 && v < STACK_VERBS; v++)
		e = check_jumps(&stack.verb[v], why);
	if (e == 0)
		*ret_stack = stack;
	else
		stack_clear(&stack);
	return e;
}
