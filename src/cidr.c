/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string.h>

#include "cidr.h"
#include "num.h"

#define BITS_V4     32
#define BITS_V6     128
#define BITS_MAPPED 96 /* of the prefix ::ffff:0:0 */
#define PORT_MAX    65535

/* Copy LEN bytes as string into a buffer of CIDR_MAX. */
static int
copy_text(const char *text, size_t len, char *out)
{
	if (len >= CIDR_MAX)
		return -EBADMSG;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

static bool
is_mapped(const unsigned char *address)
{
	return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address);
}

/* inet_pton(3) takes no zone, and no octal or shortened IPv4 address. */
static int
read_address(const char *text, struct cidr *ret)
{
	struct cidr c;

	memset(&c, 0, sizeof(c));
	c.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	c.bits = c.family == AF_INET6 ? BITS_V6 : BITS_V4;
	if (inet_pton(c.family, text, c.address) != 1)
		return -EBADMSG;
	*ret = c;
	return 0;
}

static int
read_number(const char *text, int64_t max, int64_t *ret_n)
{
	size_t len = strlen(text);

	if (len > 1 && text[0] == '0')
		return -EBADMSG;
	return num_parse(text, len, 0, max, ret_n) == 0 ? 0 : -EBADMSG;
}

/* Whether the first BITS bits of two addresses are the same. */
static bool
is_same_prefix(const unsigned char *a, const unsigned char *b,
    unsigned int bits)
{
	unsigned int bytes = bits / 8;
	unsigned int rest = bits % 8;

	return memcmp(a, b, bytes) == 0 &&
	    (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

/* Keep BITS bits of C.  Returns whether the others were 0. */
static bool
cut_prefix(struct cidr *c, unsigned int bits)
{
	unsigned int i;

	for (i = bits; i < c->bits; i++)
		if ((c->address[i / 8] & 0x80 >> i % 8) != 0)
			return false;
	c->bits = bits;
	return true;
}

int
cidr_parse(const char *text, struct cidr *ret)
{
	const char *slash = strchrnul(text, '/');
	char address[CIDR_MAX];
	struct cidr c;
	int64_t bits;
	int r;

	r = copy_text(text, (size_t)(slash - text), address);
	if (r == 0)
		r = read_address(address, &c);
	if (r != 0)
		return r;
	bits = c.bits;
	if (*slash == '/')
		r = read_number(slash + 1, bits, &bits);
	if (r != 0 || !cut_prefix(&c, (unsigned int)bits))
		return -EBADMSG;
	/* no peer would be in it */
	if (c.family == AF_INET6 && bits >= BITS_MAPPED && is_mapped(c.address))
		return -EBADMSG;
	*ret = c;
	return 0;
}

/* The address of SA, and its family, which is AF_INET if it is a mapped one.
 * NULL when it has none. */
static const unsigned char *
address_of(const struct sockaddr *sa, int *ret_family)
{
	const unsigned char *address;

	*ret_family = sa->sa_family;
	if (sa->sa_family == AF_INET)
		return (const unsigned char
			*)&((const struct sockaddr_in *)(const void *)sa)
		    ->sin_addr;
	if (sa->sa_family != AF_INET6)
		return NULL;
	address = ((const struct sockaddr_in6 *)(const void *)sa)
		      ->sin6_addr.s6_addr;
	if (!is_mapped(address))
		return address;
	*ret_family = AF_INET;
	return address + BITS_MAPPED / 8;
}

bool
cidr_has(const struct cidr *c, const struct sockaddr *sa)
{
	int family;
	const unsigned char *address = address_of(sa, &family);

	return address != NULL && family == c->family &&
	    is_same_prefix(c->address, address, c->bits);
}

static void
fill_address(const struct cidr *c, in_port_t port, struct sockaddr_storage *ret,
    socklen_t *ret_len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (c->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, c->address, sizeof(in->sin_addr));
		*ret_len = sizeof(*in);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, c->address, sizeof(in6->sin6_addr));
		*ret_len = sizeof(*in6);
	}
}

int
cidr_parse_listen(const char *text, struct sockaddr_storage *ret,
    socklen_t *ret_len)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	char address[CIDR_MAX];
	struct cidr c;
	int64_t port;
	size_t len;
	int r;

	if (colon == NULL || colon == text)
		return -EBADMSG;
	len = (size_t)(colon - text);
	if (bracket && (len < 2 || colon[-1] != ']'))
		return -EBADMSG;
	r = copy_text(text + bracket, len - (bracket ? 2 : 0), address);
	if (r == 0)
		r = read_address(address, &c);
	if (r == 0)
		r = read_number(colon + 1, PORT_MAX, &port);
	if (r != 0 || bracket != (c.family == AF_INET6))
		return -EBADMSG;
	if (bracket && is_mapped(c.address))
		return -EBADMSG;
	fill_address(&c, (in_port_t)port, ret, ret_len);
	return 0;
}

int
cidr_format_address(const struct sockaddr *sa, struct buf *b)
{
	char text[INET6_ADDRSTRLEN];
	int family;
	const unsigned char *address = address_of(sa, &family);

	if (address == NULL ||
	    inet_ntop(family, address, text, sizeof(text)) == NULL)
		return -EAFNOSUPPORT;
	return buf_adds(b, text);
}

int
cidr_format_listen(const struct sockaddr *sa, struct buf *b)
{
	struct buf text = BUF_INIT(CIDR_MAX);
	in_port_t port;
	int r;

	r = cidr_format_address(sa, &text);
	if (r != 0)
		return r;
	/* both kinds have it in the same place */
	port = ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	if (strchr(buf_str(&text), ':') != NULL)
		r = buf_addf(b, "[%s]:%u", buf_str(&text), (unsigned int)port);
	else
		r = buf_addf(b, "%s:%u", buf_str(&text), (unsigned int)port);
	buf_wipe(&text);
	return r;
}
