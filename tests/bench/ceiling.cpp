// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// bench-ceiling: the least that an upload with libsoup costs: one request with a file, blocking,
// from a GFileInputStream, and nothing else.
//   bench-ceiling URL FILE [tus] [sha256]
// tus: creates an upload with it; else PUT. sha256: a second thread hashes the file meanwhile.
#include "upload/digest.h"

#include <cstdio>
#include <set>
#include <string>

#include <libsoup/soup.h>

namespace {

gpointer hash(gpointer path)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(static_cast<char *>(path), FALSE, nullptr);
    gsttus::Digest digest(G_CHECKSUM_SHA256);
    if (file)
        digest.add({reinterpret_cast<const std::byte *>(g_mapped_file_get_contents(file)),
                    g_mapped_file_get_length(file)});
    return GINT_TO_POINTER(file && !digest.value().empty());
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const std::set<std::string> words(argv + 3, argv + argc);
    const bool tus = words.contains("tus");
    GThread *hasher = words.contains("sha256") ? g_thread_new("hash", hash, argv[2]) : nullptr;
    g_autoptr(GError) error = nullptr;
    g_autoptr(GFile) file = g_file_new_for_path(argv[2]);
    g_autoptr(GFileInputStream) stream = g_file_read(file, nullptr, &error);
    g_autoptr(GFileInfo) info =
        stream ? g_file_input_stream_query_info(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, nullptr,
                                                &error)
               : nullptr;
    g_autoptr(SoupMessage) message = soup_message_new(tus ? "POST" : "PUT", argv[1]);
    if (!info || !message) {
        std::fprintf(stderr, "%s\n", error ? error->message : "no URL");
        return 2;
    }
    // a certificate of the benchmark's own
    g_signal_connect(message, "accept-certificate", G_CALLBACK(+[](SoupMessage *) { return TRUE; }),
                     nullptr);
    const goffset size = g_file_info_get_size(info);
    soup_message_set_request_body(
        message, tus ? "application/offset+octet-stream" : "application/octet-stream",
        G_INPUT_STREAM(stream), size);
    if (tus) {
        g_autofree char *length = g_strdup_printf("%" G_GOFFSET_FORMAT, size);
        SoupMessageHeaders *headers = soup_message_get_request_headers(message);
        soup_message_headers_append(headers, "Tus-Resumable", "1.0.0");
        soup_message_headers_append(headers, "Upload-Length", length);
    }
    g_autoptr(SoupSession) session = soup_session_new();
    g_autoptr(GBytes) answer = soup_session_send_and_read(session, message, nullptr, &error);
    if (!answer || !SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message))) {
        std::fprintf(stderr, "%s\n", error ? error->message : "refused");
        return 1;
    }
    return hasher && !g_thread_join(hasher) ? 1 : 0;
}
