/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "der.h"
#include "esc.h"
#include "keytext.h"

#define BLANKS    " \t\r\n"
#define BEGIN     "-----BEGIN "
#define END       "-----END "
#define DASHES    "-----"
#define MAX_LABEL 64

#define CONVERT       "\nhint: " KEYTEXT_CONVERT
#define CONVERT_PLAIN "\nhint: openssl pkey -in OLD -out NEW"

/* An object identifier by the bytes of its DER, and its name. */
struct oid {
	const char *bytes;
	size_t len;
	const char *name;
	int value;
};

#define OID(bytes, name, value)                             \
	{                                                   \
		(bytes), sizeof(bytes) - 1, (name), (value) \
	}

static const struct oid *
find_oid(const struct der *d, const struct oid *table, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (der_equals(d, table[i].bytes, table[i].len))
			return &table[i];
	return NULL;
}

static int
refuse(struct buf *why, int error, const char *text)
{
	(void)buf_adds(why, text);
	return error;
}

/* --- how an encrypted key is encrypted ---------------------------------- */

#define PKCS5  "\x2a\x86\x48\x86\xf7\x0d\x01\x05"
#define PKCS12 "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01"
#define DIGEST "\x2a\x86\x48\x86\xf7\x0d\x02"
#define AES    "\x60\x86\x48\x01\x65\x03\x04\x01"

/* Values in these tables: whether wolfSSL 5.5.4 of Debian 12 reads it (tried;
 * coco-credential-jwt(1) has the list). */
static const struct oid schemes[] = {
	OID(PKCS5 "\x03", "PBE-MD5-DES", true),
	OID(PKCS5 "\x06", "PBE-MD5-RC2-64", false),
	OID(PKCS5 "\x0a", "PBE-SHA1-DES", true),
	OID(PKCS5 "\x0b", "PBE-SHA1-RC2-64", false),
	OID(PKCS12 "\x01", "PBE-SHA1-RC4-128", false),
	OID(PKCS12 "\x02", "PBE-SHA1-RC4-40", false),
	OID(PKCS12 "\x03", "PBE-SHA1-3DES", true),
	OID(PKCS12 "\x04", "PBE-SHA1-2DES", false),
	OID(PKCS12 "\x05", "PBE-SHA1-RC2-128", false),
	OID(PKCS12 "\x06", "PBE-SHA1-RC2-40", false),
};

static const struct oid derivations[] = {
	OID(PKCS5 "\x0c", "PBKDF2", true),
	OID("\x2b\x06\x01\x04\x01\xda\x47\x04\x0b", "scrypt", false),
};

static const struct oid prfs[] = {
	OID(DIGEST "\x07", "hmacWithSHA1", true),
	OID(DIGEST "\x08", "hmacWithSHA224", false),
	OID(DIGEST "\x09", "hmacWithSHA256", true),
	OID(DIGEST "\x0a", "hmacWithSHA384", false),
	OID(DIGEST "\x0b", "hmacWithSHA512", false),
};

static const struct oid ciphers[] = {
	OID("\x2b\x0e\x03\x02\x07", "des-cbc", false),
	OID("\x2a\x86\x48\x86\xf7\x0d\x03\x07", "des3", true),
	OID(AES "\x02", "aes-128-cbc", true),
	OID(AES "\x16", "aes-192-cbc", false),
	OID(AES "\x2a", "aes-256-cbc", true),
};

/* Note one part of a scheme in NAMES.  Returns whether it is read. */
static bool
note(const struct oid *found, struct buf *names)
{
	if (names->len != 0)
		(void)buf_adds(names, ", ");
	(void)buf_adds(names, found != NULL ? found->name : "unknown");
	return found != NULL && found->value;
}

/* PBKDF2-params (RFC 8018 A.2); without a prf it is hmacWithSHA1. */
static int
read_pbkdf2(struct der in, struct buf *names, bool *ret_known)
{
	static const struct der sha1 = { (const unsigned char *)DIGEST "\x07",
		sizeof(DIGEST "\x07") - 1 };
	struct der skipped;
	struct der prf;
	struct der oid = sha1;
	int r;

	r = der_take(&in, DER_OCTETS, &skipped);
	if (r == 0)
		r = der_take(&in, DER_INTEGER, &skipped);
	if (r == 0)
		(void)der_take(&in, DER_INTEGER, &skipped);
	if (r == 0 && der_take(&in, DER_SEQUENCE, &prf) == 0)
		r = der_take(&prf, DER_OID, &oid);
	if (r == 0 && !note(find_oid(&oid, prfs, ARRAY_LEN(prfs)), names))
		*ret_known = false;
	return r;
}

/* PBES2-params (RFC 8018 A.4). */
static int
read_pbes2(struct der in, struct buf *names, bool *ret_known)
{
	struct der params;
	struct der kdf;
	struct der cipher;
	struct der oid;
	const struct oid *found;
	int r;

	r = der_take(&in, DER_SEQUENCE, &params);
	if (r == 0)
		r = der_take(&params, DER_SEQUENCE, &kdf);
	if (r == 0)
		r = der_take(&params, DER_SEQUENCE, &cipher);
	if (r == 0)
		r = der_take(&kdf, DER_OID, &oid);
	if (r != 0)
		return r;
	found = find_oid(&oid, derivations, ARRAY_LEN(derivations));
	if (!note(found, names))
		*ret_known = false;
	else if (der_take(&kdf, DER_SEQUENCE, &params) != 0 ||
	    read_pbkdf2(params, names, ret_known) != 0)
		return -EBADMSG;
	r = der_take(&cipher, DER_OID, &oid);
	if (r == 0 && !note(find_oid(&oid, ciphers, ARRAY_LEN(ciphers)), names))
		*ret_known = false;
	return r;
}

/* AlgorithmIdentifier of an EncryptedPrivateKeyInfo (RFC 5208 6). */
static int
check_scheme(struct der in, struct buf *why)
{
	struct buf names = BUF_INIT(KEYTEXT_MAX_WHY);
	bool known = true;
	struct der oid;
	int r;

	r = der_take(&in, DER_OID, &oid);
	if (r == 0 && der_equals(&oid, PKCS5 "\x0d", 9))
		r = read_pbes2(in, &names, &known);
	else if (r == 0)
		known = note(find_oid(&oid, schemes, ARRAY_LEN(schemes)),
		    &names);
	if (r != 0) {
		(void)buf_adds(why, "is a damaged private key");
	} else if (!known) {
		(void)buf_addf(why,
		    "is encrypted by a scheme that cannot be read here "
		    "(%s)" CONVERT,
		    buf_str(&names));
		r = -ENOTSUP;
	}
	buf_wipe(&names);
	return r;
}

/* --- what a plain key is ------------------------------------------------ */

#define RSA_OID "\x2a\x86\x48\x86\xf7\x0d\x01\x01"

static const struct oid algorithms[] = {
	OID(RSA_OID "\x01", "RSA", KEYTEXT_KEY_RSA),
	OID("\x2a\x86\x48\xce\x3d\x02\x01", "EC", -1),
	OID(RSA_OID "\x0a", "RSA-PSS", -ENOTSUP),
	OID("\x2a\x86\x48\xce\x38\x04\x01", "DSA", -ENOTSUP),
	OID("\x2b\x65\x6e", "X25519", -ENOTSUP),
	OID("\x2b\x65\x6f", "X448", -ENOTSUP),
	OID("\x2b\x65\x70", "Ed25519", -ENOTSUP),
	OID("\x2b\x65\x71", "Ed448", -ENOTSUP),
};

static const struct oid curves[] = {
	OID("\x2a\x86\x48\xce\x3d\x03\x01\x07", "P-256", KEYTEXT_KEY_P256),
	OID("\x2b\x81\x04\x00\x22", "P-384", KEYTEXT_KEY_P384),
	OID("\x2b\x81\x04\x00\x23", "P-521", KEYTEXT_KEY_P521),
};

static int
kind_of_curve(struct der in, enum keytext_kind *ret_kind, struct buf *why)
{
	const struct oid *found;
	struct der oid;

	if (der_take(&in, DER_OID, &oid) != 0)
		return refuse(why, -ENOTSUP,
		    "is an EC key that does not name its curve"
		    "\nhint: openssl ec -param_enc named_curve -in OLD "
		    "-out NEW");
	found = find_oid(&oid, curves, ARRAY_LEN(curves));
	if (found == NULL)
		return refuse(why, -ENOTSUP,
		    "is an EC key on a curve other than P-256, P-384 and "
		    "P-521");
	*ret_kind = (enum keytext_kind)found->value;
	return 0;
}

/* AlgorithmIdentifier of a PrivateKeyInfo (RFC 5208 5). */
static int
kind_of_algorithm(struct der in, enum keytext_kind *ret_kind, struct buf *why)
{
	const struct oid *found;
	struct der oid;

	if (der_take(&in, DER_OID, &oid) != 0)
		return refuse(why, -EBADMSG, "is a damaged private key");
	found = find_oid(&oid, algorithms, ARRAY_LEN(algorithms));
	if (found != NULL && found->value == -1)
		return kind_of_curve(in, ret_kind, why);
	if (found != NULL && found->value == KEYTEXT_KEY_RSA) {
		*ret_kind = KEYTEXT_KEY_RSA;
		return 0;
	}
	(void)buf_addf(why, "is a key for %s, neither RSA nor EC",
	    found != NULL ? found->name : "an unknown algorithm");
	return -ENOTSUP;
}

int
keytext_kind(const void *data, size_t len, enum keytext_kind *ret_kind,
    size_t *ret_used, struct buf *why)
{
	struct der in = { data, len };
	struct der body;
	struct der version;
	struct der next;
	int r;

	if (der_take(&in, DER_SEQUENCE, &body) != 0 ||
	    der_take(&body, DER_INTEGER, &version) != 0 || version.len != 1)
		return refuse(why, -EBADMSG, "is not a private key");
	if (der_take(&body, DER_SEQUENCE, &next) == 0) {
		r = kind_of_algorithm(next, ret_kind, why);
	} else if (version.p[0] == 1 &&
	    der_take(&body, DER_OCTETS, &next) == 0) {
		/* SEC 1 C.4; what may come next is the curve */
		if (der_take(&body, DER_CONTEXT0, &next) != 0)
			next.len = 0;
		r = kind_of_curve(next, ret_kind, why);
	} else if (version.p[0] == 0 &&
	    der_take(&body, DER_INTEGER, &next) == 0) {
		*ret_kind = KEYTEXT_KEY_RSA; /* RFC 8017 A.1.2 */
		r = 0;
	} else {
		r = refuse(why, -EBADMSG, "is not a private key");
	}
	if (r == 0)
		*ret_used = len - in.len;
	return r;
}

/* --- from text to DER --------------------------------------------------- */

/* A PEM block: what is between its lines of dashes. */
struct block {
	char label[MAX_LABEL];
	const char *body;
	size_t len;
};

/* The next block after *AT.  Returns whether there is one. */
static bool
next_block(const char **at, struct block *ret_block)
{
	char end[sizeof(END) + MAX_LABEL + sizeof(DASHES)];
	const char *label = strstr(*at, BEGIN);
	const char *stop;
	size_t len;

	while (label != NULL) {
		label += sizeof(BEGIN) - 1;
		*at = label;
		stop = strstr(label, DASHES);
		if (stop == NULL)
			return false;
		len = (size_t)(stop - label);
		if (len < MAX_LABEL) {
			memcpy(ret_block->label, label, len);
			ret_block->label[len] = '\0';
			snprintf(end, sizeof(end), END "%s" DASHES,
			    ret_block->label);
			ret_block->body = stop + sizeof(DASHES) - 1;
			stop = strstr(ret_block->body, end);
			if (stop != NULL) {
				ret_block->len = (size_t)(stop -
				    ret_block->body);
				*at = stop + strlen(end);
				return true;
			}
		}
		label = strstr(label, BEGIN);
	}
	return false;
}

static bool
is_key_label(const char *label)
{
	return strcmp(label, "PRIVATE KEY") == 0 ||
	    strcmp(label, "ENCRYPTED PRIVATE KEY") == 0 ||
	    strcmp(label, "RSA PRIVATE KEY") == 0 ||
	    strcmp(label, "EC PRIVATE KEY") == 0;
}

/* Pass over the word that S must begin with and blanks after it; NULL when it
 * does not. */
static const char *
pass(const char *s, const char *word)
{
	if (strncmp(s, word, strlen(word)) != 0)
		return NULL;
	s += strlen(word);
	return s + strspn(s, BLANKS);
}

static int
read_base64(const char *s, const char *end, struct keytext *kt, struct buf *why)
{
	int r = b64_decode(&kt->der, s, (size_t)(end - s));

	return r == 0 ? 0 : refuse(why, r, "is PEM with damaged base64");
}

/* The headers of RFC 1421 4.6.1 as OpenSSL writes them.  The newlines may be
 * gone, so that the cipher has to say how long its vector is. */
static int
read_headers(const struct block *block, struct keytext *kt, struct buf *why)
{
	static const struct {
		const char *name;
		size_t digits;
	} known[] = {
		{ "AES-128-CBC", 32 },
		{ "AES-192-CBC", 32 },
		{ "AES-256-CBC", 32 },
		{ "DES-EDE3-CBC", 16 },
	};
	const char *s = block->body + strspn(block->body, BLANKS);
	const char *comma;
	size_t i;

	s = pass(s, "Proc-Type:");
	if (s != NULL)
		s = pass(s, "4,ENCRYPTED");
	if (s != NULL)
		s = pass(s, "DEK-Info:");
	comma = s != NULL ? strchr(s, ',') : NULL;
	if (comma == NULL)
		return refuse(why, -EBADMSG, "is a damaged private key");
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if ((size_t)(comma - s) != strlen(known[i].name) ||
		    strncmp(s, known[i].name, strlen(known[i].name)) != 0)
			continue;
		s = comma + 1;
		if (strspn(s, "0123456789ABCDEFabcdef") < known[i].digits ||
		    s + known[i].digits > block->body + block->len)
			return refuse(why, -EBADMSG,
			    "is a damaged private key");
		kt->form = KEYTEXT_ENCRYPTED_LINES;
		kt->cipher = known[i].name;
		(void)buf_add(&kt->iv, s, known[i].digits);
		s += known[i].digits;
		return read_base64(s, block->body + block->len, kt, why);
	}
	return refuse(why, -ENOTSUP,
	    "is encrypted by a cipher that cannot be read here" CONVERT);
}

/* Copy TEXT with "\n" and "\r", as two characters, made newlines: what shells
 * and .env files leave of a PEM. */
static void
unescape(struct buf *to, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		bool escape = text[i] == '\\' && i + 1 < len &&
		    (text[i + 1] == 'n' || text[i + 1] == 'r');

		(void)buf_addc(to, escape ? '\n' : text[i]);
		i += escape;
	}
}

/* The first block that is a private key. */
static int
read_pem(const char *text, struct keytext *kt, struct buf *why)
{
	struct buf other = BUF_INIT(4 * MAX_LABEL);
	struct block block;
	const char *at = text;

	while (next_block(&at, &block)) {
		if (!is_key_label(block.label)) {
			if (other.len == 0)
				(void)esc_visible(&other, block.label,
				    strlen(block.label));
			continue;
		}
		buf_wipe(&other);
		if (strstr(block.label, "ENCRYPTED") == NULL &&
		    memmem(block.body, block.len, "Proc-Type", 9) != NULL)
			return read_headers(&block, kt, why);
		return read_base64(block.body, block.body + block.len, kt, why);
	}
	if (other.len != 0)
		(void)buf_addf(why,
		    "holds \"%s\", and no private key in PEM" CONVERT_PLAIN,
		    buf_str(&other));
	else
		(void)buf_adds(why, "is PEM without its END line");
	buf_wipe(&other);
	return -EBADMSG;
}

static bool
is_der(const char *text, size_t len)
{
	struct der in = { (const unsigned char *)text, len };
	struct der body;

	return der_take(&in, DER_SEQUENCE, &body) == 0 && in.len == 0;
}

/* Base64 of DER, or of a whole PEM, as JDBC's private_key_base64 is. */
static int
read_bare(const struct buf *text, struct keytext *kt, struct buf *why)
{
	int r = b64_decode(&kt->der, buf_str(text), text->len);
	struct buf pem = BUF_INIT(KEYTEXT_MAX);

	if (r != 0)
		return refuse(why, r, "is neither PEM nor DER nor base64");
	if (memchr(buf_str(&kt->der), '\0', kt->der.len) == NULL &&
	    strstr(buf_str(&kt->der), BEGIN) != NULL) {
		buf_move(&pem, &kt->der);
		r = read_pem(buf_str(&pem), kt, why);
	}
	buf_wipe(&pem);
	return r;
}

static int
to_der(const char *text, size_t len, struct keytext *kt, struct buf *why)
{
	struct buf plain = BUF_INIT(KEYTEXT_MAX);
	int r;

	if (is_der(text, len))
		return buf_add(&kt->der, text, len);
	if (memchr(text, '\0', len) != NULL)
		return refuse(why, -EBADMSG, "is not a private key");
	unescape(&plain, text, len);
	if (strstr(buf_str(&plain), BEGIN) != NULL)
		r = read_pem(buf_str(&plain), kt, why);
	else
		r = read_bare(&plain, kt, why);
	buf_wipe(&plain);
	return r;
}

int
keytext_parse(const char *text, size_t len, struct keytext *ret_kt,
    struct buf *why)
{
	struct keytext kt = KEYTEXT_INIT;
	struct der in;
	struct der body;
	struct der algorithm;
	int r;

	if (len > KEYTEXT_MAX)
		return refuse(why, -EMSGSIZE, "is too long for a key");
	if (len == 0)
		return refuse(why, -EBADMSG, "is empty");
	r = to_der(text, len, &kt, why);
	in = (struct der){ (const unsigned char *)buf_str(&kt.der),
		kt.der.len };
	if (r == 0 && kt.form == KEYTEXT_PLAIN &&
	    (der_take(&in, DER_SEQUENCE, &body) != 0 || in.len != 0))
		r = refuse(why, -EBADMSG, "is not a private key");
	else if (r == 0 && kt.form == KEYTEXT_PLAIN &&
	    der_take(&body, DER_SEQUENCE, &algorithm) == 0) {
		kt.form = KEYTEXT_ENCRYPTED;
		r = check_scheme(algorithm, why);
	}
	if (r != 0) {
		keytext_wipe(&kt);
		return r;
	}
	*ret_kt = kt;
	return 0;
}

void
keytext_wipe(struct keytext *kt)
{
	buf_wipe(&kt->der);
	buf_wipe(&kt->iv);
}
