/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "esc.h"
#include "io.h"
#include "path.h"
#include "stackfile.h"

/* A store that fails for another reason than having nothing must be heard, so
 * this is not simply "sufficient". */
#define FIRST "[success=done not_found=ignore expired=ignore default=die]"

/* A keyring is no part of a machine without a desktop, and a policy may not
 * want it. */
#define KEYRING "[success=done error=die default=ignore]"

/* Forget: it is gone when somebody had it and nobody has it still. */
#define GONE       "[success=ok not_found=ignore default=bad]"
#define GONE_THERE "[success=ok error=bad default=ignore]"

/* The keyring where there is one, else a file: a home for every machine. */
#define STORES                               \
	"-store sufficient  libsecret\n"     \
	"store  required    file\n"          \
	"-erase " GONE_THERE "  libsecret\n" \
	"erase  " GONE "  file\n"

static const struct {
	const char *name;
	const char *text;
} builtins[] = {
	{ "connections", "get    required    connections\n" },
	{ "jwt", "get    required    jwt\n" },
	{ "oauth",
	    "-get   " KEYRING "  libsecret\n"
	    "get    " FIRST "  file\n"
	    "get    required    oauth\n" STORES },
	{ "other",
	    "-get   " KEYRING "  libsecret\n"
	    "get    required    file\n" STORES },
	{ "pat",
	    "get    " FIRST "  connections\n"
	    "-get   " KEYRING "  libsecret\n"
	    "get    required    file\n" STORES },
};

/* The text of a built-in stack, or NULL. */
static const char *
builtin_text(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return builtins[i].text;
	return NULL;
}

/* Read the file PATH if there is one.  -ENOENT when there is none. */
static int
load_file(const char *path, struct buf *text, struct buf *file, struct buf *why)
{
	size_t before = why->len;
	struct stat st;
	int r;

	/* a dangling link is a file that is wrong, not one that is missing */
	if (lstat(path, &st) != 0 && errno == ENOENT)
		return -ENOENT;
	r = path_check_trusted(path, why);
	if (r == -EACCES && why->len != before) {
		(void)buf_adds(why, ": its rules are not used");
		return r;
	}
	if (r == 0)
		r = io_read_file(path, text);
	if (r == 0)
		return esc_visible(file, path, strlen(path));
	(void)esc_visible(why, path, strlen(path));
	(void)buf_addf(why, ": %s",
	    r == -EMSGSIZE ? "longer than 64 KiB" : strerror(-r));
	/* there is a file, so the next place must not stand in for it */
	return r == -ENOENT ? -EIO : r;
}

/* Find one stack by its exact name. */
static int
load_exact(void *ctx, const char *name, struct buf *text, struct buf *file,
    struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	(void)ctx;
	r = path_config(&path);
	if (r == 0)
		r = buf_addf(&path, "/stack.d/%s", name);
	if (r == 0)
		r = load_file(buf_str(&path), text, file, why);
	if (r == -ENOENT) {
		buf_clear(&path);
		(void)buf_addf(&path, PATH_SYSCONFDIR "/stack.d/%s", name);
		r = load_file(buf_str(&path), text, file, why);
	}
	if (r == -ENOENT && builtin_text(name) != NULL) {
		(void)buf_addf(file, "built-in %s", name);
		r = buf_adds(text, builtin_text(name));
	}
	buf_wipe(&path);
	return r;
}

/* The same, with libpam's fall-back to "other". */
struct lookup {
	struct buf *file; /* of the first file, the stack's own */
};

static int
load_first(void *ctx, const char *name, struct buf *text, struct buf *file,
    struct buf *why)
{
	struct lookup *first = ctx;
	int r;

	r = load_exact(NULL, name, text, file, why);
	if (first->file == NULL)
		return r;
	if (r == -ENOENT)
		r = load_exact(NULL, "other", text, file, why);
	if (r == 0)
		r = buf_adds(first->file, buf_str(file));
	first->file = NULL;
	return r;
}

int
stackfile_load(const char *name, struct stack *ret_stack, struct buf *ret_file,
    struct buf *why)
{
	struct lookup first = { ret_file };

	return stack_parse(name, load_first, &first, ret_stack, why);
}

static void
add_names_of(const char *dir, struct strv *names)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	if (d == NULL)
		return;
	for (entry = readdir(d); entry != NULL; entry = readdir(d))
		if (stack_is_name(entry->d_name) &&
		    !strv_has(names, entry->d_name))
			strv_add(names, entry->d_name);
	(void)closedir(d);
}

void
stackfile_names(struct strv *names)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	size_t i;

	if (path_config(&dir) == 0 && buf_adds(&dir, "/stack.d") == 0)
		add_names_of(buf_str(&dir), names);
	add_names_of(PATH_SYSCONFDIR "/stack.d", names);
	for (i = 0; i < ARRAY_LEN(builtins); i++)
		if (!strv_has(names, builtins[i].name))
			strv_add(names, builtins[i].name);
	strv_sort(names);
	buf_wipe(&dir);
}
