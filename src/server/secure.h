/* secure.h - TLS as the server uses it: which context holds for a listener, a name, a request */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SECURE_H
#define GOLDCREST_SECURE_H

#include "server/plan.h"
#include "server/settings.h"
#include "tls/context.h"

struct conn;

/* The directives ssl.* as a module of the server: row SECURE_MODULE of conf.modules. */
enum { SECURE_MODULE = 1 };
extern const struct module secure_module;

/* Makes the contexts that the configuration needs, so that what is wrong is told at load: of sockets with ssl.engine,
 * and of all blocks that say something of certificates. */
void secure_load(struct conf *conf, struct complaints *c);
void secure_done(struct conf *conf);

/* Has a new connection of this listener to begin with TLS? Its context then (not held), else NULL. */
struct tls_context *secure_context(struct conf *conf, struct span socket);

/* tls_select for a struct conn: the context for the name that the client has said. */
struct tls_context *secure_select(void *conn, struct span name);

/* Does the plan (and so the host) of this request belong to another certificate, or to clients with other rights,
 * than what was agreed upon when its connection began? Then it is to be refused: 421 (RFC 9110 15.5.20). */
bool secure_is_misdirected(struct request *r, const struct plan *plan);

/* What ssl.verifyclient.* say of the client, for this request: its environment and its user. */
void secure_export(struct request *r);

#endif
