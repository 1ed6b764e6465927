/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Internet addresses as text, without any lookup: subnets ("10.88.0.0/16",
 * "fd00::/8"), and what to listen on ("10.88.0.1:0", "[fd00::1]:8080").
 *
 * An IPv4 address within IPv6 ("::ffff:10.88.0.5", RFC 4291 2.5.5.2) is the
 * IPv4 address.  It is read as such when a peer has it, and refused in what a
 * person writes, as are zones ("fe80::1%eth0").
 */
#ifndef CIDR_H
#define CIDR_H

#include <sys/socket.h>

#include <stdbool.h>

#include "buf.h"

/* Longest text that any of these reads or writes. */
#define CIDR_MAX 64

struct cidr {
	int family;                /* AF_INET or AF_INET6 */
	unsigned int bits;         /* of ADDRESS that count */
	unsigned char address[16]; /* network order; the other bits are 0 */
};

/*
 * Read a subnet (RFC 4632 3.1, RFC 4291 2.3); an address alone is a subnet of
 * one.  Returns 0 or -EBADMSG, which is also for bits that are set behind the
 * prefix: whoever wrote "10.88.0.5/16" meant one or the other.
 */
int cidr_parse(const char *text, struct cidr *ret);

/* Whether the address SA is in C; false for other families than Internet. */
bool cidr_has(const struct cidr *c, const struct sockaddr *sa);

/*
 * Read "ADDRESS:PORT" or "[IPV6]:PORT"; the port is from 0 (the kernel chooses)
 * to 65535, without leading zeros.  Returns 0 or -EBADMSG.
 */
int cidr_parse_listen(const char *text, struct sockaddr_storage *ret,
    socklen_t *ret_len);

/* Append SA as cidr_parse_listen() reads it.  Returns 0, -EAFNOSUPPORT for
 * other families, or -EMSGSIZE. */
int cidr_format_listen(const struct sockaddr *sa, struct buf *b);

/* The same without brackets and port: "10.88.0.5", "fd00::1". */
int cidr_format_address(const struct sockaddr *sa, struct buf *b);

#endif
