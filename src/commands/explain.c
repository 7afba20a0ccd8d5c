/* explain.c - goldcrest explain: what the server would do with a request, and why */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "commands/commands.h"
#include "commands/compare.h"
#include "commands/explain.h"
#include "conf/complain.h"
#include "server/plugins.h"
#include "server/privileges.h"

enum { LINES_MAX = 64, LINE_BYTES_MAX = 64 * 1024 };
enum { OPTION_FROM = 256, OPTION_SOCKET, OPTION_JSON, OPTION_ALL, OPTION_DIFF, OPTION_LOG };

/* explaining - what the command line asks for */
struct explaining {
    const char *config;
    const char *other, *log; /* --diff, --log */
    struct span lines[LINES_MAX]; /* -H */
    size_t line_count;
    struct span from, socket, words[2];
    size_t word_count;
    bool json, all, has_colours;
    struct stage *stage;
    struct viewer viewer;
};

static const struct option long_options[] = {{"from", required_argument, NULL, OPTION_FROM},
                                             {"socket", required_argument, NULL, OPTION_SOCKET},
                                             {"json", no_argument, NULL, OPTION_JSON},
                                             {"all", no_argument, NULL, OPTION_ALL},
                                             {"diff", required_argument, NULL, OPTION_DIFF},
                                             {"log", required_argument, NULL, OPTION_LOG},
                                             {NULL, 0, NULL, 0}};

static const char *take_word(struct explaining *e, const char *word) {
    if (e->word_count == 2) return "there is one request at a time: a method and a URL";
    e->words[e->word_count++] = span_of(word);
    return NULL;
}

/* NULL, or what is wrong; "" if getopt has said it. */
static const char *parse(struct explaining *e, int argc, char **argv) {
    int option;
    while ((option = getopt_long(argc, argv, "f:m:H:", long_options, NULL)) != -1) {
        switch (option) {
        case 'f': e->config = optarg; break;
        case 'm': plugins_set_directory(optarg); break;
        case 'H':
            if (e->line_count == LINES_MAX) return "there are too many fields";
            if (!strchr(optarg, ':')) return "a field is \"Name: value\"";
            e->lines[e->line_count++] = span_of(optarg);
            break;
        case OPTION_FROM: e->from = span_of(optarg); break;
        case OPTION_SOCKET: e->socket = span_of(optarg); break;
        case OPTION_JSON: e->json = true; break;
        case OPTION_ALL: e->all = true; break;
        case OPTION_DIFF: e->other = optarg; break;
        case OPTION_LOG: e->log = optarg; break;
        default: return "";
        }
    }
    for (; optind < argc; optind++) {
        const char *why = take_word(e, argv[optind]);
        if (why) return why;
    }
    if (!e->config) return "there is no configuration: -f FILE";
    if (e->other || e->log) return e->other && e->log ? NULL : "--diff and --log go together";
    return e->word_count ? NULL : "there is no request";
}

/* ---- one request ------------------------------------------------------------------------------ */

static bool explain(const struct explaining *e, const struct rehearsal_question *q) {
    struct rehearsal x;
    struct buf out = {0};
    rehearse(e->stage, q, &x);
    if (e->json) explain_json(&out, q, &x, &e->viewer);
    else explain_text(&out, q, &x, &e->viewer, e->has_colours, e->all);
    fwrite(out.p, 1, out.n, stdout);
    bool is_valid = x.end != REHEARSAL_INVALID;
    buf_done(&out);
    rehearsal_done(&x);
    return is_valid;
}

/* A line of standard input: the request, then, behind tabs, fields and --from=…, --socket=…. */
static bool explain_line(const struct explaining *e, struct span line) {
    static const struct span from = SPAN_INIT("--from="), socket = SPAN_INIT("--socket=");
    struct rehearsal_question q = {.from = e->from, .socket = e->socket};
    struct span part, lines[2 * LINES_MAX];
    size_t count = e->line_count;
    memcpy(lines, e->lines, count * sizeof *lines);
    span_next(&line, '\t', &part);
    rehearsal_split(part, &q);
    while (line.n && span_next(&line, '\t', &part)) {
        if (span_starts(part, from)) q.from = span_from(part, from.n);
        else if (span_starts(part, socket)) q.socket = span_from(part, socket.n);
        else if (count < 2 * LINES_MAX) lines[count++] = part;
    }
    q.lines = lines;
    q.line_count = count;
    return explain(e, &q);
}

/* What is left of a line that was too long is no request of its own. */
static bool skip_rest(unsigned long number) {
    int c;
    while ((c = getchar()) != EOF && c != '\n') {}
    fprintf(stderr, "goldcrest explain: line %lu is left out: it has more than %d bytes\n", number,
            LINE_BYTES_MAX - 2);
    return false;
}

static bool explain_lines(const struct explaining *e) {
    char *line = memory_zeroed(1, LINE_BYTES_MAX);
    unsigned long number = 0;
    bool is_valid = true;
    while (fgets(line, LINE_BYTES_MAX, stdin)) {
        struct span text = span_of(line);
        number++;
        if (text.n == LINE_BYTES_MAX - 1 && text.p[text.n - 1] != '\n') {
            is_valid = skip_rest(number);
            continue;
        }
        if (text.n && text.p[text.n - 1] == '\n') text.n--;
        if (text.n && text.p[0] != '#') is_valid &= explain_line(e, text);
        fflush(stdout);
    }
    free(line);
    return is_valid;
}

static bool explain_words(const struct explaining *e) {
    struct rehearsal_question q = {
        .lines = e->lines, .line_count = e->line_count, .from = e->from, .socket = e->socket};
    if (e->word_count == 1 && span_is(e->words[0], SPAN("-"))) return explain_lines(e);
    if (e->word_count == 1) rehearsal_split(e->words[0], &q);
    else q.method = e->words[0], q.url = e->words[1];
    return explain(e, &q);
}

/* ---- the configuration ------------------------------------------------------------------------ */

static bool wants_colours(void) {
    const char *term = getenv("TERM"), *none = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(none && *none);
}

static struct conf *load(const char *name) {
    struct complaints *complaints = complaints_make();
    struct conf *conf = conf_load(inputs_record(), name, complaints);
    struct buf text = {0};
    complaints_print(complaints, &text);
    fputs(buf_text(&text), stderr);
    buf_done(&text);
    bool is_wrong = complaints_errors(complaints) > 0;
    complaints_drop(complaints);
    if (!is_wrong) return conf;
    conf_drop(conf);
    return NULL;
}

/* Root sees what the workers would see, by becoming what they are. */
static bool become_worker(struct explaining *e, const struct conf *conf) {
    struct who who;
    viewer_find(&e->viewer, conf->core);
    if (geteuid() != 0) return true;
    if (!privileges_find(conf->core, &who) || !privileges_drop(conf->core, &who)) return false;
    e->viewer.is_us = e->viewer.uid == geteuid();
    return true;
}

/* --diff: 1 if there are differences. What root alone may read is read before root becomes a worker. */
static int compare(struct explaining *e, struct conf *conf) {
    struct conf *other = load(e->other);
    int result = COMMAND_USAGE;
    bool is_open = strcmp(e->log, "-") == 0 || freopen(e->log, "r", stdin);
    if (!is_open) fprintf(stderr, "goldcrest explain: %s: %s\n", e->log, strerror(errno));
    if (other && is_open && become_worker(e, conf)) result = compare_run(conf, other, e->all);
    if (result < 0) fprintf(stderr, "goldcrest explain: %s\n", strerror(errno));
    conf_drop(other);
    return result < 0 ? COMMAND_USAGE : result;
}

int explain_run(int argc, char **argv) {
    struct explaining e = {.has_colours = wants_colours()};
    const char *why = parse(&e, argc, argv);
    if (why) return command_misused(command_find("explain"), *why ? why : NULL);
    clock_update();
    struct conf *conf = load(e.config);
    if (!conf) return COMMAND_USAGE;
    if (e.other) {
        int result = compare(&e, conf);
        conf_drop(conf);
        return result;
    }
    bool is_valid = false;
    if (become_worker(&e, conf)) e.stage = stage_make(conf);
    if (e.stage) {
        is_valid = explain_words(&e);
        stage_drop(e.stage);
    } else {
        fprintf(stderr, "goldcrest explain: %s\n", strerror(errno));
    }
    conf_drop(conf);
    return is_valid ? 0 : COMMAND_USAGE;
}
