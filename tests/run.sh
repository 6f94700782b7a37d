#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds, runs every test suite, prints a line for each, and ends with
# "N passed, N failed, N skipped" (single tests). Exits non-zero if one failed or none ran.
#
#   bash tests/run.sh              unit, component, element, sim, fuzz corpus, interop, page,
#                                  examples, systemd, bench (that it works), format
#   bash tests/run.sh OPTION...    only what the options name:
#
#   --suite NAME   that suite (may be repeated; also with a sanitizer or valgrind)
#   --asan         unit, sim, component and element suites under AddressSanitizer and UBSan
#   --tsan         the same under ThreadSanitizer
#   --valgrind     the same under valgrind
#   --leaks        the element suite with GStreamer's leaks tracer
#   --clang        build with clang, warnings and thread-safety findings as errors
#   --format       check the layout of the sources with clang-format 14
#   --sim N        the simulator with N schedules
#   --fuzz         a minute of fuzzing for each target
#   --faults       the fault campaign against real servers (GST_TUS_KILLS=N: that many kill -9)
#   --soak [MIN]   record for so many minutes (120): memory, threads and descriptors stay flat
#   --bench [NAME...]  measure beside peers, and write docs/performance.md (a quarter of an hour; a
#                  NAME that is none lists them)
#   --big          interop with 5 GiB instead of 256 MiB
#   --no-install   install nothing
#   --help         this text
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. examples/install-dependencies.sh
. tests/interop/install.sh

passed=0 failed=0 skipped=0
fuzz_seconds=${FUZZ_SECONDS:-60}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

usage() {
    sed -n '2,/^[^#]/{/^# SPDX-/d;s/^# \{0,1\}//p}' tests/run.sh
}

# One line: suite, passed, failed, skipped, seconds.
line() {
    printf '%-22s %5d ok  %5d failed  %5d skipped  %5d s\n' "$@"
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
}

# Runs a command as one test of its own.
single() { # NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    if "$@" > "$log" 2>&1; then
        line "$name" 1 0 0 $((SECONDS - start))
    else
        tail -n 60 "$log"
        line "$name" 0 1 0 $((SECONDS - start))
    fi
}

skip() { # NAME REASON
    echo "  skipped: $1: $2"
    line "$1" 0 0 1 0
}

configure() { # FOLDER MESON-OPTION...
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] && return 0
    meson setup "$folder" "$@" > "$log" 2>&1 || {
        tail -n 40 "$log"
        return 1
    }
}

compile() { # FOLDER TARGET...
    local folder=$1
    shift
    # Two compilers at most: a big C++ file wants its gigabyte.
    ninja -C "$folder" -j"$(($(nproc) < 2 ? 1 : 2))" "$@" > "$log" 2>&1 || {
        tail -n 60 "$log"
        return 1
    }
}

build() { # FOLDER MESON-OPTION...
    configure "$@" && compile "$1"
}

# The suites that the build folder has tests of.
suites_of() { # FOLDER
    meson introspect "$1" --tests | python3 -c '
import json, sys
print(*{suite.split(":")[-1] for test in json.load(sys.stdin) for suite in test["suite"]})'
}

run_suite() { # LABEL FOLDER SUITE MESON-TEST-OPTION...
    local label=$1 folder=$2 suite=$3 start=$SECONDS counted results
    shift 3
    rm -f "$folder"/meson-logs/testlog*.json
    meson test -C "$folder" --no-rebuild --suite "$suite" --print-errorlogs "$@" \
        < /dev/null > "$log" 2>&1 || true
    # under a wrapper its name is another
    results=("$folder"/meson-logs/testlog*.json)
    if [ ! -s "${results[0]}" ]; then
        tail -n 20 "$log"
        line "$label" 0 1 0 $((SECONDS - start))
        return
    fi
    # Kept under the suite's name, since the next suite overwrites it.
    cp "${results[0]%.json}.txt" "$folder/meson-logs/$suite.txt"
    read -r -a counted < <(python3 tests/tools/count_tests.py "${results[0]}" 2> "$log.names")
    cat "$log.names" && rm -f "$log.names"
    # How fast the simulator was.
    sed -n 's/^# *\(.* schedules per second\).*/  \1/p' "$folder/meson-logs/$suite.txt"
    if [ "${counted[1]}" -gt 0 ]; then
        tail -n 150 "$log"
        # why: a case says it around its line, and meson shows no such output
        grep -h -B 20 -A 12 '^not ok' "$folder/meson-logs/$suite.txt" | cut -c 1-600 | tail -n 150 || true
        echo "  all of it: $folder/meson-logs/$suite.txt"
    fi
    line "$label" "${counted[@]}" $((SECONDS - start))
}

# Builds a folder and runs the wanted ones of its suites.
run_build() { # LABEL FOLDER "MESON-OPTION..." "SUITE..." MESON-TEST-OPTION...
    local label=$1 folder=$2 options=$3 suites=$4 start=$SECONDS there suite
    shift 4
    # shellcheck disable=SC2086 # a list of words
    if ! build "$folder" $options; then
        line "${label}build" 0 1 0 $((SECONDS - start))
        return
    fi
    there=" $(suites_of "$folder") "
    for suite in $suites; do
        if [[ $there == *" $suite "* ]]; then
            run_suite "$label$suite" "$folder" "$suite" "$@"
        elif [ -n "$chosen" ]; then
            echo "There is no suite '$suite', only:$there" >&2
            line "$label$suite" 0 1 0 0
        fi
    done
}

run_format() {
    local files program
    if ! program=$(clang_format_14); then
        skip format "the layout is clang-format 14's, which is not here"
    else
        mapfile -t files < <(find src plugin examples tests -name node_modules -prune -o \
            \( -name '*.cpp' -o -name '*.h' \) -print)
        single format "$program" --dry-run -Werror "${files[@]}"
    fi
}

run_clang() {
    install_packages clang || {
        skip clang "no clang here"
        return
    }
    CC=clang CXX=clang++ single clang build build-clang --werror -Dcpp_args=-Wthread-safety
}

run_asan() {
    # GLib is built without frame pointers: only the slow unwinder sees who allocated.
    # Plugins are scanned in a process of their own, or what they leak would count as ours.
    # LeakSanitizer dies on the thread-local data of TLS modules that were loaded later.
    ASAN_OPTIONS=fast_unwind_on_malloc=0:intercept_tls_get_addr=0:detect_stack_use_after_return=1:strict_string_checks=1 \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        LSAN_OPTIONS=print_suppressions=0:suppressions=$PWD/tests/support/lsan.supp \
        run_build asan- build-asan "-Db_sanitize=address,undefined -Db_lundef=false" \
        "${chosen:-unit sim component element}" -t 5
}

run_tsan() {
    # A suppression of GLib's frames would hide every race: there is one, of an element's birth.
    TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=0:exitcode=66:suppressions=$PWD/tests/support/tsan.supp \
        GST_REGISTRY_FORK=no \
        run_build tsan- build-tsan "-Db_sanitize=thread -Db_lundef=false" \
        "${chosen:-unit sim component element}" -t 10
}

run_valgrind() {
    install_packages valgrind || {
        skip valgrind "no valgrind here"
        return
    }
    local wrapper="valgrind --quiet --error-exitcode=9 --num-callers=40 --leak-check=full" supp
    wrapper="$wrapper --show-leak-kinds=definite --errors-for-leak-kinds=definite"
    for supp in tests/support/valgrind.supp /usr/share/glib-2.0/valgrind/glib.supp; do
        if [ -f "$supp" ]; then wrapper="$wrapper --suppressions=$(realpath "$supp")"; fi
    done
    # Plugins are scanned in a process of their own, or what they leak would count as ours.
    G_SLICE=always-malloc GST_TUS_TEST_SLOW=10 \
        run_build valgrind- build "" "${chosen:-unit sim component element}" -t 30 --wrapper "$wrapper"
}

run_leaks() {
    run_build leaks- build "" "${chosen:-element}" -t 3 --wrapper "$PWD/tests/support/leaks.sh"
}

# clang's run-time library (sanitizers, libFuzzer) has its version in its package's name.
install_fuzzer() {
    local major
    install_packages clang && major=$(clang -dumpversion) || return 1
    major=${major%%.*}
    # Wherever it came from, it is asked, since not every clang is Debian's.
    [ -f "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a")" ] && return 0
    compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a" > /dev/null && return 0
    install_packages "libclang-rt-$major-dev"
}

run_fuzz() {
    install_fuzzer || {
        skip fuzz "no clang with libFuzzer here"
        return
    }
    local start=$SECONDS targets target name
    if ! CC=clang CXX=clang++ configure build-fuzz -Dfuzz=true \
        -Db_sanitize=address,undefined -Db_lundef=false; then
        line fuzz 0 1 0 $((SECONDS - start))
        return
    fi
    mapfile -t targets < <(ninja -C build-fuzz -t targets all |
        sed -n 's|^\(tests/fuzz/fuzz-[^:./]*\):.*|\1|p')
    if ! compile build-fuzz "${targets[@]}"; then
        line fuzz 0 1 0 $((SECONDS - start))
        return
    fi
    for target in "${targets[@]}"; do
        name=${target##*/fuzz-}
        mkdir -p "build-fuzz/corpus/$name"
        single "fuzz-$name" timeout $((fuzz_seconds + 60)) "build-fuzz/$target" \
            -max_total_time="$fuzz_seconds" -timeout=10 -artifact_prefix="build-fuzz/$name-" \
            "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name"
    done
}

jobs=()
benches=()
chosen=
install=yes
while [ $# -gt 0 ]; do
    case "$1" in
        --asan | --tsan | --valgrind | --leaks | --clang | --format | --fuzz) jobs+=("run_${1#--}") ;;
        --faults) jobs+=(run_faults) ;;
        --sim)
            [[ ${2-} =~ ^[0-9]+$ ]] || {
                echo "--sim wants a number" >&2
                exit 2
            }
            export GST_TUS_SIM_SCHEDULES=$2
            jobs+=(run_sim)
            shift
            ;;
        --soak)
            export GST_TUS_SOAK_MINUTES=120
            if [[ ${2-} =~ ^[1-9][0-9]*$ ]]; then
                GST_TUS_SOAK_MINUTES=$2
                shift
            fi
            jobs+=(run_soak)
            ;;
        --bench)
            while [[ ${2-} =~ ^[a-z]+$ ]]; do
                benches+=("$2")
                shift
            done
            jobs+=(run_bench)
            ;;
        --big) export GST_TUS_INTEROP_BYTES=$((5 << 30)) && jobs+=(run_big) ;;
        --suite)
            [ -n "${2-}" ] || {
                echo "--suite wants a name" >&2
                exit 2
            }
            chosen="$chosen${chosen:+ }$2"
            shift
            ;;
        --no-install) install= && export GST_TUS_INSTALL=no ;;
        --help | -h)
            usage
            exit 0
            ;;
        *)
            echo "unknown option: $1" >&2
            usage >&2
            exit 2
            ;;
    esac
    shift
done
[ ${#jobs[@]} -gt 0 ] || jobs=(run_normal)

run_normal() {
    run_build "" build "" \
        "${chosen:-tools unit component element sim fuzz interop page examples systemd bench}"
    [ -n "$chosen" ] || run_format
}
run_sim() { run_build "" build "" sim -t 1000; }
run_big() { run_build "" build "" interop -t 10; }
run_soak() {
    rm -f build/soak.txt
    # meson's own bound is ten minutes
    chosen=soak run_build "" build "" soak -t $((GST_TUS_SOAK_MINUTES / 10 + 2))
    if [ -f build/soak.txt ]; then cat build/soak.txt; fi
}
run_bench() {
    local start=$SECONDS
    install_packages curl openssl iproute2 binutils || true
    if ! configure build-bench -Dbuildtype=release ||
        ! compile build-bench plugin/libgsttus.so src/gst-tus-recover examples/standin/gcore-standin \
            tests/bench/bench-{ceiling,discard,render,link}; then
        line bench 0 1 0 $((SECONDS - start))
    elif python3 tests/bench/bench.py --build build-bench "${benches[@]}"; then
        line bench 1 0 0 $((SECONDS - start))
    else
        line bench 0 1 0 $((SECONDS - start))
    fi
}
run_faults() {
    # What the cases between network namespaces need; without it they are skipped, and say so.
    install_packages iproute2 nftables || true
    rm -f build/faults.txt
    chosen=faults run_build "" build "" faults
    # What was injected, and what it cost.
    if [ -f build/faults.txt ]; then cat build/faults.txt; fi
}

if [ -n "$install" ]; then
    install_test_dependencies
    install_interop
fi
for job in "${jobs[@]}"; do
    "$job"
done

[ $((passed + failed)) -gt 0 ] || failed=1
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
