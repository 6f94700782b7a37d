// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A message is taken when it is gone: a weak reference tells. Who takes it may be a handler of the
// application that runs before the bus has it.
#include "last_words.h"

#include "glib/ptr.h"

#include <algorithm>
#include <utility>

namespace gsttus {

namespace {

// The bus of the outermost bin, which is where messages end, can be read.
bool has_reader(GstElement *element)
{
    GRef<GstObject> top = GRef<GstObject>::retain(GST_OBJECT(element));
    while (GRef<GstObject> parent = GRef<GstObject>::adopt(gst_object_get_parent(top.get())))
        top = std::move(parent);
    if (!GST_IS_ELEMENT(top.get()))
        return false;
    const auto bus = GRef<GstBus>::adopt(gst_element_get_bus(GST_ELEMENT(top.get())));
    return bus && !GST_OBJECT_FLAG_IS_SET(bus.get(), GST_BUS_FLUSHING);
}

void say_now(const std::string &name, const std::string &text)
{
    g_message("%s: %s", name.c_str(), text.c_str());
}

} // namespace

Taken post_watched(GstElement *element, GstMessage *message)
{
    using Gone = std::shared_ptr<std::atomic<bool>>;
    if (!has_reader(element)) { // a bin takes what it cannot pass on
        gst_element_post_message(element, message);
        return std::make_shared<const std::atomic<bool>>(false);
    }
    auto gone = std::make_shared<std::atomic<bool>>(false);
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT(message),
        [](gpointer data, GstMiniObject *) {
            const std::unique_ptr<Gone> mine(static_cast<Gone *>(data));
            **mine = true;
        },
        new Gone(gone));
    if (!gst_element_post_message(element, message))
        *gone = false;
    return gone;
}

void LastWords::add(const std::string &text, const Taken &taken)
{
    MutexLock lock(mutex_);
    if (!over_) {
        words_.push_back({text, taken});
        return;
    }
    const std::string name = name_;
    lock.unlock();
    say_now(name, text);
}

void LastWords::say(const std::string &name)
{
    MutexLock lock(mutex_);
    over_ = true;
    name_ = name;
    const std::vector<Word> words = std::exchange(words_, {});
    lock.unlock();
    std::string all;
    for (const Word &word : words) {
        if (!word.taken || !*word.taken)
            all += (all.empty() ? "" : " ") + word.text;
    }
    if (!all.empty())
        say_now(name, all);
}

bool LastWords::all_taken() const
{
    const MutexLock lock(mutex_);
    return std::all_of(words_.begin(), words_.end(),
                       [](const Word &word) { return word.taken && *word.taken; });
}

} // namespace gsttus
