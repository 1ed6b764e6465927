/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nodes of a TOML document, where they live and how a table finds its
 * members.  Internal to the toml module: toml-parse.c builds the tree, toml.c
 * answers questions about it, toml-edit.c changes the text that it is of.
 *
 * Nodes never move.  Each is in two structures: the list of its parent's
 * children, in file order, and, as a member of a table, that table's AA tree
 * (A. Andersson, "Balanced search trees made simple", 1993) by name.  A tree
 * rather than a hash, because nobody can craft names that make it slow.
 */
#ifndef TOML_TREE_H
#define TOML_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "toml-scan.h"
#include "toml.h"

/* How a table or array came to be; that decides what may be added to it. */
enum toml_origin {
	/* after "=" or in an array: it is complete */
	TOML_BY_VALUE,
	/* the a of [a.b]: it is not defined yet */
	TOML_BY_SUPER,
	/* the a of a.b = ... */
	TOML_BY_DOTTED_KEY,
	/* by [a] or [[a]] */
	TOML_BY_HEADER
};

struct toml_node {
	enum toml_kind kind;
	enum toml_origin origin;
	uint32_t depth;
	uint32_t line;
	struct toml_token key;
	struct toml_span value;
	struct toml_span pair; /* the whole dotted key to the end of its value;
				* empty when no "=" made the node */
	struct toml_span statement;
	union {
		struct toml_token text; /* a string, date or time */
		int64_t integer;
		double number;
		bool truth;
		struct {
			struct toml_node *first;
			struct toml_node *last;
			struct toml_node *index;
			size_t count;
		} list; /* an array or table */
	} u;
	struct toml_node *next;
	struct toml_node *left;
	struct toml_node *right;
	uint32_t level;
};

struct toml {
	struct buf text;
	struct buf decoded;
	struct toml_node **blocks;
	size_t count; /* nodes in all blocks */
	struct toml_node *root;
};

/* A new node; NULL when there are TOML_MAX_NODES.  The document owns it. */
struct toml_node *toml_tree_node(struct toml *doc);

/* The node that was made as number I, from 0. */
struct toml_node *toml_tree_at(const struct toml *doc, size_t i);

/* Add NODE to the children of PARENT; with a key also to its index, where no
 * other node of that name may be. */
void toml_tree_add(struct toml_node *parent, struct toml_node *node);

/* The member of TABLE with the name of LEN bytes at S, or NULL. */
struct toml_node *
toml_tree_find(const struct toml_node *table, const char *s, size_t len);

/* Build the tree of DOC, whose text is set, and count its nodes.  Returns 0,
 * -EBADMSG or -EMSGSIZE, the latter two with FAULT and REASON in S.  In
 * toml-parse.c. */
int toml_tree_parse(struct toml *doc, struct toml_scan *s);

#endif
