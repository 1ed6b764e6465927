/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tar archives, through libarchive: written into memory from places, and read
 * as a stream, so that one of gigabytes needs no memory.  What is read comes
 * from containers and is not trusted: only tar is understood, uncompressed, and
 * nothing is ever put on a disk.
 */
#ifndef TARBALL_H
#define TARBALL_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "place.h"

/* Bytes that an archive of COUNT files and directories with CONTENT bytes in
 * all has at most. */
#define TARBALL_MAX(count, content) ((content) + (count)*8192 + 20480)

/*
 * Append an archive of the files and directories of P, in their order, with
 * modes, owners and contents; their names have no slash in front.  Other places
 * are left out.  All were changed at NOW_UTC.  The archive is as secret as the
 * contents.  Returns 0, -EMSGSIZE when it does not fit, or -EINVAL.
 */
int tarball_write(const struct places *p, int64_t now_utc, struct buf *b);

/* An entry as the archive has it; valid during the call. */
struct tarball_entry {
	const char *name;   /* may be anything: "/", "../x", "", very long */
	const char *link;   /* the name of the other file; NULL: no hard link */
	const char *target; /* where a symbolic link leads; else NULL */
	mode_t type;        /* S_IFMT */
	mode_t mode;        /* 07777 */
	uint32_t uid;
	uint32_t gid;
	int64_t size; /* of the content; 0 for all but files */
};

/* What entry() wants. */
enum tarball_want {
	TARBALL_SKIP,
	TARBALL_DATA, /* the content, by data() */
	TARBALL_STOP  /* nothing more: the rest is not read */
};

struct tarball_reader {
	/* Give up to LEN bytes of the archive; 0 bytes at its end.  Returns 0
	 * or negative errno, which ends all. */
	int (*read)(void *ctx, void *data, size_t len, size_t *ret_len);

	/* One of tarball_want, or negative errno, which ends all. */
	int (*entry)(void *ctx, const struct tarball_entry *e);

	/* The next LEN bytes of the content of this entry, which are wiped
	 * afterwards: never more in all than its size.  Returns 0 or negative
	 * errno. */
	int (*data)(void *ctx, const void *data, size_t len);

	/* An extended attribute of an entry whose content is wanted, which
	 * comes after them.  Returns as data().  NULL: they are of no
	 * interest. */
	int (*attribute)(void *ctx, const char *name, const void *value,
	    size_t len);

	void *ctx;
};

/*
 * Read an archive up to its end or to where entry() says stop; nothing at all
 * is an archive without entries, and one that ends behind an entry is not cut
 * off.  Returns 0; -EBADMSG with the reason appended to WHY when it is no
 * archive, is cut off, or has what no archive of a container has (sparse files,
 * owners out of range); or what a callback returned.
 */
int tarball_read(const struct tarball_reader *reader, struct buf *why);

#endif
