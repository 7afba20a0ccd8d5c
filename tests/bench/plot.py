#!/usr/bin/env python3
# plot.py - the figures as a picture: CPU of a request, in units of what the floor needs; an SVG of its own
# SPDX-License-Identifier: BSD-3-Clause
import html
import math

WIDTH = 920
LEFT = 226       # where bars begin
RIGHT = 92       # room for the ratio
TOP = 120
ROW = 50
OURS, FLOOR = 18, 8   # heights of the two bars

# Colours stand in each rule, and not in variables, which not everything that shows an SVG knows.
STYLE = """
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; }
  text { fill: #1f2328; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
  .title { font-size: 21px; font-weight: 600; }
  .name { font-weight: 600; text-anchor: end; }
  .what { font-size: 11px; text-anchor: end; }
  .faint { font-size: 12px; }
  .small { font-size: 11px; }
  .axis { font-size: 11px; text-anchor: middle; }
  .ratio { font-size: 15px; font-weight: 600; text-anchor: end; }
  .what, .faint, .small, .axis { fill: #59636e; }
  .ground { fill: #ffffff; }
  .ours { fill: #d99a00; }
  .floor { fill: #8c959f; }
  .grid { stroke: #d8dee4; stroke-width: 1; }
  .one { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; stroke: #0d1117; }
    .what, .faint, .small, .axis { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .ours { fill: #e8b33a; }
    .floor { fill: #6e7681; }
    .grid { stroke: #2a313a; }
    .one { stroke: #6e7681; }
  }
"""


def text(x, y, words, kind):
    return '<text x="%g" y="%g" class="%s">%s</text>' % (x, y, kind, html.escape(words))


def box(x, y, width, height, kind):
    return '<rect x="%g" y="%g" width="%.1f" height="%g" rx="2" class="%s"/>' % (x, y, max(width, 1), height, kind)


def line(x, top, bottom, kind):
    return '<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" class="%s"/>' % (x, top, x, bottom, kind)


def microseconds(value):
    places = 0 if value >= 100 else 1 if value >= 10 else 2
    return "%.*f \u00b5s" % (places, value)


def steps(most):
    """Where the axis has its lines: 0, 0.5, 1 … or 0, 1, 2 …, at most ten of them."""
    step = 0.5 if most <= 3 else math.ceil(most / 8)
    return [i * step for i in range(int(math.ceil(most / step)) + 1)]


def bars(row, y, scale):
    ours, floor = row["goldcrest"]["cpu_us"], row["floor"]["cpu_us"]
    return [
        text(LEFT - 14, y + 13, row["name"], "name"),
        text(LEFT - 14, y + 29, row["what"], "what"),
        box(LEFT, y, row["ratio"] * scale, OURS, "ours"),
        text(LEFT + 8 + row["ratio"] * scale, y + 14, microseconds(ours), ""),
        box(LEFT, y + OURS + 3, scale, FLOOR, "floor"),
        text(LEFT + 8 + scale, y + OURS + 11, microseconds(floor), "small"),
        text(WIDTH - 34, y + 17, "%.2f\u00d7" % row["ratio"], "ratio"),
        text(WIDTH - 30, y + 17, "*" if row["disturbed"] else "", "faint"),
    ]


def heading(results):
    about = results["machine"]
    where = "one worker" + (", server and load on a processor each" if results["pinned"] else "")
    return [
        text(22, 36, "goldcrest %s: processor time of a request" % results["version"], "title"),
        text(22, 58, "%s \u00b7 %s %s \u00b7 %d \u00d7 %s" % (results["date"], about["system"], about["release"],
                                                            about["processors"], about["processor"]), "faint"),
        text(22, 76, "%s \u00b7 medians of %d rounds \u00b7 kernel time included \u00b7 shorter is better" %
             (where, results["rounds"]), "faint"),
        box(WIDTH - 262, 88, 14, 10, "ours"), text(WIDTH - 242, 97, "goldcrest", "faint"),
        box(WIDTH - 172, 89, 14, 8, "floor"), text(WIDTH - 152, 97, "the least there can be", "faint"),
    ]


def draw(results):
    rows = [row for row in results["scenarios"] if row["ratio"]]
    most = max([1.25] + [row["ratio"] for row in rows])
    marks = steps(most)
    scale = (WIDTH - LEFT - RIGHT - 78) / marks[-1]
    bottom = TOP + ROW * len(rows)
    notes = ["1\u00d7 is what a program needs that answers each request with the same bytes, and does not read it."]
    if results["disturbed"]:
        notes.append("* The machine was disturbed; take the order, not the digits.")
    height = bottom + 40 + 17 * len(notes) + 8
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" '
             'aria-labelledby="t">' % (WIDTH, height, WIDTH, height),
             '<title id="t">goldcrest %s: processor time of a request, beside the floor</title>' %
             html.escape(results["version"]),
             "<style>%s</style>" % STYLE, '<rect width="100%" height="100%" class="ground"/>']
    parts += heading(results)
    for mark in marks:
        x = LEFT + mark * scale
        parts += [line(x, TOP - 8, bottom, "one" if mark == 1 else "grid"),
                  text(x, bottom + 16, "%g\u00d7" % mark if mark else "0", "axis")]
    for i, row in enumerate(rows):
        parts += bars(row, TOP + i * ROW + 4, scale)
    parts += [text(22, bottom + 42 + 17 * i, note, "faint") for i, note in enumerate(notes)]
    return "\n".join(parts + ["</svg>"]) + "\n"
