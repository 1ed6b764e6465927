/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * look-for FINGERPRINTS <STREAM: print what of the one is in the other, a line
 * each, sorted by where it ends: "NAME: in base64".  For tests of what makes
 * fingerprints.
 */
#include "coco.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hunt.h"
#include "io.h"
#include "log.h"

static void
print(void *ctx, const struct hunt_print *p, uint64_t offset)
{
	(void)ctx;
	(void)offset;
	printf("%s: %s\n", p->name, hunt_form_name(p->form));
}

static int
look(const struct hunt_set *set)
{
	struct hunt *h = hunt_new(set);
	char data[4096];
	ssize_t n = 1;
	int r = 0;

	hunt_begin(h, print, NULL);
	while (r == 0 && n > 0) {
		n = read(STDIN_FILENO, data, sizeof(data));
		if (n > 0)
			r = hunt_feed(h, data, (size_t)n);
	}
	hunt_end(h);
	hunt_free(h);
	return r == 0 && n == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct buf text = BUF_INIT(HUNT_MAX_TEXT);
	struct buf why = BUF_INIT(HUNT_MAX_WHY);
	struct hunt_set set = HUNT_SET_INIT;
	int status = 1;
	int r;

	log_init("look-for");
	if (argc != 2) {
		log_warn("usage: look-for FINGERPRINTS <STREAM");
		return 2;
	}
	r = io_read_file(argv[1], &text);
	if (r != 0)
		(void)buf_adds(&why, strerror(-r));
	if (r == 0)
		r = hunt_parse(buf_str(&text), text.len, &set, &why);
	if (r != 0)
		log_warn("%s: %s", argv[1], buf_str(&why));
	else
		status = look(&set);
	hunt_wipe(&set);
	buf_wipe(&text);
	buf_wipe(&why);
	return status;
}
