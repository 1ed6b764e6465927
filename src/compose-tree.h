/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A YAML document as a tree of nodes, without libyaml's types.  Internal to the
 * compose module: compose.c builds it and writes, compose-read.c looks at it.
 *
 * An alias is a second pointer to its node, which is complete: so the tree is a
 * graph without cycles, and no larger than its text.
 */
#ifndef COMPOSE_TREE_H
#define COMPOSE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "compose.h"

enum compose_kind {
	COMPOSE_TEXT,
	COMPOSE_LIST,
	COMPOSE_MAP
};

struct compose_node {
	enum compose_kind kind;
	size_t line; /* from 1, as is the column */
	size_t column;
	bool done;  /* its end was seen */
	bool plain; /* a text without quotes: may be null or a number */
	bool odd;   /* has a tag that is none of YAML's */
	char *text;
	struct compose_node **items; /* of a map: key, value, key, value */
	size_t len;
	size_t cap;
};

struct compose_anchor {
	char *name;
	struct compose_node *node;
};

struct compose_tree {
	const char *name; /* of the file; borrowed */
	struct buf *why;  /* borrowed */
	struct compose_node *root;
	struct compose_node **nodes; /* all, each once */
	size_t len;
	size_t cap;
	struct compose_anchor *anchors;
	size_t anchors_len;
};

/* Read a document into T, of which NAME and WHY are set; the caller frees with
 * compose_tree_clear(), also after an error.  Errors as compose_parse(). */
int compose_tree_parse(struct compose_tree *t, const char *text, size_t len);

void compose_tree_clear(struct compose_tree *t);

/* Append "NAME:LINE:COLUMN: " and what FMT says to the reason.  Returns R. */
int compose_tree_fail(const struct compose_tree *t, int r, size_t line,
    size_t column, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Whether TEXT can be the name of a service or a network. */
bool compose_is_name(const char *text);

/* Whether ADDRESS is a literal one, and when SUBNET is not NULL, in it. */
bool compose_is_address(const char *address, const char *subnet);

#endif
