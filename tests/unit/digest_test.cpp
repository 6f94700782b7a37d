// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Digests of pieces of any size are GLib's of the whole, whichever library computes them.
#include "noise.h"
#include "test.h"
#include "upload/digest.h"

#include <algorithm>

#ifdef GSTTUS_GNUTLS
#include <dlfcn.h>
#include <gnutls/crypto.h>

namespace {

bool no_copies = false;

} // namespace

// As where an engine of the system computes, which may not have it.
extern "C" gnutls_hash_hd_t gnutls_hash_copy(gnutls_hash_hd_t handle)
{
    using Copy = gnutls_hash_hd_t (*)(gnutls_hash_hd_t);
    static const auto real = reinterpret_cast<Copy>(::dlsym(RTLD_NEXT, "gnutls_hash_copy"));
    return no_copies ? nullptr : real(handle);
}
#endif

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr GChecksumType kTypes[] = {G_CHECKSUM_MD5, G_CHECKSUM_SHA1, G_CHECKSUM_SHA256,
                                    G_CHECKSUM_SHA512};

std::vector<std::uint8_t> expected(GChecksumType type, std::span<const std::byte> bytes)
{
    const std::unique_ptr<GChecksum, GDelete<&g_checksum_free>> sum(g_checksum_new(type));
    g_checksum_update(sum.get(), reinterpret_cast<const guchar *>(bytes.data()),
                      static_cast<gssize>(bytes.size()));
    std::vector<std::uint8_t> out(64);
    gsize size = out.size();
    g_checksum_get_digest(sum.get(), out.data(), &size);
    out.resize(size);
    return out;
}

void pieces_of_any_size_make_the_same()
{
    const std::vector<std::byte> bytes = noise(70001);
    for (const GChecksumType type : kTypes) {
        for (const std::size_t piece : {1U, 63U, 64U, 127U, 128U, 4096U, 70001U}) {
            Digest digest(type);
            for (std::size_t at = 0; at < bytes.size(); at += piece)
                digest.add(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
            g_assert_true(digest.value() == expected(type, bytes));
            g_assert_true(digest.value() == expected(type, bytes)); // asking changes nothing
        }
    }
}

void nothing_has_one_and_more_may_come()
{
    const std::vector<std::byte> bytes = noise(1000);
    for (const GChecksumType type : kTypes) {
        Digest digest(type);
        g_assert_true(digest.value() == expected(type, {}));
        digest.add({});
        digest.add(std::span(bytes).first(500));
        g_assert_true(digest.value() == expected(type, std::span(bytes).first(500)));
        digest.add(std::span(bytes).subspan(500));
        g_assert_true(digest.value() == expected(type, bytes));
    }
}

#ifdef GSTTUS_GNUTLS
void one_that_can_not_be_copied_is_computed_elsewhere()
{
    no_copies = true;
    nothing_has_one_and_more_may_come();
    no_copies = false;
}
#endif

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/digest/pieces", pieces_of_any_size_make_the_same);
    add_test("/digest/in-between", nothing_has_one_and_more_may_come);
#ifdef GSTTUS_GNUTLS
    add_test("/digest/no-copies", one_that_can_not_be_copied_is_computed_elsewhere);
#endif
    return g_test_run();
}
