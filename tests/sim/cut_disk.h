// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk whose power goes: files in a real folder, and beside them what of it has been synced, so
// that cut() can say what a file system may have left. For one thread.
#pragma once

#include "random.h"
#include "replay/file_ops.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gsttus::sim {

// What of the unsynced is there after the cut. Each is what some file system may do.
enum class Survives {
    kNothing,    // the least that fsync(2) and fdatasync(2) promise
    kEverything, // a kill of the process
    kInOrder,    // names as of one moment (a journaling file system), any pages
    kAny,        // also any of the removals and renames, in any order
    kCount,
};
const char *to_string(Survives survives);

// A store that leaves something out: the simulator must notice each.
enum class CutMutation {
    kNone,
    kForgetsFiles,   // spill files are not synced
    kForgetsJournal, // nor is the journal, after that
    kForgetsNames,   // nor the folder
    kForgetsFolder,  // nor the folder's own name
    kCount,
};
const char *to_string(CutMutation mutation);

class CutDisk : public FileOps {
public:
    // `root` exists, and all that is in it is on the disk.
    CutDisk(std::string root, Random &random, CutMutation mutation)
        : root_(std::move(root)), random_(random), mutation_(mutation)
    {
        load(*top_, root_);
    }

    void fail(unsigned percent) { failing_ = percent; } // of the calls that change something

    void cut_at(std::uint64_t calls) { cut_at_ = calls; } // as call number so many is made

    bool is_off() const { return off_; } // nothing happens any more

    std::uint64_t calls() const { return calls_; }

    void pass(Duration time) { now_ += time; }

    // Others run now and then while a call is made; a change that they make is a violation.
    void set_others(std::function<void()> others) { others_ = std::move(others); }

    bool others_wrote() const { return others_wrote_; }

    // Somebody else removes a file, by its path.
    void remove_behind_the_back(const std::string &path);

    // Makes, in an empty folder, what is there after the cut.
    void leave(Survives survives, const std::string &into);

    int open_at(int dir, const char *name, int flags, mode_t mode) override;
    int make_dir_at(int dir, const char *name, mode_t mode) override;
    int remove_at(int dir, const char *name, int flags) override;
    int rename_at(int dir, const char *from, const char *to) override;
    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override;
    ssize_t read_at(int fd, void *data, std::size_t length, off_t offset) override;
    int truncate(int fd, off_t length) override;
    int sync_data(int fd) override;
    int sync_all(int fd) override;
    std::optional<std::uint64_t> free_space(int dir) override;

    TimePoint now() override { return now_; }

private:
    struct Node;
    using Ref = std::shared_ptr<Node>;
    using Names = std::map<std::string, Ref>;

    // What has been done to a file: bytes at an offset, or (no bytes) a new length.
    struct Change {
        std::uint64_t offset = 0;
        std::string bytes;
    };

    // What has been done to a folder. Without `to`: `from` is gone; without `from`: `to` is new.
    struct Naming {
        std::string from, to;
        Ref node;
        std::uint64_t number = 0; // of all
    };

    struct Node {
        std::string name; // as it was made
        bool is_dir = false;
        bool is_synced = false;
        std::string content; // on the disk
        std::vector<Change> changes;
        Names names, names_now; // on the disk, and as they are
        std::vector<Naming> namings;
    };

    struct Place {
        Ref dir; // null: outside
        std::string name;
        Ref node; // null: there is none
    };

    static void load(Node &dir, const std::string &path);
    bool goes_wrong();
    bool is_mutated(const Node &node, bool all) const;
    int sync(int fd, bool all);
    Ref node_of(int fd) const;
    Place find(int dir, const char *name) const;
    void rename_in(const Ref &dir, Naming naming);
    static void apply(const Naming &naming, Names &names);
    static void apply(const Change &change, std::string &content);
    Names names_after(const Node &dir, Survives survives);
    std::string content_after(const Node &file, Survives survives);
    void write_out(const Node &dir, Survives survives, const std::string &into);

    const std::string root_;
    Random &random_;
    const CutMutation mutation_;
    const Ref top_ = std::make_shared<Node>(Node{.name = {}, .is_dir = true});
    std::map<int, Ref> open_; // also some that are closed
    unsigned failing_ = 0;
    std::uint64_t calls_ = 0, cut_at_ = ~std::uint64_t{0};
    std::uint64_t namings_ = 0, last_in_order_ = 0;
    bool spared_ = false; // this call does not fail
    bool off_ = false, others_run_ = false, others_wrote_ = false;
    std::function<void()> others_;
    TimePoint now_ = TimePoint{} + seconds(1000);
};

} // namespace gsttus::sim
