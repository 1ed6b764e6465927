/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings that the files say, as settings_print() has them; status 1 and
 * the faults on stderr when there are any.
 *
 *	show-settings
 */
#include "coco.h"

#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "log.h"
#include "settings.h"

int
main(void)
{
	struct buf text = BUF_INIT(SETTINGS_MAX_PRINT);
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	struct settings s;
	int r;

	log_init("show-settings");
	r = settings_load(&s, &why);
	if (r != 0)
		log_lines(buf_str(&why));
	if (r == 0)
		r = settings_print(&s, &text);
	if (r == 0)
		r = io_write_all(STDOUT_FILENO, text.data, text.len);
	buf_wipe(&text);
	buf_wipe(&why);
	return r == 0 ? 0 : 1;
}
