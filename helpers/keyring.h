/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Secret Service (freedesktop.org) through libsecret: find, write, make
 * and delete items, without ever asking the user and without ever waiting
 * longer than the caller said.  The only module that includes libsecret, and
 * with it GLib; none of their types is seen here.
 *
 *	r = keyring_open(10, false, &detail, &k);
 *	r = keyring_find(k, schema, attrs, &items);
 *	...
 *	keyring_items_clear(&items);
 *	keyring_close(k);
 *
 * The deadline counts from keyring_open() to keyring_close().  A deadline that
 * passes ends the process, with the exit status of unavailable and a line on
 * stderr: GLib blocks in places that nothing else gets it out of, for example
 * while it authenticates to a bus that accepts and then says nothing.
 *
 * Results other than success have been explained on stderr, with one
 * exception: a machine that has no session bus or no Secret Service is nothing
 * out of the ordinary, and git shows what it hears.  Then, as always, the
 * reason is in the caller's buffer for details.  A person who may be asked is
 * told that, too.
 */
#ifndef KEYRING_H
#define KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "result.h"

#define KEYRING_MAX_DETAIL 4096
#define KEYRING_MAX_SECRET (1024 * 1024 + 64) /* a message and its stamp */
#define KEYRING_MAX_ITEMS  4096               /* of one search */

struct keyring;
struct keyring_item;

/* A name and value; a list of them ends with a NULL name. */
struct keyring_attr {
	const char *name;
	const char *value;
};

struct keyring_items {
	struct keyring_item **v;
	size_t len;
};

#define KEYRING_ITEMS_INIT \
	{                  \
		NULL, 0    \
	}

/*
 * Connect, for SECONDS at most until keyring_close().  MAY_PROMPT lets the
 * service ask the user; without it whatever would need that fails.  The reason
 * of a failure, of this and of the other calls, is put into DETAIL, which must
 * outlive the keyring.
 */
enum result keyring_open(unsigned seconds, bool may_prompt, struct buf *detail,
    struct keyring **ret_keyring);

/* Disconnect and stop the clock; NULL is fine. */
void keyring_close(struct keyring *k);

/*
 * Find the items of all collections that have the attributes ATTRS (NULL:
 * any), and SCHEMA unless that is NULL, and read their secrets.  None is a
 * success if the default collection is open or there is none; a locked one
 * might have some, and is unavailable, as is a locked item.  The caller clears
 * *RET_ITEMS.
 */
enum result keyring_find(struct keyring *k, const char *schema,
    const struct keyring_attr *attrs, struct keyring_items *ret_items);

void keyring_items_clear(struct keyring_items *items);

/* The secret, any bytes; valid until the item is cleared or written. */
const char *keyring_secret(const struct keyring_item *item, size_t *ret_len);

/* Whether the item's attribute NAME is VALUE; NULL: whether it has none. */
bool keyring_has_attr(const struct keyring_item *item, const char *name,
    const char *value);

/* When it was last written, in seconds since the epoch. */
int64_t keyring_modified(const struct keyring_item *item);

/* What the service calls it, for messages. */
const char *keyring_path(const struct keyring_item *item);

/* Make TEXT its secret, at once or not at all. */
enum result keyring_write(struct keyring *k, struct keyring_item *item,
    const struct buf *text);

/* Make an item in the default collection. */
enum result keyring_create(struct keyring *k, const char *schema,
    const struct keyring_attr *attrs, const char *label,
    const struct buf *text);

enum result keyring_delete(struct keyring *k, struct keyring_item *item);

/* Open the default collection, or make it where there is none; the service
 * asks the user.  denied when the user does not want to. */
enum result keyring_unlock(struct keyring *k);

#endif
