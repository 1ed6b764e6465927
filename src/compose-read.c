/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tree of a compose file means to us. */
#include "coco.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cidr.h"
#include "compose-tree.h"
#include "compose.h"
#include "mem.h"

/* Keys that are looked at, in all maps together: with merge keys in merged
 * maps, one could ask for 2^n. */
#define MAX_STEPS 4000000

struct reader {
	struct compose_tree tree;
	size_t steps;
};

bool
compose_is_literal(const char *text)
{
	return strchr(text, '$') == NULL;
}

bool
compose_is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return text[0] != '\0' && text[strspn(text, letters)] == '\0';
}

bool
compose_is_address(const char *address, const char *subnet)
{
	bool v6 = strchr(address, ':') != NULL;
	struct buf listen = BUF_INIT(CIDR_MAX);
	struct sockaddr_storage sa;
	struct cidr c;
	socklen_t len;
	bool good;

	good = buf_addf(&listen, v6 ? "[%s]:0" : "%s:0", address) == 0 &&
	    cidr_parse_listen(buf_str(&listen), &sa, &len) == 0;
	if (good && subnet != NULL)
		good = cidr_parse(subnet, &c) == 0 &&
		    cidr_has(&c, (const struct sockaddr *)(void *)&sa);
	buf_wipe(&listen);
	return good;
}

/* Also when the budget is spent: then what was not found may be there. */
static int PRINTF_LIKE(3, 4) fail(const struct reader *r,
    const struct compose_node *n, const char *fmt, ...)
{
	struct buf text = BUF_INIT(COMPOSE_MAX_WHY);
	bool spent = r->steps > MAX_STEPS;
	va_list ap;
	int result;

	va_start(ap, fmt);
	(void)buf_addv(&text, fmt, ap);
	va_end(ap);
	result = compose_tree_fail(&r->tree, spent ? -EMSGSIZE : -EBADMSG,
	    n->line, n->column, "%s",
	    spent ? "too much is merged" : buf_str(&text));
	buf_wipe(&text);
	return result;
}

static bool
is_merge(const struct compose_node *key)
{
	return key->plain && strcmp(key->text, "<<") == 0;
}

static bool
is_null(const struct compose_node *n)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	size_t i;

	if (n == NULL)
		return true;
	for (i = 0; i < ARRAY_LEN(nulls); i++)
		if (n->kind == COMPOSE_TEXT && n->plain &&
		    strcmp(n->text, nulls[i]) == 0)
			return true;
	return false;
}

typedef bool (*pair_fn)(void *ctx, const struct compose_node *key,
    const struct compose_node *value);

/* Call FN for each pair of MAP, its own ones first, then those that are merged
 * into it, until it returns false or the budget is spent. */
static bool
walk_map(struct reader *r, const struct compose_node *map, pair_fn fn,
    void *ctx)
{
	const struct compose_node *merged = NULL;
	size_t i;

	r->steps += map->len / 2 + 1;
	if (r->steps > MAX_STEPS)
		return false;
	for (i = 0; i < map->len; i += 2) {
		if (is_merge(map->items[i]))
			merged = map->items[i + 1];
		else if (!fn(ctx, map->items[i], map->items[i + 1]))
			return false;
	}
	if (merged == NULL)
		return true;
	if (merged->kind == COMPOSE_MAP)
		return walk_map(r, merged, fn, ctx);
	for (i = 0; i < merged->len; i++)
		if (!walk_map(r, merged->items[i], fn, ctx))
			return false;
	return true;
}

struct search {
	const char *key;
	const struct compose_node *found;
};

static bool
match_pair(void *ctx, const struct compose_node *key,
    const struct compose_node *value)
{
	struct search *s = ctx;

	if (strcmp(key->text, s->key) != 0)
		return true;
	s->found = value;
	return false;
}

/* The value of KEY, or NULL when there is none or it is null. */
static const struct compose_node *
get(struct reader *r, const struct compose_node *map, const char *key)
{
	struct search s = { key, NULL };

	(void)walk_map(r, map, match_pair, &s);
	return is_null(s.found) ? NULL : s.found;
}

/* The keys of a map that are names, each once. */
struct names {
	const struct compose_node *keys[COMPOSE_MAX_NAMES];
	const struct compose_node *values[COMPOSE_MAX_NAMES];
	size_t len;
	bool full;
};

static bool
add_pair(void *ctx, const struct compose_node *key,
    const struct compose_node *value)
{
	struct names *names = ctx;
	size_t i;

	for (i = 0; i < names->len; i++)
		if (strcmp(names->keys[i]->text, key->text) == 0)
			return true;
	names->full = names->len == COMPOSE_MAX_NAMES;
	if (names->full)
		return false;
	names->keys[names->len] = key;
	names->values[names->len++] = value;
	return true;
}

static int
check_name(const struct reader *r, const struct compose_node *n)
{
	if (n->odd || n->kind != COMPOSE_TEXT || !compose_is_name(n->text))
		return fail(r, n,
		    "no name: only letters, digits, \".\", "
		    "\"_\" and \"-\" can be in one");
	return 0;
}

static int
get_names(struct reader *r, const struct compose_node *map,
    struct names *ret_names)
{
	size_t i;
	int result;

	ret_names->len = 0;
	ret_names->full = false;
	if (!walk_map(r, map, add_pair, ret_names)) {
		(void)fail(r, map, "more than %d names", COMPOSE_MAX_NAMES);
		return -EMSGSIZE;
	}
	for (i = 0; i < ret_names->len; i++) {
		result = check_name(r, ret_names->keys[i]);
		if (result != 0)
			return result;
	}
	return 0;
}

/* WHAT is for the message. */
static int
need(const struct reader *r, const struct compose_node *n,
    enum compose_kind kind, const char *what)
{
	static const char *const kinds[] = { "text", "list", "map" };

	if (n->odd)
		return fail(r, n, "%s has a tag that we do not know", what);
	if (n->kind != kind)
		return fail(r, n, "%s is no %s", what, kinds[kind]);
	return 0;
}

static int
get_text(struct reader *r, const struct compose_node *map, const char *key,
    char **ret_text)
{
	const struct compose_node *n = get(r, map, key);
	int result;

	if (n == NULL)
		return 0;
	result = need(r, n, COMPOSE_TEXT, key);
	if (result == 0 && n->text[0] != '\0')
		*ret_text = xstrdup(n->text);
	return result;
}

static int
read_network_list(struct reader *r, const struct compose_node *list,
    struct strv *networks)
{
	size_t i;
	int result;

	if (list->len > COMPOSE_MAX_NAMES) {
		(void)fail(r, list, "more than %d names", COMPOSE_MAX_NAMES);
		return -EMSGSIZE;
	}
	for (i = 0; i < list->len; i++) {
		result = check_name(r, list->items[i]);
		if (result != 0)
			return result;
		if (!strv_has(networks, list->items[i]->text))
			strv_add(networks, list->items[i]->text);
	}
	return 0;
}

/* A list of names, or a map of names to settings. */
static int
read_service_networks(struct reader *r, const struct compose_node *n,
    struct strv *networks)
{
	struct names names;
	size_t i;
	int result;

	if (n->kind == COMPOSE_LIST && !n->odd)
		return read_network_list(r, n, networks);
	result = need(r, n, COMPOSE_MAP, "networks");
	if (result == 0)
		result = get_names(r, n, &names);
	if (result != 0)
		return result;
	for (i = 0; i < names.len; i++)
		strv_add(networks, names.keys[i]->text);
	return 0;
}

static int
read_service(struct reader *r, const struct compose_node *n,
    struct compose_service *s)
{
	const struct compose_node *networks;
	int result;

	result = need(r, n, COMPOSE_MAP, "a service");
	if (result != 0)
		return result;
	s->extends = get(r, n, "extends") != NULL;
	result = get_text(r, n, "user", &s->user);
	if (result == 0)
		result = get_text(r, n, "network_mode", &s->network_mode);
	networks = get(r, n, "networks");
	if (result == 0 && networks != NULL)
		result = read_service_networks(r, networks, &s->networks);
	if (result == 0 && s->network_mode != NULL && s->networks.len > 0)
		return fail(r, networks,
		    "networks and network_mode exclude each other");
	return result;
}

static int
read_services(struct reader *r, const struct compose_node *root,
    struct compose_file *file)
{
	const struct compose_node *n = get(r, root, "services");
	struct names names;
	size_t i;
	int result;

	if (n == NULL)
		return fail(r, root, "there are no services");
	result = need(r, n, COMPOSE_MAP, "services");
	if (result == 0)
		result = get_names(r, n, &names);
	if (result != 0)
		return result;
	if (names.len == 0)
		return fail(r, n, "there are no services");
	file->services = xcalloc(names.len, sizeof(*file->services));
	for (i = 0; i < names.len && result == 0; i++) {
		struct compose_service *s = &file->services[i];

		s->name = xstrdup(names.keys[i]->text);
		file->services_len++;
		result = read_service(r, names.values[i], s);
	}
	return result;
}

/* "external: true", or, as it was once written, "external: {name: NAME}" */
static int
read_external(struct reader *r, const struct compose_node *n,
    struct compose_network *network)
{
	static const char *const no[] = { "false", "no", "off", "n", "f", "0" };
	static const char *const yes[] = { "true", "yes", "on", "y", "t", "1" };
	size_t i;
	int result;

	if (n->kind == COMPOSE_MAP && !n->odd) {
		network->external = true;
		return network->real != NULL ?
		    0 :
		    get_text(r, n, "name", &network->real);
	}
	result = need(r, n, COMPOSE_TEXT, "external");
	if (result != 0)
		return result;
	for (i = 0; i < ARRAY_LEN(yes); i++) {
		network->external = strcasecmp(n->text, yes[i]) == 0;
		if (network->external || strcasecmp(n->text, no[i]) == 0)
			return 0;
	}
	return fail(r, n, "external is neither true nor false");
}

/* What is no literal only compose can check. */
static int
check_subnet(const struct reader *r, const struct compose_node *n,
    const struct compose_subnet *s)
{
	bool known = s->subnet != NULL && compose_is_literal(s->subnet);
	struct cidr c;

	if (known && cidr_parse(s->subnet, &c) != 0)
		return fail(r, n, "subnet is none");
	if (s->gateway != NULL && compose_is_literal(s->gateway) &&
	    !compose_is_address(s->gateway, known ? s->subnet : NULL))
		return fail(r, n, "gateway is no address, or not in subnet");
	return 0;
}

static int
read_subnets(struct reader *r, const struct compose_node *list,
    struct compose_network *network)
{
	size_t i;
	int result;

	result = need(r, list, COMPOSE_LIST, "config");
	if (result != 0)
		return result;
	if (list->len > COMPOSE_MAX_NAMES) {
		(void)fail(r, list, "more than %d subnets", COMPOSE_MAX_NAMES);
		return -EMSGSIZE;
	}
	network->subnets = xcalloc(list->len + 1, sizeof(*network->subnets));
	network->subnets_len = list->len;
	for (i = 0; i < list->len && result == 0; i++) {
		const struct compose_node *n = list->items[i];
		struct compose_subnet *s = &network->subnets[i];

		result = need(r, n, COMPOSE_MAP, "a subnet of config");
		if (result == 0)
			result = get_text(r, n, "subnet", &s->subnet);
		if (result == 0)
			result = get_text(r, n, "gateway", &s->gateway);
		if (result == 0)
			result = check_subnet(r, n, s);
	}
	return result;
}

static int
read_ipam(struct reader *r, const struct compose_node *ipam,
    struct compose_network *network)
{
	const struct compose_node *config;
	int result;

	result = need(r, ipam, COMPOSE_MAP, "ipam");
	if (result != 0)
		return result;
	config = get(r, ipam, "config");
	return config == NULL ? 0 : read_subnets(r, config, network);
}

static int
read_network(struct reader *r, const struct compose_node *n,
    struct compose_network *network)
{
	const struct compose_node *external;
	const struct compose_node *ipam;
	int result;

	if (is_null(n))
		return 0;
	result = need(r, n, COMPOSE_MAP, "a network");
	if (result == 0)
		result = get_text(r, n, "name", &network->real);
	if (result != 0)
		return result;
	external = get(r, n, "external");
	if (external != NULL)
		result = read_external(r, external, network);
	ipam = get(r, n, "ipam");
	if (result == 0 && ipam != NULL)
		result = read_ipam(r, ipam, network);
	return result;
}

static int
read_networks(struct reader *r, const struct compose_node *root,
    struct compose_file *file)
{
	const struct compose_node *n = get(r, root, "networks");
	struct names names;
	size_t i;
	int result;

	if (n == NULL)
		return 0;
	result = need(r, n, COMPOSE_MAP, "networks");
	if (result == 0)
		result = get_names(r, n, &names);
	if (result != 0)
		return result;
	file->networks = xcalloc(names.len + 1, sizeof(*file->networks));
	for (i = 0; i < names.len && result == 0; i++) {
		struct compose_network *network = &file->networks[i];

		network->name = xstrdup(names.keys[i]->text);
		file->networks_len++;
		result = read_network(r, names.values[i], network);
	}
	return result;
}

static int
read_file(struct reader *r, struct compose_file *file)
{
	const struct compose_node *root = r->tree.root;
	int result;

	if (root == NULL)
		return compose_tree_fail(&r->tree, -EBADMSG, 1, 1,
		    "there is nothing in it");
	result = need(r, root, COMPOSE_MAP, "the whole");
	if (result != 0)
		return result;
	file->includes = get(r, root, "include") != NULL;
	result = read_services(r, root, file);
	if (result == 0)
		result = read_networks(r, root, file);
	/* something may not have been found for want of steps */
	if (result == 0 && r->steps > MAX_STEPS)
		return fail(r, root, "too much is merged");
	return result;
}

int
compose_parse(const char *text, size_t len, const char *name, struct buf *why,
    struct compose_file *ret_file)
{
	struct reader r = { .tree = { .name = name, .why = why } };
	struct compose_file file = COMPOSE_FILE_INIT;
	int result;

	result = compose_tree_parse(&r.tree, text, len);
	if (result == 0)
		result = read_file(&r, &file);
	compose_tree_clear(&r.tree);
	if (result != 0) {
		compose_clear(&file);
		return result;
	}
	*ret_file = file;
	return 0;
}

const struct compose_service *
compose_service(const struct compose_file *file, const char *name)
{
	size_t i;

	for (i = 0; i < file->services_len; i++)
		if (strcmp(file->services[i].name, name) == 0)
			return &file->services[i];
	return NULL;
}

const struct compose_network *
compose_network(const struct compose_file *file, const char *name)
{
	size_t i;

	for (i = 0; i < file->networks_len; i++)
		if (strcmp(file->networks[i].name, name) == 0)
			return &file->networks[i];
	return NULL;
}

static void
clear_service(struct compose_service *s)
{
	free(s->name);
	free(s->user);
	free(s->network_mode);
	strv_clear(&s->networks);
}

static void
clear_network(struct compose_network *n)
{
	size_t i;

	for (i = 0; i < n->subnets_len; i++) {
		free(n->subnets[i].subnet);
		free(n->subnets[i].gateway);
	}
	free(n->subnets);
	free(n->name);
	free(n->real);
}

void
compose_clear(struct compose_file *file)
{
	const struct compose_file empty = COMPOSE_FILE_INIT;
	size_t i;

	for (i = 0; i < file->services_len; i++)
		clear_service(&file->services[i]);
	for (i = 0; i < file->networks_len; i++)
		clear_network(&file->networks[i]);
	free(file->services);
	free(file->networks);
	*file = empty;
}
