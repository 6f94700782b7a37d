// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-tus-record: records what this machine or a camera in the network shows, and uploads it while
// it is recorded. The only program here, beside the plugin, that knows GStreamer.
#include "base/redact.h"
#include "base/standard_files.h"
#include "glib/locale.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "record/arguments.h"
#include "record/copy.h"
#include "record/devices.h"
#include "record/inputs.h"
#include "record/launch.h"
#include "record/pipeline.h"
#include "record/recorder.h"

#include <cstdio>

#include <gst/gst.h>

using namespace gsttus;

namespace {

int printed()
{
    return is_output_written("gst-tus-record") ? kComplete : kFailed;
}

int list()
{
    const std::vector<Device> devices = list_devices();
    for (const Device &device : devices)
        std::printf("%-11s %s\n",
                    device.is_camera    ? "camera"
                    : device.is_monitor ? "playback"
                                        : "microphone",
                    printable(device.name, kMostOfName).c_str());
    if (devices.empty())
        std::fprintf(stderr, "No camera and no microphone here.\n");
    return printed();
}

int refused(const Error &error)
{
    std::fprintf(stderr, "gst-tus-record: %s\n", error.message.c_str());
    if (!error.detail.empty())
        std::fprintf(stderr, "%s\n", printable(error.detail).c_str());
    return kFailed;
}

// An address as it may be shown; said if that is not all of it.
std::string shown(const std::string &address, const char *what)
{
    std::string text = redact_url(address);
    if (text != address)
        std::fprintf(stderr, "The login and the query of %s are left out.\n", what);
    return text;
}

int show(RecordTask task, const Inputs &inputs)
{
    if (!task.to.empty())
        task.to = shown(task.to, "--to");
    if (task.source == SourceKind::kRtsp)
        task.location = shown(task.location, "the camera's address");
    const Result<Words> words = pipeline_of(task, inputs, is_installed);
    if (!words)
        return refused(words.error());
    std::printf("%s\n", words->command().c_str());
    if (!task.user.empty())
        std::fprintf(stderr, "The camera's login is left out: rtspsrc user-id=… user-pw=…\n");
    return printed();
}

int record(RecordTask task)
{
    task.first_piece = first_free_piece(task);
    const Result<void> copy = task.dry_run ? Result<void>() : check_copy(task);
    if (!copy)
        return refused(copy.error());
    ScreenPortal portal;
    const Result<Inputs> inputs = ask_inputs(task, is_installed, portal);
    if (!inputs)
        return refused(inputs.error());
    if (task.dry_run)
        return show(task, *inputs);
    const Result<Words> words = pipeline_of(task, *inputs, is_installed);
    return words ? run_recording(task, *words) : refused(words.error());
}

} // namespace

int main(int argc, char **argv)
{
    hold_standard_files();
    use_locale();
    RecordTask task;
    if (const auto status = parse_record_arguments(argc, argv, task))
        return *status;
    GError *raw = nullptr;
    if (!gst_init_check(nullptr, nullptr, &raw)) {
        const GErrorOwn error(raw);
        std::fprintf(stderr, "gst-tus-record: %s\n", error->message);
        return kFailed;
    }
    const int status = task.list ? list() : record(task);
    gst_deinit();
    return status;
}
