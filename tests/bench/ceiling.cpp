// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// bench-ceiling: the least that an upload with libsoup costs: one request with a file, blocking,
// from a GFileInputStream, and nothing else.
//   bench-ceiling URL FILE [tus]   (tus: creates an upload with it; else PUT)
#include <cstdio>

#include <libsoup/soup.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const bool tus = argc > 3;
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
    return 0;
}
