/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the control API that makes, shows, changes and ends grants
 * (coco-http(7)).  Each function is a route's; CTX is the struct tokend.
 */
#ifndef CONTROL_GRANTS_H
#define CONTROL_GRANTS_H

#include "httpd.h"

/* POST, GET and DELETE of /grants. */
void control_grants_add(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);
void control_grants_list(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);
void control_grants_revoke_all(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);

/* PATCH and DELETE of /grants/ID. */
void control_grants_update(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);
void control_grants_revoke(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q);

#endif
