/* test_errors.c - broken configurations and every word that is said about them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "conf/complain.h"
#include "conf/tree.h"
#include "conf_text.h"

static const struct {
    struct span text;
    const char *messages;
} cases[] = {
    {SPAN_INIT("server.name = \"foo\n"
               "server.port = 80\n"
               "server.tag = \"bar\"\n"
               "x = zz\n"),
     "t.conf:1:15: error: the closing quote of this string is missing\n"
     "  server.name = \"foo\n"
     "                ^~~~\n"
     "t.conf:3:14: note: without it the string runs up to here\n"
     "  server.tag = \"bar\"\n"
     "               ^\n"
     "t.conf:4:5: error: zz is not defined\n"
     "  x = zz\n"
     "      ^~\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"},
    {SPAN_INIT("server.name = \"foo\n"
               "server.port = 80\n"
               "x = zz\n"),
     "t.conf:1:15: error: the closing quote of this string is missing\n"
     "  server.name = \"foo\n"
     "                ^~~~\n"
     "t.conf:3:5: error: zz is not defined\n"
     "  x = zz\n"
     "      ^~\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"},
    {SPAN_INIT("index-file.names = ( \"a\", \"b )\n"
               "x = 1\n"
               "y = ( \"c\" )\n"),
     "t.conf:1:27: error: the closing quote of this string is missing\n"
     "  index-file.names = ( \"a\", \"b )\n"
     "                            ^~\n"
     "t.conf:3:7: note: without it the string runs up to here\n"
     "  y = ( \"c\" )\n"
     "        ^\n"},
    {SPAN_INIT("$HTTP[\"host] == \"x\" {\n"
               " a = 1\n"
               "}\n"
               "b = 2\n"),
     "t.conf:1:7: error: the closing quote of this string is missing before ]\n"
     "  $HTTP[\"host] == \"x\" {\n"
     "        ^~~~~~~~~~~\n"},
    {SPAN_INIT("$HTTP[\"host\"] == \"x {\n"
               " a = 1\n"
               "}\n"
               "b = 2\n"),
     "t.conf:1:18: error: the closing quote of this string is missing\n"
     "  $HTTP[\"host\"] == \"x {\n"
     "                   ^~\n"},
    {SPAN_INIT("a = bar\"\n"
               "b = 1\n"),
     "t.conf:1:5: error: the opening quote of this string is missing\n"
     "  a = bar\"\n"
     "      ^~~\n"},
    {SPAN_INIT("a = ( \"x\", \"y\"\n"
               "b = 1\n"
               "c = (\"z\")\n"),
     "t.conf:1:5: error: the ) that closes this ( is missing\n"
     "  a = ( \"x\", \"y\"\n"
     "      ^\n"
     "t.conf:2:1: note: it has to stand before this\n"
     "  b = 1\n"
     "  ^\n"},
    {SPAN_INIT("a = ( \"x\", \"y\"\n"
               "$HTTP[\"host\"] == \"a\" { b = 2 }\n"),
     "t.conf:1:5: error: the ) that closes this ( is missing\n"
     "  a = ( \"x\", \"y\"\n"
     "      ^\n"
     "t.conf:2:1: note: it has to stand before this\n"
     "  $HTTP[\"host\"] == \"a\" { b = 2 }\n"
     "  ^\n"},
    {SPAN_INIT("a = ((\"x\"\n"
               "b = 1\n"),
     "t.conf:1:6: error: the ) that closes this ( is missing\n"
     "  a = ((\"x\"\n"
     "       ^\n"
     "t.conf:2:1: note: it has to stand before this\n"
     "  b = 1\n"
     "  ^\n"},
    {SPAN_INIT("fastcgi.server = ( \".php\" => (( \"host\" => \"x\", \"port\" => 1 ) )\n"
               "b = 1\n"),
     "t.conf:1:18: error: the ) that closes this ( is missing\n"
     "  fastcgi.server = ( \".php\" => (( \"host\" => \"x\", \"port\" => 1 ) )\n"
     "                   ^\n"
     "t.conf:2:1: note: it has to stand before this\n"
     "  b = 1\n"
     "  ^\n"},
    {SPAN_INIT("a = (1"), "t.conf:1:5: error: the ) that closes this ( is missing\n"
                          "  a = (1\n"
                          "      ^\n"},
    {SPAN_INIT("a = (\"x\" => )\n"
               "b = (\"x\" =>\n"
               "c = 1\n"),
     "t.conf:1:13: error: expected a value, found )\n"
     "  a = (\"x\" => )\n"
     "              ^\n"
     "  a value is a \"string\", a number, a variable or a ( list )\n"
     "t.conf:2:5: error: the ) that closes this ( is missing\n"
     "  b = (\"x\" =>\n"
     "      ^\n"
     "t.conf:3:1: note: it has to stand before this\n"
     "  c = 1\n"
     "  ^\n"},
    {SPAN_INIT("$HTTP[\"host\"] == \"a\" {\n"
               "  a = ( \"x\",\n"
               "}\n"
               "b = 1\n"),
     "t.conf:2:7: error: the ) that closes this ( is missing\n"
     "    a = ( \"x\",\n"
     "        ^\n"
     "t.conf:3:1: note: it has to stand before this\n"
     "  }\n"
     "  ^\n"},
    {SPAN_INIT("a = (\n"
               "  x = \"1\",\n"
               " \"y\" = 2\n"
               ")\n"
               "c = a\n"),
     "t.conf:2:3: error: a key in an array stands in double quotes\n"
     "    x = \"1\",\n"
     "    ^\n"
     "  write \"x\" => ...\n"
     "t.conf:3:6: error: in an array a key is assigned with =>, not with =\n"
     "   \"y\" = 2\n"
     "       ^\n"
     "  write \"key\" => value\n"},
    {SPAN_INIT("a = ( \"x\" \"y\" )\n"
               "b = ( \"x\" => 1\n"
               "  \"y\" => 2 )\n"),
     "t.conf:1:11: error: two strings in a row\n"
     "  a = ( \"x\" \"y\" )\n"
     "            ^~~\n"
     "  put a comma between them, or a + to join them\n"
     "t.conf:3:3: error: expected a comma or ), found a string\n"
     "    \"y\" => 2 )\n"
     "    ^~~\n"
     "  a comma separates the elements of an array\n"},
    {SPAN_INIT("a = \"x\" \"y\"\n"
               "b = a\n"),
     "t.conf:1:9: error: two strings in a row\n"
     "  a = \"x\" \"y\"\n"
     "          ^~~\n"
     "  join them with +, or make a list of them: ( \"a\", \"b\" )\n"},
    {SPAN_INIT("a = 'x'\n"
               "b = ('y', 1)\n"
               "c = \342\200\234z\342\200\235\n"),
     "t.conf:1:5: error: strings stand in double quotes\n"
     "  a = 'x'\n"
     "      ^~~\n"
     "  write \"...\"\n"
     "t.conf:2:6: error: strings stand in double quotes\n"
     "  b = ('y', 1)\n"
     "       ^~~\n"
     "  write \"...\"\n"
     "t.conf:3:5: error: strings stand in double quotes\n"
     "  c = \342\200\234z\342\200\235\n"
     "      ^~~\n"
     "  write \"...\"\n"},
    {SPAN_INIT("server.port = 80;\n"
               "b = 1;\n"),
     "t.conf:1:17: error: there is no ; in this language\n"
     "  server.port = 80;\n"
     "                  ^\n"
     "  the end of the line ends an assignment\n"
     "t.conf:2:6: error: there is no ; in this language\n"
     "  b = 1;\n"
     "       ^\n"
     "  the end of the line ends an assignment\n"},
    {SPAN_INIT("server.port: 80\n"
               "server.x : ( \"a\",\n"
               " \"b\" )\n"),
     "t.conf:1:12: error: expected = after server.port, found a colon\n"
     "  server.port: 80\n"
     "             ^\n"
     "  write server.port = ...\n"
     "t.conf:2:10: error: expected = after server.x, found a colon\n"
     "  server.x : ( \"a\",\n"
     "           ^\n"
     "  write server.x = ...\n"},
    {SPAN_INIT("$HTTP[\"host\"] = \"x\" {\n"
               " a = 1\n"
               " a = 2\n"
               "}\n"),
     "t.conf:1:15: error: = assigns, a condition compares with ==\n"
     "  $HTTP[\"host\"] = \"x\" {\n"
     "                ^\n"
     "  write ==\n"
     "t.conf:3:2: error: a is assigned twice in the same block\n"
     "   a = 2\n"
     "   ^\n"
     "  to replace the value write :=, to add to it +=\n"
     "t.conf:2:2: note: it is here first\n"
     "   a = 1\n"
     "   ^\n"},
    {SPAN_INIT("$HTTP[\"host\"] !^ \"x\" {\n"
               " a = 1 }\n"
               "$HTTP[\"host\"] ! \"x\" { $HTTP[\"a\"] = \"b\" { } }\n"
               "b = 1"),
     "t.conf:1:15: error: only == and =~ can be negated, as != and !~\n"
     "  $HTTP[\"host\"] !^ \"x\" {\n"
     "                ^~\n"
     "  write the opposite with =^ or =$ and an else block\n"
     "t.conf:3:15: error: ! compares nothing\n"
     "  $HTTP[\"host\"] ! \"x\" { $HTTP[\"a\"] = \"b\" { } }\n"
     "                ^\n"
     "  a condition compares with == != =~ !~ =^ (starts with) or =$ (ends with)\n"},
    {SPAN_INIT("a = 1\n"
               "}\n"
               "b = 1\n"),
     "t.conf:2:1: error: there is no { that this } closes\n"
     "  }\n"
     "  ^\n"},
    {SPAN_INIT("a = (1))\n"
               "b = 2\n"),
     "t.conf:1:8: error: there is no ( that this ) closes\n"
     "  a = (1))\n"
     "         ^\n"},
    {SPAN_INIT("$HTTP[\"host\"] == \"a\" {\n"
               " a = 1\n"),
     "t.conf:1:22: error: the } that closes this { is missing\n"
     "  $HTTP[\"host\"] == \"a\" {\n"
     "                       ^\n"},
    {SPAN_INIT("$HTTP[\"host\"] == \"a\" {\n"
               "  $HTTP[\"host\"] == \"b\" {\n"
               "    a = 1\n"
               "}\n"),
     "t.conf:1:22: error: the } that closes this { is missing\n"
     "  $HTTP[\"host\"] == \"a\" {\n"
     "                       ^\n"
     "t.conf:2:24: note: or is it this one that is not closed?\n"
     "    $HTTP[\"host\"] == \"b\" {\n"
     "                         ^\n"
     "t.conf:4:1: note: this } closes it, but stands elsewhere\n"
     "  }\n"
     "  ^\n"},
    {SPAN_INIT("server.root = \"/x\"\n"
               "a = server.rot + \"/y\"\n"
               "b = a\n"
               "b += \"z\"\n"),
     "t.conf:2:5: error: server.rot is not defined\n"
     "  a = server.rot + \"/y\"\n"
     "      ^~~~~~~~~~\n"
     "  did you mean server.root?\n"},
    {SPAN_INIT("log_root = \"/x\"\n"
               "$HTTP[\"host\"] == \"a\" {\n"
               "  a = lgo_root\n"
               "}\n"),
     "t.conf:3:7: error: lgo_root is not defined\n"
     "    a = lgo_root\n"
     "        ^~~~~~~~\n"
     "  did you mean log_root?\n"},
    {SPAN_INIT("a = env.NOSUCH\n"
               "env.SET = 1\n"
               "var.PID = 3\n"),
     "t.conf:1:5: error: the environment variable NOSUCH is not set\n"
     "  a = env.NOSUCH\n"
     "      ^~~~~~~~~~\n"
     "t.conf:2:1: error: variables of the environment cannot be assigned\n"
     "  env.SET = 1\n"
     "  ^~~~~~~\n"
     "  use a variable of your own\n"
     "t.conf:3:1: error: var.PID is built in and cannot be assigned\n"
     "  var.PID = 3\n"
     "  ^~~~~~~\n"},
    {SPAN_INIT("a = 1\n"
               "var.a = 2\n"
               "a = 3\n"),
     "t.conf:2:1: error: var.a is assigned twice in the same block\n"
     "  var.a = 2\n"
     "  ^~~~~\n"
     "  to replace the value write :=, to add to it +=\n"
     "t.conf:1:1: note: it is here first\n"
     "  a = 1\n"
     "  ^\n"
     "t.conf:3:1: error: a is assigned twice in the same block\n"
     "  a = 3\n"
     "  ^\n"
     "  to replace the value write :=, to add to it +=\n"
     "t.conf:1:1: note: it is here first\n"
     "  a = 1\n"
     "  ^\n"},
    {SPAN_INIT("a = (\"a\" => 1, \"a\" => 2)\n"
               "b = (1 => 1, \"1\" => 1)\n"),
     "t.conf:1:16: error: the key \"a\" is in this array already\n"
     "  a = (\"a\" => 1, \"a\" => 2)\n"
     "                 ^~~\n"
     "t.conf:1:6: note: it is here first\n"
     "  a = (\"a\" => 1, \"a\" => 2)\n"
     "       ^~~\n"
     "t.conf:2:14: error: the key \"1\" is in this array already\n"
     "  b = (1 => 1, \"1\" => 1)\n"
     "               ^~~\n"
     "t.conf:2:6: note: it is here first\n"
     "  b = (1 => 1, \"1\" => 1)\n"
     "       ^~~\n"},
    {SPAN_INIT("a = (\"x\" => 1)\n"
               "a += (\"x\" => 2)\n"
               "a += (\"x\" => 1)\n"),
     "t.conf:2:7: error: the key \"x\" is there already, with another value\n"
     "  a += (\"x\" => 2)\n"
     "        ^~~\n"
     "t.conf:1:6: note: it is here first\n"
     "  a = (\"x\" => 1)\n"
     "       ^~~\n"
     "t.conf:3:7: warning: the key \"x\" is there already, with the same value\n"
     "  a += (\"x\" => 1)\n"
     "        ^~~\n"
     "t.conf:1:6: note: it is here first\n"
     "  a = (\"x\" => 1)\n"
     "       ^~~\n"},
    {SPAN_INIT("a = (\"a\")\n"
               "a += \"b\"\n"
               "b = 1\n"
               "b += (\"c\")\n"
               "c = (\"a\") + 1\n"),
     "t.conf:2:3: error: cannot add a string to an array\n"
     "  a += \"b\"\n"
     "    ^~\n"
     "  put what is to be appended in ( )\n"
     "t.conf:4:3: error: cannot add an array to a number\n"
     "  b += (\"c\")\n"
     "    ^~\n"
     "t.conf:5:11: error: cannot add a number to an array\n"
     "  c = (\"a\") + 1\n"
     "            ^\n"
     "  put what is to be appended in ( )\n"},
    {SPAN_INIT("a = ((\"x\") => 1)\n"),
     "t.conf:1:6: error: a key has to be a string or a number, not an array\n"
     "  a = ((\"x\") => 1)\n"
     "       ^\n"},
    {SPAN_INIT("include \"nosuch.conf\"\n"
               "include (\"x\")\n"
               "include \"\"\n"
               "include_shell \"nosuch\"\n"
               "include_shell\n"),
     "t.conf:1:9: error: cannot read nosuch.conf: it is not part of what was recorded\n"
     "  include \"nosuch.conf\"\n"
     "          ^~~~~~~~~~~~~\n"
     "  paths are relative to the directory of the main file\n"
     "t.conf:2:9: error: the name of a file has to be a string\n"
     "  include (\"x\")\n"
     "          ^\n"
     "t.conf:3:9: error: the name of a file cannot be empty\n"
     "  include \"\"\n"
     "          ^~\n"
     "t.conf:4:15: error: the command failed: it is not part of what was recorded\n"
     "  include_shell \"nosuch\"\n"
     "                ^~~~~~~~\n"
     "t.conf:5:14: error: expected a value, found the end of the line\n"
     "  include_shell\n"
     "               ^\n"
     "  a value is a \"string\", a number, a variable or a ( list )\n"},
    {SPAN_INIT("include \"loop.conf\"\n"
               "include \"half.conf\"\n"
               "include \"brace.conf\"\n"
               "include_shell \"bad\"\n"),
     "loop.conf:1:9: error: loop.conf includes itself\n"
     "  include \"loop.conf\"\n"
     "          ^~~~~~~~~~~\n"
     "  t.conf -> loop.conf -> loop.conf\n"
     "half.conf:1:22: error: the } that closes this { is missing\n"
     "  $HTTP[\"host\"] == \"a\" {\n"
     "                       ^\n"
     "brace.conf:1:1: error: there is no { that this } closes\n"
     "  }\n"
     "  ^\n"
     "include_shell \"bad\":1:8: error: expected a value, found the end of the line\n"
     "  said = \n"
     "         ^\n"
     "  a value is a \"string\", a number, a variable or a ( list )\n"},
    {SPAN_INIT("\357\273\277a = 1\r\n"
               "b = = 2\r\n"
               "c = q\r\n"),
     "t.conf:2:5: error: expected a value, found =\n"
     "  b = = 2\n"
     "      ^\n"
     "  a value is a \"string\", a number, a variable or a ( list )\n"
     "t.conf:3:5: error: q is not defined\n"
     "  c = q\n"
     "      ^\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"},
    {SPAN_INIT("a = 1\n"
               "b = \000 2\n"),
     "t.conf:2:5: error: there is a NUL byte in the text\n"
     "  b = \\x00 2\n"
     "      ^~~~\n"
     "  is this really a configuration file?\n"},
    {SPAN_INIT("a = \"\377\376\001\" \"b\303\251\" #\377\n"),
     "t.conf:1:11: error: two strings in a row\n"
     "  a = \"\\xff\\xfe\\x01\" \"b\303\251\" #\\xff\n"
     "                     ^~~~\n"
     "  join them with +, or make a list of them: ( \"a\", \"b\" )\n"},
    {SPAN_INIT("\ta =\t\"\t\" + foo\n"),
     "t.conf:1:12: error: foo is not defined\n"
     "   a = \" \" + foo\n"
     "             ^~~\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"},
    {SPAN_INIT("x = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
               "aaa\" + foo + \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
               "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
               "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"\n"
               "y = \"\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
               "\251\" + foo\n"),
     "t.conf:1:90: error: foo is not defined\n"
     "  ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" + foo + \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
     "bbbbbbbbbbbbbb...\n"
     "                                                       ^~~\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"
     "t.conf:2:250: error: foo is not defined\n"
     "  ...\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
     "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251"
     "\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303"
     "\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251"
     "\303\251\303\251\" + foo\n"
     "                                                        ^~~\n"
     "  a variable has to be assigned before it is used; text goes in double quotes\n"},
    {SPAN_INIT("$HTTP[\"host\"] == 80 {\n"
               " a = 1\n"
               "}\n"
               "$HTTP \"host\" == \"x\" { }\n"
               "$HTTP[\"host\"] \"x\" { }\n"
               "$HTTP[\"host\"] == \"x\"\n"
               "$[\"x\"] == \"y\" { }\n"),
     "t.conf:1:18: error: what a condition compares with has to be a string\n"
     "  $HTTP[\"host\"] == 80 {\n"
     "                   ^~\n"
     "  put it in double quotes\n"
     "t.conf:4:7: error: expected [, found a string\n"
     "  $HTTP \"host\" == \"x\" { }\n"
     "        ^~~~~~\n"
     "  write $HTTP[\"...\"]\n"
     "t.conf:5:15: error: expected a comparison, found a string\n"
     "  $HTTP[\"host\"] \"x\" { }\n"
     "                ^~~\n"
     "  a condition compares with == != =~ !~ =^ (starts with) or =$ (ends with)\n"
     "t.conf:6:21: error: expected { after the condition, found the end of the line\n"
     "  $HTTP[\"host\"] == \"x\"\n"
     "                      ^\n"
     "t.conf:7:2: error: expected the name of a condition after $, found [\n"
     "  $[\"x\"] == \"y\" { }\n"
     "   ^\n"
     "  a condition looks like $HTTP[\"host\"] == \"example.org\" { }\n"},
    {SPAN_INIT("$HTTP[\"host\" == \"x\" {\n"
               " a = 1\n"
               " a = 1\n"
               "}\n"),
     "t.conf:1:14: error: expected ], found ==\n"
     "  $HTTP[\"host\" == \"x\" {\n"
     "               ^~\n"
     "t.conf:3:2: error: a is assigned twice in the same block\n"
     "   a = 1\n"
     "   ^\n"
     "  to replace the value write :=, to add to it +=\n"
     "t.conf:2:2: note: it is here first\n"
     "   a = 1\n"
     "   ^\n"},
    {SPAN_INIT("else { a = 1 }\n"
               "$HTTP[\"host\"] == \"x\" { } else { } else { }\n"
               "$HTTP[\"host\"] == \"a\" { } elif { x = 1 }\n"
               "$HTTP[\"host\"] == \"a\" { } else x = 1\n"),
     "t.conf:1:1: error: there is no condition before this else\n"
     "  else { a = 1 }\n"
     "  ^~~~\n"
     "t.conf:2:35: error: nothing can follow an else without a condition: it is never reached\n"
     "  $HTTP[\"host\"] == \"x\" { } else { } else { }\n"
     "                                    ^~~~\n"
     "t.conf:3:31: error: expected a condition, found {\n"
     "  $HTTP[\"host\"] == \"a\" { } elif { x = 1 }\n"
     "                                ^\n"
     "  write else { } for a block without one\n"
     "t.conf:4:31: error: expected { or a condition after else, found the word x\n"
     "  $HTTP[\"host\"] == \"a\" { } else x = 1\n"
     "                                ^\n"},
    {SPAN_INIT("a = 99999999999\n"
               "b = 2147483647 + 1\n"
               "c = 10.0.0.1\n"
               "d = -5\n"
               "e = enable\n"),
     "t.conf:1:5: error: this number is too large\n"
     "  a = 99999999999\n"
     "      ^~~~~~~~~~~\n"
     "  the largest one is 2147483647\n"
     "t.conf:2:16: error: the sum 2147483648 is too large\n"
     "  b = 2147483647 + 1\n"
     "                 ^\n"
     "t.conf:3:5: error: this is neither a number nor a name\n"
     "  c = 10.0.0.1\n"
     "      ^~~~~~~~\n"
     "  a number has digits only; text goes in double quotes\n"
     "t.conf:4:5: error: -5 is not defined\n"
     "  d = -5\n"
     "      ^~\n"
     "  there are no negative numbers in this language\n"
     "t.conf:5:5: error: enable is not defined\n"
     "  e = enable\n"
     "      ^~~~~~\n"
     "  text goes in double quotes: \"enable\"\n"},
    {SPAN_INIT("includ \"x\"\n"
               "globl { a = 1 }\n"
               "a \"x\"\n"
               "a == 1\n"
               "a => 1\n"
               "a\n"
               "global x\n"),
     "t.conf:1:1: error: includ is no statement\n"
     "  includ \"x\"\n"
     "  ^~~~~~\n"
     "  did you mean include?\n"
     "t.conf:2:1: error: globl is no statement\n"
     "  globl { a = 1 }\n"
     "  ^~~~~\n"
     "  did you mean global?\n"
     "t.conf:3:3: error: expected = after a, found a string\n"
     "  a \"x\"\n"
     "    ^~~\n"
     "  write a = ...\n"
     "t.conf:4:3: error: == compares, = assigns\n"
     "  a == 1\n"
     "    ^~\n"
     "  write a = ...\n"
     "t.conf:5:3: error: => assigns inside ( ) only\n"
     "  a => 1\n"
     "    ^~\n"
     "  write a = ...\n"
     "t.conf:6:2: error: expected = after a, found the end of the line\n"
     "  a\n"
     "   ^\n"
     "  write a = ...\n"
     "t.conf:7:8: error: expected { after global, found the word x\n"
     "  global x\n"
     "         ^\n"},
    {SPAN_INIT("a = \n"
               "b = 1\n"
               "c = 1 2\n"
               "d = a b\n"
               "+ 2\n"
               "\"x\"\n"
               "{ b = 1 }\n"
               "@ 1\n"),
     "t.conf:1:5: error: expected a value, found the end of the line\n"
     "  a = \n"
     "      ^\n"
     "  a value is a \"string\", a number, a variable or a ( list )\n"
     "t.conf:3:7: error: expected the end of the line, found a number\n"
     "  c = 1 2\n"
     "        ^\n"
     "t.conf:4:7: error: two names in a row\n"
     "  d = a b\n"
     "        ^\n"
     "  join values with +\n"
     "t.conf:5:1: error: a line cannot start with +\n"
     "  + 2\n"
     "  ^\n"
     "  put the + at the end of the line before\n"
     "t.conf:6:1: error: expected a statement, found a string\n"
     "  \"x\"\n"
     "  ^~~\n"
     "  a line starts with a name, a condition, include, include_shell or global\n"
     "t.conf:7:1: error: there is no condition before this {\n"
     "  { b = 1 }\n"
     "  ^\n"
     "t.conf:8:1: error: this character means nothing here\n"
     "  @ 1\n"
     "  ^\n"
     "  text goes in double quotes: \"...\"\n"},
    {SPAN_INIT("a = (\"a\", ;, @ \"b\" ] )\n"
               "b = 1\n"),
     "t.conf:1:11: error: there is no ; in this language\n"
     "  a = (\"a\", ;, @ \"b\" ] )\n"
     "            ^\n"
     "  the end of the line ends an assignment\n"
     "t.conf:1:14: error: this character means nothing here\n"
     "  a = (\"a\", ;, @ \"b\" ] )\n"
     "               ^\n"
     "  text goes in double quotes: \"...\"\n"},
    {SPAN_INIT("a = (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((()))))))))"
               ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))\n"),
     "t.conf:1:69: error: arrays are nested deeper than 64 levels here\n"
     "  ...(((((((((((((((((((((((((((((((((((((((((((((((((((((((())))))))))))))))))))))))))))))))"
     "))))))))))))...\n"
     "                                                       ^\n"},
    {SPAN_INIT(
         "$A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1"
         "\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == "
         "\"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] =="
         " \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] ="
         "= \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a"
         "\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A["
         "\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A"
         "[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $"
         "A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { "
         "$A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1"
         "\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == "
         "\"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] =="
         " \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] ="
         "= \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a"
         "\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A["
         "\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A"
         "[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $"
         "A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { "),
     "t.conf:1:1104: error: blocks are nested deeper than 64 levels here\n"
     "  ... $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A[\"a\"] == \"1\" { $A["
     "\"a\"] == \"1\" { $A[\"a\"] == \"1\"...\n"
     "                                                       ^\n"},
};

START_TEST(messages)
{
    char *said = text_messages(cases[_i].text);
    ck_assert_str_eq(said, cases[_i].messages);
    free(said);
}
END_TEST

/* A right text, cut off anywhere: a quote, a ) and a } can be missing, and no more is said. */
START_TEST(cut_anywhere)
{
    static const char whole[] =
        "server.modules = ( \"a\", \"b\" )\n$HTTP[\"host\"] == \"x\" {\n    alias.url += ( \"/a\" "
        "=> \"/b\" )\n"
        "    $HTTP[\"url\"] =~ \"y\" { a = \"1\" + 2 }\n} else {\n    b = (( 1 ))\n}\n";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *said = text_messages((struct span){whole, n});
        size_t errors = 0;
        for (const char *at = said; (at = strstr(at, " error: ")); at++) errors++;
        ck_assert_msg(errors <= 3, "%zu: %s", n, said);
        free(said);
    }
}
END_TEST

START_TEST(counts_and_limit)
{
    struct complaints *c = complaints_make();
    struct source_text source = {SPAN_INIT("f"), SPAN_INIT("one\ntwo\n"), {NULL, 0}};
    struct place at = {&source, 4};
    struct buf out = {NULL, 0, 0};
    complain(c, COMPLAINT_WARNING, at, 3, "a hint\nof two lines", "odd %s", "thing");
    complain(c, COMPLAINT_NOTE, (struct place){NULL, 0}, 0, NULL, "nowhere");
    complaints_print(c, &out);
    ck_assert_str_eq(
        buf_text(&out),
        "f:2:1: warning: odd thing\n  two\n  ^~~\n  a hint\n  of two lines\nnote: nowhere\n");
    for (int i = 0; i < 1100; i++) complain(c, COMPLAINT_ERROR, at, 0, NULL, "again");
    buf_clear(&out);
    complaints_print(c, &out);
    ck_assert_uint_eq(complaints_errors(c), 1100);
    ck_assert_uint_eq(complaints_warnings(c), 1);
    ck_assert(span_ends(buf_span(&out), SPAN("(101 more messages)\n")));
    buf_done(&out);
    complaints_drop(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("errors");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, messages, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_test(tcase, counts_and_limit);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
