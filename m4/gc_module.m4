# gc_module.m4 - one line a module
# SPDX-License-Identifier: BSD-3-Clause

# GOLDCREST_MODULE([NAME], [WHAT IT DOES])
# ----------------------------------------
# Makes the switch --disable-mod-NAME, the conditional MOD_NAME and the module's row in GC_MODULES, the table of
# src/server/modules.c. Hooks of a phase run in the order of these lines.
AC_DEFUN([GOLDCREST_MODULE], [
AC_ARG_ENABLE([mod-$1],
  [AS_HELP_STRING([--disable-mod-$1], [leave out mod_]m4_translit([$1], [-], [_])[: $2])],
  [], [enable_mod_]m4_translit([$1], [-], [_])[=yes])
AM_CONDITIONAL([MOD_]m4_translit([$1], [a-z-], [A-Z_]), [test "x$enable_mod_]m4_translit([$1], [-], [_])[" != xno])
AS_IF([test "x$enable_mod_]m4_translit([$1], [-], [_])[" != xno],
  [gc_modules="$gc_modules X(]m4_translit([$1], [-], [_])[)"
   gc_module_names="$gc_module_names ]m4_translit([$1], [-], [_])["])
])

# GOLDCREST_MODULES_DONE
# ----------------------
# After the last GOLDCREST_MODULE: writes the table.
AC_DEFUN([GOLDCREST_MODULES_DONE], [
AC_DEFINE_UNQUOTED([GC_MODULES(X)], [$gc_modules], [The modules that are built in, in the order of their hooks.])
])
