/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "jsonedit.h"
#include "jsonscan.h"

/* A DEL becomes six bytes. */
#define CANONICAL_GROWTH 6

struct member {
	struct jsonscan_token name;
	struct jsonscan_token value;
};

/* The object that a text is, seen by who looks for one member. */
struct object {
	const char *text;
	size_t open;  /* where its brace is */
	size_t close; /* and where the other one */
	size_t count; /* of members */
	struct member last;
	size_t found; /* how many have the name; of the last of them: */
	struct member member;
	size_t before; /* the end of the value before it; 0 if it is first */
	size_t after;  /* where the name after it is; 0 if it is last */
};

static size_t
end_of(const struct jsonscan_token *token)
{
	return token->at + token->len;
}

/* Whether TOKEN, a name, means NAME. */
static bool
is_name(const char *text, const struct jsonscan_token *token, const char *name)
{
	struct buf b = BUF_INIT(token->len);
	bool is;

	is = jsonscan_decode(text + token->at, token->len, &b) == 0 &&
	    b.len == strlen(name) && memcmp(buf_str(&b), name, b.len) == 0;
	buf_wipe(&b);
	return is;
}

static void
note_member(struct object *o, const struct member *m, const char *name)
{
	if (o->found != 0 && o->after == 0)
		o->after = m->name.at;
	if (is_name(o->text, &m->name, name)) {
		o->found++;
		o->member = *m;
		o->before = o->count != 0 ? end_of(&o->last.value) : 0;
		o->after = 0;
	}
	o->last = *m;
	o->count++;
}

/* Read the members; TOKEN is what comes after the brace. */
static int
read_members(struct object *o, struct jsonscan *s, struct jsonscan_token *token,
    const char *name)
{
	struct member m;
	int r;

	while (token->kind == JSONSCAN_NAME) {
		m.name = *token;
		r = jsonscan_next(s, &m.value);
		if (r == 0)
			r = jsonscan_whole(s, &m.value);
		if (r != 0)
			return r;
		note_member(o, &m, name);
		r = jsonscan_next(s, token);
		if (r != 0)
			return r;
	}
	o->close = token->at;
	return 0;
}

/* Read all of the text, and where NAME is in it. */
static int
read_object(const char *text, size_t len, const char *name,
    struct object *ret_object)
{
	struct object o = { .text = text };
	struct jsonscan_token token;
	struct jsonscan s;
	int r;

	if (!esc_is_utf8(name))
		return -EINVAL;
	jsonscan_begin(&s, text, len);
	r = jsonscan_next(&s, &token);
	if (r == 0 && text[token.at] != '{')
		return -EBADMSG;
	if (r == 0) {
		o.open = token.at;
		r = jsonscan_next(&s, &token);
	}
	if (r == 0)
		r = read_members(&o, &s, &token, name);
	if (r == 0)
		r = jsonscan_next(&s, &token);
	if (r == 0 && o.found > 1)
		r = -EBADMSG;
	if (r == 0)
		*ret_object = o;
	return r;
}

int
jsonedit_find(const char *text, size_t len, const char *name,
    struct jsonedit_span *ret_value)
{
	struct object o;
	int r;

	r = read_object(text, len, name, &o);
	if (r == 0 && o.found == 0)
		r = -ENOENT;
	if (r != 0)
		return r;
	ret_value->at = o.member.value.at;
	ret_value->len = o.member.value.len;
	return 0;
}

/* Where the last line end before END and not before START begins, CR and all;
 * END when there is none. */
static size_t
last_newline(const char *text, size_t start, size_t end)
{
	size_t at = end;

	while (at > start && text[at - 1] != '\n')
		at--;
	if (at == start)
		return end;
	at--;
	return at > start && text[at - 1] == '\r' ? at - 1 : at;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t
before_blank(const char *text, size_t at)
{
	while (at > 0 && is_blank(text[at - 1]))
		at--;
	return at;
}

/*
 * Add what comes between a comma after the last member and a new name: what is
 * before the last one, of several lines the end of the last.  A member that is
 * alone and on the line of the brace does not tell; then a blank, unless the
 * object is written without any.
 */
static int
add_gap(const struct object *o, struct buf *b)
{
	const struct member *last = &o->last;
	size_t start = before_blank(o->text, last->name.at);
	size_t at = last_newline(o->text, start, last->name.at);

	if (at == last->name.at && o->count == 1)
		return start != at || is_blank(o->text[last->value.at - 1]) ?
		    buf_addc(b, ' ') :
		    0;
	if (at == last->name.at)
		at = start;
	return buf_add(b, o->text + at, last->name.at - at);
}

/* Add the colon as the last member has it, with the blanks around. */
static int
add_colon(const struct object *o, struct buf *b)
{
	size_t start = end_of(&o->last.name);
	size_t end = o->last.value.at;

	if (o->count == 0 || last_newline(o->text, start, end) != end)
		return buf_adds(b, ": ");
	return buf_add(b, o->text + start, end - start);
}

static int
add_member(const struct object *o, const char *name, const char *value,
    struct buf *b)
{
	int r;

	r = esc_json(b, name, strlen(name));
	if (r == 0)
		r = add_colon(o, b);
	if (r == 0)
		r = buf_adds(b, value);
	return r;
}

/*
 * Add a member to an object without any.  All of its blanks come before the
 * member, and what comes after it is a copy of those on the last line, or of
 * all when there is one line only, so that cut_only() can tell which they were.
 */
static int
add_first(const struct object *o, const char *name, const char *value,
    struct buf *b)
{
	size_t line = last_newline(o->text, o->open + 1, o->close);
	bool is_open = line != o->close;
	int r = 0;

	if (!is_open)
		line = o->open + 1;
	else if (memchr(o->text + line, '\t', o->close - line) != NULL)
		r = buf_addc(b, '\t');
	else
		r = buf_adds(b, "  ");
	if (r == 0)
		r = add_member(o, name, value, b);
	if (r == 0)
		r = buf_add(b, o->text + line, o->close - line);
	return r;
}

static int
add_last(const struct object *o, const char *name, const char *value,
    struct buf *b)
{
	int r;

	r = buf_addc(b, ',');
	if (r == 0)
		r = add_gap(o, b);
	if (r == 0)
		r = add_member(o, name, value, b);
	return r;
}

/* Let CUT bytes at AT of TEXT give way to PUT, if the result can be read. */
static int
splice(struct buf *text, size_t at, size_t cut, const struct buf *put,
    const char *name)
{
	struct buf out = BUF_INIT(text->max);
	struct object ignored;
	int r;

	r = buf_add(&out, buf_str(text), at);
	if (r == 0)
		r = buf_add(&out, buf_str(put), put->len);
	if (r == 0)
		r = buf_add(&out, buf_str(text) + at + cut,
		    text->len - at - cut);
	if (r == 0)
		r = read_object(buf_str(&out), out.len, name, &ignored);
	if (r == 0)
		buf_move(text, &out);
	buf_wipe(&out);
	return r;
}

/* Whether VALUE is one value and has nothing around it. */
static int
check_value(const char *value)
{
	struct jsonscan_token token;
	struct jsonscan_token rest;
	struct jsonscan s;
	int r;

	jsonscan_begin(&s, value, strlen(value));
	r = jsonscan_next(&s, &token);
	if (r == 0)
		r = jsonscan_whole(&s, &token);
	if (r == 0)
		r = jsonscan_next(&s, &rest);
	if (r == 0 && token.len != strlen(value))
		r = -EINVAL;
	return r == -EBADMSG ? -EINVAL : r;
}

static int
replace(struct buf *text, const struct object *o, const char *name,
    const char *value)
{
	struct buf put = BUF_INIT(text->max);
	struct jsonedit_span span = { o->member.value.at, o->member.value.len };
	int r;

	if (jsonedit_same(buf_str(text), span, value))
		return 0;
	r = buf_adds(&put, value);
	if (r == 0)
		r = splice(text, span.at, span.len, &put, name);
	buf_wipe(&put);
	return r;
}

int
jsonedit_set(struct buf *text, const char *name, const char *value)
{
	struct buf put = BUF_INIT(text->max);
	struct object o;
	int r;

	r = read_object(buf_str(text), text->len, name, &o);
	if (r == 0)
		r = check_value(value);
	if (r != 0)
		return r;
	if (o.found != 0)
		return replace(text, &o, name, value);
	r = o.count == 0 ? add_first(&o, name, value, &put) :
			   add_last(&o, name, value, &put);
	if (r == 0)
		r = splice(text, o.count == 0 ? o.close : end_of(&o.last.value),
		    0, &put, name);
	buf_wipe(&put);
	return r;
}

/*
 * Where to cut, up to the closing brace, when the only member goes: the blanks
 * before it stay but for the indentation by which its line exceeds that of the
 * brace, see add_first().
 */
static size_t
cut_only(const struct object *o)
{
	size_t name = o->member.name.at;
	size_t start = end_of(&o->member.value);
	size_t line = last_newline(o->text, o->open + 1, name);
	size_t len = o->close - start;

	/* the line of the brace must be the only one there is */
	if (line != name && last_newline(o->text, start, o->close) == start &&
	    len != 0 && len <= name - line &&
	    memcmp(o->text + line, o->text + start, len) == 0)
		return line + len;
	return name;
}

int
jsonedit_remove(struct buf *text, const char *name)
{
	const struct buf nothing = BUF_INIT(0);
	struct object o;
	size_t start;
	size_t end;
	int r;

	r = read_object(buf_str(text), text->len, name, &o);
	if (r == 0 && o.found == 0)
		r = -ENOENT;
	if (r != 0)
		return r;
	/* with the comma before it, as add_last() has put it */
	start = o.before;
	end = end_of(&o.member.value);
	if (o.count == 1) {
		start = cut_only(&o);
		end = o.close;
	} else if (o.before == 0) {
		start = o.member.name.at;
		end = o.after;
	}
	return splice(text, start, end - start, &nothing, name);
}

int
jsonedit_canonical(const char *text, struct jsonedit_span span, struct buf *ret)
{
	const char *s = text + span.at;
	struct buf b = BUF_INIT(span.len);
	struct jsonscan_token token;
	struct jsonscan_token rest;
	struct jsonscan scan;
	size_t before = ret->len;
	int r;

	jsonscan_begin(&scan, s, span.len);
	if (jsonscan_next(&scan, &token) != 0 || token.kind == JSONSCAN_OPEN ||
	    token.len != span.len || jsonscan_next(&scan, &rest) != 0)
		return -EINVAL;
	if (token.kind != JSONSCAN_STRING)
		return buf_add(ret, s, span.len);
	r = jsonscan_decode(s, span.len, &b);
	if (r == 0)
		r = esc_json(ret, buf_str(&b), b.len);
	if (r != 0)
		buf_truncate(ret, before);
	buf_wipe(&b);
	return r;
}

bool
jsonedit_same(const char *text, struct jsonedit_span span, const char *value)
{
	struct jsonedit_span all = { 0, strlen(value) };
	struct buf a = BUF_INIT(span.len * CANONICAL_GROWTH);
	struct buf b = BUF_INIT(all.len * CANONICAL_GROWTH);
	bool same;

	same = jsonedit_canonical(text, span, &a) == 0 &&
	    jsonedit_canonical(value, all, &b) == 0 && a.len == b.len &&
	    memcmp(buf_str(&a), buf_str(&b), a.len) == 0;
	buf_wipe(&a);
	buf_wipe(&b);
	return same;
}
