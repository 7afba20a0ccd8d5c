/* date.c - HTTP dates: the calendar, one format to write, three to read */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/date.h"

enum { DAY_SECONDS = 86400 };

const char *const month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
const char *const weekday_names[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const weekday_full_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};

/* Years of this calendar begin in March, so that the leap day is the last one; an era is 400 of them. */
enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468 /* from 0000-03-01 to 1970-01-01 */ };

static int64_t days_from_civil(int year, int month, int day) {
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

int64_t unix_from_civil(const struct civil *c) {
    return days_from_civil(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 + c->minute * 60 + c->second;
}

static void set_day(struct civil *c, int64_t days) {
    int64_t z = days + EPOCH_DAYS;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    c->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    c->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    c->year = (int)(year_of_era + era * 400 + (c->month <= 2));
    c->weekday = (int)(((days % 7) + 7 + 4) % 7); /* 1970-01-01 was a Thursday */
}

/* A clamp that keeps years within int; date_format() clamps harder. */
static const int64_t widest = INT64_C(60000000000000000);

struct civil civil_from_unix(int64_t t) {
    struct civil c;
    if (t > widest) t = widest;
    if (t < -widest) t = -widest;
    int64_t days = t / DAY_SECONDS - (t % DAY_SECONDS < 0);
    int second_of_day = (int)(t - days * DAY_SECONDS);
    set_day(&c, days);
    c.hour = second_of_day / 3600;
    c.minute = second_of_day / 60 % 60;
    c.second = second_of_day % 60;
    return c;
}

static void put_digits(char *out, int value, int digits) {
    while (digits-- > 0) {
        out[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

void date_format(int64_t t, char out[HTTP_DATE_BYTES]) {
    static const int64_t year_0 = INT64_C(-62167219200), end_of_9999 = INT64_C(253402300799);
    struct civil c = civil_from_unix(t < year_0 ? year_0 : t > end_of_9999 ? end_of_9999 : t);
    memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_BYTES);
    memcpy(out, weekday_names[c.weekday], 3);
    memcpy(out + 8, month_names[c.month - 1], 3);
    put_digits(out + 5, c.day, 2);
    put_digits(out + 12, c.year, 4);
    put_digits(out + 17, c.hour, 2);
    put_digits(out + 20, c.minute, 2);
    put_digits(out + 23, c.second, 2);
}

/*
 * The formats as patterns: a weekday, A weekday in full, d day, e day padded with a space, b month, Y year,
 * y two digits of the year, h m s time, z "GMT"; anything else stands for itself.
 */
static const char *const patterns[] = {"a, d b Y h:m:s z", "A, d-b-y h:m:s z", "a b e h:m:s Y"};

static bool take_name(struct span *s, const char *const *names, int count, int *index) {
    for (int i = 0; s->n > 0 && i < count; i++) {
        if (s->p[0] != names[i][0]) continue;
        struct span name = span_of(names[i]);
        if (!span_starts(*s, name)) continue;
        *s = span_from(*s, name.n);
        *index = i;
        return true;
    }
    return false;
}

static bool take_digits(struct span *s, size_t digits, int *value) {
    if (s->n < digits) return false;
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_is_digit(s->p[i])) return false;
        *value = *value * 10 + (s->p[i] - '0');
    }
    *s = span_from(*s, digits);
    return true;
}

static bool take_literal(struct span *s, struct span literal) {
    if (!span_starts(*s, literal)) return false;
    *s = span_from(*s, literal.n);
    return true;
}

static bool take_padded_day(struct span *s, int *day) {
    return take_literal(s, SPAN(" ")) ? take_digits(s, 1, day) : take_digits(s, 2, day);
}

static bool take_part(struct span *s, char part, struct civil *c, bool *short_year) {
    switch (part) {
    case 'a': return take_name(s, weekday_names, 7, &c->weekday);
    case 'A': return take_name(s, weekday_full_names, 7, &c->weekday);
    case 'b': return take_name(s, month_names, 12, &c->month) && ++c->month;
    case 'd': return take_digits(s, 2, &c->day);
    case 'e': return take_padded_day(s, &c->day);
    case 'Y': return take_digits(s, 4, &c->year);
    case 'y': return (*short_year = take_digits(s, 2, &c->year));
    case 'h': return take_digits(s, 2, &c->hour);
    case 'm': return take_digits(s, 2, &c->minute);
    case 's': return take_digits(s, 2, &c->second);
    case 'z': return take_literal(s, SPAN("GMT"));
    default: return take_literal(s, (struct span){&part, 1});
    }
}

static bool matches(struct span text, const char *pattern, struct civil *c, bool *short_year) {
    *short_year = false;
    for (; *pattern; pattern++)
        if (!take_part(&text, *pattern, c, short_year)) return false;
    return text.n == 0;
}

static bool is_possible(const struct civil *c) {
    static const int month_days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
    if (c->day < 1 || c->day > month_days[c->month - 1]) return false;
    if (c->month == 2 && c->day == 29 && !leap) return false;
    return c->hour < 24 && c->minute < 60 && c->second <= 60; /* 60: a leap second */
}

/* More than 50 years in the future means the century before (RFC 9110 5.6.7). */
static void complete_year(struct civil *c, int64_t now) {
    struct civil limit = civil_from_unix(now);
    c->year += limit.year - limit.year % 100;
    limit.year += 50;
    if (unix_from_civil(c) > unix_from_civil(&limit)) c->year -= 100;
}

bool date_parse(struct span text, int64_t now, int64_t *t) {
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct civil c;
        bool short_year;
        if (!matches(text, patterns[i], &c, &short_year)) continue;
        if (short_year) complete_year(&c, now);
        if (!is_possible(&c)) return false;
        *t = unix_from_civil(&c);
        return true;
    }
    return false;
}
