/* reload.c - the master takes on another configuration, or files of TLS that have changed */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/conftests.h"
#include "server/master_parts.h"

#include <stdlib.h>

#include "base/library.h"
#include "base/memory.h"
#include "server/counters.h"
#include "server/modules.h"
#include "server/plugins.h"
#include "server/plan.h"
#include "server/programs.h"
#include "tls/context.h"

void reload_prepare_helper(struct master *m) {
    if (m->helper.pid) {
        helper_logs(&m->helper, m->conf, m->loggers);
        helper_allow(&m->helper, m->conf);
        helper_keep_programs(&m->helper);
    } else if (modules_need_helper(m->conf) || programs_any()) {
        master_start_helper(m);
    }
}

static void say_complaints(const struct complaints *c) {
    struct buf text = {0};
    complaints_print(c, &text);
    struct span rest = buf_span(&text), line;
    enum log_level level = complaints_errors(c) ? LOG_IS_ERROR : LOG_IS_WARNING;
    if (logs_are_json() && text.n) log_tell(log_main(), level, NULL, 0, span_upto(rest, rest.n - 1));
    while (!logs_are_json() && span_next(&rest, '\n', &line))
        if (line.n) say_note("%.*s", SPAN_ARG(line));
    buf_done(&text);
}

static struct conf *load(const struct start *start, struct inputs *inputs, struct complaints *complaints) {
    struct conf *conf = conf_load(inputs, start->config_name, complaints);
    conf_tests_run(conf, complaints);
    if (complaints_errors(complaints) == 0) return conf;
    conf_drop(conf);
    return NULL;
}

/* Settings that only a new process can take on. */
static void say_what_stays(const struct core_settings *old, const struct core_settings *new) {
    if (!span_is(old->username, new->username) || !span_is(old->groupname, new->groupname) ||
        !span_is(old->chroot, new->chroot))
        say_warning("server.username, server.groupname and server.chroot take effect at the next start");
    if (!span_is(old->event_handler, new->event_handler))
        say_warning("server.event-handler takes effect at the next start");
    if (!span_is(old->pid_file, new->pid_file)) say_warning("server.pid-file takes effect at the next start");
}

static void send_conf(struct master *m, struct child *child, unsigned slot, const struct conf *old,
                      struct span recording) {
    for (struct held_listener *l = m->listeners; l; l = l->next) {
        bool known = l->passed;
        for (size_t i = 0; i < old->listen_count; i++) known |= span_is(old->listen[i].name, span_of(l->name));
        if (!known) crew_tell(child, CONTROL_LISTENER, span_of(l->name), listener_fd(l, slot));
    }
    for (struct logger *l = m->loggers; l; l = l->next)
        crew_tell(child, CONTROL_PIPE, span_of(l->program), l->write_end);
    crew_tell(child, CONTROL_RELOAD, recording, -1);
}

static void send_all(struct master *m, const struct conf *old) {
    struct buf recording = {0};
    buf_add_text(&recording, m->start->config_name);
    buf_add_char(&recording, '\0');
    inputs_save(m->conf->inputs, &recording);
    for (unsigned i = 0; i < m->slots && i < m->cap; i++)
        if (m->children[i].pid) send_conf(m, &m->children[i], i, old, buf_span(&recording));
    buf_done(&recording);
}

/* What workers cannot take on in the middle of their lives: then others begin under the new configuration, and those
 * that are there end when their clients have. */
static bool needs_new_workers(const struct master *m, const struct sandbox *wanted) {
    bool outside = !sandbox_covers(m->sandbox, wanted), stale = crew_is_stale(m);
    if (outside) say_note("it needs what the workers' sandbox does not let them: others take their places");
    bool lack = plugins_loaded() > m->plugins || library_parts() > m->parts; /* behind chroot() nobody loads any */
    return outside || stale || lack;
}

static bool renew(struct master *m, struct sandbox **wanted) {
    struct sandbox *had = m->sandbox;
    int64_t look_s = m->sandbox_look_s;
    m->sandbox = *wanted;
    bool ok = crew_renew(m);
    if (!ok) m->sandbox = had, m->sandbox_look_s = look_s;
    else *wanted = had;
    return ok;
}

static void say_jobs_that_wait(const struct master *m) {
    const char *name = m->helper.pid ? plugins_with_jobs(m->plugins) : NULL;
    if (name) say_warning("%s: what it asks of the helper process works after the next start or upgrade", name);
}

/* False: workers do not start under the new configuration; the old one is in force again. */
static bool put_in_force(struct master *m, struct conf *new) {
    struct conf *old = m->conf;
    m->conf = new;
    renewal_watch(&m->renewal, new);
    if (new->has_tls) crew_tell_all(m, CONTROL_TICKETS, tls_tickets());
    conf_each_piped_log(new, master_start_logger, m);
    say_jobs_that_wait(m);
    conf_use_log_format(new);
    reload_prepare_helper(m);
    struct sandbox *wanted = sandbox_make(new);
    bool ok = true, others = needs_new_workers(m, wanted);
    if (others) ok = renew(m, &wanted);
    else send_all(m, old);
    if (!ok) m->conf = old;
    conf_use_log_format(m->conf);
    if (!ok) renewal_watch(&m->renewal, old);
    listeners_close_others(&m->listeners, m->conf);
    if (!others) crew_adjust(m);
    if (ok) say_what_stays(old->core, new->core);
    conf_drop(ok ? old : new);
    sandbox_drop(wanted);
    if (m->helper.pid && !ok) helper_allow(&m->helper, m->conf);
    if (m->helper.pid) helper_keep_programs(&m->helper); /* those that only the other one wanted are let go */
    return ok;
}

/* The configuration as these inputs (taken over) have it; why: what begins the message. False: it is refused. */
static bool change(struct master *m, struct inputs *inputs, const char *why) {
    struct complaints *complaints = complaints_make();
    struct conf *new = load(m->start, inputs, complaints);
    say_complaints(complaints);
    bool ok = new && listeners_open(&m->listeners, new, crew_size(m, new));
    if (!ok) conf_drop(new);
    ok = ok && put_in_force(m, new);
    count(ok ? COUNT_RELOADS : COUNT_RELOADS_REFUSED);
    gauge_set(COUNT_GENERATION, m->conf->generation);
    if (ok) say_note("%s: configuration %u is in force", why, m->conf->generation);
    else say_error("%s: the new configuration is refused; the old one stays in force", why);
    complaints_drop(complaints);
    return ok;
}

void reload_run(struct master *m) {
    change(m, m->start->inputs(m->start->inputs_arg), "reload");
}

/* A certificate that cannot be used does not keep the others from being renewed. */
static void renew_one_by_one(struct master *m) {
    size_t blocks = m->conf->tree->block_count, changed = 0;
    for (size_t b = 0; b < blocks; b++) {
        struct inputs *inputs = renewal_inputs_of(&m->renewal, m->conf, b);
        changed += inputs != NULL;
        inputs_drop(inputs);
    }
    for (size_t b = 0; changed > 1 && b < blocks; b++) {
        struct inputs *inputs = renewal_inputs_of(&m->renewal, m->conf, b);
        if (inputs) change(m, inputs, "ssl.*: files of one block have changed");
    }
}

void reload_renew(struct master *m) {
    struct span keys;
    if (m->ending || !renewal_is_due(&m->renewal)) return;
    if (renewal_keys(&m->renewal, &keys)) crew_tell_all(m, CONTROL_TICKETS, keys);
    struct inputs *inputs = renewal_inputs(&m->renewal, m->conf);
    if (inputs && !change(m, inputs, "ssl.*: a file has changed")) renew_one_by_one(m);
}
