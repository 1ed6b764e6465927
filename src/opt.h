/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Command lines from one table: parsing by getopt_long(), and the --help text
 * made from the same table, so that the two cannot differ.
 */
#ifndef OPT_H
#define OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define OPT_MAX      32
#define OPT_HELP_MAX 16384

/* Identifiers of options without a letter start here. */
#define OPT_LONG 256

struct opt {
	int id;           /* the letter, or OPT_LONG and up */
	const char *name; /* long name; NULL ends the table */
	const char *arg;  /* name of its argument, NULL for none */
	const char *help; /* one line */
};

/* What every program has. */
#define OPT_HELP    (OPT_LONG + 90)
#define OPT_VERSION (OPT_LONG + 91)
#define OPT_COMMON                                                \
	{ OPT_HELP, "help", NULL, "show this text" },             \
	    { OPT_VERSION, "version", NULL, "show the version" }, \
	{                                                         \
		0, NULL, NULL, NULL                               \
	}

/* What each entry of a program's own table of verbs begins with. */
struct opt_verb {
	const char *name;
	const char *help; /* one line */
};

struct opt_verbs {
	const void *table;
	size_t count;
	size_t size; /* of an entry */
};

#define OPT_VERBS(table)                                      \
	{                                                     \
		(table), ARRAY_LEN(table), sizeof((table)[0]) \
	}

#define OPT_NO_VERBS       \
	{                  \
		NULL, 0, 0 \
	}

struct opt_spec {
	const char *program;
	const char *usage;   /* what follows the program in the usage line */
	const char *summary; /* one sentence on what it is for */
	const struct opt *opts;
	struct opt_verbs verbs;
	const char *footer; /* text after the tables, or NULL */
};

/* Called for each option; returns 0, or negative errno to stop. */
typedef int (*opt_fn)(void *ctx, int id, const char *value);

/*
 * Parse the options of ARGV; those after the first operand count too, up to
 * "--".  ARGV is permuted, *RET_FIRST is the index of the first operand.
 * Returns 0, or -EINVAL with the reason appended to WHY, or what FN returned.
 */
int opt_parse(const struct opt_spec *spec, int argc, char **argv, opt_fn fn,
    void *ctx, struct buf *why, int *ret_first);

/* The index in ARGV of the first operand, ARGC when there is none or an option
 * before it is wrong.  ARGV is left as it is. */
int opt_find_operand(const struct opt_spec *spec, int argc, char **argv);

/* Append the --help text / the one usage line. */
int opt_help(const struct opt_spec *spec, struct buf *b);
int opt_usage(const struct opt_spec *spec, struct buf *b);

#endif
