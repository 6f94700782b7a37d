// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of habits, and what those do that are no habit of the tus server alone.

#include "habits.h"

#include "base/text.h"
#include "gcore_api.h"
#include "glib/ptr.h"
#include "tus/protocol.h"
#include "tus_server.h"

#include <algorithm>
#include <array>

namespace gsttus::standin {

namespace {

constexpr std::uint64_t kLieAfter = 12'000'000;
constexpr std::int64_t kStaleOffset = 1000;
constexpr std::int64_t kAhead = 10'000'000;
constexpr std::string_view kCookie = "server=";
constexpr std::string_view kSignature = "signature=";
constexpr std::size_t kMostTold = 1500; // ten times as long in disguises, and twice in a head

Error wrong(std::string_view spec, std::string_view why)
{
    return Error{.kind = ErrorKind::kSettings, .message = cat("habit \"", spec, "\": ", why)};
}

} // namespace

// Notes one habit. `value` is what stands behind '='.
struct HabitReader {
    Habits &habits;
    std::optional<std::string> value;

    // The number behind '=', or the usual one; false: it is none, or out of range.
    bool number(std::uint64_t usual, std::uint64_t least, std::uint64_t most,
                std::uint64_t &result) const
    {
        const auto given = value ? tus::parse_size(*value) : std::optional(usual);
        if (!given || *given < least || *given > most)
            return false;
        result = *given;
        return true;
    }

    bool status(int usual, int &result) const
    {
        std::uint64_t given = 0;
        if (!number(static_cast<std::uint64_t>(usual), 200, 599, given))
            return false;
        result = static_cast<int>(given);
        return true;
    }

    bool none() const { return !value; }

    bool word(std::string_view allowed, bool &result) const
    {
        result = value == allowed;
        return !value || result;
    }

    bool flag(bool TusHabits::*member) const
    {
        habits.tus_.*member = true;
        return none();
    }

    bool fault(const std::string &line) const
    {
        auto parsed = parse_fault(line);
        if (parsed && parsed->request)
            habits.faults_.add(std::move(*parsed->request));
        return parsed.ok();
    }

    bool lie(bool ahead) const
    {
        habits.lie_ = Habits::OffsetLie{.ahead = ahead};
        return number(kLieAfter, 0, INT64_MAX, habits.lie_->after);
    }

    bool finish() const
    {
        FinishHabit &target = habits.tus_.finish;
        target = FinishHabit::kWhenAsked;
        if (value == "never")
            target = FinishHabit::kNever;
        else if (value == "silent")
            target = FinishHabit::kSilent;
        else
            return none();
        return true;
    }

    bool slow_create() const
    {
        std::uint64_t time = 0;
        return number(8, 0, 3600, time) && fault(cat("on POST any: delay ", time, " s"));
    }

    bool slow_headers() const
    {
        std::uint64_t first = 0;
        return number(2, 1, INT64_MAX, first) &&
               fault(cat("on PATCH from ", first, ": slow headers 2 s"));
    }

    bool no_head() const
    {
        int code = 0;
        return status(405, code) && fault(cat("on HEAD any: answer ", code, " with HTML"));
    }

    bool length_zero() const
    {
        habits.tus_.length_zero = true;
        return word("untold", habits.tus_.length_untold);
    }

    bool head_is_get() const
    {
        habits.head_is_get_ = true;
        return word("bare", habits.get_is_bare_);
    }

    bool lost_answer() const
    {
        habits.tus_.finish = FinishHabit::kLostAnswer;
        return none();
    }

    bool extensions() const
    {
        habits.tus_.extensions_need_version = true;
        return status(204, habits.tus_.options_status);
    }

    bool text(std::string usual, std::optional<std::string> &target) const
    {
        target = value.value_or(std::move(usual));
        return !target->empty() && target->find_first_of(" ;&\r\n") == std::string::npos;
    }

    bool cookie() const { return text("a", habits.cookie_); }

    bool is_signed() const { return text("c2lnbmVk", habits.signature_); }

    bool echo() const
    {
        habits.echo_ = !value;
        return word("always", habits.echo_always_);
    }

    bool lost_after() const { return status(404, habits.tus_.lost_after); }

    bool refused_chunked() const { return status(411, habits.refuses_chunked_); }

    bool refused_joins() const { return number(UINT64_MAX, 1, UINT64_MAX, habits.refused_joins_); }
};

namespace {

struct Row {
    std::string_view name;
    std::string_view value; // for the help
    std::string_view what;
    bool (*read)(const HabitReader &);
};

using R = const HabitReader &;

constexpr std::array<Row, 23> kHabits = {{
    {"forget-length", "", "Upload-Length of a PATCH is ignored",
     [](R r) { return r.flag(&TusHabits::forget_length); }},
    {"length-zero", "[=untold]",
     "Upload-Defer-Length is ignored: HEAD says Upload-Length: 0 (untold: nothing of a length)",
     [](R r) { return r.length_zero(); }},
    {"extensions-only-with-resumable", "[=STATUS]",
     "OPTIONS tells them only to who sends Tus-Resumable, with this status (204)",
     [](R r) { return r.extensions(); }},
    {"options-cut", "", "OPTIONS is never answered, the connection is reset",
     [](R r) { return r.none() && r.fault("on OPTIONS any: cut"); }},
    {"slow-create", "[=SECONDS]", "POST is answered after so long (8)",
     [](R r) { return r.slow_create(); }},
    {"cookie", "[=VALUE]", "POST sets a cookie; who does not bring it back is answered 404",
     [](R r) { return r.cookie(); }},
    {"signed", "[=VALUE]",
     "an upload's address carries a signature; a request without it is answered 403",
     [](R r) { return r.is_signed(); }},
    {"stale-head", "[=BYTES]",
     "after so many (12000000) a PATCH is cut, and the next HEAD tells offset 1000, once",
     [](R r) { return r.lie(false); }},
    {"ahead-head", "[=BYTES]", "the same, but the HEAD tells 10 MB more than there is",
     [](R r) { return r.lie(true); }},
    {"slow-headers", "[=N]",
     "from PATCH N (2) on the headers come a byte every two seconds, without end",
     [](R r) { return r.slow_headers(); }},
    {"one-byte", "", "each PATCH takes one byte, and says so",
     [](R r) { return r.none() && r.fault("on PATCH any: accept only 1 byte"); }},
    {"echo", "[=always]",
     "POST is refused with a text that repeats all that may be secret (always: nothing is refused "
     "for it, but every answer repeats it in its headers, and if it is an error in its text)",
     [](R r) { return r.echo(); }},
    {"lost-after", "[=STATUS]", "a finished upload is gone at once (404)",
     [](R r) { return r.lost_after(); }},
    {"no-head", "[=STATUS]", "something in between refuses HEAD (405)",
     [](R r) { return r.no_head(); }},
    {"head-is-get", "[=bare]",
     "HEAD is answered with a body (bare: and without Upload-Offset and Tus-Resumable)",
     [](R r) { return r.head_is_get(); }},
    {"finish-500", "[=never|silent]",
     "the last PATCH is stored and answered 500; the next one finishes (never: 500 again; "
     "silent: 204, but it is not finished)",
     [](R r) { return r.finish(); }},
    {"finish-504", "", "the last PATCH finishes, but something in between answers 504",
     [](R r) { return r.lost_answer(); }},
    {"join-409", "[=TIMES]", "a final upload is refused with 409, so many times (always)",
     [](R r) { return r.refused_joins(); }},
    {"join-short", "", "a final upload lacks its last byte",
     [](R r) { return r.flag(&TusHabits::join_short); }},
    {"needs-filetype", "", "HEAD is refused without filename and filetype in the metadata",
     [](R r) { return r.flag(&TusHabits::needs_filetype); }},
    {"holds-bodies", "", "a PATCH is taken when it is whole, as behind a proxy that buffers",
     [](R r) { return r.flag(&TusHabits::holds_bodies); }},
    {"refuses-chunked", "[=STATUS]", "a PATCH whose length is not known is refused (411)",
     [](R r) { return r.refused_chunked(); }},
    {"refuses-empty-deferred", "", "a PATCH without a byte that tells the length is refused",
     [](R r) { return r.flag(&TusHabits::refuses_empty_deferred); }},
}};

// What a careless server might write into a page or a log: credentials as they came and decoded,
// the query, the metadata.
std::string everything_told(const Request &request)
{
    std::string text = cat("unknown token for ", request.path, "?", request.query);
    if (const std::string *given = request.header("authorization")) {
        const std::string secret = given->substr(given->rfind(' ') + 1);
        text += cat(" ", *given, " ", secret, " ", decode_base64(secret).value_or(""));
    }
    if (const std::string *cookie = request.header("cookie"))
        text += cat(" ", *cookie);
    if (const std::string *metadata = request.header("upload-metadata")) {
        text += cat(" ", *metadata);
        if (const auto pairs = parse_metadata(*metadata))
            for (const auto &[key, value] : *pairs)
                text += cat(" ", key, "=", value);
    }
    const GCharOwn valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
    return valid.get();
}

// The ways in which servers write what they say back, in one line.
std::string disguised(const std::string &text)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string percent;
    std::string hex;
    std::string line; // a header's
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const std::string digits = {kDigits[byte >> 4], kDigits[byte & 15]};
        percent += cat("%", digits);
        hex += digits;
        line += byte < ' ' ? ' ' : c;
    }
    const GCharOwn base64(
        g_base64_encode(reinterpret_cast<const guchar *>(text.data()), text.size()));
    std::string url_alphabet = base64.get();
    std::replace(url_alphabet.begin(), url_alphabet.end(), '+', '-');
    std::replace(url_alphabet.begin(), url_alphabet.end(), '/', '_');
    const GCharOwn capitals(g_ascii_strup(line.c_str(), -1));
    return cat(line, " ", capitals.get(), " ", percent, " ", hex, " ", base64.get(), " ",
               url_alphabet);
}

// At the beginning of what an error says, whatever it is written in.
void tell_first(Reply &reply, const std::string &text)
{
    if (reply.content_type.starts_with("application/json"))
        reply.body = api_error(reply.status, text).body;
    else if (const std::size_t body = reply.body.find("<body>"); body != std::string::npos)
        reply.body.insert(body + std::string_view("<body>").size(), text);
    else
        reply.body.insert(0, text + " ");
}

bool brings(const std::string *text, std::string_view name, const std::string &value)
{
    return text && text->find(cat(name, value)) != std::string::npos;
}

bool is_join(const Request &request)
{
    const std::string *concat = request.header("upload-concat");
    return request.method == "POST" && concat && concat->starts_with("final");
}

void answer(Actions &actions, int status, std::string text)
{
    actions.answer = FixedAnswer{.status = status, .text = std::move(text)};
    actions.specs.push_back("habit");
}

} // namespace

std::string habit_help()
{
    std::string text = "Habits, always on (--habit NAME or NAME=VALUE):\n";
    for (const Row &row : kHabits)
        text += cat("  ", row.name, row.value, "\n      ", row.what, "\n");
    return text;
}

std::vector<HabitName> all_habits()
{
    std::vector<HabitName> names;
    for (const Row &row : kHabits)
        names.push_back({row.name, row.value});
    return names;
}

Result<Habits> Habits::parse(const std::vector<std::string> &specs)
{
    Habits habits;
    for (const std::string &spec : specs) {
        const std::size_t equals = spec.find('=');
        const std::string name = spec.substr(0, equals);
        const auto row = std::find_if(kHabits.begin(), kHabits.end(),
                                      [&](const Row &one) { return one.name == name; });
        if (row == kHabits.end()) {
            std::string known;
            for (const Row &one : kHabits)
                known += cat(known.empty() ? "" : ", ", one.name);
            return wrong(spec, cat("there is none of that name, but ", known));
        }
        HabitReader reader{.habits = habits, .value = std::nullopt};
        if (equals != std::string::npos)
            reader.value = spec.substr(equals + 1);
        if (!row->read(reader))
            return wrong(spec, cat("it is written ", row->name, row->value));
    }
    return habits;
}

void Habits::before(const Request &request, const Upload *upload, Actions &actions)
{
    actions.merge(faults_.match(request));
    if (echo_ && request.method == "POST")
        return answer(actions, 403, everything_told(request));
    if (echo_always_ && request.method == "POST")
        told_ = (everything_told(request) + " " + told_).substr(0, kMostTold);
    if (!TusServer::serves(request.path))
        return;
    const bool needs_nothing = request.method == "POST" || request.method == "OPTIONS";
    if (cookie_ && !needs_nothing && !brings(request.header("cookie"), kCookie, *cookie_))
        return answer(actions, 404, "no such upload on this replica");
    if (signature_ && !needs_nothing && !brings(&request.query, kSignature, *signature_))
        return answer(actions, 403, "SignatureDoesNotMatch");
    if (refused_joins_ > 0 && is_join(request)) {
        --refused_joins_;
        return answer(actions, 409, "ERR_UPLOAD_LOCKED: one of the parts is in use");
    }
    if (refuses_chunked_ > 0 && request.method == "PATCH" && !request.header("content-length")) {
        actions.early = EarlyAnswer{.status = refuses_chunked_}; // without a look at the body
        actions.specs.push_back("habit");
    }
    if (head_is_get_ && request.method == "HEAD") {
        actions.body_for_head = true;
        if (get_is_bare_)
            actions.without_headers.insert(
                actions.without_headers.end(),
                {"Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Tus-Resumable"});
    }
    if (lie_ && upload)
        lie(request, *upload, actions);
}

void Habits::lie(const Request &request, const Upload &upload, Actions &actions)
{
    using State = OffsetLie::State;
    if (request.method == "PATCH" && lie_->state == State::kWaiting &&
        upload.offset() > lie_->after) {
        lie_->state = State::kAsked;
        actions.cut_after = 0;
        actions.specs.push_back("habit");
    } else if (request.method == "HEAD" && lie_->state == State::kAsked) {
        lie_->state = State::kOver;
        actions.offset_shift +=
            lie_->ahead ? kAhead : kStaleOffset - static_cast<std::int64_t>(upload.offset());
        actions.specs.push_back("habit");
    }
}

void Habits::after(const Request &request, Reply &reply) const
{
    const bool creates = request.method == "POST" && TusServer::serves(request.path);
    if (cookie_ && creates)
        reply.set("Set-Cookie", cat(kCookie, *cookie_, "; Path=/"));
    const std::string *location = reply.header("Location");
    if (signature_ && creates && location)
        reply.set("Location", cat(*location, "?", kSignature, *signature_));
    if (!echo_always_)
        return;
    const std::string text = disguised(everything_told(request).substr(0, kMostTold) + told_);
    reply.set("Server", text);
    reply.set("WWW-Authenticate", cat("Bearer error=\"", text, "\""));
    if (reply.status >= 400)
        tell_first(reply, text);
}

} // namespace gsttus::standin
