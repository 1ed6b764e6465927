/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fingerprints of all long-lived secrets of this user, by which
 * coco-deploy looks for them in containers without having them.  Only this
 * process has the secrets; it reads nothing but what is ours.  No helper: it is
 * run by `coco-credential fingerprints', which links libc only.
 */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "opt.h"
#include "prints.h"
#include "proc.h"
#include "usage.h"

#define TIMEOUT_S     60
#define TIMEOUT_MAX_S 86400

enum {
	OPT_TIMEOUT = OPT_LONG
};

static const struct opt opts[] = { { OPT_TIMEOUT, "timeout", "SECONDS",
				       "give up asking stores after so long" },
	OPT_COMMON };

static const struct opt_spec spec = { "coco-credential-fingerprints",
	"[options]",
	"Print the fingerprints of all long-lived secrets, for coco-deploy.",
	opts, OPT_NO_VERBS, "coco-credential-fingerprints(1) is the manual." };

struct options {
	int64_t timeout_s;
	bool help;
	bool version;
};

static int
on_option(void *ctx, int id, const char *value)
{
	struct options *o = ctx;

	if (id == OPT_HELP)
		o->help = true;
	else if (id == OPT_VERSION)
		o->version = true;
	else
		return num_parse(value, strlen(value), 1, TIMEOUT_MAX_S,
		    &o->timeout_s);
	return 0;
}

/* A set that is not whole must not be taken for one: nothing is printed. */
static int
print_prints(const struct options *o)
{
	int64_t deadline_ms = clock_ms() + o->timeout_s * 1000;
	struct buf text = BUF_INIT(HUNT_MAX_TEXT);
	struct prints p = PRINTS_INIT;

	p.error = hunt_make(&p.set);
	if (p.error == 0)
		prints_add_connections(&p);
	if (p.error == 0)
		prints_add_stores(&p, deadline_ms);
	if (p.error == 0)
		p.error = hunt_format(&p.set, &text);
	if (p.error == 0)
		p.error = io_write_all(STDOUT_FILENO, buf_str(&text), text.len);
	if (p.error != 0)
		log_warn("there are no fingerprints: %s", strerror(-p.error));
	hunt_wipe(&p.set);
	buf_wipe(&text);
	return p.error == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct options o = { TIMEOUT_S, false, false };
	struct buf why = BUF_INIT(1024);
	int first = 0;
	int status;
	int r;

	mem_protect();
	proc_init();
	log_init(spec.program);
	r = opt_parse(&spec, argc, argv, on_option, &o, &why, &first);
	if (r != 0)
		status = usage_fail(&spec,
		    why.len != 0 ? buf_str(&why) : "an option has a bad value");
	else if (o.help || o.version)
		status = usage_show(&spec, o.help);
	else if (first != argc)
		status = usage_fail(&spec, "there are no operands");
	else
		status = print_prints(&o);
	buf_wipe(&why);
	return status;
}
