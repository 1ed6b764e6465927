/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "opt.h"

/* The column of options is as wide as the longest, but at least. */
#define MAX_LEFT 64
#define MIN_LEFT 24

/* Fill getopt's two tables from ours. */
static void
make_tables(const struct opt *opts, struct option *longs, char *letters)
{
	size_t n = 0;

	*letters++ = ':';
	for (; opts[n].name != NULL; n++) {
		assert(n + 1 < OPT_MAX);
		longs[n].name = opts[n].name;
		longs[n].has_arg = opts[n].arg != NULL;
		longs[n].flag = NULL;
		longs[n].val = opts[n].id;
		if (opts[n].id >= OPT_LONG)
			continue;
		*letters++ = (char)opts[n].id;
		if (opts[n].arg != NULL)
			*letters++ = ':';
	}
	memset(&longs[n], 0, sizeof(longs[n]));
	*letters = '\0';
}

/*
 * Say what getopt did not like.  It leaves the option in optopt, or 0 there
 * for a long one that it does not know; that one is before optind then, also
 * after the operands were moved behind it.  A value is not repeated.
 */
static void
explain(const struct opt *opts, int id, char *const *argv, struct buf *why)
{
	const char *arg = argv[optind - 1];
	size_t n = 0;

	while (opts[n].name != NULL && opts[n].id != optopt)
		n++;
	if (optopt == 0)
		(void)buf_addf(why, "%.*s: no such option",
		    (int)strcspn(arg, "="), arg);
	else if (opts[n].name == NULL)
		(void)buf_addf(why, "-%c: no such option", optopt);
	else
		(void)buf_addf(why, "--%s: %s", opts[n].name,
		    id == ':' ? "needs an argument" : "takes no argument");
}

int
opt_find_operand(const struct opt_spec *spec, int argc, char **argv)
{
	struct option longs[OPT_MAX];
	char letters[2 * OPT_MAX + 3] = "+";
	int id;

	make_tables(spec->opts, longs, letters + 1);
	opterr = 0;
	optind = 0;
	do
		id = getopt_long(argc, argv, letters, longs, NULL);
	while (id != -1 && id != ':' && id != '?');
	return id == -1 ? optind : argc;
}

int
opt_parse(const struct opt_spec *spec, int argc, char **argv, opt_fn fn,
    void *ctx, struct buf *why, int *ret_first)
{
	struct option longs[OPT_MAX];
	char letters[2 * OPT_MAX + 2];
	int id;
	int r;

	make_tables(spec->opts, longs, letters);
	opterr = 0;
	/* 0, not 1: glibc and musl then forget an earlier command line */
	optind = 0;
	for (;;) {
		id = getopt_long(argc, argv, letters, longs, NULL);
		if (id == -1)
			break;
		if (id == ':' || id == '?') {
			explain(spec->opts, id, argv, why);
			return -EINVAL;
		}
		r = fn(ctx, id, optarg);
		if (r != 0)
			return r;
	}
	*ret_first = optind;
	return 0;
}

int
opt_usage(const struct opt_spec *spec, struct buf *b)
{
	return buf_addf(b, "usage: %s %s\n", spec->program, spec->usage);
}

/* The option and its argument. */
static void
format_option(const struct opt *o, char left[MAX_LEFT])
{
	const char *arg = o->arg != NULL ? o->arg : "";

	if (o->id < OPT_LONG)
		(void)snprintf(left, MAX_LEFT, "-%c, --%s %s", o->id, o->name,
		    arg);
	else
		(void)snprintf(left, MAX_LEFT, "    --%s %s", o->name, arg);
}

static int
help_options(const struct opt *opts, struct buf *b)
{
	char left[MAX_LEFT];
	size_t width = MIN_LEFT;
	const struct opt *o;
	int r = 0;

	for (o = opts; o->name != NULL; o++) {
		format_option(o, left);
		if (strlen(left) > width)
			width = strlen(left);
	}
	for (o = opts; r == 0 && o->name != NULL; o++) {
		format_option(o, left);
		r = buf_addf(b, "  %-*s %s\n", (int)width, left, o->help);
	}
	return r;
}

static int
help_verbs(const struct opt_verbs *verbs, struct buf *b)
{
	const char *at = verbs->table;
	struct opt_verb v;
	size_t i;
	int r;

	r = verbs->count != 0 ? buf_adds(b, "\nVerbs:\n") : 0;
	for (i = 0; r == 0 && i < verbs->count; i++) {
		memcpy(&v, at + i * verbs->size, sizeof(v));
		r = buf_addf(b, "  %-12s %s\n", v.name, v.help);
	}
	return r;
}

int
opt_help(const struct opt_spec *spec, struct buf *b)
{
	int r;

	r = opt_usage(spec, b);
	if (r == 0)
		r = buf_addf(b, "\n%s\n", spec->summary);
	if (r == 0)
		r = help_verbs(&spec->verbs, b);
	if (r == 0)
		r = buf_adds(b, "\nOptions:\n");
	if (r == 0)
		r = help_options(spec->opts, b);
	if (r == 0 && spec->footer != NULL)
		r = buf_addf(b, "\n%s\n", spec->footer);
	return r;
}
