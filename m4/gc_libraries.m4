# gc_libraries.m4 - libraries: TLS, compression, authentication
# SPDX-License-Identifier: BSD-3-Clause

# GC_LIBRARY([NAME], [PKG-CONFIG MODULE], [HEADER], [FUNCTION], [-l FLAGS])
# ------------------------------------------------------------------------
# Looks for a library by pkg-config, and without it by linking. Sets gc_lib_NAME to yes or no, NAME_CFLAGS, NAME_LIBS.
AC_DEFUN([GC_LIBRARY], [
gc_lib_$1=no
m4_ifdef([PKG_CHECK_MODULES], [PKG_CHECK_MODULES([$1], [$2], [gc_lib_$1=yes], [gc_lib_$1=no])])
AS_IF([test "$gc_lib_$1" = no], [
  AC_MSG_CHECKING([for $5 without pkg-config])
  gc_saved_LIBS=$LIBS
  gc_saved_CPPFLAGS=$CPPFLAGS
  test -n "$$1_LIBS" || $1_LIBS="$5"
  LIBS="$$1_LIBS $LIBS"
  CPPFLAGS="$CPPFLAGS $$1_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <stdio.h>
#include <$3>]], [[return (void *)$4 == (void *)0;]])], [gc_lib_$1=yes], [$1_LIBS=])
  LIBS=$gc_saved_LIBS
  CPPFLAGS=$gc_saved_CPPFLAGS
  AC_MSG_RESULT([$gc_lib_$1])])
AC_SUBST([$1_CFLAGS])
AC_SUBST([$1_LIBS])
])

# GC_OPENSSL
# ----------
# TLS by OpenSSL 3 or LibreSSL: there, or refused in so many words. Sets gc_tls for the summary.
AC_DEFUN([GC_OPENSSL], [
AC_ARG_WITH([openssl], [AS_HELP_STRING([--without-openssl], [no TLS: ssl.engine = "enable" is then an error])
AS_HELP_STRING([--with-openssl=DIR], [OpenSSL or LibreSSL in DIR/include and DIR/lib])],
  [], [with_openssl=yes])
gc_tls=no
AS_CASE([$with_openssl], [yes|no], [], [/*], [
  test -f "$with_openssl/include/openssl/ssl.h" ||
    AC_MSG_ERROR([--with-openssl: there is no $with_openssl/include/openssl/ssl.h])
  test "${OPENSSL_CFLAGS+set}" = set || OPENSSL_CFLAGS="-I$with_openssl/include"
  test "${OPENSSL_LIBS+set}" = set || OPENSSL_LIBS="-L$with_openssl/lib -lssl -lcrypto"],
  [AC_MSG_ERROR([--with-openssl wants the folder's whole path, from the root on])])
AS_IF([test "x$with_openssl" != xno], [
  GC_LIBRARY([OPENSSL], [openssl], [openssl/ssl.h], [SSL_new], [-lssl -lcrypto])
  AS_IF([test "$gc_lib_OPENSSL" = yes], [gc_tls=OpenSSL],
    [AC_MSG_ERROR(m4_normalize([OpenSSL was not found. Install its development package (libssl-dev, openssl-devel,
      openssl), or say --without-openssl]))])])
AM_CONDITIONAL([HAVE_OPENSSL], [test "$gc_tls" != no])
AS_IF([test "$gc_tls" != no], [GC_OPENSSL_USES])
])

# GC_OPENSSL_USES
# ---------------
# What OpenSSL 3 has and LibreSSL (or an older OpenSSL) may lack; src/tls has something else for each. Answers given
# beforehand (gc_cv_tls_NAME=no) are how those are tested where all of it is there: see doc/PORTABILITY.
AC_DEFUN([GC_OPENSSL_USES], [
gc_saved_LIBS=$LIBS
gc_saved_CPPFLAGS=$CPPFLAGS
LIBS="$OPENSSL_LIBS $LIBS"
CPPFLAGS="$CPPFLAGS $OPENSSL_CFLAGS"
GC_TLS_USE([has_pending], [SSL_has_pending()], [return SSL_has_pending((SSL *)0);])
GC_TLS_USE([client_hello], [a callback for the ClientHello], [const unsigned char *p;
size_t n;
SSL_CTX_set_client_hello_cb((SSL_CTX *)0, 0, 0);
return SSL_client_hello_get0_ext((SSL *)0, TLSEXT_TYPE_server_name, &p, &n) == SSL_CLIENT_HELLO_ERROR;])
GC_TLS_USE([ticket_evp], [keys of tickets by EVP_MAC], [OSSL_PARAM end@<:@@:>@ = {OSSL_PARAM_construct_end()};
SSL_CTX_set_tlsext_ticket_key_evp_cb((SSL_CTX *)0, 0);
return EVP_MAC_CTX_set_params((EVP_MAC_CTX *)0, end);], [#include <openssl/core_names.h>])
GC_TLS_USE([num_tickets], [a number of tickets], [SSL_CTX_set_num_tickets((SSL_CTX *)0, 1);
return SSL_set_num_tickets((SSL *)0, SSL_CTX_get_num_tickets((SSL_CTX *)0));])
GC_TLS_USE([conf], [SSL_CONF_cmd()], [SSL_CONF_CTX *conf = SSL_CONF_CTX_new();
SSL_CONF_CTX_set_flags(conf, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER);
SSL_CONF_CTX_set_ssl_ctx(conf, (SSL_CTX *)0);
return SSL_CONF_cmd(conf, "", "");])
GC_TLS_USE([dh_pkey], [Diffie-Hellman parameters as EVP_PKEY],
  [return SSL_CTX_set0_tmp_dh_pkey((SSL_CTX *)0, PEM_read_bio_Parameters((BIO *)0, 0));])
GC_TLS_USE([security_level], [SSL_CTX_set_security_level()], [SSL_CTX_set_security_level((SSL_CTX *)0, 1); return 0;])
GC_TLS_USE([ktls], [TLS in the kernel], [SSL_set0_wbio((SSL *)0, (BIO *)0);
return BIO_get_ktls_send((BIO *)0) + SSL_OP_ENABLE_KTLS == 0;])
GC_TLS_USE([ocsp_id], [OCSP_SINGLERESP_get0_id()], [return !OCSP_SINGLERESP_get0_id((OCSP_SINGLERESP *)0);])
LIBS=$gc_saved_LIBS
CPPFLAGS=$gc_saved_CPPFLAGS
])

# GC_TLS_USE([NAME], [WHAT], [BODY], [INCLUDES])
# ----------------------------------------------
# Defines HAVE_TLS_NAME if BODY compiles and links.
AC_DEFUN([GC_TLS_USE], [
AC_CACHE_CHECK([whether the TLS library has $2], [gc_cv_tls_$1],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <openssl/ssl.h>
#include <openssl/pem.h>
#include <openssl/ocsp.h>
]$4], [$3])], [gc_cv_tls_$1=yes], [gc_cv_tls_$1=no])])
AS_IF([test "x$gc_cv_tls_$1" = xyes],
  [AC_DEFINE([HAVE_TLS_]m4_toupper([$1]), [1], [Define to 1 if the TLS library has $2.])])
])

# GC_CODERS
# ---------
# Compression: zlib is expected, the others are taken where they are. Makes the conditionals HAVE_ZLIB,
# HAVE_LIBDEFLATE, HAVE_BROTLI, HAVE_ZSTD and the table GC_CODER_TABLE of src/modules/deflate/coder.c, the quicker
# coder of a coding before the slower one; sets gc_coder_names for the summary. For deflate.max-loadavg:
# HAVE_GETLOADAVG and where it is declared.
AC_DEFUN([GC_CODERS], [
gc_coder_names=
m4_foreach([gc_row], [[ZLIB, zlib, zlib, zlib.h, deflate, -lz],
                      [LIBDEFLATE, libdeflate, libdeflate, libdeflate.h, libdeflate_alloc_compressor, -ldeflate],
                      [BROTLI, brotli, libbrotlienc, brotli/encode.h, BrotliEncoderCreateInstance, -lbrotlienc],
                      [ZSTD, zstd, libzstd, zstd.h, ZSTD_createCCtx, -lzstd]], [GC_CODER(gc_row)])
AC_DEFINE_UNQUOTED([GC_CODER_NAMES], ["$gc_coder_names"], [The libraries for compression, for -V.])
gc_coders=
AS_IF([test "$gc_lib_LIBDEFLATE" = yes], [gc_coders="$gc_coders X(libdeflate_gzip) X(libdeflate_deflate)"])
AS_IF([test "$gc_lib_ZLIB" = yes], [gc_coders="$gc_coders X(zlib_gzip) X(zlib_deflate)"])
AS_IF([test "$gc_lib_BROTLI" = yes], [gc_coders="$gc_coders X(brotli)"])
AS_IF([test "$gc_lib_ZSTD" = yes], [gc_coders="$gc_coders X(zstd)"])
AC_DEFINE_UNQUOTED([GC_CODER_TABLE(X)], [$gc_coders], [The coders that are built in, the quicker first.])

dnl what tests decode with
gc_lib_BROTLIDEC=no
AS_IF([test "$gc_lib_BROTLI" = yes], [
  GC_LIBRARY([BROTLIDEC], [libbrotlidec], [brotli/decode.h], [BrotliDecoderCreateInstance], [-lbrotlidec])
  AS_IF([test "$gc_lib_BROTLIDEC" = yes],
    [AC_DEFINE([HAVE_BROTLIDEC], [1], [Define to 1 if br can be coded and decoded.])])])

gc_loadavg_header='<stdlib.h>'
AC_CHECK_HEADER([sys/loadavg.h], [gc_loadavg_header='<sys/loadavg.h>'])
AC_CHECK_FUNC([getloadavg], [gc_loadavg=yes], [gc_loadavg=no])
AC_DEFINE_UNQUOTED([GC_LOADAVG_HEADER], [$gc_loadavg_header], [What declares getloadavg().])
AM_CONDITIONAL([HAVE_GETLOADAVG], [test "$gc_loadavg" = yes])
])

# GC_CODER([NAME], [SWITCH], ... as GC_LIBRARY)
AC_DEFUN([GC_CODER], [
AC_ARG_WITH([$2], [AS_HELP_STRING([--without-$2], [do without $2])], [], [with_$2=auto])
gc_lib_$1=no
AS_IF([test "x$with_$2" != xno], [
  GC_LIBRARY([$1], [$3], [$4], [$5], [$6])
  AS_IF([test "$gc_lib_$1" = yes], [gc_coder_names="$gc_coder_names $2"
      AC_DEFINE([HAVE_$1], [1], [Define to 1 if $2 is there.])],
    [AS_IF([test "x$with_$2" = xyes || test "$2" = zlib],
      [AC_MSG_ERROR([$2 was not found. Install its development package, or say --without-$2])])])])
AM_CONDITIONAL([HAVE_$1], [test "$gc_lib_$1" = yes])
])

# GC_AUTH
# -------
# Where passwords can be: crypt(3), LDAP and PAM are taken where they are; a module without its library is left out.
# Makes the conditional HAVE_CRYPT and the table GC_AUTH_BACKENDS of src/modules/auth/backend.c; sets gc_auth_summary.
AC_DEFUN([GC_AUTH], [
gc_saved_LIBS=$LIBS
AC_SEARCH_LIBS([crypt], [crypt xcrypt], [gc_crypt=yes], [gc_crypt=no])
CRYPT_LIBS=
AS_CASE([$ac_cv_search_crypt], [-l*], [CRYPT_LIBS=$ac_cv_search_crypt])
LIBS=$gc_saved_LIBS
AC_SUBST([CRYPT_LIBS])
gc_crypt_header='<unistd.h>'
AC_CHECK_HEADER([crypt.h], [gc_crypt_header='<crypt.h>'])
AC_DEFINE_UNQUOTED([GC_CRYPT_HEADER], [$gc_crypt_header], [What declares crypt().])
AM_CONDITIONAL([HAVE_CRYPT], [test "$gc_crypt" = yes])
AS_IF([test "$gc_crypt" = yes], [gc_has_crypt=1], [gc_has_crypt=0])
AC_DEFINE_UNQUOTED([GC_CRYPT], [$gc_has_crypt], [1 if crypt(3) is there, for -V.])
AS_IF([test "x$enable_mod_auth" = xno], [enable_mod_authn_file=no enable_mod_authn_ldap=no enable_mod_authn_pam=no])
gc_auth_summary="crypt(3): $gc_crypt"
gc_auth_backends=
AS_IF([test "x$enable_mod_authn_file" != xno], [gc_auth_backends='X(plain) X(htpasswd) X(htdigest)'])
GC_AUTH_LIBRARY([LDAP], [ldap], [ldap], [ldap.h], [ldap_initialize], [-lldap -llber])
GC_AUTH_LIBRARY([PAM], [pam], [pam], [security/pam_appl.h], [pam_start], [-lpam])
AC_DEFINE_UNQUOTED([GC_AUTH_BACKENDS(X)], [$gc_auth_backends], [The values of auth.backend that are built in.])
])

# GC_AUTH_LIBRARY([NAME], [BACKEND], ... as GC_LIBRARY)
AC_DEFUN([GC_AUTH_LIBRARY], [
gc_lib_$1=no
AS_IF([test "x$enable_mod_authn_$2" != xno], [
  GC_LIBRARY([$1], [$3], [$4], [$5], [$6])
  AS_IF([test "$gc_lib_$1" = yes], [gc_auth_backends="$gc_auth_backends X($2)"],
    [AS_IF([test "x$enable_mod_authn_$2" = xyes],
      [AC_MSG_ERROR([lib$2 was not found. Install its development package, or say --disable-mod-authn-$2])])
    enable_mod_authn_$2=no
    AC_MSG_NOTICE([mod_authn_$2 is not in this build: lib$2 was not found])])])
gc_auth_summary="$gc_auth_summary, lib$2: $gc_lib_$1"
])

# GC_PARTS
# --------
# Sets gc_parts to "no" if what it brings cannot be linked into a library: archives that are not position-independent.
# On Darwin a library that calls its program needs a linker that looks for symbols late, and not all do.
AC_DEFUN([GC_PARTS], [
AC_CACHE_CHECK([whether a library can have them in it], [gc_cv_parts], [
gc_wanted=
AS_IF([test "$gc_tls" != no], [gc_wanted="$gc_wanted, SSL_new"])
AS_IF([test "$gc_lib_ZLIB" = yes], [gc_wanted="$gc_wanted, deflateInit2_"])
AS_IF([test "$gc_lib_LIBDEFLATE" = yes], [gc_wanted="$gc_wanted, libdeflate_alloc_compressor"])
AS_IF([test "$gc_lib_BROTLI" = yes], [gc_wanted="$gc_wanted, BrotliEncoderCreateInstance"])
AS_IF([test "$gc_lib_ZSTD" = yes], [gc_wanted="$gc_wanted, ZSTD_createCCtx"])
gc_saved_CFLAGS=$CFLAGS gc_saved_LDFLAGS=$LDFLAGS gc_saved_LIBS=$LIBS
CFLAGS="$CFLAGS $lt_prog_compiler_pic"
LDFLAGS="$LDFLAGS -shared"
LIBS="$OPENSSL_LIBS $LIBDEFLATE_LIBS $ZLIB_LIBS $BROTLI_LIBS $ZSTD_LIBS $LIBS"
AS_CASE([$host_os], [darwin*], [gc_cv_parts=no],
  [AC_LINK_IFELSE([AC_LANG_SOURCE([typedef void function(void);
function none$gc_wanted;
function *wanted@<:@@:>@ = {0$gc_wanted};])], [gc_cv_parts=yes], [gc_cv_parts=no])])
CFLAGS=$gc_saved_CFLAGS LDFLAGS=$gc_saved_LDFLAGS LIBS=$gc_saved_LIBS])
AS_IF([test "$gc_cv_parts" = no], [gc_parts=no])
])
