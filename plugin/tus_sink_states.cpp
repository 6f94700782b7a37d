// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What GstTusSink does at state changes: checks the settings, and makes and ends the recording.
// On the thread that changes the state. Blocks from PAUSED to READY only, within stop-timeout.
#include "bus.h"
#include "stop_group.h"
#include "tus_sink_private.h"
#include "upload/spool_check.h"

#include <utility>

namespace gsttus {

namespace {

gpointer parent_class = nullptr; // of GstTusSink, set once in its class_init

// For an error that comes before there is a recording.
Whereabouts before_recording(GstTusSink *self)
{
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    return {.about = {.location = recording_name(impl.settings)}};
}

struct Plan {
    std::string name;
    UploadConfig config;
    HttpConfig http;
    std::unique_ptr<Target> target;
};

Result<Plan> make_plan(GstTusSink *self)
{
    GstTusSinkImpl &impl = impl_of(self);
    MutexLock lock(impl.mutex);
    const Settings settings = impl.settings;
    lock.unlock();
    auto config = make_upload_config(settings);
    if (!config)
        return config.error();
    auto target = GST_TUS_SINK_GET_CLASS(self)->make_target(self, settings);
    if (!target)
        return target.error();
    return Plan{recording_name(settings), std::move(*config), settings.http, std::move(*target)};
}

// NULL→READY: says what is wrong with the settings as early as can be. Not in the base class's
// start(), after whose failure it posts an ERROR of its own.
bool check_settings(GstTusSink *self)
{
    const auto plan = make_plan(self);
    if (!plan)
        post_error(GST_ELEMENT(self), plan.error(), before_recording(self));
    return plan.ok();
}

StreamHints first_hints(GstTusSink *self)
{
    StreamHints hints;
    GstCaps *caps = gst_pad_peer_query_caps(GST_BASE_SINK_PAD(self), nullptr);
    hints.mime_type = mime_from_caps(caps);
    gst_caps_unref(caps);
    return hints;
}

// A recording that needs the disk does not begin without it. The others are told later: see
// Recording.
Result<void> check_disk(const UploadConfig &config)
{
    if (config.replay.spool_mode != SpoolMode::kAlways && config.length_mode != LengthMode::kSpool)
        return {};
    auto place = check_spool_dir_within(config.replay.spool_dir, config.disk_patience);
    if (place)
        return place;
    Error error = place.error();
    error.message += config.length_mode == LengthMode::kSpool
                         ? " With length-mode=spool the recording needs it."
                         : " With spool-mode=always the recording needs it.";
    return error;
}

// notify::upload-url where a recording begins or ends: the last one's is forgotten, for example.
class UrlFollower {
public:
    explicit UrlFollower(GstTusSink *self) : self_(self), before_(shown_upload_url(self)) {}

    UrlFollower(const UrlFollower &) = delete;
    UrlFollower &operator=(const UrlFollower &) = delete;

    ~UrlFollower()
    {
        if (shown_upload_url(self_) != before_)
            g_object_notify(G_OBJECT(self_), "upload-url");
    }

private:
    GstTusSink *self_; // of the caller
    const std::string before_;
};

bool begin_recording(GstTusSink *self)
{
    const UrlFollower follower(self);
    auto plan = make_plan(self);
    if (plan) {
        if (auto disk = check_disk(plan->config); !disk)
            plan = disk.error();
    }
    if (!plan) {
        post_error(GST_ELEMENT(self), plan.error(), before_recording(self));
        return false;
    }
    GST_TUS_SINK_GET_CLASS(self)->recording_begins(self);
    auto recording = std::make_shared<Recording>(self, std::move(plan->config),
                                                 std::move(plan->http), std::move(plan->target),
                                                 first_hints(self), std::move(plan->name));
    join_stop_group(recording);
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    std::erase_if(impl.last_words, [](const auto &words) {
        return words->all_taken() && words.use_count() == 1; // or more may come
    });
    impl.last_words.push_back(recording->last_words());
    impl.recording = std::move(recording);
    impl.last = {};
    return true;
}

void end_recording(GstTusSink *self)
{
    // It stays in place while it stops, which may take stop-timeout, for `stats`.
    const auto recording = recording_of(self);
    if (!recording)
        return;
    recording->stop();
    const UrlFollower follower(self); // what the upload itself did, the observer has told
    UploadStats stats = recording->upload().stats();
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.last = std::move(stats);
    impl.recording.reset();
}

// PAUSED→READY: those that go the same way may begin with it.
StoppedOthers tell_others(GstTusSink *self)
{
    const auto recording = recording_of(self);
    return recording ? tell_of_stop(GST_ELEMENT(self), *recording) : StoppedOthers();
}

// What this stop has taken from the time that all have.
void hurry(const StoppedOthers &others)
{
    for (const auto &weak : others)
        if (const auto recording = weak.lock())
            recording->stop_with_others(Clock::now());
}

void set_paused(GstTusSink *self, bool paused)
{
    if (const auto recording = recording_of(self))
        recording->set_paused(paused);
}

GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) noexcept
{
    GstTusSink *self = GST_TUS_SINK(element);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !check_settings(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !begin_recording(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
        set_paused(self, true);
    StoppedOthers others;
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        others = tell_others(self);
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING && result != GST_STATE_CHANGE_FAILURE)
        set_paused(self, false);
    // Going down, the streaming thread is out of here once the base class has deactivated the pad.
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
        end_recording(self);
    hurry(others);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) // the bus is flushed next
        say_last_words(self);
    return result;
}

} // namespace

void install_state_functions(GstTusSinkClass *klass)
{
    parent_class = g_type_class_peek_parent(klass);
    GST_ELEMENT_CLASS(klass)->change_state = GST_DEBUG_FUNCPTR(change_state);
}

} // namespace gsttus
