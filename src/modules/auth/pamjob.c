/* pamjob.c - asks PAM whether it is the password, and whether the account may be used; in a process of its own */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdlib.h>

#include "modules/auth/outside.h"
#include "modules/auth/question.h"

enum { MESSAGES_MAX = 32 };

static void forget(struct pam_response *answers, int count) {
    for (int i = 0; i < count; i++) free(answers[i].resp);
    free(answers);
}

/* Who asks for something that is not echoed, gets the password; there is nobody to ask for anything else. */
static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *password) {
    if (count <= 0 || count > MESSAGES_MAX) return PAM_CONV_ERR;
    struct pam_response *list = calloc((size_t)count, sizeof *list); /* PAM frees it */
    if (!list) return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style == PAM_TEXT_INFO || messages[i]->msg_style == PAM_ERROR_MSG) continue;
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) list[i].resp = strdup(password);
        if (list[i].resp) continue;
        forget(list, count);
        return PAM_CONV_ERR;
    }
    *answers = list;
    return PAM_SUCCESS;
}

static bool is_member(const struct group *g, const char *user) {
    const struct passwd *pw;
    for (char **m = g->gr_mem; *m; m++)
        if (strcmp(*m, user) == 0) return true;
    pw = getpwnam(user);
    return pw && pw->pw_gid == g->gr_gid;
}

static bool is_in_group(struct span groups, const char *user) {
    struct span group;
    bool found = false;
    while (!found && texts_next(&groups, &group)) {
        struct buf name = {0};
        buf_add(&name, group);
        const struct group *g = getgrnam(buf_text(&name));
        found = g && is_member(g, user);
        buf_done(&name);
    }
    return found;
}

/* Anything else is not the client's fault. */
static bool is_refusal(int error) {
    static const int refusals[] = {PAM_AUTH_ERR,     PAM_USER_UNKNOWN, PAM_MAXTRIES,        PAM_PERM_DENIED,
                                   PAM_ACCT_EXPIRED, PAM_CRED_EXPIRED, PAM_NEW_AUTHTOK_REQD};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (error == refusals[i]) return true;
    return false;
}

static int authenticate(pam_handle_t *pam, const char *client) {
    int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
    int error = pam_set_item(pam, PAM_RHOST, client);
    if (error == PAM_SUCCESS) error = pam_authenticate(pam, flags);
    return error == PAM_SUCCESS ? pam_acct_mgmt(pam, flags) : error;
}

static void ask(const char *texts[], struct span groups, struct buf *answer) {
    const char *service = texts[1], *client = texts[2], *user = texts[3];
    struct pam_conv conversation = {converse, (void *)texts[4]};
    pam_handle_t *pam = NULL;
    int error = pam_start(service, user, &conversation, &pam);
    if (error == PAM_SUCCESS) error = authenticate(pam, client);
    if (error == PAM_SUCCESS) answer_passed(answer, is_in_group(groups, user), span_of(user), SPAN(""));
    else if (is_refusal(error)) answer_wrong(answer);
    else answer_broken(answer, "pam: service %s: %s", service, pam_strerror(pam, error));
    if (pam) pam_end(pam, error);
}

void outside_answer(struct span question, struct buf *answer) {
    enum { TEXTS = 5 };
    struct buf rooms[TEXTS] = {{0}};
    const char *texts[TEXTS];
    struct span text;
    bool ok = true;
    for (int i = 0; i < TEXTS; i++) {
        ok = ok && texts_next(&question, &text) && (text.n == 0 || !memchr(text.p, '\0', text.n));
        if (ok) buf_add(&rooms[i], text);
        texts[i] = buf_text(&rooms[i]);
    }
    if (ok) ask(texts, question, answer);
    else answer_broken(answer, "the question is damaged");
    for (int i = 0; i < TEXTS; i++) {
        memset(rooms[i].p, 0, rooms[i].cap);
        buf_done(&rooms[i]);
    }
}
