// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recordings.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

using Uploads = std::vector<const UploadRecord *>;

std::string text_in(const std::map<std::string, std::string> &metadata, const char *key)
{
    const auto found = metadata.find(key);
    std::string text = found == metadata.end() ? "" : found->second;
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.pop_back();
    return text;
}

Uploads in_order(const Snapshot &snapshot)
{
    Uploads uploads;
    for (const auto &[id, upload] : snapshot.uploads)
        uploads.push_back(&upload);
    std::sort(uploads.begin(), uploads.end(),
              [](const auto *a, const auto *b) { return a->number < b->number; });
    return uploads;
}

std::string collection_of(const UploadRecord &upload)
{
    return upload.url_path.substr(0, upload.url_path.rfind('/'));
}

// The parts of one recording are told apart from others by what was said about each of them.
std::string likeness(const UploadRecord &part)
{
    std::string text = collection_of(part);
    for (const auto &[key, value] : part.metadata)
        text += cat('\0', key, '\0', value);
    return text;
}

// The uploads of each recording, by its key.
class Groups {
public:
    explicit Groups(const Snapshot &snapshot)
    {
        const Uploads all = in_order(snapshot);
        for (const UploadRecord *upload : all)
            if (upload->final)
                claim(snapshot, *upload);
        for (const UploadRecord *upload : all)
            if (!upload->removed || upload->offset > 0)
                groups_[key_of(*upload)].push_back(upload);
    }

    const std::map<std::string, Uploads> &all() const { return groups_; }

private:
    // The key of a joined recording is what it was while only its first part was there.
    void claim(const Snapshot &snapshot, const UploadRecord &upload)
    {
        const UploadRecord *first = &upload;
        for (const std::string &id : upload.parts)
            if (const auto part = snapshot.uploads.find(id);
                part != snapshot.uploads.end() && part->second.number < first->number)
                first = &part->second;
        for (const std::string &id : upload.parts)
            joined_[id] = first->id;
        joined_[upload.id] = first->id;
    }

    std::string key_of(const UploadRecord &upload)
    {
        if (upload.video_id)
            return cat("v", upload.video_id);
        if (const auto found = joined_.find(upload.id); found != joined_.end())
            return found->second;
        return upload.partial ? open_.emplace(likeness(upload), upload.id).first->second
                              : upload.id;
    }

    std::map<std::string, std::string> joined_{}; // id of an upload: key
    std::map<std::string, std::string> open_{};   // likeness of parts that nothing has joined: key
    std::map<std::string, Uploads> groups_{};
};

void add_piece(Recording &recording, const UploadRecord &upload)
{
    recording.bytes += upload.offset;
    recording.stored = recording.stored && !upload.path.empty();
    if (upload.offset > 0)
        recording.pieces.push_back({upload.path, upload.offset});
}

// Of several for the same video the newest counts.
const UploadRecord *whole_in(const Uploads &uploads)
{
    const UploadRecord *newest = nullptr;
    for (const UploadRecord *upload : uploads)
        if (!upload->partial && (!newest || !upload->removed || newest->removed))
            newest = upload;
    return newest;
}

void describe(Recording &recording, const Snapshot &snapshot, const Uploads &uploads)
{
    const UploadRecord &first = *uploads.front();
    recording.name = text_in(first.metadata, "filename");
    if (recording.name.empty())
        recording.name = text_in(first.metadata, "name");
    recording.video_id = first.video_id;
    recording.created_us = first.created_us;
    recording.number = uploads.back()->number;
    const UploadRecord *whole = whole_in(uploads);
    Uploads parts;
    if (whole && whole->final && !whole->finished) {
        for (const std::string &id : whole->parts)
            if (const auto part = snapshot.uploads.find(id); part != snapshot.uploads.end())
                parts.push_back(&part->second);
    } else if (!whole) {
        std::copy_if(uploads.begin(), uploads.end(), std::back_inserter(parts),
                     [](const auto *part) { return !part->removed; });
    }
    recording.parts = whole && whole->final ? whole->parts.size() : parts.size();
    for (const UploadRecord *part : parts)
        add_piece(recording, *part);
    if (!whole) {
        recording.removed = parts.empty();
        return;
    }
    if (parts.empty())
        add_piece(recording, *whole);
    recording.length = whole->length;
    recording.finished = whole->finished;
    recording.removed = whole->removed;
    recording.finished_us = whole->finished_us;
    recording.sha256 = whole->sha256;
}

} // namespace

std::vector<Recording> recordings_of(const Snapshot &snapshot)
{
    std::map<std::string, Recording> found;
    const Groups groups(snapshot);
    for (const auto &[key, uploads] : groups.all()) {
        found[key].key = key;
        describe(found[key], snapshot, uploads);
    }
    for (const auto &[id, video] : snapshot.videos) {
        const std::string key = cat("v", id);
        if (video.deleted && !found.contains(key))
            continue;
        Recording &recording = found[key];
        recording.key = key;
        recording.video_id = id;
        recording.created_us = video.created_us;
        recording.name = video.name;
        recording.status = video.deleted ? "deleted" : video.status;
        recording.error = video.error;
    }
    std::vector<Recording> all;
    for (auto &[key, recording] : found)
        all.push_back(std::move(recording));
    std::sort(all.begin(), all.end(), [](const Recording &a, const Recording &b) {
        return std::pair(a.created_us, a.number) > std::pair(b.created_us, b.number);
    });
    return all;
}

} // namespace gsttus::standin
