/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "path.h"
#include "place.h"
#include "provider.h"
#include "strv.h"
#include "toml.h"

#define MAX_VALUE 16384
#define FORMAT    1

/* One file on its way in. */
struct reader {
	const struct toml *doc;
	struct provider *p;
	struct buf *why;
};

bool
provider_is_name(const char *name)
{
	size_t len = strlen(name);

	return len != 0 && len <= PROVIDER_MAX_NAME &&
	    strspn(name,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_-") == len;
}

/* Add "LINE:COLUMN: reason" about NODE.  Returns -EBADMSG. */
static int refuse(const struct reader *rd, const struct toml_node *node,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int
refuse(const struct reader *rd, const struct toml_node *node, const char *fmt,
    ...)
{
	size_t line;
	size_t column;
	va_list ap;

	toml_place(rd->doc, toml_statement_span(node).at, &line, &column);
	if (rd->why->len != 0)
		(void)buf_addc(rd->why, '\n');
	(void)buf_addf(rd->why, "%zu:%zu: ", line, column);
	va_start(ap, fmt);
	(void)buf_addv(rd->why, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* --- values --------------------------------------------------------------- */

static int
read_string(const struct reader *rd, const struct toml_node *node, char **ret)
{
	const char *s;

	if (toml_string(node, &s, NULL) != 0)
		return refuse(rd, node, "%s is to be a string",
		    toml_key(node, NULL));
	free(*ret);
	*ret = xstrdup(s);
	return 0;
}

/* A string with placeholders, a number or a truth value. */
static int
read_pair(const struct reader *rd, const struct toml_node *node,
    struct provider_pair *ret)
{
	struct toml_span span = toml_value_span(node);
	size_t len;

	*ret = (struct provider_pair){ .name = xstrdup(toml_key(node, &len)) };
	if (strlen(ret->name) != len)
		return refuse(rd, node, "a name has a NUL in it");
	switch (toml_kind(node)) {
	case TOML_STRING:
		return read_string(rd, node, &ret->value);
	case TOML_BOOL:
	case TOML_INTEGER:
		ret->value = xstrndup(toml_text(rd->doc, &len) + span.at,
		    span.len);
		ret->raw = true;
		return 0;
	default:
		return refuse(rd, node,
		    "%s is to be a string, a number, true or false",
		    toml_key(node, NULL));
	}
}

static int
read_pairs(const struct reader *rd, const struct toml_node *table,
    struct provider_pair **ret_pairs, size_t *ret_count)
{
	const struct toml_node *node;
	int r = 0;

	if (toml_kind(table) != TOML_TABLE)
		return refuse(rd, table, "%s is to be a table",
		    toml_key(table, NULL));
	if (toml_count(table) > PROVIDER_MAX)
		return refuse(rd, table, "there are more than %d of %s",
		    PROVIDER_MAX, toml_key(table, NULL));
	*ret_pairs = xcalloc(toml_count(table) + 1, sizeof(**ret_pairs));
	for (node = toml_first(table); node != NULL && r == 0;
	     node = toml_next(node))
		r = read_pair(rd, node, &(*ret_pairs)[(*ret_count)++]);
	return r;
}

/* Names that a shell takes, for layout.h writes them for one. */
static int
read_environment(const struct reader *rd, const struct toml_node *table)
{
	static const char word[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	const struct toml_node *node;
	const char *name;
	size_t len;
	int r;

	r = read_pairs(rd, table, &rd->p->environment,
	    &rd->p->environment_count);
	for (node = r == 0 ? toml_first(table) : NULL; node != NULL && r == 0;
	     node = toml_next(node)) {
		name = toml_key(node, &len);
		if (len == 0 || strspn(name, word) != len ||
		    (name[0] >= '0' && name[0] <= '9'))
			r = refuse(rd, node, "that is no name of a variable");
	}
	return r;
}

static int
read_tokens(const struct reader *rd, const struct toml_node *node)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} ways[] = { { "file", PROVIDER_TOKEN_FILE },
		{ "endpoint", PROVIDER_TOKEN_ENDPOINT } };
	const struct toml_node *e;
	const char *s;
	size_t i;

	if (toml_kind(node) != TOML_ARRAY || toml_count(node) == 0)
		return refuse(rd, node, "tokens is to be a list");
	for (e = toml_first(node); e != NULL; e = toml_next(e)) {
		if (toml_string(e, &s, NULL) != 0)
			s = "";
		for (i = 0; i < ARRAY_LEN(ways); i++)
			if (strcmp(ways[i].name, s) == 0)
				break;
		if (i == ARRAY_LEN(ways))
			return refuse(rd, node,
			    "tokens has \"file\" and \"endpoint\" only");
		rd->p->tokens |= ways[i].bit;
	}
	return 0;
}

/* --- files ---------------------------------------------------------------- */

static int
read_mode(const struct reader *rd, const struct toml_node *node, mode_t *ret)
{
	const char *s;
	size_t i;

	if (toml_string(node, &s, NULL) != 0 || strlen(s) != 4 || s[0] != '0')
		return refuse(rd, node, "mode is written as \"0600\"");
	*ret = 0;
	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] < '0' || s[i] > '7')
			return refuse(rd, node, "mode is written as \"0600\"");
		*ret = *ret * 8 + (mode_t)(s[i] - '0');
	}
	if ((*ret & 0022) != 0)
		return refuse(rd, node, "others could write into the file");
	return 0;
}

static int
read_format(const struct reader *rd, const struct toml_node *node,
    enum provider_format *ret)
{
	static const char *const names[] = { [PROVIDER_JSON] = "json",
		[PROVIDER_TOML] = "toml",
		[PROVIDER_TEXT] = "text" };
	const char *s;
	size_t i;

	if (toml_string(node, &s, NULL) == 0) {
		for (i = 0; i < ARRAY_LEN(names); i++) {
			if (strcmp(names[i], s) == 0) {
				*ret = (enum provider_format)i;
				return 0;
			}
		}
	}
	return refuse(rd, node, "format is \"json\", \"toml\" or \"text\"");
}

static int
read_file_key(const struct reader *rd, const struct toml_node *node,
    struct provider_file *f)
{
	const char *key = toml_key(node, NULL);

	if (strcmp(key, "path") == 0)
		return read_string(rd, node, &f->path);
	if (strcmp(key, "format") == 0)
		return read_format(rd, node, &f->format);
	if (strcmp(key, "mode") == 0)
		return read_mode(rd, node, &f->mode);
	if (strcmp(key, "content") == 0)
		return read_string(rd, node, &f->content);
	if (strcmp(key, "set") == 0)
		return read_pairs(rd, node, &f->set, &f->count);
	return refuse(rd, node, "a file has no \"%s\"", key);
}

/* Below the home directory, whatever that is. */
static bool
is_relative(const char *path)
{
	struct buf b = BUF_INIT(PLACE_MAX_PATH + 1);
	bool is;

	is = path[0] != '/' && buf_addf(&b, "/%s", path) == 0 &&
	    place_is_path(buf_str(&b));
	buf_wipe(&b);
	return is;
}

static int
read_file(const struct reader *rd, const struct toml_node *table)
{
	struct provider *p = rd->p;
	struct provider_file *f;
	const struct toml_node *node;
	int r = 0;

	p->files = xreallocarray(p->files, p->file_count + 1,
	    sizeof(*p->files));
	f = &p->files[p->file_count++];
	*f = (struct provider_file){ .format = PROVIDER_TEXT, .mode = 0600 };
	for (node = toml_first(table); node != NULL && r == 0;
	     node = toml_next(node))
		r = read_file_key(rd, node, f);
	if (r != 0)
		return r;
	if (f->path == NULL || !is_relative(f->path))
		return refuse(rd, table,
		    "a file has a path below the home directory");
	if ((f->format == PROVIDER_TEXT) != (f->content != NULL) ||
	    (f->format == PROVIDER_TEXT) != (f->set == NULL))
		return refuse(rd, table,
		    "a file of text has \"content\", others have \"set\"");
	return 0;
}

static int
read_files(const struct reader *rd, const struct toml_node *list)
{
	const struct toml_node *e;
	int r = 0;

	if (toml_kind(list) != TOML_ARRAY || toml_count(list) > PROVIDER_MAX)
		return refuse(rd, list, "files are written as [[file]]");
	for (e = toml_first(list); e != NULL && r == 0; e = toml_next(e))
		r = toml_kind(e) == TOML_TABLE ?
		    read_file(rd, e) :
		    refuse(rd, list, "files are written as [[file]]");
	return r;
}

/* --- a whole one ---------------------------------------------------------- */

static int
read_key(const struct reader *rd, const struct toml_node *node)
{
	const char *key = toml_key(node, NULL);
	struct provider *p = rd->p;
	int64_t version;

	if (strcmp(key, "version") == 0) {
		if (toml_int(node, &version) != 0 || version != FORMAT)
			return refuse(rd, node, "version is %d here", FORMAT);
		return 0;
	}
	if (strcmp(key, "summary") == 0)
		return read_string(rd, node, &p->summary);
	if (strcmp(key, "tokens") == 0)
		return read_tokens(rd, node);
	if (strcmp(key, "connection") == 0) {
		p->connections = true;
		return read_pairs(rd, node, &p->connection,
		    &p->connection_count);
	}
	if (strcmp(key, "environment") == 0)
		return read_environment(rd, node);
	if (strcmp(key, "file") == 0)
		return read_files(rd, node);
	return refuse(rd, node, "a provider has no \"%s\"", key);
}

static int
read_provider(const struct reader *rd)
{
	const struct toml_node *root = toml_root(rd->doc);
	const struct toml_node *node;
	int r = 0;

	for (node = toml_first(root); node != NULL && r == 0;
	     node = toml_next(node))
		r = read_key(rd, node);
	if (r == 0 &&
	    (toml_get(root, "version") == NULL || rd->p->summary == NULL))
		r = refuse(rd, root, "version and summary have to be there");
	if (r == 0 && rd->p->connections && rd->p->tokens == 0)
		r = refuse(rd, root,
		    "with a connection, tokens has to be there");
	return r;
}

int
provider_parse(const char *name, const char *text, size_t len,
    struct provider *ret_provider, struct buf *why)
{
	struct reader rd = { .p = ret_provider, .why = why };
	struct toml *doc = NULL;
	int r;

	if (len > PROVIDER_MAX_TEXT) {
		(void)buf_adds(why, "1:1: it is too long");
		return -EMSGSIZE;
	}
	r = toml_parse_why(text, len, &doc, why);
	if (r != 0)
		return r;
	rd.doc = doc;
	ret_provider->name = xstrdup(name);
	r = read_provider(&rd);
	toml_free(doc);
	return r;
}

/* --- where it is ---------------------------------------------------------- */

/* The directories that may have it, the first one first. */
static void
find_directories(struct strv *dirs)
{
	struct buf b = BUF_INIT(PLACE_MAX_PATH);

	if (path_config(&b) == 0)
		strv_addf(dirs, "%s/providers", buf_str(&b));
	strv_add(dirs, PATH_SYSCONFDIR "/providers");
	buf_clear(&b);
	if (path_share(&b) == 0)
		strv_addf(dirs, "%s/providers", buf_str(&b));
	buf_wipe(&b);
}

static int
load_from(const char *path, const char *name, struct provider *ret_provider,
    struct buf *why)
{
	struct buf text = BUF_INIT(PROVIDER_MAX_TEXT);
	struct buf reason = BUF_INIT(PROVIDER_MAX_WHY);
	int r;

	r = path_check_trusted(path, &reason);
	if (r == 0)
		r = io_read_file(path, &text);
	if (r != 0)
		(void)buf_addf(why, "%s: %s", path,
		    reason.len != 0 ? buf_str(&reason) : strerror(-r));
	if (r == 0)
		r = provider_parse(name, buf_str(&text), text.len, ret_provider,
		    &reason);
	if (r == -EBADMSG || (r == -EMSGSIZE && reason.len != 0))
		(void)buf_addf(why, "%s:%s", path, buf_str(&reason));
	buf_wipe(&text);
	buf_wipe(&reason);
	return r;
}

int
provider_load(const char *name, struct provider *ret_provider, struct buf *why)
{
	struct strv dirs = STRV_INIT;
	struct buf path = BUF_INIT(2 * PLACE_MAX_PATH);
	size_t i;
	int r = -ENOENT;

	if (!provider_is_name(name)) {
		(void)buf_adds(why, "that is no name of a provider");
		return -EINVAL;
	}
	find_directories(&dirs);
	for (i = 0; i < dirs.len && r == -ENOENT; i++) {
		buf_clear(&path);
		(void)buf_addf(&path, "%s/%s.toml", dirs.v[i], name);
		if (access(buf_str(&path), F_OK) == 0)
			r = load_from(buf_str(&path), name, ret_provider, why);
	}
	if (r == -ENOENT) {
		(void)buf_addf(why, "there is no provider \"%s\" in", name);
		for (i = 0; i < dirs.len; i++)
			(void)buf_addf(why, "%s %s", i == 0 ? "" : ",",
			    dirs.v[i]);
	}
	strv_clear(&dirs);
	buf_wipe(&path);
	return r;
}

static void
clear_pairs(struct provider_pair *pairs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

void
provider_clear(struct provider *p)
{
	size_t i;

	for (i = 0; i < p->file_count; i++) {
		free(p->files[i].path);
		free(p->files[i].content);
		clear_pairs(p->files[i].set, p->files[i].count);
	}
	free(p->files);
	clear_pairs(p->connection, p->connection_count);
	clear_pairs(p->environment, p->environment_count);
	free(p->name);
	free(p->summary);
	*p = (struct provider)PROVIDER_INIT;
}
