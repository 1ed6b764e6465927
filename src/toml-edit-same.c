/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether two trees mean the same.  The order of a table means nothing. */
#include "coco.h"

#include <string.h>

#include "toml-edit-priv.h"

static bool
same_token(const struct toml_token *a, const struct toml_token *b)
{
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

/* Bit by bit: a NaN is itself, and 0.0 is not -0.0. */
static bool
same_number(double a, double b)
{
	uint64_t x;
	uint64_t y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return x == y;
}

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static bool
same_list(const struct toml_node *a, const struct toml_node *b)
{
	const struct toml_node *x = toml_first(a);
	const struct toml_node *y = toml_first(b);

	if (toml_count(a) != toml_count(b))
		return false;
	for (; x != NULL; x = toml_next(x)) {
		if (a->kind == TOML_TABLE)
			y = toml_tree_find(b, x->key.s, x->key.len);
		if (y == NULL || !toml_edit_same(x, y))
			return false;
		y = toml_next(y);
	}
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
bool
toml_edit_same(const struct toml_node *a, const struct toml_node *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TOML_INTEGER:
		return a->u.integer == b->u.integer;
	case TOML_FLOAT:
		return same_number(a->u.number, b->u.number);
	case TOML_BOOL:
		return a->u.truth == b->u.truth;
	case TOML_ARRAY:
	case TOML_TABLE:
		return same_list(a, b);
	default:
		return same_token(&a->u.text, &b->u.text);
	}
}

/* Whether B has all members of A, the same, but for SKIPPED, one of A. */
static bool
has_all(const struct toml_node *a, const struct toml_node *b,
    const struct toml_node *skipped)
{
	const struct toml_node *x;
	const struct toml_node *y;

	for (x = toml_first(a); x != NULL; x = toml_next(x)) {
		if (x == skipped)
			continue;
		y = b != NULL ? toml_tree_find(b, x->key.s, x->key.len) : NULL;
		if (y == NULL || !toml_edit_same(x, y))
			return false;
	}
	return true;
}

bool
toml_edit_same_but(const struct toml_node *a, const struct toml_node *b,
    const char *const *path)
{
	const struct toml_node *x;
	const struct toml_node *y;

	for (; *path != NULL && (a != NULL || b != NULL); path++) {
		if ((a != NULL && a->kind != TOML_TABLE) ||
		    (b != NULL && b->kind != TOML_TABLE))
			return false;
		x = toml_get(a, *path);
		y = toml_get(b, *path);
		if (toml_count(a) - (x != NULL ? 1 : 0) !=
		    toml_count(b) - (y != NULL ? 1 : 0))
			return false;
		if (!has_all(a, b, x))
			return false;
		a = x;
		b = y;
	}
	return true;
}

bool
toml_edit_same_elements(const struct toml_node *less,
    const struct toml_node *more, size_t index)
{
	const struct toml_node *x = toml_first(less);
	const struct toml_node *y = toml_first(more);
	size_t i;

	if (toml_count(less) + 1 != toml_count(more))
		return false;
	for (i = 0; y != NULL; y = toml_next(y), i++) {
		if (i == index)
			continue;
		if (x == NULL || !toml_edit_same(x, y))
			return false;
		x = toml_next(x);
	}
	return true;
}
