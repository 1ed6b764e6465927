/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of coco-tokend, and their life:
 *
 *	tokend_start()	take or make the control socket, fork the launcher,
 *			confine this process, build the parts
 *	tokend_run()	serve until TERM, INT or a request to stop
 *	tokend_free()
 *
 * The launcher is forked before this process is confined, and before it has
 * seen a byte from anybody.
 */
#ifndef TOKEND_H
#define TOKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cache.h"
#include "events.h"
#include "httpd.h"
#include "launcher.h"
#include "loop.h"
#include "notify.h"
#include "peer.h"
#include "runner.h"
#include "settings.h"

struct grants;

struct tokend {
	struct settings settings;
	struct buf socket; /* its path; empty: it was handed to us without */
	int lock;          /* -1: it was handed to us */
	struct loop *loop;
	struct launcher launcher;
	struct notify notify;
	struct runner *runner;
	struct cache *cache;
	struct httpd *control;
	struct grants *grants;
	struct events events;
	struct peer_self self;
	struct buf confinement; /* what confine() has to say */
	struct loop_signal *signals[3];
	struct loop_timer *tick;
	struct loop_timer *watchdog;
	struct loop_timer *last; /* when stopping */
	int64_t watchdog_ms;
	int64_t started_ms;
	uint64_t home; /* client_home() of ours */
	uint64_t requests;
	uint64_t refused; /* connections of peers that may not speak */
	int64_t told_ms;  /* when that was logged last */
	bool stopping;
};

#define TOKEND_INIT                                                       \
	{                                                                 \
		.socket = BUF_INIT(4096), .lock = -1,                     \
		.confinement = BUF_INIT(1024), .launcher = LAUNCHER_INIT, \
		.notify = NOTIFY_INIT,                                    \
	}

/* SOCKET, unless NULL, is used instead of the one of the settings.  Returns 0,
 * or negative errno after it was logged. */
int tokend_start(struct tokend *t, const char *socket);

void tokend_run(struct tokend *t);
void tokend_free(struct tokend *t);

/* Read the settings anew and forget all answers.  Returns 0, or negative errno
 * with the reason in WHY; then everything stays as it was. */
int tokend_reload(struct tokend *t, struct buf *why);

/* Append the command that logs in to the connection of QUESTION. */
void tokend_add_login(const struct cred *question, struct buf *b);

/* Stop within two seconds. */
void tokend_stop(struct tokend *t);

#endif
