// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "standin.h"

#include "base/text.h"
#include "fault.h"
#include "server.h"

#include <cerrno>

#include <glib/gstdio.h>

namespace gsttus::standin {

namespace {

Result<std::string> make_dir(const StandinOptions &options)
{
    if (options.discard)
        return std::string();
    if (!options.dir.empty()) {
        if (g_mkdir_with_parents(options.dir.c_str(), 0755) != 0)
            return Error{.kind = ErrorKind::kDisk,
                         .message = cat("the folder \"", options.dir,
                                        "\" can not be made: ", g_strerror(errno))};
        return options.dir;
    }
    GError *error = nullptr;
    const GCharOwn made(g_dir_make_tmp("gcore-standin-XXXXXX", &error));
    if (const GErrorOwn owned(error); owned)
        return Error{.kind = ErrorKind::kDisk,
                     .message = cat("no temporary folder: ", owned->message)};
    return std::string(made.get());
}

void remove_dir(const std::string &path)
{
    if (GDir *dir = g_dir_open(path.c_str(), 0, nullptr)) {
        while (const char *name = g_dir_read_name(dir))
            g_unlink(cat(path, "/", name).c_str());
        g_dir_close(dir);
    }
    g_rmdir(path.c_str());
}

Result<Fault> usable_fault(const std::string &spec, bool discard)
{
    auto fault = parse_fault(spec);
    if (fault && discard && fault->request && fault->request->actions.rollback)
        return Error{.kind = ErrorKind::kSettings,
                     .message = cat("fault \"", spec,
                                    "\": only stored bytes can be rolled back, "
                                    "not with discard")};
    return fault;
}

} // namespace

std::vector<std::string> StandinOptions::all_extensions()
{
    return {"creation",   "creation-with-upload", "creation-defer-length",    "termination",
            "expiration", "concatenation",        "concatenation-unfinished", "checksum"};
}

// The server ends on its own thread, then the thread ends, then the examiner, whose late results
// the stopped loop does not take any more.
class Standin::Thread {
public:
    EventLoop loop{};
    Examiner examiner{};
    std::unique_ptr<Server> server{}; // used and destroyed on the loop's thread

    ~Thread() { stop(); }

    void stop()
    {
        loop.call([this] { server.reset(); });
        loop.stop();
    }
};

Standin::Standin(std::string dir, bool temporary)
    : dir_(std::move(dir)), temporary_(temporary), discard_(dir_.empty()),
      thread_(std::make_unique<Thread>())
{
}

Standin::~Standin()
{
    stop();
    thread_.reset();
    if (temporary_)
        remove_dir(dir_);
}

Result<std::unique_ptr<Standin>> Standin::start(StandinOptions options)
{
    std::vector<Fault> faults;
    for (const std::string &spec : options.faults) {
        auto fault = usable_fault(spec, options.discard);
        if (!fault)
            return fault.error();
        faults.push_back(std::move(*fault));
    }
    auto habits = Habits::parse(options.habits);
    if (!habits)
        return habits.error();
    auto dir = make_dir(options);
    if (!dir)
        return dir.error();
    const bool temporary = options.dir.empty() && !options.discard;
    options.dir = *dir;

    std::unique_ptr<Standin> standin(new Standin(*dir, temporary));
    Thread &thread = *standin->thread_;
    Result<void> started;
    thread.loop.call([&] {
        thread.server = std::make_unique<Server>(options, std::move(*habits), thread.loop,
                                                 standin->recorder_, thread.examiner);
        started = thread.server->start();
        if (!started)
            return;
        standin->url_ = thread.server->url();
        standin->page_url_ = thread.server->page_url();
        for (Fault &fault : faults)
            thread.server->add_fault(std::move(fault));
    });
    if (!started)
        return started.error();
    return standin;
}

void Standin::stop()
{
    thread_->stop();
}

Result<void> Standin::add_fault(const std::string &spec)
{
    auto fault = usable_fault(spec, discard_);
    if (!fault)
        return fault.error();
    thread_->loop.call([&] {
        if (thread_->server)
            thread_->server->add_fault(std::move(*fault));
    });
    return {};
}

void Standin::clear_faults()
{
    thread_->loop.call([&] {
        if (thread_->server)
            thread_->server->clear_faults();
    });
}

void Standin::go_away()
{
    thread_->loop.call([&] {
        if (thread_->server)
            thread_->server->go_away(true);
    });
}

Result<void> Standin::come_back()
{
    Result<void> back = Error{.kind = ErrorKind::kCancelled, .message = "the stand-in was stopped"};
    thread_->loop.call([&] {
        if (thread_->server)
            back = thread_->server->come_back();
    });
    return back;
}

} // namespace gsttus::standin
