// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the element tests share: the sinks without a plugin file, servers, and input for them.
#pragma once

#include "gst_test.h"
#include "patience.h"
#include "pipeline.h"
#include "standin/standin.h"
#include "test.h"

#include <memory>
#include <string>

#include <gst/gst.h>

namespace gsttus::test {

// g_test_init, gst_init, and the two elements registered in this process.
void init_elements(int argc, char **argv);

// A fresh one called "sink", with a reference that the caller gives back.
GstElement *make_element(const char *factory);

// The value that a property has now; "" for unset strings, boxed values and objects.
std::string value_text(GstElement *element, GParamSpec *spec);

std::unique_ptr<standin::Standin> start_standin(standin::StandinOptions options = {});

// A server that takes connections and never says a word.
class SilentServer {
public:
    SilentServer();
    ~SilentServer();
    SilentServer(const SilentServer &) = delete;
    SilentServer &operator=(const SilentServer &) = delete;

    std::string url() const;

private:
    int socket_;
};

// Bytes that repeat nowhere soon, the same each time.
std::string noise(std::size_t count);

// A file with them that is gone with this object.
class NoiseFile {
public:
    explicit NoiseFile(std::size_t count);
    ~NoiseFile();
    NoiseFile(const NoiseFile &) = delete;
    NoiseFile &operator=(const NoiseFile &) = delete;

    const std::string &path() const { return path_; }

    std::string source() const { return "filesrc location=" + path_ + " "; }

private:
    std::string path_;
};

// The beginning of a launch line: 16 kB; without end, live.
std::string short_source();
std::string endless_source();

// One ERROR from the sink that comes first, and never an EOS.
Message assert_fails(Pipeline &pipeline);

// The server has exactly what entered, and was never sent to an offset it had not said.
void assert_same_bytes(standin::Standin &server, const Pipeline &pipeline);

} // namespace gsttus::test
