/* login.c - a request at a guarded place, from its Authorization to "go on" or 401 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/login.h"

#include "base/clock.h"
#include "base/list.h"
#include "fdevents/fdevent.h"
#include "modules/auth/cache.h"
#include "modules/auth/credentials.h"
#include "modules/auth/password.h"
#include "modules/auth/question.h"
#include "modules/auth/recent.h"
#include "modules/auth/throttle.h"
#include "server/counters.h"

enum { USER_BYTES_MAX = 255, RETRY_SECONDS = 10, PATH_BYTES_LOGGED = 512 };

enum login_step {
    LOGIN_BEGIN,
    LOGIN_WAITS,    /* for its turn: after failures attempts are slowed down */
    LOGIN_ASKS,     /* its turn has come */
    LOGIN_RETURNS,  /* it comes again: too many were looked at */
    LOGIN_IS_ASKED, /* another process is at it */
    LOGIN_ANSWERED,
    LOGIN_PASSED
};

/* login - in the request's arena */
struct login {
    struct request *r;
    const struct auth_rule *rule;
    const struct plan *plan; /* under which it began: under another, other files of users may hold */
    const struct auth_backend *backend;
    struct auth_cache_options cache;
    enum login_step step, after_turn;
    bool is_released_later; /* request_on_release() knows of it */
    bool is_counted;        /* throttle_end() is owed */
    bool is_from_cache;     /* the answer */
    bool has_used;          /* this request's digest was used by this request: it is no replay */
    struct span user, password, question, answer;
    struct digest digest;
    unsigned char key[AUTH_CACHE_KEY];
    struct job *job;
    struct deadline turn;
};

/* ---- words ---------------------------------------------------------------------------------------- */

static void add_challenge(struct request *r, struct buf *text) {
    fields_add(&r->out, &r->arena, HEADER_WWW_AUTHENTICATE, arena_copy(&r->arena, buf_span(text)));
    buf_clear(text);
}

static enum handler challenge(struct request *r, const struct auth_rule *rule, bool stale) {
    struct buf text = {0};
    if (rule->method == AUTH_BASIC) {
        challenge_basic(rule, &text);
        add_challenge(r, &text);
    }
    for (unsigned i = 0; rule->method == AUTH_DIGEST && i < ALGORITHMS; i++) {
        if (!(rule->offered & 1u << i)) continue;
        challenge_digest(rule, i, stale, clock_now_s(), &text);
        add_challenge(r, &text);
    }
    buf_done(&text);
    if (request_has_reason(r)) return request_refuse_with(r, 401);
    return request_refuse_for(r, 401, "auth.require", "no credentials were sent, or old ones");
}

static bool slows_down(const struct request *r) {
    return !request_is_rehearsed(r) && feature_flag(request_core(r), SPAN("auth.delay-invalid-creds"), true);
}

/* A guess, in the words of lighttpd, which programs like fail2ban wait for. The address is last: what the client has
 * chosen cannot pass for it. */
static void say_wrong(const struct login *l) {
    const struct request *r = l->r;
    const struct core_settings *core = request_core(r);
    struct log *log = core->errorlog ? core->errorlog : log_main();
    struct span path = r->in.uri.path;
    char peer[ADDR_TEXT_BYTES];
    if (path.n > PATH_BYTES_LOGGED) path = span_upto(path, PATH_BYTES_LOGGED);
    addr_format(&r->client, peer);
    if (l->rule->method == AUTH_DIGEST)
        log_say(log, LOG_IS_NOTE, "(mod_auth.c.0) digest: auth failed for %.*s: wrong password, IP: %s",
                SPAN_ARG(l->user), peer);
    else
        log_say(log, LOG_IS_NOTE, "(mod_auth.c.0) password doesn't match for %.*s username: %.*s IP: %s",
                SPAN_ARG(path), SPAN_ARG(l->user), peer);
}

/* Somebody gave credentials, and they are not right. why: NULL if it was the name or the password. */
static enum handler fail(struct login *l, const char *why) {
    struct request *r = l->r;
    request_reason(r, "auth.require", "%s for user \"%.*s\"", why ? why : "a wrong name or password",
                   SPAN_ARG(l->user));
    request_reason_is_said(r);
    if (!why) say_wrong(l);
    else
        request_say(r, LOG_IS_WARNING, "auth: %s for user \"%.*s\" at %.*s", why, SPAN_ARG(l->user),
                    SPAN_ARG(r->in.uri.path));
    if (slows_down(r)) throttle_failed(&r->client, l->user, fdevents_now_ms(request_events(r)));
    if (feature_flag(request_core(r), SPAN("auth.http-goaway-invalid-creds"), true)) r->keep_alive = false;
    l->step = LOGIN_BEGIN;
    return challenge(r, l->rule, false);
}

/* The password is not left in memory for longer than it is needed. */
static void wipe(struct span *s) {
    if (s->n) memset((char *)s->p, 0, s->n);
    *s = SPAN("");
}

static enum handler pass(struct login *l, struct span user, struct span type) {
    struct request *r = l->r;
    l->step = LOGIN_PASSED;
    wipe(&l->password);
    wipe(&l->question);
    r->user = user;
    fields_set_named(&r->env, &r->arena, SPAN("AUTH_TYPE"), type);
    return HANDLER_GO_ON;
}

static enum handler broken(struct login *l, int status, const char *why) {
    l->step = LOGIN_BEGIN;
    return request_refuse_for(l->r, status, "auth.require", "auth: %s", why);
}

/* ---- waiting --------------------------------------------------------------------------------------- */

/* It is judged, or given up. */
static void end_attempt(struct login *l) {
    if (l->is_counted) throttle_end(&l->r->client, fdevents_now_ms(request_events(l->r)));
    l->is_counted = false;
    l->job = NULL;
    wipe(&l->password);
    wipe(&l->question);
}

/* What the request was at is given up. */
static void release(void *arg) {
    struct login *l = arg;
    job_forget(l->job);
    end_attempt(l);
    deadline_stop(&l->turn);
    l->is_released_later = false;
    if (l->step != LOGIN_PASSED) l->step = LOGIN_BEGIN;
}

static void wait(struct login *l, enum login_step step) {
    l->step = step;
    if (l->is_released_later) return;
    l->is_released_later = true;
    request_on_release(l->r, release, l);
}

static void turn_came(struct deadline *d) {
    struct login *l = CONTAINER(d, struct login, turn);
    l->step = l->after_turn;
    request_wake(l->r);
}

static enum handler wait_for_turn(struct login *l, int ms, enum login_step then) {
    l->turn = (struct deadline){.fire = turn_came};
    l->after_turn = then;
    wait(l, LOGIN_WAITS);
    deadline_in(request_events(l->r), &l->turn, (uint64_t)ms);
    return HANDLER_WAIT_FOR_EVENT;
}

static void answered(void *arg, struct span answer) {
    struct login *l = arg;
    end_attempt(l);
    l->answer = answer.p ? arena_copy(&l->r->arena, answer) : (struct span){NULL, 0};
    l->step = LOGIN_ANSWERED;
    request_wake(l->r);
}

/* ---- the answer ------------------------------------------------------------------------------------- */

static enum handler ask_helper(struct login *l);

/* With Basic the question is of this very password; with Digest of the name alone. */
static const unsigned char *credentials_of(const struct login *l) {
    return l->rule->method == AUTH_BASIC ? l->key : NULL;
}

/* The same response a second time, and not from this request, which may have come by another rule: a replay (RFC 7616
 * 3.4, nc). What a worker has not seen, or has forgotten, it cannot tell. */
static bool is_replay(struct login *l, struct span response) {
    unsigned char key[AUTH_CACHE_KEY];
    auth_cache_key(response, key);
    if (request_is_rehearsed(l->r)) return false;
    if (!l->has_used && recent_has(RECENT_USED, key, clock_now_s())) return true;
    recent_add(RECENT_USED, key, clock_now_s());
    l->has_used = true;
    return false;
}

static bool fits_digest(const struct login *l, struct span secret, char expected[HASH_HEX_MAX]) {
    char got[HASH_HEX_MAX];
    size_t n = digest_response(&l->digest, l->r->in.method_text, secret, expected);
    for (size_t i = 0; i < l->digest.response.n; i++) got[i] = ascii_lower(l->digest.response.p[i]);
    return same_secret((struct span){expected, n}, (struct span){got, l->digest.response.n});
}

/* l->answer says: the user is there, and with Basic the password is right. */
static enum handler check_passed(struct login *l, struct span rest) {
    struct request *r = l->r;
    struct span in_group, user, secret;
    texts_next(&rest, &in_group);
    texts_next(&rest, &user);
    if (!texts_next(&rest, &secret))
        return broken(l, 500, "the answer of the process that checks passwords is damaged");
    if (l->rule->method == AUTH_DIGEST) {
        char expected[HASH_HEX_MAX];
        if (!fits_digest(l, secret, expected)) return l->is_from_cache ? ask_helper(l) : fail(l, NULL);
        if (is_replay(l, span_of(expected))) {
            l->step = LOGIN_BEGIN;
            return challenge(r, l->rule, true);
        }
    }
    if (l->cache.is_on && !l->is_from_cache)
        auth_cache_put(l->key, l->answer, clock_now_s(), l->cache.max_entries);
    throttle_passed(&r->client, l->user, credentials_of(l), fdevents_now_ms(request_events(r)));
    if (!auth_rule_allows(l->rule, user, span_is(in_group, SPAN("1")))) {
        request_say(r, LOG_IS_NOTE, "auth: user \"%.*s\" is none of those whom auth.require lets see %.*s",
                    SPAN_ARG(user), SPAN_ARG(r->in.uri.path));
        request_reason(r, "auth.require", "user \"%.*s\" is none of those who may see it", SPAN_ARG(user));
        request_reason_is_said(r);
        l->step = LOGIN_BEGIN;
        return challenge(r, l->rule, false);
    }
    return pass(l, arena_copy(&r->arena, user), l->rule->method == AUTH_DIGEST ? SPAN("Digest") : SPAN("Basic"));
}

static enum handler look_at_answer(struct login *l) {
    struct span rest = l->answer, verdict, why;
    if (!rest.p) return broken(l, 503, "the process that checks passwords has not answered in time");
    texts_next(&rest, &verdict);
    switch (verdict.n == 1 ? verdict.p[0] : VERDICT_BROKEN) {
    case VERDICT_PASSED:
        return check_passed(l, rest);
    case VERDICT_WRONG: return fail(l, NULL);
    default:
        texts_next(&rest, &why);
        return broken(l, 500, why.n ? arena_copy(&l->r->arena, why).p : "a damaged answer");
    }
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static enum handler ask_helper(struct login *l) {
    struct request *r = l->r;
    l->is_from_cache = false;
    if (request_is_rehearsed(r) && !l->backend->job->reads_files_only) {
        request_note(r, (struct place){NULL, 0}, "auth.backend = \"%s\" is asked first, for the user \"%.*s\"",
                     l->backend->name, SPAN_ARG(l->user));
        return HANDLER_WAIT_FOR_EVENT;
    }
    if (slows_down(r)) {
        if (!throttle_begin(&r->client, l->user, fdevents_now_ms(request_events(r))))
            return wait_for_turn(l, THROTTLE_AGAIN_MS, LOGIN_RETURNS);
        l->is_counted = true;
    }
    wait(l, LOGIN_IS_ASKED);
    l->job = job_ask(l->backend->job, l->question, answered, l);
    if (l->job) return HANDLER_WAIT_FOR_EVENT;
    end_attempt(l);
    return broken(l, 503, "the process that checks passwords cannot be asked");
}

/* With Digest what is kept may be old: who does not fit it, is looked up. So a new password is right at once, and
 * whether a name is kept is told by nothing. */
static enum handler ask_now(struct login *l) {
    struct span cached, verdict;
    if (!l->cache.is_on || !auth_cache_get(l->key, clock_now_s(), l->cache.max_age_s, &cached)) return ask_helper(l);
    l->answer = arena_copy(&l->r->arena, cached);
    l->is_from_cache = true;
    struct span rest = l->answer;
    texts_next(&rest, &verdict);
    return check_passed(l, rest);
}

/* Who has failed before waits, also for what is in the cache: an answer at once would tell that it is right. */
static enum handler take_turn(struct login *l) {
    struct request *r = l->r;
    if (!slows_down(r)) return ask_now(l);
    int ms = throttle_wait_ms(&r->client, l->user, credentials_of(l), fdevents_now_ms(request_events(r)));
    if (ms == 0) return ask_now(l);
    if (ms > 0) return wait_for_turn(l, ms, LOGIN_ASKS);
    fields_set(&r->out, &r->arena, HEADER_RETRY_AFTER, arena_printf(&r->arena, "%d", RETRY_SECONDS));
    l->step = LOGIN_BEGIN;
    count(COUNT_LIMIT_LOGINS);
    return request_refuse_for(r, 429, "auth.require", "auth: too many attempts from this network");
}

static enum handler prepare(struct login *l) {
    const struct auth_backend *b = l->backend;
    struct request *r = l->r;
    bool is_digest = l->rule->method == AUTH_DIGEST;
    struct buf question = {0};
    if (!b) return broken(l, 500, "auth.require holds here, but auth.backend is not set");
    if (is_digest && !b->can_digest)
        return broken(l, 500, "the method digest needs auth.backend = \"plain\" or \"htdigest\"");
    char client[ADDR_TEXT_BYTES];
    struct auth_login login = {l->rule,
                               l->user,
                               l->password,
                               is_digest ? l->digest.algorithm : NULL,
                               is_digest && l->digest.userhash,
                               {client, request_peer_text(r, client)}};
    texts_add(&question, span_of(b->name));
    const char *why = b->ask(request_settings(r, b->module), &login, &question);
    l->question = arena_copy(&r->arena, buf_span(&question));
    if (question.p) memset(question.p, 0, question.cap);
    buf_done(&question);
    if (why) return broken(l, 500, why);
    auth_cache_key(l->question, l->key);
    return take_turn(l);
}

/* ---- what the client has sent -------------------------------------------------------------------------- */

/* The client's credentials of that scheme. */
static bool find_credentials(const struct request *r, struct span scheme, struct span *rest) {
    const struct field *f = fields_first(&r->in.fields, HEADER_AUTHORIZATION);
    return f && credentials_are(f->value, scheme, rest);
}

static enum handler begin_basic(struct login *l, struct span rest) {
    l->user = l->password = SPAN("");
    if (!basic_parse(rest, &l->r->arena, &l->user, &l->password)) return fail(l, "malformed credentials");
    if (l->user.n == 0 || l->user.n > USER_BYTES_MAX || l->password.n > PASSWORD_BYTES_MAX)
        return fail(l, "a name or password of no possible length");
    return prepare(l);
}

/* "The server must check that the resource is the one of the request line" (RFC 7616 3.4.6). */
static bool is_our_target(const struct request *r, struct span uri) {
    struct span scheme, authority, rest;
    if (span_is(uri, r->in.target_sent)) return true;
    if (uri_absolute(r->in.target_sent, &scheme, &authority, &rest)) return span_is(uri, rest);
    return uri_absolute(uri, &scheme, &authority, &rest) && span_is_ci(authority, r->in.authority) &&
           span_is(rest, r->in.target_sent);
}

static enum handler begin_digest(struct login *l, struct span rest) {
    struct request *r = l->r;
    struct digest *d = &l->digest;
    bool parsed = digest_parse(rest, &r->arena, d);
    l->user = parsed ? d->username : SPAN("");
    l->password = SPAN("");
    if (!parsed || d->username.n > USER_BYTES_MAX) return fail(l, "malformed credentials");
    if (!span_is(d->realm, l->rule->realm)) return challenge(r, l->rule, false);
    if (!(l->rule->offered & 1u << (d->algorithm - algorithms))) return fail(l, "an algorithm that was not offered");
    if (d->userhash && !l->rule->userhash) return fail(l, "a hashed name that was not asked for");
    if (!is_our_target(r, d->uri)) return fail(l, "credentials of another URL");
    if (nonce_check(l->rule, d->nonce, clock_now_s()) != NONCE_GOOD) return challenge(r, l->rule, true);
    return prepare(l);
}

/* Somebody else has said who it is: not we, under another rule, before the request started anew. */
static bool is_extern(const struct request *r) {
    const struct field *type = fields_first_named(&r->env, SPAN("AUTH_TYPE"));
    return r->user.n && !(type && (span_is(type->value, SPAN("Basic")) || span_is(type->value, SPAN("Digest"))));
}

static enum handler begin(struct login *l, const struct login_ask *ask) {
    struct request *r = l->r;
    struct span rest;
    bool takes_extern = ask->extern_authn || l->rule->method == AUTH_EXTERN;
    if (takes_extern && is_extern(r) && auth_rule_allows(l->rule, r->user, false))
        return pass(l, r->user, SPAN("extern"));
    if (l->rule->method == AUTH_EXTERN) return challenge(r, l->rule, false);
    bool is_basic = l->rule->method == AUTH_BASIC;
    if (credentials_are_ambiguous(&r->in.fields))
            return request_refuse_for(r, 400, NULL, "auth: Authorization is there more than once");
    if (!find_credentials(r, is_basic ? SPAN("Basic") : SPAN("Digest"), &rest)) return challenge(r, l->rule, false);
    return is_basic ? begin_basic(l, rest) : begin_digest(l, rest);
}

enum handler login_run(struct request *r, const struct login_ask *ask, void **slot) {
    struct login *l = *slot;
    if (!l || l->rule != ask->rule || l->plan != r->plan) {
        bool has_used = l && l->has_used;
        l = *slot = arena_zeroed(&r->arena, sizeof *l);
        *l = (struct login){.r = r, .rule = ask->rule, .plan = r->plan, .has_used = has_used};
    }
    switch (l->step) {
    case LOGIN_PASSED: return HANDLER_GO_ON;
    case LOGIN_WAITS:
    case LOGIN_IS_ASKED: return HANDLER_WAIT_FOR_EVENT;
    case LOGIN_ASKS: return ask_now(l);
    case LOGIN_RETURNS: return take_turn(l);
    case LOGIN_ANSWERED: return look_at_answer(l);
    case LOGIN_BEGIN: break;
    }
    l->backend = ask->backend;
    l->cache = ask->cache ? *ask->cache : (struct auth_cache_options){false, 0, 0};
    return begin(l, ask);
}
