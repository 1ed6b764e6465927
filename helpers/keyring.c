/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsecret/secret.h>

#include "keyring.h"
#include "log.h"
#include "mem.h"
#include "path.h"

#define BUS_NAME "org.freedesktop.secrets"
#define PROGRAM  "coco-credential-libsecret"
#define NO_PROMPT \
	"the Secret Service wants to ask the user, which is not allowed here"

struct keyring {
	SecretService *service;
	struct buf *detail; /* of the caller */
	bool has_person;    /* who can be asked, and told */
};

struct keyring_item {
	SecretItem *item;
	GHashTable *attrs;
	SecretValue *secret;
};

/* --- the deadline --------------------------------------------------------- */

/* What the handler writes: prepared, because it may not format. */
static char watchdog_text[256];
static size_t watchdog_len;

/*
 * Only calls that are safe in a signal handler, in whichever thread.  The
 * kernel lets go of our locks and of the secrets in memory; the service
 * finishes what it was told, or never saw it.
 */
static void
watchdog_bite(int signo)
{
	ssize_t n = write(STDERR_FILENO, watchdog_text, watchdog_len);

	(void)n;
	(void)signo;
	_exit(result_exit(RESULT_UNAVAILABLE));
}

static void
watchdog_start(unsigned seconds, bool may_prompt)
{
	struct buf text = BUF_INIT(sizeof(watchdog_text));
	struct sigaction sa = { .sa_handler = watchdog_bite };
	sigset_t set;

	(void)buf_addf(&text, "%s: %s within %u s\n", PROGRAM,
	    may_prompt ? "the keyring was not unlocked" :
			 "the Secret Service did not answer",
	    seconds);
	memcpy(watchdog_text, buf_str(&text), text.len);
	watchdog_len = text.len;
	buf_wipe(&text);
	(void)sigaction(SIGALRM, &sa, NULL);
	/* who started us may have blocked it */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)alarm(seconds);
}

/* --- what GLib would do by itself ----------------------------------------- */

static GLogWriterOutput
drop_structured(GLogLevelFlags level, const GLogField *fields, gsize n,
    gpointer ctx)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)ctx;
	return G_LOG_WRITER_HANDLED;
}

static void
drop_log(const gchar *domain, GLogLevelFlags level, const gchar *text,
    gpointer ctx)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)ctx;
}

/* With G_DBUS_DEBUG it is the traffic, to stdout. */
static void
drop_print(const gchar *text)
{
	(void)text;
}

/* Keep GLib from writing into what are our answers and messages, and the
 * environment from choosing another service. */
static void
tame_libraries(void)
{
	(void)unsetenv("SECRET_SERVICE_BUS_NAME");
	(void)g_log_set_default_handler(drop_log, NULL);
	g_log_set_writer_func(drop_structured, NULL, NULL);
	(void)g_set_print_handler(drop_print);
	(void)g_set_printerr_handler(drop_print);
}

/*
 * A service that refuses to prompt.  libsecret shows a prompt for whatever the
 * service says needs one (making an item in a collection that was locked a
 * moment ago, deleting from one), and offers no flag against it, but these
 * methods.
 */
static GVariant *
refuse_prompt(SecretService *service, SecretPrompt *prompt,
    GCancellable *cancellable, const GVariantType *type, GError **ret_error)
{
	(void)service;
	(void)prompt;
	(void)cancellable;
	(void)type;
	g_set_error_literal(ret_error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED,
	    NO_PROMPT);
	return NULL;
}

static void
refuse_prompt_async(SecretService *service, SecretPrompt *prompt,
    const GVariantType *type, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer ctx)
{
	(void)prompt;
	(void)type;
	g_task_report_new_error(service, callback, ctx, NULL, SECRET_ERROR,
	    SECRET_ERROR_IS_LOCKED, NO_PROMPT);
	(void)cancellable;
}

static GVariant *
refuse_prompt_finish(SecretService *service, GAsyncResult *result,
    GError **ret_error)
{
	(void)service;
	return g_task_propagate_pointer(G_TASK(result), ret_error);
}

static void
init_unprompted_class(gpointer class, gpointer data)
{
	SecretServiceClass *service_class = class;

	(void)data;
	service_class->prompt_sync = refuse_prompt;
	service_class->prompt_async = refuse_prompt_async;
	service_class->prompt_finish = refuse_prompt_finish;
}

static GType
unprompted_type(void)
{
	static GType type;

	if (type == 0)
		type = g_type_register_static_simple(SECRET_TYPE_SERVICE,
		    "CocoUnpromptedService", sizeof(SecretServiceClass),
		    init_unprompted_class, sizeof(SecretService), NULL,
		    (GTypeFlags)0);
	return type;
}

/* --- errors --------------------------------------------------------------- */

static void
set_detail(struct keyring *k, const char *what, const char *why)
{
	buf_clear(k->detail);
	(void)buf_addf(k->detail, "%s%s%s", what, why[0] != '\0' ? ": " : "",
	    why);
}

/* No bus or no service: nothing for the stderr of git. */
static enum result
say_absent(struct keyring *k, const char *what, const char *why)
{
	set_detail(k, what, why);
	if (k->has_person)
		log_warn("%s", buf_str(k->detail));
	return RESULT_UNAVAILABLE;
}

static enum result
say_locked(struct keyring *k, const char *what)
{
	struct buf dir = BUF_INIT(PATH_MAX);

	set_detail(k, what, "");
	log_warn("%s", what);
	if (path_libexec(&dir) == 0)
		log_hint("unlock it with: %s/%s unlock", buf_str(&dir),
		    PROGRAM);
	buf_wipe(&dir);
	return RESULT_UNAVAILABLE;
}

static bool
is_absence(const GError *error)
{
	static const int codes[] = { G_DBUS_ERROR_SERVICE_UNKNOWN,
		G_DBUS_ERROR_NAME_HAS_NO_OWNER, G_DBUS_ERROR_SPAWN_EXEC_FAILED,
		G_DBUS_ERROR_SPAWN_FORK_FAILED, G_DBUS_ERROR_SPAWN_CHILD_EXITED,
		G_DBUS_ERROR_SPAWN_CHILD_SIGNALED, G_DBUS_ERROR_SPAWN_FAILED,
		G_DBUS_ERROR_SPAWN_SETUP_FAILED,
		G_DBUS_ERROR_SPAWN_CONFIG_INVALID,
		G_DBUS_ERROR_SPAWN_SERVICE_INVALID,
		G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND };
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		if (g_error_matches(error, G_DBUS_ERROR, codes[i]))
			return true;
	return false;
}

/* Explain the failure of a call, and free ERROR. */
static enum result
complain(struct keyring *k, const char *what, GError *error)
{
	enum result result = RESULT_UNAVAILABLE;

	(void)g_dbus_error_strip_remote_error(error);
	if (is_absence(error)) {
		result = say_absent(k, "no Secret Service", error->message);
	} else if (g_error_matches(error, SECRET_ERROR,
		       SECRET_ERROR_IS_LOCKED)) {
		result = say_locked(k, "the keyring is locked");
	} else {
		set_detail(k, what, error->message);
		log_warn("%s: %s", what, error->message);
	}
	g_error_free(error);
	return result;
}

/* --- connect and disconnect ----------------------------------------------- */

/*
 * The reason why there can be no session bus, or NULL.  Without an address
 * GLib looks for a socket in the runtime directory, and then starts a new bus
 * by dbus-launch where there is a display: an empty one, so never what is
 * wanted.
 */
static const char *
no_bus(void)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct buf path = BUF_INIT(PATH_MAX);
	const char *why = NULL;
	struct stat st;

	if (address != NULL && strstr(address, "autolaunch:") != NULL)
		return "DBUS_SESSION_BUS_ADDRESS is \"autolaunch:\"";
	if (address != NULL && address[0] != '\0')
		return NULL;
	if (dir == NULL || dir[0] != '/')
		why = "neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR "
		      "is set";
	else if (buf_addf(&path, "%s/bus", dir) != 0 ||
	    stat(buf_str(&path), &st) != 0 || !S_ISSOCK(st.st_mode))
		why = "DBUS_SESSION_BUS_ADDRESS is not set, and there is no "
		      "socket \"bus\" in XDG_RUNTIME_DIR";
	buf_wipe(&path);
	return why;
}

/*
 * Connect, without a session for secrets yet: its key exchange costs more than
 * all the rest, and is made by libsecret when there is a secret to send.
 */
static enum result
connect_service(struct keyring *k)
{
	GDBusConnection *bus;
	GError *error = NULL;
	const char *why = no_bus();

	if (why != NULL)
		return say_absent(k, "no D-Bus session", why);
	bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &error);
	if (bus == NULL) {
		(void)say_absent(k, "no D-Bus session", error->message);
		g_error_free(error);
		return RESULT_UNAVAILABLE;
	}
	/* or a bus that goes away would end us with SIGTERM */
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	k->service = secret_service_open_sync(k->has_person ?
		SECRET_TYPE_SERVICE :
		unprompted_type(),
	    BUS_NAME, SECRET_SERVICE_NONE, NULL, &error);
	g_object_unref(bus);
	if (k->service != NULL)
		return RESULT_SUCCESS;
	return complain(k, "cannot open the Secret Service", error);
}

enum result
keyring_open(unsigned seconds, bool may_prompt, struct buf *detail,
    struct keyring **ret_keyring)
{
	struct keyring *k = xcalloc(1, sizeof(*k));
	enum result result;

	k->detail = detail;
	k->has_person = may_prompt;
	tame_libraries();
	watchdog_start(seconds, may_prompt);
	result = connect_service(k);
	if (result == RESULT_SUCCESS)
		*ret_keyring = k;
	else
		keyring_close(k);
	return result;
}

void
keyring_close(struct keyring *k)
{
	if (k == NULL)
		return;
	g_clear_object(&k->service);
	free(k);
	(void)alarm(0);
}

/* --- collections ---------------------------------------------------------- */

/* The default collection, NULL when there is none; the caller unrefs it. */
static enum result
get_default(struct keyring *k, SecretCollection **ret_collection)
{
	GError *error = NULL;

	*ret_collection = secret_collection_for_alias_sync(k->service,
	    SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, NULL, &error);
	if (error == NULL)
		return RESULT_SUCCESS;
	return complain(k, "cannot find the default keyring", error);
}

/* Nothing was found: whether that can be relied on. */
static enum result
check_default(struct keyring *k)
{
	SecretCollection *collection = NULL;
	enum result result;

	result = get_default(k, &collection);
	if (result == RESULT_SUCCESS && collection != NULL &&
	    secret_collection_get_locked(collection))
		result = say_locked(k, "the keyring is locked");
	g_clear_object(&collection);
	return result;
}

enum result
keyring_unlock(struct keyring *k)
{
	SecretCollection *collection = NULL;
	GList list = { NULL, NULL, NULL };
	GError *error = NULL;
	enum result result;
	int n = 1;

	result = get_default(k, &collection);
	if (result != RESULT_SUCCESS)
		return result;
	if (collection == NULL) {
		collection = secret_collection_create_sync(k->service,
		    "Default keyring", SECRET_COLLECTION_DEFAULT,
		    SECRET_COLLECTION_CREATE_NONE, NULL, &error);
		n = collection != NULL;
	} else if (secret_collection_get_locked(collection)) {
		list.data = collection;
		n = secret_service_unlock_sync(k->service, &list, NULL, NULL,
		    &error);
	}
	g_clear_object(&collection);
	if (error != NULL)
		return complain(k, "cannot unlock the keyring", error);
	if (n > 0)
		return RESULT_SUCCESS;
	log_warn("the keyring stays locked: the question was dismissed, or "
		 "there is no desktop to ask on");
	return RESULT_DENIED;
}

/* --- items ---------------------------------------------------------------- */

static void
make_schema(const char *name, const struct keyring_attr *attrs,
    SecretSchema *ret_schema)
{
	SecretSchema schema = { .name = name, .flags = SECRET_SCHEMA_NONE };
	size_t i;

	for (i = 0; attrs[i].name != NULL; i++) {
		schema.attributes[i].name = attrs[i].name;
		schema.attributes[i].type = SECRET_SCHEMA_ATTRIBUTE_STRING;
	}
	*ret_schema = schema;
}

/* The attributes that have a value, as libsecret wants them. */
static GHashTable *
make_table(const struct keyring_attr *attrs)
{
	GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
	size_t i;

	for (i = 0; attrs[i].name != NULL; i++)
		if (attrs[i].value != NULL)
			(void)g_hash_table_insert(table,
			    (gpointer)(uintptr_t)attrs[i].name,
			    (gpointer)(uintptr_t)attrs[i].value);
	return table;
}

static GList *
search(struct keyring *k, const char *schema_name,
    const struct keyring_attr *attrs, GError **ret_error)
{
	GHashTable *table = make_table(attrs);
	SecretSchema schema;
	GList *list;

	make_schema(schema_name, attrs, &schema);
	list = secret_service_search_sync(k->service,
	    schema_name != NULL ? &schema : NULL, table, SECRET_SEARCH_ALL,
	    NULL, ret_error);
	g_hash_table_unref(table);
	return list;
}

static bool
any_is_locked(const GList *list)
{
	for (; list != NULL; list = list->next)
		if (secret_item_get_locked(list->data))
			return true;
	return false;
}

/* Read the secrets of all at once, after it is sure that it can be done. */
static enum result
load_secrets(struct keyring *k, GList *list)
{
	GError *error = NULL;

	if (list == NULL)
		return check_default(k);
	if (g_list_length(list) > KEYRING_MAX_ITEMS) {
		log_warn("the keyring has too many items for this request");
		return RESULT_ERROR;
	}
	if (any_is_locked(list))
		return say_locked(k, "the keyring is locked");
	if (!secret_item_load_secrets_sync(list, NULL, &error))
		return complain(k, "cannot read the keyring", error);
	return RESULT_SUCCESS;
}

/* Take what LIST holds.  An item without a secret was deleted or locked since
 * it was found: what would be left might be an older token. */
static enum result
take_items(const GList *list, struct keyring_items *items)
{
	enum result result = RESULT_SUCCESS;
	struct keyring_item *item;

	items->v = xcalloc(g_list_length((GList *)(uintptr_t)list) + 1,
	    sizeof(struct keyring_item *));
	for (; list != NULL; list = list->next) {
		item = xcalloc(1, sizeof(*item));
		item->item = g_object_ref(list->data);
		item->attrs = secret_item_get_attributes(item->item);
		item->secret = secret_item_get_secret(item->item);
		items->v[items->len++] = item;
		if (item->secret == NULL)
			result = RESULT_UNAVAILABLE;
	}
	if (result != RESULT_SUCCESS)
		log_warn("the keyring changed while it was read");
	return result;
}

enum result
keyring_find(struct keyring *k, const char *schema,
    const struct keyring_attr *attrs, struct keyring_items *ret_items)
{
	struct keyring_items items = KEYRING_ITEMS_INIT;
	GError *error = NULL;
	enum result result;
	GList *list;

	list = search(k, schema, attrs, &error);
	if (error != NULL)
		return complain(k, "cannot search the keyring", error);
	result = load_secrets(k, list);
	if (result == RESULT_SUCCESS)
		result = take_items(list, &items);
	g_list_free_full(list, g_object_unref);
	if (result == RESULT_SUCCESS)
		*ret_items = items;
	else
		keyring_items_clear(&items);
	return result;
}

void
keyring_items_clear(struct keyring_items *items)
{
	size_t i;

	for (i = 0; i < items->len; i++) {
		g_object_unref(items->v[i]->item);
		g_hash_table_unref(items->v[i]->attrs);
		if (items->v[i]->secret != NULL)
			secret_value_unref(items->v[i]->secret);
		free(items->v[i]);
	}
	free(items->v);
	*items = (struct keyring_items)KEYRING_ITEMS_INIT;
}

const char *
keyring_secret(const struct keyring_item *item, size_t *ret_len)
{
	gsize len = 0;
	const char *data = secret_value_get(item->secret, &len);

	*ret_len = len;
	return data;
}

bool
keyring_has_attr(const struct keyring_item *item, const char *name,
    const char *value)
{
	const char *have = g_hash_table_lookup(item->attrs, name);

	if (have == NULL || value == NULL)
		return have == value;
	return strcmp(have, value) == 0;
}

int64_t
keyring_modified(const struct keyring_item *item)
{
	return (int64_t)secret_item_get_modified(item->item);
}

const char *
keyring_path(const struct keyring_item *item)
{
	return g_dbus_proxy_get_object_path(G_DBUS_PROXY(item->item));
}

/* A copy of TEXT in libsecret's memory, which is locked and wiped. */
static SecretValue *
make_value(const struct buf *text)
{
	return secret_value_new(buf_str(text), (gssize)text->len, "text/plain");
}

enum result
keyring_write(struct keyring *k, struct keyring_item *item,
    const struct buf *text)
{
	SecretValue *value = make_value(text);
	GError *error = NULL;
	bool ok;

	ok = secret_item_set_secret_sync(item->item, value, NULL, &error);
	secret_value_unref(value);
	if (!ok)
		return complain(k, "cannot write to the keyring", error);
	return RESULT_SUCCESS;
}

enum result
keyring_create(struct keyring *k, const char *schema_name,
    const struct keyring_attr *attrs, const char *label, const struct buf *text)
{
	SecretCollection *collection = NULL;
	SecretItem *item = NULL;
	GHashTable *table = make_table(attrs);
	SecretValue *value = make_value(text);
	GError *error = NULL;
	SecretSchema schema;
	enum result result;

	make_schema(schema_name, attrs, &schema);
	result = get_default(k, &collection);
	if (result != RESULT_SUCCESS)
		goto out;
	if (collection == NULL || secret_collection_get_locked(collection)) {
		result = say_locked(k,
		    collection == NULL ? "there is no default keyring yet" :
					 "the keyring is locked");
		goto out;
	}
	item = secret_item_create_sync(collection, &schema, table, label, value,
	    SECRET_ITEM_CREATE_NONE, NULL, &error);
	if (item == NULL)
		result = complain(k, "cannot write to the keyring", error);
out:
	g_clear_object(&item);
	g_clear_object(&collection);
	g_hash_table_unref(table);
	secret_value_unref(value);
	return result;
}

enum result
keyring_delete(struct keyring *k, struct keyring_item *item)
{
	GError *error = NULL;

	if (secret_item_delete_sync(item->item, NULL, &error))
		return RESULT_SUCCESS;
	return complain(k, "cannot delete from the keyring", error);
}
