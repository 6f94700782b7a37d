// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From a line of text to a fault. Whatever is not understood is an error that names the word.

#include "base/text.h"
#include "fault.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gsttus::standin {

namespace {

constexpr std::array<std::string_view, 9> kMethods = {"ANY", "API",   "OPTIONS", "POST", "HEAD",
                                                      "GET", "PATCH", "DELETE",  "PUT"};

std::string_view trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

// The words of one clause, taken from the front.
class Words {
public:
    explicit Words(std::string_view text) : rest_(trim(text)) {}

    bool done() const { return rest_.empty(); }

    std::string_view rest() const { return rest_; }

    std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }

    std::string_view next()
    {
        const std::string_view word = peek();
        rest_ = trim(rest_.substr(word.size()));
        return word;
    }

    bool take(std::string_view word)
    {
        if (peek() != word)
            return false;
        next();
        return true;
    }

    // All of "drop the answer", or nothing.
    bool take_phrase(std::string_view phrase)
    {
        if (!rest_.starts_with(phrase) ||
            (rest_.size() > phrase.size() && rest_[phrase.size()] != ' '))
            return false;
        rest_ = trim(rest_.substr(phrase.size()));
        return true;
    }

    // "70000", and the letters that may stick to it ("30s", "10kB") stay in front.
    std::optional<std::uint64_t> number()
    {
        std::uint64_t value = 0;
        const char *begin = rest_.data();
        const auto [end, error] = std::from_chars(begin, begin + rest_.size(), value);
        if (error != std::errc() || value > static_cast<std::uint64_t>(INT64_MAX))
            return std::nullopt;
        rest_ = trim(rest_.substr(static_cast<std::size_t>(end - begin)));
        return value;
    }

    std::optional<std::uint64_t> bytes()
    {
        const auto value = number();
        if (!value)
            return std::nullopt;
        constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits = {
            {{"bytes", 1},
             {"byte", 1},
             {"B", 1},
             {"kB", 1000},
             {"KiB", 1024},
             {"MB", 1000000},
             {"MiB", 1048576},
             {"GiB", 1073741824}}};
        for (const auto &[unit, factor] : kUnits)
            if (take(unit))
                return *value > INT64_MAX / factor ? std::nullopt : std::optional(*value * factor);
        return value;
    }

    std::optional<Duration> duration()
    {
        const auto value = number();
        if (!value || *value > 100000000)
            return std::nullopt;
        if (take("ms"))
            return milliseconds(static_cast<std::int64_t>(*value));
        if (!take("s"))
            return std::nullopt;
        return seconds(static_cast<std::int64_t>(*value));
    }

private:
    std::string_view rest_;
};

Error wrong(std::string_view spec, std::string_view why)
{
    return Error{.kind = ErrorKind::kSettings,
                 .message = cat("fault \"", spec, "\": ", why, " (see --help-faults)")};
}

std::optional<int> status(Words &words)
{
    const auto value = words.number();
    if (!value || *value < 200 || *value > 599)
        return std::nullopt;
    return static_cast<int>(*value);
}

// Each reader returns false when the words are not its own or not right.
bool read_answer(Words &words, Actions &actions)
{
    FixedAnswer answer;
    const auto code = status(words);
    if (!code)
        return false;
    answer.status = *code;
    if (words.take("with")) {
        if (words.take("HTML"))
            answer.body = BodyKind::kHtml;
        else if (words.take("JSON"))
            answer.body = BodyKind::kJson;
        else
            return false;
    }
    actions.answer = std::move(answer);
    return true;
}

bool read_stall(Words &words, Actions &actions)
{
    const auto time = words.duration();
    if (!time)
        return false;
    Stall stall{.time = *time};
    if (words.take("after")) {
        const auto after = words.bytes();
        if (!after)
            return false;
        stall.after = *after;
    }
    actions.stall = stall;
    return true;
}

bool read_early(Words &words, Actions &actions)
{
    EarlyAnswer early;
    if (words.peek() != "after") {
        const auto code = status(words);
        if (!code)
            return false;
        early.status = *code;
    }
    const auto after = words.take("after") ? words.bytes() : std::nullopt;
    if (!after)
        return false;
    early.after = *after;
    actions.early = early;
    return true;
}

bool read_slow_headers(Words &words, Actions &actions)
{
    const auto pause = words.duration();
    if (!pause)
        return false;
    actions.drip = Drip{.pause = *pause};
    return true;
}

bool read_interim(Words &words, Actions &actions)
{
    const auto code = words.number();
    const auto pause = words.take("every") ? words.duration() : std::nullopt;
    // 101 is no interim answer: what follows it is no HTTP any more
    if (!code || *code < 100 || *code > 199 || *code == 101 || !pause)
        return false;
    actions.drip = Drip{.interim = static_cast<int>(*code), .pause = *pause};
    return true;
}

bool read_redirect(Words &words, Actions &actions)
{
    const auto code = status(words);
    if (!code || *code < 300 || *code > 399)
        return false;
    Redirect redirect{.status = *code};
    if (words.take("to")) {
        redirect.to = std::string(words.next());
        if (redirect.to.empty())
            return false;
    }
    actions.redirect = std::move(redirect);
    return true;
}

bool read_offset(Words &words, Actions &actions)
{
    const bool lower = words.take("lower");
    if (!lower && !words.take("higher"))
        return false;
    const auto by = words.done() ? std::optional<std::uint64_t>(1) : words.bytes();
    if (!by)
        return false;
    actions.offset_shift = lower ? -static_cast<std::int64_t>(*by) : static_cast<std::int64_t>(*by);
    return true;
}

bool read_location(Words &words, Actions &actions)
{
    if (words.take("relative"))
        actions.location = LocationForm::kRelative;
    else if (words.take("path-absolute"))
        actions.location = LocationForm::kPathAbsolute;
    else if (words.take("http"))
        actions.location = LocationForm::kHttp;
    else
        return false;
    return true;
}

bool read_no_header(Words &words, Actions &actions)
{
    if (words.done())
        actions.no_header = true;
    else
        actions.without_headers.emplace_back(words.next());
    return true;
}

template <typename T, typename Value>
bool put(std::optional<T> &target, const std::optional<Value> &value)
{
    if (value)
        target = *value;
    return value.has_value();
}

bool read_cut(Words &words, Actions &actions)
{
    if (!words.take("after")) {
        actions.cut_after = 0;
        return true;
    }
    return put(actions.cut_after, words.bytes());
}

bool flag(bool &target)
{
    target = true;
    return true;
}

bool read_action(Words &words, Actions &actions)
{
    words.take("then");
    if (words.take_phrase("cut JSON"))
        return flag(actions.cut_json);
    if (words.take("cut"))
        return read_cut(words, actions);
    if (words.take_phrase("drop the answer"))
        return flag(actions.drop_answer);
    if (words.take("store"))
        return flag(actions.store);
    if (words.take("stall"))
        return read_stall(words, actions);
    if (words.take_phrase("early answer"))
        return read_early(words, actions);
    if (words.take_phrase("accept only"))
        return put(actions.accept_only, words.bytes());
    if (words.take("rollback"))
        return put(actions.rollback, words.bytes());
    if (words.take("redirect"))
        return read_redirect(words, actions);
    if (words.take("location"))
        return read_location(words, actions);
    if (words.take_phrase("no header"))
        return read_no_header(words, actions);
    if (words.take("delay"))
        return put(actions.delay, words.duration());
    if (words.take_phrase("slow headers"))
        return read_slow_headers(words, actions);
    if (words.take("interim"))
        return read_interim(words, actions);
    if (words.take("expire"))
        return flag(actions.expire);
    if (words.take("forget"))
        return flag(actions.forget);
    if (words.take("lock"))
        return flag(actions.lock);
    words.take("answer"); // "on HEAD 1: answer offset lower 5" and "on HEAD 1: 404" read well too
    if (words.take("offset"))
        return read_offset(words, actions);
    if (words.take_phrase("no header"))
        return read_no_header(words, actions);
    return read_answer(words, actions);
}

// ", Retry-After 2" behind an answer: a header.
bool read_header(Words &words, Actions &actions)
{
    if (!actions.answer || words.peek() == "then")
        return false;
    std::string name(words.peek());
    if (name.ends_with(':'))
        name.pop_back();
    const bool like_a_header = !name.empty() && name.front() >= 'A' && name.front() <= 'Z';
    if (!like_a_header || !tus::is_header_name(name))
        return false;
    words.next();
    if (words.done() || !tus::is_header_value(words.rest()))
        return false;
    actions.answer->headers.emplace_back(std::move(name), std::string(words.rest()));
    words = Words("");
    return true;
}

Result<Actions> read_actions(std::string_view spec, std::string_view text)
{
    Actions actions;
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view clause = trim(text.substr(0, comma));
        Words words(clause);
        if (words.done())
            return wrong(spec, "something is missing behind ':' or ','");
        if (!read_header(words, actions)) {
            if (!read_action(words, actions))
                return wrong(spec, cat("\"", clause, "\" is not understood"));
            if (!words.done())
                return wrong(spec, cat("\"", words.rest(), "\" is not understood"));
        }
        if (comma == text.size())
            break;
        text.remove_prefix(comma + 1);
    }
    if (actions.drop_answer)
        actions.store = true;
    actions.specs.emplace_back(spec);
    return actions;
}

bool read_which(Words &words, RequestFault &fault)
{
    if (words.take("any"))
        return true;
    if (words.take("every")) {
        const auto step = words.number();
        if (!step || *step == 0)
            return false;
        fault.from = fault.every = *step;
        return true;
    }
    const bool open_end = words.take("from");
    const auto first = words.number();
    if (!first || *first == 0)
        return false;
    fault.from = *first;
    fault.to = open_end ? UINT64_MAX : *first;
    if (!open_end && words.rest().starts_with('-')) {
        Words last(words.rest().substr(1));
        const auto to = last.number();
        if (!to || *to < *first)
            return false;
        fault.to = *to;
        words = last;
    } else if (!open_end && words.take("for")) {
        fault.lasting = words.duration();
        return fault.lasting.has_value();
    }
    return true;
}

Result<RequestFault> read_request(std::string_view spec, std::string_view head,
                                  std::string_view tail)
{
    RequestFault fault;
    Words words(head);
    fault.method = std::string(words.next());
    if (std::find(kMethods.begin(), kMethods.end(), fault.method) == kMethods.end())
        return wrong(spec, cat("\"", fault.method, "\" is no method"));
    if (words.peek().starts_with('/'))
        fault.path = std::string(words.next());
    if (!read_which(words, fault) || !words.done())
        return wrong(spec, "which request? 3, 2-5, from 4, 4 for 3 s, every 2 or any");
    auto actions = read_actions(spec, tail);
    if (!actions)
        return actions.error();
    fault.actions = std::move(*actions);
    return fault;
}

std::optional<AwayWindow> read_window(Words &words)
{
    AwayWindow window;
    const auto from = words.take("from") ? words.duration() : std::nullopt;
    const auto to = from && words.take("to") ? words.duration() : std::nullopt;
    if (!to || *to <= *from)
        return std::nullopt;
    window.from = *from;
    window.to = *to;
    return window;
}

Result<ConnectionFault> read_connection(std::string_view spec, std::string_view text)
{
    ConnectionFault fault;
    Words words(text);
    if (words.take_phrase("close when idle")) {
        fault.close_idle = Duration::zero();
        if (words.take("for")) {
            const auto time = words.duration();
            if (!time)
                return wrong(spec, "how long? e.g. for 200 ms");
            fault.close_idle = time;
        }
    } else if (words.take("refuse")) {
        fault.away = read_window(words);
        if (!fault.away)
            return wrong(spec, "when? e.g. refuse from 2 s to 5 s");
        fault.away->reset = false;
    } else {
        const std::string_view number_end = "/s";
        std::string rate(words.rest());
        if (!rate.ends_with(number_end))
            return wrong(spec, "a rate (10 kB/s), refuse or close when idle is expected");
        rate.resize(rate.size() - number_end.size());
        Words amount(rate);
        const auto bytes = amount.bytes();
        if (!bytes || *bytes == 0 || !amount.done())
            return wrong(spec, "the rate is not understood");
        fault.bytes_per_second = *bytes;
        return fault;
    }
    if (!words.done())
        return wrong(spec, cat("\"", words.rest(), "\" is not understood"));
    return fault;
}

} // namespace

Result<Fault> parse_fault(std::string_view spec)
{
    spec = trim(spec);
    Fault fault;
    fault.spec = std::string(spec);
    Words words(spec);
    if (words.take("outage")) {
        ConnectionFault outage;
        outage.away = read_window(words);
        if (!outage.away || !words.done())
            return wrong(spec, "when? e.g. outage from 10 s to 20 s");
        fault.connection = outage;
        return fault;
    }
    const std::size_t colon = spec.find(": ");
    if (colon == std::string_view::npos)
        return wrong(spec, "it begins with \"on METHOD WHICH:\", \"connection:\" or \"outage\"");
    const std::string_view tail = spec.substr(colon + 1);
    if (spec.starts_with("connection:")) {
        auto connection = read_connection(spec, tail);
        if (!connection)
            return connection.error();
        fault.connection = *connection;
        return fault;
    }
    if (!words.take("on"))
        return wrong(spec, "it begins with \"on METHOD WHICH:\", \"connection:\" or \"outage\"");
    auto request = read_request(spec, spec.substr(2, colon - 2), tail);
    if (!request)
        return request.error();
    fault.request = std::move(*request);
    return fault;
}

} // namespace gsttus::standin
