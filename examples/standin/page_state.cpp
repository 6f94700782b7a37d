// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "page_state.h"

#include "fault_switches.h"
#include "glib/ptr.h"

#include <algorithm>

#include <json-glib/json-glib.h>

namespace gsttus::standin {

namespace {

// Members and arrays of one JSON text.
class Writer {
public:
    void begin_object() { json_builder_begin_object(json_.get()); }

    void end_object() { json_builder_end_object(json_.get()); }

    void begin_array(const char *name)
    {
        if (name)
            member(name);
        json_builder_begin_array(json_.get());
    }

    void end_array() { json_builder_end_array(json_.get()); }

    void number(const char *name, std::uint64_t value)
    {
        member(name);
        json_builder_add_int_value(json_.get(), static_cast<gint64>(value));
    }

    void flag(const char *name, bool value)
    {
        member(name);
        json_builder_add_boolean_value(json_.get(), value);
    }

    void text(const char *name, std::string_view value)
    {
        member(name);
        json_builder_add_string_value(json_.get(), std::string(value).c_str());
    }

    // The page counts in milliseconds; nothing: null.
    void time(const char *name, std::int64_t us)
    {
        if (us)
            number(name, static_cast<std::uint64_t>(us / 1000));
        else
            null(name);
    }

    void null(const char *name)
    {
        member(name);
        json_builder_add_null_value(json_.get());
    }

    void texts(const char *name, const std::vector<std::string> &values)
    {
        begin_array(name);
        for (const std::string &value : values)
            json_builder_add_string_value(json_.get(), value.c_str());
        end_array();
    }

    std::string done()
    {
        JsonNode *root = json_builder_get_root(json_.get());
        const GCharOwn text(json_to_string(root, FALSE));
        json_node_unref(root);
        return text.get();
    }

private:
    void member(const char *name) { json_builder_set_member_name(json_.get(), name); }

    const GRef<JsonBuilder> json_ = GRef<JsonBuilder>::adopt(json_builder_new());
};

void add(Writer &json, const Recording &recording, const Mask &mask)
{
    json.begin_object();
    json.text("key", recording.key);
    json.text("name", mask(recording.name));
    if (recording.video_id)
        json.number("video", recording.video_id);
    else
        json.null("video");
    json.text("status", recording.status);
    json.text("error", mask(recording.error));
    json.number("bytes", recording.bytes);
    if (recording.length)
        json.number("length", *recording.length);
    else
        json.null("length");
    json.number("parts", recording.parts);
    json.flag("started", recording.number > 0);
    json.flag("finished", recording.finished);
    json.flag("removed", recording.removed);
    json.flag("stored", recording.stored);
    json.time("created", recording.created_us);
    json.time("completed", recording.finished_us);
    json.text("sha256", recording.sha256);
    json.end_object();
}

void add(Writer &json, const FaultSwitch &one, const PageState &state,
         const std::vector<std::string> &on)
{
    const auto hits = state.faults_hit.find(std::string(one.line));
    json.begin_object();
    json.text("name", one.name);
    json.text("label", one.label);
    json.text("about", one.about);
    json.flag("on", one.line.empty() ? state.away
                                     : std::find(on.begin(), on.end(), one.name) != on.end());
    json.number("hits", hits == state.faults_hit.end() ? 0 : hits->second);
    json.end_object();
}

} // namespace

PageState page_state(const Snapshot &snapshot)
{
    PageState state{.recordings = recordings_of(snapshot),
                    .faults_hit = snapshot.faults_hit,
                    .requests = snapshot.requests_total,
                    .bytes = snapshot.bytes_received,
                    .away = snapshot.away};
    if (state.recordings.size() > kMostRecordings)
        state.recordings.resize(kMostRecordings);
    return state;
}

std::string state_json(const PageState &state, const std::vector<std::string> &on,
                       const std::vector<Trouble> &troubles, bool stores, const Mask &mask)
{
    Writer json;
    json.begin_object();
    json.flag("away", state.away);
    json.number("requests", state.requests);
    json.number("bytes", state.bytes);
    json.begin_array("recordings");
    for (const Recording &recording : state.recordings)
        add(json, recording, mask);
    json.end_array();
    json.begin_array("switches");
    for (const FaultSwitch &one : kFaultSwitches)
        if (stores || !one.needs_stored_bytes)
            add(json, one, state, on);
    json.end_array();
    json.begin_array("troubles");
    for (const Trouble &trouble : troubles) {
        json.begin_object();
        json.text("name", trouble.name);
        json.time("since", trouble.since_us);
        json.time("until", trouble.until_us);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.done();
}

std::string requests_json(const std::vector<const RequestRow *> &rows)
{
    Writer json;
    json.begin_array(nullptr);
    for (const RequestRow *row : rows) {
        json.begin_object();
        json.number("id", row->id);
        json.time("at", row->arrived_us);
        json.text("method", row->method);
        json.text("path", row->path);
        json.text("offset", row->offset);
        json.text("purpose", row->purpose);
        json.texts("faults", row->faults);
        json.number("bytes", row->bytes);
        json.number("status", static_cast<std::uint64_t>(row->status));
        json.flag("over", row->over);
        json.end_object();
    }
    json.end_array();
    return json.done();
}

} // namespace gsttus::standin
