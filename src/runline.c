/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "esc.h"
#include "mem.h"
#include "runline.h"

#define MAX_SHOWN 64 /* bytes of a word in a message */

/* Whose an option is. */
#define DOCKER 1
#define PODMAN 2
#define BOTH   (DOCKER | PODMAN)

enum kind {
	SWITCH, /* without value, and nobody asks for it */
	FLAG,   /* without value */
	TEXT,
	IMAGE,
	IMAGE_SWITCH,
	VOLUME,
	MOUNT,
	TMPFS
};

/* An option that has no value or a value that is asked for; all others have a
 * value. */
struct option {
	const char *name;
	char letter; /* 0: none */
	unsigned int of;
	enum kind kind;
	size_t member; /* of struct runline, for FLAG and TEXT */
};

/* Those before `run' */
static const struct option globals[] = {
	{ "debug", 'D', DOCKER, SWITCH, 0 },
	{ "help", 0, BOTH, SWITCH, 0 },
	{ "noout", 0, PODMAN, SWITCH, 0 },
	{ "remote", 'r', PODMAN, SWITCH, 0 },
	{ "syslog", 0, PODMAN, SWITCH, 0 },
	{ "tls", 0, DOCKER, SWITCH, 0 },
	{ "tlsverify", 0, DOCKER, SWITCH, 0 },
	{ "trace", 0, PODMAN, SWITCH, 0 },
	{ "transient-store", 0, PODMAN, SWITCH, 0 },
	{ "version", 'v', BOTH, SWITCH, 0 },
};

/* Those of `run'.  podman takes some global ones here as well. */
static const struct option options[] = {
	{ "arch", 0, PODMAN, IMAGE, 0 },
	{ "authfile", 0, PODMAN, IMAGE, 0 },
	{ "cidfile", 0, BOTH, TEXT, offsetof(struct runline, cidfile) },
	{ "detach", 'd', BOTH, FLAG, offsetof(struct runline, detach) },
	{ "disable-content-trust", 0, BOTH, SWITCH, 0 },
	{ "env-host", 0, PODMAN, SWITCH, 0 },
	{ "gidmap", 0, PODMAN, TEXT, offsetof(struct runline, idmap) },
	{ "help", 0, BOTH, SWITCH, 0 },
	{ "http-proxy", 0, PODMAN, SWITCH, 0 },
	{ "init", 0, BOTH, SWITCH, 0 },
	{ "interactive", 'i', BOTH, SWITCH, 0 },
	{ "mount", 0, BOTH, MOUNT, 0 },
	{ "name", 0, BOTH, TEXT, offsetof(struct runline, name) },
	{ "no-healthcheck", 0, BOTH, SWITCH, 0 },
	{ "no-hostname", 0, PODMAN, SWITCH, 0 },
	{ "no-hosts", 0, PODMAN, SWITCH, 0 },
	{ "oom-kill-disable", 0, BOTH, SWITCH, 0 },
	{ "os", 0, PODMAN, IMAGE, 0 },
	{ "passwd", 0, PODMAN, SWITCH, 0 },
	{ "platform", 0, BOTH, IMAGE, 0 },
	{ "privileged", 0, BOTH, SWITCH, 0 },
	{ "publish-all", 'P', BOTH, SWITCH, 0 },
	{ "pull", 0, BOTH, TEXT, offsetof(struct runline, pull) },
	{ "quiet", 'q', BOTH, SWITCH, 0 },
	{ "read-only", 0, BOTH, SWITCH, 0 },
	{ "read-only-tmpfs", 0, PODMAN, SWITCH, 0 },
	{ "replace", 0, PODMAN, SWITCH, 0 },
	{ "rm", 0, BOTH, FLAG, offsetof(struct runline, rm) },
	{ "rmi", 0, PODMAN, SWITCH, 0 },
	{ "rootfs", 0, PODMAN, FLAG, offsetof(struct runline, rootfs) },
	{ "sig-proxy", 0, BOTH, SWITCH, 0 },
	{ "subgidname", 0, PODMAN, TEXT, offsetof(struct runline, idmap) },
	{ "subuidname", 0, PODMAN, TEXT, offsetof(struct runline, idmap) },
	{ "syslog", 0, PODMAN, SWITCH, 0 },
	{ "tls-verify", 0, PODMAN, IMAGE_SWITCH, 0 },
	{ "tmpfs", 0, BOTH, TMPFS, 0 },
	{ "trace", 0, PODMAN, SWITCH, 0 },
	{ "transient-store", 0, PODMAN, SWITCH, 0 },
	{ "tty", 't', BOTH, FLAG, offsetof(struct runline, tty) },
	{ "uidmap", 0, PODMAN, TEXT, offsetof(struct runline, idmap) },
	{ "unsetenv-all", 0, PODMAN, SWITCH, 0 },
	{ "use-api-socket", 0, DOCKER, SWITCH, 0 },
	{ "user", 'u', BOTH, TEXT, offsetof(struct runline, user) },
	{ "userns", 0, BOTH, TEXT, offsetof(struct runline, userns) },
	{ "variant", 0, PODMAN, IMAGE, 0 },
	{ "volume", 'v', BOTH, VOLUME, 0 },
};

struct scan {
	const struct option *table;
	size_t len;
	size_t at; /* index of the next word */
	struct runline *line;
	struct buf *why;
};

/* Append WHAT, with the LEN bytes of a user's word in it at "%". */
static int
refuse(struct buf *why, const char *what, const char *word, size_t len)
{
	size_t before = strcspn(what, "%");

	(void)buf_add(why, what, before);
	if (what[before] == '%') {
		(void)esc_visible(why, word, len < MAX_SHOWN ? len : MAX_SHOWN);
		(void)buf_adds(why, what + before + 1);
	}
	return -EINVAL;
}

static const struct option *
find_name(const struct scan *s, const char *name, size_t len)
{
	unsigned int whose = s->line->engine == RUNLINE_DOCKER ? DOCKER :
								 PODMAN;
	size_t i;

	for (i = 0; i < s->len; i++) {
		const struct option *o = &s->table[i];

		if ((o->of & whose) != 0 && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

static const struct option *
find_letter(const struct scan *s, char letter)
{
	unsigned int whose = s->line->engine == RUNLINE_DOCKER ? DOCKER :
								 PODMAN;
	size_t i;

	for (i = 0; i < s->len; i++)
		if ((s->table[i].of & whose) != 0 &&
		    s->table[i].letter == letter)
			return &s->table[i];
	return NULL;
}

static bool
has_no_value(const struct option *o)
{
	return o != NULL &&
	    (o->kind == SWITCH || o->kind == FLAG || o->kind == IMAGE_SWITCH);
}

/* What Go's strconv.ParseBool takes. */
static int
read_bool(const char *text, bool *ret_b)
{
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE",
		"True" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(no); i++) {
		if (strcmp(text, no[i]) == 0 || strcmp(text, yes[i]) == 0) {
			*ret_b = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * Add the LEN bytes of PATH without empty, "." and ".." parts: the programs
 * mount there.  What is not absolute they refuse, and it stays as it is.
 */
static void
add_target(struct strv *targets, const char *path, size_t len)
{
	struct buf clean = BUF_INIT(len + 1);
	size_t i = 0;

	if (len == 0 || path[0] != '/') {
		strv_addn(targets, path, len);
		return;
	}
	while (i < len) {
		const char *part = path + i + 1;
		const char *end = memchr(part, '/', len - i - 1);
		size_t n = end != NULL ? (size_t)(end - part) : len - i - 1;

		if (n == 2 && part[0] == '.' && part[1] == '.') {
			while (clean.len > 0 &&
			    clean.data[clean.len - 1] != '/')
				buf_truncate(&clean, clean.len - 1);
			buf_truncate(&clean, clean.len > 0 ? clean.len - 1 : 0);
		} else if (n > 0 && !(n == 1 && part[0] == '.')) {
			(void)buf_addc(&clean, '/');
			(void)buf_add(&clean, part, n);
		}
		i += n + 1;
	}
	strv_add(targets, clean.len > 0 ? buf_str(&clean) : "/");
	buf_wipe(&clean);
}

/* "TARGET", "SOURCE:TARGET" or "SOURCE:TARGET:OPTIONS" */
static void
add_volume(struct runline *line, const char *text)
{
	size_t len = strcspn(text, ":");

	if (text[len] == ':') {
		text += len + 1;
		len = strcspn(text, ":");
	}
	add_target(&line->targets, text, len);
}

/* "TARGET" or "TARGET:OPTIONS" */
static void
add_tmpfs(struct runline *line, const char *text)
{
	size_t len = strcspn(text, ":");

	add_target(&line->targets, text, len);
	add_target(&line->tmpfs, text, len);
}

/*
 * Append to FIELD the first one of TEXT, comma-separated values of which one
 * may be "quoted, with "" for a quote" (RFC 4180 2).  Returns what is behind
 * its comma, or NULL.
 */
static const char *
read_field(const char *text, struct buf *field)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '"' && quoted && text[1] == '"') {
			(void)buf_addc(field, '"');
			text++;
		} else if (*text == '"' && (quoted || field->len == 0)) {
			quoted = !quoted;
		} else if (*text == ',' && !quoted) {
			return text + 1;
		} else {
			(void)buf_addc(field, *text);
		}
	}
	return NULL;
}

/* The value of FIELD when it says where to mount, or NULL. */
static const char *
target_of(const char *field)
{
	static const char *const keys[] = { "target", "dst", "destination" };
	size_t len = strcspn(field, "=");
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (strlen(keys[i]) == len && field[len] == '=' &&
		    strncasecmp(field, keys[i], len) == 0)
			return field + len + 1;
	return NULL;
}

/* "type=bind,source=/a,target=/b"; the last target counts. */
static void
add_mount(struct runline *line, const char *text)
{
	struct buf field = BUF_INIT(strlen(text) + 1);
	char *target = NULL;
	bool is_tmpfs = false;

	while (text != NULL) {
		const char *found;

		buf_clear(&field);
		text = read_field(text, &field);
		found = target_of(buf_str(&field));
		if (found != NULL) {
			free(target);
			target = xstrdup(found);
		}
		if (strcasecmp(buf_str(&field), "type=tmpfs") == 0)
			is_tmpfs = true;
	}
	if (target != NULL)
		add_target(&line->targets, target, strlen(target));
	if (target != NULL && is_tmpfs)
		add_target(&line->tmpfs, target, strlen(target));
	free(target);
	buf_wipe(&field);
}

static int
apply(struct runline *line, const struct option *o, const char *value)
{
	void *member = (char *)line + o->member;
	bool b = false;

	switch (o->kind) {
	case SWITCH:
		return read_bool(value, &b);
	case IMAGE_SWITCH:
		if (read_bool(value, &b) != 0)
			return -EINVAL;
		strv_addf(&line->image_options, "--%s=%s", o->name, value);
		break;
	case IMAGE:
		strv_addf(&line->image_options, "--%s=%s", o->name, value);
		break;
	case FLAG:
		return read_bool(value, member);
	case TEXT:
		*(const char **)member = value;
		break;
	case VOLUME:
		add_volume(line, value);
		break;
	case MOUNT:
		add_mount(line, value);
		break;
	case TMPFS:
		add_tmpfs(line, value);
		break;
	}
	return 0;
}

/* Take the next word as the value of the option that is the LEN bytes of
 * NAME. */
static int
take_value(struct scan *s, const char *name, size_t len, const char **ret_value)
{
	const char *value = s->line->argv[s->at];

	if (value == NULL)
		return refuse(s->why, "option % has no value", name, len);
	s->at++;
	*ret_value = value;
	return 0;
}

static int
apply_or_say(struct scan *s, const struct option *o, const char *value)
{
	if (o == NULL || apply(s->line, o, value) == 0)
		return 0;
	return refuse(s->why, "option --% is neither true nor false", o->name,
	    strlen(o->name));
}

/* WORD begins with two dashes. */
static int
scan_name(struct scan *s, const char *word)
{
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const char *value = "true";
	const struct option *o;
	int r = 0;

	if (len == 0 || name[0] == '-')
		return refuse(s->why, "\"%\" is no option", word, len + 2);
	o = find_name(s, name, len);
	if (name[len] == '=')
		value = name + len + 1;
	else if (!has_no_value(o))
		r = take_value(s, word, len + 2, &value);
	return r != 0 ? r : apply_or_say(s, o, value);
}

/* WORD is a dash and letters, the last of which may have its value there. */
static int
scan_letters(struct scan *s, const char *word)
{
	const char *p;
	int r = 0;

	for (p = word + 1; *p != '\0' && r == 0; p++) {
		const struct option *o = find_letter(s, *p);
		const char dashed[] = { '-', *p };
		const char *value = "true";
		bool last = true;

		if (p[1] == '=' && p[2] != '\0')
			value = p + 2;
		else if (has_no_value(o))
			last = false;
		else if (p[1] != '\0')
			value = p + 1;
		else
			r = take_value(s, dashed, sizeof(dashed), &value);
		if (r == 0)
			r = apply_or_say(s, o, value);
		if (last)
			break;
	}
	return r;
}

/* Take the options of a table up to the first word that is none, or "--". */
static int
scan_options(struct scan *s, const struct option *table, size_t len)
{
	s->table = table;
	s->len = len;
	for (;;) {
		const char *word = s->line->argv[s->at];
		int r;

		if (word == NULL || word[0] != '-' || word[1] == '\0' ||
		    strcmp(word, "--") == 0)
			return 0;
		s->at++;
		if (word[1] == '-')
			r = scan_name(s, word);
		else
			r = scan_letters(s, word);
		if (r != 0)
			return r;
	}
}

static int
find_engine(struct scan *s)
{
	const char *word = s->line->argv[0];
	const char *base;

	if (word == NULL)
		return refuse(s->why, "there is no command", "", 0);
	base = strrchr(word, '/');
	base = base == NULL ? word : base + 1;
	if (strcmp(base, "docker") == 0)
		s->line->engine = RUNLINE_DOCKER;
	else if (strcmp(base, "podman") == 0)
		s->line->engine = RUNLINE_PODMAN;
	else
		return refuse(s->why, "\"%\" is neither docker nor podman",
		    word, strlen(word));
	s->at = 1;
	return 0;
}

/* `run' or `container run', and what may stand before each word */
static int
find_run(struct scan *s)
{
	const char *word;
	size_t words = 2;
	int r;

	r = scan_options(s, globals, ARRAY_LEN(globals));
	word = s->line->argv[s->at];
	if (r == 0 && word != NULL && strcmp(word, "container") == 0) {
		s->at++;
		words++;
		r = scan_options(s, globals, ARRAY_LEN(globals));
		word = s->line->argv[s->at];
	}
	if (r != 0)
		return r;
	if (word == NULL)
		return refuse(s->why, "there is no \"run\"", "", 0);
	if (strcmp(word, "run") != 0)
		return refuse(s->why, "\"%\" is not \"run\"", word,
		    strlen(word));
	s->at++;
	s->line->options_at = s->at;
	s->line->has_globals = s->at > words;
	return 0;
}

static int
find_image(struct scan *s)
{
	const char *word;
	int r;

	r = scan_options(s, options, ARRAY_LEN(options));
	if (r != 0)
		return r;
	word = s->line->argv[s->at];
	if (word != NULL && strcmp(word, "--") == 0)
		word = s->line->argv[++s->at];
	if (word == NULL || word[0] == '\0')
		return refuse(s->why, "no image is named", "", 0);
	s->line->image_at = s->at;
	return 0;
}

int
runline_parse(char *const *argv, struct buf *why, struct runline *ret_line)
{
	struct runline line = RUNLINE_INIT;
	struct scan s = { .line = &line, .why = why };
	int r;

	line.argv = argv;
	r = find_engine(&s);
	if (r == 0)
		r = find_run(&s);
	if (r == 0)
		r = find_image(&s);
	if (r != 0) {
		runline_clear(&line);
		return r;
	}
	*ret_line = line;
	return 0;
}

void
runline_build(const struct runline *line, const struct strv *extra,
    struct strv *ret_argv)
{
	size_t i;

	for (i = 0; i < line->options_at; i++)
		strv_add(ret_argv, line->argv[i]);
	strv_add_all(ret_argv, extra);
	for (; line->argv[i] != NULL; i++)
		strv_add(ret_argv, line->argv[i]);
}

void
runline_clear(struct runline *line)
{
	const struct runline empty = RUNLINE_INIT;

	strv_clear(&line->image_options);
	strv_clear(&line->targets);
	strv_clear(&line->tmpfs);
	*line = empty;
}
