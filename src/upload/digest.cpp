// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GnuTLS uses what processors have for this, several times quicker than GLib, which serves where
// GnuTLS was not there when this was built, or refuses (MD5 with rules of the system, say), or
// computes in a place that it can not copy from.
#include "upload/digest.h"

#ifdef GSTTUS_GNUTLS
#include <gnutls/crypto.h>
#endif

namespace gsttus {

#ifdef GSTTUS_GNUTLS

namespace {

gnutls_digest_algorithm_t algorithm(GChecksumType type)
{
    switch (type) {
    case G_CHECKSUM_MD5:
        return GNUTLS_DIG_MD5;
    case G_CHECKSUM_SHA1:
        return GNUTLS_DIG_SHA1;
    case G_CHECKSUM_SHA256:
        return GNUTLS_DIG_SHA256;
    case G_CHECKSUM_SHA512:
        return GNUTLS_DIG_SHA512;
    default:
        return GNUTLS_DIG_UNKNOWN;
    }
}

} // namespace

struct Digest::Quick {
    explicit Quick(gnutls_digest_algorithm_t type)
        : size(gnutls_hash_get_len(type)), valid(gnutls_hash_init(&hash, type) == 0)
    {
        if (valid && value().empty()) // of some engines there is no copy, which value() needs
            give_up();
    }

    ~Quick()
    {
        if (valid)
            gnutls_hash_deinit(hash, nullptr);
    }

    Quick(const Quick &) = delete;
    Quick &operator=(const Quick &) = delete;

    void add(std::span<const std::byte> data)
    {
        if (valid && gnutls_hash(hash, data.data(), data.size()) != 0)
            give_up();
    }

    void give_up()
    {
        gnutls_hash_deinit(hash, nullptr);
        valid = false;
    }

    std::vector<std::uint8_t> value() const
    {
        const gnutls_hash_hd_t copy = valid ? gnutls_hash_copy(hash) : nullptr;
        std::vector<std::uint8_t> out(copy ? size : 0);
        if (copy)
            gnutls_hash_deinit(copy, out.data());
        return out;
    }

    gnutls_hash_hd_t hash = nullptr;
    std::size_t size;
    bool valid;
};

#else

struct Digest::Quick {
    void add(std::span<const std::byte>) {}

    std::vector<std::uint8_t> value() const { return {}; }
};

#endif

Digest::Digest(GChecksumType type)
{
#ifdef GSTTUS_GNUTLS
    quick_ = std::make_unique<Quick>(algorithm(type));
    if (!quick_->valid)
        quick_.reset();
#endif
    if (!quick_)
        slow_.reset(g_checksum_new(type));
}

Digest::~Digest() = default;

void Digest::add(std::span<const std::byte> data)
{
    if (quick_)
        quick_->add(data);
    else
        g_checksum_update(slow_.get(), reinterpret_cast<const guchar *>(data.data()),
                          static_cast<gssize>(data.size()));
}

std::vector<std::uint8_t> Digest::value() const
{
    if (quick_)
        return quick_->value();
    const std::unique_ptr<GChecksum, GDelete<&g_checksum_free>> copy(g_checksum_copy(slow_.get()));
    std::vector<std::uint8_t> out(64);
    gsize size = out.size();
    g_checksum_get_digest(copy.get(), out.data(), &size);
    out.resize(size);
    return out;
}

} // namespace gsttus
