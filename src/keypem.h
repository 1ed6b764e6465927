/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A private key in the one form that every Snowflake client reads: PKCS#8
 * (RFC 5208), not encrypted, as PEM (RFC 7468) of lines of 64 characters, with
 * nothing before and a newline behind (snowflake.md 2).
 */
#ifndef KEYPEM_H
#define KEYPEM_H

#include <stddef.h>

#include "buf.h"

/*
 * Append the key, LEN bytes of DER of PKCS#8, PKCS#1 or SEC 1 (keytext.h), to
 * RET_PEM.  Returns 0; -EBADMSG or -ENOTSUP when it is no key for a client,
 * with the reason in WHY in the form that keytext.h tells; or -EMSGSIZE.
 */
int keypem(const void *der, size_t len, struct buf *ret_pem, struct buf *why);

#endif
