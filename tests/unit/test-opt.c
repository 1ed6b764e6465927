/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines: what is understood, what is said about the rest, the help. */
#include "coco.h"

#include <string.h>

#include "opt.h"
#include "tap.h"

#define OPT_STACK (OPT_LONG + 1)

static const struct opt opts[] = { { 'c', "connection", "NAME",
				       "use connection NAME" },
	{ 'v', "verbose", NULL, "say more" },
	{ OPT_STACK, "stack", "NAME", "use stack NAME" }, OPT_COMMON };

static const struct {
	const char *name;
	const char *help;
	char more; /* as a program has it */
} verbs[] = {
	{ "get", "look up", 'g' },
	{ "put", "keep", 'p' },
};

static const struct opt_spec spec = { "prog", "[OPTION...] VERB",
	"Does things.", opts, OPT_VERBS(verbs), "The end." };

/* Note the options as text: "c=dev v ". */
static int
note(void *ctx, int id, const char *value)
{
	struct buf *b = ctx;

	if (id == OPT_VERSION)
		return -ECANCELED;
	if (id < OPT_LONG)
		return buf_addf(b, "%c=%s ", id, value != NULL ? value : "-");
	return buf_addf(b, "%d=%s ", id - OPT_LONG,
	    value != NULL ? value : "-");
}

static void
check(const char *line, int want_r, const char *want_opts,
    const char *want_rest, const char *want_why)
{
	struct buf noted = BUF_INIT(256);
	struct buf rest = BUF_INIT(256);
	struct buf why = BUF_INIT(256);
	char words[256];
	char *argv[16];
	char *word = words;
	int first = 99;
	int argc = 0;
	int i;

	/* split at blanks, in place */
	(void)snprintf(words, sizeof(words), "%s", line);
	while (*word != '\0') {
		size_t n = strcspn(word, " ");
		bool is_last = word[n] == '\0';

		argv[argc++] = word;
		word[n] = '\0';
		word += n + !is_last;
	}
	argv[argc] = NULL;
	is_int(opt_parse(&spec, argc, argv, note, &noted, &why, &first), want_r,
	    "%s", line);
	for (i = first; i < argc; i++)
		(void)buf_addf(&rest, "%s ", argv[i]);
	is_str(buf_str(&noted), want_opts, "its options");
	is_str(buf_str(&rest), want_rest, "its operands");
	is_str(buf_str(&why), want_why, "what is wrong with it");
	buf_wipe(&noted);
	buf_wipe(&rest);
	buf_wipe(&why);
}

static void
test_parse(void)
{
	check("p", 0, "", "", "");
	check("p get", 0, "", "get ", "");
	check("p -c dev get", 0, "c=dev ", "get ", "");
	check("p -cdev -v get", 0, "c=dev v=- ", "get ", "");
	check("p -vcdev get", 0, "v=- c=dev ", "get ", "");
	check("p --connection dev get", 0, "c=dev ", "get ", "");
	check("p --connection=dev get", 0, "c=dev ", "get ", "");
	check("p --conn=dev get", 0, "c=dev ", "get ", "");
	check("p get -c dev --stack s", 0, "c=dev 1=s ", "get ", "");
	check("p get -- -c dev", 0, "", "get -c dev ", "");
	check("p --help", 0, "90=- ", "", "");
	check("p -v --version -c x", -ECANCELED, "v=- ", "", "");
}

static void
test_wrong(void)
{
	check("p --bad get", -EINVAL, "", "", "--bad: no such option");
	check("p get --bad", -EINVAL, "", "", "--bad: no such option");
	check("p a b --bad=s3cret c", -EINVAL, "", "", "--bad: no such option");
	check("p -x", -EINVAL, "", "", "-x: no such option");
	check("p get -c dev -vxv", -EINVAL, "c=dev v=- ", "",
	    "-x: no such option");
	check("p get -c", -EINVAL, "", "", "--connection: needs an argument");
	check("p get --stack", -EINVAL, "", "", "--stack: needs an argument");
	check("p --verbose=1", -EINVAL, "", "", "--verbose: takes no argument");
	check("p --ver", -EINVAL, "", "", "--ver: no such option");
	check("p -c dev get", 0, "c=dev ", "get ", "");
}

static void
check_operand(int argc, const char *const *words, int want)
{
	char *argv[8];
	int i;

	for (i = 0; i < argc; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	argv[i] = NULL;
	is_int(opt_find_operand(&spec, argc, argv), want, "%s ... %s", words[0],
	    words[argc - 1]);
	for (i = 0; i < argc && argv[i] == words[i]; i++)
		continue;
	is_int(i, argc, "the words are where they were");
}

static void
test_find_operand(void)
{
	static const char *const plain[] = { "p", "exec", "-c", "--bad" };
	static const char *const behind[] = { "p", "-v", "-c", "exec",
		"--stack=exec", "exec", "-x" };
	static const char *const ended[] = { "p", "-v", "--", "exec" };
	static const char *const bad[] = { "p", "--bad", "exec" };
	static const char *const none[] = { "p", "-c", "exec" };

	check_operand(4, plain, 1);
	check_operand(7, behind, 5);
	check_operand(4, ended, 3);
	check_operand(3, bad, 3);
	check_operand(3, none, 3);
	check_operand(1, none, 1);
	check("p -c dev get", 0, "c=dev ", "get ", "");
}

static const struct opt long_opts[] = { { OPT_LONG, "a-name-that-is-long",
					    "PATH", "write it there" },
	OPT_COMMON };

static const struct opt_spec wide = { "prog", "[OPTION...]", "Does things.",
	long_opts, OPT_NO_VERBS, NULL };

int
main(void)
{
	struct buf help = BUF_INIT(OPT_HELP_MAX);

	test_parse();
	test_wrong();
	test_find_operand();
	is_int(opt_help(&spec, &help), 0, "help");
	is_str(buf_str(&help),
	    "usage: prog [OPTION...] VERB\n"
	    "\n"
	    "Does things.\n"
	    "\n"
	    "Verbs:\n"
	    "  get          look up\n"
	    "  put          keep\n"
	    "\n"
	    "Options:\n"
	    "  -c, --connection NAME    use connection NAME\n"
	    "  -v, --verbose            say more\n"
	    "      --stack NAME         use stack NAME\n"
	    "      --help               show this text\n"
	    "      --version            show the version\n"
	    "\n"
	    "The end.\n",
	    "is made from the table");
	buf_clear(&help);
	is_int(opt_help(&wide, &help), 0, "help with a long option");
	is_str(buf_str(&help),
	    "usage: prog [OPTION...]\n"
	    "\n"
	    "Does things.\n"
	    "\n"
	    "Options:\n"
	    "      --a-name-that-is-long PATH write it there\n"
	    "      --help                     show this text\n"
	    "      --version                  show the version\n",
	    "the column is as wide as the longest");
	buf_wipe(&help);
	return done_testing();
}
