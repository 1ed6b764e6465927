/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages for secrets: flags, limits, forked children, no leak. */
#include "coco.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <inttypes.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "secret.h"
#include "tap.h"

/* The address sanitizer makes mlock(2) do nothing, successfully. */
#ifdef __SANITIZE_ADDRESS__
#define CAN_LOCK false
#else
#define CAN_LOCK true
#endif

/* Run FN in a forked child.  Its exit status, which is 0 for "as it should". */
static int
in_child(int (*fn)(const struct secret *), const struct secret *s)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(s));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Put the flags of the mapping at ADDRESS into FLAGS. */
static void
read_flags(const void *address, struct buf *flags)
{
	struct buf smaps = BUF_INIT(4 << 20);
	uintmax_t want = (uintptr_t)address;
	char *line;
	char *end;
	bool inside = false;

	is_int(io_read_file("/proc/self/smaps", &smaps), 0, "smaps");
	for (line = smaps.data; line != NULL && *line != '\0'; line = end) {
		char *dash;
		uintmax_t from = strtoumax(line, &dash, 16);

		end = strchr(line, '\n');
		if (end == NULL)
			break;
		*end++ = '\0';
		if (*dash == '-')
			inside = from <= want &&
			    want < strtoumax(dash + 1, NULL, 16);
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			(void)buf_addf(flags, "%s ", line + 8);
	}
	buf_wipe(&smaps);
}

static void
test_flags(void)
{
	struct secret s = SECRET_INIT;
	struct buf flags = BUF_INIT(4096);

	is_int(secret_new("hush", 4, &s), 0, "a secret");
	is_mem(secret_data(&s), secret_len(&s), "hush", 4, "its bytes");
	read_flags(secret_data(&s), &flags);
	ok(strstr(buf_str(&flags), " dd ") != NULL, "not in a dump:%s",
	    buf_str(&flags));
	ok(strstr(buf_str(&flags), " wf ") != NULL, "wiped on fork");
	if (secret_unlocked() != 0 || !CAN_LOCK)
		skip(1, "nothing can be locked");
	else
		ok(strstr(buf_str(&flags), " lo ") != NULL, "locked");
	secret_free(&s);
	ok(secret_data(&s) == NULL, "no pages any more");
	secret_free(&s);
	secret_free(NULL);
	buf_wipe(&flags);
}

static int
is_wiped(const struct secret *s)
{
	static const char zeros[4];

	return memcmp(secret_data(s), zeros, sizeof(zeros)) == 0 ? 0 : 1;
}

static void
test_fork(void)
{
	struct secret s = SECRET_INIT;

	(void)secret_new("hush", 4, &s);
	is_int(in_child(is_wiped, &s), 0, "a child sees zeros");
	is_mem(secret_data(&s), secret_len(&s), "hush", 4, "we do not");
	secret_free(&s);
}

static void
test_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, SECRET_MAX };
	static char data[SECRET_MAX + 1];
	struct secret s = SECRET_INIT;
	size_t i;

	memset(data, 'x', sizeof(data));
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		is_int(secret_new(data, sizes[i], &s), 0, "%zu bytes",
		    sizes[i]);
		is_mem(secret_data(&s), secret_len(&s), data, sizes[i],
		    "its bytes");
		secret_free(&s);
	}
	is_int(secret_new(data, sizeof(data), &s), -EMSGSIZE, "one too many");
	ok(secret_data(&s) == NULL, "and nothing is made");
}

/* Without the right to lock anything, and without that of root. */
static int
is_counted(const struct secret *unused)
{
	const struct rlimit none = { 0, 0 };
	struct secret a = SECRET_INIT;
	struct secret b = SECRET_INIT;

	(void)unused;
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
	    (geteuid() == 0 && setuid(65534) != 0))
		return 2;
	if (secret_new("a", 1, &a) != 0 || secret_new("b", 1, &b) != 0)
		return 3;
	if (secret_unlocked() != 2 || *secret_data(&a) != 'a')
		return 4;
	secret_free(&a);
	if (secret_unlocked() != 1)
		return 5;
	secret_free(&b);
	return secret_unlocked() == 0 ? 0 : 6;
}

/* What is mapped, in pages. */
static size_t
mapped(void)
{
	struct buf statm = BUF_INIT(256);
	size_t n = 0;

	if (io_read_file("/proc/self/statm", &statm) == 0)
		n = strtoul(buf_str(&statm), NULL, 10);
	buf_wipe(&statm);
	return n;
}

static void
test_leak(void)
{
	struct secret s = SECRET_INIT;
	size_t before = mapped();
	int i;

	for (i = 0; i < 1000; i++) {
		(void)secret_new("hush", 4, &s);
		secret_free(&s);
	}
	ok(before != 0 && mapped() < before + 1000, "pages are given back");
}

int
main(void)
{
	test_flags();
	test_fork();
	test_sizes();
	if (CAN_LOCK)
		is_int(in_child(is_counted, NULL), 0, "what is not is counted");
	else
		skip(1, "nothing can be locked");
	test_leak();
	return done_testing();
}
