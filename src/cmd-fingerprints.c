/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fingerprints: by which coco-deploy looks for secrets in containers.  They are
 * made by a program of their own, for this one links libc only.
 */
#include "coco.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "io.h"
#include "log.h"
#include "path.h"
#include "proc.h"

#define PROGRAM    "coco-credential-fingerprints"
#define TIMEOUT_S  60
#define EXTRA_MS   10000 /* for what is made of the answers */
#define PRINTS_MAX (32 * 1024 * 1024)

/* Where it is, and that nobody else can change it. */
static int
find_program(struct buf *path, struct buf *why)
{
	int r;

	r = path_libexec(path);
	if (r == 0)
		r = buf_adds(path, "/" PROGRAM);
	return r == 0 ? path_check_trusted(buf_str(path), why) : r;
}

static int
run(const struct cmd *cmd, const char *path, struct buf *out, int *ret_status)
{
	const int64_t timeout_s = cmd->timeout_s != 0 ? cmd->timeout_s :
							TIMEOUT_S;
	struct strv argv = STRV_INIT;
	struct proc proc = { .deadline_ms = clock_ms() + timeout_s * 1000 +
		    EXTRA_MS };
	int r;

	strv_add(&argv, path);
	strv_addf(&argv, "--timeout=%lld", (long long)timeout_s);
	proc.argv = argv.v;
	r = proc_run(&proc, out, ret_status);
	strv_clear(&argv);
	return r;
}

enum result
cmd_fingerprints(struct cmd *cmd)
{
	struct buf out = BUF_INIT(PRINTS_MAX);
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	enum result result = RESULT_SUCCESS;
	int status = 0;
	int r;

	if (cmd_check_policy() != RESULT_SUCCESS)
		return RESULT_DENIED;
	r = find_program(&path, &why);
	if (r == 0)
		r = run(cmd, buf_str(&path), &out, &status);
	if (r == 0 && status == 0)
		r = io_write_all(STDOUT_FILENO, buf_str(&out), out.len);
	if (r == 0 && status != 0)
		result = result_of_exit(status);
	if (why.len != 0)
		log_lines(buf_str(&why));
	else if (r != 0)
		log_warn("%s: %s", PROGRAM, strerror(-r));
	buf_wipe(&out);
	buf_wipe(&path);
	buf_wipe(&why);
	return r == 0 ? result : result_of_errno(r);
}
