/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "esc.h"
#include "json.h"
#include "mem.h"
#include "place.h"

#define MAX_NAME  255
#define MAX_SHOWN 64 /* bytes of a value in a message */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* A parse in progress. */
struct parsing {
	struct container *c;
	struct buf *why;
};

bool
container_is_name(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= MAX_NAME && strchr("_.-", s[0]) == NULL &&
	    strspn(s, LETTERS DIGITS "_.-") == len;
}

/* Tell that WHAT is VALUE, which it cannot be. */
static int
bad(struct buf *why, const char *what, const char *value)
{
	size_t len = strlen(value);

	(void)buf_addf(why, "what inspect says is not understood: %s is \"",
	    what);
	(void)esc_visible(why, value, len < MAX_SHOWN ? len : MAX_SHOWN);
	(void)buf_adds(why, "\"");
	return -EBADMSG;
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == '\x7f')
			return false;
	return true;
}

/* The text member NAME, "" when there is none; the caller frees *RET. */
static int
take_text(const struct json *j, const char *name, struct buf *why, char **ret)
{
	const char *text = json_text(j, name);

	if (text == NULL)
		text = "";
	if (strlen(text) > CONTAINER_MAX_TEXT || !is_plain(text))
		return bad(why, name, text);
	free(*ret);
	*ret = xstrdup(text);
	return 0;
}

static int
take_id(struct parsing *p, const struct json *j)
{
	const char *id = json_text(j, "Id");

	if (id == NULL)
		id = "";
	if (strlen(id) != sizeof(p->c->id) - 1 ||
	    strspn(id, DIGITS "abcdef") != sizeof(p->c->id) - 1)
		return bad(p->why, "Id", id);
	memcpy(p->c->id, id, sizeof(p->c->id));
	return 0;
}

/* Docker has a slash in front of it. */
static int
take_name(struct parsing *p, const struct json *j)
{
	const char *name = json_text(j, "Name");

	if (name == NULL)
		name = "";
	if (name[0] == '/')
		name++;
	if (!container_is_name(name))
		return bad(p->why, "Name", name);
	p->c->name = xstrdup(name);
	return 0;
}

static int
take_pid(struct parsing *p, const struct json *j)
{
	int r;

	r = json_number(j, "Pid", &p->c->pid);
	if (r == -ENOENT)
		return 0;
	return r != 0 || p->c->pid < 0 ? bad(p->why, "Pid", "no number") : 0;
}

/* --- networks ------------------------------------------------------------ */

/* An IPv4 address; absent, empty and "invalid IP" (docker, for none) are
 * none. */
static int
take_address(const struct json *j, const char *name, struct buf *why,
    char ret[INET_ADDRSTRLEN])
{
	const char *text = json_text(j, name);
	struct in_addr address;

	if (text == NULL || text[0] == '\0' || strcmp(text, "invalid IP") == 0)
		return 0;
	if (inet_pton(AF_INET, text, &address) != 1)
		return bad(why, name, text);
	/* as the system writes it, whatever way it came in */
	(void)inet_ntop(AF_INET, &address, ret, INET_ADDRSTRLEN);
	return 0;
}

static int
take_prefix(const struct json *j, const char *name, struct buf *why,
    unsigned int *ret)
{
	int64_t n = 0;
	int r;

	r = json_number(j, name, &n);
	if ((r != 0 && r != -ENOENT) || n < 0 || n > 32)
		return bad(why, name, "out of range");
	*ret = (unsigned int)n;
	return 0;
}

static int
take_v4(const struct json *j, struct buf *why, struct container_address *a)
{
	int r;

	r = take_address(j, "IPAddress", why, a->address);
	if (r == 0)
		r = take_address(j, "Gateway", why, a->gateway);
	if (r == 0)
		r = take_prefix(j, "IPPrefixLen", why, &a->prefix_len);
	return r;
}

static int
take_network(void *ctx, const char *key, const struct json *value)
{
	struct parsing *p = ctx;
	struct container *c = p->c;
	struct container_network *n;

	if (value == NULL || !container_is_name(key))
		return bad(p->why, "a network", key);
	if (c->network_count == CONTAINER_MAX_NETWORKS) {
		(void)buf_addf(p->why, "it has more than %d networks",
		    CONTAINER_MAX_NETWORKS);
		return -EMSGSIZE;
	}
	c->networks = xreallocarray(c->networks, c->network_count + 1,
	    sizeof(*c->networks));
	n = &c->networks[c->network_count++];
	*n = (struct container_network){ .name = xstrdup(key) };
	return take_v4(value, p->why, &n->v4);
}

/* --- mounts -------------------------------------------------------------- */

/* A new one without anything, or NULL when there are too many. */
static struct container_mount *
add_mount(struct parsing *p)
{
	struct container *c = p->c;

	if (c->mount_count == CONTAINER_MAX_MOUNTS) {
		(void)buf_addf(p->why, "it has more than %d mounts",
		    CONTAINER_MAX_MOUNTS);
		return NULL;
	}
	c->mounts = xreallocarray(c->mounts, c->mount_count + 1,
	    sizeof(*c->mounts));
	c->mounts[c->mount_count] = (struct container_mount){ .type = NULL };
	return &c->mounts[c->mount_count++];
}

static int
take_mount(void *ctx, size_t index, const struct json *element)
{
	struct parsing *p = ctx;
	struct container_mount *m = add_mount(p);
	int r;

	(void)index;
	if (m == NULL)
		return -EMSGSIZE;
	r = take_text(element, "Type", p->why, &m->type);
	if (r == 0)
		r = take_text(element, "Source", p->why, &m->source);
	if (r == 0)
		r = take_text(element, "Destination", p->why, &m->destination);
	if (r == 0 && m->destination[0] != '/')
		r = bad(p->why, "Destination", m->destination);
	m->writable = json_flag(element, "RW");
	return r;
}

static int
take_mounts(struct parsing *p, const struct json *j)
{
	size_t said = p->why->len;
	int r;

	r = json_walk(j, "Mounts", take_mount, p);
	/* an element that is no object is told by the walk alone */
	if (r != 0 && p->why->len == said)
		return bad(p->why, "Mounts", "no list of objects");
	return r;
}

/* A tmpfs that --tmpfs made is no mount for `inspect'. */
static int
take_tmpfs(void *ctx, const char *key, const struct json *value)
{
	struct parsing *p = ctx;
	struct container_mount *m;

	(void)value;
	if (key[0] != '/' || strlen(key) > CONTAINER_MAX_TEXT || !is_plain(key))
		return bad(p->why, "Tmpfs", key);
	m = add_mount(p);
	if (m == NULL)
		return -EMSGSIZE;
	m->type = xstrdup("tmpfs");
	m->source = xstrdup("");
	m->destination = xstrdup(key);
	m->writable = true;
	return 0;
}

static int
take_host_config(struct parsing *p, const struct json *j)
{
	struct json *host;
	int r;

	r = json_object_of(j, "HostConfig", &host);
	if (r != 0)
		return bad(p->why, "HostConfig", "no object");
	p->c->is_read_only = json_flag(host, "ReadonlyRootfs");
	r = take_text(host, "NetworkMode", p->why, &p->c->network_mode);
	if (r == 0)
		r = json_members(host, "Tmpfs", take_tmpfs, p);
	json_free(host);
	return r;
}

/* --- all of it ----------------------------------------------------------- */

static int
take_env(struct parsing *p, const struct json *j)
{
	return json_texts(j, "Env", &p->c->env) != 0 ?
	    bad(p->why, "Env", "no list of texts") :
	    0;
}

static int
take(struct parsing *p, const struct json *j)
{
	struct container *c = p->c;
	int r;

	c->is_running = json_flag(j, "Running");
	c->is_paused = json_flag(j, "Paused");
	r = take_id(p, j);
	if (r == 0)
		r = take_name(p, j);
	if (r == 0)
		r = take_text(j, "ImageId", p->why, &c->image_id);
	if (r == 0)
		r = take_text(j, "User", p->why, &c->user);
	if (r == 0)
		r = take_pid(p, j);
	if (r == 0)
		r = take_env(p, j);
	if (r == 0)
		r = take_host_config(p, j);
	if (r == 0)
		r = json_members(j, "Networks", take_network, p);
	return r == 0 ? take_mounts(p, j) : r;
}

int
container_parse(const char *text, size_t len, struct buf *why,
    struct container *ret)
{
	struct container c = { .pid = 0 };
	struct parsing p = { &c, why };
	struct json *j;
	int r;

	r = json_parse_or_say(text, len, why, &j);
	if (r != 0)
		return r;
	r = take(&p, j);
	json_free(j);
	if (r != 0)
		container_clear(&c);
	else
		*ret = c;
	return r;
}

const struct container_mount *
container_mount_of(const struct container *c, const char *path)
{
	const struct container_mount *found = NULL;
	const struct container_mount *m;
	size_t i;

	for (i = 0; i < c->mount_count; i++) {
		m = &c->mounts[i];
		if (place_is_within(path, m->destination) &&
		    (found == NULL ||
			strlen(m->destination) >= strlen(found->destination)))
			found = m;
	}
	return found;
}

bool
container_is_writable(const struct container *c, const char *path)
{
	const struct container_mount *m = container_mount_of(c, path);

	return m != NULL ? m->writable : !c->is_read_only;
}

const char *
container_env(const struct container *c, const char *name)
{
	size_t len = strlen(name);
	size_t i;

	for (i = c->env.len; i > 0; i--)
		if (strncmp(c->env.v[i - 1], name, len) == 0 &&
		    c->env.v[i - 1][len] == '=')
			return c->env.v[i - 1] + len + 1;
	return NULL;
}

void
container_clear(struct container *c)
{
	size_t i;

	if (c == NULL)
		return;
	free(c->name);
	free(c->image_id);
	free(c->user);
	free(c->network_mode);
	strv_wipe(&c->env);
	for (i = 0; i < c->network_count; i++)
		free(c->networks[i].name);
	free(c->networks);
	for (i = 0; i < c->mount_count; i++) {
		free(c->mounts[i].type);
		free(c->mounts[i].source);
		free(c->mounts[i].destination);
	}
	free(c->mounts);
	*c = (struct container){ .pid = 0 };
}
