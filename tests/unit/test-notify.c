/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The service manager: messages, sockets, watchdog. */
#include "coco.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "notify.h"
#include "tap.h"

static char dir[] = "/tmp/coco-test-notify.XXXXXX";

/* A manager's socket, with an abstract name or a path. */
static int
manager(bool abstract, char *ret_name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len;

	if (abstract)
		(void)snprintf(ret_name, size, "@coco-test-%d", (int)getpid());
	else
		(void)snprintf(ret_name, size, "%s/socket", dir);
	len = strlen(ret_name);
	memcpy(address.sun_path, ret_name, len + 1);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	else
		len++;
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0)
		bail("no socket for the manager");
	(void)setenv("NOTIFY_SOCKET", ret_name, 1);
	return fd;
}

static void
hears(int fd, const char *want)
{
	char text[256] = "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	is_str(text, want, "the manager hears it");
}

static void
test_messages(void)
{
	struct notify n = NOTIFY_INIT;
	struct buf why = BUF_INIT(256);
	char name[64];
	int i;
	int fd;

	for (i = 0; i < 2; i++) {
		fd = manager(i == 0, name, sizeof(name));
		is_int(notify_open(&n, &why), 0, "%s", name);
		ok(getenv("NOTIFY_SOCKET") == NULL, "the variable is gone");
		is_int(fcntl(n.fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
		is_int(notify_send(&n, "READY=1"), 0, "a message");
		hears(fd, "READY=1");
		if (name[0] == '/')
			(void)unlink(name);
		is_int(notify_send(&n, "STATUS=a b\nSTOPPING=1"), 0, "another");
		hears(fd, "STATUS=a b\nSTOPPING=1");
		io_close(fd);
		is_int(notify_send(&n, "READY=1"), -ECONNREFUSED, "left alone");
		notify_close(&n);
	}
	buf_wipe(&why);
}

/* A manager that does not read makes nobody wait. */
static void
test_full(void)
{
	struct notify n = NOTIFY_INIT;
	struct buf why = BUF_INIT(256);
	char name[64];
	int fd = manager(true, name, sizeof(name));
	int i;
	int r = 0;

	(void)notify_open(&n, &why);
	for (i = 0; r == 0 && i < 100000; i++)
		r = notify_send(&n, "WATCHDOG=1");
	is_int(r, -EAGAIN, "the manager is behind");
	hears(fd, "WATCHDOG=1");
	is_int(notify_send(&n, "READY=1"), 0, "there is room again");
	notify_close(&n);
	io_close(fd);
	buf_wipe(&why);
}

static void
test_none(void)
{
	static const struct {
		const char *value;
		int want;
		const char *why;
	} rows[] = {
		{ "/nonexistent/socket", -ENOENT,
		    "NOTIFY_SOCKET=/nonexistent/socket: "
		    "No such file or directory" },
		{ "vsock:2:1", -EAFNOSUPPORT,
		    "NOTIFY_SOCKET=vsock:2:1: "
		    "Address family not supported by protocol" },
		{ "/", -EAFNOSUPPORT,
		    "NOTIFY_SOCKET=/: "
		    "Address family not supported by protocol" },
		{ "", -EAFNOSUPPORT,
		    "NOTIFY_SOCKET=: "
		    "Address family not supported by protocol" },
	};
	char longest[200];
	struct notify n = NOTIFY_INIT;
	struct buf why = BUF_INIT(256);
	size_t i;

	is_int(notify_open(&n, &why), 0, "no manager");
	is_int(notify_send(&n, "READY=1"), 0, "nobody to tell is no error");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		(void)setenv("NOTIFY_SOCKET", rows[i].value, 1);
		is_int(notify_open(&n, &why), rows[i].want, "refused: \"%s\"",
		    rows[i].value);
		is_str(buf_str(&why), rows[i].why, "the reason");
		is_int(n.fd, -1, "nothing is open");
		buf_clear(&why);
	}
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	(void)setenv("NOTIFY_SOCKET", longest, 1);
	is_int(notify_open(&n, &why), -ENAMETOOLONG, "a long path");
	ok(getenv("NOTIFY_SOCKET") == NULL, "the variable is gone");
	buf_wipe(&why);
}

/* 0 when what was opened before confine() still works after it. */
static int
send_confined(const struct notify *n)
{
	static const char *const read[] = { "/proc", NULL };
	const struct confine c = { read, NULL };
	struct buf report = BUF_INIT(1024);
	int r = confine(&c, &report);

	buf_wipe(&report);
	return r == 0 && notify_send(n, "READY=1") == 0 ? 0 : 1;
}

static void
test_confined(bool abstract)
{
	struct notify n = NOTIFY_INIT;
	struct buf why = BUF_INIT(256);
	char name[64];
	int fd = manager(abstract, name, sizeof(name));
	int status = -1;
	pid_t pid;

	(void)notify_open(&n, &why);
	pid = fork();
	if (pid == 0)
		_exit(send_confined(&n));
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "confined: %s", name);
	hears(fd, "READY=1");
	if (name[0] == '/')
		(void)unlink(name);
	notify_close(&n);
	io_close(fd);
	buf_wipe(&why);
}

/* PID "ours" stands for our own; NULL leaves a variable out. */
struct listen_row {
	const char *fds;
	const char *pid;
	const char *names;
	int want;
	const char *want_names; /* joined by blanks */
	const char *why;
};

static void
set(const char *name, const char *value)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (value == NULL)
		(void)unsetenv(name);
	else
		(void)setenv(name, strcmp(value, "ours") == 0 ? pid : value, 1);
}

static void
check_listen(const struct listen_row *row)
{
	struct strv names = STRV_INIT;
	struct buf joined = BUF_INIT(256);
	struct buf why = BUF_INIT(256);
	size_t i;

	set("LISTEN_FDS", row->fds);
	set("LISTEN_PID", row->pid);
	set("LISTEN_FDNAMES", row->names);
	is_int(notify_sockets(&names, &why), row->want,
	    "LISTEN_FDS=%s LISTEN_PID=%s LISTEN_FDNAMES=%s",
	    row->fds != NULL ? row->fds : "(none)",
	    row->pid != NULL ? row->pid : "(none)",
	    row->names != NULL ? row->names : "(none)");
	for (i = 0; i < names.len; i++)
		(void)buf_addf(&joined, "[%s]", names.v[i]);
	is_str(buf_str(&joined), row->want_names, "names");
	is_str(buf_str(&why), row->why, "reason");
	ok(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL &&
		getenv("LISTEN_FDNAMES") == NULL,
	    "the variables are gone");
	strv_clear(&names);
	buf_wipe(&joined);
	buf_wipe(&why);
}

static void
test_listen(void)
{
	static const char
	    bad_fds[] = "LISTEN_FDS: not a number that makes sense";
	static const char
	    bad_pid[] = "LISTEN_PID: not a number that makes sense";
	static const struct listen_row rows[] = {
		{ NULL, NULL, NULL, 0, "", "" },
		{ "2", "ours", NULL, 0, "[unknown][unknown]", "" },
		{ "2", "ours", "a:b", 0, "[a][b]", "" },
		{ "2", "ours", ":b", 0, "[][b]", "" },
		{ "1", "ours", "control", 0, "[control]", "" },
		{ "0", "ours", NULL, 0, "", "" },
		{ "2", "1", "a:b", 0, "", "" },
		{ "2", NULL, "a:b", 0, "", "" },
		{ NULL, "ours", "a:b", 0, "", "" },
		{ "2", "ours", "a", -EBADMSG, "",
		    "LISTEN_FDNAMES: not 2 names" },
		{ "2", "ours", "a:b:c", -EBADMSG, "",
		    "LISTEN_FDNAMES: not 2 names" },
		{ "2x", "ours", NULL, -EBADMSG, "", bad_fds },
		{ "", "ours", NULL, -EBADMSG, "", bad_fds },
		{ "-1", "ours", NULL, -EBADMSG, "", bad_fds },
		{ "17", "ours", NULL, -ERANGE, "", bad_fds },
		{ "2", "0", NULL, -EBADMSG, "", bad_pid },
		{ "2", "7 ", NULL, -EBADMSG, "", bad_pid },
		{ "3", "ours", NULL, -EBADF, "", "LISTEN_FDS: 5 is not open" },
	};
	size_t i;
	int fd;

	closefrom(NOTIFY_FIRST_FD);
	fd = open("/dev/null", O_RDONLY);
	is_int(fd, 3, "the first socket");
	is_int(dup(fd), 4, "the second");
	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_listen(&rows[i]);
	is_int(fcntl(3, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is_int(fcntl(4, F_GETFD), FD_CLOEXEC, "close-on-exec");
	closefrom(NOTIFY_FIRST_FD);
}

static void
test_watchdog(void)
{
	static const struct {
		const char *usec;
		const char *pid;
		int want;
		int64_t want_ms;
	} rows[] = {
		{ NULL, NULL, 0, 0 },
		{ "30000000", "ours", 0, 15000 },
		{ "30000000", NULL, 0, 15000 },
		{ "1", "ours", 0, 1 },
		{ "9223372036854775807", "ours", 0, 4611686018427387 },
		{ "30000000", "1", 0, 0 },
		{ NULL, "ours", 0, 0 },
		{ "0", "ours", -EBADMSG, -5 },
		{ "18446744073709551615", "ours", -EBADMSG, -5 },
		{ "30s", "ours", -EBADMSG, -5 },
		{ "30000000", "x", -EBADMSG, -5 },
	};
	struct buf why = BUF_INIT(256);
	int64_t ms;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ms = -5;
		set("WATCHDOG_USEC", rows[i].usec);
		set("WATCHDOG_PID", rows[i].pid);
		is_int(notify_watchdog(&ms, &why), rows[i].want,
		    "WATCHDOG_USEC=%s WATCHDOG_PID=%s",
		    rows[i].usec != NULL ? rows[i].usec : "(none)",
		    rows[i].pid != NULL ? rows[i].pid : "(none)");
		is_int(ms, rows[i].want_ms, "the interval");
		is_int(why.len != 0, rows[i].want != 0, "a reason");
		ok(getenv("WATCHDOG_USEC") == NULL &&
			getenv("WATCHDOG_PID") == NULL,
		    "the variables are gone");
		buf_clear(&why);
	}
	buf_wipe(&why);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		bail("mkdtemp");
	(void)unsetenv("NOTIFY_SOCKET");
	test_listen();
	test_messages();
	test_full();
	test_none();
	test_confined(true);
	test_confined(false);
	test_watchdog();
	(void)rmdir(dir);
	return done_testing();
}
