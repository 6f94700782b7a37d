// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model_server.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus::sim {

namespace {

constexpr std::uint64_t kAnswersInARow = 4;
constexpr std::uint64_t kProxyFloor = std::uint64_t{256} << 10;

std::string name_of(const std::string &url)
{
    return url.substr(url.rfind('/') + 1);
}

void append_run(std::vector<Run> &runs, std::uint64_t from, std::uint64_t length)
{
    if (length == 0)
        return;
    if (!runs.empty() && runs.back().from + runs.back().length == from)
        runs.back().length += length;
    else
        runs.push_back({from, length});
}

} // namespace

std::string host_of(const std::string &url)
{
    const std::size_t host = url.find("://") + 3;
    return url.substr(host, url.find('/', host) - host);
}

ModelServer::ModelServer(const Schedule &schedule) : schedule_(schedule)
{
    uploads_.reserve(8);
}

Upload *ModelServer::find(const std::string &url)
{
    const std::string name = name_of(url);
    for (Upload &upload : uploads_)
        if (name_of(upload.url) == name)
            return &upload;
    return nullptr;
}

void ModelServer::begin_with(const std::string &url, std::uint64_t offset)
{
    Upload upload;
    upload.url = url;
    upload.foreign = upload.offset = offset;
    upload.told = true;
    uploads_.push_back(std::move(upload));
}

void ModelServer::refuse(const std::string &what)
{
    if (violation_.empty())
        violation_ = what;
}

void ModelServer::progress()
{
    doubts_ = absences_ = mismatches_ = redirects_ = 0;
}

void ModelServer::doubt(int status, ErrorKind kind)
{
    if (++doubts_ >= (worked_ ? kAnswersInARow : 2))
        excuse(status, kind);
}

// One answer ends what has not begun; of an upload that has worked, several in a row are needed.
void ModelServer::decisive(int status, ErrorKind kind)
{
    doubt(status, kind);
    if (!worked_)
        excuse(status, kind);
}

Duration ModelServer::latency()
{
    return milliseconds(2 + (schedule_.seed + requests_ * 7) % 30);
}

Reply ModelServer::failed(ErrorKind kind, bool reached, Duration took, bool reused)
{
    any_trouble_ = true;
    NoAnswer failure;
    failure.error.kind = kind;
    failure.error.message = "gone";
    failure.reached_server = reached;
    failure.reused_connection = reused;
    return {std::move(failure), took};
}

Reply ModelServer::answered(Answer answer)
{
    if (answer.status >= 300)
        any_trouble_ = true;
    if (fault_ && fault_->kind == FaultKind::kExpires)
        answer.expires = TimePoint{};
    return {std::move(answer), latency()};
}

Answer ModelServer::status(int number, const char *text, Duration retry_after)
{
    Answer answer;
    answer.status = number;
    answer.speaks_tus = schedule_.marks_answers;
    answer.text = text;
    answer.retry_after = retry_after;
    answer.resumable = schedule_.marks_answers;
    return answer;
}

Answer ModelServer::status_of(const Fault &fault, RequestKind request)
{
    const bool creation = request == RequestKind::kCreate;
    const StatusRow &row = kStatuses[fault.arg % kStatuses.size()];
    switch (row.status) {
    case 400:
    case 411:
    case 415:
    case 422:
        if (request != RequestKind::kPatch || std::string_view(row.text).substr(0, 4) != "ERR_")
            doubt(row.status, ErrorKind::kServer);
        if (creation)
            decisive(row.status, ErrorKind::kServer);
        break;
    case 409:
    case 417:
        doubt(row.status, ErrorKind::kServer);
        break;
    case 413:
        decisive(row.status, ErrorKind::kTooLarge);
        doubt(row.status, ErrorKind::kServer);
        break;
    case 460:
        if (++mismatches_ >= 3 || creation)
            decisive(row.status, ErrorKind::kServer);
        doubt(row.status, ErrorKind::kServer);
        break;
    case 405: // when PATCH had worked before, something in the server's place
        doubt(row.status, ErrorKind::kServer);
        [[fallthrough]];
    case 412:
    case 302:
        decisive(row.status, ErrorKind::kProtocol);
        break;
    default:
        break;
    }
    Answer answer = status(row.status, row.text, milliseconds(row.retry_after_ms));
    if (row.status == 502 || row.status == 504)
        answer.speaks_tus = answer.resumable = false; // what is in front of it
    return answer;
}

// The faults of this request; the first decides, those of the network come before.
const Fault *ModelServer::next(TimePoint now, const std::string &url)
{
    fault_ = nullptr;
    const auto &faults = schedule_.faults;
    while (next_fault_ < faults.size() && faults[next_fault_].at < requests_)
        ++next_fault_; // several for one request, or one while nothing was reachable
    if (next_fault_ < faults.size() && faults[next_fault_].at == requests_) {
        fault_ = &faults[next_fault_++];
        ++faults_seen_;
    }
    ++requests_;
    if (fault_ && fault_->kind == FaultKind::kOutage) {
        down_until_ = std::max<TimePoint>(down_until_, now + milliseconds(fault_->arg));
        return_announced_ = fault_->arg % 2 == 0;
    }
    if (fault_ && fault_->kind == FaultKind::kStranger) {
        strangers_until_ = std::max<TimePoint>(strangers_until_, now + milliseconds(fault_->arg));
        stranger_ = fault_->arg;
    }
    if (fault_ && fault_->kind == FaultKind::kDiskFull)
        disk_full_ = true;
    if (patch_open_)
        refuse("another request while a PATCH is open");
    if (Upload *upload = find(url)) {
        if (fault_ && fault_->kind == FaultKind::kGone)
            remove(*upload);
        const bool back = fault_ && (fault_->kind == FaultKind::kRollback ||
                                     fault_->kind == FaultKind::kRollbackFar);
        if (back && !upload->complete()) {
            upload->rolled_back = true;
            truncate(*upload, std::max(upload->foreign,
                                       upload->offset - std::min(upload->offset, fault_->arg)));
            any_trouble_ = true;
        }
        if (fault_ && fault_->kind == FaultKind::kLock)
            upload->locked_until = now + milliseconds(fault_->arg);
    }
    return fault_;
}

// What happens to any request before the server looks at it.
std::optional<Reply> ModelServer::before(const std::string &url, TimePoint now, RequestKind request)
{
    const std::string host = host_of(url);
    if (host.front() == 'd' || now < down_until_)
        return failed(ErrorKind::kNetwork, false, milliseconds(requests_ % 3 ? 1 : 1500));
    const FaultKind kind = fault_ ? fault_->kind : FaultKind::kCount;
    if (kind == FaultKind::kResetBefore)
        return failed(ErrorKind::kNetwork, true, latency());
    if (kind == FaultKind::kStale)
        return failed(ErrorKind::kNetwork, true, milliseconds(1), true);
    if (kind == FaultKind::kExpired)
        ++wanted_credentials_;
    if (now < strangers_until_ || host.front() == 'p')
        return stranger(url, request, now);
    if (request == RequestKind::kHead && schedule_.refuses_head) {
        Answer answer = status(requests_ % 2 ? 405 : 501);
        answer.resumable = false;
        return answered(std::move(answer));
    }
    if (request != RequestKind::kOptions && credentials_ < wanted_credentials_) {
        // who may go on waiting, and who may not: the driver of the simulation knows
        const Upload *upload = find(url); // 403 may mean that it was moved
        const bool incomplete = upload && upload->declarations > 0 && !upload->complete();
        // and to what would complete it, that a hook does not like it
        const bool whole = upload && upload->complete() && request == RequestKind::kPatch;
        if (Upload *asked = find(url); asked && request == RequestKind::kHead)
            asked->head_refused = true; // a fresh upload is not looked at for long
        return answered(status(requests_ % 2 || incomplete || whole ? 401 : 403));
    }
    return std::nullopt;
}

// Anybody: a login page, an ingress that is being replaced, a firewall. Another answer each time,
// or always the same.
Reply ModelServer::stranger(const std::string &url, RequestKind request, TimePoint)
{
    const std::uint64_t row = stranger_ + (stranger_ % 2 ? 0 : requests_);
    const int number = kStrangers[row % kStrangers.size()];
    Answer answer = status(number, "<html><title>Login</title></html>");
    answer.speaks_tus = answer.resumable = false;
    if (number == 307 || number == 308) {
        answer.location = cat("http://p/", name_of(url));
        answer.location_other_host = true;
    }
    any_trouble_ = true;
    if (Upload *upload = find(url); upload && request == RequestKind::kPatch) {
        const bool sounds_like_a_hook = !schedule_.marks_answers && number >= 400 && number < 500;
        if (sounds_like_a_hook && ended)
            excuse(number, ErrorKind::kServer);
    }
    if (Upload *upload = find(url); upload && request == RequestKind::kHead) {
        upload->head_refused = heads_refused_ = true;
        if (!schedule_.marks_answers && (number == 404 || number == 410))
            upload->may_be_gone = true;
    }
    // where nothing has worked yet, or the server can not be told from others
    if (!worked_ || !schedule_.marks_answers || schedule_.length_mode == LengthMode::kSpool) {
        decisive(number, ErrorKind::kServer);
        decisive(number, ErrorKind::kProtocol);
        if (number == 404 || number == 410)
            decisive(number, ErrorKind::kUploadLost);
        if (number == 401 || number == 403)
            decisive(number, ErrorKind::kNotAuthorized);
        excuse(0, ErrorKind::kSettings); // it may pass for a server that needs the length
        excuse(0, ErrorKind::kNoSpace);
    }
    return answered(std::move(answer));
}

Reply ModelServer::redirected(const std::string &url, bool endpoint)
{
    const bool other = fault_->arg % 2 == 1;
    const std::string host = other ? (host_of(url) == "b" ? "c" : "b") : host_of(url);
    Answer answer = status(fault_->arg % 4 < 2 ? 307 : 308);
    answer.location = cat("http://", host, '/', name_of(url));
    answer.location_other_host = other;
    if (endpoint && other && schedule_.secret)
        decisive(answer.status, ErrorKind::kProtocol);
    if (++redirects_ > 4)
        decisive(answer.status, ErrorKind::kProtocol);
    return answered(std::move(answer));
}

// --- OPTIONS -------------------------------------------------------------------------------------

Reply ModelServer::options(const Options &action, TimePoint now)
{
    next(now, "");
    if (fault_ && !schedule_.defers) // what it can do is perhaps never known then
        excuse(0, ErrorKind::kSettings);
    if (std::optional<Reply> reply = before(action.url, now, RequestKind::kOptions))
        return std::move(*reply);
    const EndHabit habit = schedule_.end_habit;
    const bool is_short = habit == EndHabit::kEmpty || habit == EndHabit::kSilent;
    if (fault_ && fault_->kind == FaultKind::kStatus && is_short)
        excuse(0, ErrorKind::kSettings);
    if (fault_ && fault_->kind == FaultKind::kStatus)
        return answered(status_of(*fault_, RequestKind::kOptions));
    if (fault_ && fault_->kind == FaultKind::kRedirect)
        return redirected(action.url, true);
    if (fault_ && fault_->kind == FaultKind::kResetAfter)
        return failed(ErrorKind::kNetwork, true, latency());
    if (schedule_.silent_options)
        return answered(status(405));
    Answer answer = status(204);
    answer.speaks_tus = true;
    answer.versions = {"1.0.0"};
    answer.extensions = {"creation"};
    if (schedule_.defers)
        answer.extensions.emplace_back("creation-defer-length");
    if (schedule_.concatenates)
        answer.extensions.emplace_back("concatenation");
    if (schedule_.checks) {
        answer.extensions.emplace_back("checksum");
        answer.checksums = {"sha1"};
    }
    if (schedule_.max_size > 0 && schedule_.announces_max_size)
        answer.max_size = schedule_.max_size;
    return answered(std::move(answer));
}

// --- POST ----------------------------------------------------------------------------------------

Reply ModelServer::create(const Create &action, TimePoint now)
{
    for (Upload &upload : uploads_) {
        const bool finished_part = upload.partial && upload.complete();
        const bool is_refused =
            action.length == std::uint64_t{0} && // of an empty recording
            (schedule_.refuses_empty_patch || upload.empty_refused || upload.silences > 0);
        if (upload.told && !upload.told_gone && !upload.may_be_gone && !upload.joined &&
            !finished_part && !is_refused && !may_be_replaced(upload))
            refuse("an upload is created although there is one");
    }
    if (schedule_.secret && host_of(action.url) != "a" && host_of(action.url).front() != 'd')
        refuse("the secret metadata goes to another host");
    if (action.length && !action.final_of.empty())
        refuse("Upload-Length for a final upload");
    next(now, "");
    if (std::optional<Reply> reply = before(action.url, now, RequestKind::kCreate))
        return std::move(*reply);
    const FaultKind kind = fault_ ? fault_->kind : FaultKind::kCount;
    const bool join = !action.final_of.empty();
    if (kind == FaultKind::kStatus && join)
        note_refused_join(kStatuses[fault_->arg % kStatuses.size()].status);
    if (kind == FaultKind::kStatus)
        return answered(status_of(*fault_, RequestKind::kCreate));
    if (kind == FaultKind::kRedirect)
        return redirected(action.url, true);
    if (kind == FaultKind::kMetadata) {
        Answer answer = status(500, "token");
        answer.refused_metadata = true;
        if (std::exchange(metadata_refused_, true))
            excuse(500, ErrorKind::kNotAuthorized);
        return answered(std::move(answer));
    }
    if (!join && !action.length && !schedule_.defers)
        return answered(status(501));
    if ((action.partial || join) && !schedule_.concatenates) {
        excuse(501, ErrorKind::kServer);
        return answered(status(501));
    }
    if (std::optional<Reply> reply = join ? refuse_join() : std::nullopt)
        return std::move(*reply);
    if (schedule_.max_size > 0 && action.length.value_or(0) > schedule_.max_size) {
        excuse(413, ErrorKind::kTooLarge);
        doubt(413, ErrorKind::kTooLarge);
        return answered(status(413, "ERR_MAX_SIZE_EXCEEDED"));
    }
    Upload upload;
    upload.url = cat("http://", host_of(action.url), '/', next_name_++);
    upload.length = action.length;
    upload.length_told = action.length.has_value();
    upload.partial = action.partial;
    upload.joined = join;
    for (const std::string &part_url : action.final_of) {
        const Upload *part = find(part_url);
        if (!part || !part->partial || !part->complete()) {
            refuse("joins what is no finished partial upload");
            return answered(status(400, "no"));
        }
        if (part->gone) {
            decisive(404, ErrorKind::kUploadLost);
            return answered(status(404));
        }
        for (const Run &run : part->content)
            append_run(upload.content, run.from, run.length);
        upload.offset += part->offset;
    }
    if (join)
        upload.length = upload.offset - (schedule_.joins_wrongly ? 1 : 0);
    else if (!action.length && schedule_.end_habit == EndHabit::kEmpty)
        upload.length = 0;
    upload.announced = 0;
    if (upload.partial && !uploads_.empty() && uploads_.back().finish_failures > 0)
        ++replaced_;
    uploads_.push_back(upload);
    if (kind == FaultKind::kResetAfter || kind == FaultKind::kLate)
        return failed(ErrorKind::kNetwork, true, latency());
    if (kind == FaultKind::kCut || kind == FaultKind::kStall)
        return failed(ErrorKind::kTimeout, true, seconds(30));
    if (kind == FaultKind::kStatusAfter)
        return answered(status_of(*fault_, RequestKind::kCreate));
    Answer answer = status(201);
    if (kind == FaultKind::kNoLocation) {
        decisive(201, ErrorKind::kProtocol);
        return answered(std::move(answer));
    }
    answer.location = uploads_.back().url;
    uploads_.back().told = true;
    worked_ = true;
    return answered(std::move(answer));
}

// --- HEAD ----------------------------------------------------------------------------------------

Reply ModelServer::head(const Head &action, TimePoint now)
{
    Upload *upload = find(action.url);
    if (!upload || !upload->told) {
        refuse("HEAD for an upload that nobody was told of");
        return answered(status(404));
    }
    next(now, action.url);
    if (std::optional<Reply> reply = before(action.url, now, RequestKind::kHead))
        return std::move(*reply);
    const FaultKind kind = fault_ ? fault_->kind : FaultKind::kCount;
    if (kind == FaultKind::kStatus || kind == FaultKind::kStatusAfter) {
        upload->head_refused = true;
        return answered(status_of(*fault_, RequestKind::kHead));
    }
    if (kind == FaultKind::kRedirect)
        return redirected(action.url, false);
    if (kind == FaultKind::kResetAfter || kind == FaultKind::kCut || kind == FaultKind::kStall) {
        // a fresh upload is not looked at for long
        upload->head_refused = upload->head_refused || upload->offset == upload->foreign;
        return failed(ErrorKind::kTimeout, true, seconds(40));
    }
    if (kind == FaultKind::kUnknown)
        remove(*upload);
    if (upload->gone) {
        upload->told_gone = true;
        const bool first_here =
            held_from <=
            (upload->partial && !upload->content.empty() ? upload->content.front().from : 0);
        if (!first_here || upload->joined || schedule_.origin > 0 || gone_ + replaced_ > 3 ||
            kind == FaultKind::kUnknown)
            excuse(404, ErrorKind::kUploadLost);
        return answered(status(requests_ % 2 ? 404 : 410));
    }
    if (kind == FaultKind::kUnknownOnce && !worked_) // the wrong address
        excuse(404, ErrorKind::kUploadLost);
    // after the acknowledgement that is the word of one that moves complete files away
    const bool may_be_moved = upload->declarations == 1 && !upload->complete();
    if (kind == FaultKind::kUnknownOnce && !may_be_moved)
        return answered(status(requests_ % 2 ? 404 : 410));
    if (now < upload->locked_until)
        return answered(requests_ % 3 == 0   ? status(423)
                        : requests_ % 3 == 1 ? status(409)
                                             : status(500, "ERR_LOCK_TIMEOUT"));
    if (kind == FaultKind::kNoOffset) {
        upload->head_refused = upload->head_refused || heads_refused_;
        doubt(200, ErrorKind::kServer);
        return answered(status(200));
    }
    if (upload->joined)
        return head_of_joined(*upload);
    Answer answer = status(200);
    upload->odd.reset();
    upload->head_refused = false;
    const bool first = !std::exchange(worked_, true);
    const bool would_confuse = origin_lied_ || upload->refused; // nobody could tell any more
    if (kind == FaultKind::kOddOffset && !would_confuse) {
        origin_lied_ = first;
        if (first) // where a given upload begins, nobody else tells
            excuse(0, ErrorKind::kUploadLost);
        upload->odd =
            fault_->arg % 2
                ? upload->foreign + produced + 1 + fault_->arg
                : std::max(upload->foreign, upload->offset - std::min(upload->offset, fault_->arg));
        if (*upload->odd <= upload->offset) // so much is there
            upload->announced = upload->odd;
        any_trouble_ = true;
        note_what_is_told(*upload);
        answer.upload_offset = upload->odd;
        answer.length_deferred = !upload->length;
        answer.upload_length = upload->length;
        return answered(std::move(answer));
    }
    answer.upload_offset = upload->offset;
    upload->announced = upload->offset;
    const std::uint64_t base = upload->content.empty() ? 0 : upload->content.front().from;
    if (base + upload->offset - upload->foreign < held_from)
        excuse(200, ErrorKind::kUploadLost);
    if (kind == FaultKind::kOddLength && !upload->length && !upload->partial) {
        // that of a server that does not know Upload-Defer-Length
        upload->unfit_told = upload->unfit_told || (fault_->arg == 0 && upload->declarations == 0);
        any_trouble_ = true;
        if (schedule_.end_habit == EndHabit::kSilent) // and never says another one
            excuse(0, ErrorKind::kTooLarge);
        answer.upload_length = fault_->arg;
        upload->asked_in_vain = true;
    } else if (kind == FaultKind::kNoLength) {
        upload->asked_in_vain = true;
    } else {
        tell_length(*upload, answer);
    }
    if (upload->asked_in_vain && ++upload->silences >= 3)
        upload->unfit_told = true;
    if (const Run late = std::exchange(upload->late, {}); upload->late_at == upload->offset)
        store(*upload, late.from, late.length);
    return answered(std::move(answer));
}

// --- PATCH ---------------------------------------------------------------------------------------

void ModelServer::store(Upload &upload, std::uint64_t from, std::uint64_t count)
{
    if (upload.length && schedule_.end_habit != EndHabit::kEmpty)
        count = std::min(count, *upload.length - std::min(*upload.length, upload.offset));
    append_run(upload.content, from, count);
    upload.offset += count;
}

void ModelServer::truncate(Upload &upload, std::uint64_t offset)
{
    while (upload.offset > offset && !upload.content.empty()) {
        Run &last = upload.content.back();
        const std::uint64_t cut = std::min(last.length, upload.offset - offset);
        last.length -= cut;
        upload.offset -= cut;
        if (last.length == 0)
            upload.content.pop_back();
    }
}

// The rules that a client has to keep, and our own about sizes.
void ModelServer::check_patch(const Patch &action, const Upload *upload)
{
    if (!upload || !upload->told || upload->joined)
        return refuse("PATCH to something that is no upload");
    if (upload->told_gone && !upload->head_refused)
        return refuse("PATCH to an upload that HEAD reported gone");
    const std::uint64_t size = action.to - action.from;
    if (action.to < action.from || action.from < held_from || action.to > produced)
        return refuse("PATCH of bytes that are not held");
    if (upload->odd == action.server_offset || schedule_.refuses_head ||
        (upload->head_refused && !upload->announced))
        return;
    if (!upload->announced)
        return refuse("PATCH without asking after a failure");
    if (*upload->announced != action.server_offset)
        return refuse("PATCH at an offset that was not announced");
    if (action.declare_length && upload->length_told && !upload->asked_in_vain)
        return refuse("Upload-Length is sent again");
    if (action.declare_length && !ended && !full_ && schedule_.max_size == 0)
        return refuse("Upload-Length before the end");
    if (size == 0)
        check_empty(action, *upload);
    else if (upload->announced == upload->length && upload->length_told && !upload->asked_in_vain)
        return refuse("PATCH to a complete upload");
    const bool last = ended && action.to == produced;
    if (!last && !upload->length && !full_ && schedule_.max_size == 0 &&
        size % schedule_.chunk_align != 0)
        return refuse("PATCH without alignment");
    if (size > schedule_.chunk_size * schedule_.growth)
        return refuse("PATCH of more than chunk-size");
    if (!action.checksum.empty() && (!schedule_.checks || !schedule_.checksum))
        return refuse("a checksum that nobody wants");
    if (override_wanted_ && !action.method_override)
        return refuse("PATCH again where the method is refused");
}

Reply ModelServer::patch(const Patch &action, TimePoint now)
{
    Upload *upload = find(action.url);
    check_patch(action, upload);
    if (!upload || !violation_.empty())
        return answered(status(400, "no"));
    if (action.method_override)
        override_wanted_ = false; // where that is refused too, both are tried in turn
    next(now, action.url);
    upload->odd.reset();
    upload->announced.reset(); // until the answer says otherwise
    if (std::optional<Reply> reply = before(action.url, now, RequestKind::kPatch)) {
        const auto *answer = std::get_if<Answer>(&reply->outcome);
        if (answer && !schedule_.marks_answers) // whoever it was: it passes for the server
            note_refusal(*upload, action, answer->status);
        const bool may_be_its_last_word = schedule_.refuses_head || !schedule_.marks_answers;
        if (answer && may_be_its_last_word && (ended || action.declare_length))
            excuse(answer->status, ErrorKind::kServer);
        return std::move(*reply);
    }
    const FaultKind kind = fault_ ? fault_->kind : FaultKind::kCount;
    if (kind == FaultKind::kRedirect)
        return redirected(action.url, false);
    if (kind == FaultKind::kStatus) {
        Answer answer = status_of(*fault_, RequestKind::kPatch);
        note_refusal(*upload, action, answer.status);
        if (schedule_.refuses_head && (ended || action.declare_length))
            excuse(answer.status, ErrorKind::kServer);
        return answered(std::move(answer));
    }
    if (upload->gone || kind == FaultKind::kUnknown) {
        if (++absences_ >= 4)
            excuse(404, ErrorKind::kNotFound);
        return answered(status(requests_ % 2 ? 404 : 410));
    }
    if (kind == FaultKind::kUnknownOnce)
        return answered(status(requests_ % 2 ? 404 : 410));
    if (now < upload->locked_until)
        return answered(requests_ % 3 == 0   ? status(423)
                        : requests_ % 3 == 1 ? status(409, "is currently being updated")
                                             : status(400, "lock acquired"));
    if (schedule_.refuses_patch && !action.method_override) {
        override_wanted_ = true;
        return answered(status(405));
    }
    if (action.method_override && !schedule_.knows_override) {
        Answer answer = status(201);
        answer.location = cat("http://", host_of(action.url), "/other", next_name_++);
        return answered(std::move(answer));
    }
    return do_patch(action, *upload);
}

Reply ModelServer::do_patch(const Patch &action, Upload &upload)
{
    const FaultKind kind = fault_ ? fault_->kind : FaultKind::kCount;
    const std::uint64_t size = action.to - action.from;
    if (schedule_.proxy_limit > 0 && size > schedule_.proxy_limit) {
        if (size <=
            std::max(kProxyFloor, std::max(schedule_.chunk_align, schedule_.min_chunk_size)))
            excuse(413, ErrorKind::kTooLarge);
        doubt(413, ErrorKind::kServer);
        return answered(status(413, "Request Entity Too Large"));
    }
    if (action.server_offset != upload.offset) {
        Answer answer = status(409);
        if (schedule_.refuses_head) {
            answer.upload_offset = upload.offset;
            upload.announced = upload.offset;
            const std::uint64_t base = upload.content.empty() ? 0 : upload.content.front().from;
            if (base + upload.offset - upload.foreign < held_from)
                excuse(409, ErrorKind::kUploadLost);
        }
        return answered(std::move(answer));
    }
    if (size == 0 && schedule_.refuses_empty_patch) {
        const bool finishes_badly = upload.finish_failures + upload.finish_doubts > 0;
        if (schedule_.end_habit == EndHabit::kEmpty || finishes_badly)
            excuse(400, ErrorKind::kServer);
        if (finishes_badly)
            excuse(upload.finish_status, ErrorKind::kServer);
        if (action.declare_length)
            ++upload.declarations; // that was its answer
        doubt(400, ErrorKind::kServer);
        return answered(status(400, "empty"));
    }
    const bool empty_habit = schedule_.end_habit == EndHabit::kEmpty && upload.length == 0U;
    if (action.declare_length && upload.length && !empty_habit) {
        if (++absences_ >= 4)
            excuse(400, ErrorKind::kServer);
        return answered(status(400, "ERR_INVALID_UPLOAD_LENGTH"));
    }
    if (schedule_.max_size > 0 && upload.offset + size > schedule_.max_size) {
        full_ = true;
        excuse(413, ErrorKind::kTooLarge);
        doubt(413, ErrorKind::kTooLarge);
        return answered(status(413, "ERR_MAX_SIZE_EXCEEDED"));
    }
    if (upload.length && upload.offset + size > *upload.length && !empty_habit) {
        excuse(413, ErrorKind::kTooLarge);
        return answered(status(413, "ERR_UPLOAD_SIZE_EXCEEDED"));
    }
    const bool broken = kind == FaultKind::kCut || kind == FaultKind::kStall;
    const bool cut = action.is_proof && !broken;
    std::uint64_t taken = size;
    if (broken || kind == FaultKind::kShort)
        taken = size * std::min<std::uint64_t>(fault_->arg, 1000) / 1000;
    if ((broken || cut) &&
        (!schedule_.keeps_cut_bodies || (schedule_.holds_bodies && action.open_to > 0)))
        taken = 0;
    if (kind == FaultKind::kLate) {
        upload.late = {action.from, size * fault_->arg / 1000};
        upload.late_at = upload.offset;
        taken = 0;
    }
    store(upload, action.from, taken);
    if (action.declare_length && (taken == size || schedule_.length_before_body))
        note_length(upload, action);
    if (broken || kind == FaultKind::kLate) {
        const bool stalls = kind == FaultKind::kStall;
        return failed(stalls ? ErrorKind::kTimeout : ErrorKind::kNetwork, true,
                      stalls ? Duration(seconds(30)) : latency());
    }
    if (cut)
        return {NoAnswer{.cut = true}, seconds(1)};
    if (kind == FaultKind::kResetAfter)
        return failed(ErrorKind::kNetwork, true, latency());
    if (kind == FaultKind::kStatusAfter) {
        Answer answer = status_of(*fault_, RequestKind::kPatch);
        const bool perhaps_whole =
            upload.complete() || (schedule_.refuses_head && (ended || action.declare_length));
        if (perhaps_whole && answer.status >= 400 && answer.status < 500)
            excuse(answer.status, ErrorKind::kServer);
        note_refusal(upload, action, answer.status);
        return answered(std::move(answer));
    }
    if (fails_to_finish(upload, upload.complete() && taken == size))
        return finish_failed(upload);
    if (kind == FaultKind::kHook && upload.complete()) {
        upload.refused = !upload.partial;
        excuse(422, ErrorKind::kServer);
        return answered(status(422, "hook"));
    }
    Answer answer = status(204);
    if (kind == FaultKind::kNoOffset) {
        doubt(204, ErrorKind::kServer);
        any_trouble_ = true;
        return answered(std::move(answer));
    }
    if (kind == FaultKind::kLie) {
        any_trouble_ = true;
        const bool behind = fault_->arg % 2 == 0 && action.server_offset > 0;
        answer.upload_offset =
            behind ? action.server_offset - std::min(action.server_offset, fault_->arg + 1)
                   : action.server_offset + size + 1 + fault_->arg;
        return answered(std::move(answer));
    }
    if (taken < size)
        any_trouble_ = true;
    if (taken < size && action.declare_length)
        upload.length_told = false;
    else if (action.declare_length)
        upload.length_told = true;
    if (action.declare_length && taken == size)
        ++upload.declarations;
    answer.upload_offset = upload.offset;
    upload.announced = upload.offset;
    move_away(upload);
    return answered(std::move(answer));
}

} // namespace gsttus::sim
