#!/bin/sh
# Prints mimetype.assign for every extension of mime.types; the first type of an extension counts.
echo 'mimetype.assign = ('
awk '!/^#/ { for (i = 2; i <= NF; i++) if (!seen[$i]++) printf "\"." "%s\" => \"%s\",\n", $i, $1 }' "@PREFIX@/etc/mime.types"
echo ')'
