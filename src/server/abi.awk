# abi.awk - what of the public headers makes an ABI: their text without comments and blanks
# SPDX-License-Identifier: BSD-3-Clause
{
    line = $0
    out = ""
    while (line != "") {
        if (inside) {
            end = index(line, "*/")
            if (!end) break
            line = substr(line, end + 2)
            inside = 0
        } else {
            begin = index(line, "/*")
            out = out (begin ? substr(line, 1, begin - 1) : line)
            if (!begin) break
            line = substr(line, begin + 2)
            inside = 1
        }
    }
    gsub(/[ \t]+/, " ", out)
    sub(/^ /, "", out)
    sub(/ $/, "", out)
    if (out != "") print out
}
