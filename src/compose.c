/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the compose module that knows libyaml: its events are made a
 * tree, and its emitter writes the override.
 */
#include "coco.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "cidr.h"
#include "compose-tree.h"
#include "compose.h"
#include "esc.h"
#include "mem.h"
#include "place.h"

#define MAX_DEPTH   32     /* maps and lists in each other */
#define MAX_EVENTS  100000 /* a node has one or two */
#define MAX_ANCHORS 1000
#define MAX_SHOWN   64 /* bytes of a text in a message */

#define YAML_TAGS "tag:yaml.org,2002:"

struct builder {
	struct compose_tree *t;
	struct compose_node *open[MAX_DEPTH];
	size_t depth;
	bool began; /* there was a document */
};

int
compose_tree_fail(const struct compose_tree *t, int r, size_t line,
    size_t column, const char *fmt, ...)
{
	struct buf text = BUF_INIT(COMPOSE_MAX_WHY);
	va_list ap;

	(void)buf_addf(&text, "%s:%zu:%zu: ", t->name, line, column);
	va_start(ap, fmt);
	(void)buf_addv(&text, fmt, ap);
	va_end(ap);
	(void)esc_visible(t->why, buf_str(&text), text.len);
	buf_wipe(&text);
	return r;
}

static int PRINTF_LIKE(4, 5) fail_at(const struct compose_tree *t, int r,
    const yaml_mark_t *mark, const char *fmt, ...)
{
	struct buf text = BUF_INIT(COMPOSE_MAX_WHY);
	va_list ap;

	va_start(ap, fmt);
	(void)buf_addv(&text, fmt, ap);
	va_end(ap);
	r = compose_tree_fail(t, r, mark->line + 1, mark->column + 1, "%s",
	    buf_str(&text));
	buf_wipe(&text);
	return r;
}

/* The same for byte AT of TEXT. */
static int
fail_byte(const struct compose_tree *t, const char *text, size_t at,
    const char *reason)
{
	size_t line = 1;
	size_t start = 0;
	size_t i;

	for (i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	return compose_tree_fail(t, -EBADMSG, line, at - start + 1, "%s",
	    reason);
}

static struct compose_node *
new_node(struct compose_tree *t, enum compose_kind kind,
    const yaml_event_t *event, const yaml_char_t *tag)
{
	struct compose_node *n = xcalloc(1, sizeof(*n));
	const char *name = (const char *)tag;

	n->kind = kind;
	n->line = event->start_mark.line + 1;
	n->column = event->start_mark.column + 1;
	n->odd = name != NULL && strcmp(name, "!") != 0 &&
	    strncmp(name, YAML_TAGS, strlen(YAML_TAGS)) != 0;
	if (t->len == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->nodes = xreallocarray(t->nodes, t->cap, sizeof(*t->nodes));
	}
	t->nodes[t->len++] = n;
	return n;
}

/* Put N where the text has it: into the innermost open node. */
static void
attach(struct builder *b, struct compose_node *n)
{
	struct compose_node *parent;

	if (b->depth == 0) {
		b->t->root = n;
		return;
	}
	parent = b->open[b->depth - 1];
	if (parent->len == parent->cap) {
		parent->cap = parent->cap == 0 ? 4 : parent->cap * 2;
		parent->items = xreallocarray(parent->items, parent->cap,
		    sizeof(struct compose_node *));
	}
	parent->items[parent->len++] = n;
}

static int
add_anchor(struct compose_tree *t, const yaml_event_t *event,
    const yaml_char_t *name, struct compose_node *n)
{
	if (name == NULL)
		return 0;
	if (t->anchors_len == MAX_ANCHORS)
		return fail_at(t, -EMSGSIZE, &event->start_mark,
		    "more than %d anchors", MAX_ANCHORS);
	t->anchors = xreallocarray(t->anchors, t->anchors_len + 1,
	    sizeof(*t->anchors));
	t->anchors[t->anchors_len].name = xstrdup((const char *)name);
	t->anchors[t->anchors_len++].node = n;
	return 0;
}

/* Of two anchors of one name the later counts (YAML 1.2.2, 7.1). */
static int
add_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct compose_tree *t = b->t;
	size_t i = t->anchors_len;

	while (i > 0 && strcmp(t->anchors[i - 1].name, name) != 0)
		i--;
	if (i == 0)
		return fail_at(t, -EBADMSG, &event->start_mark,
		    "nothing is called *%.*s", MAX_SHOWN, name);
	if (!t->anchors[i - 1].node->done)
		return fail_at(t, -EBADMSG, &event->start_mark,
		    "*%.*s would contain itself", MAX_SHOWN, name);
	attach(b, t->anchors[i - 1].node);
	return 0;
}

static int
add_text(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct compose_node *n;

	if (memchr(text, '\0', len) != NULL)
		return fail_at(b->t, -EBADMSG, &event->start_mark,
		    "a NUL byte");
	n = new_node(b->t, COMPOSE_TEXT, event, event->data.scalar.tag);
	n->text = xstrndup(text, len);
	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    event->data.scalar.tag == NULL;
	n->done = true;
	attach(b, n);
	return add_anchor(b->t, event, event->data.scalar.anchor, n);
}

static int
open_node(struct builder *b, enum compose_kind kind, const yaml_event_t *event,
    const yaml_char_t *tag, const yaml_char_t *anchor)
{
	struct compose_node *n;

	if (b->depth == MAX_DEPTH)
		return fail_at(b->t, -EMSGSIZE, &event->start_mark,
		    "more than %d levels", MAX_DEPTH);
	n = new_node(b->t, kind, event, tag);
	attach(b, n);
	b->open[b->depth++] = n;
	return add_anchor(b->t, event, anchor, n);
}

/* By text, then by place. */
static int
compare_keys(const void *a, const void *b)
{
	const struct compose_node *m = *(struct compose_node *const *)a;
	const struct compose_node *n = *(struct compose_node *const *)b;
	int order = strcmp(m->text, n->text);

	if (order != 0)
		return order;
	if (m->line != n->line)
		return m->line < n->line ? -1 : 1;
	return m->column < n->column ? -1 : m->column > n->column;
}

/* Whether N is what a merge key may have as its value. */
static bool
is_mergeable(const struct compose_node *n)
{
	size_t i;

	if (n->kind != COMPOSE_LIST)
		return n->kind == COMPOSE_MAP;
	for (i = 0; i < n->len; i++)
		if (n->items[i]->kind != COMPOSE_MAP)
			return false;
	return true;
}

static int
check_keys(const struct compose_tree *t, const struct compose_node *map)
{
	struct compose_node **keys = xcalloc(map->len / 2 + 1, sizeof(*keys));
	const struct compose_node *bad = NULL;
	const char *what = "a key that is no text";
	size_t i;

	for (i = 0; i < map->len && bad == NULL; i += 2) {
		const struct compose_node *key = map->items[i];

		keys[i / 2] = map->items[i];
		if (key->kind != COMPOSE_TEXT) {
			bad = key;
		} else if (key->plain && strcmp(key->text, "<<") == 0 &&
		    !is_mergeable(map->items[i + 1])) {
			bad = key;
			what = "only maps can be merged";
		}
	}
	if (bad == NULL)
		qsort(keys, map->len / 2, sizeof(struct compose_node *),
		    compare_keys);
	for (i = 1; i < map->len / 2 && bad == NULL; i++) {
		if (strcmp(keys[i - 1]->text, keys[i]->text) == 0) {
			bad = keys[i];
			what = "this key is there twice";
		}
	}
	free(keys);
	return bad == NULL ?
	    0 :
	    compose_tree_fail(t, -EBADMSG, bad->line, bad->column, "%s", what);
}

static int
close_node(struct builder *b)
{
	struct compose_node *n = b->open[--b->depth];

	n->done = true;
	return n->kind == COMPOSE_MAP ? check_keys(b->t, n) : 0;
}

static int
take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->began)
			return fail_at(b->t, -EBADMSG, &event->start_mark,
			    "a second document");
		b->began = true;
		return 0;
	case YAML_SCALAR_EVENT:
		return add_text(b, event);
	case YAML_ALIAS_EVENT:
		return add_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(b, COMPOSE_LIST, event,
		    event->data.sequence_start.tag,
		    event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return open_node(b, COMPOSE_MAP, event,
		    event->data.mapping_start.tag,
		    event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_node(b);
	default:
		return 0;
	}
}

/* What libyaml says; its texts are its own and quote nothing. */
static int
fail_syntax(const struct compose_tree *t, const yaml_parser_t *parser,
    const char *text, size_t len)
{
	const char *problem = parser->problem != NULL ? parser->problem :
							"no YAML";

	if (parser->error == YAML_READER_ERROR)
		return fail_byte(t, text,
		    parser->problem_offset < len ? parser->problem_offset : len,
		    problem);
	return fail_at(t, -EBADMSG, &parser->problem_mark, "%s", problem);
}

/* Whether a line starts at AT, as YAML 1.1 counts lines: also behind U+0085,
 * U+2028, U+2029, and a byte order mark. */
static bool
starts_line(const char *text, size_t at)
{
	const char *p = text + at;

	if (at == 0 || p[-1] == '\n' || p[-1] == '\r')
		return true;
	if (at >= 2 && memcmp(p - 2, "\xc2\x85", 2) == 0)
		return true;
	return at >= 3 &&
	    (memcmp(p - 3, "\xe2\x80\xa8", 3) == 0 ||
		memcmp(p - 3, "\xe2\x80\xa9", 3) == 0 ||
		memcmp(p - 3, "\xef\xbb\xbf", 3) == 0);
}

/* libyaml compares each %TAG with each before it: a file full of them would
 * take minutes, and no compose file needs one. */
static int
check_directives(const struct compose_tree *t, const char *text, size_t len)
{
	const char *p = text;

	while (p != NULL) {
		size_t left = len - (size_t)(p - text);

		p = left == 0 ? NULL : memchr(p, '%', left);
		if (p == NULL)
			break;
		left = len - (size_t)(p - text);
		if (starts_line(text, (size_t)(p - text)) &&
		    (left < 5 || memcmp(p, "%YAML", 5) != 0))
			return fail_byte(t, text, (size_t)(p - text),
			    "a directive other than %YAML");
		p++;
	}
	return 0;
}

int
compose_tree_parse(struct compose_tree *t, const char *text, size_t len)
{
	struct builder b = { .t = t };
	yaml_parser_t parser;
	yaml_event_t event;
	size_t events = 0;
	bool end = false;
	int r;

	if (len > COMPOSE_MAX_SIZE)
		return compose_tree_fail(t, -EMSGSIZE, 1, 1,
		    "more than %d bytes", COMPOSE_MAX_SIZE);
	r = check_directives(t, text, len);
	if (r != 0)
		return r;
	if (yaml_parser_initialize(&parser) == 0)
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (r == 0 && !end) {
		if (yaml_parser_parse(&parser, &event) == 0) {
			r = fail_syntax(t, &parser, text, len);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		if (++events > MAX_EVENTS)
			r = fail_at(t, -EMSGSIZE, &event.start_mark,
			    "more than %d nodes", MAX_EVENTS);
		else
			r = take_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return r;
}

void
compose_tree_clear(struct compose_tree *t)
{
	size_t i;

	for (i = 0; i < t->len; i++) {
		free(t->nodes[i]->text);
		free(t->nodes[i]->items);
		free(t->nodes[i]);
	}
	for (i = 0; i < t->anchors_len; i++)
		free(t->anchors[i].name);
	free(t->nodes);
	free(t->anchors);
	memset(t, 0, sizeof(*t));
}

/* The emitter, and whether it has failed: then nothing more is written. */
struct writer {
	yaml_emitter_t emitter;
	bool failed;
};

static int
sink(void *out, unsigned char *data, size_t len)
{
	return buf_add(out, data, len) == 0;
}

/* MADE is what the function that made the event returned. */
static void
emit(struct writer *w, yaml_event_t *event, int made)
{
	if (made == 0)
		w->failed = true;
	else if (w->failed)
		yaml_event_delete(event);
	else
		w->failed = yaml_emitter_emit(&w->emitter, event) == 0;
}

/* A word of ours. */
static void
put_word(struct writer *w, const char *word)
{
	yaml_event_t event;
	int made;

	made = yaml_scalar_event_initialize(&event, NULL, NULL,
	    (const yaml_char_t *)word, (int)strlen(word), 1, 0,
	    YAML_PLAIN_SCALAR_STYLE);
	emit(w, &event, made);
}

/* A text from elsewhere, in quotes, or compose might take it for a number. */
static void
put_text(struct writer *w, const char *text, size_t len)
{
	yaml_event_t event;
	int made;

	made = yaml_scalar_event_initialize(&event, NULL, NULL,
	    (const yaml_char_t *)text, (int)len, 0, 1,
	    YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	emit(w, &event, made);
}

/* The same as a value, in which compose looks for "$". */
static void
put_value(struct writer *w, const char *text)
{
	struct buf doubled = BUF_INIT(COMPOSE_MAX_SIZE);
	int r = 0;

	for (; *text != '\0' && r == 0; text++)
		r = buf_adds(&doubled,
		    *text == '$' ? "$$" : (char[]){ *text, '\0' });
	if (r != 0)
		w->failed = true;
	put_text(w, buf_str(&doubled), doubled.len);
	buf_wipe(&doubled);
}

static void
put_pair(struct writer *w, const char *key, const char *value)
{
	put_word(w, key);
	put_value(w, value);
}

static void
open_map(struct writer *w)
{
	yaml_event_t event;
	int made;

	made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
	    YAML_BLOCK_MAPPING_STYLE);
	emit(w, &event, made);
}

static void
close_map(struct writer *w)
{
	yaml_event_t event;

	emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static void
open_list(struct writer *w)
{
	yaml_event_t event;
	int made;

	made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
	    YAML_BLOCK_SEQUENCE_STYLE);
	emit(w, &event, made);
}

static void
close_list(struct writer *w)
{
	yaml_event_t event;

	emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void
put_mount(struct writer *w, const struct compose_mount *m)
{
	open_map(w);
	put_word(w, "type");
	put_word(w, "bind");
	put_pair(w, "source", m->source);
	put_pair(w, "target", m->target);
	put_word(w, "read_only");
	put_word(w, m->read_only ? "true" : "false");
	/* a directory that is made anew, by root, would be the wrong one */
	put_word(w, "bind");
	open_map(w);
	put_word(w, "create_host_path");
	put_word(w, "false");
	close_map(w);
	close_map(w);
}

static void
put_env(struct writer *w, const struct strv *env)
{
	size_t i;

	put_word(w, "environment");
	open_map(w);
	for (i = 0; i < env->len; i++) {
		size_t len = strcspn(env->v[i], "=");

		put_text(w, env->v[i], len);
		put_value(w, env->v[i] + len + 1);
	}
	close_map(w);
}

static void
put_change(struct writer *w, const struct compose_change *c)
{
	struct buf host = BUF_INIT(CIDR_MAX + sizeof("token-proxy:"));
	size_t i;

	put_text(w, c->service, strlen(c->service));
	open_map(w);
	if (c->mounts_len > 0) {
		put_word(w, "volumes");
		open_list(w);
		for (i = 0; i < c->mounts_len; i++)
			put_mount(w, &c->mounts[i]);
		close_list(w);
	}
	if (c->env.len > 0)
		put_env(w, &c->env);
	if (c->proxy != NULL) {
		(void)buf_addf(&host, "token-proxy:%s", c->proxy);
		put_word(w, "extra_hosts");
		open_list(w);
		put_value(w, buf_str(&host));
		close_list(w);
	}
	close_map(w);
	buf_wipe(&host);
}

static void
put_network(struct writer *w, const struct compose_override *o)
{
	put_word(w, "networks");
	open_map(w);
	put_text(w, o->network, strlen(o->network));
	open_map(w);
	put_word(w, "ipam");
	open_map(w);
	put_word(w, "config");
	open_list(w);
	open_map(w);
	put_pair(w, "subnet", o->subnet);
	put_pair(w, "gateway", o->gateway);
	close_map(w);
	close_list(w);
	close_map(w);
	close_map(w);
	close_map(w);
}

static void
put_override(struct writer *w, const struct compose_override *o)
{
	yaml_event_t event;
	size_t i;

	emit(w, &event,
	    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(w, &event,
	    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	open_map(w);
	put_word(w, "services");
	open_map(w);
	for (i = 0; i < o->changes_len; i++)
		put_change(w, &o->changes[i]);
	close_map(w);
	if (o->network != NULL)
		put_network(w, o);
	close_map(w);
	emit(w, &event, yaml_document_end_event_initialize(&event, 1));
	emit(w, &event, yaml_stream_end_event_initialize(&event));
}

/* libyaml's emitter knows no comments. */
static void
put_comment(const struct compose_override *o, struct buf *out)
{
	(void)buf_adds(out,
	    "# Made by coco-deploy, which makes it anew: changes are lost.\n"
	    "# It adds what services need to get their tokens.  Use it so:\n"
	    "#\n"
	    "#     docker compose -f ");
	(void)esc_word(out, o->file);
	(void)buf_adds(out, " -f ");
	(void)esc_word(out, o->override);
	(void)buf_adds(out, " up\n\n");
}

static int
refuse(struct buf *why, const char *what, const char *text)
{
	size_t len = strlen(text);

	(void)buf_adds(why, what);
	(void)buf_adds(why, " \"");
	(void)esc_visible(why, text, len < MAX_SHOWN ? len : MAX_SHOWN);
	(void)buf_adds(why, "\"");
	return -EINVAL;
}

/* What cannot be shown would end the comment. */
static bool
is_visible(const char *text)
{
	struct buf shown = BUF_INIT(PLACE_MAX_PATH);
	bool same;

	same = esc_visible(&shown, text, strlen(text)) == 0 &&
	    strcmp(buf_str(&shown), text) == 0;
	buf_wipe(&shown);
	return same;
}

/* Of a variable nothing but its name is told. */
static int
check_env(const char *entry, struct buf *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				      "0123456789";
	size_t len = strspn(entry, letters);
	char name[MAX_SHOWN + 1] = "";

	memcpy(name, entry, len < MAX_SHOWN ? len : MAX_SHOWN);
	if (entry[len] != '=' || len == 0 || strchr("0123456789", entry[0]))
		return refuse(why, "no NAME=value of a variable:", name);
	if (!esc_is_utf8(entry + len))
		return refuse(why, "no UTF-8 in variable", name);
	return 0;
}

static int
check_change(const struct compose_change *c, struct buf *why)
{
	size_t i;
	int r;

	if (!compose_is_name(c->service))
		return refuse(why, "no name of a service:", c->service);
	for (i = 0; i < c->mounts_len; i++) {
		const char *source = c->mounts[i].source;
		const char *target = c->mounts[i].target;

		if (!place_is_path(source) || !esc_is_utf8(source))
			return refuse(why, "no path to mount:", source);
		if (!place_is_path(target) || !esc_is_utf8(target))
			return refuse(why, "no path to mount at:", target);
	}
	for (i = 0; i < c->env.len; i++) {
		r = check_env(c->env.v[i], why);
		if (r != 0)
			return r;
	}
	if (c->proxy != NULL && !compose_is_address(c->proxy, NULL))
		return refuse(why, "no address:", c->proxy);
	return 0;
}

static int
check_override(const struct compose_override *o, struct buf *why)
{
	struct cidr c;
	size_t i;
	int r;

	if (!is_visible(o->file))
		return refuse(why, "no name of a file:", o->file);
	if (!is_visible(o->override))
		return refuse(why, "no name of a file:", o->override);
	for (i = 0; i < o->changes_len; i++) {
		r = check_change(&o->changes[i], why);
		if (r != 0)
			return r;
	}
	if (o->network == NULL)
		return 0;
	if (!compose_is_name(o->network))
		return refuse(why, "no name of a network:", o->network);
	if (cidr_parse(o->subnet, &c) != 0)
		return refuse(why, "no subnet:", o->subnet);
	if (!compose_is_address(o->gateway, o->subnet))
		return refuse(why, "no address in the subnet:", o->gateway);
	return 0;
}

/* Whether our own reader takes the text: a key that is there twice, of a
 * service or a variable, is found here. */
static int
read_back(const struct compose_override *o, const struct buf *text,
    struct buf *why)
{
	struct compose_file file = COMPOSE_FILE_INIT;
	int r;

	r = compose_parse(text->data, text->len, o->override, why, &file);
	compose_clear(&file);
	return r == -EBADMSG ? -EINVAL : r;
}

int
compose_write(const struct compose_override *o, struct buf *why,
    struct buf *out)
{
	struct buf text = BUF_INIT(COMPOSE_MAX_SIZE);
	struct writer w = { .failed = false };
	int r;

	r = check_override(o, why);
	if (r != 0)
		return r;
	if (yaml_emitter_initialize(&w.emitter) == 0)
		return -ENOMEM;
	yaml_emitter_set_output(&w.emitter, sink, &text);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1);
	put_comment(o, &text);
	put_override(&w, o);
	yaml_emitter_delete(&w.emitter);
	if (w.failed)
		r = -EMSGSIZE;
	else
		r = read_back(o, &text, why);
	if (r == 0)
		r = buf_add(out, text.data, text.len);
	if (r == -EMSGSIZE && why->len == 0)
		(void)buf_adds(why, "the override would be too long");
	buf_wipe(&text);
	return r;
}
