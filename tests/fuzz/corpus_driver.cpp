// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Replays a folder of inputs through a fuzz target, for builds without libFuzzer: one TAP line a
// file. Arguments: the corpus folder.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include <stdio.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace fs = std::filesystem;

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    std::vector<fs::path> inputs;
    std::error_code error;
    for (const auto &entry : fs::directory_iterator(argv[1], error))
        inputs.push_back(entry.path());
    std::sort(inputs.begin(), inputs.end());
    printf("1..%zu\n", inputs.size() + 1);
    // No input at all is an input that every target must take.
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t *>(""), 0);
    printf("ok 1 nothing\n");
    int number = 1;
    for (const auto &path : inputs) {
        std::ifstream in(path, std::ios::binary);
        const std::vector<char> content{std::istreambuf_iterator<char>(in), {}};
        // A copy of exactly the size, so that a sanitizer sees reads behind its end.
        const std::vector<std::uint8_t> bytes(content.begin(), content.end());
        printf("# %s\n", path.filename().c_str());
        fflush(stdout); // a target that crashes says on which input
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        printf("ok %d %s\n", ++number, path.filename().c_str());
    }
    return inputs.empty() ? 1 : 0;
}
