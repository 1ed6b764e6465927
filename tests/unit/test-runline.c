/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of docker run and podman run. */
#include "coco.h"

#include <string.h>

#include "runline.h"
#include "tap.h"

/* The words of TEXT, which single blanks divide; "''" is an empty one. */
static void
split(const char *text, struct strv *words)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (len == 2 && memcmp(text, "''", 2) == 0)
			strv_add(words, "");
		else
			strv_addn(words, text, len);
		text += len + (text[len] == ' ');
	}
}

static void
join(struct buf *b, const char *label, const struct strv *words)
{
	size_t i;

	if (words->len == 0)
		return;
	(void)buf_addf(b, " %s=", label);
	for (i = 0; i < words->len; i++)
		(void)buf_addf(b, "%s%s", i == 0 ? "" : "|", words->v[i]);
}

static void
add_text(struct buf *b, const char *label, const char *text)
{
	if (text != NULL)
		(void)buf_addf(b, " %s=%s", label, text);
}

/* All that is known of LINE, in one line. */
static void
describe(const struct runline *line, struct buf *b)
{
	(void)buf_addf(b, "%s %zu %s%s",
	    line->engine == RUNLINE_DOCKER ? "docker" : "podman",
	    line->options_at, line->rootfs ? "rootfs:" : "",
	    line->argv[line->image_at]);
	(void)buf_adds(b, line->has_globals ? " globals" : "");
	(void)buf_adds(b, line->detach ? " detach" : "");
	(void)buf_adds(b, line->tty ? " tty" : "");
	(void)buf_adds(b, line->rm ? " rm" : "");
	add_text(b, "user", line->user);
	add_text(b, "name", line->name);
	add_text(b, "cidfile", line->cidfile);
	add_text(b, "userns", line->userns);
	add_text(b, "idmap", line->idmap);
	add_text(b, "pull", line->pull);
	join(b, "image", &line->image_options);
	join(b, "targets", &line->targets);
	join(b, "tmpfs", &line->tmpfs);
}

struct parse_row {
	const char *words;
	const char *want;
};

static void
check_parse(const struct parse_row *row)
{
	struct buf why = BUF_INIT(RUNLINE_MAX_WHY);
	struct buf got = BUF_INIT(4096);
	struct runline line = RUNLINE_INIT;
	struct strv words = STRV_INIT;

	split(row->words, &words);
	if (is_int(runline_parse(words.v, &why, &line), 0, "%s", row->words))
		describe(&line, &got);
	is_str(buf_str(&got), row->want, "is understood");
	is_str(buf_str(&why), "", "without a reason");
	runline_clear(&line);
	strv_clear(&words);
	buf_wipe(&got);
	buf_wipe(&why);
}

static void
test_words(void)
{
	static const struct parse_row rows[] = {
		{ "docker run alpine", "docker 2 alpine" },
		{ "podman run alpine", "podman 2 alpine" },
		{ "/usr/bin/docker run alpine", "docker 2 alpine" },
		{ "./podman run alpine sh -c -u", "podman 2 alpine" },
		{ "docker container run alpine", "docker 3 alpine" },
		{ "podman container run alpine", "podman 3 alpine" },
		{ "docker run -- alpine -d", "docker 2 alpine" },
		{ "docker run -d -- -odd", "docker 2 -odd detach" },
		{ "docker run -- --", "docker 2 --" },
		{ "docker run -", "docker 2 -" },
		{ "docker run alpine -u root --rm", "docker 2 alpine" },
		{ "docker run alpine run", "docker 2 alpine" },
		{ "docker run --help alpine", "docker 2 alpine" },
		/* before run */
		{ "docker -D run alpine", "docker 3 alpine globals" },
		{ "docker --debug=true run a", "docker 3 a globals" },
		{ "docker --context run run a", "docker 4 a globals" },
		{ "docker -c ctx run a", "docker 4 a globals" },
		{ "docker -cctx run a", "docker 3 a globals" },
		{ "docker -Dc run run a", "docker 4 a globals" },
		{ "docker --config=/c -H unix:///s --host tcp://h run a",
		    "docker 7 a globals" },
		{ "docker --tls --tlsverify --tlscacert x --tlskey=y run a",
		    "docker 7 a globals" },
		{ "docker -l debug container run a", "docker 5 a globals" },
		{ "podman --root /r --runroot=/rr --runtime crun run a",
		    "podman 7 a globals" },
		{ "podman --remote -r --url u --connection c run a",
		    "podman 8 a globals" },
		{ "podman --syslog --storage-driver vfs container run a",
		    "podman 6 a globals" },
		{ "podman --cgroup-manager cgroupfs run a",
		    "podman 4 a globals" },
		{ "podman container --log-level debug run a",
		    "podman 5 a globals" },
		{ "podman run --syslog --log-level debug a", "podman 2 a" },
		/* the image of a rootfs */
		{ "podman run --rootfs /dir sh", "podman 2 rootfs:/dir" },
		{ "podman run --rootfs=false a", "podman 2 a" },
		{ "podman run --rm --rootfs -- /d", "podman 2 rootfs:/d rm" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(&rows[i]);
}

static void
test_flags(void)
{
	static const struct parse_row rows[] = {
		{ "docker run -it a", "docker 2 a tty" },
		{ "docker run -i -t a", "docker 2 a tty" },
		{ "docker run -dit a", "docker 2 a detach tty" },
		{ "docker run -itu root a", "docker 2 a tty user=root" },
		{ "docker run -ituroot a", "docker 2 a tty user=root" },
		{ "docker run -itu=root a", "docker 2 a tty user=root" },
		{ "docker run -u= a", "docker 2 a user==" },
		{ "docker run -d=true a", "docker 2 a detach" },
		{ "docker run -d=0 a", "docker 2 a" },
		{ "docker run -itd=false a", "docker 2 a tty" },
		{ "docker run --detach a", "docker 2 a detach" },
		{ "docker run --detach=T a", "docker 2 a detach" },
		{ "docker run --rm --rm=false a", "docker 2 a" },
		{ "docker run --rm=false --rm a", "docker 2 a rm" },
		{ "docker run --read-only --rm --privileged a",
		    "docker 2 a rm" },
		{ "docker run --interactive --tty a", "docker 2 a tty" },
		{ "docker run -Pq --init --sig-proxy=false a", "docker 2 a" },
		{ "docker run --use-api-socket a", "docker 2 a" },
		{ "podman run --replace --rmi --tls-verify a",
		    "podman 2 a image=--tls-verify=true" },
		{ "podman run --env-host --http-proxy=false --no-hosts "
		  "--no-hostname --passwd --read-only-tmpfs "
		  "--unsetenv-all a",
		    "podman 2 a" },
		/* each is the other's option with a value, or nobody's */
		{ "docker run --rmi a b", "docker 2 b" },
		{ "podman run --use-api-socket a b", "podman 2 b" },
		{ "docker run --rootfs a b", "docker 2 b" },
		{ "docker run --pod a b", "docker 2 b" },
		{ "docker run --unheard-of a b", "docker 2 b" },
		{ "docker run --unheard-of=a b", "docker 2 b" },
		{ "docker run -Z a b", "docker 2 b" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(&rows[i]);
}

static void
test_values(void)
{
	static const struct parse_row rows[] = {
		{ "docker run -u root a", "docker 2 a user=root" },
		{ "docker run -u 1000:1000 --user=0 a", "docker 2 a user=0" },
		{ "docker run --user '' a", "docker 2 a user=" },
		{ "docker run --user= a", "docker 2 a user=" },
		{ "docker run --user -d a", "docker 2 a user=-d" },
		{ "docker run --user -- a", "docker 2 a user=--" },
		{ "docker run --user=a=b a", "docker 2 a user=a=b" },
		{ "docker run --name n --cidfile /c --entrypoint e a",
		    "docker 2 a name=n cidfile=/c" },
		{ "docker run --userns=host a", "docker 2 a userns=host" },
		{ "podman run --userns keep-id --pod new:p a",
		    "podman 2 a userns=keep-id" },
		{ "podman run --uidmap 0:1:2 --gidmap=0:1:3 a",
		    "podman 2 a idmap=0:1:3" },
		{ "podman run --subuidname x --subgidname y a",
		    "podman 2 a idmap=y" },
		{ "docker run --uidmap 0:1:2 a", "docker 2 a" },
		{ "docker run --pull never --platform linux/arm64 a",
		    "docker 2 a pull=never image=--platform=linux/arm64" },
		{ "podman run --pull=always --arch arm64 --os linux "
		  "--variant=v8 --authfile /f --tls-verify=0 a",
		    "podman 2 a pull=always image=--arch=arm64|--os=linux|"
		    "--variant=v8|--authfile=/f|--tls-verify=0" },
		{ "docker run --network a --net b --network=name=c,ip=1 a",
		    "docker 2 a" },
		{ "podman run --net=host a", "podman 2 a" },
		{ "docker run --network-alias x --hostname y -h z a",
		    "docker 2 a" },
		{ "docker run -eFOO -e BAR=baz --env Q=a=b --env=R= a",
		    "docker 2 a" },
		{ "docker run -ite FOO=1 a", "docker 2 a tty" },
		{ "docker run -e=FOO=1 a", "docker 2 a" },
		{ "docker run --env-file f a", "docker 2 a" },
		{ "docker run -c 2 -m 1g -w /w -p 80:80 -a stdin -l x a",
		    "docker 2 a" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(&rows[i]);
}

static void
test_targets(void)
{
	static const struct parse_row rows[] = {
		{ "docker run -v /a:/b a", "docker 2 a targets=/b" },
		{ "docker run -v/a:/b:ro,z a", "docker 2 a targets=/b" },
		{ "docker run -v /b a", "docker 2 a targets=/b" },
		{ "docker run --volume=vol:/b/ a", "docker 2 a targets=/b" },
		{ "docker run -v x://b//./c/../d/. a",
		    "docker 2 a targets=/b/d" },
		{ "docker run -v x:/../../b/.. a", "docker 2 a targets=/" },
		{ "docker run -v x:/..b/... a", "docker 2 a targets=/..b/..." },
		{ "docker run -v x:b a", "docker 2 a targets=b" },
		{ "docker run --tmpfs /t:size=1m --tmpfs=/u a",
		    "docker 2 a targets=/t|/u tmpfs=/t|/u" },
		{ "docker run --mount type=bind,source=/a,target=/b a",
		    "docker 2 a targets=/b" },
		{ "docker run --mount=type=tmpfs,destination=/b/ a",
		    "docker 2 a targets=/b tmpfs=/b" },
		{ "podman run --mount type=volume,dst=/b,ro=true a",
		    "podman 2 a targets=/b" },
		{ "docker run --mount dst=/a,Target=/b a",
		    "docker 2 a targets=/b" },
		{ "docker run --mount type=bind,\"target=/b,c\",ro a",
		    "docker 2 a targets=/b,c" },
		{ "docker run --mount \"dst=/b\"\"c\" a",
		    "docker 2 a targets=/b\"c" },
		{ "docker run --mount targets=/b,source=target=/c a",
		    "docker 2 a" },
		{ "docker run --mount '' a", "docker 2 a" },
		{ "docker run --mount ,,\"dst=/b a", "docker 2 a targets=/b" },
		{ "docker run -v /1:/x --mount dst=/y --tmpfs /z a",
		    "docker 2 a targets=/x|/y|/z tmpfs=/z" },
		{ "docker run --volumes-from c --volume-driver d a",
		    "docker 2 a" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(&rows[i]);
}

static void
test_refused(void)
{
	static const struct parse_row rows[] = {
		{ "", "there is no command" },
		{ "nerdctl run a", "\"nerdctl\" is neither docker nor podman" },
		{ "sudo docker run a",
		    "\"sudo\" is neither docker nor podman" },
		{ "docker/ run a", "\"docker/\" is neither docker nor podman" },
		{ "Docker run a", "\"Docker\" is neither docker nor podman" },
		{ "''", "\"\" is neither docker nor podman" },
		{ "x\033[2J run a",
		    "\"x\\x1b[2J\" is neither docker nor podman" },
		{ "docker", "there is no \"run\"" },
		{ "docker --context run", "there is no \"run\"" },
		{ "docker container", "there is no \"run\"" },
		{ "docker exec a b", "\"exec\" is not \"run\"" },
		{ "docker container create a", "\"create\" is not \"run\"" },
		{ "docker compose run a", "\"compose\" is not \"run\"" },
		{ "podman -- run a", "\"--\" is not \"run\"" },
		{ "docker -", "\"-\" is not \"run\"" },
		{ "docker --context", "option --context has no value" },
		{ "docker -c", "option -c has no value" },
		{ "docker --tls=x run a",
		    "option --tls is neither true nor false" },
		{ "docker run", "no image is named" },
		{ "docker run -it", "no image is named" },
		{ "docker run --name x", "no image is named" },
		{ "docker run --unheard-of a", "no image is named" },
		{ "docker run --", "no image is named" },
		{ "docker run ''", "no image is named" },
		{ "docker run --user", "option --user has no value" },
		{ "docker run -itu", "option -u has no value" },
		{ "docker run -e", "option -e has no value" },
		{ "docker run --rm=maybe a",
		    "option --rm is neither true nor false" },
		{ "docker run --rm= a",
		    "option --rm is neither true nor false" },
		{ "docker run -d=yes a",
		    "option --detach is neither true nor false" },
		{ "docker run --=x a", "\"--\" is no option" },
		{ "docker run ---rm a", "\"---rm\" is no option" },
		{ "docker run ---rm=canary a", "\"---rm\" is no option" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf why = BUF_INIT(RUNLINE_MAX_WHY);
		struct runline line = { .options_at = 77 };
		struct strv words = STRV_INIT;
		char *none[] = { NULL };

		split(rows[i].words, &words);
		is_int(runline_parse(words.v == NULL ? none : words.v, &why,
			   &line),
		    -EINVAL, "refused: %s", rows[i].words);
		is_str(buf_str(&why), rows[i].want, "why");
		is_int(line.options_at, 77, "nothing is returned");
		strv_clear(&words);
		buf_wipe(&why);
	}
}

static void
test_build(void)
{
	struct buf why = BUF_INIT(RUNLINE_MAX_WHY);
	struct buf text = BUF_INIT(1024);
	struct runline line = RUNLINE_INIT;
	struct strv words = STRV_INIT;
	struct strv extra = STRV_INIT;
	struct strv built = STRV_INIT;

	split("podman --root /r run -u 1 -- a sh", &words);
	split("-v /x:/y --env=A=b", &extra);
	is_int(runline_parse(words.v, &why, &line), 0, "a line");
	runline_build(&line, &extra, &built);
	join(&text, "is", &built);
	is_str(buf_str(&text),
	    " is=podman|--root|/r|run|-v|/x:/y|--env=A=b|-u|1|--|a|sh",
	    "with options of ours");
	ok(built.v[built.len] == NULL, "which ends with NULL");
	strv_clear(&built);
	strv_clear(&extra);
	buf_clear(&text);
	runline_build(&line, &extra, &built);
	join(&text, "is", &built);
	is_str(buf_str(&text), " is=podman|--root|/r|run|-u|1|--|a|sh",
	    "with none");
	strv_clear(&built);
	strv_clear(&words);
	runline_clear(&line);
	is_int(line.options_at, 0, "cleared");
	buf_wipe(&text);
	buf_wipe(&why);
}

/* Whether our tables say that OPTION has no value, as told by what the word
 * behind it is taken for. */
static bool
has_no_value(const char *engine, bool global, const char *option)
{
	struct buf why = BUF_INIT(RUNLINE_MAX_WHY);
	struct runline line = RUNLINE_INIT;
	struct strv words = STRV_INIT;
	bool flag;

	strv_add(&words, engine);
	split(global ? "" : "run", &words);
	strv_add(&words, option);
	split(global ? "run a" : "1 a", &words);
	flag = runline_parse(words.v, &why, &line) == 0 && line.image_at == 3;
	runline_clear(&line);
	strv_clear(&words);
	buf_wipe(&why);
	return flag;
}

/*
 * Compare a line "  -n, --name type   What it is" of a help text: an option
 * without value has no type.  Returns whether it was such a line.
 */
static bool
check_help_line(const char *engine, bool global, const char *text)
{
	char letter[3] = "";
	char name[64] = "";
	const char *p = text + strspn(text, " ");
	size_t len;
	bool flag;

	if (p == text || p[0] != '-')
		return false;
	if (p[1] != '-') {
		memcpy(letter, p, 2);
		p += strspn(p + 2, ", ") + 2;
	}
	len = strcspn(p, " \n");
	if (strncmp(p, "--", 2) != 0 || len >= sizeof(name))
		return false;
	memcpy(name, p, len);
	flag = p[len] == '\n' || strncmp(p + len, "  ", 2) == 0 ||
	    strcmp(p + len, " \n") == 0;
	is_int(has_no_value(engine, global, name), flag, "%s: %s", engine,
	    name);
	if (letter[0] != '\0')
		is_int(has_no_value(engine, global, letter), flag, "%s: %s",
		    engine, letter);
	return true;
}

/* COMMAND prints the options of ENGINE before `run', or those of `run'. */
static void
check_help(const char *engine, bool global, const char *command)
{
	FILE *f = popen(command, "r");
	char line[4096];
	int status;
	int seen = 0;

	if (f == NULL)
		bail("popen");
	while (fgets(line, sizeof(line), f) != NULL)
		seen += check_help_line(engine, global, line);
	status = pclose(f);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		skip(1, "it is not installed");
	else
		ok(seen >= 10, "%s: %d options", command, seen);
}

int
main(void)
{
	test_words();
	test_flags();
	test_values();
	test_targets();
	test_refused();
	test_build();
	check_help("docker", false, "docker run --help 2>/dev/null");
	check_help("docker", true, "docker --help 2>/dev/null");
	check_help("podman", false, "podman run --help 2>/dev/null");
	check_help("podman", true, "podman --help 2>/dev/null");
	return done_testing();
}
