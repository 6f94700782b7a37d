// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the threads of an upload do with their store, in an order by chance, in one thread.
#include "cut_run.h"

#include "base/text.h"
#include "replay/head_block.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

namespace gsttus::sim {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kStream = 2048 * kKiB; // more is never recorded
constexpr std::size_t kMostAtOnce = 20 * kKiB;

const std::string &stream()
{
    static const std::string bytes = [] {
        Random random(1);
        std::string out(kStream + kMostAtOnce, '\0');
        for (char &byte : out)
            byte = static_cast<char>(random.next());
        return out;
    }();
    return bytes;
}

// How often which byte was rewritten: each time it becomes one more than it was.
using Changes = std::map<std::uint64_t, unsigned>;

// The bytes are the stream's, changed as often as `changes` say, or less often. `seen`: how often.
bool is_stream(const ReplayStore &store, std::uint64_t from, std::uint64_t to,
               const Changes &changes, Changes *seen = nullptr)
{
    std::vector<std::byte> buffer(64 * kKiB);
    while (from < to) {
        const auto piece = store.piece(from);
        if (!piece || piece->begin() > from || piece->end() <= from)
            return false;
        const auto most = std::min<std::uint64_t>({to - from, buffer.size(), piece->end() - from});
        const auto got = piece->read(from, std::span(buffer).first(most));
        if (!got)
            return false;
        for (auto change = changes.lower_bound(from);
             change != changes.end() && change->first < from + *got; ++change) {
            auto &byte = reinterpret_cast<unsigned char &>(buffer[change->first - from]);
            const auto plain = static_cast<unsigned char>(stream()[change->first]);
            const auto times = static_cast<unsigned char>(byte - plain);
            if (times > change->second || (!seen && times != change->second))
                return false;
            if (seen && times > 0)
                (*seen)[change->first] = times;
            byte = plain;
        }
        if (std::memcmp(buffer.data(), stream().data() + from, *got) != 0)
            return false;
        from += *got;
    }
    return true;
}

// What a recovery gives.
struct Found {
    std::string id;
    std::uint64_t begin = 0, end = 0, acked = 0;
    std::uint64_t note = 0;
    Changes changes{}; // that it has
    std::vector<std::byte> head{};
};

// FALSE: a change of a byte from `from` to `to` is missing.
bool has_changes(const Changes &found, const Changes &wanted, std::uint64_t from, std::uint64_t to)
{
    return std::all_of(wanted.lower_bound(from), wanted.lower_bound(std::max(from, to)),
                       [&found](const auto &change) {
                           const auto there = found.find(change.first);
                           return there != found.end() && there->second >= change.second;
                       });
}

std::uint64_t noted(const Notes &notes)
{
    const auto note = notes.find("note");
    return note == notes.end() ? 0 : std::strtoull(note->second.c_str(), nullptr, 10);
}

class CutRun {
public:
    CutRun(std::uint64_t seed, CutMutation mutation, std::string folder,
           std::vector<std::string> *trace)
        : random_(seed), folder_(std::move(folder)), live_(folder_ + "/live"), trace_(trace),
          disk_(make_anew(live_), random_, mutation)
    {
    }

    CutOutcome run();

private:
    enum class Phase { kRecords, kEnded, kKept, kDiscarded };

    static std::string make_anew(const std::string &folder)
    {
        fs::remove_all(folder);
        fs::create_directories(folder);
        return folder;
    }

    template <typename... Parts>
    void say(const Parts &...parts)
    {
        if (trace_)
            trace_->push_back(cat(parts...));
    }

    void fail(const std::string &violation)
    {
        if (outcome_.violation.empty())
            outcome_.violation = violation;
        say("VIOLATION: ", violation);
    }

    std::string spool() const { return live_ + "/spool"; }

    void set_up();
    void end_of_recording();

    // the application, and the upload thread
    void others_do_something();
    void record();
    void rewrite();
    void acknowledge();
    void note();
    void send();

    // the disk thread
    bool chore();
    void change_head();
    void place_head();
    bool head_is_at_risk() const;
    bool run_head();
    Result<void> save_head(bool sync);
    bool run_look();
    bool run_spill();
    bool run_sync();
    void keep();
    void run_unlocked(ReplayStore::DiskWork &work);
    void somebody_deletes();

    // what is found
    std::vector<Found> recover(const std::string &in);
    void go_on(const std::string &left, const std::string &id);
    void use_recovered(CutDisk &disk, ReplayStore &store);
    void expect_the_same(const Found &before, std::uint64_t note, const std::string &in);
    void expect_no_loss_by_kill(const Found &found);
    void sync_begins();
    void check_after_cut();
    void check_head(const Found &found);
    bool has_promised(const std::vector<Found> &all);

    Random random_;
    const std::string folder_, live_;
    std::vector<std::string> *const trace_;
    CutDisk disk_;
    ReplayConfig config_;
    std::unique_ptr<ReplayStore> store_;
    Phase phase_ = Phase::kRecords;
    bool holds_ = false, cleaned_ = false, careful_ = false;
    std::size_t at_once_ = kMostAtOnce; // bytes
    unsigned goes_back_ = 0;            // the server, percent of its answers
    bool fails_ = false;                // the disk
    bool big_notes_ = false, went_back_ = false;
    TimePoint looked_{}, synced_{}, noted_{};
    std::uint64_t acked_ = 0, highest_ = 0;          // of the server
    std::uint64_t since_begin_ = 0, since_sync_ = 0; // highest since a sync began
    std::uint64_t notes_ = 0, note_ = 0;
    unsigned rewrites_ = 0; // percent of what the source does
    Changes changes_;
    std::optional<Found> syncing_, promised_;
    HeadBlock head_;                            // may be none
    std::vector<std::vector<std::byte>> heads_; // as it was, one after the other
    std::size_t head_promised_ = 0;             // of these: this one, or a later one, is found
    std::optional<std::uint64_t> head_at_;      // where it is in the store
    std::uint64_t last_end_ = 0;
    CutOutcome outcome_;
};

void CutRun::set_up()
{
    config_.max_memory = (random_.chance(50) ? 64 : 192) * kKiB;
    config_.rollback_margin = random_.below(3) * 16 * kKiB;
    config_.spool_mode = random_.chance(50) ? SpoolMode::kOverflow : SpoolMode::kAlways;
    config_.spool_dir = spool();
    config_.max_spool_size = (random_.chance(20) ? 384 : 4096) * kKiB;
    store_ = std::make_unique<ReplayStore>(config_, disk_);
    store_->spill_by_thread();
    holds_ = random_.chance(30);
    if (holds_)
        store_->hold_all(true);
    big_notes_ = random_.chance(10);
    goes_back_ = random_.chance(40) ? 10 : 0;
    at_once_ = random_.chance(70) ? 5 * kKiB : kMostAtOnce;
    careful_ = random_.chance(30); // the server often has nearly all
    rewrites_ = random_.chance(50) ? 30 : 0;
    if (random_.chance(40))
        head_ = HeadBlock(random_.between(1, kMostAtOnce), nullptr);
    heads_.emplace_back();
    fails_ = random_.chance(30);
    if (fails_)
        disk_.fail(static_cast<unsigned>(random_.between(1, 10)));
    disk_.cut_at(random_.chance(50) ? random_.between(1, 60) : random_.between(1, 900));
    disk_.set_others([this] { others_do_something(); });
    say(config_.spool_mode == SpoolMode::kAlways ? "always" : "overflow", ", memory ",
        config_.max_memory, ", margin ", config_.rollback_margin, ", disk ", config_.max_spool_size,
        holds_ ? ", holds all" : "");
}

// --- the application, and the upload thread ------------------------------------------------------

void CutRun::others_do_something()
{
    if (phase_ == Phase::kKept || phase_ == Phase::kDiscarded)
        return;
    switch (random_.below(10)) {
    case 0:
        note();
        break;
    case 1:
        send();
        break;
    case 2:
    case 3:
        acknowledge();
        break;
    case 4:
        store_->begin_journal();
        change_head();
        break;
    case 5:
        if (holds_ && random_.chance(5)) {
            holds_ = false;
            store_->hold_all(false);
        }
        break;
    default:
        record();
    }
}

void CutRun::record()
{
    if (random_.chance(rewrites_))
        rewrite();
    if (phase_ != Phase::kRecords || store_->end() + kMostAtOnce > kStream)
        return;
    const std::size_t length = random_.between(1, at_once_);
    const auto bytes = std::as_bytes(std::span(stream())).subspan(store_->end(), length);
    const std::size_t taken = store_->append(bytes);
    say("  append ", length, ": ", taken, ", end ", store_->end());
}

void CutRun::rewrite()
{
    if (phase_ != Phase::kRecords || store_->end() == store_->begin())
        return;
    // what may have been sent is not changed
    const std::uint64_t first = std::max({highest_, store_->begin()});
    if (first >= store_->end())
        return;
    const std::uint64_t from = random_.between(first, store_->end() - 1);
    std::vector<std::byte> bytes(std::min(random_.between(1, 16), store_->end() - from));
    Changes changed = changes_;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(static_cast<unsigned char>(stream()[from + i]) +
                                          ++changed[from + i]);
    if (!store_->rewrite(from, bytes))
        return fail(cat("no rewriting at ", from));
    changes_ = std::move(changed);
    say("  rewrite ", from, " to ", from + bytes.size());
}

// Other bytes everywhere, so that no two moments can be taken for one.
void CutRun::change_head()
{
    if (!head_.is_there() || head_at_)
        return;
    std::vector<std::byte> bytes(head_.limit(), static_cast<std::byte>(heads_.size()));
    if (head_.takes_more())
        (void)head_.append(bytes, disk_.now());
    head_.rewrite(0, bytes, disk_.now());
    heads_.push_back(std::move(bytes));
    say("  head ", heads_.size() - 1);
}

// It is as the stream goes on there.
void CutRun::place_head()
{
    if (!head_.is_there() || store_->end() + head_.limit() > kStream)
        return;
    change_head();
    head_at_ = store_->end();
    const auto bytes = std::as_bytes(std::span(stream())).subspan(*head_at_, head_.limit());
    head_.rewrite(0, bytes, disk_.now());
    heads_.back().assign(bytes.begin(), bytes.end());
    store_->hold_back(head_at_);
    store_->note("head-at", cat(*head_at_));
    if (store_->append_beyond(bytes) != bytes.size())
        fail("no room for the head");
    head_.place();
    say("  head at ", *head_at_, ", ", bytes.size(), " bytes");
}

void CutRun::acknowledge()
{
    const std::uint64_t back = store_->begin();
    const bool goes_back = random_.chance(goes_back_);
    went_back_ = went_back_ || goes_back;
    if (goes_back)
        acked_ = random_.between(std::min(back, acked_), acked_);
    else if (careful_)
        acked_ = std::max(acked_, store_->end() - std::min(store_->end(), random_.below(3000)));
    else
        acked_ = random_.between(acked_, store_->end());
    highest_ = std::max(highest_, acked_);
    since_sync_ = std::max(since_sync_, acked_);
    since_begin_ = std::max(since_begin_, acked_);
    store_->release(acked_, ReplayStore::Deletion::kLater);
    say("  release ", acked_, ", begin ", store_->begin());
}

void CutRun::note()
{
    std::string value = cat(++notes_);
    if (big_notes_)
        value.resize(random_.between(1, 200) * kKiB, ' ');
    store_->note("note", value);
    say("  note ", notes_);
}

void CutRun::send()
{
    if (store_->end() == acked_ || disk_.is_off())
        return;
    const std::uint64_t from = random_.between(acked_, store_->end() - 1);
    if (!is_stream(*store_, from, std::min(store_->end(), from + 30 * kKiB), changes_) &&
        !disk_.is_off())
        fail(cat("wrong bytes in the store from ", from));
}

// --- the disk thread -----------------------------------------------------------------------------

void CutRun::run_unlocked(ReplayStore::DiskWork &work)
{
    (void)work.run();
}

bool CutRun::head_is_at_risk() const
{
    return head_at_ && !head_.is_safe(store_->folder());
}

Result<void> CutRun::save_head(bool sync)
{
    const FdRef folder = store_->folder_fd();
    if (!head_.is_there() || !folder || head_.is_safe(store_->folder()))
        return {};
    const std::size_t promised = heads_.size() - 1;
    auto save = head_.begin_save(disk_, folder, store_->folder(), sync);
    const Result<void> result = save->run();
    (void)head_.end_save(std::move(save), result, disk_.now());
    if (sync && result && !disk_.is_off())
        head_promised_ = promised;
    say("head saved: ", result ? cat(promised) : "failed", sync ? ", synced" : "", ", call ",
        disk_.calls());
    return result;
}

bool CutRun::run_head()
{
    store_->hold_back(head_is_at_risk() ? head_at_ : std::nullopt);
    if (!head_.is_there() || head_.refuses(disk_.now()) || head_.is_safe(store_->folder()) ||
        !(head_at_ || random_.chance(20)))
        return false;
    if (!store_->folder_fd()) {
        store_->begin_journal(true);
        return false;
    }
    (void)save_head(head_at_ || random_.chance(50));
    return true;
}

bool CutRun::run_look()
{
    if (disk_.now() - looked_ < seconds(1))
        return false;
    looked_ = disk_.now();
    auto look = store_->look(head_.file());
    if (!look)
        return false;
    run_unlocked(*look);
    store_->looked(*look);
    if (look->found_deleted())
        promised_.reset(); // all begins anew
    say("look", look->found_deleted() ? ": something is deleted" : "");
    return true;
}

bool CutRun::run_spill()
{
    const bool rests = phase_ == Phase::kEnded;
    const bool at_once = rests || config_.spool_mode == SpoolMode::kAlways;
    store_->set_due(disk_.now() - (at_once ? Duration::zero() : Duration(seconds(3))), rests);
    auto spill = store_->begin_spill(rests || disk_.now() - noted_ >= seconds(1));
    (void)store_->take_disk_warning();
    if (!spill)
        return false;
    noted_ = disk_.now();
    went_back_ = went_back_ && acked_ < highest_; // it tells
    run_unlocked(*spill);
    store_->end_spill(std::move(spill));
    say("spill, on disk ", store_->on_disk(), ", in memory ", store_->in_memory(), ", call ",
        disk_.calls());
    return true;
}

bool CutRun::run_sync()
{
    if (phase_ != Phase::kEnded && disk_.now() - synced_ < seconds(1))
        return false;
    auto sync = store_->sync_to_disk();
    if (!sync)
        return false;
    sync_begins();
    since_begin_ = acked_;
    const bool good = sync->run().ok();
    store_->synced(good);
    synced_ = disk_.now();
    if (good && syncing_ && !disk_.is_off()) {
        promised_ = syncing_;
        since_sync_ = since_begin_;
    }
    syncing_.reset();
    say("sync: ", good ? cat("to ", promised_ ? promised_->end : 0) : "failed", ", call ",
        disk_.calls());
    return true;
}

bool CutRun::chore()
{
    if (run_look() || run_head() || run_spill())
        return true;
    if (auto needless = store_->clean_up()) {
        run_unlocked(*needless);
        say("clean up, call ", disk_.calls());
        return true;
    }
    return run_sync();
}

void CutRun::keep()
{
    phase_ = Phase::kKept;
    const auto kept = store_->keep([this] { return save_head(true); });
    say("keep: ", kept ? "all" : kept.error().message);
    synced_ = {};
    if (random_.chance(50))
        run_sync();
}

void CutRun::somebody_deletes()
{
    std::vector<std::string> files;
    std::error_code error;
    for (const auto &entry : fs::recursive_directory_iterator(spool(), error))
        if (entry.is_regular_file() && !entry.path().string().ends_with("lock"))
            files.push_back(entry.path().string());
    if (files.empty())
        return;
    std::sort(files.begin(), files.end());
    const std::string &file = files[random_.below(files.size())];
    disk_.remove_behind_the_back(file);
    cleaned_ = true;
    promised_.reset();
    say("somebody deletes ", file);
}

void CutRun::end_of_recording()
{
    if (phase_ == Phase::kRecords) {
        phase_ = Phase::kEnded;
        place_head();
        say("end of the recording");
    } else if (random_.chance(50)) {
        say("rest: ", store_->rest());
    } else if (random_.chance(30)) {
        keep();
    } else if (random_.chance(20)) {
        acked_ = highest_ = store_->end();
        store_->release(acked_, ReplayStore::Deletion::kLater);
        phase_ = Phase::kDiscarded;
        say("discard");
        store_->discard();
    }
}

CutOutcome CutRun::run()
{
    set_up();
    const bool has_cleaner = random_.chance(5);
    const std::uint64_t steps = random_.between(10, 400);
    for (std::uint64_t n = 0; n < steps && !disk_.is_off() && phase_ < Phase::kKept; ++n) {
        disk_.pass(milliseconds(random_.below(random_.chance(5) ? 4000 : 200)));
        if (has_cleaner && random_.chance(2))
            somebody_deletes();
        if (random_.chance(1) || (phase_ == Phase::kEnded && random_.chance(10)))
            end_of_recording();
        else if (random_.chance(50))
            others_do_something();
        else
            while (random_.chance(90) && !disk_.is_off() && chore()) {
            }
        last_end_ = store_->end();
    }
    last_end_ = std::max(last_end_, store_->end());
    if (disk_.others_wrote())
        fail("somebody else than the disk thread waits for the disk");
    check_after_cut();
    disk_.cut_at(0);
    (void)disk_.sync_all(-1); // it is off
    disk_.set_others(nullptr);
    store_.reset();
    return outcome_;
}

// --- what is found -------------------------------------------------------------------------------

std::vector<Found> CutRun::recover(const std::string &in)
{
    std::vector<Found> all;
    const auto listed = list_uploads(in);
    if (!listed)
        return all;
    for (const SpooledUpload &upload : *listed) {
        const auto recovered = open_upload(in, upload.id);
        say("found ", upload.id, ": ", recovered ? recovered->cut : recovered.error().message);
        if (!recovered)
            continue;
        const ReplayStore &store = *recovered->store;
        Changes seen;
        if (!is_stream(store, store.begin(), store.end(), changes_, &seen))
            fail(cat("wrong bytes from ", store.begin(), " to ", store.end()));
        all.push_back({.id = upload.id,
                       .begin = store.begin(),
                       .end = store.end(),
                       .acked = store.acked(),
                       .note = noted(store.notes()),
                       .changes = std::move(seen),
                       .head = std::move(recovered->head)});
        say("found ", store.begin(), " to ", store.end(), ", acked ", store.acked(), ", note ",
            all.back().note);
        if (store.end() > std::max(last_end_, store_->end()))
            fail(cat("bytes to ", store.end(), " that were never recorded"));
        if (store.acked() > highest_)
            fail(cat("acked ", store.acked(), ", but the server never had more than ", highest_));
    }
    return all;
}

// All that is not in memory is found when the process dies.
void CutRun::expect_no_loss_by_kill(const Found &found)
{
    // A server that went back and on again: for a moment the journal says the former.
    if (store_->oldest_in_memory() || head_is_at_risk() || cleaned_ || acked_ == store_->end() ||
        went_back_)
        return;
    if (found.begin > acked_ || found.end < store_->end())
        fail(cat("killed now, a recovery finds ", found.begin, " to ", found.end,
                 "; in the files should be ", acked_, " to ", store_->end()));
    const bool told = config_.spool_mode == SpoolMode::kAlways && !fails_ &&
                      !store_->awaits_safety(store_->end());
    if (told && !has_changes(found.changes, changes_, acked_, store_->end()))
        fail("killed now, a recovery does not find all that was changed");
}

void CutRun::sync_begins()
{
    const std::string copy = make_anew(folder_ + "/copy");
    fs::copy(spool(), copy, fs::copy_options::recursive);
    const auto all = recover(copy);
    syncing_.reset();
    if (!all.empty()) {
        syncing_ = all.back();
        for (const Found &found : all)
            if (found.end > syncing_->end)
                syncing_ = found;
        if (!cleaned_)
            expect_no_loss_by_kill(*syncing_);
    }
}

// In one folder there is all that was synced and that the server did not have since. Where it went
// back behind that, what is between may be lost, and the rest is of no use.
bool CutRun::has_promised(const std::vector<Found> &all)
{
    const std::uint64_t from = went_back_ || acked_ < promised_->begin
                                   ? promised_->end
                                   : std::max({promised_->begin, since_sync_, store_->begin()});
    const std::uint64_t to = promised_->end;
    outcome_.promised = from < to;
    for (const Found &found : all) {
        if ((from >= to || (found.begin <= from && found.end >= to &&
                            has_changes(found.changes, promised_->changes, from, to))) &&
            found.note >= promised_->note)
            return true;
    }
    if (phase_ != Phase::kDiscarded)
        fail(cat("from ", from, " to ", to, " with note ", promised_->note,
                 " had been synced, and are not there"));
    return false;
}

void CutRun::check_after_cut()
{
    const auto survives =
        static_cast<Survives>(random_.below(static_cast<std::uint64_t>(Survives::kCount)));
    say("cut at call ", disk_.calls(), ", unsynced survives ", to_string(survives), ", server at ",
        acked_);
    const std::string left = make_anew(folder_ + "/left");
    disk_.leave(survives, left);
    const std::string in = left + "/spool";
    (void)remove_leftovers(in); // what the next recording does first
    const auto all = recover(in);
    outcome_.found = std::any_of(all.begin(), all.end(),
                                 [](const Found &found) { return found.end > found.begin; });
    if (promised_)
        (void)has_promised(all);
    if (all.size() == 1 && !cleaned_ && head_.is_there() && phase_ != Phase::kDiscarded)
        check_head(all[0]);
    if (outcome_.found && all.size() == 1 && all[0].begin <= acked_ && all[0].end >= acked_)
        go_on(left, all[0].id);
}

// All of it is as it was once, not before it was synced; and the last one, if the store has some of
// it.
void CutRun::check_head(const Found &found)
{
    const auto is = std::find(heads_.rbegin(), heads_.rend(), found.head);
    const auto n = static_cast<std::size_t>(heads_.rend() - is); // one more than its number
    if (n == 0 || n - 1 < head_promised_)
        fail(cat("of the head there is number ", n == 0 ? "none" : cat(n - 1), ", synced was ",
                 head_promised_));
    const bool in_part = head_at_ && found.end > std::max(*head_at_, found.begin) &&
                         found.end < *head_at_ + head_.limit();
    if (in_part && n != heads_.size())
        fail(cat("a part of the last head is in the store, and its file has number ",
                 n == 0 ? "none" : cat(n - 1)));
}

// As a recovery does, without a thread for the disk.
void CutRun::use_recovered(CutDisk &disk, ReplayStore &store)
{
    for (std::uint64_t n = random_.between(1, 40); n > 0 && !disk.is_off(); --n) {
        if (random_.chance(40)) {
            note_ = random_.chance(50) ? ++notes_ : notes_;
            store.note("note", cat(note_));
        } else if (random_.chance(70)) {
            acked_ = random_.between(acked_, store.end());
            highest_ = std::max(highest_, acked_);
            store.release(acked_, ReplayStore::Deletion::kLater);
        } else if (random_.chance(20)) {
            (void)store.keep();
        } else if (const auto needless = store.clean_up()) {
            (void)needless->run();
        } else if (const auto sync = store.sync_to_disk()) {
            const bool good = sync->run().ok();
            store.synced(good);
        }
        say("  recovery: note ", note_, ", acked ", acked_, ", call ", disk.calls());
        disk.pass(milliseconds(random_.below(1500)));
    }
}

// What the first recovery found, and the server does not have, the next one finds too.
void CutRun::expect_the_same(const Found &before, std::uint64_t note, const std::string &in)
{
    const auto all = recover(in);
    const std::uint64_t from = std::max(before.begin, acked_);
    if (from < before.end &&
        (all.size() != 1 || all[0].begin > from || all[0].end < before.end || all[0].note < note ||
         !has_changes(all[0].changes, before.changes, from, before.end)))
        fail(cat("recovered twice: ", from, " to ", before.end, " with note ", note,
                 " are not there any more"));
}

void CutRun::go_on(const std::string &left, const std::string &id)
{
    CutDisk disk(left, random_, CutMutation::kNone);
    disk.cut_at(random_.between(1, 30));
    if (random_.chance(30))
        disk.fail(static_cast<unsigned>(random_.between(1, 20)));
    auto recovered = open_upload(left + "/spool", id, disk);
    if (!recovered)
        return;
    ReplayStore &store = *recovered->store;
    Found before{.id = id,
                 .begin = store.begin(),
                 .end = store.end(),
                 .acked = store.acked(),
                 .note = noted(store.notes()),
                 .changes = {},
                 .head = {}};
    (void)is_stream(store, before.begin, before.end, changes_, &before.changes);
    acked_ = std::max(acked_, before.begin);
    store.release(acked_, ReplayStore::Deletion::kLater);
    use_recovered(disk, store);
    say("recovery is cut off at call ", disk.calls());
    const std::string rest = make_anew(folder_ + "/rest");
    disk.leave(static_cast<Survives>(random_.below(static_cast<std::uint64_t>(Survives::kCount))),
               rest);
    outcome_.again = true;
    expect_the_same(before, before.note, rest + "/spool");
    disk.cut_at(0);
    (void)disk.sync_all(-1); // it is off
}

} // namespace

CutOutcome run_cut(std::uint64_t seed, CutMutation mutation, const std::string &folder,
                   std::vector<std::string> *trace)
{
    return CutRun(seed, mutation, folder, trace).run();
}

} // namespace gsttus::sim
