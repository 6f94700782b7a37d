// What to send when: pacing, the last request, partial uploads. The rest of UploadMachine.
#include "base/redact.h"
#include "base/text.h"
#include "tus/upload_machine.h"

#include <algorithm>

namespace gsttus {

namespace {

// Partial uploads grow with the recording, so that the list of their URLs stays within the
// header size that servers take (8 to 16 KiB): about 32 per e-fold of the total.
constexpr std::uint64_t kPartGrowth = 32;

std::uint64_t round_up(std::uint64_t value, std::uint64_t step)
{
    return (value + step - 1) / step * step;
}

} // namespace

std::uint64_t UploadMachine::base_position() const
{
    return mode_ == LengthMode::kConcatenation ? part_begin_ : 0;
}

std::uint64_t UploadMachine::base_offset() const
{
    return mode_ == LengthMode::kConcatenation ? 0 : origin_;
}

std::uint64_t UploadMachine::releasable() const
{
    // A partial upload that dies is made again: its bytes are needed until it is complete.
    return mode_ == LengthMode::kConcatenation ? part_begin_ : acked_;
}

bool UploadMachine::stored() const
{
    return mode_ != LengthMode::kConcatenation && server_length_ &&
           origin_ + acked_ >= *server_length_;
}

std::string UploadMachine::where() const
{
    if (!url_.empty())
        return redact_url(request_url());
    return endpoints_.empty() ? std::string("no endpoint") : redact_url(endpoints_[endpoint_]);
}

std::uint64_t UploadMachine::request_limit() const
{
    std::uint64_t limit = config_.chunk_size;
    if (shrunk_to_ > 0)
        limit = std::min(limit, shrunk_to_);
    limit -= limit % config_.chunk_align;
    return std::max(limit, config_.chunk_align);
}

// The stream position where this upload ends, as far as is known now.
std::uint64_t UploadMachine::end_of(const Input &input, bool &ended)
{
    ended = input.ended;
    if (!max_size_ || origin_ + input.produced <= *max_size_)
        return std::max(input.produced, acked_); // a recovery: the server may have more
    ended = true;
    truncated_ = true;
    // a server that took more than it said it would: what it has, it has
    return std::max(*max_size_ - std::min(*max_size_, origin_), acked_);
}

Action UploadMachine::transfer(const Input &input)
{
    state_ = State::kReady;
    // what is stored is stored, however late the word of it came
    if (input.ended && !stored()) {
        if (std::optional<Error> error = given_up(input))
            return fail(std::move(*error));
    }
    return mode_ == LengthMode::kConcatenation ? transfer_parts(input) : transfer_single(input);
}

Action UploadMachine::patch(std::uint64_t to, std::optional<std::uint64_t> declare)
{
    Patch request;
    request.url = request_url();
    request.server_offset = base_offset() + (acked_ - base_position());
    request.from = acked_;
    request.to = to;
    request.declare_length = declare;
    request.checksum = to > acked_ ? checksum_ : std::string();
    request.method_override = method_override_;
    request.expect_continue = patch_expects_ = expect_next_ && to > acked_;
    expect_next_ = false;
    hurry_ = false;
    if (acked_ < sent_)
        counters_.bytes_resent += std::min(to, sent_) - acked_;
    sent_ = std::max(sent_, to);
    taken_ = std::max(taken_, to);
    patch_to_ = to;
    patch_declares_ = declare.has_value();
    declared_ = declared_ || declare;
    // whether a refusal would be about the finished upload
    patch_finishes_ = declare
                          ? !length_unclear_
                          : mode_ != LengthMode::kConcatenation && server_length_ == origin_ + to;
    state_ = State::kPatching;
    return request;
}

Action UploadMachine::transfer_single(const Input &input)
{
    bool ended = false;
    const std::uint64_t total = end_of(input, ended);
    if (server_length_ && origin_ + total > *server_length_) {
        Error error;
        error.kind = ErrorKind::kTooLarge;
        error.message = cat("The upload at the server takes ", *server_length_,
                            " bytes in all, the recording has more (", where(), ").");
        return fail(std::move(error));
    }
    if (ended && acked_ >= total)
        return complete_single(total, input);

    // One byte stays here until the end, so that the last request has a body (servers refuse or
    // mishandle empty ones); not needed when the server knows the length already.
    const std::uint64_t held_back = ended || server_length_ ? 0 : 1;
    const std::uint64_t pending = total - std::min(acked_, total);
    const std::uint64_t available = pending - std::min(held_back, pending);
    const std::uint64_t limit = request_limit();
    std::uint64_t size = std::min(available, limit);
    if (ended && size == pending)
        return patch(total,
                     server_length_ ? std::nullopt : std::optional<std::uint64_t>(origin_ + total));
    size -= size % config_.chunk_align;
    const std::uint64_t least =
        std::max(round_up(config_.min_chunk_size, config_.chunk_align), config_.chunk_align);
    return ended ? patch(acked_ + size, std::nullopt)
                 : send_or_wait(input, size, std::min(least, limit), limit, held_back);
}

// Everything is acknowledged: is it finished?
Action UploadMachine::complete_single(std::uint64_t total, const Input &input)
{
    if (!server_length_) // only after faults: the length travels with the last bytes
        return patch(total, origin_ + total);
    if (*server_length_ != origin_ + total) {
        Error error;
        error.kind = ErrorKind::kProtocol;
        error.message = cat("The server expects ", *server_length_, " bytes, the recording has ",
                            origin_ + total, " (", where(), ").");
        return fail(std::move(error));
    }
    // All is stored, but the server said no to it (a finish hook, for instance).
    if (refused_finish_)
        return fail(*refused_finish_);
    return finish(input);
}

// `size` bytes could go now. They do when there are enough of them or they waited long enough.
Action UploadMachine::send_or_wait(const Input &input, std::uint64_t size, std::uint64_t least,
                                   std::uint64_t most, std::uint64_t held_back)
{
    Wait wait = wait_from(input);
    wait.until_ended = true;
    if (size < least) {
        wait.until_produced = acked_ + least + held_back;
        // a full store takes no more: a partial upload is made of what is there
        wait.until_writer_blocked = mode_ == LengthMode::kConcatenation && !input.writer_blocked;
        return wait;
    }
    const bool waited =
        !input.pending_since || input.now >= *input.pending_since + input.flush_interval;
    if (hurry_ || waited || size >= most || input.writer_blocked) {
        if (mode_ != LengthMode::kConcatenation)
            return patch(acked_ + size, std::nullopt);
        part_begin_ = acked_;
        part_end_ = acked_ + size;
        taken_ = std::max(taken_, part_end_);
        return create(input);
    }
    wait.until = *input.pending_since + input.flush_interval;
    wait.until_produced = acked_ + most + held_back;
    wait.until_writer_blocked = true;
    return wait;
}

Action UploadMachine::transfer_parts(const Input &input)
{
    bool ended = false;
    const std::uint64_t total = end_of(input, ended);
    if (!url_.empty()) {
        if (acked_ < part_end_)
            return patch(std::min(part_end_, acked_ + request_limit()), std::nullopt);
        parts_.push_back(std::exchange(url_, {}));
        detour_.clear();
        server_length_.reset();
        part_begin_ = part_end_ = acked_;
    }
    if (part_begin_ < part_end_) // the partial upload is gone: again
        return create(input);
    const std::uint64_t available = total - std::min(acked_, total);
    if (ended) {
        if (available == 0)
            return parts_.empty() ? create(input) : join();
        part_end_ = acked_ + available;
        taken_ = std::max(taken_, part_end_);
        return create(input);
    }
    const std::uint64_t least =
        std::max({config_.min_chunk_size, std::uint64_t{1}, acked_ / kPartGrowth});
    const std::uint64_t most = std::max(config_.chunk_size, least);
    return send_or_wait(input, std::min(available, most),
                        input.writer_blocked ? std::uint64_t{1} : least, most, 0);
}

} // namespace gsttus
