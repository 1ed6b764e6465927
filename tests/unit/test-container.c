/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `inspect' says of a container. */
#include "coco.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "container.h"
#include "tap.h"

#define ID "9235db574d3fda0a38335d043080f2edea4a674de261397175162c0557450203"

/* podman 4.3.1, without most of HostConfig */
static const char podman[] =
    "{\"Id\":\"" ID "\",\"Name\":\"c\",\"Image\":\"localhost/img:latest\","
    "\"ImageId\":\"25c6b6a10a0f\",\"Running\":true,\"Paused\":false,"
    "\"Pid\":4765,\"User\":\"7:8\",\"Env\":[\"A=first\",\"AB=x\","
    "\"A=b\\u003cc\\u003ed \\u0026\",\"HOME=/root\"],"
    "\"HostConfig\":{\"Binds\":[\"/v:/vol:ro\"],\"NetworkMode\":\"bridge\","
    "\"ReadonlyRootfs\":true,\"Tmpfs\":{\"/tm\":\"rw,nosuid\"}},"
    "\"Networks\":{\"podman\":{\"Aliases\":[\"9235\"],\"DriverOpts\":null,"
    "\"Gateway\":\"10.88.0.1\",\"GlobalIPv6Address\":\"\","
    "\"GlobalIPv6PrefixLen\":0,\"IPAddress\":\"10.88.0.2\","
    "\"IPPrefixLen\":16,\"IPv6Gateway\":\"\"},\"two\":{"
    "\"Gateway\":\"10.99.1.1\",\"GlobalIPv6Address\":\"FD99::0:2\","
    "\"GlobalIPv6PrefixLen\":64,\"IPAddress\":\"10.99.1.2\","
    "\"IPPrefixLen\":24,\"IPv6Gateway\":\"fd99::1\"}},"
    "\"Mounts\":[{\"Destination\":\"/vol\",\"Mode\":\"\",\"RW\":false,"
    "\"Source\":\"/srv/a b\",\"Type\":\"bind\"},{\"Type\":\"volume\","
    "\"Name\":\"v\",\"Source\":\"/var/v\",\"Destination\":\"/vol/in/\","
    "\"RW\":true}]}\n";

/* docker 28, of one that was made and not started */
static const char docker
    [] = "{\"Id\":\"" ID
	 "\",\"Name\":\"/dev-1\",\"Image\":\"\",\"ImageId\":\"\","
	 "\"Running\":false,\"Paused\":false,\"Pid\":0,\"User\":\"\","
	 "\"Env\":null,\"HostConfig\":{\"NetworkMode\":\"none\","
	 "\"ReadonlyRootfs\":false},\"Networks\":{\"none\":{\"Gateway\":\"\","
	 "\"IPAddress\":\"invalid IP\",\"IPPrefixLen\":0}},\"Mounts\":[]}";

static void
test_podman(void)
{
	struct buf why = BUF_INIT(1000);
	struct container c;

	if (!is_int(container_parse(podman, strlen(podman), &why, &c), 0,
		"podman")) {
		printf("# %s\n", buf_str(&why));
		return;
	}
	is_str(c.id, ID, "id");
	is_str(c.name, "c", "name");
	is_str(c.image_id, "25c6b6a10a0f", "id of its image");
	is_str(c.user, "7:8", "user");
	is_str(c.network_mode, "bridge", "network mode");
	ok(c.is_running && !c.is_paused && c.is_read_only, "flags");
	is_int(c.pid, 4765, "pid");
	is_str(container_env(&c, "A"), "b<c>d &", "the last of a name");
	is_str(container_env(&c, "HOME"), "/root", "another");
	is_str(container_env(&c, "HOM"), NULL, "no such");
	is_int(c.network_count, 2, "networks");
	is_str(c.networks[0].name, "podman", "its name");
	is_str(c.networks[0].v4.gateway, "10.88.0.1", "gateway");
	is_str(c.networks[0].v4.address, "10.88.0.2", "address");
	is_int(c.networks[0].v4.prefix_len, 16, "prefix");
	is_int(c.mount_count, 3, "mounts");
	container_clear(&c);
	container_clear(&c);
	container_clear(NULL);
	buf_wipe(&why);
}

struct mount_row {
	const char *path;
	const char *on; /* NULL: the root file system */
	bool writable;
};

static void
test_mounts(void)
{
	static const struct mount_row rows[] = {
		{ "/root", NULL, false },
		{ "/tm", "/tm", true },
		{ "/tm/x/y", "/tm", true },
		{ "/tmp", NULL, false },
		{ "/vol", "/vol", false },
		{ "/vol/x", "/vol", false },
		{ "/vol/in", "/vol/in/", true },
		{ "/vol/in/x", "/vol/in/", true },
		{ "/vol/inner", "/vol", false },
	};
	struct buf why = BUF_INIT(1000);
	struct container c;
	size_t i;

	if (container_parse(podman, strlen(podman), &why, &c) != 0)
		bail(buf_str(&why));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct container_mount *m = container_mount_of(&c,
		    rows[i].path);

		is_str(m != NULL ? m->destination : NULL, rows[i].on,
		    "%s is on", rows[i].path);
		is_int(container_is_writable(&c, rows[i].path),
		    rows[i].writable, "%s can be written", rows[i].path);
	}
	is_str(c.mounts[0].type, "tmpfs", "a tmpfs");
	is_str(c.mounts[1].source, "/srv/a b", "a source");
	container_clear(&c);
	buf_wipe(&why);
}

static void
test_docker(void)
{
	struct buf why = BUF_INIT(1000);
	struct container c;

	if (!is_int(container_parse(docker, strlen(docker), &why, &c), 0,
		"docker")) {
		printf("# %s\n", buf_str(&why));
		return;
	}
	is_str(c.name, "dev-1", "name without slash");
	ok(!c.is_running && !c.is_read_only, "flags");
	is_int(c.env.len, 0, "no environment");
	is_str(c.networks[0].v4.address, "", "no address");
	is_int(c.mount_count, 0, "no mounts");
	ok(container_is_writable(&c, "/root"), "the root can be written");
	container_clear(&c);
	buf_wipe(&why);
}

/* Replace the first OLD of a good answer by NEW. */
struct bad_row {
	const char *old;
	const char *new;
	const char *reason; /* the beginning of it */
};

#define NOT "what inspect says is not understood: "

static void
test_bad(void)
{
	static const struct bad_row rows[] = {
		{ "{\"Id\"", "[{\"Id\"", "no JSON object" },
		{ ID, "9235", NOT "Id is \"9235\"" },
		{ "9235db", "9235DB", NOT "Id is \"9235DB" },
		{ "\"c\"", "\"-c\"", NOT "Name is \"-c\"" },
		{ "\"c\"", "\"/\"", NOT "Name is \"\"" },
		{ "\"c\"", "7", NOT "Name is \"\"" },
		{ "\"c\"", "\"a\\u001b[2J\"", NOT "Name is \"a\\x1b[2J\"" },
		{ "\"c\"", "\"c\",\"Name\":\"d\"",
		    "member \"Name\" is there twice" },
		{ "\"7:8\"", "\"7\\n8\"", NOT "User is \"7\\x0a8\"" },
		{ "4765", "-1", NOT "Pid is \"no number\"" },
		{ "4765", "\"1\"", NOT "Pid is \"no number\"" },
		{ "\"A=first\"", "7", NOT "Env is \"no list of texts\"" },
		{ "\"HostConfig\"", "\"X\"", NOT "HostConfig is \"no object" },
		{ "/tm\"", "tm\"", NOT "Tmpfs is \"tm\"" },
		{ "\"podman\"", "\"a b\"", NOT "a network is \"a b\"" },
		{ "\"two\":{", "\"two\":7,\"x\":{",
		    NOT "a network is \"two\"" },
		{ "10.88.0.1", "10.88.0.256", NOT "Gateway is" },
		{ "10.88.0.2", "fd00::1", NOT "IPAddress is" },
		{ "\"IPPrefixLen\":16", "\"IPPrefixLen\":33",
		    NOT "IPPrefixLen is" },
		{ "\"IPPrefixLen\":16", "\"IPPrefixLen\":\"16\"",
		    NOT "IPPrefixLen is" },
		{ "[{\"Dest", "[7,{\"Dest",
		    NOT "Mounts is \"no list of objects" },
		{ "\"/vol\"", "\"vol\"", NOT "Destination is \"vol\"" },
		{ "\"/vol\"", "null", NOT "Destination is \"\"" },
	};
	struct buf text = BUF_INIT(10000);
	struct buf why = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(podman, rows[i].old);
		struct container c;

		if (at == NULL)
			bail(rows[i].old);
		buf_clear(&text);
		buf_clear(&why);
		(void)buf_add(&text, podman, (size_t)(at - podman));
		(void)buf_addf(&text, "%s%s", rows[i].new,
		    at + strlen(rows[i].old));
		is_int(container_parse(text.data, text.len, &why, &c), -EBADMSG,
		    "%s for %s", rows[i].new, rows[i].old);
		buf_truncate(&why, strlen(rows[i].reason));
		is_str(buf_str(&why), rows[i].reason, "reason");
	}
	buf_wipe(&text);
	buf_wipe(&why);
}

/* One mount or network more than is taken. */
static void
check_many(const char *before, const char *one, const char *end, int count,
    int want)
{
	const char *at = strstr(podman, before) + strlen(before);
	struct buf text = BUF_INIT(200000);
	struct buf why = BUF_INIT(1000);
	struct container c = { .pid = 0 };
	int i;

	(void)buf_add(&text, podman, (size_t)(at - podman));
	for (i = 0; i < count; i++)
		(void)buf_addf(&text, "%s%d%s", one, i, end);
	(void)buf_adds(&text, at);
	is_int(container_parse(text.data, text.len, &why, &c), want,
	    "%d more in %s", count, before);
	container_clear(&c);
	buf_wipe(&text);
	buf_wipe(&why);
}

static void
test_limits(void)
{
	char name[300];

	check_many("\"Mounts\":[", "{\"Destination\":\"/m", "\"},",
	    CONTAINER_MAX_MOUNTS - 3, 0);
	check_many("\"Mounts\":[", "{\"Destination\":\"/m", "\"},",
	    CONTAINER_MAX_MOUNTS - 2, -EMSGSIZE);
	check_many("\"Networks\":{", "\"n", "\":{},",
	    CONTAINER_MAX_NETWORKS - 2, 0);
	check_many("\"Networks\":{", "\"n", "\":{},",
	    CONTAINER_MAX_NETWORKS - 1, -EMSGSIZE);
	check_many("\"Env\":[", "\"A", "=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",",
	    4000, -EMSGSIZE);
	ok(container_is_name("c") && container_is_name(ID) &&
		container_is_name("a_b.c-d") && container_is_name("0"),
	    "names");
	ok(!container_is_name("") && !container_is_name("-x") &&
		!container_is_name("a/b") && !container_is_name("a:b") &&
		!container_is_name("a b") && !container_is_name("a\n") &&
		!container_is_name(".a") && !container_is_name("j\xc3\xbc"),
	    "no names");
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	ok(container_is_name(name), "a long name");
	name[255] = 'x';
	name[256] = '\0';
	ok(!container_is_name(name), "one that is too long");
}

int
main(void)
{
	test_podman();
	test_mounts();
	test_docker();
	test_bad();
	test_limits();
	return done_testing();
}
