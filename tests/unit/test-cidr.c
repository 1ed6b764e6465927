/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Internet addresses as text: subnets, and what to listen on. */
#include "coco.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string.h>

#include "cidr.h"
#include "tap.h"

struct parse_row {
	const char *text;
	int bits; /* -1: refused */
};

static void
test_parse(void)
{
	static const struct parse_row rows[] = {
		{ "10.88.0.0/16", 16 },
		{ "10.88.0.5", 32 },
		{ "10.88.0.5/32", 32 },
		{ "0.0.0.0/0", 0 },
		{ "10.128.0.0/9", 9 },
		{ "fd00::/8", 8 },
		{ "fe00::/7", 7 },
		{ "::1", 128 },
		{ "::1/128", 128 },
		{ "::/0", 0 },
		{ "::ffff:0:0/95", -1 },
		{ "::fffe:0:0/95", 95 },
		{ "2001:DB8::/32", 32 },
		{ "::1.2.3.4", 128 },
		{ "", -1 },
		{ "/", -1 },
		{ "/8", -1 },
		{ "10.88.0.0/", -1 },
		{ "10.88.0.0/33", -1 },
		{ "10.88.0.0/016", -1 },
		{ "10.88.0.0/+16", -1 },
		{ "10.88.0.0/ 16", -1 },
		{ "10.88.0.0/16 ", -1 },
		{ "10.88.0.0/16/16", -1 },
		{ "10.88.0.0/255.255.0.0", -1 },
		{ "10.88.0.0/99999999999999999999", -1 },
		{ "10.88.0.5/16", -1 },
		{ "10.88.0.1/31", -1 },
		{ "10.192.0.0/9", -1 },
		{ "fd00::1/8", -1 },
		{ "fd00::/129", -1 },
		{ "10.88.0/16", -1 },
		{ "10.88", -1 },
		{ "0x0a.88.0.1", -1 },
		{ "010.88.0.1", -1 },
		{ "10.88.0.256", -1 },
		{ " 10.88.0.1", -1 },
		{ "10.88.0.1\n", -1 },
		{ "::1%lo", -1 },
		{ "[::1]", -1 },
		{ ":::", -1 },
		{ "::ffff:10.88.0.5", -1 },
		{ "::ffff:10.88.0.0/112", -1 },
		{ "::ffff:0:0/96", -1 },
		{ "localhost", -1 },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:"
		  "0000",
		    -1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr c = { 0, 77, "" };
		bool good = rows[i].bits >= 0;

		is_int(cidr_parse(rows[i].text, &c), good ? 0 : -EBADMSG,
		    "subnet \"%s\"", rows[i].text);
		is_int(c.bits, good ? rows[i].bits : 77, "its bits");
	}
}

/* Read an address, with the port of the test. */
static void
fill(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(4711);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(4711);
	} else {
		ret->ss_family = AF_UNIX;
	}
}

struct has_row {
	const char *cidr;
	const char *address;
	bool has;
};

static void
test_has(void)
{
	static const struct has_row rows[] = {
		{ "10.88.0.0/16", "10.88.0.0", true },
		{ "10.88.0.0/16", "10.88.255.255", true },
		{ "10.88.0.0/16", "10.89.0.0", false },
		{ "10.88.0.0/16", "10.87.255.255", false },
		{ "10.88.0.0/13", "10.95.255.255", true },
		{ "10.88.0.0/13", "10.96.0.0", false },
		{ "10.88.0.0/13", "10.87.0.0", false },
		{ "10.88.0.5", "10.88.0.5", true },
		{ "10.88.0.5", "10.88.0.4", false },
		{ "10.88.0.4/31", "10.88.0.5", true },
		{ "10.88.0.4/31", "10.88.0.6", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::1", false },
		{ "10.88.0.0/16", "::ffff:10.88.0.5", true },
		{ "10.88.0.0/16", "::ffff:10.89.0.5", false },
		{ "10.88.0.0/16", "::10.88.0.5", false },
		{ "10.0.0.0/8", "a00::", false },
		{ "a00::/8", "10.0.0.0", false },
		{ "::/0", "fd00::1", true },
		{ "::/0", "10.88.0.5", false },
		{ "::/0", "::ffff:10.88.0.5", false },
		{ "fd00::/8", "fdff::1", true },
		{ "fd00::/8", "fc00::1", false },
		{ "fd00:0:0:8000::/49", "fd00:0:0:8000::1", true },
		{ "fd00:0:0:8000::/49", "fd00:0:0:7fff::1", false },
		{ "fd00:0:8000::/33", "fd00:0:ffff::1", true },
		{ "fd00:0:8000::/33", "fd00:0:7fff::1", false },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		{ "0.0.0.0/0", "unix", false },
		{ "::/0", "unix", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_storage sa;
		struct cidr c = { 0, 0, "" };

		fill(rows[i].address, &sa);
		if (cidr_parse(rows[i].cidr, &c) != 0)
			c.family = -1;
		is_int(cidr_has(&c, (struct sockaddr *)&sa), rows[i].has,
		    "%s in %s", rows[i].address, rows[i].cidr);
	}
}

struct listen_row {
	const char *text;
	const char *written; /* NULL: refused */
	const char *address;
};

static void
check_listen(const struct listen_row *row)
{
	struct buf b = BUF_INIT(CIDR_MAX);
	struct sockaddr_storage sa;
	socklen_t len = 77;
	bool good = row->written != NULL;

	memset(&sa, 0, sizeof(sa));
	is_int(cidr_parse_listen(row->text, &sa, &len), good ? 0 : -EBADMSG,
	    "listen \"%s\"", row->text);
	if (!good) {
		is_int(len, 77, "nothing is returned");
		return;
	}
	is_int(len,
	    sa.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
				       sizeof(struct sockaddr_in),
	    "its length");
	is_int(cidr_format_listen((struct sockaddr *)&sa, &b), 0, "written");
	is_str(buf_str(&b), row->written, "as text");
	buf_clear(&b);
	is_int(cidr_format_address((struct sockaddr *)&sa, &b), 0, "written");
	is_str(buf_str(&b), row->address, "as address");
	buf_wipe(&b);
}

static void
test_listen(void)
{
	static const struct listen_row rows[] = {
		{ "10.88.0.1:0", "10.88.0.1:0", "10.88.0.1" },
		{ "127.0.0.1:65535", "127.0.0.1:65535", "127.0.0.1" },
		{ "[::1]:8080", "[::1]:8080", "::1" },
		{ "[FD00::0:1]:1", "[fd00::1]:1", "fd00::1" },
		{ "0.0.0.0:80", "0.0.0.0:80", "0.0.0.0" },
		{ "10.88.0.1:65536", NULL, NULL },
		{ "10.88.0.1:080", NULL, NULL },
		{ "10.88.0.1:00", NULL, NULL },
		{ "10.88.0.1:", NULL, NULL },
		{ "10.88.0.1", NULL, NULL },
		{ "10.88.0.1:-1", NULL, NULL },
		{ "10.88.0.1: 1", NULL, NULL },
		{ "10.88.0.1:80 ", NULL, NULL },
		{ "[10.88.0.1]:80", NULL, NULL },
		{ "::1:80", NULL, NULL },
		{ "[::1]80", NULL, NULL },
		{ "[::1:80", NULL, NULL },
		{ "::1]:80", NULL, NULL },
		{ "[]:80", NULL, NULL },
		{ "[:80", NULL, NULL },
		{ "[", NULL, NULL },
		{ "[::1]", NULL, NULL },
		{ "[::ffff:127.0.0.1]:80", NULL, NULL },
		{ "[fe80::1%eth0]:80", NULL, NULL },
		{ "localhost:80", NULL, NULL },
		{ ":80", NULL, NULL },
		{ ":", NULL, NULL },
		{ "", NULL, NULL },
		{ "unix", NULL, NULL },
		{ "*:80", NULL, NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_listen(&rows[i]);
}

static void
test_format(void)
{
	struct buf b = BUF_INIT(CIDR_MAX);
	struct buf small = BUF_INIT(4);
	struct sockaddr_storage sa;

	fill("::ffff:10.88.0.5", &sa);
	is_int(cidr_format_listen((struct sockaddr *)&sa, &b), 0,
	    "a mapped address");
	is_str(buf_str(&b), "10.88.0.5:4711", "is the IPv4 address");
	buf_clear(&b);
	is_int(cidr_format_listen((struct sockaddr *)&sa, &small), -EMSGSIZE,
	    "a buffer that is too small");
	fill("unix", &sa);
	is_int(cidr_format_listen((struct sockaddr *)&sa, &b), -EAFNOSUPPORT,
	    "a unix socket");
	is_int(cidr_format_address((struct sockaddr *)&sa, &b), -EAFNOSUPPORT,
	    "its address");
	is_int(b.len, 0, "nothing is written");
	buf_wipe(&b);
	buf_wipe(&small);
}

int
main(void)
{
	test_parse();
	test_has();
	test_listen();
	test_format();
	return done_testing();
}
