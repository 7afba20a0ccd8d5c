/* main.c - arguments → configuration → master */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/regex.h"
#include "commands/commands.h"
#include "commands/directives.h"
#include "fdevents/fdevent.h"
#include "net/listener.h"
#include "net/wire.h"
#include "server/conftests.h"
#include "server/master.h"
#include "server/modules.h"
#include "server/plugins.h"
#include "server/privileges.h"
#include "server/settings.h"
#include "server/upgrade.h"
#include "tls/context.h"

enum { EXIT_BAD = 255, DEFAULT_SERVE_PORT = 8080 };

/* arguments - what they ask for */
struct arguments {
    const char *config;
    int tests;             /* -t, -tt */
    bool print, foreground, one_shot, strict;
    uint32_t idle_exit_s;
    const char *serve;     /* --serve DIR */
    unsigned port;
};

/* ---- what it says of itself ------------------------------------------------------------------- */

static void say_version(void) {
    printf("goldcrest/%s - a light and fast web server\n", VERSION);
}

static void say_feature(bool has, const char *name) {
    printf("\t%c %s\n", has ? '+' : '-', name);
}

static bool has_coder(const char *name) {
    return strstr(GC_CODER_NAMES, name) != NULL;
}

static void say_features(void) {
    static const char *const all[] = {"epoll", "kqueue", "ports", "devpoll", "poll", "select"};
    say_version();
    puts("\nEvent Handlers:\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) say_feature(fdevents_backend_by_name(all[i]), all[i]);
    printf("\nDefault event handler: %s\n", fdevents_backends()[0]);
    puts("\nFeatures:\n");
    say_feature(GC_IPV6, "IPv6 support");
    say_feature(has_coder("zlib"), "zlib support");
    say_feature(has_coder("brotli"), "brotli support");
    say_feature(has_coder("zstd"), "zstd support");
    say_feature(tls_is_there(), "SSL support");
    say_feature(regex_is_built(), "PCRE support");
    say_feature(GC_CRYPT, "crypt support");
    say_feature(strstr(wire_backends(), "sendfile"), "sendfile");
    say_feature(library_can(), "loadable modules");
    say_feature(listener_balances(), "balanced listeners (SO_REUSEPORT)");
    puts("\nModules:\n");
    for (size_t i = 0; builtin_modules[i]; i++) say_feature(true, builtin_modules[i]->name);
}

static void say_help(void) {
    say_version();
    puts("\nusage: goldcrest [-D] -f FILE        serve what the configuration says\n"
         "       goldcrest --serve DIR          serve a folder on 127.0.0.1, without any file\n"
         "       goldcrest -t|-tt|-p -f FILE    look at a configuration\n"
         "\n"
         "  -f FILE        the configuration; \"-\" reads standard input\n"
         "  -m DIR         where modules lie that are not built in (" GC_MODULE_DIR ")\n"
         "  -D             stay in the foreground\n"
         "  -i SECONDS     end after so many seconds without a connection\n"
         "  -1             serve the one connection that is standard input, then end\n"
         "  -t             check the configuration's syntax; -tt also what it leads to\n"
         "  --strict       with -t or -tt: a warning is an error\n"
         "  -p             print the configuration as it is understood\n"
         "  --serve DIR    serve that folder, with listings, on 127.0.0.1\n"
         "  --port N       the port for --serve (8080)\n"
         "  --help-config  list every directive; --help-config=NAME those that begin so, =table for programs\n"
         "  -v, --version  the version\n"
         "  -V             the version, event handlers, features and modules\n"
         "  -h, --help     this text");
    for (const struct command *c = commands; c->name; c++)
        printf("%s  goldcrest %s %s\n      %s\n", c == commands ? "\ncommands:\n" : "", c->name, c->usage, c->help);
    puts("\n"
         "signals: TERM stops, INT ends gracefully, USR1 reloads the configuration, HUP reopens the logs,\n"
         "         USR2 lets the program that is installed now take over, without a lost request\n"
         "manual: goldcrest(8)");
}

/* ---- arguments -------------------------------------------------------------------------------- */

enum { OPTION_SERVE = 256, OPTION_PORT, OPTION_STRICT, OPTION_HELP_CONFIG };

static const struct option long_options[] = {
    {"serve", required_argument, NULL, OPTION_SERVE}, {"port", required_argument, NULL, OPTION_PORT},
    {"strict", no_argument, NULL, OPTION_STRICT},     {"help-config", optional_argument, NULL, OPTION_HELP_CONFIG},
    {"help", no_argument, NULL, 'h'},                 {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0}};

/* The daemon changes its directory: a reload must still find the file. */
static const char *absolute(const char *name) {
    char path[4096];
    if (strcmp(name, "-") == 0 || name[0] == '/' || !realpath(name, path)) return name;
    return span_dup(span_of(path)); /* to the process's end */
}

static bool number_argument(const char *name, const char *text, uint64_t max, uint32_t *number) {
    uint64_t n;
    if (!number_parse(span_of(text), max, &n)) {
        fprintf(stderr, "goldcrest: %s: \"%s\" is no number up to %llu\n", name, text, (unsigned long long)max);
        return false;
    }
    *number = (uint32_t)n;
    return true;
}

static bool take_config(struct arguments *c, const char *name) {
    if (c->config) fprintf(stderr, "goldcrest: -f is given twice: \"%s\" and \"%s\"\n", c->config, name);
    if (c->config) return false;
    c->config = name;
    return true;
}

/* False: the command line is wrong (said). Options that only tell something end the process here. */
static bool parse_arguments(struct arguments *c, int argc, char **argv) {
    int option;
    while ((option = getopt_long(argc, argv, "f:m:i:hvVD1pt", long_options, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!take_config(c, optarg)) return false;
            break;
        case 'm': plugins_set_directory(absolute(optarg)); break;
        case 'i':
            if (!number_argument("-i", optarg, 1u << 30, &c->idle_exit_s)) return false;
            break;
        case 'D': c->foreground = true; break;
        case '1': c->one_shot = true; break;
        case 'p': c->print = true; break;
        case 't': c->tests++; break;
        case OPTION_STRICT: c->strict = true; break;
        case OPTION_SERVE: c->serve = optarg; break;
        case OPTION_PORT:
            if (!number_argument("--port", optarg, 65535, &c->port)) return false;
            break;
        case OPTION_HELP_CONFIG:
            if (directives_print(optarg)) exit(0);
            fprintf(stderr, "goldcrest: --help-config: no directive begins with \"%s\"\n", optarg);
            return false;
        case 'v': say_version(); exit(0);
        case 'V': say_features(); exit(0);
        case 'h': say_help(); exit(0);
        default: say_help(); return false;
        }
    }
    if (optind < argc)
        fprintf(stderr, "goldcrest: \"%s\" is no option; a configuration is given with -f\n", argv[optind]);
    return optind == argc;
}

/* ---- --serve: a configuration made from two arguments ----------------------------------------- */

static void add_quoted(struct buf *text, const char *value) {
    buf_add_char(text, '"');
    for (; *value; value++) {
        if (*value == '"') buf_add_char(text, '\\');
        buf_add_char(text, *value);
    }
    buf_add_char(text, '"');
}

static struct inputs *serve_inputs(void *arg) {
    const struct arguments *c = arg;
    struct inputs *inputs = inputs_none();
    struct buf text = {0};
    char path[4096];
    buf_add_text(&text, "server.document-root = ");
    add_quoted(&text, realpath(c->serve, path) ? path : c->serve);
    buf_printf(&text,
               "\nserver.bind = \"127.0.0.1\"\nserver.port = %u\n"
               "server.modules = ( \"mod_indexfile\", \"mod_dirlisting\", \"mod_staticfile\" )\n"
               "index-file.names = ( \"index.html\", \"index.htm\" )\ndir-listing.activate = \"enable\"\n",
               c->port);
    inputs_put(inputs, INPUT_FILE, "--serve", buf_span(&text));
    buf_done(&text);
    return inputs;
}

static struct inputs *file_inputs(void *arg) {
    (void)arg;
    return inputs_record();
}

static void say_served(const struct conf *conf) {
    printf("goldcrest serves %s on http://127.0.0.1:%u/ (end with Ctrl-C)\n", conf->core->document_root.p,
           conf->core->port);
    fflush(stdout);
}

static bool check_serve(const struct arguments *c) {
    struct stat st;
    if (stat(c->serve, &st) == 0 && S_ISDIR(st.st_mode)) return true;
    fprintf(stderr, "goldcrest: --serve: \"%s\" is no folder\n", c->serve);
    return false;
}

/* ---- looking at a configuration --------------------------------------------------------------- */

static void say_complaints(const struct complaints *c) {
    struct buf text = {0};
    enum log_level level = complaints_errors(c) ? LOG_IS_ERROR : LOG_IS_WARNING;
    complaints_print(c, &text);
    if (!logs_are_json()) fputs(buf_text(&text), stderr);
    else if (text.n) log_tell(log_main(), level, NULL, 0, span_upto(buf_span(&text), text.n - 1));
    buf_done(&text);
}

/* -tt: what it leads to, short of binding and logging. */
static bool preflight(const struct arguments *c, const struct conf *conf) {
    struct stat st;
    struct who who;
    const char *root = conf->core->document_root.p, *chroot = conf->core->chroot.p;
    if (!privileges_find(conf->core, &who)) return false;
    if (conf->core->chroot.n) { /* paths mean something else there */
        if (stat(chroot, &st) == 0 && S_ISDIR(st.st_mode)) return true;
        fprintf(stderr, "goldcrest: error: server.chroot: %s is no directory\n", chroot);
        return false;
    }
    if (stat(root, &st) == 0 && S_ISDIR(st.st_mode)) return true;
    fprintf(stderr, "goldcrest: warning: server.document-root: %s is no directory\n", root);
    return !c->strict; /* it may be made or mounted later */
}

static int look_at(const struct arguments *c, const struct conf *conf, const struct complaints *complaints) {
    bool ok = complaints_errors(complaints) == 0 && !(c->strict && complaints_warnings(complaints));
    if (c->print && ok) {
        struct buf text = {0};
        conf_print(conf->tree, &text);
        fputs(buf_text(&text), stdout);
        buf_done(&text);
    }
    if (c->tests > 1) ok = ok && preflight(c, conf);
    if (c->tests == 1 && ok) puts("Syntax OK");
    return ok ? 0 : EXIT_BAD;
}

int main(int argc, char **argv) {
    struct arguments c = {.port = DEFAULT_SERVE_PORT};
    struct start start = {.inputs = file_inputs};
    if (getuid() != geteuid() || getgid() != getegid()) {
        fputs("goldcrest: it is not made to be set-uid or set-gid\n", stderr);
        return EXIT_BAD;
    }
    fd_fill_standard();
    plugins_set_directory(GC_MODULE_DIR);
    start.argv = upgrade_arguments(argv);
    library_set_program(start.argv[0]);
    if (!upgrade_begin(start.argv)) return EXIT_BAD;
    const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
    if (command) return command->run(argc - 1, argv + 1);
    if (!parse_arguments(&c, argc, argv)) return EXIT_BAD;
    if (c.serve && (c.config || !check_serve(&c))) {
        if (c.config) fputs("goldcrest: --serve and -f exclude each other\n", stderr);
        return EXIT_BAD;
    }
    if (!c.config && !c.serve) {
        fputs("No configuration available. Try using -f option.\n", stderr);
        return EXIT_BAD;
    }
    start.config_name = c.serve ? "--serve" : c.tests || c.print ? c.config : absolute(c.config);
    if (c.serve)
        start = (struct start){.config_name = "--serve",
                               .inputs = serve_inputs,
                               .inputs_arg = &c,
                               .argv = start.argv,
                               .ready = say_served};
    else if (upgrade_config_name()) start.config_name = upgrade_config_name();
    if (upgrade_role() != UPGRADE_NONE) c.tests = 0;
    start.program_fd = upgrade_program(start.argv);
    start.foreground = c.foreground || c.serve;
    start.idle_exit_s = c.idle_exit_s;
    clock_update();
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = upgrade_inputs();
    struct conf *conf = conf_load(inputs ? inputs : start.inputs(start.inputs_arg), start.config_name, complaints);
    conf_tests_run(conf, complaints);
    bool only_look = c.tests || c.print;
    if (!only_look) conf_use_log_format(conf);
    say_complaints(complaints);
    int status = only_look ? look_at(&c, conf, complaints) : complaints_errors(complaints) ? EXIT_BAD : 0;
    complaints_drop(complaints);
    if (status || only_look) {
        conf_drop(conf);
        return status;
    }
    return c.one_shot ? oneshot_run(conf, c.idle_exit_s) : master_run(&start, conf);
}
