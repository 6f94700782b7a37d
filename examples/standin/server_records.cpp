// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Server that follows uploads and videos, and writes everything down.

#include "base/log.h"
#include "base/text.h"
#include "server.h"
#include "tus/protocol.h"

namespace gsttus::standin {

namespace {

UploadRecord record_of(const Upload &upload)
{
    return {.id = upload.info.id,
            .url_path = upload.info.url_path,
            .metadata = upload.info.metadata,
            .video_id = upload.info.video_id,
            .offset = upload.offset(),
            .length = upload.length,
            .finished = upload.finished(),
            .partial = upload.info.part == Part::kPartial,
            .final = upload.info.part == Part::kFinal,
            .parts = upload.info.parts,
            .sha256 = upload.sha256(),
            .path = upload.path()};
}

std::string json_text(JsonObject *object)
{
    JsonNode *node = json_node_alloc();
    json_node_init_object(node, object);
    const GCharOwn text(json_to_string(node, FALSE));
    json_node_unref(node);
    return text.get();
}

} // namespace

void Server::record_request(Exchange &exchange)
{
    log_request(exchange);
    RequestRecord record;
    record.request = exchange.request;
    record.faults = exchange.actions.specs;
    record.arrived = Clock::now();
    if (exchange.request.method == "PATCH")
        if (const auto upload = tus_->find(exchange.request.path)) {
            const std::string *text = exchange.request.header("upload-offset");
            const auto offset = text ? tus::parse_size(*text) : std::nullopt;
            record.offset_was_announced = offset && upload->announced.contains(*offset);
        }
    recorder_.update([&](Snapshot &all) {
        ++all.requests_total;
        ++all.methods[exchange.request.method];
        if (!record.offset_was_announced)
            ++all.unannounced_offsets;
        for (const std::string &spec : exchange.actions.specs)
            ++all.faults_hit[spec];
        if (all.requests.size() < kMostRequests)
            all.requests.push_back(std::move(record));
    });
}

void Server::record_reply(const Exchange &exchange, const Reply &reply)
{
    log_.answered(exchange.id, reply.status);
    update_record(exchange, [&](Snapshot &, RequestRecord *record) {
        if (!record)
            return;
        record->status = reply.status;
        for (const auto &[name, value] : reply.headers)
            record->reply_headers[name] = value;
    });
    log(LogLevel::kInfo, "standin",
        cat(exchange.request.method, " ", exchange.request.path, " -> ", reply.status, ", ",
            exchange.received, " bytes"));
}

TusServer::Hooks Server::tus_hooks()
{
    return {.may_create =
                [this](const UploadInfo &info) {
                    return info.url_path.starts_with("/upload/") ? api_->check_upload(info)
                                                                 : std::nullopt;
                },
            .changed = [this](const Upload &upload) { upload_changed(upload); },
            .finished = [this](const Upload &upload) { upload_finished(upload); },
            .removed =
                [this](const Upload &upload) {
                    recorder_.update(
                        [&](Snapshot &all) { all.uploads[upload.info.id].removed = true; });
                },
            .interrupt = [this](const void *writer) { interrupt(writer); }};
}

// Another request for the upload has come while this one was writing: it has to make room, and
// what it has written stays.
void Server::interrupt(const void *writer)
{
    for (const auto &[message, exchange] : active_) {
        if (exchange.get() != writer)
            continue;
        const ExchangeRef holder = exchange;
        update_record(*holder, [](Snapshot &all, RequestRecord *record) {
            ++all.interrupted_patches;
            if (record)
                record->interrupted = true;
        });
        answer_early(*holder, tus_error(400, "ERR_UPLOAD_INTERRUPTED: upload has been interrupted "
                                             "by another request for this upload resource"));
        return;
    }
}

// Called for every piece of a body: the names are copied only once.
void Server::upload_changed(const Upload &upload)
{
    recorder_.update([&](Snapshot &all) {
        const auto known = all.uploads.find(upload.info.id);
        if (known == all.uploads.end() || upload.finished()) {
            UploadRecord record = record_of(upload);
            const bool is_new = known == all.uploads.end();
            const std::int64_t now = g_get_real_time();
            record.number = is_new ? all.uploads.size() + 1 : known->second.number;
            record.created_us = is_new ? now : known->second.created_us;
            if (upload.finished())
                record.finished_us =
                    is_new || !known->second.finished_us ? now : known->second.finished_us;
            all.uploads[upload.info.id] = std::move(record);
            return;
        }
        known->second.offset = upload.offset();
        known->second.length = upload.length;
    });
}

void Server::upload_finished(const Upload &upload)
{
    const std::uint64_t id = upload.info.video_id;
    Video *video = api_->find(id);
    if (!video)
        return;
    video->size = upload.offset();
    video->origin_filename = metadata_value(upload.info, "filename");
    if (options_.examine && upload.stores()) {
        api_->publish(*video);
        // the result may come when this server is gone
        examiner_.examine(upload.path(), [this, &loop = loop_, alive = std::weak_ptr(alive_),
                                          id](const MediaInfo &media) {
            loop.post([this, alive, id, media] {
                if (alive.lock())
                    examined(id, media);
            });
        });
    } else {
        examined(id, MediaInfo{.valid = true});
    }
}

// As documented, a file that is no video leaves the video empty, with an error.
void Server::examined(std::uint64_t video_id, const MediaInfo &media)
{
    Video *video = api_->find(video_id);
    if (!video)
        return;
    video->media = media;
    if (!page_) // its links lead nowhere
        video->media.streams = nullptr;
    if (!media.valid) {
        video->error = "File Invalid";
        api_->publish(*video);
        return;
    }
    video->status = "pending";
    api_->publish(*video);
    loop_.after(options_.status_step, [this, video_id] { advance(video_id); });
}

void Server::advance(std::uint64_t video_id)
{
    Video *video = api_->find(video_id);
    if (!video || video->status == "ready")
        return;
    video->status = video->status == "pending" ? "viewable" : "ready";
    api_->publish(*video);
    loop_.after(options_.status_step, [this, video_id] { advance(video_id); });
}

void Server::video_changed(const Video &video)
{
    recorder_.update([&](Snapshot &all) {
        all.videos[video.id] = {.id = video.id,
                                .name = video.name,
                                .status = video.status,
                                .error = video.error,
                                .fields = json_text(video.fields.get()),
                                .created_us = video.created_us};
    });
}

} // namespace gsttus::standin
