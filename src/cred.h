/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A credential and its wire format: the git credential protocol
 * (git-credential(1), "INPUT/OUTPUT FORMAT"), with git 2.46's capabilities and
 * a few attributes of our own (coco-protocol(7)).  One bounded reader and one
 * writer for the whole family; both are strict, because request and answer
 * cross trust boundaries.
 *
 * Absent and empty are different: an absent attribute is NULL.  All values are
 * wiped when they are let go.
 *
 *	struct cred c = CRED_INIT;
 *	r = cred_parse(text, len, &c, &why);
 *	...
 *	cred_wipe(&c);
 */
#ifndef CRED_H
#define CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define CRED_MAX_LINE    65535         /* with its newline; the protocol's */
#define CRED_MAX_MESSAGE (1024 * 1024) /* one request or answer */
#define CRED_MAX_LIST    256           /* values of one list attribute */

/* The attributes with one text value, in the order in which they are written.
 * What protects what comes first. */
enum cred_attr {
	CRED_PROTOCOL,
	CRED_HOST,
	CRED_PATH,
	CRED_USERNAME,
	CRED_PASSWORD,
	CRED_AUTHTYPE,
	CRED_CREDENTIAL,
	CRED_PASSWORD_EXPIRY_UTC,
	CRED_OAUTH_REFRESH_TOKEN,
	CRED_EPHEMERAL,
	CRED_CONTINUE,
	CRED_QUIT,
	/* ours */
	CRED_CONNECTION,
	CRED_ROLE,
	CRED_AUTHENTICATOR,
	CRED_TOKEN_TYPE,
	CRED_ISSUED_UTC,
	CRED_ATTRS
};

/* The attributes with many values. */
enum cred_list_attr {
	CRED_CAPABILITY,
	CRED_WWWAUTH,
	CRED_STATE,
	CRED_LISTS
};

struct cred_list {
	char **v;
	size_t len;
};

struct cred {
	char *attr[CRED_ATTRS];
	struct cred_list list[CRED_LISTS];
};

#define CRED_INIT                       \
	{                               \
		{ NULL },               \
		{                       \
			{               \
				NULL, 0 \
			}               \
		}                       \
	}

/* The capabilities, as bits. */
#define CRED_CAN_AUTHTYPE 1U
#define CRED_CAN_STATE    2U

/*
 * The capability that coco-credential announces to its own helpers: that its
 * messages end with a blank line, so that one that does not was cut short by
 * the death of its writer.
 */
#define CRED_WHOLE "coco-whole"

/*
 * Parse LEN bytes up to a blank line or their end into *RET_CRED, which must
 * be initialised.  Unknown keys and "url" are ignored, a repeated plain key
 * replaces, "key[]=" clears the list.  One CR before the newline is dropped.
 * Returns 0; -EBADMSG for a NUL, another CR, a line without '=', an empty key,
 * or a value that its attribute cannot have (a host with a bad port, a number
 * or boolean that is none); -EMSGSIZE for a line over CRED_MAX_LINE, a message
 * over CRED_MAX_MESSAGE or a list over CRED_MAX_LIST; the reason is appended
 * to WHY (never a value).  On failure *RET_CRED is untouched.
 */
int cred_parse(const char *text, size_t len, struct cred *ret_cred,
    struct buf *why);

/*
 * Whether the bytes read so far hold a whole message, that is a blank line:
 * the answer must not wait for the end of a stdin that stays open.
 */
bool cred_is_complete(const char *text, size_t len);

/*
 * Append the message, without the blank line that ends it.  Attributes that
 * need a capability are written after the capability[] lines.  Returns 0,
 * -EBADMSG when a value holds LF, CR or NUL or a line would be too long
 * (CVE-2020-5260), -EMSGSIZE when B is full; on failure B is as it was.
 */
int cred_format(const struct cred *c, struct buf *b);

/* The value, or NULL. */
const char *cred_get(const struct cred *c, enum cred_attr a);

/* The secret: the password, or the credential of an authtype; NULL: none. */
const char *cred_secret(const struct cred *c);

/* Set a copy of VALUE, NULL to unset; the old value is wiped. */
void cred_set(struct cred *c, enum cred_attr a, const char *value);
void cred_set_number(struct cred *c, enum cred_attr a, int64_t value);

/* A number attribute; 0 when absent, as git reads it ("never" for expiry). */
int64_t cred_number(const struct cred *c, enum cred_attr a);

/* A boolean attribute; false when absent. */
bool cred_flag(const struct cred *c, enum cred_attr a);

/* Append a copy of VALUE to a list / wipe a list / test membership. */
void cred_add(struct cred *c, enum cred_list_attr l, const char *value);
void cred_clear_list(struct cred *c, enum cred_list_attr l);
bool cred_has(const struct cred *c, enum cred_list_attr l, const char *value);

/* What the verb capability answers, of the front as of every helper
 * (git-credential(1), "CAPABILITY"). */
#define CRED_CAPABILITY_TEXT \
	"version 0\ncapability authtype\ncapability state\n"

/* The capabilities announced, as CRED_CAN_ bits. */
unsigned cred_capabilities(const struct cred *c);

/*
 * The value of our own state "coco:NAME=VALUE", or NULL: how one helper of
 * ours leaves a note to another (coco-protocol(7)).  cred_set_state replaces
 * it, NULL removes it.
 */
const char *cred_state(const struct cred *c, const char *name);
void cred_set_state(struct cred *c, const char *name, const char *value);

/* The states that say where, and by which client, the refresh token beside
 * them may be redeemed (T1).  Only our helpers can set them. */
#define CRED_STATE_ORIGIN "token_origin"
#define CRED_STATE_CLIENT "client_id"

/* The state that says when the refresh token, and so the login, ends; status
 * says it by the same name. */
#define CRED_STATE_LOGIN_ENDS "refresh_expiry_utc"

/* Remove every state that is ours / that is not ours. */
void cred_drop_our_states(struct cred *c);

/* Whether there is something to authenticate with: password or credential. */
bool cred_has_secret(const struct cred *c);

/* Whether it says which resource it is about: protocol and host, or a
 * connection.  What does not matches nothing (CVE-2020-11008). */
bool cred_is_addressed(const struct cred *c);

/*
 * Whether ENTRY answers REQUEST, by git's rule: protocol, host, path and
 * username are equal where the request has them; what it lacks matches
 * anything.  But an entry with a connection or a role is found only by a
 * request that names the same, and the other way round.  An entry of authtype
 * and credential needs the authtype capability in a get; that is the caller's
 * business.
 */
bool cred_matches(const struct cred *request, const struct cred *entry);

/* Whether storing NEW replaces ENTRY: protocol, host, path, username,
 * connection and role are all equal, absence included. */
bool cred_same_key(const struct cred *entry, const struct cred *new);

/* Whether the secrets that REQUEST gives (password, or credential) are those
 * of ENTRY; true when it gives none. */
bool cred_same_secret(const struct cred *request, const struct cred *entry);

/* Copy all of FROM that is set over TO; lists are replaced when not empty. */
void cred_merge(struct cred *to, const struct cred *from);

/* Wipe and free everything; reusable afterwards. */
void cred_wipe(struct cred *c);

/* Move SRC to DST, whose old content is wiped. */
void cred_move(struct cred *dst, struct cred *src);

/* The name of an attribute on the wire. */
const char *cred_attr_name(enum cred_attr a);

#endif
