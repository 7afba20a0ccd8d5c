/* privileges.c - what a worker gives up before it talks to anybody */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "server/module.h"

bool privileges_find(const struct core_settings *core, struct who *who) {
    *who = (struct who){0, 0, false, NULL};
    if (geteuid() != 0 || (!core->username.n && !core->groupname.n)) return true;
    if (core->username.n) {
        const struct passwd *pw = getpwnam(core->username.p);
        if (!pw) say_error("server.username: there is no user \"%s\"", core->username.p);
        if (!pw) return false;
        who->uid = pw->pw_uid;
        who->gid = pw->pw_gid;
        who->name = core->username.p;
    }
    if (core->groupname.n) {
        const struct group *gr = getgrnam(core->groupname.p);
        if (!gr) say_error("server.groupname: there is no group \"%s\"", core->groupname.p);
        if (!gr) return false;
        who->gid = gr->gr_gid;
    }
    who->is_set = true;
    if (core->username.n && who->uid == 0) say_error("server.username: the workers will not run as uid 0");
    if (who->gid == 0) say_error("server.groupname: the workers will not run with gid 0");
    return !(core->username.n && who->uid == 0) && who->gid != 0;
}

static bool failed(const char *what) {
    say_error("%s: %s", what, strerror(errno));
    return false;
}

static struct span root; /* lives as long as the process */

struct span process_root(void) {
    return root;
}

bool privileges_drop(const struct core_settings *core, const struct who *who) {
    /* One group, not none, which some systems take for group 0; and before setgid(): for the BSDs the first of them
     * is the effective group. */
    if (who->is_set && setgroups(1, &who->gid) != 0) return failed("setgroups");
    if (who->is_set && setgid(who->gid) != 0) return failed("setgid");
    if (who->name && initgroups(who->name, (GC_INITGROUPS_TYPE)who->gid) != 0) return failed("initgroups");
    if (core->chroot.n && chroot(core->chroot.p) != 0) return failed("chroot");
    if (core->chroot.n && chdir("/") != 0) return failed("chdir");
    if (core->chroot.n) root = (struct span){span_dup(core->chroot), core->chroot.n};
    if (who->name && setuid(who->uid) != 0) return failed("setuid");
    if (who->name && (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)) {
        say_error("setuid: root could be had back");
        return false;
    }
    return true;
}
