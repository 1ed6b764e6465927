/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store for machines without a desktop: one file that only its owner can
 * read and that is encrypted, with a key that comes from elsewhere.  What the
 * file looks like is said in seal.h, where the key comes from in seal-key.h.
 */
#include "coco.h"

#include <limits.h>

#include "log.h"
#include "seal-key.h"
#include "seal.h"
#include "store.h"
#include "storefile.h"

static struct storefile file = STOREFILE_INIT;
static struct seal_key key;

/*
 * The head of the file that was read, and then of the one that is written:
 * scrypt is run once and not twice where its salt and cost can stay.  GIVEN is
 * the key or passphrase, SECRET what encrypts is derived from.
 */
static struct seal_head head;
static bool have_head;
static struct buf given = BUF_INIT(SEAL_MAX_SECRET);
static struct buf secret = BUF_INIT(SEAL_MAX_SECRET);

/* What is wrong with the file, by its name. */
static enum result
complain(const char *what)
{
	struct buf path = BUF_INIT(PATH_MAX);

	(void)storefile_location(&file, &path);
	log_warn("%s: %s", buf_str(&path), what);
	buf_wipe(&path);
	return RESULT_ERROR;
}

/* Ready SECRET for the head. */
static enum result
prepare_secret(void)
{
	int r;

	buf_clear(&secret);
	if (head.passphrase)
		r = seal_stretch(&head, &given, &secret);
	else
		r = buf_add(&secret, buf_str(&given), given.len);
	if (r == 0)
		return RESULT_SUCCESS;
	log_warn("cannot make a key of the passphrase: scrypt needs %d MiB of "
		 "memory",
	    1 << (head.cost.log2_n - 10));
	return RESULT_UNAVAILABLE;
}

/* A file that is sealed the one way is not opened the other way. */
static enum result
check_kind(void)
{
	if (head.passphrase == seal_key_is_passphrase(&key))
		return RESULT_SUCCESS;
	(void)complain(head.passphrase ?
		"is sealed with a passphrase, not with a key" :
		"is sealed with a key, not with a passphrase");
	log_hint("%s gives a %s; name the right place, or another file with "
		 "file=PATH",
	    seal_key_name(&key),
	    seal_key_is_passphrase(&key) ? "passphrase" : "key");
	return RESULT_ERROR;
}

static enum result
open_file(const struct buf *data, size_t head_len, struct buf *ret_text)
{
	int r;

	r = seal_open(&head, head_len, data->data, data->len, &secret,
	    ret_text);
	if (r == 0)
		return RESULT_SUCCESS;
	if (r != -EBADMSG)
		return complain("cannot be decrypted");
	(void)complain(head.passphrase ?
		"the passphrase is not the right one, or the file is damaged" :
		"the key is not the right one, or the file is damaged");
	log_hint("the file was left as it is; if its %s is lost, so is what "
		 "is in it: move it away to start anew",
	    head.passphrase ? "passphrase" : "key");
	return RESULT_ERROR;
}

static enum result
decode(const struct buf *data, struct buf *ret_text)
{
	struct buf why = BUF_INIT(256);
	enum result result;
	size_t head_len;
	int r;

	r = seal_read_head(buf_str(data), data->len, &head, &head_len, &why);
	if (r != 0) {
		result = complain(buf_str(&why));
		log_hint("the file was left as it is");
		goto out;
	}
	have_head = true;
	result = check_kind();
	if (result == RESULT_SUCCESS)
		result = seal_key_read(&key, false, &given);
	if (result == RESULT_SUCCESS)
		result = prepare_secret();
	if (result == RESULT_SUCCESS)
		result = open_file(data, head_len, ret_text);
out:
	buf_wipe(&why);
	return result;
}

/* Ready head and secret for a file that is written. */
static enum result
prepare_head(void)
{
	enum result result = RESULT_SUCCESS;

	if (!have_head)
		result = seal_key_read(&key, true, &given);
	if (result != RESULT_SUCCESS)
		return result;
	if (!seal_key_is_passphrase(&key))
		return have_head ? RESULT_SUCCESS : prepare_secret();
	if (have_head && seal_is_current(&head))
		return RESULT_SUCCESS;
	if (seal_renew_scrypt(&head) != 0)
		return complain("cannot be encrypted: no random bytes");
	return prepare_secret();
}

static enum result
encode(const struct buf *text, struct buf *ret_data)
{
	enum result result = prepare_head();

	if (result != RESULT_SUCCESS)
		return result;
	if (seal_close(&head, &secret, text, ret_data) != 0)
		return complain("cannot be encrypted");
	have_head = true;
	return RESULT_SUCCESS;
}

static enum result
begin(void *ctx)
{
	enum result result = seal_key_check(&key);

	return result != RESULT_SUCCESS ? result : storefile_begin(ctx);
}

static enum result
load(void *ctx, const struct cred *request, struct entries *ret_entries)
{
	enum result result = seal_key_check(&key);

	return result != RESULT_SUCCESS ?
	    result :
	    storefile_load(ctx, request, ret_entries);
}

static void
detail(void *ctx, struct buf *b)
{
	(void)ctx;
	if (key.count != 1)
		return;
	(void)buf_adds(b, seal_key_name(&key));
	if (!have_head)
		return;
	(void)buf_adds(b, ", aes-256-gcm, ");
	(void)seal_add_kdf(&head, b);
}

static enum result
run_keygen(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)request;
	(void)answer;
	return seal_key_make(&key, text);
}

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	if (id == 'f')
		file.option = value;
	else
		seal_key_set(&key, id, value);
	return 0;
}

static const struct helper_verb extra[] = {
	{ "keygen", "make a key: print it, or write it to key-file", run_keygen,
	    HELPER_EXTRA | HELPER_PERSON },
	{ NULL, NULL, NULL, 0 }
};

static const struct opt opts[] = {
	{ 'f', "file", "PATH",
	    "the file, instead of $XDG_DATA_HOME/coco/credentials.sealed" },
	SEAL_KEY_OPTIONS, OPT_COMMON
};

int
main(int argc, char **argv)
{
	const struct store store = {
		.program = "coco-credential-sealed",
		.summary = "Keep credentials in an encrypted file, on machines "
			   "without a keyring.",
		.opts = opts,
		.on_option = on_option,
		.footer = "One place of the key is needed.  Requests are read "
			  "from stdin; see coco-protocol(7).",
		.extra = extra,
		.encrypted = true,
		.location = storefile_location,
		.detail = detail,
		.begin = begin,
		.load = load,
		.save = storefile_save,
		.end = storefile_end,
		.ctx = &file,
	};
	int status;

	file.name = "credentials.sealed";
	file.decode = decode;
	file.encode = encode;
	status = store_main(&store, argc, argv);
	buf_wipe(&given);
	buf_wipe(&secret);
	return status;
}
