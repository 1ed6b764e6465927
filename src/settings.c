/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "esc.h"
#include "io.h"
#include "path.h"
#include "settings.h"
#include "toml.h"

#define MAX_NAME  32  /* bytes of a setting's name */
#define MAX_SHOWN 64  /* bytes of an unknown key in a message */
#define MAX_FAULT 512 /* bytes of a message */

static const char *const levels[] = {
	[SETTINGS_ERROR] = "error",
	[SETTINGS_WARNING] = "warning",
	[SETTINGS_INFO] = "info",
	[SETTINGS_DEBUG] = "debug",
};

/* --- the table ------------------------------------------------------------ */

enum type {
	TYPE_BOOL,
	TYPE_COUNT,
	TYPE_SECONDS,
	TYPE_PATH, /* MAX bytes; empty unless it is set */
	TYPE_LEVEL
};

/* Rows of a section stand together. */
#define DAEMON(name)  "daemon", #name, offsetof(struct settings, name)
#define CACHE(name)   "cache", #name, offsetof(struct settings, name)
#define SANDBOX(name) "sandbox", #name, offsetof(struct settings, sandbox.name)
#define LOG(name)     "log", #name, offsetof(struct settings, name)

static const struct row {
	const char *section;
	const char *name;
	size_t offset;
	enum type type;
	int min;
	int max;
	int preset;
	const char *help;
} rows[] = {
	{ DAEMON(socket), TYPE_PATH, 0, SETTINGS_MAX_SOCKET, 0,
	    "the control socket" },
	{ DAEMON(max_connections), TYPE_COUNT, 16, 100000, 8192,
	    "clients at a time" },
	{ DAEMON(header_timeout), TYPE_SECONDS, 1, 300, 10,
	    "how long a client may take to send a request" },
	{ DAEMON(idle_timeout), TYPE_SECONDS, 1, 86400, 300,
	    "how long a connection is kept without a request" },
	{ DAEMON(request_timeout), TYPE_SECONDS, 1, 600, 60,
	    "how long a stack may take to answer" },
	{ DAEMON(max_children), TYPE_COUNT, 1, 256, 16,
	    "stacks that run at a time" },
	{ DAEMON(check_namespaces), TYPE_BOOL, 0, 1, 1,
	    "whether processes in containers are refused" },
	{ CACHE(max_entries), TYPE_COUNT, 1, 100000, 1024,
	    "answers in memory" },
	{ CACHE(max_age), TYPE_SECONDS, 1, 900, 900,
	    "how long an answer without an expiry is kept" },
	{ CACHE(refresh_ahead), TYPE_BOOL, 0, 1, 1,
	    "whether tokens in use are renewed before they expire" },
	{ SANDBOX(max_grants), TYPE_COUNT, 1, 100000, 2048,
	    "grants at a time" },
	{ SANDBOX(max_connections), TYPE_COUNT, 16, 100000, 4096,
	    "clients of all sandboxes at a time" },
	{ SANDBOX(max_per_grant), TYPE_COUNT, 1, 10000, 64,
	    "clients of one sandbox at a time" },
	{ SANDBOX(idle_timeout), TYPE_SECONDS, 1, 86400, 60,
	    "how long a sandbox's connection is kept without a request" },
	{ LOG(level), TYPE_LEVEL, 0, SETTINGS_DEBUG, SETTINGS_INFO,
	    "how much is logged" },
};

/* Append what the value of ROW must be. */
static int
add_domain(const struct row *row, struct buf *b)
{
	switch (row->type) {
	case TYPE_BOOL:
		return buf_adds(b, "true or false");
	case TYPE_COUNT:
		return buf_addf(b, "an integer from %d to %d", row->min,
		    row->max);
	case TYPE_SECONDS:
		return buf_addf(b, "a number of seconds from %d to %d",
		    row->min, row->max);
	case TYPE_PATH:
		return buf_addf(b,
		    "an absolute path, or one that begins with ~/, of at most "
		    "%d bytes",
		    row->max);
	case TYPE_LEVEL:
		return buf_adds(b,
		    "\"error\", \"warning\", \"info\" or \"debug\"");
	}
	return 0;
}

/* Set the member of ROW, which is no path. */
static void
set(const struct row *row, struct settings *s, int value)
{
	char *member = (char *)s + row->offset;
	enum settings_level level = (enum settings_level)value;
	bool truth = value != 0;

	switch (row->type) {
	case TYPE_BOOL:
		memcpy(member, &truth, sizeof(truth));
		break;
	case TYPE_LEVEL:
		memcpy(member, &level, sizeof(level));
		break;
	case TYPE_COUNT:
	case TYPE_SECONDS:
		memcpy(member, &value, sizeof(value));
		break;
	case TYPE_PATH:
		break;
	}
}

void
settings_init(struct settings *ret_settings)
{
	size_t i;

	memset(ret_settings, 0, sizeof(*ret_settings));
	for (i = 0; i < ARRAY_LEN(rows); i++)
		set(&rows[i], ret_settings, rows[i].preset);
}

/* --- names that are nearly right ------------------------------------------ */

/* The edit distance of LEN bytes at A and the string B, by insertions,
 * deletions and replacements (Wagner and Fischer, 1974). */
static size_t
distance(const char *a, size_t len, const char *b)
{
	size_t cost[MAX_NAME + 1];
	size_t n = strlen(b);
	size_t corner;
	size_t best;
	size_t i;
	size_t j;

	assert(n <= MAX_NAME);
	for (j = 0; j <= n; j++)
		cost[j] = j;
	for (i = 0; i < len; i++) {
		corner = cost[0];
		cost[0] = i + 1;
		for (j = 0; j < n; j++) {
			best = corner + (a[i] != b[j] ? 1 : 0);
			corner = cost[j + 1];
			if (corner + 1 < best)
				best = corner + 1;
			if (cost[j] + 1 < best)
				best = cost[j] + 1;
			cost[j + 1] = best;
		}
	}
	return cost[n];
}

/* The setting whose name is nearest to LEN bytes at NAME; one of SECTION,
 * unless NULL, before one of another. */
static const struct row *
nearest(const char *section, const char *name, size_t len)
{
	const struct row *found = NULL;
	size_t least = SIZE_MAX;
	size_t d;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		d = distance(name, len, rows[i].name);
		if (section != NULL && strcmp(section, rows[i].section) != 0)
			d++;
		if (d < least) {
			least = d;
			found = &rows[i];
		}
	}
	return found;
}

static const char *
nearest_section(const char *name, size_t len)
{
	const char *found = NULL;
	size_t least = SIZE_MAX;
	size_t d;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		d = distance(name, len, rows[i].section);
		if (d < least) {
			least = d;
			found = rows[i].section;
		}
	}
	return found;
}

/* --- parsing -------------------------------------------------------------- */

struct parser {
	const struct toml *doc;
	struct settings settings;
	struct buf *why;
	bool failed; /* there is a line in WHY already */
};

/* Whether the name of NODE is NAME; "level\u0000x" is not "level". */
static bool
is_named(const struct toml_node *node, const char *name)
{
	size_t len;
	const char *key = toml_key(node, &len);

	return strlen(name) == len && memcmp(key, name, len) == 0;
}

/* Append REASON as the fault at the byte AT; all of it or nothing. */
static void
add_fault(struct parser *p, size_t at, const struct buf *reason)
{
	size_t before = p->why->len;
	size_t line;
	size_t column;
	int r;

	toml_place(p->doc, at, &line, &column);
	r = buf_addf(p->why, "%s%zu:%zu: %s", p->failed ? "\n" : "", line,
	    column, buf_str(reason));
	if (r != 0)
		buf_truncate(p->why, before);
	p->failed = true;
}

/* Refuse the value of NODE: it must be DOMAIN. */
static void
bad_value(struct parser *p, const struct toml_node *node, const char *name,
    const char *domain)
{
	struct buf reason = BUF_INIT(MAX_FAULT);
	struct toml_span span = toml_value_span(node);

	/* a table or array of statements of its own has no value */
	if (span.len == 0)
		span = toml_key_span(node);
	(void)buf_addf(&reason, "%s must be %s", name, domain);
	add_fault(p, span.at, &reason);
	buf_wipe(&reason);
}

static void
bad_setting(struct parser *p, const struct toml_node *node,
    const struct row *row)
{
	struct buf name = BUF_INIT(MAX_FAULT);
	struct buf domain = BUF_INIT(MAX_FAULT);

	(void)buf_addf(&name, "%s.%s", row->section, row->name);
	(void)add_domain(row, &domain);
	bad_value(p, node, buf_str(&name), buf_str(&domain));
	buf_wipe(&name);
	buf_wipe(&domain);
}

/* Refuse the key of NODE, which is in SECTION, or in none if that is NULL. */
static void
unknown(struct parser *p, const struct toml_node *node, const char *section)
{
	struct buf reason = BUF_INIT(MAX_FAULT);
	/* [name], [[name]] or name = {} */
	bool is_section = section == NULL &&
	    (toml_kind(node) == TOML_TABLE || toml_value_span(node).len == 0);
	const struct row *row;
	const char *key;
	size_t len;

	key = toml_key(node, &len);
	(void)buf_addf(&reason, "unknown %s \"%s%s",
	    is_section ? "table" : "key", section != NULL ? section : "",
	    section != NULL ? "." : "");
	(void)esc_visible(&reason, key, len < MAX_SHOWN ? len : MAX_SHOWN);
	(void)buf_addf(&reason, "%s\"; the nearest is ",
	    len > MAX_SHOWN ? "..." : "");
	if (is_section) {
		(void)buf_addf(&reason, "\"%s\"", nearest_section(key, len));
	} else {
		row = nearest(section, key, len);
		if (row != NULL)
			(void)buf_addf(&reason, "\"%s.%s\"", row->section,
			    row->name);
	}
	add_fault(p, toml_key_span(node).at, &reason);
	buf_wipe(&reason);
}

static int
parse_path(const struct toml_node *node, const struct row *row,
    struct settings *s)
{
	const char *path;
	size_t len;
	int r;

	r = toml_string(node, &path, NULL);
	if (r != 0)
		return r;
	len = strlen(path);
	if (len > (size_t)row->max ||
	    (len != 0 && path[0] != '/' && strncmp(path, "~/", 2) != 0))
		return -EBADMSG;
	memcpy((char *)s + row->offset, path, len + 1);
	return 0;
}

/* Read NODE as a value of ROW other than a path. */
static int
parse_value(const struct toml_node *node, const struct row *row, int *ret_value)
{
	const char *word;
	int64_t n;
	bool truth;
	size_t i;
	int r;

	if (row->type == TYPE_BOOL) {
		r = toml_bool(node, &truth);
		if (r == 0)
			*ret_value = truth ? 1 : 0;
		return r;
	}
	if (row->type == TYPE_LEVEL) {
		r = toml_string(node, &word, NULL);
		for (i = 0; r == 0 && i < ARRAY_LEN(levels); i++) {
			if (strcmp(word, levels[i]) == 0) {
				*ret_value = (int)i;
				return 0;
			}
		}
		return -EBADMSG;
	}
	r = toml_int(node, &n);
	if (r == 0 && (n < row->min || n > row->max))
		r = -ERANGE;
	if (r == 0)
		*ret_value = (int)n;
	return r;
}

static void
parse_setting(struct parser *p, const struct toml_node *node,
    const struct row *row)
{
	int value;
	int r;

	if (row->type == TYPE_PATH) {
		r = parse_path(node, row, &p->settings);
	} else {
		r = parse_value(node, row, &value);
		if (r == 0)
			set(row, &p->settings, value);
	}
	if (r != 0)
		bad_setting(p, node, row);
}

static void
parse_section(struct parser *p, const struct toml_node *table,
    const char *section)
{
	const struct toml_node *node;
	size_t i;

	if (toml_kind(table) != TOML_TABLE) {
		bad_value(p, table, section, "a table");
		return;
	}
	for (node = toml_first(table); node != NULL; node = toml_next(node)) {
		for (i = 0; i < ARRAY_LEN(rows); i++)
			if (strcmp(rows[i].section, section) == 0 &&
			    is_named(node, rows[i].name))
				break;
		if (i < ARRAY_LEN(rows))
			parse_setting(p, node, &rows[i]);
		else
			unknown(p, node, section);
	}
}

static void
parse_document(struct parser *p)
{
	const struct toml_node *node = toml_first(toml_root(p->doc));
	size_t i;

	for (; node != NULL; node = toml_next(node)) {
		for (i = 0; i < ARRAY_LEN(rows); i++)
			if (is_named(node, rows[i].section))
				break;
		if (i < ARRAY_LEN(rows))
			parse_section(p, node, rows[i].section);
		else
			unknown(p, node, NULL);
	}
}

int
settings_parse(const char *text, size_t len, struct settings *s,
    struct buf *why)
{
	struct parser p = { NULL, *s, why, false };
	struct toml *doc = NULL;
	int r;

	if (len > SETTINGS_MAX_TEXT) {
		(void)buf_adds(why, "1:1: longer than 64 KiB");
		return -EMSGSIZE;
	}
	r = toml_parse_why(text, len, &doc, why);
	if (r != 0)
		return r;
	p.doc = doc;
	parse_document(&p);
	toml_free(doc);
	if (p.failed)
		return -EBADMSG;
	*s = p.settings;
	return 0;
}

/* --- the files ------------------------------------------------------------ */

/* Append the lines of FAULTS to WHY, each as "PATH:line", all or none of one
 * line. */
static void
add_lines(const char *path, const char *faults, struct buf *why)
{
	size_t before;
	size_t len;
	int r;

	while (faults[0] != '\0') {
		len = strcspn(faults, "\n");
		before = why->len;
		r = before != 0 ? buf_addc(why, '\n') : 0;
		if (r == 0)
			r = esc_visible(why, path, strlen(path));
		if (r == 0)
			r = buf_addf(why, ":%.*s", (int)len, faults);
		if (r != 0)
			buf_truncate(why, before);
		faults += len;
		faults += faults[0] == '\n' ? 1 : 0;
	}
}

/* Append a fault of the whole file. */
static void
add_reason(const char *path, const char *reason, struct buf *why)
{
	struct buf line = BUF_INIT(PATH_MAX + MAX_FAULT);

	(void)buf_addf(&line, " %s", reason);
	add_lines(path, buf_str(&line), why);
	buf_wipe(&line);
}

/* Append the content of the plain file PATH. */
static int
read_plain(const char *path, struct buf *text)
{
	struct stat st;
	int fd;
	int r;

	/* not to wait for the other end of a FIFO */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else
		r = io_read_all(fd, text);
	io_close(fd);
	return r;
}

/* Append the file PATH, if there is one, when it can be trusted. */
static int
read_file(const char *path, struct buf *text, struct buf *why)
{
	struct buf reason = BUF_INIT(PATH_MAX + MAX_FAULT);
	struct stat st;
	int r;

	/* a dangling link is a file that is wrong, not one that is missing */
	if (lstat(path, &st) != 0 && errno == ENOENT)
		return 0;
	r = path_check_trusted(path, &reason);
	if (r == 0)
		r = read_plain(path, text);
	if (r == -EACCES && reason.len != 0)
		(void)buf_adds(&reason,
		    ": the settings and all that they are in must belong to "
		    "root or to you and be writable by nobody else");
	else if (r != 0)
		(void)buf_adds(&reason,
		    r == -EMSGSIZE   ? "longer than 64 KiB" :
			r == -EINVAL ? "is no plain file" :
				       strerror(-r));
	if (r != 0)
		add_reason(path, buf_str(&reason), why);
	buf_wipe(&reason);
	return r;
}

static int
load_file(const char *path, struct settings *s, struct buf *why)
{
	struct buf text = BUF_INIT(SETTINGS_MAX_TEXT);
	struct buf faults = BUF_INIT(SETTINGS_MAX_WHY);
	int r;

	r = read_file(path, &text, why);
	if (r == 0)
		r = settings_parse(buf_str(&text), text.len, s, &faults);
	add_lines(path, buf_str(&faults), why);
	buf_wipe(&text);
	buf_wipe(&faults);
	return r;
}

int
settings_load(struct settings *ret_settings, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct settings s;
	int first;
	int r;

	settings_init(&s);
	first = load_file(SETTINGS_SYSTEM_FILE, &s, why);
	r = path_config(&path);
	if (r == 0)
		r = buf_adds(&path, "/coco.toml");
	if (r == 0)
		r = load_file(buf_str(&path), &s, why);
	else if (r == -ENOENT)
		r = 0;
	else
		add_reason("$XDG_CONFIG_HOME/coco/coco.toml", strerror(-r),
		    why);
	buf_wipe(&path);
	if (first != 0)
		return first;
	if (r == 0)
		*ret_settings = s;
	return r;
}

/* --- printing ------------------------------------------------------------- */

static int
print_value(const struct row *row, const struct settings *s, struct buf *b)
{
	const char *member = (const char *)s + row->offset;
	enum settings_level level;
	bool truth;
	int n;

	switch (row->type) {
	case TYPE_BOOL:
		memcpy(&truth, member, sizeof(truth));
		return buf_adds(b, truth ? "true" : "false");
	case TYPE_LEVEL:
		memcpy(&level, member, sizeof(level));
		return buf_addf(b, "\"%s\"", levels[level]);
	case TYPE_COUNT:
	case TYPE_SECONDS:
		memcpy(&n, member, sizeof(n));
		return buf_addf(b, "%d", n);
	case TYPE_PATH:
		/* what TOML and JSON escape is the same */
		return esc_json(b, member, strlen(member));
	}
	return 0;
}

static int
print_row(const struct row *row, const struct settings *s, struct buf *b)
{
	int r;

	r = buf_addf(b, "# %s: ", row->help);
	if (r == 0)
		r = add_domain(row, b);
	if (r == 0)
		r = buf_addf(b, "\n%s = ", row->name);
	if (r == 0)
		r = print_value(row, s, b);
	if (r == 0)
		r = buf_addc(b, '\n');
	return r;
}

int
settings_print(const struct settings *s, struct buf *b)
{
	const char *section = "";
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(rows); i++) {
		if (strcmp(section, rows[i].section) != 0) {
			section = rows[i].section;
			r = buf_addf(b, "%s[%s]\n", i == 0 ? "" : "\n",
			    section);
		}
		if (r == 0)
			r = print_row(&rows[i], s, b);
	}
	return r;
}
