/* test_auth.c - credentials, nonces, hashes of passwords, files of users, rules, the cache, the throttle */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules/auth/base64.h"
#include "modules/auth/cache.h"
#include "modules/auth/credentials.h"
#include "modules/auth/filejob.h"
#include "modules/auth/password.h"
#include "modules/auth/question.h"
#include "modules/auth/recent.h"
#include "modules/auth/throttle.h"
#include "modules/auth/userfile.h"

/* ---- base64, Basic
 * ------------------------------------------------------------------------------------------------ */

START_TEST(base64) {
    static const struct {
        struct span encoded;
        const char *decoded; /* NULL: refused */
    } table[] = {
        {SPAN_INIT(""), ""},
        {SPAN_INIT("Zg=="), "f"},
        {SPAN_INIT("Zm8="), "fo"},
        {SPAN_INIT("Zm9v"), "foo"},
        {SPAN_INIT("Zm9vYg=="), "foob"},
        {SPAN_INIT("Zg"), NULL},
        {SPAN_INIT("Zg="), NULL},
        {SPAN_INIT("Zh=="), NULL},
        {SPAN_INIT("Zm9="), NULL},
        {SPAN_INIT("Zg==Zg=="), NULL},
        {SPAN_INIT("===="), NULL},
        {SPAN_INIT("Z==="), NULL},
        {SPAN_INIT("Zm9v\n"), NULL},
        {SPAN_INIT("Zm-_"), NULL},
        {SPAN_INIT("Z=9v"), NULL},
        {SPAN_INIT("Zm9v\xff\xff\xff\xff"), NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf out = {0};
        ck_assert_msg(base64_decode(table[i].encoded, &out) == (table[i].decoded != NULL), "%s", table[i].encoded.p);
        ck_assert_str_eq(out.p ? buf_text(&out) : "", table[i].decoded ? table[i].decoded : "");
        buf_done(&out);
    }
}
END_TEST

START_TEST(basic) {
    static const struct {
        struct span sent;
        const char *user, *password; /* NULL: refused */
    } table[] = {
        {SPAN_INIT("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin", "open sesame"}, /* RFC 7617 2 */
        {SPAN_INIT("dGVzdDoxMjPCow=="), "test", "123\xc2\xa3"},                /* RFC 7617 2.1 */
        {SPAN_INIT("YTpiOmM="), "a", "b:c"},
        {SPAN_INIT("Og=="), "", ""},
        {SPAN_INIT("YQ=="), NULL, NULL},     /* no colon */
        {SPAN_INIT("YTpiAGM="), NULL, NULL}, /* a NUL */
        {SPAN_INIT("YQo6Yg=="), NULL, NULL}, /* a line feed */
        {SPAN_INIT(""), NULL, NULL},
        {SPAN_INIT("a:b"), NULL, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena a = {0};
        struct span user, password;
        ck_assert_int_eq(basic_parse(table[i].sent, &a, &user, &password), table[i].user != NULL);
        if (table[i].user) {
            ck_assert(span_is(user, span_of(table[i].user)));
            ck_assert(span_is(password, span_of(table[i].password)));
        }
        arena_done(&a);
    }
}
END_TEST

START_TEST(schemes) {
    struct span rest;
    ck_assert(credentials_are(SPAN("bASIC  abc"), SPAN("Basic"), &rest) && span_is(rest, SPAN("abc")));
    ck_assert(!credentials_are(SPAN("Basic"), SPAN("Basic"), &rest));
    ck_assert(!credentials_are(SPAN("Basically abc"), SPAN("Basic"), &rest));
    ck_assert(!credentials_are(SPAN(""), SPAN("Basic"), &rest));
}
END_TEST

/* ---- Digest
 * --------------------------------------------------------------------------------------------------------- */

#define MUFASA \
    "username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", " \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, " \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "

/* RFC 7616 3.9.1; 3.9.2 as the errata have it, with values of another implementation. */
START_TEST(digest_examples) {
    static const struct {
        struct span sent, user, realm, password;
    } table[] = {
        {SPAN_INIT(MUFASA "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\", opaque=\"x\""),
         SPAN_INIT("Mufasa"), SPAN_INIT("http-auth@example.org"), SPAN_INIT("Circle of Life")},
        {SPAN_INIT(MUFASA "algorithm=SHA-256, "
                          "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""),
         SPAN_INIT("Mufasa"), SPAN_INIT("http-auth@example.org"), SPAN_INIT("Circle of Life")},
        {SPAN_INIT("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"api@example.org\", uri=\"/doe.json\", "
                   "algorithm=SHA-512-256, nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, "
                   "cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm\", qop=auth, "
                   "response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\""),
         SPAN_INIT("J\xc3\xa4s\xc3\xb8n Doe"), SPAN_INIT("api@example.org"), SPAN_INIT("Secret, or not?")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena a = {0};
        struct digest d;
        char secret[HASH_HEX_MAX], response[HASH_HEX_MAX];
        ck_assert(digest_parse(table[i].sent, &a, &d));
        ck_assert(span_is(d.username, table[i].user) && span_is(d.realm, table[i].realm));
        size_t n = hash_joined(d.algorithm->hash, secret,
                               (struct span[]){table[i].user, table[i].realm, table[i].password}, 3);
        n = digest_response(&d, SPAN("GET"), (struct span){secret, n}, response);
        ck_assert(span_is((struct span){response, n}, d.response));
        arena_done(&a);
    }
}
END_TEST

START_TEST(digest_refused) {
    static const struct span right = SPAN_INIT(MUFASA "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\"");
    static const struct {
        struct span what, instead;
    } table[] = {
        {SPAN_INIT("username=\"Mufasa\", "), SPAN_INIT("")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username=\"\"")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username=\"Mu\\\"")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username=\"Mufasa\", username=\"Scar\"")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username=\"Mufasa\", username*=UTF-8''Scar")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username*=UTF-8''%ff")},
        {SPAN_INIT("username=\"Mufasa\""), SPAN_INIT("username=\"Mu\nfasa\"")},
        {SPAN_INIT("qop=auth"), SPAN_INIT("qop=auth-int")},
        {SPAN_INIT("qop=auth, "), SPAN_INIT("")},
        {SPAN_INIT("nc=00000001"), SPAN_INIT("nc=1")},
        {SPAN_INIT("nc=00000001"), SPAN_INIT("nc=0000000g")},
        {SPAN_INIT("algorithm=MD5"), SPAN_INIT("algorithm=MD4")},
        {SPAN_INIT("algorithm=MD5"), SPAN_INIT("algorithm=SHA-256")},
        {SPAN_INIT("realm="), SPAN_INIT("realm:")},
        {SPAN_INIT(", uri"), SPAN_INIT(" uri")},
        {SPAN_INIT("dbec\""), SPAN_INIT("dbec")},
        {SPAN_INIT("dbec\""), SPAN_INIT("dbe\"")},
        {SPAN_INIT("cnonce="), SPAN_INIT("dnonce=")},
    };
    struct arena a = {0};
    struct digest d;
    ck_assert(digest_parse(right, &a, &d));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf b = {0};
        size_t at = span_search(right, table[i].what);
        ck_assert(at < right.n);
        buf_add(&b, span_upto(right, at));
        buf_add(&b, table[i].instead);
        buf_add(&b, span_from(right, at + table[i].what.n));
        ck_assert_msg(!digest_parse(buf_span(&b), &a, &d), "%s", buf_text(&b));
        buf_done(&b);
    }
    ck_assert(!digest_parse(SPAN(""), &a, &d));
    arena_done(&a);
}
END_TEST

START_TEST(nonces) {
    struct auth_rule rule = {.realm = SPAN("r"), .nonce_secret = SPAN("0123456789abcdef0123456789abcdef")},
                     other = rule;
    char text[NONCE_BYTES];
    struct span nonce = {text, nonce_make(&rule, 1000000, text)};
    ck_assert_int_eq(nonce_check(&rule, nonce, 1000000), NONCE_GOOD);
    ck_assert_int_eq(nonce_check(&rule, nonce, 1000600), NONCE_GOOD);
    ck_assert_int_eq(nonce_check(&rule, nonce, 1000601), NONCE_STALE);
    ck_assert_int_eq(nonce_check(&rule, nonce, 999000), NONCE_STALE);
    other.realm = SPAN("s");
    ck_assert_int_eq(nonce_check(&other, nonce, 1000000), NONCE_FOREIGN);
    other = rule;
    other.nonce_secret = SPAN("another");
    ck_assert_int_eq(nonce_check(&other, nonce, 1000000), NONCE_FOREIGN);
    for (size_t i = 0; i < nonce.n; i++) {
        text[i] ^= 1;
        ck_assert_int_eq(nonce_check(&rule, nonce, 1000000), NONCE_FOREIGN);
        text[i] ^= 1;
    }
    ck_assert_int_eq(nonce_check(&rule, span_upto(nonce, nonce.n - 1), 1000000), NONCE_FOREIGN);
}
END_TEST

/* ---- passwords
 * -------------------------------------------------------------------------------------------------------- */

START_TEST(passwords) {
    static const struct {
        struct span password, hash;
        enum password_result result;
    } table[] = {
        /* from `openssl passwd -apr1`, `-1`; SHA-crypt.txt; htpasswd -s */
        {SPAN_INIT("secret"), SPAN_INIT("$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/"), PASSWORD_RIGHT},
        {SPAN_INIT("Secret"), SPAN_INIT("$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/"), PASSWORD_WRONG},
        {SPAN_INIT(""), SPAN_INIT("$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/"), PASSWORD_WRONG},
        {SPAN_INIT("Hello world!"), SPAN_INIT("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
         PASSWORD_RIGHT},
        {SPAN_INIT("Hello world!"),
         SPAN_INIT("$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"), PASSWORD_RIGHT},
        {SPAN_INIT("Hello world!"),
         SPAN_INIT(
             "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
         PASSWORD_RIGHT},
        {SPAN_INIT("hello world!"),
         SPAN_INIT(
             "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
         PASSWORD_WRONG},
        {SPAN_INIT("secret"), SPAN_INIT("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), PASSWORD_RIGHT},
        {SPAN_INIT("Secret"), SPAN_INIT("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), PASSWORD_WRONG},
        {SPAN_INIT("secret"), SPAN_INIT("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ"), PASSWORD_UNKNOWN},
        {SPAN_INIT("secret"), SPAN_INIT("secret"), PASSWORD_UNKNOWN}, /* no hash at all */
        {SPAN_INIT(""), SPAN_INIT(""), PASSWORD_WRONG}, /* accounts that are shut */
        {SPAN_INIT("*"), SPAN_INIT("*"), PASSWORD_WRONG},
        {SPAN_INIT("secret"), SPAN_INIT("!{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), PASSWORD_WRONG},
        {SPAN_INIT("x"), SPAN_INIT("$zz$none"), PASSWORD_UNKNOWN},
        {SPAN_INIT("x"), SPAN_INIT("$5$rounds=x$a$b"), PASSWORD_UNKNOWN},
        {SPAN_INIT("sec\0ret"), SPAN_INIT("$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/"), PASSWORD_WRONG},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(password_check(table[i].password, table[i].hash) == table[i].result, "%s for %s",
                      table[i].password.p, table[i].hash.p);
}
END_TEST

/* What is made is what is there. */
START_TEST(own_hashes) {
    static const char *const settings[] = {"$1$abcdefgh", "$apr1$a", "$5$rounds=1001$x", "$6$rounds=1001$xy"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char password[140];
        for (size_t n = 0; n < sizeof password; n += 31) {
            struct buf hash = {0}, by_system = {0};
            memset(password, (int)('a' + n % 26), sizeof password);
            password[n] = '\0';
            ck_assert((i < 2 ? md5_crypt : sha_crypt)(span_of(password), span_of(settings[i]), &hash));
            ck_assert_int_eq(password_check(span_of(password), buf_span(&hash)), PASSWORD_RIGHT);
            if (i != 1 && system_crypt(password, settings[i], &by_system))
                ck_assert_str_eq(buf_text(&hash), buf_text(&by_system));
            buf_done(&hash);
            buf_done(&by_system);
        }
    }
}
END_TEST

/* ---- files
 * ------------------------------------------------------------------------------------------------------------- */

static char path[64], groups[80];

static void make(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* The verdict, and behind a blank what else the answer has. */
static const char *answer_to(enum file_format format, const char *file, const struct auth_login *l) {
    static char said[512];
    struct buf question = {0}, answer = {0};
    struct span rest, text;
    texts_add(&question, SPAN("the backend"));
    file_ask(format, span_of(file), span_of(groups), l, &question);
    file_answer(buf_span(&question), &answer);
    rest = buf_span(&answer);
    said[0] = '\0';
    for (size_t n = 0; texts_next(&rest, &text); n = strlen(said))
        snprintf(said + n, sizeof said - n, "%s%.*s", n ? " " : "", SPAN_ARG(text));
    buf_done(&question);
    buf_done(&answer);
    return said;
}

START_TEST(files) {
    struct span staff[] = {SPAN("staff")};
    struct auth_rule rule = {.realm = SPAN("re:alm"), .groups = staff, .group_count = 1};
    const struct algorithm *md5 = &algorithms[ALGORITHM_MD5], *sha256 = &algorithms[2];
    snprintf(path, sizeof path, "/tmp/test_auth.%ld", (long)getpid());
    snprintf(groups, sizeof groups, "%s.groups", path);
    make(groups, "# none\nothers: joe\nstaff : ann, joe\n");
    make(path, "#joe:secret\n\n:secret\njoe:sec:ret\r\nempty:\nlast:x");
    struct auth_login l = {.rule = &rule, .user = SPAN("joe"), .password = SPAN("sec:ret")};
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "p 1 joe ");
    l.password = SPAN("secret");
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "w");
    l.user = SPAN("#joe");
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "w");
    l = (struct auth_login){.rule = &rule, .user = SPAN("empty"), .password = SPAN("")};
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "w");
    l = (struct auth_login){.rule = &rule, .user = SPAN("last"), .password = SPAN("x")};
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "p 0 last ");
    l = (struct auth_login){.rule = &rule, .user = SPAN("joe"), .algorithm = md5};
    /* printf 'joe:re:alm:sec:ret' | md5sum */
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "p 1 joe 96e5bc21b53c9c3a58727e70adbf5343");
    l = (struct auth_login){.rule = &rule, .user = SPAN("nobody"), .password = SPAN("x")};
    ck_assert_str_eq(answer_to(FILE_PLAIN, path, &l), "w");

    make(path, "joe:other:00000000000000000000000000000000\njoe:re:alm:96E5BC21b53c9c3a58727e70adbf5343\n"
               "joe:re:alm:07cb6d1ac1c4a5eae6bcd9d0a4a41c4e0b5e6ce1a3c8a3a9e7d1d2c3b4a59687:more\n");
    l = (struct auth_login){.rule = &rule, .user = SPAN("joe"), .algorithm = md5};
    ck_assert_str_eq(answer_to(FILE_HTDIGEST, path, &l), "p 1 joe 96e5bc21b53c9c3a58727e70adbf5343");
    l.algorithm = sha256;
    ck_assert_str_eq(answer_to(FILE_HTDIGEST, path, &l),
                     "p 1 joe 07cb6d1ac1c4a5eae6bcd9d0a4a41c4e0b5e6ce1a3c8a3a9e7d1d2c3b4a59687");
    l = (struct auth_login){.rule = &rule, .user = SPAN("joe"), .password = SPAN("sec:ret")};
    ck_assert_str_eq(answer_to(FILE_HTDIGEST, path, &l), "p 1 joe ");
    l.password = SPAN("wrong");
    ck_assert_str_eq(answer_to(FILE_HTDIGEST, path, &l), "w");

    /* printf 'joe:re:alm' | sha256sum */
    l = (struct auth_login){.rule = &rule, .userhash = true, .algorithm = sha256};
    l.user = SPAN("9f5f4dc7aa1a2cbd51c6d53e3d2be3e5e1c1ab7a7e0d6c64d2d8ac7bfe2fb0ab");
    ck_assert_str_eq(answer_to(FILE_HTDIGEST, path, &l), "w");
    char hex[HASH_HEX_MAX];
    l.user = (struct span){hex, hash_joined(HASH_SHA256, hex, (struct span[]){SPAN("joe"), rule.realm}, 2)};
    ck_assert_int_eq(answer_to(FILE_HTDIGEST, path, &l)[0], 'p');

    make(path, "joe:$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/:a comment\nodd:$zz$x\n");
    l = (struct auth_login){.rule = &rule, .user = SPAN("joe"), .password = SPAN("secret")};
    ck_assert_str_eq(answer_to(FILE_HTPASSWD, path, &l), "p 1 joe ");
    l.user = SPAN("odd");
    ck_assert_int_eq(answer_to(FILE_HTPASSWD, path, &l)[0], 'b');
    unlink(path);
    ck_assert_int_eq(answer_to(FILE_HTPASSWD, path, &l)[0], 'b');
    make(path, "joe:x\n");
    unlink(groups);
    l = (struct auth_login){.rule = &rule, .user = SPAN("joe"), .password = SPAN("x")};
    ck_assert_int_eq(answer_to(FILE_PLAIN, path, &l)[0], 'b');
    unlink(path);
}
END_TEST

START_TEST(damaged_questions) {
    struct buf question = {0}, answer = {0};
    struct auth_rule rule = {.realm = SPAN("r")};
    struct auth_login l = {.rule = &rule, .user = SPAN("u"), .password = SPAN("p")};
    texts_add(&question, SPAN("x"));
    file_ask(FILE_PLAIN, SPAN("/nowhere"), SPAN(""), &l, &question);
    for (size_t n = 0; n < question.n; n++) {
        struct span rest, verdict;
        char *part = malloc(n + 1); /* so that a sanitizer sees what reads beyond it */
        file_answer((struct span){memcpy(part, question.p, n), n}, &answer);
        rest = buf_span(&answer);
        ck_assert(texts_next(&rest, &verdict) && verdict.p[0] == VERDICT_BROKEN);
        free(part);
    }
    buf_done(&question);
    buf_done(&answer);
}
END_TEST

/* ---- rules, cache, throttle
 * ------------------------------------------------------------------------------------------------ */

START_TEST(rules) {
    struct span users[] = {SPAN("joe")}, names[] = {SPAN("staff")};
    struct auth_rule list[] = {
        {.prefix = SPAN("/a/b"), .any_user = true},
        {.prefix = SPAN("/a"), .users = users, .user_count = 1, .groups = names, .group_count = 1}};
    struct auth_rules all = {list, 2};
    ck_assert_ptr_eq(auth_rule_for(&all, SPAN("/a/b/c"), false), &list[0]);
    ck_assert_ptr_eq(auth_rule_for(&all, SPAN("/a/c"), false), &list[1]);
    ck_assert_ptr_null(auth_rule_for(&all, SPAN("/A/c"), false));
    ck_assert_ptr_eq(auth_rule_for(&all, SPAN("/A/c"), true), &list[1]);
    ck_assert_ptr_null(auth_rule_for(&all, SPAN("/"), true));
    ck_assert(auth_rule_allows(&list[0], SPAN("x"), false));
    ck_assert(auth_rule_allows(&list[1], SPAN("joe"), false));
    ck_assert(auth_rule_allows(&list[1], SPAN("ann"), true));
    ck_assert(!auth_rule_allows(&list[1], SPAN("ann"), false));
    list[1].group_count = 0;
    ck_assert(!auth_rule_allows(&list[1], SPAN("ann"), true));
}
END_TEST

START_TEST(challenges) {
    struct auth_rule rule = {.realm = SPAN("a \"b\\"), .nonce_secret = SPAN("x"), .userhash = true};
    struct buf b = {0};
    challenge_basic(&rule, &b);
    ck_assert_str_eq(buf_text(&b), "Basic realm=\"a \\\"b\\\\\", charset=\"UTF-8\"");
    buf_clear(&b);
    challenge_digest(&rule, 2, true, 16, &b);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "Digest realm=\"a \\\"b\\\\\", charset=\"UTF-8\", algorithm=SHA-256, "
                                               "nonce=\"0000000000000010"));
    ck_assert(span_ends(buf_span(&b), SPAN("\", qop=\"auth\", userhash=true, stale=true")));
    buf_done(&b);
}
END_TEST

START_TEST(cache) {
    unsigned char key[AUTH_CACHE_KEY], other[AUTH_CACHE_KEY];
    struct span answer;
    auth_cache_key(SPAN("a"), key);
    auth_cache_key(SPAN("b"), other);
    ck_assert(!auth_cache_get(key, 100, 10, &answer));
    auth_cache_put(key, SPAN("one"), 100, 2);
    ck_assert(auth_cache_get(key, 110, 10, &answer) && span_is(answer, SPAN("one")));
    ck_assert(!auth_cache_get(other, 110, 10, &answer));
    ck_assert(!auth_cache_get(key, 111, 10, &answer));
    ck_assert(!auth_cache_get(key, 100, 10, &answer)); /* what was too old is gone */
    for (char c = 'a'; c < 'f'; c++) {
        auth_cache_key((struct span){&c, 1}, key);
        auth_cache_put(key, SPAN("x"), 100, 2);
    }
    ck_assert(auth_cache_get(key, 100, 10, &answer));
    ck_assert(!auth_cache_get(other, 100, 10, &answer));
    auth_cache_clear();
    ck_assert(!auth_cache_get(key, 100, 10, &answer));
}
END_TEST

START_TEST(throttle) {
    struct addr a = {0}, b = {0}, six = {0}, neighbour;
    a.is.v4.sin_family = b.is.v4.sin_family = AF_INET;
    a.is.v4.sin_addr.s_addr = 1;
    b.is.v4.sin_addr.s_addr = 2;
    six.is.v6.sin6_family = AF_INET6;
    six.is.v6.sin6_addr.s6_addr[0] = 0x20;
    neighbour = six;
    neighbour.is.v6.sin6_addr.s6_addr[15] = 1;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(throttle_wait_ms(&a, SPAN("joe"), NULL, 1000), 0);
        throttle_failed(&a, SPAN("joe"), 1000);
        throttle_failed(&six, SPAN(""), 1000);
    }
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("ann"), NULL, 1000), 500);
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("ann"), NULL, 1000), 1000); /* one after the other */
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("joe"), NULL, 1000), 500);
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("joe"), NULL, 1000), 500); /* a name has no queue */
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("ann"), NULL, 1000), 0);
    ck_assert_int_eq(throttle_wait_ms(&neighbour, SPAN("ann"), NULL, 1000), 500);
    throttle_passed(&b, SPAN("joe"), NULL, 1000);
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("joe"), NULL, 1000), 0);
    int last = 0;
    for (int i = 0; i < 100 && last >= 0; i++) last = throttle_wait_ms(&a, SPAN("ann"), NULL, 1000);
    ck_assert_int_eq(last, -1);
    for (int i = 0; i < 100; i++) throttle_failed(&a, SPAN("x"), 1000);
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("x"), NULL, 1000), THROTTLE_MOST_MS);
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("x"), NULL, 1000 + 60 * 60 * 1000), 0);
    throttle_clear();
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("x"), NULL, 1000), 0);
}
END_TEST

/* Who is known is not slowed down by others, as long as that helps nobody to guess. */
START_TEST(throttle_known) {
    static const unsigned char right[] = "12345678", other[] = "12345679";
    struct addr a = {0}, b = {0};
    a.is.v4.sin_family = b.is.v4.sin_family = AF_INET;
    a.is.v4.sin_addr.s_addr = 1;
    b.is.v4.sin_addr.s_addr = 2;
    throttle_clear();
    throttle_passed(&a, SPAN("joe"), right, 1000);
    for (int i = 0; i < 3; i++) throttle_failed(&b, SPAN("joe"), 1000);
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("joe"), NULL, 1000), 0);   /* the name alone: known from here */
    ck_assert_int_eq(throttle_wait_ms(&b, SPAN("joe"), right, 1000), 500); /* not from there */
    for (int i = 0; i < 3; i++) throttle_failed(&a, SPAN("ann"), 1000);
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("joe"), right, 1000), 0);
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("joe"), other, 1000), 500);
    for (int i = 0; i < THROTTLE_TRUSTED; i++) throttle_wait_ms(&a, SPAN("joe"), other, 1000);
    ck_assert_int_ne(throttle_wait_ms(&a, SPAN("joe"), right, 1000), 0); /* somebody tries them out */
    ck_assert_int_eq(throttle_wait_ms(&a, SPAN("joe"), right, 1000 + 60 * 60 * 1000), 0);
    throttle_clear();
}
END_TEST

START_TEST(throttle_at_once) {
    struct addr a = {0}, b = {0};
    int n = 0;
    a.is.v4.sin_family = b.is.v4.sin_family = AF_INET;
    a.is.v4.sin_addr.s_addr = 1;
    b.is.v4.sin_addr.s_addr = 2;
    throttle_clear();
    while (n < 1000 && throttle_begin(&a, SPAN("joe"), 1000)) n++;
    ck_assert_int_eq(n, THROTTLE_AT_ONCE);
    ck_assert(!throttle_begin(&a, SPAN("ann"), 1000));
    ck_assert(throttle_begin(&b, SPAN("joe"), 1000));
    throttle_passed(&a, SPAN("joe"), NULL, 1000);
    while (n < 1000 && throttle_begin(&a, SPAN("joe"), 1000)) n++;
    ck_assert_int_eq(n, THROTTLE_AT_ONCE_KNOWN);
    for (; n >= THROTTLE_AT_ONCE; n--) throttle_end(&a, 1000);
    ck_assert(throttle_begin(&a, SPAN("ann"), 1000));
    ck_assert(!throttle_begin(&a, SPAN("ann"), 1000));
    for (; n >= 0; n--) throttle_end(&a, 1000 + 60 * 60 * 1000);
    throttle_end(&a, 1000); /* one too many */
    ck_assert(throttle_begin(&a, SPAN("ann"), 1000));
    throttle_clear();
}
END_TEST

START_TEST(recent) {
    unsigned char key[8] = {0};
    recent_clear();
    ck_assert(!recent_has(RECENT_USED, key, 100));
    recent_add(RECENT_USED, key, 100);
    ck_assert(recent_has(RECENT_USED, key, 100 + RECENT_SECONDS));
    ck_assert(!recent_has(RECENT_USED, key, 101 + RECENT_SECONDS));
    ck_assert(!recent_has(RECENT_PAIR, key, 100));
    for (unsigned i = 1; i < 100; i++) { /* all of one set: the oldest make room */
        key[7] = (unsigned char)i;
        recent_add(RECENT_USED, key, 100 + i);
    }
    ck_assert(recent_has(RECENT_USED, key, 200));
    key[7] = 92;
    ck_assert(recent_has(RECENT_USED, key, 200));
    key[7] = 0;
    ck_assert(!recent_has(RECENT_USED, key, 200));
    recent_clear();
}
END_TEST

int main(void) {
    Suite *s = suite_create("auth");
    TCase *t = tcase_create("auth");
    tcase_add_test(t, base64);
    tcase_add_test(t, basic);
    tcase_add_test(t, schemes);
    tcase_add_test(t, digest_examples);
    tcase_add_test(t, digest_refused);
    tcase_add_test(t, nonces);
    tcase_add_test(t, passwords);
    tcase_add_test(t, own_hashes);
    tcase_add_test(t, files);
    tcase_add_test(t, damaged_questions);
    tcase_add_test(t, rules);
    tcase_add_test(t, challenges);
    tcase_add_test(t, cache);
    tcase_add_test(t, throttle);
    tcase_add_test(t, throttle_known);
    tcase_add_test(t, throttle_at_once);
    tcase_add_test(t, recent);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
