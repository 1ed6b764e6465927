/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-deploy: make a container ready for Snowflake's tools, prove it, and take
 * everything out again.
 */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "deploy.h"
#include "grant.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "opt.h"
#include "proc.h"
#include "result.h"
#include "usage.h"

enum {
	OPT_ROLE = OPT_LONG,
	OPT_USER,
	OPT_HOME,
	OPT_PROVIDER,
	OPT_TTL,
	OPT_EXPOSE,
	OPT_JSON,
	OPT_STRICT,
	OPT_ENV_FORMAT,
	OPT_PRINT,
	OPT_SERVICE,
	OPT_END
};

static const struct opt opts[] = { { 'c', "connection", "NAME",
				       "the connection of connections.toml" },
	{ OPT_ROLE, "role", "ROLE", "the role, instead of the connection's" },
	{ OPT_USER, "user", "USER", "for whom in the target; USER:GROUP" },
	{ OPT_HOME, "home", "PATH", "where he is at home there" },
	{ OPT_PROVIDER, "provider", "NAME", "for these tools; again for more" },
	{ OPT_TTL, "ttl", "TIME", "let the grant last so long: 45m, 8h, 2d" },
	{ OPT_EXPOSE, "expose", NULL, "hand out a key or token that lasts" },
	{ OPT_JSON, "json", NULL, "print JSON" },
	{ OPT_STRICT, "strict", NULL,
	    "verify: fail when not everything could be looked for" },
	{ OPT_ENV_FORMAT, "env-format", "FORM",
	    "apply: print the environment as sh, docker or json" },
	{ 'o', "output", "FILE", "compose: write the override there" },
	{ OPT_SERVICE, "service", "NAME",
	    "compose: for this service; again for more" },
	{ OPT_PRINT, "print", NULL, "hook: print the file for --hooks-dir" },
	OPT_COMMON };

/* An option's bit; those with a letter come first. */
#define BIT(id) (1UL << ((id) == 'c' ? 0 : (id) == 'o' ? 1 : (id)-OPT_LONG + 2))

#define CHOICE                                                      \
	(BIT('c') | BIT(OPT_ROLE) | BIT(OPT_USER) | BIT(OPT_HOME) | \
	    BIT(OPT_PROVIDER) | BIT(OPT_TTL) | BIT(OPT_EXPOSE) |    \
	    BIT(OPT_JSON))

static const struct verb {
	const char *name;
	/* cppcheck-suppress unusedStructMember; OPT_VERBS() reads it */
	const char *help;
	int (*run)(const struct deploy_options *o);
	int min; /* operands */
	int max; /* -1: any number */
	unsigned long takes;
} verbs[] = {
	{ "plan",
	    "TARGET: show what apply would do; 10 when there is something",
	    deploy_plan, 1, 1, CHOICE },
	{ "apply", "TARGET: make it ready", deploy_apply, 1, 1,
	    CHOICE | BIT(OPT_ENV_FORMAT) },
	{ "status", "TARGET: show what it has, and how that is", deploy_status,
	    1, 1, BIT('c') | BIT(OPT_JSON) },
	{ "verify",
	    "TARGET: prove that tokens come, and that no secret is there",
	    deploy_verify, 1, 1, BIT('c') | BIT(OPT_JSON) | BIT(OPT_STRICT) },
	{ "remove", "TARGET: take everything out again", deploy_remove, 1, 1,
	    BIT('c') | BIT(OPT_JSON) },
	{ "list", "show what was put where", deploy_list, 0, 0, BIT(OPT_JSON) },
	{ "exec", "TARGET -- COMMAND: run it there", deploy_exec, 2, -1,
	    BIT('c') },
	{ "run", "-- podman|docker run ...: start a container with it",
	    deploy_run, 1, -1, CHOICE & ~BIT(OPT_JSON) },
	{ "compose", "FILE: write an override file for its services",
	    deploy_compose, 1, 1,
	    BIT('c') | BIT('o') | BIT(OPT_ROLE) | BIT(OPT_USER) |
		BIT(OPT_PROVIDER) | BIT(OPT_TTL) | BIT(OPT_SERVICE) },
	{ "hook", "have it in order at each start: an OCI hook", deploy_hook, 0,
	    0, BIT(OPT_PROVIDER) | BIT(OPT_TTL) | BIT(OPT_PRINT) },
};

static int
on_option(void *ctx, int id, const char *value)
{
	struct deploy_options *o = ctx;
	const struct {
		int id;
		const char **value;
	} values[] = { { 'c', &o->connection }, { OPT_ROLE, &o->role },
		{ OPT_USER, &o->user }, { OPT_HOME, &o->home },
		{ OPT_TTL, &o->ttl }, { OPT_ENV_FORMAT, &o->env_format },
		{ 'o', &o->output } };
	const struct {
		int id;
		bool *flag;
	} flags[] = { { OPT_EXPOSE, &o->expose }, { OPT_PRINT, &o->print },
		{ OPT_JSON, &o->json }, { OPT_STRICT, &o->strict },
		{ OPT_HELP, &o->help }, { OPT_VERSION, &o->version } };
	size_t i;

	if (id < OPT_END)
		o->given |= BIT(id);
	if (id == OPT_PROVIDER)
		strv_add(&o->providers, value);
	if (id == OPT_SERVICE)
		strv_add(&o->services, value);
	for (i = 0; i < ARRAY_LEN(values); i++)
		if (values[i].id == id)
			*values[i].value = value;
	for (i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].id == id)
			*flags[i].flag = true;
	return 0;
}

/* --- what the options mean ------------------------------------------------ */

static int
read_ttl(const struct opt_spec *spec, struct deploy_options *o)
{
	if (o->ttl != NULL &&
	    num_parse_time(o->ttl, strlen(o->ttl), GRANT_MIN_TTL, GRANT_MAX_TTL,
		&o->ttl_s) != 0)
		return usage_refuse_word(spec,
		    "--ttl is a length of time from a minute to 366 days, as "
		    "45m, 8h or 2d, not",
		    o->ttl);
	return 0;
}

static int
read_format(const struct opt_spec *spec, struct deploy_options *o)
{
	static const char *const names[] = { [LAYOUT_SH] = "sh",
		[LAYOUT_DOCKER] = "docker",
		[LAYOUT_JSON] = "json" };
	size_t i;

	if (o->env_format == NULL)
		return 0;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], o->env_format) == 0) {
			o->format = (enum layout_format)i;
			return 0;
		}
	}
	return usage_refuse_word(spec,
	    "--env-format is sh, docker or json, not", o->env_format);
}

/* An option that is for another verb must not be taken for heard. */
static int
check_options(const struct opt_spec *spec, const struct verb *verb,
    const struct deploy_options *o)
{
	struct buf why = BUF_INIT(256);
	const struct opt *opt;
	int r = 0;

	for (opt = opts; opt->name != NULL && r == 0; opt++) {
		if (opt->id >= OPT_END ||
		    (o->given & ~verb->takes & BIT(opt->id)) == 0)
			continue;
		(void)buf_addf(&why, "--%s is not for %s", opt->name,
		    verb->name);
		r = usage_refuse(spec, buf_str(&why));
	}
	if (r == 0 && o->json && o->env_format != NULL)
		r = usage_refuse(spec,
		    "--json and --env-format are two answers");
	buf_wipe(&why);
	return r;
}

static int
run_verb(const struct opt_spec *spec, const struct verb *verb,
    struct deploy_options *o)
{
	int r;

	if (o->count < verb->min)
		return usage_refuse(spec,
		    "something is missing behind the verb");
	if (verb->max >= 0 && o->count > verb->max)
		return usage_refuse(spec, "there is too much behind the verb");
	r = check_options(spec, verb, o);
	if (r == 0)
		r = read_ttl(spec, o);
	if (r == 0)
		r = read_format(spec, o);
	return r != 0 ? r : verb->run(o);
}

static int
run(const struct opt_spec *spec, struct deploy_options *o, char **words,
    int count)
{
	size_t i;

	if (o->help || o->version)
		return usage_show(spec, o->help);
	if (count == 0)
		return usage_refuse(spec, "what is to be done?");
	for (i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, words[0]) != 0)
			continue;
		o->words = words + 1;
		o->count = count - 1;
		return run_verb(spec, &verbs[i], o);
	}
	return usage_refuse_word(spec, "there is no verb", words[0]);
}

/* The end of our own options: what run and exec are given is the container's,
 * whether "--" is before it or not. */
static int
find_end(const struct opt_spec *spec, int argc, char **argv)
{
	int verb;
	int at;
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return argc;
	verb = opt_find_operand(spec, argc, argv);
	if (verb >= argc ||
	    (strcmp(argv[verb], "run") != 0 && strcmp(argv[verb], "exec") != 0))
		return argc;
	at = verb + opt_find_operand(spec, argc - verb, argv + verb);
	if (strcmp(argv[verb], "exec") == 0)
		at++;
	return at < argc ? at : argc;
}

int
main(int argc, char **argv)
{
	struct deploy_options o = { .providers = STRV_INIT };
	struct buf why = BUF_INIT(1024);
	const struct opt_spec spec = { "coco-deploy",
		"[options] verb [TARGET] [-- command]",
		"Make a container ready for Snowflake's tools, without a "
		"secret that lasts.",
		opts, OPT_VERBS(verbs),
		"TARGET is docker:NAME, podman:NAME or dir:PATH, and for "
		"remove\ncompose:FILE, too.\n"
		"coco-deploy(1) is the manual." };
	int first = 0;
	int end;
	int r;

	mem_protect();
	proc_init();
	log_init("coco-deploy");
	end = find_end(&spec, argc, argv);
	if (opt_parse(&spec, end, argv, on_option, &o, &why, &first) != 0)
		r = usage_refuse(&spec, buf_str(&why));
	else
		r = run(&spec, &o, argv + first, argc - first);
	strv_clear(&o.providers);
	strv_clear(&o.services);
	buf_wipe(&why);
	return r;
}
