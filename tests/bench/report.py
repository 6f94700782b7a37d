# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benchmarks have measured: a table for the terminal, docs/performance.md and its pictures.

Takes the results as bench.py writes them. The reasons that people give for a figure are in notes.md,
a section a bench, so that another run does not lose them. Must not measure anything.
"""

import html
import json
import statistics
import xml.etree.ElementTree as ElementTree

# metric: title, unit, decimals; the first of a bench's metrics is the one that is drawn
METRICS = {
    "cpu": ("processor time", "s", 2),
    "wall": ("time", "s", 2),
    "rss": ("memory, peak", "MiB", 0),
    "p50": ("p50", "ms", 3),
    "p99": ("p99", "ms", 3),
    "p999": ("p99.9", "ms", 3),
    "max": ("longest", "ms", 1),
    "late": ("pictures late", "", 0),
    "cpu_per_mbit": ("processor time per Mbit", "ms", 2),
    "cpu_per_gb": ("processor time per 1000 MiB", "s", 2),
    "rss_per_sink": ("memory per sink", "MiB", 1),
    "threads_per_sink": ("threads per sink, with its source", "", 2),
    "eos": ("from the end until complete", "ms", 0),
    "requests": ("requests per second", "", 1),
    "request_bytes": ("of a request and its answer, without the body", "bytes", 0),
    "share": ("share of the line", "", 2),
    "mib": ("size", "MiB", 2),
}

PEERS = ("libsoup", "curl", "tus-js-client", "filesink", "fakesink", "sha256sum")

DRAWN = {"requests": "cpu_per_mbit", "latency": "p999", "sinks": "cpu_per_mbit",
         "startup": "wall", "recovery": "wall"}  # fmt: skip


def ratio(rows, ours, peer, metric):
    if any(metric not in rows.get(name, {}) for name in (ours, peer)):
        return None
    return statistics.median(rows[ours][metric]) / statistics.median(rows[peer][metric])


def value(rows, name, metric):
    row = rows.get(name, {})
    return statistics.median(row[metric]) if row.get(metric) else None


def marginal_share(rows, peer):
    less, more = (value(rows, f"200 ms: {size} MB: {peer}", "wall") for size in (60, 240))
    return 180 * 8 * 1.048576 / 50 / (more - less) if less and more else None


# bench, what is to be reached, how it is seen, the bound, and whether less is better
GOALS = [
    ("throughput", "processor time of `spool-mode=never`, of libsoup's",
     lambda rows: ratio(rows, "tussink, never", "libsoup", "cpu"), 1.15, True),
    ("throughput", "the same, of libsoup's with a SHA-256",
     lambda rows: ratio(rows, "tussink, never", "libsoup, and SHA-256", "cpu"), 1.15, True),
    ("throughput", "throughput of it, of libsoup's",
     lambda rows: ratio(rows, "libsoup", "tussink, never", "wall"), 0.9, False),
    ("throughput", "processor time of `overflow`, of `never`'s",
     lambda rows: ratio(rows, "tussink (default)", "tussink, never", "cpu"), 1.05, True),
    ("throughput", "processor time of `always`, of libsoup's",
     lambda rows: ratio(rows, "tussink, always", "libsoup", "cpu"), 1.6, True),
    ("throughput", "the same, of libsoup's with a SHA-256",
     lambda rows: ratio(rows, "tussink, always", "libsoup, and SHA-256", "cpu"), 1.6, True),
    ("tls", "processor time of `spool-mode=never` over TLS, of libsoup's",
     lambda rows: ratio(rows, "tussink, never", "libsoup", "cpu"), 1.1, True),
    ("tls", "the same, of libsoup's with a SHA-256",
     lambda rows: ratio(rows, "tussink, never", "libsoup, and SHA-256", "cpu"), 1.1, True),
    ("latency", "p99.9 of a push with the server away for 20 s, in ms",
     lambda rows: value(rows, "tussink, server away 20 s", "p999"), 1, True),
    ("latency", "pictures late meanwhile",
     lambda rows: value(rows, "tussink, server away 20 s", "late"), 0, True),
    ("sinks", "p99.9 of a push with 100 sinks, in ms",
     lambda rows: value(rows, "100", "p999"), 1, True),
    ("sinks", "threads per sink with 100 sinks, without its source's",
     lambda rows: (value(rows, "100", "threads_per_sink") or 0) - 1 or None, 2.05, True),
    ("sinks", "processor time per Mbit with 100 sinks, of that with one",
     lambda rows: ratio(rows, "100", "1", "cpu_per_mbit")
     if ratio(rows, "100", "1", "cpu_per_mbit") is None
     else value(rows, "100", "cpu_per_mbit") / value(rows, "1", "cpu_per_mbit"), 1, True),
    ("backlog", "share of the line at 200 ms, of a backlog behind its first 60 MB",
     lambda rows: marginal_share(rows, "tussink"), 0.95, False),
    ("backlog", "the same, of curl's",
     lambda rows: marginal_share(rows, "tussink") and
     marginal_share(rows, "tussink") / marginal_share(rows, "curl"), 0.95, False),
    ("live", "0.85 of the line at 200 ms: from the end until complete after 30 s, of that after 10 s",
     lambda rows: ratio(rows, "200 ms: 30 s", "200 ms: 10 s", "eos"), 1.2, True),
    ("eos", "from the end until complete at 100 ms with `flush-interval=200`, in round trips",
     lambda rows: (value(rows, "100 ms: tussink flush-interval=200", "eos") or 0) / 100 or None,
     2, True),
]  # fmt: skip


def metrics_of(rows):
    return [
        metric for metric in METRICS if any(row.get(metric) for row in rows.values())
    ]  # fmt: skip


def figure(values, metric):
    decimals = METRICS[metric][2]
    middle = f"{statistics.median(values):.{decimals}f}"
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):.{decimals}f}–{max(values):.{decimals}f})"


def table(rows):
    metrics = metrics_of(rows)
    base = next((row for row in rows.values() if "missing" not in row), {})
    titles = [
        f"{METRICS[metric][0]}{', ' if METRICS[metric][1] else ''}{METRICS[metric][1]}"
        for metric in metrics
    ]
    lines = [["", *titles]]
    for name, row in rows.items():
        if "missing" in row:
            lines.append([name, f"not measured: {row['missing']}", *[""] * (len(metrics) - 1)])
            continue
        cells = []
        for metric in metrics:
            if not row.get(metric):
                cells.append("")
                continue
            cell = figure(row[metric], metric)
            if metric in ("cpu", "wall") and base.get(metric):
                of_base = statistics.median(row[metric]) / statistics.median(base[metric])
                cell += f" = {of_base:.2f}"
            cells.append(cell)
        lines.append([name, *cells])
    return lines


def show(name, rows, out):
    print(f"# {name}", file=out)
    for line in table(rows):
        print("# " + " | ".join(cell or "-" for cell in line), file=out)


def picture(title, rows, metric):
    """Bars with their spread; the colours suit a light page and a dark one."""
    bars = [(name, row[metric]) for name, row in rows.items() if row.get(metric)]
    if not bars:
        return None
    widest = max(max(values) for _, values in bars) or 1
    left, width, step = 250, 380, 26
    height = 46 + step * len(bars)
    label, unit, decimals = METRICS[metric]
    text = "; ".join(f"{name}: {statistics.median(v):.{decimals}f} {unit}" for name, v in bars)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        f"<title>{html.escape(title)}</title><desc>{html.escape(text)}</desc>",
        "<style>text{fill:#222}.b{fill:#3a7bd5}.o{fill:#e07b39}.s{stroke:#222}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}.s{stroke:#ddd}}</style>",
        f'<text x="0" y="16" font-weight="bold">{html.escape(label)}'
        f'{f", {unit}" if unit else ""}</text>',
    ]
    for index, (name, values) in enumerate(bars):
        top = 30 + step * index
        middle = statistics.median(values)
        end = left + width * middle / widest
        kind = "o" if any(peer in name for peer in PEERS) else "b"
        out.append(f'<text x="{left - 8}" y="{top + 14}" text-anchor="end">{html.escape(name)}'
                   "</text>")  # fmt: skip
        out.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{end - left:.1f}" '
                   'height="18" rx="2"/>')  # fmt: skip
        if len(values) > 1:
            low, high = (left + width * bound / widest for bound in (min(values), max(values)))
            out.append(f'<path class="s" d="M{low:.1f} {top + 9}H{high:.1f}"/>')
            end = max(end, high)
        out.append(f'<text x="{end + 6:.1f}" y="{top + 14}">{middle:.{decimals}f}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def goals(results):
    lines = ["| goal | to reach | seen | |", "|---|---|---|---|"]
    for bench, what, seen, bound, less in GOALS:
        figure_seen = seen(results[bench]["rows"]) if bench in results else None
        if figure_seen is None:
            lines.append(f"| {what} | {'≤' if less else '≥'} {bound} | not measured | |")
            continue
        met = figure_seen <= bound if less else figure_seen >= bound
        lines.append(
            f"| {what} | {'≤' if less else '≥'} {bound} | {figure_seen:.2f} | "
            f"{'met' if met else 'not met'} |"
        )
    return lines


def notes_of(path):
    sections, name = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
            sections[name] = []
        elif name:
            sections[name].append(line)
    return {name: "\n".join(lines).strip() for name, lines in sections.items()}


def write(results_folder, docs, notes_file):
    """FALSE: a picture is no XML."""
    order = ("throughput", "checksums", "tls", "latency", "sinks", "requests", "eos", "line", "backlog",
             "live", "length", "recovery", "startup")
    results = {
        name: json.loads((results_folder / f"{name}.json").read_text())
        for name in order if (results_folder / f"{name}.json").exists()
    }  # fmt: skip
    if not results:
        return False
    notes = notes_of(notes_file)
    pictures = docs / "performance"
    pictures.mkdir(exist_ok=True)
    about = list(results.values())[-1]["about"]
    lines = [
        "# Performance",
        "",
        "Written by `bash tests/run.sh --bench`, which anybody can run; the text below the tables is "
        "`tests/bench/notes.md`. Peers run in turn with ours, in the same run: ratios hold, seconds "
        "belong to this machine. Each figure is a median (least–most); `= 1.00` is the ratio to the "
        "first row.",
        "",
        "; ".join(f"{name}: {text}" for name, text in about.items() if name != "date")
        + f". {about['date']}.",
        "",
        *goals(results),
        "",
    ]
    if "goals" in notes:
        lines += [notes["goals"], ""]
    for name, result in results.items():
        rows = result["rows"]
        lines += [f"## {name}", "", result["title"], ""]
        metrics = metrics_of(rows)
        drawn = picture(name, rows, DRAWN.get(name, metrics[0])) if metrics else None
        if drawn:
            ElementTree.fromstring(drawn)
            (pictures / f"{name}.svg").write_text(drawn)
            lines += [f"![{name}: the table below as bars](performance/{name}.svg)", ""]
        head, *body = table(rows)
        lines += [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        lines += [f"| {' | '.join(row)} |" for row in body]
        lines.append("")
        if name in notes:
            lines += [notes[name], ""]
    (docs / "performance.md").write_text("\n".join(lines).rstrip() + "\n")
    return True
