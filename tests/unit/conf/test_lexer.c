/* test_lexer.c - texts and the tokens they are made of */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "conf/lexer.h"

static const char *const names[] = {
    [TOKEN_END] = "END",         [TOKEN_EOL] = "EOL",        [TOKEN_STRING] = "str",
    [TOKEN_INT] = "int",         [TOKEN_KEY] = "key",        [TOKEN_ASSIGN] = "=",
    [TOKEN_APPEND] = "+=",       [TOKEN_REPLACE] = ":=",     [TOKEN_PLUS] = "+",
    [TOKEN_ARROW] = "=>",        [TOKEN_EQ] = "==",          [TOKEN_NE] = "!=",
    [TOKEN_MATCH] = "=~",        [TOKEN_NOMATCH] = "!~",     [TOKEN_PREFIX] = "=^",
    [TOKEN_SUFFIX] = "=$",       [TOKEN_PAREN_OPEN] = "(",   [TOKEN_PAREN_CLOSE] = ")",
    [TOKEN_BRACE_OPEN] = "{",    [TOKEN_BRACE_CLOSE] = "}",  [TOKEN_BRACKET_OPEN] = "[",
    [TOKEN_BRACKET_CLOSE] = "]", [TOKEN_COMMA] = ",",        [TOKEN_DOLLAR] = "$",
    [TOKEN_INCLUDE] = "INCLUDE", [TOKEN_GLOBAL] = "GLOBAL",  [TOKEN_INCLUDE_SHELL] = "SHELL",
    [TOKEN_ELSE] = "ELSE",       [TOKEN_ELSE_IF] = "ELSEIF", [TOKEN_BAD] = "BAD",
};

static const struct {
    struct span text;
    const char *tokens;
} cases[] = {
    {SPAN_INIT(""), "END"},
    {SPAN_INIT(" \t\xc2\xa0"), "END"},
    {SPAN_INIT("\n\r\n # comment\n\r\n"), "EOL END"},
    {SPAN_INIT("a\rb\r\nc\nd"), "key:a EOL key:b EOL key:c EOL key:d END"},
    {SPAN_INIT("a = 1 # x\n\n\n# y\n  b += 2"), "key:a = int:1 EOL key:b += int:2 END"},
    {SPAN_INIT("a\xc2\xa0:=\xc2\xa0"
               "7"),
     "key:a := int:7 END"},
    {SPAN_INIT("\"\" \"a b\" \"\\\"\" \"\\n\""), "str: str:a b str:\\\" str:\\n END"},
    {SPAN_INIT("\"two\nlines\"\nx"), "str:two\nlines EOL key:x END"},
    {SPAN_INIT("\"a\\\\\"b\""), "str:a\\\\\"b END"},
    {SPAN_INIT("007 0 2147483647"), "int:007 int:0 int:2147483647 END"},
    {SPAN_INIT("2147483648 99999999999999999999"), "BAD7:2147483648 BAD7:99999999999999999999 END"},
    {SPAN_INIT("80a 10.0.0.1"), "BAD6:80a BAD6:10.0.0.1 END"},
    {SPAN_INIT("a.b_c-d .x -1 A9"), "key:a.b_c-d key:.x key:-1 key:A9 END"},
    {SPAN_INIT("= += := + => == != =~ !~ =^ =$"), "= += := + => == != =~ !~ =^ =$ END"},
    {SPAN_INIT("(a,\n\n#x\nb)\nc"), "( key:a , key:b ) EOL key:c END"},
    {SPAN_INIT("((\n)\n)\n"), "( ( ) ) EOL END"},
    {SPAN_INIT("$HTTP[\"host\"]=~\"x\"{}"), "$ key:HTTP [ str:host ] =~ str:x { } END"},
    {SPAN_INIT("include include_shell global else elif elsif elseif includes"),
     "INCLUDE SHELL GLOBAL ELSE ELSEIF ELSEIF ELSEIF key:includes END"},
    {SPAN_INIT("if $x if \t$y if\n$z if = 1"),
     "$ key:x $ key:y key:if EOL $ key:z key:if = int:1 END"},
    {SPAN_INIT("! !^ !$ : ;"), "BAD4:! BAD5:!^ BAD5:!$ BAD3:: BAD2:; END"},
    {SPAN_INIT("a \0"), "key:a BAD1:"},
    {SPAN_INIT("'a b' 'c\n`d`"), "BAD8:'a b' BAD8:' key:c EOL BAD8:`d` END"},
    {SPAN_INIT("\xe2\x80\x9cx\xe2\x80\x9d"), "BAD8:\xe2\x80\x9cx\xe2\x80\x9d END"},
    {SPAN_INIT("@ \xc3\xa9 \xff /"), "BAD0:@ BAD0:\xc3\xa9 BAD0:\xff BAD0:/ END"},
    {SPAN_INIT("\"open"), "BAD9:\"open END"},
    {SPAN_INIT("\"open , )\nb"), "BAD9:\"open , ) EOL key:b END"},
    {SPAN_INIT("\"a\nb = \"c\"\n"), "BAD9:\"a EOL key:b = str:c EOL END"},
    {SPAN_INIT("\xef\xbb\xbf"), "BAD0:\xef\xbb\xbf END"},
};

static void dump(struct span text, struct buf *out) {
    struct lexer x = lexer_of(text);
    for (;;) {
        struct token t = lexer_next(&x);
        buf_add_text(out, names[t.type]);
        if (t.type == TOKEN_BAD) buf_printf(out, "%d", (int)t.bad);
        if (t.type == TOKEN_BAD || (t.type >= TOKEN_STRING && t.type <= TOKEN_KEY)) {
            buf_add_char(out, ':');
            buf_add(out, t.text);
        }
        if (t.type == TOKEN_END) return;
        buf_add_char(out, ' ');
    }
}

START_TEST(tokens)
{
    struct buf out = {NULL, 0, 0};
    dump(cases[_i].text, &out);
    ck_assert_str_eq(buf_text(&out), cases[_i].tokens);
    buf_done(&out);
}
END_TEST

/* Every token lies where it says, and they follow one another. */
START_TEST(places)
{
    struct span text = cases[_i].text;
    struct lexer x = lexer_of(text);
    for (size_t end = 0;;) {
        struct token t = lexer_next(&x);
        ck_assert_uint_ge(t.offset, end);
        end = t.offset + t.length;
        ck_assert_uint_le(end, text.n);
        if (t.type == TOKEN_END) break;
        ck_assert_uint_gt(t.length, 0);
    }
}
END_TEST

START_TEST(first_on_line)
{
    static const bool first[] = {true, false, false, true, false, true, false, false, true};
    struct lexer x = lexer_of(SPAN("a = (\n b, # c\n c ) \n} "));
    struct token t;
    for (size_t i = 0; i < sizeof first; i++) {
        t = lexer_next(&x);
        ck_assert_msg(t.first == first[i], "token %zu", i);
    }
    ck_assert_int_eq(t.type, TOKEN_BRACE_CLOSE);
}
END_TEST

START_TEST(runaway)
{
    struct lexer x = lexer_of(SPAN("a = \"x )\nb = \"y\""));
    lexer_next(&x);
    lexer_next(&x);
    struct token t = lexer_next(&x);
    ck_assert_int_eq(t.bad, BAD_RUNAWAY);
    ck_assert_uint_eq(t.length, 2);
    ck_assert_uint_eq(t.suspect, 13);
    ck_assert_int_eq(lexer_next(&x).type, TOKEN_PAREN_CLOSE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lexer");
    TCase *tcase = tcase_create("lexer");
    int count = (int)(sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, tokens, 0, count);
    tcase_add_loop_test(tcase, places, 0, count);
    tcase_add_test(tcase, first_on_line);
    tcase_add_test(tcase, runaway);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
