/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Account identifiers and the host names that are made of them. */
#include "coco.h"

#include "account.h"
#include "tap.h"

static void
host(const char *account, const char *region, const char *want)
{
	struct buf got = BUF_INIT(1024);
	struct buf why = BUF_INIT(1024);

	is_int(account_host(account, region, &got, &why), 0, "%s is taken",
	    account);
	is_str(buf_str(&got), want, "%s with region %s", account,
	    region != NULL ? region : "none");
	is_str(buf_str(&why), "", "%s gives no reason", account);
	buf_wipe(&got);
	buf_wipe(&why);
}

static void
refused(const char *account, const char *region, const char *reason)
{
	struct buf got = BUF_INIT(1024);
	struct buf why = BUF_INIT(1024);

	is_int(account_host(account, region, &got, &why), -EBADMSG,
	    "refused: %s", reason);
	is_str(buf_str(&why), reason, "with this reason");
	is_int((intmax_t)got.len, 0, "nothing was added");
	buf_wipe(&got);
	buf_wipe(&why);
}

static void
name(const char *account, const char *want)
{
	struct buf got = BUF_INIT(1024);
	struct buf why = BUF_INIT(1024);

	is_int(account_name(account, &got, &why), 0, "%s has a name", account);
	is_str(buf_str(&got), want, "name of %s", account);
	buf_wipe(&got);
	buf_wipe(&why);
}

static void
test_hosts(void)
{
	host("myorg-acct", NULL, "myorg-acct.snowflakecomputing.com");
	host("MyOrg-Acct_1", NULL, "myorg-acct-1.snowflakecomputing.com");
	host("xy12345.us-east-1", NULL,
	    "xy12345.us-east-1.snowflakecomputing.com");
	host("xy12345.us-east-2.aws", NULL,
	    "xy12345.us-east-2.aws.snowflakecomputing.com");
	host(" xy12345 ", NULL, "xy12345.snowflakecomputing.com");
	host("xy12345", "", "xy12345.snowflakecomputing.com");
	host("xy12345", "us-west-2", "xy12345.snowflakecomputing.com");
	host("xy12345", "EU-Central-1",
	    "xy12345.eu-central-1.snowflakecomputing.com");
	host("xy12345.us-east-1", "eu-central-1",
	    "xy12345.eu-central-1.snowflakecomputing.com");
	host("a.privatelink", NULL, "a.privatelink.snowflakecomputing.com");
	host("a.privatelink", "us-east-1",
	    "a.us-east-1.privatelink.snowflakecomputing.com");
	host("a-1.global", NULL, "a-1.global.snowflakecomputing.com");
}

static void
test_china(void)
{
	host("a.cn-northwest-1", NULL,
	    "a.cn-northwest-1.snowflakecomputing.cn");
	host("a", "cn-northwest-1", "a.cn-northwest-1.snowflakecomputing.cn");
	host("a", "CN-northwest-1", "a.cn-northwest-1.snowflakecomputing.cn");
	host("a.snowflakecomputing.cn", NULL, "a.snowflakecomputing.cn");
	host("a.cn-x", "us-east-1", "a.us-east-1.snowflakecomputing.com");
}

static void
test_urls(void)
{
	host("https://A_B.SnowflakeComputing.com/console?x#y", NULL,
	    "a-b.snowflakecomputing.com");
	host("http://a.snowflakecomputing.com", NULL,
	    "a.snowflakecomputing.com");
	host("a.snowflakecomputing.com", NULL, "a.snowflakecomputing.com");
	host("a.snowflakecomputing.com/", NULL, "a.snowflakecomputing.com");
	host("a.us-east-1.privatelink.snowflakecomputing.com", NULL,
	    "a.us-east-1.privatelink.snowflakecomputing.com");
	refused("https://app.snowflake.com/org/acct", NULL,
	    "account \"https://app.snowflake.com/org/acct\" is a URL of "
	    "another service; write the account identifier, or set \"host\"");
	refused("https://u@a.snowflakecomputing.com", NULL,
	    "account \"https://u@a.snowflakecomputing.com\" may hold letters, "
	    "digits, \"_\" and \"-\" only");
}

static void
test_refusals(void)
{
	refused("", NULL, "account \"\" has an empty part");
	refused("a..b", NULL, "account \"a..b\" has an empty part");
	refused(".a", NULL, "account \".a\" has an empty part");
	refused("a.", NULL, "account \"a.\" has an empty part");
	refused(".snowflakecomputing.com", NULL,
	    "account \".snowflakecomputing.com\" has an empty part");
	refused("evil.com/x", NULL,
	    "account \"evil.com/x\" may hold letters, "
	    "digits, \"_\" and \"-\" only");
	refused("a b", NULL,
	    "account \"a b\" may hold letters, digits, "
	    "\"_\" and \"-\" only");
	refused("a\033b", NULL,
	    "account \"a\\x1bb\" may hold letters, "
	    "digits, \"_\" and \"-\" only");
	refused("a:8", NULL,
	    "account \"a:8\" may hold letters, digits, "
	    "\"_\" and \"-\" only");
	refused("a", "x/y",
	    "the region of account \"a\" may hold letters, "
	    "digits, \"_\" and \"-\" only");
	refused("a", ".x", "the region of account \"a\" has an empty part");
	refused("a2345678901234567890123456789012345678901234567890123456789"
		"01234",
	    NULL,
	    "account \"a2345678901234567890123456789012345678901234567890123"
	    "45678901234\" has a part that is too long");
}

static void
test_names(void)
{
	struct buf got = BUF_INIT(1024);
	struct buf why = BUF_INIT(1024);

	name("myorg-acct", "MYORG-ACCT");
	name("my_acct.us-east-1", "MY_ACCT");
	name("https://a.snowflakecomputing.com/", "A");
	name("a-hash.global", "A");
	name("a-hash.global-x", "A-HASH");
	name("a-more-hash.GLOBAL", "A");
	name("a.global", "A");
	name("a-hash.global.snowflakecomputing.com", "A");
	name("a-hash.global.privatelink", "A");
	name("xy12345", "XY12345");
	name("xy12345.us-east-1", "XY12345");
	name("xy12345.us-east-2.aws", "XY12345");
	name("xy12345.us-central1.gcp", "XY12345");
	name("xy12345.west-europe.azure.privatelink", "XY12345");
	name("xy12345.us-east-1.snowflakecomputing.com", "XY12345");
	name("xy12345.cn-northwest-1.snowflakecomputing.cn", "XY12345");
	name("my_org-my_acct", "MY_ORG-MY_ACCT");
	name("myorg-acct.privatelink", "MYORG-ACCT");
	name("HTTPS://MyOrg-Acct.privatelink.snowflakecomputing.com/x",
	    "MYORG-ACCT");
	is_int(account_name("myorg.acct", &got, &why), -EBADMSG,
	    "organisation.account");
	is_str(buf_str(&why),
	    "account \"myorg.acct\" has a dot between organisation and "
	    "account; write \"-\" there",
	    "and why");
	is_int(account_name("myorg.my_acct.privatelink", &got, &why), -EBADMSG,
	    "the same over a private link");
	is_int(account_name("a b", &got, &why), -EBADMSG, "a blank");
	is_int((intmax_t)got.len, 0, "no name was added");
	buf_wipe(&got);
	buf_wipe(&why);
}

int
main(void)
{
	test_hosts();
	test_china();
	test_urls();
	test_refusals();
	test_names();
	return done_testing();
}
