/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tar archives: ours come back as they were, and those of others do no harm. */
#include "coco.h"

#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "place.h"
#include "tap.h"
#include "tarball.h"

#define BLOCK 512

/* --- an archive made by hand --------------------------------------------- */

/* Append the header of an entry; NAME has at most 100 bytes. */
static void
add_header(struct buf *b, const char *name, char type, const char *size,
    const char *link)
{
	char h[BLOCK];
	unsigned int sum = 0;
	size_t i;

	memset(h, 0, sizeof(h));
	memcpy(h, name, strlen(name));
	snprintf(h + 100, 8, "%07o", 0644u);
	snprintf(h + 108, 8, "%07o", 7u);
	snprintf(h + 116, 8, "%07o", 8u);
	snprintf(h + 124, 12, "%s", size);
	snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 157, link, strlen(link));
	memcpy(h + 257, "ustar\00000", 8);
	for (i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	(void)buf_add(b, h, sizeof(h));
}

/* Append content, up to a whole block. */
static void
add_content(struct buf *b, const char *text)
{
	char zero[BLOCK] = "";
	size_t len = strlen(text);

	(void)buf_adds(b, text);
	if (len % BLOCK != 0)
		(void)buf_add(b, zero, BLOCK - len % BLOCK);
}

static void
add_end(struct buf *b)
{
	char zero[2 * BLOCK] = "";

	(void)buf_add(b, zero, sizeof(zero));
}

/* A pax header with one record, KEY=VALUE, for the next entry. */
static void
add_pax(struct buf *b, const char *record)
{
	char size[32];

	snprintf(size, sizeof(size), "%011zo", strlen(record));
	add_header(b, "pax", 'x', size, "");
	add_content(b, record);
}

/* --- what is read of one ------------------------------------------------- */

struct source {
	const struct buf *archive;
	size_t at;
	size_t piece; /* bytes at a time */
	int fail;     /* errno at the end of the archive */
	const char *stop_at;
	struct buf said; /* a line for each entry and piece of content */
	size_t content;
};

static int
on_read(void *ctx, void *data, size_t len, size_t *ret_len)
{
	struct source *s = ctx;
	size_t left = s->archive->len - s->at;

	if (left == 0 && s->fail != 0)
		return s->fail;
	if (len > s->piece)
		len = s->piece;
	if (len > left)
		len = left;
	if (len != 0)
		memcpy(data, s->archive->data + s->at, len);
	s->at += len;
	*ret_len = len;
	return 0;
}

static int
on_entry(void *ctx, const struct tarball_entry *e)
{
	struct source *s = ctx;
	bool is_file = S_ISREG(e->type) && e->link == NULL;

	(void)buf_addf(&s->said, "%.40s %o %u:%u %lld%s%s\n", e->name,
	    (unsigned int)(e->type | e->mode), e->uid, e->gid,
	    (long long)e->size, e->link != NULL ? " = " : "",
	    e->link != NULL ? e->link : "");
	if (s->stop_at != NULL && strcmp(e->name, s->stop_at) == 0)
		return TARBALL_STOP;
	if (strcmp(e->name, "refused") == 0)
		return -EPERM;
	return is_file ? TARBALL_DATA : TARBALL_SKIP;
}

static int
on_data(void *ctx, const void *data, size_t len)
{
	struct source *s = ctx;

	s->content += len;
	if (len < 64) {
		(void)buf_add(&s->said, data, len);
		(void)buf_addc(&s->said, '\n');
	}
	return memchr(data, '!', len) != NULL ? -EACCES : 0;
}

/* Read and compare; WHY is the beginning of the reason. */
static void
check(const struct buf *archive, struct source *s, int want, const char *said,
    const char *reason, const char *name)
{
	const struct tarball_reader reader = {
		.read = on_read, .entry = on_entry, .data = on_data, .ctx = s
	};
	struct buf why = BUF_INIT(1024);

	s->archive = archive;
	if (s->piece == 0)
		s->piece = 1000000;
	s->said = (struct buf)BUF_INIT(100000);
	is_int(tarball_read(&reader, &why), want, "%s", name);
	is_str(buf_str(&s->said), said, "%s: entries", name);
	buf_truncate(&why, strlen(reason));
	is_str(buf_str(&why), reason, "%s: reason", name);
	buf_wipe(&why);
	buf_wipe(&s->said);
}

static void
add_place(struct places *p, const char *path, enum place_kind kind, mode_t mode,
    uint32_t uid, const char *content)
{
	struct place *place;

	if (places_add(p, path, &place) != 0)
		bail("places_add");
	place->kind = kind;
	place->mode = mode;
	place->uid = uid;
	place->gid = uid + 1;
	(void)buf_adds(&place->content, content);
}

static void
test_write(void)
{
	struct places p = PLACES_INIT;
	struct buf b = BUF_INIT(100000);
	struct source s = { .piece = 100 };
	char path[400];

	memset(path, 'x', sizeof(path));
	memcpy(path, "/", 1);
	path[sizeof(path) - 1] = '\0';
	add_place(&p, "/root/.snowflake", PLACE_DIRECTORY, 0700, 0, "");
	add_place(&p, "/root/.snowflake/a", PLACE_FILE, 0600, 1000, "canary");
	add_place(&p, "/empty", PLACE_FILE, 04755, 4000000000u, "");
	add_place(&p, "/absent", PLACE_ABSENT, 0, 0, "");
	add_place(&p, "/odd", PLACE_ODD, 0, 0, "");
	add_place(&p, "/home/j\xc3\xbcrgen/\xff", PLACE_FILE, 0600, 0, "u");
	add_place(&p, path, PLACE_FILE, 0600, 0, "long");
	is_int(tarball_write(&p, 1700000000, &b), 0, "written");
	is_int(b.len % BLOCK, 0, "in blocks");
	ok(b.len <= TARBALL_MAX(p.len, 11), "no more than promised");
	check(&b, &s, 0,
	    "root/.snowflake/ 40700 0:1 0\n"
	    "root/.snowflake/a 100600 1000:1001 6\ncanary\n"
	    "empty 104755 4000000000:4000000001 0\n"
	    "home/j\xc3\xbcrgen/\xff 100600 0:1 1\nu\n"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 100600 0:1 4\nlong\n",
	    "", "round trip");
	buf_wipe(&b);
	b = (struct buf)BUF_INIT(600);
	(void)buf_adds(&b, "before");
	is_int(tarball_write(&p, 1700000000, &b), -EMSGSIZE, "too long");
	is_str(buf_str(&b), "before", "leaves nothing");
	buf_wipe(&b);
	places_wipe(&p);
}

static void
test_names(void)
{
	struct buf b = BUF_INIT(100000);
	struct source s = { .piece = 511 };

	add_header(&b, "../../etc/passwd", '0', "00000000002", "");
	add_content(&b, "hi");
	add_header(&b, "/etc/shadow", '0', "00000000000", "");
	add_header(&b, "twice", '0', "00000000001", "");
	add_content(&b, "1");
	add_header(&b, "twice", '0', "00000000001", "");
	add_content(&b, "2");
	add_header(&b, "hard", '1', "00000000000", "/etc/shadow");
	add_header(&b, "soft", '2', "00000000000", "/etc/shadow");
	add_header(&b, "fifo", '6', "00000000000", "");
	add_header(&b, "device", '3', "00000000000", "");
	add_header(&b, "strange", 'Z', "00000000001", "");
	add_content(&b, "z");
	add_pax(&b, "14 path=pa\xff\n!\n");
	add_header(&b, "short", '0', "00000000000", "");
	add_end(&b);
	check(&b, &s, 0,
	    "../../etc/passwd 100644 7:8 2\nhi\n"
	    "/etc/shadow 100644 7:8 0\n"
	    "twice 100644 7:8 1\n1\n"
	    "twice 100644 7:8 1\n2\n"
	    "hard 100644 7:8 0 = /etc/shadow\n"
	    "soft 120644 7:8 0\n"
	    "fifo 10644 7:8 0\n"
	    "device 20644 7:8 0\n"
	    "strange 100644 7:8 1\nz\n"
	    "pa\xff\n! 100644 7:8 0\n",
	    "", "names are told as they are");
	s = (struct source){ .stop_at = "/etc/shadow" };
	check(&b, &s, 0,
	    "../../etc/passwd 100644 7:8 2\nhi\n/etc/shadow 100644 7:8 0\n", "",
	    "stop");
	buf_wipe(&b);
}

static void
test_callbacks(void)
{
	struct buf b = BUF_INIT(100000);
	struct source s = { .fail = 0 };

	add_header(&b, "a", '0', "00000000003", "");
	add_content(&b, "no!");
	check(&b, &s, -EACCES, "a 100644 7:8 3\nno!\n", "", "data fails");
	buf_clear(&b);
	add_header(&b, "refused", '0', "00000000000", "");
	s = (struct source){ .fail = -ETIMEDOUT };
	check(&b, &s, -ETIMEDOUT, "", "", "reading fails");
	add_end(&b);
	s = (struct source){ .fail = 0 };
	check(&b, &s, -EPERM, "refused 100644 7:8 0\n", "", "entry fails");
	buf_wipe(&b);
}

/* An archive that consists of this one entry. */
static void
check_one(const char *name, const char *size, const char *content, int want,
    const char *said, const char *reason)
{
	struct buf b = BUF_INIT(100000);
	struct source s = { .piece = 7 };

	add_header(&b, name, '0', size, "");
	if (content != NULL)
		add_content(&b, content);
	check(&b, &s, want, said, reason, name);
	buf_wipe(&b);
}

static void
test_damaged(void)
{
	struct buf b = BUF_INIT(100000);
	struct source s = { .piece = 0 };

	check(&b, &s, 0, "", "", "nothing at all");
	(void)buf_adds(&b, "Error: no such container");
	s = (struct source){ .piece = 5 };
	check(&b, &s, -EBADMSG, "", "no archive of files: ", "a message");
	buf_clear(&b);
	/* gzip, which is not understood: a kilobyte could be a gigabyte */
	(void)buf_add(&b, "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
	    20);
	s = (struct source){ .piece = 0 };
	check(&b, &s, -EBADMSG, "", "no archive of files: ", "gzip");
	buf_clear(&b);
	add_pax(&b, "23 GNU.sparse.major=1\n\n22 GNU.sparse.minor=0\n");
	add_header(&b, "sparse", '0', "00000000000", "");
	add_end(&b);
	s = (struct source){ .piece = 0 };
	check(&b, &s, -EBADMSG, "", "no archive of files: ", "sparse");
	buf_clear(&b);
	add_pax(&b, "20 uid=99999999999\n\n");
	add_header(&b, "owner", '0', "00000000000", "");
	add_end(&b);
	s = (struct source){ .piece = 0 };
	check(&b, &s, -EBADMSG, "",
	    "no archive of files: an owner is out of range", "owner");
	buf_wipe(&b);
	check_one("open", "00000001000", "abc", 0, "open 100644 7:8 512\n", "");
	check_one("short", "00000002000", "abc", -EBADMSG,
	    "short 100644 7:8 1024\n", "no archive of files: ");
	check_one("huge", "77777777777", "abc", -EBADMSG,
	    "huge 100644 7:8 8589934591\n", "no archive of files: ");
}

/* More than any buffer of ours: the content comes in pieces. */
static void
test_big(void)
{
	struct buf b = BUF_INIT(3000000);
	struct source s = { .piece = 65536 };
	char *text = xmalloc(1048577);

	memset(text, 'x', 1048576);
	text[1048576] = '\0';
	add_header(&b, "big", '0', "00004000000", "");
	add_content(&b, text);
	add_header(&b, "after", '0', "00000000000", "");
	add_end(&b);
	check(&b, &s, 0, "big 100644 7:8 1048576\nafter 100644 7:8 0\n", "",
	    "a big file");
	is_int(s.content, 1048576, "all of it");
	free(text);
	buf_wipe(&b);
}

int
main(void)
{
	test_write();
	test_names();
	test_callbacks();
	test_damaged();
	test_big();
	return done_testing();
}
