# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of what was measured, for a terminal and for docs/reliability.md.

python3 tests/faults/table.py build/faults.json puts the last run's table into the document.
Must not know how it was measured.
"""

import json
import re
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
MOST = 400  # characters of a failure's reason
HEADS = (
    "injected", "server", "file", "MB", "outages", "retries", "resent kB", "render max ms",
    "sink max ms", "5 ms or more", "memory MiB", "back after s",
)  # fmt: skip


def one_line(reason):
    """A failure's reason, short, and without what a URL may hold that is not for everybody."""
    text = re.sub(r"(https?://)[^/\s@\"']*@", r"\1", " ".join(reason.split()))
    text = re.sub(r"(https?://[^\s?#\"']*)[?#][^\s\"']*", r"\1", text)
    text = re.sub(r"(?i)\b(authorization|api-?key|bearer)\b.*", r"\1 (and what follows)", text)
    return text if len(text) <= MOST else f"{text[:MOST * 2 // 3]} ... {text[-MOST // 3:]}"


def cells(result, row):
    mode = row["length_mode"]
    name = result["fault"] + (f" ({mode})" if mode != "deferred" or len(result["rows"]) > 1 else "")
    back = row["recovery_seconds"]
    return (
        name,
        result["server"],
        result["container"],
        f"{row['bytes'] / 1e6:.1f}",
        str(row["outages"]),
        str(row["retries"]),
        f"{row['bytes_resent'] / 1000:.0f}",
        f"{row['longest_render_ms']:.1f}",
        f"{row['longest_render_own_ms']:.1f}",
        f"{row['renders_of_5_ms']} of {row['renders']}",
        f"{row['max_rss_mib']:.0f}",
        "-" if back is None else f"{back:.1f}",
    )


def rows_of(results):
    return [cells(result, row) for result in results for row in result.get("rows", [])]


def of_kills(totals):
    def lost(where):
        seconds = totals[f"lost_{where}"]
        return f"{seconds['largest']:.2f} s at most, {seconds['median']:.2f} s in the median"

    bytes_said = (
        f"{totals['bytes_accepted']} bytes accepted, {totals['bytes_at_the_server']} of them at "
        f"the server when it was killed, {totals['bytes_stored']} in the end, all of them right"
    )
    if totals["allowed"] > 0:
        bytes_said += (
            f"; of the recording was missing: with the server well {lost('server_well')}; in an "
            f"outage {lost('outage')}"
        )
    return (
        f"kill -9 of gst-launch-1.0 with {totals['mode']}, then gst-tus-recover: "
        f"{totals['kills']} times, {totals['in_an_outage']} of them in an outage, "
        f"{totals['while_recording']} in the middle, {totals['before_the_first_byte']} before the "
        f"first byte, {totals['after_the_end']} after the last; recover killed as well "
        f"{totals['recover_killed_too']} times; {bytes_said}"
    )


def of_head_kills(totals):
    def count(name):
        return totals.get(name, 0)

    return (
        f"kill -9 of recordings with seekable-header, then gst-tus-recover: {totals['head_kills']} "
        f"times, {count('always')} of them with spool-mode=always, {count('spool')} with "
        f"length-mode=spool; {count('server away')} with the server gone, {count('server slow')} "
        f"on a slow line; {count('moment start')} at the start, {count('moment head')} while the "
        f"header was written to the disk, {count('moment end')} after the end; recover killed as "
        f"well {count('recover_killed')} times; {count('bytes_written')} bytes written, "
        f"{count('bytes_stored')} stored, {count('stored')} files of which {count('play')} play; "
        f"{totals['largest_lost']} s were missing at most, {count('told_lost')} told as lost; in "
        f"vain {count('created_in_vain')} uploads were created and {count('begun_in_vain')} begun, "
        f"and {count('joined_twice')} joined twice"
    )


def of_house(totals):
    return (
        f"{totals['uploads']} uploads of one process (sixteen sinks, and fragments of a second) "
        f"through {totals['outage_seconds']} s without the server: {totals['bytes']} bytes, all "
        f"of them right, {totals['all_complete_after_s']} s after it was back; "
        f"{totals['frames_late']} of {totals['frames']} pictures late, by "
        f"{totals['latest_frame_ms']} ms at most, where a thread that did nothing else was up to "
        f"{totals['idle_thread_late_ms']} ms late, and no sink took longer than "
        f"{totals['longest_render_own_ms']} ms itself; {totals['warnings']} WARNING; the sinks held {totals['sinks_memory_mib']} MiB at most, the process "
        f"{totals['max_rss_mib']} MiB"
    )


def remarks(results):
    """What is no row: the long recording, the kills, and what was not done."""
    for result in results:
        title = f"{result['fault']} ({result['server']})"
        for row in result.get("rows", []):
            if "memory_mib" in row:
                memory = ", ".join(f"{m} MiB at {s} s" for s, m in row["memory_mib"].items())
                yield (
                    f"{title}: {row['bytes'] * 8 / 60e6:.1f} Mbit/s; outage of "
                    f"{row['outage_seconds']:.1f} s reported; memory {memory}, "
                    f"{row['max_rss_mib']} MiB at most; {row['frames_late']} of {row['frames']} "
                    f"pictures late by more than a picture, the worst {row['latest_frame_ms']} ms, "
                    f"a thread that only slept was woken up to {row['idle_thread_late_ms']} ms "
                    f"late; complete {row['drain_seconds']:.1f} s after the end"
                )
            elif "20 Mbit/s" in result["fault"]:
                yield (
                    f"{title}: {row['frames_late']} of {row['frames']} pictures late by more than "
                    f"a picture, the worst {row['latest_frame_ms']} ms, a thread that only slept "
                    f"was woken up to {row['idle_thread_late_ms']} ms late"
                )
        if "totals" in result:
            totals = result["totals"]
            if "head_kills" in totals:
                yield of_head_kills(totals)
            else:
                yield of_kills(totals) if "kills" in totals else of_house(totals)
        if "skipped" in result:
            yield f"{title}: not done, {result['skipped'].rstrip('.')}"
        if "failed" in result:
            yield f"{title}: FAILED, {one_line(result['failed']).rstrip('.')}"


def plain(results):
    rows = [HEADS, *rows_of(results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = [
        "  ".join(
            text.ljust(width) if i < 3 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *remarks(results)])


def markdown(results):
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---|---|" + "---:|" * (len(HEADS) - 3)]
    lines += ["| " + " | ".join(row) + " |" for row in rows_of(results)]
    lines += ["", *(f"* {remark}." for remark in remarks(results))]
    return "\n".join(lines)


def write_docs(results):
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}")


if __name__ == "__main__":
    write_docs(json.loads(Path(sys.argv[1]).read_text()))
