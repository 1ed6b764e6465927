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
#include "listing.h"
#include "log.h"
#include "module.h"

#define LIST_TIMEOUT_S 30
#define LIST_MAX       (16 * 1024 * 1024)
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

struct list {
	const struct cmd *cmd;
	struct buf out;
	bool any;           /* a store was asked */
	bool answered;      /* and one answered */
	enum result result; /* of the last that did not */
};

static void
add_member(struct buf *b, const struct listing_block *block, size_t i)
{
	const char *name = attributes[i].name;
	size_t len = 0;
	const char *s = listing_value(block, name, &len);

	if (s == NULL)
		return;
	if (b->data[b->len - 1] != '{')
		(void)buf_addc(b, ',');
	(void)buf_addf(b, "\"%s\":", name);
	if (attributes[i].form == NUMBER)
		(void)buf_addf(b, "%lld",
		    (long long)listing_number(block, name));
	else if (attributes[i].form == YES_NO)
		(void)buf_adds(b,
		    listing_is(block, name, "yes") ? "true" : "false");
	else
		(void)esc_json(b, s, len);
}

static void
add_entry_json(struct buf *b, const struct listing_block *block)
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
add_store_json(struct list *l, const char *name,
    const struct listing_block *head, enum result result)
{
	struct buf *b = &l->out;
	size_t len = 0;
	const char *s = listing_value(head, "location", &len);

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
	    listing_value(head, "encrypted", &len) == NULL ? "null" :
		listing_is(head, "encrypted", "yes")       ? "true" :
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
add_value(struct buf *b, const struct listing_block *block, const char *key)
{
	size_t len = 0;
	const char *s = listing_value(block, key, &len);

	if (s == NULL || len == 0)
		(void)buf_addc(b, '-');
	else if (esc_visible(b, s, len) != 0)
		mark_cut(b);
}

/* The connection, or protocol, host and path of another's. */
static void
add_name(struct buf *b, const struct listing_block *block)
{
	size_t len = 0;
	const char *s = listing_value(block, "connection", &len);

	if (s != NULL) {
		add_value(b, block, "connection");
		return;
	}
	if (!listing_is(block, "protocol", "https")) {
		add_value(b, block, "protocol");
		(void)buf_adds(b, "://");
	}
	add_value(b, block, "host");
	s = listing_value(block, "path", &len);
	if (s != NULL && buf_addc(b, '/') == 0)
		add_value(b, block, "path");
}

static void
add_expiry(struct buf *b, const struct listing_block *block)
{
	int64_t expiry = listing_number(block, "password_expiry_utc");
	int64_t left = expiry - clock_utc();

	if (listing_is(block, "result", "expired"))
		(void)buf_adds(b, "expired");
	else if (listing_is(block, "secret", "no"))
		(void)buf_adds(b, "no secret");
	else if (expiry == 0)
		(void)buf_adds(b, "never");
	else if (left <= 0)
		(void)buf_adds(b, "expired");
	else
		(void)clock_add_left(b, left);
}

static void
add_refresh(struct buf *b, const struct listing_block *block)
{
	if (listing_is(block, "refused", "yes"))
		(void)buf_adds(b, "refused");
	else
		add_value(b, block, "refresh_token");
}

static void
add_user(struct buf *b, const struct listing_block *block)
{
	add_value(b, block, "username");
}

static void
add_role(struct buf *b, const struct listing_block *block)
{
	add_value(b, block, "role");
}

static const struct column {
	const char *title;
	size_t width;
	void (*add)(struct buf *b, const struct listing_block *block);
} columns[] = {
	{ "CONNECTION OR HOST", 26, add_name },
	{ "USER", 14, add_user },
	{ "ROLE", 14, add_role },
	{ "EXPIRES", 9, add_expiry },
	{ "REFRESH", 7, add_refresh },
};

/* One row, indented by two; BLOCK NULL: the titles. */
static void
add_row(struct buf *b, const struct listing_block *block)
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
add_store_people(struct list *l, const char *name,
    const struct listing_block *head, enum result result)
{
	struct buf *b = &l->out;
	size_t len = 0;
	const char *s = listing_value(head, "location", &len);

	(void)esc_visible(b, name, strlen(name));
	(void)buf_adds(b, ": ");
	if (s != NULL)
		(void)esc_visible(b, s, len);
	if (listing_is(head, "encrypted", "no"))
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
	struct listing_block block = { at, 0 };
	bool any = false;

	(void)listing_next(&at, &block);
	if (l->cmd->json)
		add_store_json(l, name, &block, result);
	else
		add_store_people(l, name, &block, result);
	while (listing_next(&at, &block)) {
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

/* What there is to say of a helper, or of a stack. */
static void
add_report(void *ctx, const struct listing_report *report)
{
	struct list *l = ctx;
	bool is_store = report->kind == LISTING_STORE;

	log_lines(buf_str(report->why));
	if (is_store && report->result == RESULT_SUCCESS)
		l->answered = true;
	else if (is_store || report->kind == LISTING_FAULT ||
	    report->result == RESULT_DENIED)
		l->result = report->result;
	if (is_store) {
		l->any = true;
		add_store(l, module_name(report->rule), report->text,
		    report->result);
	}
}

enum result
cmd_list(struct cmd *cmd)
{
	struct list l = { .cmd = cmd,
		.out = BUF_INIT(LIST_MAX),
		.result = RESULT_NOT_FOUND };

	if (cmd_check_policy() != RESULT_SUCCESS)
		return RESULT_DENIED;
	cmd_restart_clock(cmd, LIST_TIMEOUT_S);
	if (cmd->json)
		(void)buf_adds(&l.out, "{\"stores\":[");
	listing_run(cmd->stack_name, cmd->deadline_ms, add_report, &l);
	if (cmd->json)
		(void)buf_adds(&l.out, "]}\n");
	else if (!l.any)
		log_warn("no stack has a store that can tell what it keeps");
	if (io_write_all(STDOUT_FILENO, buf_str(&l.out), l.out.len) != 0) {
		log_warn("cannot write to stdout");
		l.answered = false;
		l.result = RESULT_ERROR;
	}
	buf_wipe(&l.out);
	return l.answered ? RESULT_SUCCESS : l.result;
}
