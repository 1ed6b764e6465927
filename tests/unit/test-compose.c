/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compose files: what is read of them, and the override beside one. */
#include "coco.h"

#include <string.h>

#include "compose.h"
#include "esc.h"
#include "tap.h"

#define MAX_TEXT 65536
#define WEB      "services: {web: {}}\n"

static void
add(struct buf *b, const char *label, const char *text)
{
	if (text != NULL)
		(void)buf_addf(b, " %s=%s", label, text);
}

/* All that is known of FILE: services, a semicolon each, then networks. */
static void
describe(const struct compose_file *file, struct buf *b)
{
	size_t i;
	size_t j;

	for (i = 0; i < file->services_len; i++) {
		const struct compose_service *s = &file->services[i];

		(void)buf_addf(b, "%s", s->name);
		add(b, "user", s->user);
		add(b, "mode", s->network_mode);
		for (j = 0; j < s->networks.len; j++)
			add(b, "on", s->networks.v[j]);
		(void)buf_addf(b, "%s;", s->extends ? " extends" : "");
	}
	for (i = 0; i < file->networks_len; i++) {
		const struct compose_network *n = &file->networks[i];

		(void)buf_addf(b, " net %s", n->name);
		add(b, "real", n->real);
		(void)buf_adds(b, n->external ? " external" : "");
		for (j = 0; j < n->subnets_len; j++) {
			add(b, "subnet", n->subnets[j].subnet);
			add(b, "gateway", n->subnets[j].gateway);
		}
		(void)buf_addc(b, ';');
	}
	(void)buf_adds(b, file->includes ? " includes" : "");
}

/* Read LEN bytes; WANT is what is known of them, or the reason behind
 * "f.yml:". */
static void
check_bytes(const char *text, size_t len, int want_r, const char *want,
    const char *what)
{
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	struct buf got = BUF_INIT(MAX_TEXT);
	struct buf name = BUF_INIT(MAX_TEXT);
	struct compose_file file = COMPOSE_FILE_INIT;
	int r;

	(void)esc_visible(&name, what, strlen(what));
	r = compose_parse(text, len, "f.yml", &why, &file);
	is_int(r, want_r, "%s", buf_str(&name));
	if (r == 0)
		describe(&file, &got);
	else if (strncmp(buf_str(&why), "f.yml:", 6) == 0)
		(void)buf_adds(&got, buf_str(&why) + 6);
	is_str(buf_str(&got), want, "what is made of it");
	if (r != 0)
		is_int(file.services_len + file.networks_len, 0,
		    "nothing is returned");
	else
		is_str(buf_str(&why), "", "there is no reason");
	compose_clear(&file);
	buf_wipe(&name);
	buf_wipe(&got);
	buf_wipe(&why);
}

struct parse_row {
	const char *text;
	const char *want;
};

static void
test_services(void)
{
	static const struct parse_row rows[] = {
		{ "services:\n  web:\n    image: a\n", "web;" },
		{ "services: {web: {}, db: {}}\n", "web;db;" },
		{ "{\"services\": {\"web\": {\"user\": \"app\"}}}",
		    "web user=app;" },
		{ "services:\n  web:\n    user: 1000\n", "web user=1000;" },
		{ "services:\n  web:\n    user: 1000:1000\n",
		    "web user=1000:1000;" },
		{ "services:\n  web:\n    user: \"0\"\n", "web user=0;" },
		{ "services: {web: {user: ~}}", "web;" },
		{ "services: {web: {user: }}", "web;" },
		{ "services: {web: {user: \"\"}}", "web;" },
		{ "services: {web: {user: \"null\"}}", "web user=null;" },
		{ "services: {web: {user: !!str null}}", "web user=null;" },
		{ "services: {web: {user: \"${UID}:$$x\"}}",
		    "web user=${UID}:$$x;" },
		{ "services: {web: {network_mode: \"service:db\"}}",
		    "web mode=service:db;" },
		{ "services: {web: {networks: [a, b, a]}}", "web on=a on=b;" },
		{ "services:\n  web:\n    networks:\n      a:\n      b: {}\n"
		  "      c:\n        aliases: [x]\n",
		    "web on=a on=b on=c;" },
		{ "services: {web: {networks: }}", "web;" },
		{ "services: {web: {networks: [], network_mode: host}}",
		    "web mode=host;" },
		{ "services: {web: {networks: {}}}", "web;" },
		{ "services: {web: {extends: base}}", "web extends;" },
		{ "services: {web: {extends: {file: x, service: y}}}",
		    "web extends;" },
		{ "include: [other.yml]\nservices: {web: {}}",
		    "web; includes" },
		{ "name: x\nversion: '3'\nx-y: &a [1, {2: 3}]\n"
		  "services: {w.e_b-1: {}}\nvolumes: {v: }\n",
		    "w.e_b-1;" },
		{ "%YAML 1.1\n---\nservices: {web: {}}\n...\n", "web;" },
		{ "\xef\xbb\xbfservices: {web: {}}\n", "web;" },
		{ "services: {web: {environment: {A: 50%\n}}}", "web;" },
		{ "services: {web: {build: !reset null}}", "web;" },
		{ "services: {true: {}, 1: {}, null: {}}", "true;1;null;" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_bytes(rows[i].text, strlen(rows[i].text), 0, rows[i].want,
		    rows[i].text);
}

static void
test_networks(void)
{
	static const struct parse_row rows[] = {
		{ WEB "networks:", "web;" },
		{ WEB "networks: {}", "web;" },
		{ WEB "networks: {a: , b: {}}", "web; net a; net b;" },
		{ WEB "networks: {a: {name: $X, driver: bridge}}",
		    "web; net a real=$X;" },
		{ WEB "networks: {a: {external: true, name: n}}",
		    "web; net a real=n external;" },
		{ WEB "networks: {a: {external: \"FALSE\"}}", "web; net a;" },
		{ WEB "networks: {a: {external: {name: n}}}",
		    "web; net a real=n external;" },
		{ WEB "networks: {a: {name: m, external: {name: n}}}",
		    "web; net a real=m external;" },
		{ WEB "networks: {a: {ipam: {driver: default}}}",
		    "web; net a;" },
		{ WEB "networks: {a: {ipam: {config: }}}", "web; net a;" },
		{ WEB "networks: {a: {ipam: {config: []}}}", "web; net a;" },
		{ WEB "networks:\n  a:\n    ipam:\n      config:\n"
		      "      - subnet: 10.1.0.0/24\n"
		      "        gateway: 10.1.0.1\n"
		      "      - subnet: fd00::/64\n",
		    "web; net a subnet=10.1.0.0/24 gateway=10.1.0.1"
		    " subnet=fd00::/64;" },
		{ WEB "networks: {a: {ipam: {config: [{gateway: 'fd00::1', "
		      "subnet: \"${NET}\"}, {}]}}}",
		    "web; net a subnet=${NET} gateway=fd00::1;" },
		{ WEB "networks: {a: {ipam: {config: [{gateway: $G, "
		      "subnet: 10.1.0.0/24}]}}}",
		    "web; net a subnet=10.1.0.0/24 gateway=$G;" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_bytes(rows[i].text, strlen(rows[i].text), 0, rows[i].want,
		    rows[i].text);
}

static void
test_merge(void)
{
	static const struct parse_row rows[] = {
		{ "x-a: &a {user: u, network_mode: host}\n"
		  "services:\n  web:\n    <<: *a\n  db: *a\n",
		    "web user=u mode=host;db user=u mode=host;" },
		{ "x-a: &a {user: u}\n"
		  "services: {web: {<<: *a, user: v}, db: {user: , <<: *a}}",
		    "web user=v;db;" },
		{ "x-a: &a {user: u}\nx-b: &b {user: v, network_mode: host}\n"
		  "services: {web: {<<: [*a, *b]}, db: {<<: [*b, *a]}}",
		    "web user=u mode=host;db user=v mode=host;" },
		{ "x-a: &a {user: u}\nx-b: &b {<<: *a}\n"
		  "services: {web: {<<: *b}}",
		    "web user=u;" },
		{ "x-s: &s {db: {}, web: {user: u}}\n"
		  "services: {<<: *s, web: {}}",
		    "web;db;" },
		{ "x-a: &a [front]\nservices: {web: {networks: *a}}",
		    "web on=front;" },
		{ "x-a: &a 1\nx-b: &a 2\nservices: {web: {user: *a}}",
		    "web user=2;" },
		{ "x-a: &a web\nservices: {*a : {}}", "web;" },
	};
	static const char quoted[] = "services: {\"<<\": {}}";
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_bytes(rows[i].text, strlen(rows[i].text), 0, rows[i].want,
		    rows[i].text);
	check_bytes(quoted, strlen(quoted), -EBADMSG,
	    "1:12: no name: only letters, digits, \".\", \"_\" and \"-\" "
	    "can be in one",
	    "a quoted \"<<\" merges nothing");
}

static void
test_wrong_kinds(void)
{
	static const struct parse_row rows[] = {
		{ "", "1:1: there is nothing in it" },
		{ "# only this\n", "1:1: there is nothing in it" },
		{ "---\n", "2:1: the whole is no map" },
		{ "text", "1:1: the whole is no map" },
		{ "[services]", "1:1: the whole is no map" },
		{ "!x {services: {web: {}}}",
		    "1:1: the whole has a tag that we do not know" },
		{ "{}", "1:1: there are no services" },
		{ "services:\n", "1:1: there are no services" },
		{ "services: {}\n", "1:11: there are no services" },
		{ "networks: {}\n", "1:1: there are no services" },
		{ "services: [web]\n", "1:11: services is no map" },
		{ "services: web\n", "1:11: services is no map" },
		{ "services:\n  web:\n", "2:7: a service is no map" },
		{ "services:\n  web: a\n", "2:8: a service is no map" },
		{ "services:\n  web: !reset {}\n",
		    "2:8: a service has a tag that we do not know" },
		{ "services: {\"a b\": {}}",
		    "1:12: no name: only letters, digits, \".\", \"_\" and "
		    "\"-\" can be in one" },
		{ "services: {\"\": {}}",
		    "1:12: no name: only letters, digits, \".\", \"_\" and "
		    "\"-\" can be in one" },
		{ "services: {web: {user: [a]}}", "1:24: user is no text" },
		{ "services: {web: {user: {a: b}}}", "1:24: user is no text" },
		{ "services: {web: {user: !reset null}}",
		    "1:24: user has a tag that we do not know" },
		{ "services: {web: {network_mode: []}}",
		    "1:32: network_mode is no text" },
		{ "services: {web: {networks: a}}",
		    "1:28: networks is no map" },
		{ "services: {web: {networks: !override [a]}}",
		    "1:28: networks has a tag that we do not know" },
		{ "services: {web: {networks: [{a: b}]}}",
		    "1:29: no name: only letters, digits, \".\", \"_\" and "
		    "\"-\" can be in one" },
		{ "services: {web: {networks: [a], network_mode: host}}",
		    "1:28: networks and network_mode exclude each other" },
		{ WEB "networks: [a]", "2:11: networks is no map" },
		{ WEB "networks: {a: b}", "2:15: a network is no map" },
		{ WEB "networks: {$a: }",
		    "2:12: no name: only letters, digits, \".\", \"_\" and "
		    "\"-\" can be in one" },
		{ WEB "networks: {a: {name: []}}", "2:22: name is no text" },
		{ WEB "networks: {a: {external: maybe}}",
		    "2:26: external is neither true nor false" },
		{ WEB "networks: {a: {external: [x]}}",
		    "2:26: external is no text" },
		{ WEB "networks: {a: {ipam: x}}", "2:22: ipam is no map" },
		{ WEB "networks: {a: {ipam: {config: {}}}}",
		    "2:31: config is no list" },
		{ WEB "networks: {a: {ipam: {config: [x]}}}",
		    "2:32: a subnet of config is no map" },
		{ WEB "networks: {a: {ipam: {config: [{subnet: 10.1.0.1/24}"
		      "]}}}",
		    "2:32: subnet is none" },
		{ WEB "networks: {a: {ipam: {config: [{subnet: 10.1.0.0/24,"
		      " gateway: 10.2.0.1}]}}}",
		    "2:32: gateway is no address, or not in subnet" },
		{ WEB "networks: {a: {ipam: {config: [{gateway: host}]}}}",
		    "2:32: gateway is no address, or not in subnet" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_bytes(rows[i].text, strlen(rows[i].text), -EBADMSG,
		    rows[i].want, rows[i].text);
}

static void
test_hostile(void)
{
	static const struct parse_row rows[] = {
		{ "services: {web: {}, web: {}}",
		    "1:21: this key is there twice" },
		{ "services:\n  web: {}\nservices: {}\n",
		    "3:1: this key is there twice" },
		{ "x: {b: 1, a: 1, 'b': 2}\n" WEB,
		    "1:17: this key is there twice" },
		{ WEB "x: {[a]: b}", "2:5: a key that is no text" },
		{ WEB "x: {{a: b}: c}", "2:5: a key that is no text" },
		{ WEB "x: {<<: a}", "2:5: only maps can be merged" },
		{ WEB "x: {<<: [{}, a]}", "2:5: only maps can be merged" },
		{ WEB "x: {<<: {}, <<: {}}", "2:13: this key is there twice" },
		{ WEB "x: *a", "2:4: nothing is called *a" },
		{ WEB "x: &a [*a]", "2:8: *a would contain itself" },
		{ WEB "x: &a {b: {c: *a}}", "2:15: *a would contain itself" },
		{ WEB "x: &a {<<: *a}", "2:12: *a would contain itself" },
		{ WEB "x: \"a\\0b\"", "2:4: a NUL byte" },
		{ "\"\\0\": x\n", "1:1: a NUL byte" },
		{ WEB "---\n" WEB, "2:1: a second document" },
		{ "%TAG ! tag:x,2000:\n---\n" WEB,
		    "1:1: a directive other than %YAML" },
		{ WEB "...\n\xe2\x80\xa8%TAG !a! b\n---\na",
		    "3:4: a directive other than %YAML" },
		{ "%YAML 1.1\n\xc2\x85%FOO\n---\na",
		    "2:3: a directive other than %YAML" },
		{ "%YAML 2.0\n---\n" WEB,
		    "1:1: found incompatible YAML document" },
		{ WEB "x: [", "3:1: did not find expected node content" },
		{ WEB " x: y", "2:2: did not find expected key" },
		{ WEB "x: \"y", "2:6: found unexpected end of stream" },
		{ WEB "\tx: y",
		    "2:1: found character that cannot start any token" },
		{ WEB "x: \033[2J", "2:4: control characters are not allowed" },
		{ WEB "x: \xff", "2:4: invalid leading UTF-8 octet" },
		{ WEB "x: \xc3(", "2:5: invalid trailing UTF-8 octet" },
		{ WEB "x: \xc0\x80",
		    "2:4: invalid length of a UTF-8 "
		    "sequence" },
		{ WEB "x: \xed\xa0\x80", "2:4: invalid Unicode character" },
		{ "\xff\xfes\0e\0", "1:1: invalid leading UTF-8 octet" },
	};
	static const char nul[] = WEB "x: a\0b\n";
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_bytes(rows[i].text, strlen(rows[i].text), -EBADMSG,
		    rows[i].want, rows[i].text);
	check_bytes(nul, sizeof(nul) - 1, -EBADMSG,
	    "2:5: control characters are not allowed", "a NUL byte");
}

/* Append TEXT so many times. */
static void
repeat(struct buf *b, const char *text, size_t times)
{
	while (times-- > 0)
		if (buf_adds(b, text) != 0)
			bail("a buffer is too small");
}

static void
check_buf(struct buf *b, int r, const char *want, const char *what)
{
	check_bytes(b->data, b->len, r, want, what);
	buf_clear(b);
}

static void
test_limits(void)
{
	struct buf b = BUF_INIT(2 * COMPOSE_MAX_SIZE);
	size_t i;

	repeat(&b, WEB "x: ", 1);
	repeat(&b, "[", 31);
	repeat(&b, "]", 31);
	check_buf(&b, 0, "web;", "32 levels");
	repeat(&b, WEB "x: ", 1);
	repeat(&b, "[", 32);
	check_buf(&b, -EMSGSIZE, "2:35: more than 32 levels", "33 levels");
	repeat(&b, WEB "x: ", 1);
	repeat(&b, "{a: ", 200000);
	check_buf(&b, -EMSGSIZE, "2:128: more than 32 levels", "many maps");
	repeat(&b, WEB "x:\n  ", 1);
	repeat(&b, "- ", 500000);
	check_buf(&b, -EMSGSIZE, "3:65: more than 32 levels", "many lists");
	repeat(&b, WEB "x: [", 1);
	repeat(&b, "a,", 100000);
	check_buf(&b, -EMSGSIZE, "2:199983: more than 100000 nodes",
	    "many nodes");
	repeat(&b, WEB "x: [", 1);
	repeat(&b, "&a a,", 1001);
	check_buf(&b, -EMSGSIZE, "2:5005: more than 1000 anchors",
	    "many anchors");
	repeat(&b, WEB "#", 1);
	repeat(&b, "#", COMPOSE_MAX_SIZE - b.len);
	check_buf(&b, 0, "web;", "the largest file");
	repeat(&b, WEB, 1);
	repeat(&b, "#", COMPOSE_MAX_SIZE + 1 - b.len);
	check_buf(&b, -EMSGSIZE, "1:1: more than 1048576 bytes",
	    "one byte more");
	repeat(&b, "services:\n", 1);
	for (i = 0; i < COMPOSE_MAX_NAMES + 1; i++)
		(void)buf_addf(&b, "  s%zu: {}\n", i);
	check_buf(&b, -EMSGSIZE, "2:3: more than 256 names", "many services");
	repeat(&b, "services: {web: {networks: [", 1);
	repeat(&b, "a,", COMPOSE_MAX_NAMES + 1);
	repeat(&b, "]}}", 1);
	check_buf(&b, -EMSGSIZE, "1:28: more than 256 names", "many networks");
	repeat(&b, WEB, 1);
	repeat(&b, "%TAG ! x\n", 100000);
	check_buf(&b, -EBADMSG, "2:1: a directive other than %YAML",
	    "many directives");
	buf_wipe(&b);
}

/* What grows by a factor at each step, in lists, maps and merge keys. */
static void
test_bombs(void)
{
	struct buf b = BUF_INIT(COMPOSE_MAX_SIZE);
	size_t i;

	repeat(&b, WEB "x0: &x0 [lol]\n", 1);
	for (i = 1; i < 60; i++)
		(void)buf_addf(&b,
		    "x%zu: &x%zu [*x%zu,*x%zu,*x%zu,*x%zu,*x%zu]\n", i, i,
		    i - 1, i - 1, i - 1, i - 1, i - 1);
	check_buf(&b, 0, "web;", "5^60 lists that nobody looks at");
	repeat(&b, "x0: &x0 {lol: lol}\n", 1);
	for (i = 1; i < 60; i++)
		(void)buf_addf(&b, "x%zu: &x%zu {<<: [*x%zu, *x%zu]}\n", i, i,
		    i - 1, i - 1);
	repeat(&b, "services:\n  web:\n    <<: *x59\n", 1);
	check_buf(&b, -EMSGSIZE, "1:1: too much is merged", "2^60 merges");
	repeat(&b, "x0: &x0 {}\nx1: &x1 {<<: [", 1);
	repeat(&b, "*x0,", 40000);
	repeat(&b, "]}\nx2: &x2 {<<: [", 1);
	repeat(&b, "*x1,", 40000);
	repeat(&b, "]}\nservices: {web: {<<: *x2}}\n", 1);
	check_buf(&b, -EMSGSIZE, "1:1: too much is merged", "of empty maps");
	buf_wipe(&b);
}

static void
test_lookup(void)
{
	static const char text[] = WEB "networks: {a: }";
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	struct compose_file file = COMPOSE_FILE_INIT;

	is_int(compose_parse(text, strlen(text), "f", &why, &file), 0, "read");
	ok(compose_service(&file, "web") == file.services, "a service");
	ok(compose_service(&file, "a") == NULL, "no service");
	ok(compose_network(&file, "a") == file.networks, "a network");
	ok(compose_network(&file, "web") == NULL, "no network");
	compose_clear(&file);
	ok(compose_service(&file, "web") == NULL, "cleared");
	buf_clear(&why);
	is_int(compose_parse("[", 1, "a\033\n", &why, &file), -EBADMSG,
	    "a strange name");
	is_str(buf_str(&why),
	    "a\\x1b\\x0a:2:1: did not find expected node content",
	    "is escaped");
	buf_wipe(&why);
	ok(compose_is_literal("a:b"), "a literal");
	ok(!compose_is_literal("a${b}"), "what is replaced");
	ok(!compose_is_literal("a$$b"), "what is halved");
}

static const struct compose_mount mounts[] = {
	{ "/run/user/1000/coco/grants/ab $X", "/run/coco", true },
	{ "/srv/\"q\"\\\xc3\xa4:'", "/opt/#x", false },
};

static const char override[] =
    "# Made by coco-deploy, which makes it anew: changes are lost.\n"
    "# It adds what services need to get their tokens.  Use it so:\n"
    "#\n"
    "#     docker compose -f compose.yml -f 'my '\\''x'\\'' $HOME.yml' up\n"
    "\n"
    "services:\n"
    "  \"web\":\n"
    "    volumes:\n"
    "    - type: bind\n"
    "      source: \"/run/user/1000/coco/grants/ab $$X\"\n"
    "      target: \"/run/coco\"\n"
    "      read_only: true\n"
    "      bind:\n"
    "        create_host_path: false\n"
    "    - type: bind\n"
    "      source: \"/srv/\\\"q\\\"\\\\\xc3\xa4:'\"\n"
    "      target: \"/opt/#x\"\n"
    "      read_only: false\n"
    "      bind:\n"
    "        create_host_path: false\n"
    "    environment:\n"
    "      \"COCO_TOKEND\": \"unix:/run/coco/sock\"\n"
    "      \"A\": \"$${B}\\n$$$$ # yes\"\n"
    "      \"_E1\": \"\"\n"
    "      \"N\": \"null\"\n"
    "    extra_hosts:\n"
    "    - \"token-proxy:10.89.0.1\"\n"
    "  \"true\":\n"
    "    extra_hosts:\n"
    "    - \"token-proxy:fd00::1\"\n"
    "  \"idle\": {}\n"
    "networks:\n"
    "  \"default\":\n"
    "    ipam:\n"
    "      config:\n"
    "      - subnet: \"10.89.0.0/24\"\n"
    "        gateway: \"10.89.0.1\"\n";

static void
test_write(void)
{
	struct compose_change changes[] = {
		{ .service = "web",
		    .mounts = mounts,
		    .mounts_len = ARRAY_LEN(mounts),
		    .proxy = "10.89.0.1" },
		{ .service = "true", .proxy = "fd00::1" },
		{ .service = "idle" },
	};
	struct compose_override o = { .file = "compose.yml",
		.override = "my 'x' $HOME.yml",
		.changes = changes,
		.changes_len = ARRAY_LEN(changes),
		.network = "default",
		.subnet = "10.89.0.0/24",
		.gateway = "10.89.0.1" };
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	struct buf out = BUF_INIT(MAX_TEXT);
	struct buf small = BUF_INIT(100);

	strv_add(&changes[0].env, "COCO_TOKEND=unix:/run/coco/sock");
	strv_add(&changes[0].env, "A=${B}\n$$ # yes");
	strv_add(&changes[0].env, "_E1=");
	strv_add(&changes[0].env, "N=null");
	is_int(compose_write(&o, &why, &out), 0, "an override");
	is_str(buf_str(&out), override, "each byte");
	is_str(buf_str(&why), "", "without a reason");
	check_bytes(out.data, out.len, 0,
	    "web;true;idle; net default subnet=10.89.0.0/24 "
	    "gateway=10.89.0.1;",
	    "it is read again");
	is_int(compose_write(&o, &why, &small), -EMSGSIZE, "no room");
	is_str(buf_str(&why), "the override would be too long", "why");
	is_int(small.len, 0, "nothing is written");
	buf_clear(&out);
	buf_clear(&why);
	o.network = NULL;
	o.changes = &changes[2];
	o.changes_len = 1;
	o.override = "/o.yml";
	is_int(compose_write(&o, &why, &out), 0, "the least");
	is_str(strstr(buf_str(&out), "#     "),
	    "#     docker compose -f compose.yml -f /o.yml up\n\n"
	    "services:\n  \"idle\": {}\n",
	    "its end");
	strv_clear(&changes[0].env);
	buf_wipe(&small);
	buf_wipe(&out);
	buf_wipe(&why);
}

/* A row differs from what is good in what it names. */
struct refused_row {
	const char *file;
	const char *service;
	const char *source;
	const char *target;
	const char *env;
	const char *proxy;
	const char *subnet;
	const char *gateway;
	const char *why;
};

static const char *
either(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static void
check_refused(const struct refused_row *row)
{
	struct compose_mount mount = { either(row->source, "/a"),
		either(row->target, "/b"), true };
	struct compose_change change = { .service = either(row->service, "s"),
		.mounts = &mount,
		.mounts_len = 1,
		.proxy = row->proxy };
	struct compose_override o = { .file = either(row->file, "f"),
		.override = "o",
		.changes = &change,
		.changes_len = 1,
		.network = "default",
		.subnet = either(row->subnet, "10.1.0.0/24"),
		.gateway = either(row->gateway, "10.1.0.1") };
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	struct buf out = BUF_INIT(MAX_TEXT);

	strv_add(&change.env, either(row->env, "A=b"));
	is_int(compose_write(&o, &why, &out), -EINVAL, "refused");
	is_str(buf_str(&why), row->why, "why");
	is_int(out.len, 0, "nothing is written");
	strv_clear(&change.env);
	buf_wipe(&out);
	buf_wipe(&why);
}

static void
test_write_refused(void)
{
	static const struct refused_row rows[] = {
		{ .file = "a\nb", .why = "no name of a file: \"a\\x0ab\"" },
		{ .file = "a\xe2\x80\xa8"
			  "b",
		    .why = "no name of a file: \"a\\xe2\\x80\\xa8b\"" },
		{ .file = "a\xff", .why = "no name of a file: \"a\\xff\"" },
		{ .service = "a b", .why = "no name of a service: \"a b\"" },
		{ .service = "", .why = "no name of a service: \"\"" },
		{ .service = "<<", .why = "no name of a service: \"<<\"" },
		{ .source = "a", .why = "no path to mount: \"a\"" },
		{ .source = "/a/../b", .why = "no path to mount: \"/a/../b\"" },
		{ .source = "/\xff", .why = "no path to mount: \"/\\xff\"" },
		{ .target = "/", .why = "no path to mount at: \"/\"" },
		{ .target = "/\xff", .why = "no path to mount at: \"/\\xff\"" },
		{ .env = "A", .why = "no NAME=value of a variable: \"A\"" },
		{ .env = "=b", .why = "no NAME=value of a variable: \"\"" },
		{ .env = "1=b", .why = "no NAME=value of a variable: \"1\"" },
		{ .env = "A$=b", .why = "no NAME=value of a variable: \"A\"" },
		{ .env = "A=\xff", .why = "no UTF-8 in variable \"A\"" },
		{ .proxy = "localhost", .why = "no address: \"localhost\"" },
		{ .proxy = "", .why = "no address: \"\"" },
		{ .proxy = "10.1.0.1:80",
		    .why = "no address: "
			   "\"10.1.0.1:80\"" },
		{ .proxy = "[::1]", .why = "no address: \"[::1]\"" },
		{ .proxy = "$A", .why = "no address: \"$A\"" },
		{ .subnet = "10.1.0.1/24",
		    .why = "no subnet: "
			   "\"10.1.0.1/24\"" },
		{ .gateway = "10.2.0.1",
		    .why = "no address in the subnet: \"10.2.0.1\"" },
		{ .gateway = "fd00::1",
		    .why = "no address in the subnet: \"fd00::1\"" },
		{ .gateway = "x", .why = "no address in the subnet: \"x\"" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_refused(&rows[i]);
}

static void
test_write_twice(void)
{
	struct compose_change changes[] = {
		{ .service = "a" },
		{ .service = "a" },
	};
	struct compose_override o = { .file = "f",
		.override = "o",
		.changes = changes,
		.changes_len = 2 };
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	struct buf out = BUF_INIT(MAX_TEXT);

	is_int(compose_write(&o, &why, &out), -EINVAL, "a service twice");
	is_str(buf_str(&why), "o:8:3: this key is there twice", "why");
	buf_clear(&why);
	o.changes_len = 1;
	strv_add(&changes[0].env, "A=1");
	strv_add(&changes[0].env, "A=2");
	is_int(compose_write(&o, &why, &out), -EINVAL, "a variable twice");
	is_str(buf_str(&why), "o:10:7: this key is there twice", "why");
	buf_clear(&why);
	o.changes_len = 0;
	is_int(compose_write(&o, &why, &out), -EINVAL, "no service");
	is_str(buf_str(&why), "o:6:11: there are no services", "why");
	is_int(out.len, 0, "nothing is written");
	strv_clear(&changes[0].env);
	buf_wipe(&out);
	buf_wipe(&why);
}

int
main(void)
{
	test_services();
	test_networks();
	test_merge();
	test_wrong_kinds();
	test_hostile();
	test_limits();
	test_bombs();
	test_lookup();
	test_write();
	test_write_refused();
	test_write_twice();
	return done_testing();
}
