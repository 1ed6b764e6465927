/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list: what is stored where, without secrets.  The stores are the helpers of
 * all stacks that say by their capabilities that they can list; each way in
 * which the stacks call one is asked once.  Foreign helpers are not asked.
 */
#include "coco.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "esc.h"
#include "io.h"
#include "log.h"
#include "module.h"
#include "num.h"
#include "stackfile.h"

#define LIST_TIMEOUT_S 30
#define LIST_MAX       (16 * 1024 * 1024)
#define ANSWER_MAX     (1024 * 1024)
#define CELL_MAX       1024

/* How an attribute looks in JSON. */
enum form {
	TEXT,
	NUMBER,
	YES_NO
};

static const struct {
	const char *name;
	enum form form;
} attributes[] = {
	{ "protocol", TEXT },
	{ "host", TEXT },
	{ "path", TEXT },
	{ "username", TEXT },
	{ "connection", TEXT },
	{ "role", TEXT },
	{ "authenticator", TEXT },
	{ "password_expiry_utc", NUMBER },
	{ "issued_utc", NUMBER },
	{ "secret", YES_NO },
	{ "refresh_token", YES_NO },
	{ "refused", YES_NO },
	{ "result", TEXT },
};

/* Lines "key=value" up to a blank line. */
struct block {
	const char *s;
	size_t len;
};

struct list {
	const struct cmd *cmd;
	bool counting;       /* how many are there? */
	size_t left;         /* so many are still to be asked */
	int64_t deadline_ms; /* of the one that is being asked */
	struct buf why;      /* what was said of its last call */
	struct strv seen;    /* calls of helpers, as text */
	struct buf out;
	bool any;           /* a store was asked */
	bool answered;      /* and one answered */
	enum result result; /* of the last that did not */
};

/* Take the block at *AT, and step behind it.  Returns whether there is one. */
static bool
next_block(const char **at, struct block *ret_block)
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

/* The value of KEY; NULL when it is not there. */
static const char *
value_of(const struct block *block, const char *key, size_t *ret_len)
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

static bool
is_value(const struct block *block, const char *key, const char *value)
{
	size_t len = 0;
	const char *s = value_of(block, key, &len);

	return s != NULL && len == strlen(value) && memcmp(s, value, len) == 0;
}

static int64_t
number_of(const struct block *block, const char *key)
{
	size_t len = 0;
	const char *s = value_of(block, key, &len);
	int64_t n = 0;

	if (s != NULL)
		(void)num_parse(s, len, 0, INT64_MAX, &n);
	return n;
}

static void
add_member(struct buf *b, const struct block *block, size_t i)
{
	const char *name = attributes[i].name;
	size_t len = 0;
	const char *s = value_of(block, name, &len);

	if (s == NULL)
		return;
	if (b->data[b->len - 1] != '{')
		(void)buf_addc(b, ',');
	(void)buf_addf(b, "\"%s\":", name);
	if (attributes[i].form == NUMBER)
		(void)buf_addf(b, "%lld", (long long)number_of(block, name));
	else if (attributes[i].form == YES_NO)
		(void)buf_adds(b,
		    is_value(block, name, "yes") ? "true" : "false");
	else
		(void)esc_json(b, s, len);
}

static void
add_entry_json(struct buf *b, const struct block *block)
{
	size_t i;

	if (b->data[b->len - 1] != '[')
		(void)buf_addc(b, ',');
	(void)buf_addc(b, '{');
	for (i = 0; i < ARRAY_LEN(attributes); i++)
		add_member(b, block, i);
	(void)buf_addc(b, '}');
}

static void
add_store_json(struct list *l, const char *name, const struct block *head,
    enum result result)
{
	struct buf *b = &l->out;
	size_t len = 0;
	const char *s = value_of(head, "location", &len);

	if (b->data[b->len - 1] != '[')
		(void)buf_addc(b, ',');
	(void)buf_adds(b, "{\"helper\":");
	(void)esc_json(b, name, strlen(name));
	(void)buf_adds(b, ",\"location\":");
	if (s != NULL)
		(void)esc_json(b, s, len);
	else
		(void)buf_adds(b, "null");
	(void)buf_addf(b, ",\"encrypted\":%s,\"result\":\"%s\",\"entries\":[",
	    value_of(head, "encrypted", &len) == NULL ? "null" :
		is_value(head, "encrypted", "yes")    ? "true" :
							"false",
	    result_name(result));
}

/* Columns that a text takes on a terminal, one for each character. */
static size_t
width_of(const struct buf *text)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < text->len; i++)
		if (((unsigned char)text->data[i] & 0xc0) != 0x80)
			n++;
	return n;
}

/* Append a cell and the blanks behind it; one that is too wide moves what
 * follows to a line of its own, rather than being cut. */
static void
add_cell(struct buf *b, const struct buf *text, size_t width, size_t column)
{
	size_t n = width_of(text);

	(void)buf_adds(b, buf_str(text));
	if (n > width)
		(void)buf_addf(b, "\n%*s", (int)(column + width + 1), "");
	else
		(void)buf_addf(b, "%*s", (int)(width - n + 1), "");
}

/* Mark what was too long for a cell, between two characters. */
static void
mark_cut(struct buf *cell)
{
	size_t len = cell->len;

	while (len > 0 &&
	    (len > CELL_MAX - 3 ||
		((unsigned char)cell->data[len] & 0xc0) == 0x80))
		len--;
	buf_truncate(cell, len);
	(void)buf_adds(cell, "...");
}

static void
add_value(struct buf *b, const struct block *block, const char *key)
{
	size_t len = 0;
	const char *s = value_of(block, key, &len);

	if (s == NULL || len == 0)
		(void)buf_addc(b, '-');
	else if (esc_visible(b, s, len) != 0)
		mark_cut(b);
}

/* The connection, or protocol, host and path of another's. */
static void
add_name(struct buf *b, const struct block *block)
{
	size_t len = 0;
	const char *s = value_of(block, "connection", &len);

	if (s != NULL) {
		add_value(b, block, "connection");
		return;
	}
	if (!is_value(block, "protocol", "https")) {
		add_value(b, block, "protocol");
		(void)buf_adds(b, "://");
	}
	add_value(b, block, "host");
	s = value_of(block, "path", &len);
	if (s != NULL && buf_addc(b, '/') == 0)
		add_value(b, block, "path");
}

static void
add_expiry(struct buf *b, const struct block *block)
{
	int64_t expiry = number_of(block, "password_expiry_utc");
	int64_t left = expiry - clock_utc();

	if (is_value(block, "result", "expired"))
		(void)buf_adds(b, "expired");
	else if (is_value(block, "secret", "no"))
		(void)buf_adds(b, "no secret");
	else if (expiry == 0)
		(void)buf_adds(b, "never");
	else if (left <= 0)
		(void)buf_adds(b, "expired");
	else if (left < 120)
		(void)buf_addf(b, "in %d s", (int)left);
	else if (left < 7200)
		(void)buf_addf(b, "in %d min", (int)(left / 60));
	else if (left < 48 * 3600)
		(void)buf_addf(b, "in %d h", (int)(left / 3600));
	else
		(void)buf_addf(b, "in %lld d", (long long)(left / 86400));
}

static void
add_refresh(struct buf *b, const struct block *block)
{
	if (is_value(block, "refused", "yes"))
		(void)buf_adds(b, "refused");
	else
		add_value(b, block, "refresh_token");
}

static void
add_user(struct buf *b, const struct block *block)
{
	add_value(b, block, "username");
}

static void
add_role(struct buf *b, const struct block *block)
{
	add_value(b, block, "role");
}

static const struct column {
	const char *title;
	size_t width;
	void (*add)(struct buf *b, const struct block *block);
} columns[] = {
	{ "CONNECTION OR HOST", 26, add_name },
	{ "USER", 14, add_user },
	{ "ROLE", 14, add_role },
	{ "EXPIRES", 9, add_expiry },
	{ "REFRESH", 7, add_refresh },
};

/* One row, indented by two; BLOCK NULL: the titles. */
static void
add_row(struct buf *b, const struct block *block)
{
	struct buf cell = BUF_INIT(CELL_MAX);
	size_t at = 2;
	size_t i;

	(void)buf_adds(b, "  ");
	for (i = 0; i < ARRAY_LEN(columns); i++) {
		buf_clear(&cell);
		if (block == NULL)
			(void)buf_adds(&cell, columns[i].title);
		else
			columns[i].add(&cell, block);
		if (i + 1 == ARRAY_LEN(columns))
			(void)buf_adds(b, buf_str(&cell));
		else
			add_cell(b, &cell, columns[i].width, at);
		at += columns[i].width + 1;
	}
	(void)buf_addc(b, '\n');
	buf_wipe(&cell);
}

static void
add_store_people(struct list *l, const char *name, const struct block *head,
    enum result result)
{
	struct buf *b = &l->out;
	size_t len = 0;
	const char *s = value_of(head, "location", &len);

	(void)esc_visible(b, name, strlen(name));
	(void)buf_adds(b, ": ");
	if (s != NULL)
		(void)esc_visible(b, s, len);
	if (is_value(head, "encrypted", "no"))
		(void)buf_adds(b, " (not encrypted)");
	if (result != RESULT_SUCCESS)
		(void)buf_addf(b, "%s%s", s != NULL ? ", " : "",
		    result_name(result));
	(void)buf_addc(b, '\n');
}

/* All that one store says. */
static void
add_store(struct list *l, const char *name, const struct buf *text,
    enum result result)
{
	const char *at = buf_str(text);
	struct block block = { at, 0 };
	bool any = false;

	(void)next_block(&at, &block);
	if (l->cmd->json)
		add_store_json(l, name, &block, result);
	else
		add_store_people(l, name, &block, result);
	while (next_block(&at, &block)) {
		if (!l->cmd->json && !any)
			add_row(&l->out, NULL);
		if (l->cmd->json)
			add_entry_json(&l->out, &block);
		else
			add_row(&l->out, &block);
		any = true;
	}
	if (l->cmd->json)
		(void)buf_adds(&l->out, "]}");
	else if (!any && result == RESULT_SUCCESS)
		(void)buf_adds(&l->out, "  nothing is stored\n");
}

/* Run the helper of a rule for VERB; the reason why it failed is printed. */
static enum result
ask(struct list *l, const struct stack_rule *rule, const char *verb,
    struct buf *text)
{
	const struct module_call call = { rule, verb, NULL, &l->cmd->request,
		l->deadline_ms };
	enum result result;

	buf_clear(&l->why);
	result = module_query(&call, text, &l->why);
	log_lines(buf_str(&l->why));
	return result;
}

/* Whether the helper of a rule can list.  *RET_RESULT is how it went. */
static bool
can_list(struct list *l, const struct stack_rule *rule, enum result *ret_result)
{
	struct buf text = BUF_INIT(ANSWER_MAX);
	bool can;

	*ret_result = ask(l, rule, "capability", &text);
	can = *ret_result == RESULT_SUCCESS &&
	    strstr(buf_str(&text), "capability coco-list\n") != NULL;
	buf_wipe(&text);
	return can;
}

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
is_new(struct list *l, const struct stack_rule *rule)
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

/* What there is to say of the store of a rule, if it is one. */
static void
ask_rule(struct list *l, const struct stack_rule *rule)
{
	struct buf text = BUF_INIT(ANSWER_MAX);
	enum result result;
	bool can = can_list(l, rule, &result);
	/* silent: it is not installed, and the rule says that this is fine */
	bool failed = result != RESULT_SUCCESS && module_is_store(rule) &&
	    (!rule->quiet || l->why.len != 0);

	if (can)
		result = ask(l, rule, "list", &text);
	if (can && result == RESULT_SUCCESS)
		l->answered = true;
	else if (can || failed || result == RESULT_DENIED)
		l->result = result;
	if (can || failed) {
		if (result != RESULT_SUCCESS)
			drop_torn(&text);
		l->any = true;
		add_store(l, module_name(rule), &text, result);
	}
	buf_wipe(&text);
}

/* One that hangs must not use up the time of the others: each gets an equal
 * share of what is left. */
static void
list_rule(struct list *l, const struct stack_rule *rule)
{
	int64_t now;

	if (!module_is_ours(rule) || !is_new(l, rule))
		return;
	if (l->counting) {
		l->left++;
		return;
	}
	/* a stack that was changed meanwhile may have more */
	if (l->left == 0)
		l->left = 1;
	now = clock_ms();
	l->deadline_ms = now + (l->cmd->deadline_ms - now) / (int64_t)l->left;
	l->left--;
	ask_rule(l, rule);
}

static void
list_stack(struct list *l, const char *name)
{
	struct stack stack = STACK_INIT;
	struct buf file = BUF_INIT(WALK_MAX_WHY);
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	size_t v;
	size_t i;
	int r;

	r = stackfile_load(name, &stack, &file, &why);
	if (r != 0 && !l->counting) {
		log_lines(buf_str(&why));
		l->result = result_of_errno(r);
	}
	for (v = 0; v < STACK_VERBS; v++)
		for (i = 0; r == 0 && i < stack.verb[v].len; i++)
			list_rule(l, &stack.verb[v].rule[i]);
	stack_clear(&stack);
	buf_wipe(&file);
	buf_wipe(&why);
}

static void
list_stacks(struct list *l)
{
	struct strv names = STRV_INIT;
	size_t i;

	if (l->cmd->stack_name != NULL)
		strv_add(&names, l->cmd->stack_name);
	else
		stackfile_names(&names);
	for (i = 0; i < names.len; i++)
		list_stack(l, names.v[i]);
	strv_clear(&names);
}

enum result
cmd_list(struct cmd *cmd)
{
	struct list l = { .cmd = cmd,
		.why = BUF_INIT(MODULE_MAX_WHY),
		.seen = STRV_INIT,
		.out = BUF_INIT(LIST_MAX),
		.result = RESULT_NOT_FOUND };

	if (cmd_check_policy() != RESULT_SUCCESS)
		return RESULT_DENIED;
	cmd_restart_clock(cmd, LIST_TIMEOUT_S);
	if (cmd->json)
		(void)buf_adds(&l.out, "{\"stores\":[");
	l.counting = true;
	list_stacks(&l);
	strv_clear(&l.seen);
	l.counting = false;
	list_stacks(&l);
	if (cmd->json)
		(void)buf_adds(&l.out, "]}\n");
	else if (!l.any)
		log_warn("no stack has a store that can tell what it keeps");
	if (io_write_all(STDOUT_FILENO, buf_str(&l.out), l.out.len) != 0) {
		log_warn("cannot write to stdout");
		l.answered = false;
		l.result = RESULT_ERROR;
	}
	strv_clear(&l.seen);
	buf_wipe(&l.why);
	buf_wipe(&l.out);
	return l.answered ? RESULT_SUCCESS : l.result;
}
