// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-tus-recover: finishes the uploads that a crash, a power cut or a network that never came back
// left in a spool folder. Which of its jobs it is, signals and the exit code.
#include "base/standard_files.h"
#include "base/text.h"
#include "glib/locale.h"
#include "glib/ptr.h"
#include "recover/arguments.h"
#include "recover/folders.h"
#include "recover/round.h"
#include "recover/watch.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <glib-unix.h>

using namespace gsttus;

namespace {

// Calls `work` on a thread of its own; `cancel` is cancelled by SIGINT and SIGTERM meanwhile.
void run_interruptible(GCancellable *cancel, const std::function<void()> &work)
{
    const auto loop =
        std::unique_ptr<GMainLoop, GDelete<&g_main_loop_unref>>(g_main_loop_new(nullptr, FALSE));
    const auto on_signal = +[](gpointer data) -> gboolean {
        g_cancellable_cancel(static_cast<GCancellable *>(data));
        return G_SOURCE_CONTINUE;
    };
    const std::array<guint, 2> sources = {g_unix_signal_add(SIGINT, on_signal, cancel),
                                          g_unix_signal_add(SIGTERM, on_signal, cancel)};
    std::thread worker([&] {
        work();
        // not from here: the loop may not have begun to run yet, and would not hear it
        g_idle_add(
            [](gpointer data) {
                g_main_loop_quit(static_cast<GMainLoop *>(data));
                return G_SOURCE_REMOVE;
            },
            loop.get());
    });
    g_main_loop_run(loop.get());
    worker.join();
    for (const guint source : sources)
        g_source_remove(source);
}

struct Listed {
    std::vector<SpooledUpload> uploads; // oldest first, wherever they are
    bool all = true;                    // FALSE: a folder could not be read, or is no upload
};

Listed list(const std::vector<Place> &places)
{
    Listed listed;
    for (const Place &place : places) {
        if (!place.only.empty()) {
            auto upload = look_at_upload(place.spool_dir, place.only);
            const bool there = upload.has_value();
            if (there)
                listed.uploads.push_back(std::move(*upload));
            else
                Teller::complain(cat(place.spool_dir, '/', place.only, " holds no upload"));
            listed.all = listed.all && there;
            continue;
        }
        Result<std::vector<SpooledUpload>> found = list_uploads(place.spool_dir);
        if (!found) {
            Teller::complain(found.error().message);
            listed.all = false;
            continue;
        }
        std::move(found->begin(), found->end(), std::back_inserter(listed.uploads));
    }
    std::stable_sort(listed.uploads.begin(), listed.uploads.end(),
                     [](const SpooledUpload &a, const SpooledUpload &b) { return a.id < b.id; });
    return listed;
}

// Folders from before the first file or after the last are not listed.
void clear_up(const std::vector<Place> &places)
{
    for (const Place &place : places) {
        if (place.only.empty())
            remove_leftovers(place.spool_dir);
    }
}

std::string names_of(const std::vector<Place> &places)
{
    std::string names;
    for (const Place &place : places)
        names += cat(names.empty() ? " in " : ", ", place.spool_dir,
                     place.only.empty() ? "" : cat("/", place.only));
    return names;
}

int show(const Listed &listed, const std::vector<Place> &places, const Teller &teller)
{
    for (const SpooledUpload &upload : listed.uploads)
        teller.listed(upload);
    const std::size_t count = listed.uploads.size();
    teller.say(cat(count, count == 1 ? " upload" : " uploads", names_of(places)));
    return listed.all ? kAllFinished : kSomeNot;
}

// The one upload that --delete or --send-again names; nullptr: it was said why there is none.
const SpooledUpload *only_one(const Listed &listed, const std::string &id,
                              const std::vector<Place> &places)
{
    const auto is_it = [&](const SpooledUpload &upload) { return upload.id == id; };
    const auto found = std::find_if(listed.uploads.begin(), listed.uploads.end(), is_it);
    if (found == listed.uploads.end()) {
        Teller::complain(cat("there is no upload ", id, names_of(places)));
        return nullptr;
    }
    if (std::find_if(found + 1, listed.uploads.end(), is_it) != listed.uploads.end()) {
        Teller::complain(cat("there is an upload ", id, " in more than one folder: name one"));
        return nullptr;
    }
    return &*found;
}

int remove(const SpooledUpload &upload, const Teller &teller)
{
    const GCharOwn parent(g_path_get_dirname(upload.folder.c_str()));
    if (const Result<void> removed = delete_upload(parent.get(), upload.id); !removed) {
        Teller::complain(removed.error().message);
        return kSomeNot;
    }
    teller.say(cat("deleted ", upload.id));
    return kAllFinished;
}

int finish_all(const Listed &listed, const std::vector<Place> &places, const Task &task,
               GCancellable *cancel, Teller &teller)
{
    run_interruptible(cancel, [&] {
        Round round(task.options, teller, cancel);
        for (const SpooledUpload &upload : listed.uploads)
            round.finish(upload);
    });
    clear_up(places);
    teller.sum_up(teller.counts());
    return listed.all && teller.counts().are_all_finished() ? kAllFinished : kSomeNot;
}

int run(Task &task, const std::vector<Place> &places, GCancellable *cancel, Teller &teller)
{
    Listed listed = list(places);
    if (task.list)
        return show(listed, places, teller);
    if (!task.remove.empty()) {
        const SpooledUpload *upload = only_one(listed, task.remove, places);
        return upload ? remove(*upload, teller) : kSomeNot;
    }
    if (!task.options.send_again.empty()) {
        const SpooledUpload *upload = only_one(listed, task.options.send_again, places);
        if (!upload)
            return kSomeNot;
        listed.uploads = {SpooledUpload(*upload)};
    }
    if (listed.uploads.empty()) {
        clear_up(places);
        return show(listed, places, teller);
    }
    return finish_all(listed, places, task, cancel, teller);
}

// The folder of an upload may stand where its ID does.
void take_folder(std::string &id, Task &task)
{
    if (id.find('/') == std::string::npos)
        return;
    task.folders = {id};
    const std::size_t last = id.find_last_not_of('/');
    id = last == std::string::npos ? id : id.substr(0, last + 1);
    id = id.substr(id.rfind('/') + 1);
}

Result<std::vector<Place>> places_of(const Task &task)
{
    if (!task.folders.empty())
        return named_places(task.folders, task.watch ? MayBeAbsent::kYes : MayBeAbsent::kNo);
    std::vector<std::string> refused;
    std::vector<Place> places = usual_places(refused);
    for (const std::string &path : refused)
        Teller::complain(cat(path, " is not ours alone, and is left out"));
    return places;
}

int work(Task &task, const std::vector<Place> &places)
{
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    Teller teller(task.teller, cancel.get());
    if (!task.watch)
        return run(task, places, cancel.get(), teller);
    Watch watch(task.folders.empty() ? std::vector<Place>() : places, task.options, teller,
                cancel.get());
    run_interruptible(cancel.get(), [&] { watch.run(); });
    teller.sum_up(watch.counts());
    return kAllFinished;
}

} // namespace

int main(int argc, char **argv)
{
    hold_standard_files();
    use_locale();
    Task task;
    if (const std::optional<int> status = parse_arguments(argc, argv, task))
        return *status;
    take_folder(task.remove, task);
    take_folder(task.options.send_again, task);
    const Result<std::vector<Place>> places = places_of(task);
    if (!places && places.error().kind == ErrorKind::kNotAuthorized) {
        Teller::complain(places.error().message);
        return kSomeNot;
    }
    if (!places) {
        Teller::complain(cat(places.error().message, " (see --help)"));
        return kUsage;
    }
    for (const Place &place : *places)
        if (!place.only.empty())
            task.options.named.insert(place.only);
    const int status = work(task, *places);
    // what else is printed, is for people: what became of the uploads, the status tells
    const bool is_read = task.list || task.teller.json;
    return is_read && !is_output_written("gst-tus-recover") ? kSomeNot : status;
}
