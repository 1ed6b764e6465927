/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <unistd.h>

#include "io.h"
#include "log.h"
#include "result.h"
#include "usage.h"

#define MAX_WHY  1024
#define MAX_WORD 256 /* bytes of a word that is repeated */

int
usage_fail(const struct opt_spec *spec, const char *why)
{
	struct buf b = BUF_INIT(OPT_HELP_MAX);

	log_warn("%s", why);
	(void)opt_usage(spec, &b);
	(void)io_write_all(STDERR_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
	return result_exit(RESULT_USAGE);
}

int
usage_refuse(const struct opt_spec *spec, const char *why)
{
	int status = usage_fail(spec, why);

	log_hint("%s --help tells more", spec->program);
	return status;
}

int
usage_refuse_word(const struct opt_spec *spec, const char *why,
    const char *word)
{
	struct buf b = BUF_INIT(MAX_WHY);
	int status;

	(void)buf_addf(&b, "%s \"%.*s\"", why, MAX_WORD, word);
	status = usage_refuse(spec, buf_str(&b));
	buf_wipe(&b);
	return status;
}

int
usage_show(const struct opt_spec *spec, bool help)
{
	struct buf b = BUF_INIT(OPT_HELP_MAX);

	if (help)
		(void)opt_help(spec, &b);
	else
		(void)buf_addf(&b, "%s %s\n", spec->program, PACKAGE_VERSION);
	(void)io_write_all(STDOUT_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
	return result_exit(RESULT_SUCCESS);
}
