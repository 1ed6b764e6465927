/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store that needs nothing: one file that only its owner can read.  It is
 * not encrypted, and status says so.  libc only.
 */
#include "coco.h"

#include "store.h"
#include "storefile.h"

static struct storefile file = STOREFILE_INIT;

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	(void)id;
	file.option = value;
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct opt opts[] = {
		{ 'f', "file", "PATH",
		    "the file, instead of "
		    "$XDG_DATA_HOME/coco/credentials" },
		OPT_COMMON
	};
	const struct store store = {
		.program = "coco-credential-file",
		.summary = "Keep credentials in a file that only you can read. "
			   " It is not encrypted.",
		.opts = opts,
		.on_option = on_option,
		.footer = "Requests are read from stdin; see "
			  "coco-protocol(7).",
		.encrypted = false,
		STOREFILE_CALLS,
		.ctx = &file,
	};

	file.name = "credentials";
	return store_main(&store, argc, argv);
}
