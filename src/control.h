/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: what the user's own programs may ask coco-tokend for
 * (coco-http(7)).  Sandboxes never get here (THREATS.md T7): a peer must be of
 * our uid and in our namespaces before its first byte is read.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>

#include "httpd.h"
#include "tokend.h"

/* The server for T's control socket; the caller ends with httpd_free(). */
struct httpd *control_new(struct tokend *t, const struct httpd_limits *limits);

/* Whether the client of Q means the configuration that T has; one who does not
 * say means that. */
bool control_is_at_home(const struct tokend *t, const struct httpd_request *q);

#endif
