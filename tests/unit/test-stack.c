/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stack files, and the evaluator against the answers of the real libpam in
 * tests/data/pam (its README tells the form).
 */
#include "coco.h"

#include <stdio.h>

#include "io.h"
#include "mem.h"
#include "num.h"
#include "stack.h"
#include "tap.h"

#define MAX_TEXT (1024 * 1024)

/* PAM's names and ours. */
static const struct {
	const char *pam;
	const char *ours;
} words[] = {
	{ "success", "success" },
	{ "auth_err", "denied" },
	{ "authinfo_unavail", "unavailable" },
	{ "user_unknown", "not_found" },
	{ "ignore", "ignore" },
	{ "perm_denied", "not_found" },
	{ "module_unknown", "error" },
	{ "missing", "error" },
};

static enum result
our_result(const char *pam, size_t len)
{
	enum result result = RESULT_USAGE;
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].pam) == len &&
		    memcmp(words[i].pam, pam, len) == 0)
			(void)result_parse(words[i].ours, strlen(words[i].ours),
			    &result);
	return result;
}

/* Turn "control result;control result" into a stack file, in which a helper
 * is named after the result that it gives. */
static void
make_file(const char *rules, size_t len, struct buf *text)
{
	size_t i;

	(void)buf_adds(text, "get ");
	for (i = 0; i < len; i++) {
		if (rules[i] == ';')
			(void)buf_adds(text, "\nget ");
		else
			(void)buf_addc(text, rules[i]);
	}
	(void)buf_addc(text, '\n');
	if (len == 0)
		buf_clear(text);
}

static int
load(void *ctx, const char *name, struct buf *text, struct buf *file,
    struct buf *why)
{
	const char *main_text = ctx;

	(void)why;
	(void)buf_adds(file, name);
	if (strcmp(name, "main") == 0)
		return buf_adds(text, main_text);
	if (strcmp(name, "sub-suff") == 0)
		return buf_adds(text,
		    "get sufficient success\nget required auth_err\n");
	if (strcmp(name, "sub-fail") == 0)
		return buf_adds(text,
		    "get requisite auth_err\nget required success\n");
	if (strcmp(name, "sub-empty") == 0)
		return 0;
	return -ENOENT;
}

/* Evaluate; the names of the helpers that ran go to RAN. */
static enum result
evaluate(const struct stack *stack, struct buf *ran)
{
	const struct stack_rule *rule;
	struct stack_eval e;
	const char *name;

	stack_eval_init(&e, &stack->verb[STACK_GET]);
	for (rule = stack_eval_next(&e); rule != NULL;
	     rule = stack_eval_next(&e)) {
		name = rule->argv.v[0];
		if (strcmp(name, "missing") != 0)
			(void)buf_addf(ran, "%s ", name);
		(void)stack_eval_feed(&e, our_result(name, strlen(name)));
	}
	return stack_eval_result(&e);
}

/* Our answer to one line is as wanted? */
static bool
check_line(const char *rules, size_t rules_len, const char *want,
    size_t want_len, const char *ran_want, size_t ran_len)
{
	struct buf text = BUF_INIT(STACK_MAX_TEXT);
	struct buf ran = BUF_INIT(STACK_MAX_TEXT);
	struct buf why = BUF_INIT(1024);
	struct stack stack = STACK_INIT;
	enum result result;
	bool good = false;

	make_file(rules, rules_len, &text);
	if (stack_parse("main", load,
		text.data != NULL ? text.data : (void *)(uintptr_t) "", &stack,
		&why) == 0) {
		result = evaluate(&stack, &ran);
		good = result == our_result(want, want_len) &&
		    ran.len == ran_len &&
		    memcmp(buf_str(&ran), ran_want, ran_len) == 0;
	}
	if (!good)
		printf("# %.*s: %s%s\n", (int)rules_len, rules, buf_str(&ran),
		    buf_str(&why));
	stack_clear(&stack);
	buf_wipe(&text);
	buf_wipe(&ran);
	buf_wipe(&why);
	return good;
}

/* Lines that libpam and we differ in on purpose: refused whole. */
static bool
is_refused(const char *name, size_t len)
{
	static const char *const names[] = { "bad-control", "unknown-action",
		"jump-zero", "jump-too-far", "include-missing-file" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* One line of a data file: name|rules|result|ran.  Returns whether it was
 * compared; *GOOD counts those that agree. */
static bool
compare_line(const char *line, size_t len, size_t *good)
{
	struct buf why = BUF_INIT(1024);
	struct buf text = BUF_INIT(STACK_MAX_TEXT);
	struct stack stack = STACK_INIT;
	const char *field[4];
	size_t field_len[4];
	const char *at = line;
	size_t i;

	for (i = 0; i < 4; i++) {
		field[i] = at;
		while (at < line + len && *at != '|')
			at++;
		field_len[i] = (size_t)(at - field[i]);
		at++;
	}
	if (memmem(line, len, "new_authtok", 11) != NULL)
		return false;
	/* libpam ran its "other" stack for it; ours is for a missing file */
	if (field_len[1] == 0)
		field_len[3] = 0;
	if (is_refused(field[0], field_len[0])) {
		make_file(field[1], field_len[1], &text);
		*good += stack_parse("main", load, text.data, &stack, &why) ==
		    -EBADMSG;
	} else {
		*good += check_line(field[1], field_len[1], field[2],
		    field_len[2], field[3], field_len[3]);
	}
	buf_wipe(&text);
	buf_wipe(&why);
	return true;
}

static void
test_libpam(const char *file, size_t at_least)
{
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);
	struct buf data = BUF_INIT(MAX_TEXT);
	const char *line;
	size_t count = 0;
	size_t good = 0;
	size_t len;

	(void)buf_addf(&path, "%s/tests/data/pam/%s",
	    srcdir != NULL ? srcdir : ".", file);
	is_int(io_read_file(buf_str(&path), &data), 0, "%s is there", file);
	for (line = buf_str(&data); *line != '\0';
	     line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		count += compare_line(line, len, &good);
	}
	ok(count >= at_least, "%s: %zu stacks compared", file, count);
	is_int(good, count, "%s: as libpam answers", file);
	buf_wipe(&path);
	buf_wipe(&data);
}

static void
test_refusals(void)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{ "fetch required file\n",
		    "main:1:1: \"fetch\" is no verb; "
		    "it must be get, store or erase" },
		{ "get\n", "main:1:4: \"\" is no control" },
		{ "\n get needed file\n",
		    "main:2:6: \"needed\" is no control" },
		{ "get required\n", "main:1:13: a helper is missing" },
		{ "get required ../x\n",
		    "main:1:14: \"../x\" is no helper: "
		    "it must be a name, an absolute path, or !command" },
		{ "get [success=0] x\n",
		    "main:1:5: \"0\" is no action; it "
		    "must be ignore, ok, done, bad, die, reset or a number "
		    "from 1" },
		{ "get [sucess=ok] x\n", "main:1:5: \"sucess\" is no result" },
		{ "get [success] x\n",
		    "main:1:5: \"success\" is not of the "
		    "form result=action" },
		{ "get [success=ok x\n", "main:1:5: \"[\" without \"]\"" },
		{ "get [success=1 default=ignore] x\n",
		    "main:1:1: a jump over 1 rules leads past the end" },
		{ "get include a/b\n", "main:1:13: \"a/b\" is no stack name" },
		{ "get include nowhere\n",
		    "main:1:13: there is no stack \"nowhere\"" },
		{ "get include main\n", "more than 16 files deep" },
		{ "get required x\001\n", "main:1:1: a control byte" },
	};
	struct buf why = BUF_INIT(4096);
	struct stack stack = STACK_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&why);
		ok(stack_parse("main", load, (void *)(uintptr_t)bad[i].text,
		       &stack, &why) < 0,
		    "refused: row %zu", i);
		ok(strstr(buf_str(&why), bad[i].why) != NULL,
		    "reason: row %zu: %s", i, buf_str(&why));
	}
	buf_wipe(&why);
}

static void
test_forms(void)
{
	static const char text[] =
	    "# a comment\n"
	    "GET Required file --file=/x [a b\\]] \\\n  c # not an argument\n"
	    "-store sufficient /abs/path\n"
	    "erase [Success=OK default=Die] !f() { echo \"x # y\"; }; f";
	struct buf why = BUF_INIT(4096);
	struct stack stack = STACK_INIT;
	const struct stack_rule *rule;

	is_int(stack_parse("main", load, (void *)(uintptr_t)text, &stack, &why),
	    0, "parses: %s", buf_str(&why));
	rule = stack.verb[STACK_GET].rule;
	is_int(rule->argv.len, 4, "arguments");
	is_str(rule->argv.v[2], "a b]", "brackets keep blanks");
	is_str(rule->argv.v[3], "c", "lines are joined");
	is_int(rule->line, 2, "its line");
	is_int(rule->action[RESULT_UNSUPPORTED], STACK_IGNORE,
	    "unsupported is skipped");
	rule = stack.verb[STACK_STORE].rule;
	ok(rule->quiet, "- asks for silence");
	is_int(rule->kind, STACK_PATH, "a path");
	rule = stack.verb[STACK_ERASE].rule;
	is_str(rule->argv.v[0], "f() { echo \"x # y\"; }; f", "a command");
	is_int(rule->action[RESULT_ERROR], STACK_DIE, "words in any case");
	stack_clear(&stack);
	buf_wipe(&why);
}

int
main(void)
{
	test_libpam("basic.txt", 30);
	test_libpam("generated.txt", 1500);
	test_refusals();
	test_forms();
	return done_testing();
}
