/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a confined process can still do.  The checks run in a forked child, for
 * there is no way back.
 */
#include "coco.h"

#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "launcher.h"
#include "tap.h"

static char dir[] = "/tmp/coco-test-confine.XXXXXX";

/* Made by setup(), in DIR. */
static char inside[64];   /* a directory to write */
static char shown[64];    /* a directory to read */
static char config[64];   /* a file to read */
static char log_file[64]; /* a file to write */
static char outside[64];  /* a directory that is not listed */
static char missing[64];  /* nothing */

static const char *
at(const char *parent, const char *name)
{
	static char path[4][128];
	static unsigned int i;

	i = (i + 1) % ARRAY_LEN(path);
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", parent, name);
	return path[i];
}

static void
make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0 || io_write_all(fd, text, strlen(text)) != 0)
		bail("cannot make a file");
	io_close(fd);
}

static void
setup(void)
{
	static const char script[] = "#!/bin/sh\necho \"$@\"\n";

	if (mkdtemp(dir) == NULL)
		bail("mkdtemp");
	(void)snprintf(inside, sizeof(inside), "%s/inside", dir);
	(void)snprintf(shown, sizeof(shown), "%s/shown", dir);
	(void)snprintf(config, sizeof(config), "%s/config", dir);
	(void)snprintf(log_file, sizeof(log_file), "%s/log", dir);
	(void)snprintf(outside, sizeof(outside), "%s/outside", dir);
	(void)snprintf(missing, sizeof(missing), "%s/missing", dir);
	if (mkdir(inside, 0700) != 0 || mkdir(shown, 0700) != 0 ||
	    mkdir(outside, 0700) != 0)
		bail("mkdir");
	make_file(at(inside, "script"), script, 0700);
	make_file(at(shown, "file"), "text", 0600);
	make_file(config, "text", 0600);
	make_file(log_file, "text", 0600);
	make_file(at(outside, "file"), "text", 0600);
	make_file(at(outside, "script"), script, 0700);
}

static void
teardown(void)
{
	(void)unlink(at(inside, "script"));
	(void)unlink(at(inside, "socket"));
	(void)unlink(at(shown, "file"));
	(void)unlink(config);
	(void)unlink(log_file);
	(void)unlink(at(outside, "file"));
	(void)unlink(at(outside, "script"));
	(void)rmdir(inside);
	(void)rmdir(shown);
	(void)rmdir(outside);
	(void)rmdir(dir);
}

/* errno of a call that returned R, or 0 when it succeeded. */
static int
errno_of(long r)
{
	return r < 0 ? errno : 0;
}

static int
open_errno(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int r = errno_of(fd);

	io_close(fd);
	return r;
}

static long
abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static void
check_process(void)
{
	struct rlimit core = { 99, 99 };

	is_int(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "no new privileges");
	is_int(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0, "not dumpable");
	(void)getrlimit(RLIMIT_CORE, &core);
	ok(core.rlim_cur <= 1, "no core");
}

static void
check_reading(void)
{
	is_int(open_errno(config, O_RDONLY), 0, "a listed file");
	is_int(open_errno(config, O_WRONLY), EACCES, "is not written");
	is_int(open_errno(at(shown, "file"), O_RDONLY), 0, "beneath a listed");
	is_int(open_errno(shown, O_RDONLY | O_DIRECTORY), 0, "the directory");
	is_int(open_errno(at(shown, "file"), O_WRONLY), EACCES, "not written");
	is_int(open_errno(at(shown, "new"), O_WRONLY | O_CREAT), EACCES,
	    "nothing is made there");
	is_int(errno_of(unlink(at(shown, "file"))), EACCES, "nor removed");
	is_int(open_errno("/proc/self/status", O_RDONLY), 0, "/proc");
	is_int(open_errno("/proc/self/mem", O_RDWR), EACCES, "is not written");
}

static void
check_writing(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
	    inside);
	is_int(open_errno(log_file, O_RDWR | O_APPEND), 0, "a listed file");
	is_int(open_errno(log_file, O_WRONLY | O_TRUNC), 0, "and cut it");
	is_int(open_errno(at(inside, "a"), O_RDWR | O_CREAT), 0, "make");
	is_int(open_errno(at(inside, "a"), O_RDWR | O_TRUNC), 0, "truncate");
	is_int(errno_of(rename(at(inside, "a"), at(inside, "b"))), 0, "rename");
	is_int(errno_of(unlink(at(inside, "b"))), 0, "remove");
	is_int(errno_of(mkdir(at(inside, "c"), 0700)), 0, "a directory");
	is_int(errno_of(rmdir(at(inside, "c"))), 0, "remove it");
	is_int(errno_of(bind(fd, (struct sockaddr *)&address, sizeof(address))),
	    0, "a socket");
	io_close(fd);
	is_int(errno_of(symlink("/", at(inside, "d"))), EACCES, "no link");
	is_int(errno_of(mkfifo(at(inside, "d"), 0600)), EACCES, "no pipe");
	is_int(errno_of(mknod(at(inside, "d"), S_IFCHR, 0)), EACCES,
	    "no device");
}

static void
check_outside(void)
{
	const char *file = at(outside, "file");

	is_int(open_errno(file, O_RDONLY), EACCES, "not read");
	is_int(open_errno(file, O_WRONLY), EACCES, "not written");
	is_int(open_errno(outside, O_RDONLY | O_DIRECTORY), EACCES,
	    "not listed");
	is_int(open_errno(at(outside, "new"), O_WRONLY | O_CREAT), EACCES,
	    "nothing is made");
	is_int(errno_of(unlink(file)), EACCES, "not removed");
	is_int(errno_of(rename(log_file, at(outside, "new"))), EACCES,
	    "nothing goes there");
	is_int(open_errno("/etc/passwd", O_RDONLY), EACCES, "/etc");
	is_int(open_errno("/dev/null", O_RDONLY), EACCES, "/dev");
	if (abi() >= 3)
		is_int(errno_of(truncate(file, 0)), EACCES, "not cut short");
	else
		skip(1, "Landlock before ABI 3");
}

/* FD is a program that was opened before. */
static void
check_programs(int fd)
{
	char name[] = "script";
	char *argv[] = { name, NULL };

	is_int(errno_of(execv("/bin/true", argv)), EACCES, "no program");
	is_int(errno_of(execv(at(inside, "script"), argv)), EACCES,
	    "nor one where we write");
	is_int(errno_of(fexecve(fd, argv, argv + 1)), EACCES,
	    "nor one that is open");
}

/* LISTENER has an abstract name and is from before. */
static void
check_others(int listener)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (abi() < 6) {
		skip(3, "Landlock before ABI 6");
		return;
	}
	(void)getsockname(listener, (struct sockaddr *)&address, &len);
	is_int(errno_of(connect(fd, (struct sockaddr *)&address, len)), EPERM,
	    "no abstract socket of others");
	is_int(errno_of(kill(getppid(), 0)), EPERM, "no signal to others");
	is_int(errno_of(kill(getpid(), 0)), 0, "but to us");
	io_close(fd);
}

/* The launcher was forked before: it starts what we could not. */
static void
check_launcher(struct launcher *l)
{
	const char *want = "--no-daemon --for-tokend --timeout 30 --stack a "
			   "erase\n";
	struct buf text = BUF_INIT(4096);
	struct pollfd p = { l->fd, POLLIN, 0 };
	struct launch launch = { 1, STACK_ERASE, "a", 30, STDIN_FILENO, -1,
		STDERR_FILENO };
	uint64_t id = 0;
	int status = -1;
	int fds[2];

	(void)!pipe2(fds, O_CLOEXEC);
	launch.out = fds[1];
	is_int(launcher_ask(l, &launch), 0, "ask the launcher");
	io_close(fds[1]);
	(void)io_read_all(fds[0], &text);
	is_str(buf_str(&text), want, "what it started");
	(void)poll(&p, 1, 60000);
	is_int(launcher_report(l, &id, &status), 0, "a report");
	is_int(status, 0, "all went well");
	io_close(fds[0]);
	buf_wipe(&text);
}

/* The confined child. */
static void NO_RETURN
confined(struct launcher *l, int listener, int fd)
{
	const char *read[] = { "/proc", config, shown, missing, NULL };
	const char *write[] = { inside, log_file, NULL };
	const struct confine c = { read, write };
	struct buf report = BUF_INIT(4096);
	char want[256];
	long version = abi();
	int r;

	is_int(confine(&c, &report), 0, "confined");
	check_process();
	if (version < 0) {
		is_str(buf_str(&report), "landlock: not available\n", "report");
	} else {
		(void)snprintf(want, sizeof(want),
		    "%s: does not exist, and stays out of reach\n"
		    "landlock: ABI %ld\n",
		    missing, version);
		is_str(buf_str(&report), want, "report");
		check_reading();
		check_writing();
		check_outside();
		check_programs(fd);
		check_others(listener);
	}
	check_launcher(l);
	buf_wipe(&report);
	r = done_testing();
	fflush(stdout);
	_exit(r);
}

/* Make landlock_create_ruleset(2) fail with ERROR. */
static void
forbid_landlock(int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset,
		    0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_LEN(code), code };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

/* What a child that cannot have Landlock for the reason ERROR makes of it. */
static int
without(int error, int want, const char *want_report)
{
	const struct confine c = { NULL, NULL };
	struct buf report = BUF_INIT(4096);
	bool good;

	forbid_landlock(error);
	good = confine(&c, &report) == want &&
	    strcmp(buf_str(&report), want_report) == 0 &&
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
	buf_wipe(&report);
	return good ? 0 : 1;
}

/* A path that cannot be looked up. */
static int
bad_path(void)
{
	const char *read[] = { at(config, "x"), NULL };
	const struct confine c = { read, NULL };
	struct buf report = BUF_INIT(4096);
	char want[256];
	bool good;

	if (abi() < 0)
		return 0;
	(void)snprintf(want, sizeof(want), "landlock: %s/x: Not a directory\n",
	    config);
	good = confine(&c, &report) == -ENOTDIR &&
	    strcmp(buf_str(&report), want) == 0;
	buf_wipe(&report);
	return good ? 0 : 1;
}

static int
wait_for(pid_t pid)
{
	int status = -1;

	(void)waitpid(pid, &status, 0);
	return status;
}

static void
test_without(void)
{
	static const struct {
		int error;
		int want;
		const char *report;
	} rows[] = {
		{ ENOSYS, 0, "landlock: not available\n" },
		{ EOPNOTSUPP, 0, "landlock: not available\n" },
		{ EPERM, -EPERM, "landlock: Operation not permitted\n" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (abi() < 0 && rows[i].want != 0) {
			skip(1, "no Landlock");
			continue;
		}
		pid = fork();
		if (pid == 0)
			_exit(without(rows[i].error, rows[i].want,
			    rows[i].report));
		is_int(wait_for(pid), 0, "Landlock fails: %s",
		    strerror(rows[i].error));
	}
	pid = fork();
	if (pid == 0)
		_exit(bad_path());
	is_int(wait_for(pid), 0, "a path through a file");
}

/* A listener with a name that the kernel chooses. */
static int
make_listener(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address,
		sizeof(address.sun_family)) != 0 ||
	    listen(fd, 1) != 0)
		bail("no listener");
	return fd;
}

int
main(void)
{
	struct launcher l = LAUNCHER_INIT;
	int listener = make_listener();
	int status;
	int fd;
	pid_t pid;

	setup();
	test_without();
	if (launcher_start(at(outside, "script"), &l) != 0)
		bail("no launcher");
	fd = open(at(outside, "script"), O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0)
		confined(&l, listener, fd);
	status = wait_for(pid);
	launcher_stop(&l);
	(void)wait_for(l.pid);
	io_close(fd);
	io_close(listener);
	teardown();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
