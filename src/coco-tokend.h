/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of coco-tokend, and what its commands share: those about
 * grants have a file of their own.  They ask a daemon that runs; tokend.h is
 * how to be one.
 */
#ifndef COCO_TOKEND_H
#define COCO_TOKEND_H

#include <stdbool.h>

#include "client.h"
#include "strv.h"

struct options {
	const char *socket;
	bool check;
	bool json;
	bool help;
	bool version;

	/* about grants */
	struct strv connections;
	struct strv roles;
	struct strv hosts;
	struct strv stacks; /* of the hosts, one each */
	struct strv listen;
	struct strv subnets;
	const char *ttl;
	const char *container;
	const char *owner;
	const char *capability_file;
	const char *port_file;
	bool token_file;
	bool allow_unauthenticated;
	bool expose;
	bool all;
	bool pause;
	bool resume;

	/* the options that were given, a bit each, for what a command takes */
	unsigned long given;

	/* what follows the command */
	char **words;
	int count;
};

/*
 * Ask the daemon that runs; BODY NULL: none.  What went wrong is printed.
 * Returns the exit status; the answer is the caller's to wipe.
 */
int command_ask(const struct options *o, const char *method, const char *target,
    const struct buf *body, struct client_answer *ret_answer);

/* The commands grant, grants and revoke.  Each returns the exit status. */
int command_grant(const struct options *o);
int command_grants(const struct options *o);
int command_revoke(const struct options *o);

#endif
