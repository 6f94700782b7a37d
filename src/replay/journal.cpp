// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoding, checking and writing of journal records. Knows nothing of segments or folders.
#include "replay/journal.h"

#include "base/text.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::string_view kMagic = "GSTTUSJ\n";
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kOldestVersion = 1; // no changed bytes, no head that goes last
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kRecordHead = 8;
constexpr std::size_t kMaxPayload = std::size_t{1} << 20;
constexpr std::size_t kMostChanged = std::size_t{64} << 10; // of one record
constexpr std::uint64_t kLongJournal = std::uint64_t{1} << 20;

enum class RecordType : unsigned char {
    kNote = 1,
    kData = 2,
    kAcked = 3,
    kComplete = 4,
    kChanged = 5
};

template <typename T>
void put(std::string &out, T number)
{
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<char>((number >> (8 * i)) & 0xff));
}

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

    template <typename T>
    std::optional<T> number()
    {
        if (rest_.size() < sizeof(T))
            return std::nullopt;
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value | (static_cast<T>(rest_[i]) << (8 * i)));
        rest_ = rest_.subspan(sizeof(T));
        return value;
    }

    std::optional<std::string> text(std::size_t length)
    {
        if (rest_.size() < length)
            return std::nullopt;
        std::string out(reinterpret_cast<const char *>(rest_.data()), length);
        rest_ = rest_.subspan(length);
        return out;
    }

    std::size_t left() const { return rest_.size(); }

private:
    std::span<const std::byte> rest_;
};

std::string begin_payload(RecordType type)
{
    return {static_cast<char>(type)};
}

std::string note_payload(std::string_view name, std::string_view value)
{
    auto out = begin_payload(RecordType::kNote);
    put(out, static_cast<std::uint32_t>(name.size()));
    return out.append(name).append(value);
}

std::string acked_payload(std::uint64_t position)
{
    auto out = begin_payload(RecordType::kAcked);
    put(out, position);
    return out;
}

std::string data_payload(const DataRecord &record)
{
    auto out = begin_payload(RecordType::kData);
    put(out, record.position);
    put(out, record.file_offset);
    put(out, record.file);
    put(out, record.length);
    put(out, record.crc);
    return out;
}

// Calls `put` with the payload of one record after the other, as long as it returns 0.
template <typename Put>
int put_changed(std::uint64_t position, std::string_view bytes, Put put_payload)
{
    int error = 0;
    for (std::size_t at = 0; at < bytes.size() && error == 0; at += kMostChanged) {
        auto payload = begin_payload(RecordType::kChanged);
        put(payload, position + at);
        error = put_payload(payload.append(bytes.substr(at, kMostChanged)));
    }
    return error;
}

std::string encode_record(const std::string &payload, std::uint32_t &chain)
{
    std::string length;
    put(length, static_cast<std::uint32_t>(payload.size()));
    chain = crc_of(crc_of(chain, bytes_of(length)), bytes_of(payload));
    std::string out = std::move(length);
    put(out, chain);
    return out.append(payload);
}

std::string encode_header(std::uint32_t &chain)
{
    std::string out(kMagic);
    put(out, kVersion);
    // Makes the chain of every journal its own; not a secret, need not be random.
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    put(out, static_cast<std::uint64_t>(now) ^ (static_cast<std::uint64_t>(::getpid()) << 48));
    chain = crc_of(0, bytes_of(out));
    put(out, chain);
    return out;
}

std::string encode_journal(const JournalState &state, std::uint32_t &chain)
{
    std::string text = encode_header(chain);
    const auto put_record = [&](const std::string &payload) {
        text += encode_record(payload, chain);
    };
    for (const auto &[name, value] : state.notes)
        put_record(note_payload(name, value));
    put_record(acked_payload(state.acked));
    for (const auto &record : state.data)
        put_record(data_payload(record));
    for (const auto &[position, bytes] : state.changed.patches())
        put_changed(position, bytes, [&](const std::string &payload) {
            put_record(payload);
            return 0;
        });
    put_record(begin_payload(RecordType::kComplete));
    return text;
}

bool take_note(Reader &reader, JournalState &state)
{
    const auto length = reader.number<std::uint32_t>();
    auto name = length ? reader.text(*length) : std::nullopt;
    auto value = reader.text(reader.left());
    if (!name || !value)
        return false;
    state.notes[*name] = *value;
    return true;
}

constexpr std::uint64_t kMostPosition = std::uint64_t{1} << 62;

bool take_changed(Reader &reader, JournalState &state)
{
    const auto position = reader.number<std::uint64_t>();
    const auto bytes = reader.text(reader.left());
    if (!position || *position > kMostPosition || bytes->empty())
        return false;
    state.changed.put(*position, bytes_of(*bytes));
    return true;
}

bool take_data(Reader &reader, JournalState &state)
{
    const auto position = reader.number<std::uint64_t>();
    const auto file_offset = reader.number<std::uint64_t>();
    const auto file = reader.number<std::uint32_t>();
    const auto length = reader.number<std::uint32_t>();
    const auto crc = reader.number<std::uint32_t>();
    if (!crc || reader.left() != 0 || *position > kMostPosition || *file_offset > kMostPosition ||
        *length == 0)
        return false;
    state.data.push_back({.position = *position,
                          .file_offset = *file_offset,
                          .file = *file,
                          .length = *length,
                          .crc = *crc});
    return true;
}

bool take_record(std::span<const std::byte> payload, ParsedJournal &out)
{
    Reader reader(payload);
    switch (static_cast<RecordType>(reader.number<unsigned char>().value_or(0))) {
    case RecordType::kNote:
        return take_note(reader, out.state);
    case RecordType::kData:
        return take_data(reader, out.state);
    case RecordType::kAcked: {
        const auto position = reader.number<std::uint64_t>();
        out.state.acked = position.value_or(0);
        return position && reader.left() == 0;
    }
    case RecordType::kComplete:
        out.complete = true;
        return reader.left() == 0;
    case RecordType::kChanged:
        return take_changed(reader, out.state);
    }
    return false;
}

// The header's check value, or why this is not a journal that we can read.
std::optional<std::uint32_t> read_header(std::span<const std::byte> bytes, ParsedJournal &out)
{
    if (bytes.size() < kHeaderSize) {
        out.cut = "the journal's header is cut off";
        return std::nullopt;
    }
    Reader reader(bytes);
    const auto magic = reader.text(kMagic.size());
    const auto version = reader.number<std::uint32_t>();
    reader.number<std::uint64_t>();
    const auto crc = reader.number<std::uint32_t>();
    const auto expected = crc_of(0, bytes.first(kHeaderSize - sizeof(std::uint32_t)));
    if (magic != kMagic || crc != expected) {
        out.cut = "the journal's header is damaged";
        return std::nullopt;
    }
    if (*version >= kOldestVersion && *version <= kVersion)
        return expected;
    out.cut = cat("the journal is of version ", *version, ", this program reads ", kVersion);
    out.other_version = true;
    return std::nullopt;
}

} // namespace

ParsedJournal parse_journal(std::span<const std::byte> bytes)
{
    ParsedJournal out;
    const auto header = read_header(bytes, out);
    if (!header)
        return out;
    std::uint32_t chain = *header;
    std::size_t at = kHeaderSize;
    while (at < bytes.size()) {
        Reader head(bytes.subspan(at));
        const auto length = head.number<std::uint32_t>();
        const auto crc = head.number<std::uint32_t>();
        if (!crc || *length > head.left()) {
            out.cut = cat("a record at byte ", at, " of the journal is cut off");
            return out;
        }
        const auto payload = bytes.subspan(at + kRecordHead, *length);
        chain = crc_of(crc_of(chain, bytes.subspan(at, sizeof(std::uint32_t))), payload);
        if (chain != *crc || *length == 0 || *length > kMaxPayload || !take_record(payload, out)) {
            out.cut = cat("a record at byte ", at, " of the journal is damaged");
            return out;
        }
        at += kRecordHead + payload.size();
    }
    return out;
}

int Journal::rewrite(int dir, const JournalState &state)
{
    std::uint32_t chain = 0;
    const std::string text = encode_journal(state, chain);

    FdRef fd;
    int error = write_new(dir, text, fd);
    // On a full disk the one before the last makes room, when the last is known to be good.
    if ((error == ENOSPC || error == EDQUOT) && is_open() && !is_called_old_ &&
        ops_.remove_at(dir, kOldJournalName, 0) == 0)
        error = write_new(dir, text, fd);
    if (error != 0)
        return error;
    // Between the two renames a recovery finds journal.old, which holds the same. One that is not
    // ours may be damaged, and journal.old all that there is.
    const bool keeps_last = is_open();
    if (keeps_last && ops_.rename_at(dir, kJournalName, kOldJournalName) != 0 && errno != ENOENT)
        return errno;
    if (ops_.rename_at(dir, kNewJournalName, kJournalName) != 0) {
        const int failure = errno;
        is_called_old_ = keeps_last && ops_.rename_at(dir, kOldJournalName, kJournalName) != 0;
        return failure;
    }
    is_called_old_ = false;
    fd_ = std::move(fd);
    size_ = text.size();
    long_at_ = std::max(kLongJournal, size_ * 4);
    chain_ = chain;
    return 0;
}

int Journal::write_new(int dir, const std::string &text, FdRef &fd)
{
    fd = open_file(ops_, dir, kNewJournalName, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (!fd)
        return errno;
    if (const int error = write_fully(ops_, fd->get(), bytes_of(text), 0).error; error != 0)
        return error;
    // a file system that knows no syncing says EINVAL
    return ops_.sync_data(fd->get()) == 0 || errno == EINVAL ? 0 : errno;
}

int Journal::wake(int dir)
{
    if (!fd_)
        fd_ = open_file(ops_, dir, kJournalName, O_RDWR);
    return fd_ ? 0 : errno;
}

int Journal::add(const Fact &fact)
{
    if (fact.is_position())
        return add_record(acked_payload(fact.position));
    if (!fact.name.empty())
        return add_record(note_payload(fact.name, fact.value));
    return put_changed(fact.position, fact.changed,
                       [this](const std::string &payload) { return add_record(payload); });
}

int Journal::add(const DataRecord &record)
{
    return add_record(data_payload(record));
}

int Journal::add_record(const std::string &payload)
{
    if (payload.size() > kMaxPayload)
        return EMSGSIZE;
    std::uint32_t chain = chain_;
    const auto text = encode_record(payload, chain);
    const auto outcome = write_fully(ops_, fd_->get(), bytes_of(text), size_);
    if (outcome.error != 0) {
        // The next record overwrites what this one left; cutting it off is only tidier.
        (void)ops_.truncate(fd_->get(), static_cast<off_t>(size_));
        return outcome.error;
    }
    chain_ = chain;
    size_ += text.size();
    return 0;
}

} // namespace gsttus
