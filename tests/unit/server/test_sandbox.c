/* test_sandbox.c - what a configuration needs, what is let through, and what each version of a kernel makes of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "server/sandbox.h"

static struct sandbox *make(const char *text) {
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_none();
    struct buf said = {0};
    inputs_put(inputs, INPUT_FILE, "test.conf", span_of(text));
    struct conf *conf = conf_load(inputs, "test.conf", complaints);
    complaints_print(complaints, &said);
    ck_assert_msg(complaints_errors(complaints) == 0, "%s", buf_text(&said));
    buf_done(&said);
    struct sandbox *s = sandbox_make(conf);
    conf_drop(conf);
    complaints_drop(complaints);
    return s;
}

#define ROOT "server.document-root = \"/srv/www\"\n"
#define MODULES \
    "server.modules = ( \"mod_alias\", \"mod_evhost\", \"mod_fastcgi\", \"mod_proxy\", \"mod_deflate\", " \
    "\"mod_userdir\" )\n"

static bool needs(const struct sandbox *s, enum need_kind kind, const char *text, unsigned number, const char *at) {
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].is.kind == kind && span_is(s->list[i].is.text, span_of(text)) &&
            s->list[i].is.number == number && span_is(s->list[i].at, span_of(at)))
            return true;
    return false;
}

START_TEST(needs_come_from_the_configuration) {
    struct sandbox *s = make(
        ROOT MODULES
        "server.errorlog = \"/var/log/e.log\"\n"
        "$HTTP[\"host\"] == \"a\" { server.document-root = \"/srv/a\" }\n"
        "alias.url = ( \"/i/\" => \"/usr/share/icons/\" )\n"
        "evhost.path-pattern = \"/srv/h-%_/htdocs\"\n"
        "server.errorfile-prefix = \"/srv/errors/e-\"\n"
        "deflate.cache-dir = \"/var/cache/x\"\n"
        "server.upload-dirs = ( \"/var/up\", \"/var/up2\" )\n"
        "fastcgi.server = ( \"x\" => (( \"socket\" => \"/run/php\", \"x-sendfile-docroot\" => ( \"/srv/x\" ) )) )\n"
        "proxy.server = ( \"\" => (( \"host\" => \"https://[::1]:8443\" ), ( \"host\" => \"h2c://b\" )) )\n"
        "server.sandbox-read = ( \"/opt/r\" )\nserver.sandbox-write = ( \"/opt/w\" )\n"
        "userdir.path = \"pub\"\nuserdir.basepath = \"/users\"\n");
    static const struct {
        enum need_kind kind;
        const char *text;
        unsigned number;
        const char *at;
    } table[] = {
        {NEED_READ, "/srv/www", 0, "test.conf:1"},     {NEED_APPEND, "/var/log/e.log", 0, "test.conf:3"},
        {NEED_READ, "/srv/a", 0, "test.conf:4"},       {NEED_READ, "/usr/share/icons/", 0, "test.conf:5"},
        {NEED_READ, "/srv/h-", 0, "test.conf:6"},      {NEED_READ, "/srv/errors/e-", 0, "test.conf:7"},
        {NEED_KEEP, "/var/cache/x", 0, "test.conf:8"}, {NEED_WRITE, "/var/up", 0, "test.conf:9"},
        {NEED_WRITE, "/var/up2", 0, "test.conf:9"},    {NEED_SOCKET, "/run/php", 0, "test.conf:10"},
        {NEED_READ, "/srv/x", 0, "test.conf:10"},      {NEED_CONNECT, "", 8443, "test.conf:11"},
        {NEED_CONNECT, "", 80, "test.conf:11"},        {NEED_READ, "/opt/r", 0, "test.conf:12"},
        {NEED_WRITE, "/opt/w", 0, "test.conf:13"},     {NEED_READ, "/users", 0, "test.conf:15"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(needs(s, table[i].kind, table[i].text, table[i].number, table[i].at), "%s %u at %s",
                      table[i].text, table[i].number, table[i].at);
    ck_assert_uint_eq(s->count, sizeof table / sizeof *table);
    ck_assert_int_eq(s->mode, SANDBOX_ON);
    sandbox_drop(s);
}
END_TEST

START_TEST(names_are_let_through_or_not) {
    static const struct {
        const char *path;
        int flags;
        bool lets;
    } table[] = {
        {"/srv/www", O_RDONLY | O_DIRECTORY, true},
        {"/srv/www/a/b", O_RDONLY | O_NONBLOCK, true},
        {"/srv/www/a/b", O_WRONLY, false},
        {"/srv/www/a/b", O_RDWR, false},
        {"/srv/www/a/b", O_WRONLY | O_CREAT | O_APPEND, false},
        {"/srv/www/a/b", O_RDONLY | O_CREAT, false},
        {"/srv/www/a/b", O_RDONLY | O_TRUNC, false},
        {"/srv/www2/a", O_RDONLY, false},
        {"/srv/www/../x", O_RDONLY, false},
        {"/srv/www/..", O_RDONLY, false},
        {"/srv/www/..a/b", O_RDONLY, true},
        {"/srv", O_RDONLY, false},
        {"srv/www/a", O_RDONLY, false},
        {"", O_RDONLY, false},
        {"/etc/shadow", O_RDONLY, false},
        {"/srv/errors/e-404.html", O_RDONLY, true},
        {"/srv/errors/other", O_RDONLY, false},
        {"/hosts/h-example/htdocs/x", O_RDONLY, true},
        {"/hosts/other/htdocs/x", O_RDONLY, false}, /* "/hosts" is not there; else the kernel would let it through */
        {"/usr/share/docs/x", O_RDONLY, true}, /* "/doc" => "/usr/share/doc", and "/docs/x" */
        {"/var/log/e.log", O_WRONLY | O_CREAT | O_APPEND, true},
        {"/var/log/e.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, true},
        {"/var/log/e.log", O_WRONLY | O_CREAT | O_TRUNC, false},
        {"/var/log/e.log", O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, false},
        {"/var/log/e.log", O_RDONLY, false},
        {"/var/log/e.log2", O_WRONLY | O_CREAT | O_APPEND, false},
        {"/var/log/../log/e.log", O_WRONLY | O_CREAT | O_APPEND, false},
        {"/up/a", O_RDWR | O_CREAT | O_EXCL, true}, /* a new file, which the opener takes the name from */
        {"/up//a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, true},
        {"/up/a", O_RDWR | O_CREAT, false},
        {"/up/a", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, false},
        {"/up/a", O_WRONLY | O_CREAT | O_EXCL, false},
        {"/up/a", O_RDONLY, false},
        {"/up/a/b", O_RDWR | O_CREAT | O_EXCL, false},
        {"/up/..", O_RDWR | O_CREAT | O_EXCL, false},
        {"/up/", O_RDWR | O_CREAT | O_EXCL, false},
        {"/up2", O_RDWR | O_CREAT | O_EXCL, false},
        {"/srv/www/a", O_RDWR | O_CREAT | O_EXCL, false},
    };
    struct sandbox *s = make(ROOT MODULES "server.errorlog = \"/var/log/e.log\"\n"
                                          "server.upload-dirs = ( \"/up/\" )\n"
                                          "server.errorfile-prefix = \"/srv/errors/e-\"\n"
                                          "alias.url = ( \"/doc\" => \"/usr/share/doc\" )\n"
                                          "evhost.path-pattern = \"/hosts/h-%_/htdocs\"\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(sandbox_lets(s, table[i].path, table[i].flags) == table[i].lets, "%s", table[i].path);
    sandbox_drop(s);
}
END_TEST

/* Also where there is none yet. */
START_TEST(homes_may_be_opened) {
    const struct passwd *pw = getpwuid(0);
    char path[4096];
    struct sandbox *s = make(ROOT MODULES "userdir.path = \"no_such_html\"\n");
    ck_assert(sandbox_lets(s, "/home/someone/no_such_html/a", O_RDONLY));
    if (pw && strlen(pw->pw_dir) > 1) {
        snprintf(path, sizeof path, "%s/no_such_html/a", pw->pw_dir);
        ck_assert(sandbox_lets(s, path, O_RDONLY));
        snprintf(path, sizeof path, "%s/other/a", pw->pw_dir);
        ck_assert(!sandbox_lets(s, path, O_RDONLY));
    }
    sandbox_drop(s);
}
END_TEST

START_TEST(a_sandbox_covers_what_asks_for_no_more) {
    static const struct {
        const char *has, *wants;
        bool covers;
    } table[] = {
        {"", "", true},
        {"", "mimetype.assign = ( \".a\" => \"a/b\" )\n", true},
        {"", "alias.url = ( \"/a\" => \"/srv/www/a/\" )\n", false}, /* names go on */
        {"alias.url = ( \"/a/\" => \"/opt/a/\" )\n", "", true},
        {"", "alias.url = ( \"/a/\" => \"/opt/a/\" )\n", false},
        {"server.sandbox-read = ( \"/opt\" )\n", "server.sandbox-read = ( \"/opt/a\" )\n", true},
        {"server.sandbox-read = ( \"/opt/a\" )\n", "server.sandbox-read = ( \"/opt\" )\n", false},
        {"", "server.errorlog = \"/srv/www/e.log\"\n", false},
        {"", "server.upload-dirs = ( \"/srv/www\" )\n", false},
        {"", "proxy.server = ( \"\" => (( \"host\" => \"127.0.0.1\", \"port\" => 81 )) )\n", false},
        {"proxy.server = ( \"\" => (( \"host\" => \"127.0.0.1\", \"port\" => 81 )) )\n",
         "proxy.server = ( \"/x\" => (( \"host\" => \"127.0.0.2\", \"port\" => 81 )) )\n", true},
        {"", "server.sandbox = \"disable\"\n", false},
        {"", "server.sandbox = \"strict\"\n", false},
        {"server.sandbox = \"disable\"\n", "", false},
        {"server.sandbox = \"disable\"\n", "server.sandbox = \"disable\"\nserver.errorlog = \"/e\"\n", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[2][1024];
        snprintf(text[0], sizeof text[0], ROOT MODULES "%s", table[i].has);
        snprintf(text[1], sizeof text[1], ROOT MODULES "%s", table[i].wants);
        struct sandbox *has = make(text[0]), *wants = make(text[1]);
        ck_assert_msg(sandbox_covers(has, wants) == table[i].covers, "%s -> %s", table[i].has, table[i].wants);
        sandbox_drop(has);
        sandbox_drop(wants);
    }
}
END_TEST

/* ---- the kernel ------------------------------------------------------------------------------- */

static int connect_to(unsigned port) {
    struct sockaddr_in at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int error = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static int open_with(const char *dir, const char *name, int flags) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, flags, 0600), error = fd < 0 ? errno : 0;
    if (fd >= 0) close(fd);
    return error;
}

/* In a child: which of the steps went wrong; 0: none. */
static int try_version(const char *readable, const char *writable, unsigned newest) {
    const struct confine_rule rules[] = {
        {readable, CONFINE_READ}, {writable, CONFINE_READ | CONFINE_WRITE}, {"/nonexistent/x", CONFINE_READ}};
    const uint16_t ports[] = {9};
    struct confinement c = {.rules = rules, .rule_count = 3, .ports = ports, .port_count = 1, .newest = newest};
    unsigned bits = confine_files(&c);
    if (!(bits & CONFINE_FILES)) return 1;
    if (((bits & CONFINE_PORTS) != 0) != (newest == 0 || newest >= 4)) return 2;
    if (open_with(readable, "f", O_RDONLY) != 0) return 3;
    if (open_with(readable, ".", O_RDONLY | O_DIRECTORY) != 0) return 4;
    if (open_with(readable, "f", O_WRONLY) != EACCES) return 5;
    if (open_with(readable, "new", O_WRONLY | O_CREAT) != EACCES) return 6;
    if (open_with(writable, "new", O_RDWR | O_CREAT | O_EXCL) != 0) return 7;
    if (open_with("/etc", "passwd", O_RDONLY) != EACCES) return 8;
    if (open_with(readable, "../../../../../../etc/passwd", O_RDONLY) != EACCES) return 9;
    if (bits & CONFINE_PORTS && (connect_to(9) == EACCES || connect_to(10) != EACCES)) return 10;
    return 0;
}

START_TEST(each_version_of_landlock_confines) {
    struct buf how = {0};
    bool has = confine_possible(false, &how) & CONFINE_FILES && strncmp(buf_text(&how), "Landlock", 8) == 0;
    char readable[] = "/tmp/sandbox-r-XXXXXX", writable[] = "/tmp/sandbox-w-XXXXXX", path[64];
    buf_done(&how);
    if (!has) return;
    ck_assert(mkdtemp(readable) && mkdtemp(writable));
    ck_assert_int_eq(open_with(readable, "f", O_WRONLY | O_CREAT), 0);
    for (unsigned newest = 0; newest <= 5; newest++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) _exit(try_version(readable, writable, newest));
        ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        ck_assert_msg(WEXITSTATUS(status) == 0, "version %u: step %d", newest,
                      WEXITSTATUS(status));
        snprintf(path, sizeof path, "%s/new", writable);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/f", readable);
    unlink(path);
    rmdir(readable);
    rmdir(writable);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sandbox");
    TCase *c = tcase_create("all");
    tcase_add_test(c, needs_come_from_the_configuration);
    tcase_add_test(c, names_are_let_through_or_not);
    tcase_add_test(c, homes_may_be_opened);
    tcase_add_test(c, a_sandbox_covers_what_asks_for_no_more);
    tcase_add_test(c, each_version_of_landlock_confines);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
