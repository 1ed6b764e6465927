/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A target that is a directory, which somebody has prepared: nothing leads out
 * of it, and a file is replaced whole or not at all. */
#include "coco.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "rootdir.h"
#include "tap.h"

static char top[] = "/tmp/coco-test-rootdir.XXXXXX";
static struct rootdir root = ROOTDIR_INIT;
static struct buf why = BUF_INIT(4096);

static void
put(const char *path, const char *text)
{
	if (io_replace(path, text, strlen(text)) != 0)
		bail(path);
}

/* What is there; "" for nothing. */
static const char *
text_of(const char *path)
{
	static struct buf b = BUF_INIT(65536);

	buf_clear(&b);
	(void)io_read_file(path, &b);
	return buf_str(&b);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static int
write_one(const char *path, enum place_kind kind, mode_t mode,
    const char *content)
{
	struct places p = PLACES_INIT;
	struct place *place = NULL;
	int r;

	buf_clear(&why);
	if (places_add(&p, path, &place) != 0)
		bail(path);
	place->kind = kind;
	place->mode = mode;
	place->uid = geteuid();
	place->gid = getegid();
	(void)buf_adds(&place->content, content);
	r = rootdir_write(&root, &p, &why);
	places_wipe(&p);
	return r;
}

static int
remove_one(const char *path, struct strv *stayed)
{
	struct strv paths = STRV_INIT;
	int r;

	buf_clear(&why);
	strv_add(&paths, path);
	r = rootdir_remove(&root, &paths, stayed, &why);
	strv_clear(&paths);
	return r;
}

static void
make_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		bail("no socket");
	(void)close(fd);
}

static void
make_root(void)
{
	if (mkdir("root", 0755) != 0 || mkdir("root/d", 0750) != 0 ||
	    mkdir("outside", 0755) != 0)
		bail("no directory");
	put("root/d/file", "content");
	put("root/d/empty", "");
	put("outside/file", "canary");
	put("outside/named", "canary");
	(void)chmod("root/d/file", 04640);
	if (symlink("file", "root/d/link") != 0 ||
	    symlink("../../outside/file", "root/d/out") != 0 ||
	    symlink("/nowhere", "root/d/dangling") != 0 ||
	    symlink("../outside", "root/dirlink") != 0 ||
	    symlink("d", "root/inlink") != 0 ||
	    link("outside/named", "root/d/named") != 0 ||
	    mkfifo("root/d/fifo", 0644) != 0)
		bail("cannot make the root");
	make_socket("root/d/socket");
	is_int(rootdir_open("nowhere", &why, &root), -ENOENT, "no root: %s",
	    buf_str(&why));
	is_int(rootdir_open("root/d/file", &why, &root), -ENOTDIR,
	    "a file is none");
	is_int(rootdir_open("root", &why, &root), 0, "a root");
}

struct look_row {
	const char *path;
	enum place_kind kind;
	mode_t mode;
	const char *more; /* content, or what is odd */
};

static void
look_at(const struct look_row *rows, size_t count)
{
	struct place *p;
	size_t i;

	for (i = 0; i < count; i++) {
		struct places places = PLACES_INIT;

		(void)places_add(&places, rows[i].path, NULL);
		p = &places.v[0];
		buf_clear(&why);
		is_int(rootdir_read(&root, &places, &why), 0, "%s: %s",
		    rows[i].path, buf_str(&why));
		is_int(p->kind, rows[i].kind, "its kind");
		if (p->kind == PLACE_ODD)
			is_str(p->odd, rows[i].more, "what it is");
		else
			is_str(buf_str(&p->content), rows[i].more, "content");
		if (p->kind == PLACE_FILE || p->kind == PLACE_DIRECTORY) {
			is_int(p->mode, rows[i].mode, "its mode");
			is_int(p->uid, geteuid(), "its owner");
		}
		places_wipe(&places);
	}
}

static void
test_looking(void)
{
	static const struct look_row rows[] = {
		{ "/d", PLACE_DIRECTORY, 0750, "" },
		{ "/d/file", PLACE_FILE, 04640, "content" },
		{ "/d/empty", PLACE_FILE, 0600, "" },
		{ "/d/nothing", PLACE_ABSENT, 0, "" },
		{ "/no/such/directory", PLACE_ABSENT, 0, "" },
		{ "/d/file/below", PLACE_ABSENT, 0, "" },
		{ "/d/link", PLACE_ODD, 0, "a symbolic link" },
		{ "/d/out", PLACE_ODD, 0, "a symbolic link" },
		{ "/d/dangling", PLACE_ODD, 0, "a symbolic link" },
		{ "/dirlink", PLACE_ODD, 0, "a symbolic link" },
		{ "/dirlink/file", PLACE_ODD, 0, "behind a symbolic link" },
		{ "/inlink/file", PLACE_ODD, 0, "behind a symbolic link" },
		{ "/d/named", PLACE_ODD, 0, "a file with several links" },
		{ "/d/fifo", PLACE_ODD, 0, "a FIFO" },
		{ "/d/socket", PLACE_ODD, 0, "a socket" },
	};

	look_at(rows, ARRAY_LEN(rows));
	ok(strstr(buf_str(&why), "canary") == NULL, "nothing is told");
}

static void
test_too_long(void)
{
	struct places p = PLACES_INIT;
	int fd = open("root/big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, PLACE_MAX_CONTENT + 1) != 0)
		bail("no file");
	(void)close(fd);
	(void)places_add(&p, "/big", NULL);
	is_int(rootdir_read(&root, &p, &why), -EMSGSIZE, "a file too long");
	is_str(buf_str(&why), "/big: Message too long", "its reason");
	(void)unlink("root/big");
	places_wipe(&p);
}

static void
test_writing(void)
{
	(void)umask(077);
	is_int(write_one("/new", PLACE_DIRECTORY, 02755, ""), 0, "directory");
	is_int(mode_of("root/new"), S_IFDIR | 02755, "its mode");
	is_int(write_one("/new/a", PLACE_FILE, 0644, "one"), 0, "file");
	is_str(text_of("root/new/a"), "one", "its content");
	is_int(mode_of("root/new/a"), S_IFREG | 0644, "its mode");
	is_int(write_one("/new/a", PLACE_FILE, 0600, "two"), 0, "again");
	is_str(text_of("root/new/a"), "two", "replaced");
	is_int(mode_of("root/new/a"), S_IFREG | 0600, "its mode");
	put("root/new/.a.coco", "left");
	is_int(write_one("/new/a", PLACE_FILE, 0600, "3"), 0, "with a rest");
	is_int(mode_of("root/new/.a.coco"), 0, "which is gone");
	if (symlink("../../outside/file", "root/new/.a.coco") != 0)
		bail("no link");
	is_int(write_one("/new/a", PLACE_FILE, 0600, "4"), 0, "with a link");
	is_str(text_of("outside/file"), "canary", "which leads nowhere");
	/* what took its place since it was looked at is replaced itself */
	is_int(write_one("/d/out", PLACE_FILE, 0600, "5"), 0, "over a link");
	is_str(text_of("outside/file"), "canary", "not what it leads to");
	is_int(write_one("/d/named", PLACE_FILE, 0600, "6"), 0,
	    "over a file with two names");
	is_str(text_of("outside/named"), "canary", "not the other one");
}

struct refuse_row {
	const char *path;
	enum place_kind kind;
	int r;
	const char *why;
};

static void
test_refused(void)
{
	static const struct refuse_row rows[] = {
		{ "/dirlink/x", PLACE_FILE, -ELOOP,
		    "/dirlink/x: a symbolic link is on the way" },
		{ "/inlink/x", PLACE_DIRECTORY, -ELOOP,
		    "/inlink/x: a symbolic link is on the way" },
		{ "/dirlink", PLACE_DIRECTORY, -ELOOP,
		    "/dirlink: a symbolic link is on the way" },
		{ "/d/file/x", PLACE_FILE, -ENOTDIR,
		    "/d/file/x: Not a directory" },
		{ "/no/x", PLACE_FILE, -ENOENT,
		    "/no/x: No such file or directory" },
		{ "/d/file", PLACE_DIRECTORY, -ENOTDIR,
		    "/d/file: Not a directory" },
		{ "/new", PLACE_FILE, -EISDIR, "/new: Is a directory" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		is_int(write_one(rows[i].path, rows[i].kind, 0600, "x"),
		    rows[i].r, "refused: %s", rows[i].path);
		is_str(buf_str(&why), rows[i].why, "its reason");
	}
	is_int(mode_of("outside/x"), 0, "nothing came out");
	is_int(mode_of("root/.new.coco"), 0, "no rest stays");
}

static void
test_removing(void)
{
	struct strv stayed = STRV_INIT;
	struct strv files = STRV_INIT;

	is_int(remove_one("/new", &stayed), 0, "a directory");
	is_int(stayed.len, 1, "that is not empty stays");
	is_int(remove_one("/dirlink/file", &stayed), -ELOOP, "behind a link");
	is_str(text_of("outside/file"), "canary", "nothing is removed");
	is_int(remove_one("/no/x", &stayed), 0, "what is not there");
	is_int(remove_one("/d/nothing", &stayed), 0, "nor this");
	put("root/new/.gone.coco", "left");
	put("root/new/.a.coco", "left");
	put("root/new/.other", "not ours");
	strv_add(&files, "/new/a");
	strv_add(&files, "/new/gone");
	strv_add(&files, "/no/x");
	is_int(rootdir_tidy(&root, &files, &why), 0, "tidied");
	is_int(mode_of("root/new/.gone.coco"), 0, "a rest is gone");
	is_int(mode_of("root/new/.a.coco"), 0, "another, too");
	is_str(text_of("root/new/a"), "4", "the file is not");
	is_str(text_of("root/new/.other"), "not ours", "and no other");
	(void)unlink("root/new/.other");
	is_int(remove_one("/new/a", &stayed), 0, "a file");
	is_int(remove_one("/new", &stayed), 0, "an empty directory");
	is_int(mode_of("root/new"), 0, "is gone");
	is_int(stayed.len, 1, "and told so");
	strv_clear(&stayed);
	strv_clear(&files);
}

/* A mount in the way, and one that is full, in a namespace of our own. */
static void
test_mounts(void)
{
	static const struct look_row rows[] = {
		{ "/m", PLACE_ODD, 0, "a mount" },
		{ "/m/file", PLACE_ODD, 0, "behind a mount" },
		{ "/d/empty", PLACE_ODD, 0, "a mount" },
	};
	static const struct look_row belongs = { "/m/file", PLACE_FILE, 0600,
		"within" };
	struct buf big = BUF_INIT(200001);
	struct rootdir outer = root;
	struct rootdir within;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mkdir("root/m", 0755) != 0 ||
	    mount("tmpfs", "root/m", "tmpfs", 0, "size=64k") != 0 ||
	    rootdir_open("root", &why, &root) != 0) {
		skip(20, "needs mount");
		return;
	}
	put("root/m/file", "within");
	if (mount("outside/file", "root/d/empty", NULL, MS_BIND, NULL) != 0)
		bail("cannot bind");
	look_at(rows, ARRAY_LEN(rows));
	is_int(write_one("/m/new", PLACE_FILE, 0600, "x"), -EXDEV, "refused");
	is_str(buf_str(&why), "/m/new: a mount is on the way", "its reason");
	is_int(write_one("/d/empty", PLACE_FILE, 0600, "x"), -EBUSY,
	    "over a mount");
	is_str(text_of("outside/file"), "canary", "it is as it was");
	within = root;
	/* those of a container that is about to start belong to it */
	root.has_mounts = true;
	look_at(&belongs, 1);
	is_int(write_one("/m/new", PLACE_FILE, 0600, "x"), 0, "written");
	is_str(text_of("root/m/new"), "x", "into the mount");
	while (big.len < 200000)
		(void)buf_addc(&big, 'x');
	root.has_mounts = false;
	if (rootdir_open("root/m", &why, &root) != 0)
		bail("no root");
	is_int(write_one("/file", PLACE_FILE, 0600, buf_str(&big)), -ENOSPC,
	    "a full disk");
	is_str(buf_str(&why), "/file: No space left on device", "its reason");
	is_str(text_of("root/m/file"), "within", "the file is as it was");
	is_int(mode_of("root/m/.file.coco"), 0, "no rest stays");
	rootdir_close(&root);
	rootdir_close(&within);
	root = outer;
	(void)umount("root/d/empty");
	(void)umount("root/m");
	buf_wipe(&big);
}

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

int
main(void)
{
	(void)umask(022);
	if (mkdtemp(top) == NULL || chdir(top) != 0)
		bail("no directory");
	make_root();
	test_looking();
	test_too_long();
	test_writing();
	test_refused();
	test_removing();
	test_mounts();
	rootdir_close(&root);
	if (chdir("/") == 0)
		(void)nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	buf_wipe(&why);
	return done_testing();
}
