/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What coco-tokend says about itself: status as JSON, metrics as Prometheus
 * text.  Names, numbers and results; no secret is known here.
 */
#ifndef REPORT_H
#define REPORT_H

#include "buf.h"
#include "tokend.h"

#define REPORT_MAX \
	65536 /* as much as json.h takes; entries that are too many
			   are counted */

/* Append the object of GET /status.  Returns 0 or -EMSGSIZE. */
int report_status(const struct tokend *t, struct buf *b);

/* Append the text of GET /metrics.  Returns 0 or -EMSGSIZE. */
int report_metrics(const struct tokend *t, struct buf *b);

#endif
