/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who will run in a container that is not there yet, and whom the host takes
 * him for: whose the files have to be, and who may speak at the socket.
 */
#include "coco.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy-run.h"
#include "esc.h"
#include "log.h"
#include "num.h"
#include "result.h"

#define DOCKER_SOCKET "/var/run/docker.sock"
#define UNIX_URL      "unix://"

/* --- the image ------------------------------------------------------------ */

static bool
has_word(const char *text, const char *word)
{
	return text != NULL && strcmp(text, word) == 0;
}

/* Look at the image, which is fetched where that is what `run' would do. */
static int
find_image(const struct run *r, struct engine_image *image, struct buf *why)
{
	const struct engine *e = &r->j.target.engine;
	const char *name = r->line.argv[r->line.image_at];
	const char *pull = r->line.pull;
	int e_no = -ENOENT;

	if (!has_word(pull, "always") && !has_word(pull, "newer"))
		e_no = engine_image_find(e, name, why, image);
	if (e_no != -ENOENT || has_word(pull, "never"))
		return e_no;
	buf_clear(why);
	e_no = engine_image_pull(e, name, &r->line.image_options, why);
	return e_no != 0 ? e_no : engine_image_find(e, name, why, image);
}

static void
take_arch(struct run *r, const struct engine_image *image)
{
	const char *machine = target_machine(image->arch);
	size_t len = strlen(machine);
	struct utsname ours;

	if (len < sizeof(r->arch) && uname(&ours) == 0 &&
	    strcmp(machine, ours.machine) != 0)
		memcpy(r->arch, machine, len + 1);
}

/* --- who ------------------------------------------------------------------ */

static bool
read_id(const char *text, size_t len, uint32_t *ret)
{
	int64_t n;

	if (num_parse(text, len, 0, UINT32_MAX - 1, &n) != 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* Take WHO if it is in numbers: then nobody has to be asked. */
static bool
take_numbers(const char *who, struct target_user *u)
{
	size_t len = strcspn(who, ":");

	u->gid = 0;
	return read_id(who, len, &u->uid) &&
	    (who[len] == '\0' ||
		read_id(who + len + 1, strlen(who + len + 1), &u->gid));
}

/* Look into the image, in a container that is never started. */
static int
look_inside(const struct run *r, const char *who, struct target_user *u,
    struct buf *why)
{
	const struct engine *e = &r->j.target.engine;
	struct buf id = BUF_INIT(128);
	struct buf spec = BUF_INIT(256);
	struct buf ignored = BUF_INIT(ENGINE_MAX_WHY);
	struct target t = TARGET_INIT;
	int e_no;

	e_no = engine_create(e, r->line.argv[r->line.image_at],
	    &r->line.image_options, why, &id);
	if (e_no == 0) {
		(void)buf_addf(&spec, "%s:%s", engine_name(e->kind),
		    buf_str(&id));
		e_no = target_open(buf_str(&spec),
		    clock_ms() + DEPLOY_TARGET_MS, why, &t);
		if (e_no == 0)
			e_no = target_find_user(&t, who, r->j.o->home, u, why);
		target_close(&t);
		(void)engine_discard(e, buf_str(&id), &ignored);
	}
	buf_wipe(&id);
	buf_wipe(&spec);
	buf_wipe(&ignored);
	return e_no;
}

/* The root of the container is a directory, of which podman may be told more
 * behind a colon. */
static int
look_into_directory(const struct run *r, const char *who, struct target_user *u,
    struct buf *why)
{
	const char *path = r->line.argv[r->line.image_at];
	struct buf spec = BUF_INIT(PLACE_MAX_PATH);
	struct target t = TARGET_INIT;
	int e_no;

	(void)buf_addf(&spec, "dir:%.*s", (int)strcspn(path, ":"), path);
	e_no = target_open(buf_str(&spec), 0, why, &t);
	if (e_no == 0)
		e_no = target_find_user(&t, who, r->j.o->home, u, why);
	target_close(&t);
	buf_wipe(&spec);
	return e_no;
}

static bool
has_home(const char *text)
{
	return text != NULL && strstr(text, "{home}") != NULL;
}

/* Whether a provider wants to know where the user is at home. */
static bool
needs_home(const struct job *j)
{
	const struct provider *p;
	size_t i;
	size_t k;
	size_t m;
	bool needs = false;

	for (i = 0; i < j->provider_count; i++) {
		p = &j->providers[i];
		for (k = 0; k < p->connection_count; k++)
			needs = needs || has_home(p->connection[k].value);
		for (k = 0; k < p->environment_count; k++)
			needs = needs || has_home(p->environment[k].value);
		for (k = 0; k < p->file_count; k++) {
			needs = needs || has_home(p->files[k].content);
			for (m = 0; m < p->files[k].count; m++)
				needs = needs ||
				    has_home(p->files[k].set[m].value);
		}
	}
	return needs;
}

/* Where he is at home, if that is known without looking; "" if not. */
static const char *
guess_home(const struct run *r, const struct engine_image *image, uint32_t uid)
{
	if (r->j.o->home != NULL)
		return r->j.o->home;
	if (image->home != NULL && place_is_path(image->home))
		return image->home;
	return uid == 0 ? "/root" : "";
}

/* What is to be known of WHO.  Most images have a number or root, and where he
 * is at home is asked by few. */
static int
find_user(struct run *r, const char *who, const struct engine_image *image,
    struct buf *why)
{
	struct target_user *u = &r->j.user;
	const char *home;

	if (r->line.rootfs)
		return look_into_directory(r, who, u, why);
	if (!take_numbers(who, u))
		return look_inside(r, who, u, why);
	home = guess_home(r, image, u->uid);
	if (home[0] == '\0' && needs_home(&r->j))
		return look_inside(r, who, u, why);
	if (home[0] == '\0')
		home = DEPLOY_RUN_HOME;
	if (!place_is_path(home)) {
		(void)buf_adds(why, "--home is an absolute path");
		return -EINVAL;
	}
	return buf_adds(&u->home, home);
}

/* --- whom the host takes him for ------------------------------------------ */

/* --userns, or what podman takes for it. */
static const char *
find_userns(const struct run *r)
{
	const char *userns = r->line.userns;

	if (userns == NULL && r->line.engine == RUNLINE_PODMAN)
		userns = getenv("PODMAN_USERNS");
	return userns != NULL ? userns : "";
}

static bool
is_keep_id(const char *userns)
{
	return strncmp(userns, "keep-id", 7) == 0 &&
	    (userns[7] == '\0' || userns[7] == ':');
}

/* The number behind KEY in "keep-id:uid=1000,gid=1000", or FALLBACK. */
static uint32_t
kept_id(const char *userns, const char *key, uint32_t fallback)
{
	const char *at = strstr(userns, key);
	uint32_t id;

	if (at == NULL)
		return fallback;
	at += strlen(key);
	return read_id(at, strcspn(at, ","), &id) ? id : fallback;
}

/* Whether the engine is one of a user's own, in which root is this user. */
static bool
is_rootless(const struct run *r)
{
	const char *host = getenv("DOCKER_HOST");
	struct stat st;

	if (geteuid() == 0)
		return false;
	if (r->line.engine == RUNLINE_PODMAN)
		return true;
	host = host != NULL && strncmp(host, UNIX_URL, 7) == 0 ?
	    host + strlen(UNIX_URL) :
	    DOCKER_SOCKET;
	return stat(host, &st) == 0 && st.st_uid == geteuid();
}

/* Nobody but root can make a file somebody else's. */
static int
refuse_user(const struct run *r, const char *advice, struct buf *why)
{
	(void)buf_addf(why,
	    "the container's user %" PRIu32 " is another one than you on the "
	    "host, and the files that he needs cannot be made his: %s",
	    r->j.user.uid, advice);
	return -ENOTSUP;
}

static int
map_user(struct run *r, struct buf *why)
{
	const struct target_user *u = &r->j.user;
	const char *userns = find_userns(r);
	bool keeps = is_keep_id(userns) && geteuid() != 0;

	if (r->line.idmap != NULL ||
	    (!keeps && userns[0] != '\0' && strcmp(userns, "host") != 0)) {
		(void)buf_adds(why,
		    "which user of the host the container's user will be "
		    "cannot be known with such a user namespace: use "
		    "--userns=host, or, not as root, --userns=keep-id");
		return -ENOTSUP;
	}
	r->host_uid = geteuid();
	r->host_gid = getegid();
	if (keeps)
		return u->uid == kept_id(userns, "uid=", geteuid()) ?
		    0 :
		    refuse_user(r,
			"leave --user out, for --userns=keep-id says it", why);
	if (is_rootless(r))
		return u->uid == 0 ?
		    0 :
		    refuse_user(r,
			r->line.engine == RUNLINE_PODMAN ?
			    "add --userns=keep-id, or --user 0" :
			    "add --user 0",
			why);
	if (geteuid() == 0) {
		r->host_uid = u->uid;
		r->host_gid = u->gid;
		return 0;
	}
	return u->uid == geteuid() ?
	    0 :
	    refuse_user(r, "add --user $(id -u):$(id -g)", why);
}

/* Who it is when nobody says. */
static int
default_user(const struct run *r, const struct engine_image *image,
    struct buf *who)
{
	const char *userns = find_userns(r);

	if (is_keep_id(userns))
		return buf_addf(who, "%" PRIu32 ":%" PRIu32,
		    kept_id(userns, "uid=", geteuid()),
		    kept_id(userns, "gid=", getegid()));
	return buf_adds(who,
	    image->user != NULL && image->user[0] != '\0' ? image->user : "0");
}

int
run_find_user(struct run *r)
{
	struct engine_image image = { NULL, NULL, NULL };
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct buf who = BUF_INIT(DEPLOY_MAX_TEXT);
	int e_no = 0;

	if (!r->line.rootfs)
		e_no = find_image(r, &image, &why);
	if (e_no == 0 && image.arch != NULL)
		take_arch(r, &image);
	if (e_no == 0 && r->j.o->user != NULL)
		e_no = buf_adds(&who, r->j.o->user);
	else if (e_no == 0 && r->line.user != NULL && r->line.user[0] != '\0')
		e_no = buf_adds(&who, r->line.user);
	else if (e_no == 0)
		e_no = default_user(r, &image, &who);
	if (e_no == 0)
		e_no = find_user(r, buf_str(&who), &image, &why);
	if (e_no == 0)
		e_no = map_user(r, &why);
	e_no = e_no != 0 ? deploy_fail(&why, e_no) : 0;
	engine_image_clear(&image);
	buf_wipe(&why);
	buf_wipe(&who);
	return e_no;
}
