/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container that is about to start, as an OCI hook is told of it (OCI runtime
 * specification 1.0.2): the state on stdin, and config.json of the bundle that
 * this names.
 *
 *	r = ocibundle_parse_state(text, len, &b, &why);
 *	...read b.bundle/config.json...
 *	r = ocibundle_parse_config(text, len, &b, &why);
 *	...
 *	ocibundle_clear(&b);
 */
#ifndef OCIBUNDLE_H
#define OCIBUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define OCIBUNDLE_MAX 1048576 /* bytes of config.json */

/*
 * The annotation that asks for a connection.  Those of an image become those of
 * the container (OCI image specification, "Conversion to OCI Runtime
 * Configuration"), so that it is there proves nothing: only a mount of a
 * directory of the host's is the work of who starts the container.
 */
#define OCIBUNDLE_CONNECTION "coco.connection"

struct ocibundle {
	char *id; /* 64 hexadecimal digits */
	int64_t pid;
	char *bundle;
	char *root; /* absolute, as the namespace of PID has it */
	bool is_read_only;
	uint32_t uid;
	uint32_t gid;
	char *home;        /* HOME of its environment, or NULL */
	char *connection;  /* of the annotation, or NULL */
	struct strv binds; /* what is bind mounted: "SOURCE:DESTINATION" */
};

/* Both return 0, -EBADMSG or -EMSGSIZE with the reason in WHY.  RET must be
 * zeroed at first, and is to be cleared in any case. */
int ocibundle_parse_state(const char *text, size_t len, struct ocibundle *ret,
    struct buf *why);
int ocibundle_parse_config(const char *text, size_t len, struct ocibundle *ret,
    struct buf *why);

void ocibundle_clear(struct ocibundle *b);

#endif
