// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_support.h"

#include "base/text.h"
#include "gcore_sink.h"
#include "tus_sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gsttus::test {

void init_elements(int argc, char **argv)
{
    init(argc, argv);
    init_gst();
    // Recordings lie in the test's own state folder, whatever this machine's homes are.
    g_setenv("XDG_STATE_HOME", g_get_user_state_dir(), TRUE);
    g_unsetenv("STATE_DIRECTORY");
    g_unsetenv("GCORE_API_KEY");
    g_unsetenv("GCORE_BASE_URL");
    g_assert_true(GST_ELEMENT_REGISTER(tussink, nullptr));
    g_assert_true(GST_ELEMENT_REGISTER(gcoresink, nullptr));
}

GstElement *make_element(const char *factory)
{
    GstElement *element = gst_element_factory_make(factory, "sink");
    g_assert_nonnull(element);
    return GST_ELEMENT(gst_object_ref_sink(element));
}

std::string value_text(GstElement *element, GParamSpec *spec)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(G_OBJECT(element), spec->name, &value);
    std::string text;
    if (G_VALUE_HOLDS_STRING(&value) && g_value_get_string(&value)) {
        text = g_value_get_string(&value);
    } else if (!G_VALUE_HOLDS_STRING(&value) && !G_VALUE_HOLDS_BOXED(&value) &&
               !G_VALUE_HOLDS_OBJECT(&value)) {
        char *serialized = gst_value_serialize(&value);
        text = serialized;
        g_free(serialized);
    }
    g_value_unset(&value);
    return text;
}

std::unique_ptr<standin::Standin> start_standin(standin::StandinOptions options)
{
    auto started = standin::Standin::start(std::move(options));
    if (!started)
        g_error("stand-in: %s", started.error().message.c_str());
    return std::move(*started);
}

SilentServer::SilentServer() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address), ==, 0);
    g_assert_cmpint(listen(socket_, 16), ==, 0); // the kernel accepts for us
}

SilentServer::~SilentServer()
{
    close(socket_);
}

std::string SilentServer::url() const
{
    sockaddr_in address{};
    socklen_t size = sizeof address;
    g_assert_cmpint(getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size), ==, 0);
    return cat("http://127.0.0.1:", ntohs(address.sin_port), "/files/");
}

std::string noise(std::size_t count)
{
    GRand *random = g_rand_new_with_seed(1234567);
    std::string bytes(count, '\0');
    for (char &byte : bytes)
        byte = static_cast<char>(g_rand_int(random) >> 7);
    g_rand_free(random);
    return bytes;
}

NoiseFile::NoiseFile(std::size_t count)
{
    char *name = nullptr;
    const int file = g_file_open_tmp("gst-tus-noise-XXXXXX", &name, nullptr);
    g_assert_cmpint(file, >=, 0);
    path_ = name;
    g_free(name);
    const std::string bytes = noise(count);
    std::size_t at = 0;
    while (at < bytes.size()) {
        const ssize_t wrote = write(file, bytes.data() + at, bytes.size() - at);
        g_assert_cmpint(wrote, >, 0);
        at += static_cast<std::size_t>(wrote);
    }
    close(file);
}

NoiseFile::~NoiseFile()
{
    unlink(path_.c_str());
}

std::string short_source()
{
    return "fakesrc num-buffers=4 sizetype=fixed sizemax=4096 filltype=zero ! ";
}

std::string endless_source()
{
    return "fakesrc is-live=true sizetype=fixed sizemax=4096 filltype=zero "
           "datarate=400000 format=time ! ";
}

Message assert_fails(Pipeline &pipeline)
{
    Message message = pipeline.run_to_error();
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()));
    pipeline.request(GST_STATE_READY);
    for (const Message &other : pipeline.drain_bus()) {
        g_assert_cmpint(GST_MESSAGE_TYPE(other.get()), !=, GST_MESSAGE_EOS);
        if (GST_MESSAGE_TYPE(other.get()) == GST_MESSAGE_ERROR)
            g_assert_true(GST_MESSAGE_SRC(other.get()) != GST_OBJECT(pipeline.sink()));
    }
    return message;
}

void assert_same_bytes(standin::Standin &server, const Pipeline &pipeline)
{
    const standin::Snapshot snapshot = server.snapshot();
    const standin::UploadRecord *upload = snapshot.only_finished();
    g_assert_nonnull(upload);
    g_assert_cmpuint(upload->offset, ==, pipeline.bytes());
    ASSERT_STR(upload->sha256, pipeline.sha256());
    g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
}

} // namespace gsttus::test
