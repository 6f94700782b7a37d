// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Streaming thread: write, drain and end of one recording, and the answers to an interruption.
#include "recording.h"

#include "base/text.h"
#include "bus.h"
#include "debug.h"
#include "http/soup_transport.h"
#include "upload/spool_check.h"
#include "upstream.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gsttus {

namespace {

Error without_disk(Error error)
{
    error.message += " Until then only memory holds what the server does not have.";
    return error;
}

} // namespace

Recording::Recording(GstTusSink *sink, UploadConfig config, HttpConfig http,
                     std::unique_ptr<Target> target, StreamHints hints, std::string name)
    : header_(config.seekable_header), on_stop_(config.on_stop), stop_timeout_(config.stop_timeout),
      continues_(!config.upload_url.empty()),
      observer_(std::make_shared<Observer>(sink, std::move(name))), advisor_(observer_),
      hints_(std::move(hints)), write_{0, OpenUnit(header_)}
{
    if (config.replay.spool_mode == SpoolMode::kOverflow)
        look_at_spool_dir(config.replay.spool_dir, [keep = observer_](const Result<void> &place) {
            if (!place)
                keep->on_warning(without_disk(place.error()));
        });
    // The factory holds the observer for the upload thread, which may outlive this object.
    TransportFactory transport = [http = std::move(http), keep = observer_] {
        return make_soup_transport(http);
    };
    upload_ = std::make_shared<LiveUpload>(std::move(config), std::move(target),
                                           std::move(transport), *observer_);
    upload_->set_hints(hints_);
    network_.emplace(upload_);
    upload_->start();
}

void Recording::set_paused(bool paused)
{
    const MutexLock lock(gate_mutex_);
    paused_ = paused;
    apply_gate();
    advisor_.set_playing(!paused);
}

void Recording::unlock()
{
    const MutexLock lock(gate_mutex_);
    unlocking_ = true;
    apply_gate();
}

void Recording::unlock_stop(bool flushing)
{
    const MutexLock lock(gate_mutex_);
    unlocking_ = false;
    if (flushing)
        ++flushes_;
    apply_gate();
}

void Recording::apply_gate()
{
    if (paused_ || unlocking_) {
        observer_->interrupt();
        upload_->interrupt();
    } else {
        upload_->resume();
        observer_->resume();
    }
    gate_.notify_all();
}

// Not gst_base_sink_wait_preroll(): that returns at one signal, which may be that of a play before
// the next pause. Who goes on then keeps PREROLL_LOCK from the state change to PLAYING, for as long
// as the network likes.
GstFlowReturn Recording::wait_while_held(GstBaseSink *sink)
{
    sink->have_preroll = TRUE; // a pause needs no other buffer
    MutexLock lock(gate_mutex_);
    const unsigned flushes = flushes_;
    GST_BASE_SINK_PREROLL_UNLOCK(sink);
    while ((paused_ || unlocking_) && flushes_ == flushes)
        gate_.wait(lock);
    lock.unlock();
    GST_BASE_SINK_PREROLL_LOCK(sink);
    sink->have_preroll = FALSE;
    return sink->flushing ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

OnStop Recording::begin_stop()
{
    observer_->set_stopping();
    // Nobody wants a recording of no bytes that nobody has ended: it leaves no trace.
    const bool nothing = position_ == 0 && !ended_ && !continues_;
    if (on_stop_ != OnStop::kFinish || !(nothing || torn_))
        return on_stop_;
    return nothing ? OnStop::kTerminate : OnStop::kKeep; // who finishes what is torn is the user
}

bool Recording::stop_with_others(TimePoint now)
{
    const bool first = !told_.exchange(true);
    upload_->prepare_stop(begin_stop(), now + stop_timeout_);
    return first;
}

void Recording::stop()
{
    network_.reset();
    upload_->stop(begin_stop());
}

GstFlowReturn Recording::render(GstBaseSink *sink, GstBuffer *buffer)
{
    if (!advisor_.accepts(sink))
        tear();
    if (broken_)
        return GST_FLOW_ERROR;
    advisor_.look(sink, position_);
    // Asked by write(), and not on the way to PLAYING: who changes states may hold what the answer
    // waits for.
    if (position_ == 0)
        upload_->set_source([pad = GST_BASE_SINK_PAD(sink)] { return can_wait(pad); });
    // one memory after the other: mapping them together would copy
    const unsigned count = gst_buffer_n_memory(buffer);
    for (unsigned i = 0; i < count; ++i) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        GstMapInfo map;
        if (!gst_memory_map(memory, &map, GST_MAP_READ)) {
            GST_ELEMENT_ERROR(sink, RESOURCE, READ, ("A buffer's memory can not be read."),
                              ("gst_memory_map failed"));
            tear();
            return GST_FLOW_ERROR;
        }
        const GstFlowReturn flow = write(sink, std::as_bytes(std::span(map.data, map.size)));
        gst_memory_unmap(memory, &map);
        if (flow != GST_FLOW_OK)
            return flow;
    }
    return GST_FLOW_OK;
}

GstFlowReturn Recording::write(GstBaseSink *sink, std::span<const std::byte> data)
{
    if (write_.at == position_)
        advisor_.look_at_bytes(sink, data);
    while (!data.empty()) {
        if (!may_write_at(write_.at)) // it ran over the end of what may be rewritten
            return refuse_rewriting(sink, write_.at);
        const bool is_gap = write_.at > position_;
        const auto run = next_run(data);
        const GstFlowReturn flow =
            write_.at < position_ ? rewrite_run(sink, run) : append_run(sink, run);
        if (flow != GST_FLOW_OK)
            return flow;
        if (is_gap)
            continue;
        write_.at += run.size();
        data = data.subspan(run.size());
    }
    return GST_FLOW_OK;
}

// What goes to one place: a beginning of `data`, or what a file has in a gap before it.
std::span<const std::byte> Recording::next_run(std::span<const std::byte> data) const
{
    static constexpr std::array<std::byte, 4096> kGap{};
    const std::uint64_t end = position_;
    const auto first = [](std::span<const std::byte> of, std::uint64_t most) {
        return of.first(static_cast<std::size_t>(std::min<std::uint64_t>(of.size(), most)));
    };
    if (write_.at > end)
        return first(kGap, write_.at - end);
    if (write_.at == end)
        return data;
    return first(data, (write_.at < header_ ? std::min(end, header_) : end) - write_.at);
}

GstFlowReturn Recording::append_run(GstBaseSink *sink, std::span<const std::byte> run)
{
    if (header_ > 0) {
        write_.unit.wrote(position_, run);
        hold_unit();
    }
    while (!run.empty()) {
        const WriteResult result = upload_->write(run);
        position_ += result.taken;
        run = run.subspan(result.taken);
        if (const GstFlowReturn flow = after_write(sink, result.status, run.size());
            flow != GST_FLOW_OK)
            return flow;
    }
    return GST_FLOW_OK;
}

GstFlowReturn Recording::rewrite_run(GstBaseSink *sink, std::span<const std::byte> run)
{
    WriteStatus status{};
    do {
        const bool in_head = write_.at < header_;
        status = in_head ? upload_->rewrite_head(write_.at, run) : upload_->status();
        if (!in_head && status == WriteStatus::kOk && !upload_->rewrite(write_.at - header_, run)) {
            status = upload_->status();
            if (status == WriteStatus::kOk) // it has been sent
                return refuse_rewriting(sink, write_.at);
        }
        if (const GstFlowReturn flow = after_write(sink, status, run.size()); flow != GST_FLOW_OK)
            return flow;
    } while (status != WriteStatus::kOk);
    write_.unit.wrote(write_.at, run);
    hold_unit(); // not before: what is let go may be sent at once
    return GST_FLOW_OK;
}

// No byte of it is sent as long as the muxer may go back there.
void Recording::hold_unit()
{
    std::optional<std::uint64_t> from = write_.unit.from();
    if (from)
        from = *from - std::min(*from, header_);
    upload_->hold_from(from);
}

GstFlowReturn Recording::after_write(GstBaseSink *sink, WriteStatus status, std::size_t left)
{
    switch (status) {
    case WriteStatus::kOk:
        break;
    case WriteStatus::kInterrupted:
        if (const GstFlowReturn flow = wait_while_held(sink); flow != GST_FLOW_OK) {
            GST_WARNING_OBJECT(sink, "flushed: %" G_GSIZE_FORMAT " bytes of a buffer dropped",
                               left);
            // what comes then goes behind what was taken; nobody knows what unit that is
            write_.at = position_;
            write_.unit.give_up();
            hold_unit();
            return flow;
        }
        break;
    case WriteStatus::kFailed:
        observer_->await_error();
        return GST_FLOW_ERROR;
    case WriteStatus::kEnded:
        return fail_after_end(sink);
    }
    return GST_FLOW_OK;
}

GstFlowReturn Recording::fail_after_end(GstBaseSink *sink)
{
    if (told_) {
        const MutexLock lock(gate_mutex_);
        if (paused_) // a buffer under way while the pipeline goes down
            return GST_FLOW_FLUSHING;
    }
    broken_ = true;
    post_error(GST_ELEMENT(sink),
               {.kind = ErrorKind::kSettings,
                .message = "Data came after EOS, but the length of the upload has been declared. "
                           "Set the element to READY and back to PLAYING for a new recording.",
                .offset = position()},
               {.about = observer_->about()});
    return GST_FLOW_ERROR;
}

// The server is never told that this is the whole recording.
void Recording::tear()
{
    broken_ = true;
    torn_ = true;
    observer_->set_torn();
}

void Recording::tell_drain(GstProgressType type, const char *text)
{
    const bool complete = type == GST_PROGRESS_TYPE_COMPLETE;
    observer_->post_drain(type, text,
                          complete ? 100 : drain_percent(upload_->stats().bytes_acked, position_));
}

GstFlowReturn Recording::drain(GstBaseSink *sink)
{
    if (broken_)
        return GST_FLOW_ERROR;
    advisor_.look_at_end(sink);
    tell_drain(GST_PROGRESS_TYPE_START, "Uploading the rest of the recording");
    ended_ = true;
    observer_->set_draining(true);
    upload_->finish();
    for (;;) {
        const DrainStatus status = upload_->wait_drained();
        if (status != DrainStatus::kInterrupted)
            observer_->set_draining(false);
        switch (status) {
        case DrainStatus::kComplete:
            tell_drain(GST_PROGRESS_TYPE_COMPLETE, "The server has the whole recording");
            return GST_FLOW_OK;
        case DrainStatus::kFailed:
            observer_->await_error();
            tell_drain(GST_PROGRESS_TYPE_ERROR, "The upload has failed");
            return GST_FLOW_ERROR;
        case DrainStatus::kInterrupted:
            if (const GstFlowReturn flow = wait_while_held(sink); flow != GST_FLOW_OK) {
                observer_->set_draining(false);
                tell_drain(GST_PROGRESS_TYPE_CANCELED, "Stopped before the end");
                return flow;
            }
            break;
        }
    }
}

// At the end; in the head, also behind its end; in the unit that is under way.
bool Recording::may_write_at(std::uint64_t position) const
{
    const std::uint64_t end = position_;
    if (position == end || position < header_)
        return true;
    if (position > end)
        return position == header_;
    const std::optional<std::uint64_t> unit = write_.unit.from();
    return header_ > 0 && unit && position >= *unit;
}

GstFlowReturn Recording::refuse_rewriting(GstBaseSink *sink, std::uint64_t position)
{
    if (!torn_) {
        tear();
        advisor_.jumps(sink, position, position_);
    }
    return GST_FLOW_ERROR;
}

bool Recording::take_segment(GstBaseSink *sink, const GstSegment &segment)
{
    if (segment.format != GST_FORMAT_BYTES) {
        advisor_.goes_on();
        return true;
    }
    if (!may_write_at(segment.start)) {
        refuse_rewriting(sink, segment.start);
        return false;
    }
    advisor_.goes_on();
    write_.at = segment.start;
    return true;
}

void Recording::take_caps(GstBaseSink *sink, const GstCaps *caps)
{
    advisor_.take_caps(sink, caps);
    std::string mime = mime_from_caps(caps);
    if (mime.empty() || mime == hints_.mime_type)
        return;
    hints_.mime_type = std::move(mime);
    upload_->set_hints(hints_);
}

void Recording::take_tags(const GstTagList *tags)
{
    char *title = nullptr;
    if (!gst_tag_list_get_string(tags, GST_TAG_TITLE, &title))
        return;
    const GCharOwn owned(title);
    if (hints_.title == title)
        return;
    hints_.title = title;
    upload_->set_hints(hints_);
}

} // namespace gsttus
